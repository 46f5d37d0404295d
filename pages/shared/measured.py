"""How a measurement is shown: its figures, where the time went, and the session's history. A row is what `results.measurements` gives."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from effnet_core.families import from_spec
from effnet_core.figures import bars
from effnet_core.figures import latency as draw
from effnet_core.palette import bytes_text, percent, si, three
from effnet_core.speed.intensity import per_byte, works
from effnet_core.speed.ways import WAYS

from . import html, results, shell, state, texts

PLAIN = {"displayModeBar": False}
SLOWEST = 8
KINDS = {"conv": "Standard convolution", "maxpool": "Max pooling", "pointwise": "Pointwise, 1×1", "depthwise": "Depthwise", "se": "SE",
         "linear": "Classifier"}


def ms(value: float) -> str:
    return si(value / 1e3, "s")


def span(low: float, high: float) -> str:
    """"30.7 – 31.7 ms"."""
    (first, unit), (last, other) = ms(low).split(" "), ms(high).split(" ")
    return f"{first} – {last} {other}" if unit == other else f"{first} {unit} – {last} {other}"


def threads_text(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def scaled(spec: dict) -> str:
    """With its factors, since φ alone does not say how far."""
    return f"{spec['name']} (depth × {spec['depth']:.3g}, width × {spec['width']:.3g}, {spec['side']} px)"


def how(row: dict) -> str:
    """"batch 1, 1 thread, Our fused path, bf16 on AMD EPYC"; of a record or a request's fields with the name of its device."""
    return ", ".join([f"batch {row['batch']}", threads_text(row["threads"]), *results.unusual(row)]) + f" on {row['device_name']}"


def described(row: dict) -> str:
    return f"{scaled(row['network'])}, {how(row)}"


def tiles(row: dict) -> list[html.Tile]:
    rate, peak = row["macs"] * row["images_per_second"], row.get("memory_peak")
    exact = f"{row['median_ms']:,.4g} ms" if row["batch"] == 1 else f"{ms(row['median_ms'] / row['batch'])} an image"
    return [
        html.Tile("Median of a pass", ms(row["median_ms"]), exact, explain="Half of the passes were faster, half slower."),
        html.Tile("10 % to 90 %", span(row["p10_ms"], row["p90_ms"]), f"{len(row['samples_ms']):,} passes after {row['warmup']:,} to warm up",
                  explain="Eight passes of ten took between these times."),
        html.Tile("Images per second", si(row["images_per_second"]), f"{row['batch']} at a time"),
        html.Tile("Multiply-adds per second", si(rate), f"{si(row['macs'])} MACs an image",
                  explain="The multiply-adds of a pass divided by its median time."),
        html.Tile("Memory of a pass", "–" if peak is None else si(peak, "B"), "cannot be told here" if peak is None else "at most, beside the weights",
                  explain="Maps and whatever else the passes fetched; the weights were there before."),
    ]


def provenance(row: dict) -> str:
    seen, offset = row["machine"], st.context.timezone_offset
    zone = None if offset is None else timezone(timedelta(minutes=-offset))  # the visitor's
    gpu = "" if row["device"] == "cpu" else f"{row['device_name']}, beside "
    software = ", ".join(f"{name} {version}" for name, version in row["versions"].items() if name != "tf32")
    rounded = ", convolutions in TF32" if row["versions"].get("tf32") and row.get("precision", "fp32") == "fp32" else ""
    return (f"Measured on {gpu}{seen['processor']} with {row['threads']} of {seen['cores']} cores, {bytes_text(seen['memory'])} of memory, "
            f"{seen['system']}, Python {seen['python']}, {software}{rounded}, "
            f"{datetime.fromtimestamp(row['measured'], zone):%d %B %Y, %H:%M}{', by another visitor' if row['shared'] else ''}.")


def outcome(row: dict, four: Callable[[], None]) -> None:
    """The figures of one measurement; `four` shows the shares of its network."""
    network = from_spec(row["network"])
    total = cost(network)
    st.markdown(f"#### {described(row)}")
    html.tiles(tiles(row), "latency")
    st.caption(provenance(row))
    if row["note"]:
        doubtful = texts.text("latency", "doubt", note=row["note"])
        st.info(row["note"], icon=":material/info:") if row["steady"] else st.warning(doubtful, icon=":material/warning:")
    with st.expander("How this was measured", icon=":material/rule:"):
        st.markdown(method(row))
    four()
    if not row["layers"]:
        st.info(texts.text("latency_one", "no_layers", name=WAYS[row.get("way", "plain")].name), icon=":material/layers_clear:")
        spread(row)
        return
    places(row, network, total)
    kinds(row, network, total)
    left, right = st.columns(2, gap="medium")
    with left:
        spread(row)
    with right:
        slowest(row, network, total)


def method(row: dict) -> str:
    """Every step by which the figure came about, with what this measurement found at it."""
    say, seen, on_cpu = partial(texts.text, "latency_one"), row["conditions"], row["device"] == "cpu"
    warm = {True: "warm_settled", False: "warm_restless", None: "warm_fixed"}[row.get("settled")]
    share, others, preempted = (seen.get(name) for name in ("thread_share", "cores_others", "preemptions"))
    load = say("load_cpu", share="" if share is None else f"the measuring thread had a core {percent(min(1.0, share))} of the time, ",
               others="an unknown number" if others is None else f"{others:.1f}", cores=str(row["machine"]["cores"]),
               preempted="an unknown number of" if preempted is None else f"{preempted:.0f}") if on_cpu else say("load_gpu")
    peak, difference, tolerance = row.get("memory_peak"), row.get("difference"), row.get("tolerance")
    allowed = "" if tolerance is None else f"; {tolerance:.0e} is allowed"
    parts = (say(warm, count="1 pass" if row["warmup"] == 1 else f"{row['warmup']:,} passes"), say("clock_cpu" if on_cpu else "clock_gpu"),
             say("passes", passes=f"{len(row['samples_ms']):,}", p10=ms(row["p10_ms"]), p90=ms(row["p90_ms"])), load,
             "" if peak is None else say("memory", peak=si(peak, "B")), "" if difference is None else say("answer", difference=f"{difference:.1e}", allowed=allowed))
    return "\n".join(f"- {part}" for part in parts if part)


def spread(row: dict) -> None:
    st.markdown("##### Pass after pass")
    st.plotly_chart(draw.distribution(row["samples_ms"], row["p10_ms"], row["median_ms"], row["p90_ms"], shell.theme()), theme=None,
                    key="distribution", config=PLAIN, alt=f"Times of {len(row['samples_ms'])} passes of {described(row)}")


def places(row: dict, network: Architecture, total: Cost) -> None:
    unit = state.selected(network)
    time, macs = sum(row["layers"][layer.id] for layer in dict(network.units())[unit]), total.units[unit].macs
    st.markdown("##### The time of every block, over its MACs")
    st.plotly_chart(draw.layers(row["layers"], network, total, shell.theme(), unit), theme=None, key="layers", config=PLAIN,
                    on_select=lambda: pick(network), alt=f"Share of time and of MACs of every block of {network.name}")
    st.caption(texts.text("latency", "selected", unit=unit, ms=ms(time), time=percent(time / row["layers_ms"]),
                          macs=percent(macs / total.macs)))


def pick(network: Architecture) -> None:
    """A click on a bar selects its unit, on every page."""
    units = [name for name, _ in network.units()]
    for point in st.session_state["layers"].selection.points[:1]:
        if 0 <= point["point_index"] < len(units):  # a browser may send anything
            state.select(units[point["point_index"]])


def kinds(row: dict, network: Architecture, total: Cost) -> None:
    """Time and MACs by operator, and the pace of each."""
    times = dict.fromkeys(total.operators, 0.0)
    for layer in network.layers:
        times[layer.operator] += row["layers"][layer.id]
    share = {kind: (percent(times[kind] / row["layers_ms"]), percent(sums.macs / total.macs)) for kind, sums in total.operators.items()}
    pace = {kind: si(sums.macs * row["batch"] / times[kind] * 1e3) if times[kind] else "–" for kind, sums in total.operators.items()}
    served = per_byte(works(network, row["batch"], row.get("precision", "fp32")))
    st.markdown("##### Few MACs, yet slow?")
    left, right = st.columns([6, 5], gap="medium")
    with left:
        html.table(("Kind of layer", "Time", "of the time", "of the MACs", "MACs/s", "MACs per byte"),
                   [(KINDS[kind], ms(times[kind]), *share[kind], pace[kind], three(served[kind])) for kind in times])
        html.shares(bars.by_operator(total, shell.theme(), row["layers"]))
    with right:
        for section, kind in (("depthwise", "depthwise"), ("se", "se")):
            if kind in share and "pointwise" in share:
                time, macs = share[kind]
                st.caption(texts.text("latency_one", section, time=time, macs=macs, slow=pace[kind], fast=pace["pointwise"], moved=three(served[kind]),
                                      pointwise=three(served["pointwise"])))
        st.caption(texts.text("latency_one", "moved"))


def slowest(row: dict, network: Architecture, total: Cost) -> None:
    times = row["layers"]
    longest = sorted(network.layers, key=lambda layer: -times[layer.id])[:SLOWEST]
    st.markdown(f"##### The {SLOWEST} slowest layers")
    html.table(("Layer", "Operator", "Time", "of the time", "of the MACs"), [
        (layer.id, layer.operator, ms(times[layer.id]), percent(times[layer.id] / row["layers_ms"]),
         percent(total.rows[layer.id].macs / total.macs)) for layer in longest])
    st.caption(texts.text("latency", "hooked", layers=ms(row["layers_ms"]), hooked=ms(row["hooked_ms"]), whole=ms(row["median_ms"]),
                          rest=ms(max(0.0, row["hooked_ms"] - row["layers_ms"]))))
    st.caption(" ".join([*([texts.text("latency_one", "fused")] if row.get("way") == "fused" else []), texts.text("latency_one", "graph")]))


def line(row: dict) -> tuple[str, ...]:
    """Of the history."""
    spec = row["network"]
    return (row["name"].removeprefix("EfficientNet-"), ms(row["median_ms"]), span(row["p10_ms"], row["p90_ms"]),
            si(row["images_per_second"]), str(row["batch"]), str(row["threads"]), f"× {spec['depth']:.3g}", f"× {spec['width']:.3g}",
            f"{row['side']} px", row["device"], WAYS[row.get("way", "plain")].name, row.get("precision", "fp32"))


def history(rows: list[dict], shown: dict) -> None:
    st.markdown("#### Measured in this session")
    html.table(("Network", "Median", "10 % to 90 %", "Images/s", "Batch", "Threads", "Depth", "Width", "Image", "Device", "Way", "Precision"),
               map(line, rows), mark=rows.index(shown))
    with st.container(horizontal=True):
        st.download_button("CSV", lambda: results.as_csv(rows), "latency.csv", "text/csv", on_click="ignore", icon=":material/download:")
        st.download_button("JSON", lambda: results.as_json(rows), "latency.json", "application/json", on_click="ignore",
                           icon=":material/download:")
        st.button("Clear", on_click=results.clear, icon=":material/delete:", key="clear")
    st.plotly_chart(draw.history(rows, shell.theme()), theme=None, key="history", config=PLAIN,
                    alt="Measured time against multiply-adds, one point per measurement")
