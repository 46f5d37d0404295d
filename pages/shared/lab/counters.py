"""Which number is FLOPs? What other tools say of the published networks, and of what their numbers are made."""

from collections.abc import Iterable

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from effnet_core.figures import counters as draw
from effnet_core.lab import counters
from effnet_core.palette import percent, si

from .. import html, shell, state, texts

OURS = "this page"
AUTHORS = {"This app": "this app", "The code to take home": "take home", "torchvision": "torchvision", "timm": "timm",
           "timm, as in TensorFlow": "timm, tf"}
ADDED = {"Batch norm": "batch norm", "Activations": "swish", "Pooling": "means", "Biases": "biases"}
PLAIN = {"displayModeBar": False}


def show(network: Architecture, total: Cost) -> None:
    live = counters.recorded_name(network)
    if live is None:
        unrecorded(network, total)
    name, written = choice(live)
    counted = counters.networks()[name]
    seen = counters.recorded()["counts"][written][name]
    figure = draw.bars(counted, {tool: row["count"] for tool, row in seen.items()}, written, shell.theme())
    st.plotly_chart(figure, theme=None, key="counters", config=PLAIN,
                    alt=f"What {len(seen)} counters say of {counted.name}, in units of its MACs")
    st.markdown(texts.text("counters", "authors", **_authors(counted)))
    numbers(counted, seen, written)
    with st.expander("Term by term: of what each number is made"):
        st.markdown(texts.text("counters", "terms"))
        ledger(counted, list(seen), written=written)
    st.markdown(texts.text("counters", "lesson", **_lesson(counted)))
    st.caption(_provenance())


def unrecorded(network: Architecture, total: Cost) -> None:
    """What this page can say of the network of the sliders, which no other tool has counted."""
    st.markdown(texts.text("counters", "live", name=html.plain(network.name), m=si(total.macs), f=si(total.flops)))
    have = counters.amounts(network)
    rows = [(counters.TERMS[term].removeprefix("MACs: "), f"{have[term]:,}", f"{2 * have[term]:,}") for term in counters.MACS]
    html.table((network.name, "MACs", "FLOPs"), [("all", f"{total.macs:,}", f"{total.flops:,}"), *rows], mark=0)
    with st.expander("What else happens in it, and is in neither number"):
        ledger(network, [], [term for term in counters.TERMS if term not in counters.MACS])


def choice(live: str | None) -> tuple[str, str]:
    """Which of the recorded networks, and who wrote it; the one of the sliders where it is recorded, until another is chosen."""
    before = st.session_state.get("_counted_live", live if "counted" in st.query_params else None)  # an address may name another one
    if live and before != live:
        st.session_state["counted"] = live.upper()
    st.session_state["_counted_live"] = live
    known = [name.upper() for name in counters.networks()]
    left, right = st.columns([2, 7], vertical_alignment="bottom")
    name = left.selectbox("The network", known, index=0, **state.bound("counted"))
    author = right.segmented_control("written by", list(AUTHORS), default=next(iter(AUTHORS)),
                                     required=True, wrap=True, width="stretch", **state.bound("author"))
    return name.lower(), AUTHORS[author]


def numbers(counted: Architecture, seen: dict[str, dict], written: str) -> None:
    ours = cost(counted)
    rows = [(OURS, "MACs", f"{ours.macs:,}", "1", f"{ours.params:,}", "", "")]
    for tool, row in seen.items():
        lost, back_end = counters.missed(counted, tool, written), tool.partition(",")[2]
        rows.append((counters.version(tool) + ("," + back_end) * bool(back_end), counters.NAMED[tool], f"{row['count']:,}",
                     f"{row['count'] / ours.macs:.5f}", "–" if row["params"] is None else f"{row['params']:,}",
                     _added(counted, tool, written), percent(lost / ours.macs) if lost else ""))
    with st.container(key="counters_numbers"):
        head = ("Tool", "its word", f"its number for {counted.name}", "× our MACs", "parameters", "also counts, of our MACs", "misses")
        html.table(head, rows, mark=0)


def _added(counted: Architecture, tool: str, written: str) -> str:
    """What it counts beside each MAC, in shares of the MACs."""
    cut, macs = draw.parts(counted, tool, written), cost(counted).macs
    twice = ["2 per MAC"] if cut["The second operation of a MAC"] else []
    shares = (f"{words} {percent(cut[part] / macs)}".removesuffix(" < 0.1 %") for part, words in ADDED.items() if cut[part])
    return ", ".join([*twice, *shares])


def ledger(network: Architecture, tools: list[str], terms: Iterable[str] = counters.TERMS, written: str = "this app") -> None:
    """What happens in the network, with how often this page and each tool count it."""
    have = counters.amounts(network)
    columns = {tool: {line.term: f"× {line.times}" for line in counters.account(network, tool, written)} for tool in tools}
    rows = []
    for term in terms:
        ours = ["× 1" if term in counters.MACS else "·"] if tools else []
        times = [columns[tool].get(term, "not seen" if term in counters.RULES[tool] else "·") for tool in tools]
        if have[term]:
            rows.append((counters.TERMS[term], f"{have[term]:,}", *ours, *times))
    html.table(("For one image", "there are", *([OURS, *tools] if tools else [])), rows)


def _authors(counted: Architecture) -> dict[str, str]:
    have, macs = counters.amounts(counted), cost(counted).macs
    return {"strided": percent(have["strided"] / macs), "seen": percent(1 - counters.missed(counted, "thop") / macs)}


def _lesson(counted: Architecture) -> dict[str, str]:
    total, have = cost(counted), counters.amounts(counted)
    rest = sum(have[term] for term in ("norm", "activation", "se_pool", "top_pool", "scale", "sum"))
    return {"macs": f"{total.macs:,}", "flops": f"{total.flops:,}", "rest": percent(rest / total.macs)}


def _provenance() -> str:
    record = counters.recorded()
    authors = " and ".join(f"{package} {record['versions'][package]}" for package in ("torchvision", "timm"))
    return texts.text("counters", "recorded", date=record["date"], torch=record["versions"]["torch"], machine=record["machine"],
                      authors=authors)
