"""Which number is FLOPs? What other tools say of the published networks, and of what their numbers are made."""

import streamlit as st

from effnet_core import counters
from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from effnet_core.families import published, title
from effnet_core.figures import counters as draw
from effnet_core.palette import percent, si

from .. import html, shell, state, texts

OURS = "this table"
AUTHORS = {"This app": "this app", "torchvision": "torchvision", "timm": "timm", "timm, as in TensorFlow": "timm, tf"}
PLAIN = {"displayModeBar": False}


def show(network: Architecture, total: Cost) -> None:
    live = counters.recorded_name(network)
    if live is None:
        st.markdown(texts.text("counters", "live", name=html.plain(network.name), macs=f"{total.macs:,}", flops=f"{total.flops:,}",
                               m=si(total.macs), f=si(total.flops)))
        ledger(network, [])
    name, written = choice(live)
    counted = published(name)
    seen = counters.recorded()["counts"][written][name]
    st.plotly_chart(draw.bars(counted, {tool: row["count"] for tool, row in seen.items()}, written, shell.theme()), theme=None, key="counters",
                    config=PLAIN, alt=f"What {len(seen)} counters say of {counted.name}, in units of its MACs")
    st.markdown(texts.text("counters", "authors", **_authors(counted)))
    numbers(counted, seen, written)
    with st.expander("Term by term: of what each number is made"):
        st.markdown(texts.text("counters", "terms"))
        ledger(counted, list(seen), written)
    st.markdown(texts.text("counters", "lesson", **_lesson(counted)))
    st.caption(_provenance())


def choice(live: str | None) -> tuple[str, str]:
    """Which of the recorded networks, and who wrote it; the one of the sliders where it is recorded, until another is chosen."""
    if live and st.session_state.get("_counted_live") != live:
        st.session_state["counted"] = live.upper()
    st.session_state["_counted_live"] = live
    known = [name.upper() for name in counters.recorded()["counts"]["this app"]]
    left, right = st.columns([4, 5], vertical_alignment="bottom")
    name = left.segmented_control("The network", known, default=None if "counted" in st.session_state else "B0", required=True, wrap=True,
                                  width="stretch", **state.bound("counted"))
    author = right.segmented_control("written by", list(AUTHORS), default=None if "author" in st.session_state else next(iter(AUTHORS)),
                                     required=True, wrap=True, width="stretch", **state.bound("author"))
    return name.lower(), AUTHORS[author]


def numbers(counted: Architecture, seen: dict[str, dict], written: str) -> None:
    ours = cost(counted)
    rows = [(OURS, "MACs", f"{ours.macs:,}", "1", "", "", f"{ours.params:,}")]
    for tool, row in seen.items():
        added, lost = _added(counted, tool, written), counters.missed(counted, tool, written)
        rows.append((f"{counters.version(tool)}{tool.partition(',')[2].replace(' ', ', ', 1)}", counters.NAMED[tool], f"{row['count']:,}",
                     f"{row['count'] / ours.macs:.5f}", added, f"{lost:,} MACs" if lost else "",
                     "–" if row["params"] is None else f"{row['params']:,}"))
    html.table(("Tool", "calls it", f"prints, for {title(counted_name(counted))}", "× our MACs", "counts in addition", "does not see", "Parameters"),
               rows, mark=0)


def counted_name(counted: Architecture) -> str:
    return counters.recorded_name(counted)


def _added(counted: Architecture, tool: str, written: str) -> str:
    """What it counts beside each MAC, in shares of the MACs."""
    cut, macs = draw.parts(counted, tool, written), cost(counted).macs
    words = {"The second operation of a MAC": "every MAC twice", "Batch norm": "batch norm", "Activations": "activations", "Pooling": "pooling",
             "Biases": "biases"}
    return ", ".join(word if part.startswith("The") else f"{word} {percent(cut[part] / macs)}" for part, word in words.items() if cut[part])


def ledger(network: Architecture, tools: list[str], written: str = "this app") -> None:
    """All that happens in the network, with how often each tool counts it."""
    have = counters.amounts(network)
    columns = {tool: {line.term: line.times for line in counters.account(network, tool, written)} for tool in tools}
    rows = []
    for term, words in counters.TERMS.items():
        if not have[term]:
            continue
        mac = term in counters.MACS
        times = ["not seen" if term in counters.RULES[tool] and term not in columns[tool] else _times(columns[tool].get(term, 0)) for tool in tools]
        both = [] if tools else [f"{have[term]:,}" if mac else "–", f"{2 * have[term]:,}" if mac else "–"]
        rows.append((words, f"{have[term]:,}", *both, *([] if not tools else ["× 1" if mac else "·"]), *times))
    head = (OURS, *tools) if tools else ("as MACs", "as FLOPs")
    html.table(("In one image's way through the network", "there are", *head), rows)


def _times(factor: int) -> str:
    return f"× {factor}" if factor else "·"


def _authors(counted: Architecture) -> dict[str, str]:
    have = counters.amounts(counted)
    return {"strided": percent(have["strided"] / cost(counted).macs), "seen": percent(1 - counters.missed(counted, "thop") / cost(counted).macs)}


def _lesson(counted: Architecture) -> dict[str, str]:
    total, have = cost(counted), counters.amounts(counted)
    rest = sum(have[term] for term in ("norm", "activation", "se_pool", "top_pool", "scale", "sum"))
    return {"macs": f"{total.macs:,}", "flops": f"{total.flops:,}", "rest": percent(rest / total.macs)}


def _provenance() -> str:
    record = counters.recorded()
    packages = [package for package in record["versions"] if package != "torch"]
    return texts.text("counters", "recorded", date=record["date"], torch=record["versions"]["torch"], machine=record["machine"],
                      authors=" and ".join(f"{package} {record['versions'][package]}" for package in packages if package in ("torchvision", "timm")))
