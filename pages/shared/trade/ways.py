"""One dimension or all three, at equal MACs."""

from functools import cache

import streamlit as st

from effnet_core import families
from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import signed_percent
from effnet_core.figures import tradeoffs as draw
from effnet_core.lab.paper import SOURCE, TABLE_3, TABLE_7, flops_text
from effnet_core.lab.tradeoffs import WAYS, Nearest, Point, base_of, curve, nearest, point, unscaled
from effnet_core.palette import bytes_text, si

from .. import html, shell, state, texts

AIMS = {"The network of the sliders": None, "2 × the base": 2.0, "4 ×": 4.0, "8 ×": 8.0, "16 ×": 16.0, "64 ×": 64.0}
AIM = "4 ×"  # as in the paper's Table 7: at the base itself all ways are one network
METRICS = {"Parameters": "params", "Memory of outputs": "activation_bytes", "Receptive field": "field_ratio"}
PLAIN = {"displayModeBar": False}
FAR = 256.0  # times B0's MACs; curves this far are computed at the first visit, so that no slider waits for them


@cache
def prepare(base: str) -> None:
    for key in WAYS:
        curve(base, key, FAR)
        curve(base, key, 0.5)


def show(network: Architecture, total: Cost) -> None:
    base = base_of(network.family)
    prepare(base)
    one, title = unscaled(base), families.title(base).removeprefix("EfficientNet-")
    aim = AIMS[st.pills("MACs to reach", list(AIMS), default=AIM, required=True, wrap=True, **state.bound("aim"))]
    wanted = total.macs if aim is None else aim * one.macs
    found = {key: nearest(base, key, wanted) for key in WAYS}
    for column, key in zip(st.columns(len(WAYS), gap="small"), WAYS):
        column.plotly_chart(draw.staircase(base, found[key], wanted, shell.theme()), theme=None, key=f"stairs_{key}", config=PLAIN,
                            alt=f"MACs of {title} scaled in {WAYS[key].name}, over {WAYS[key].letter}")
    st.caption(texts.text("tradeoffs", "ways", wanted=f"{wanted:,.0f}", ratio=draw.ratio_text(wanted / one.macs), base=title))
    live = point(network.scaling, len(network.blocks), total)
    table(title, base, found, live, network.name, wanted)
    besides(base, found, live, wanted)


def table(title: str, base: str, found: dict[str, Nearest], live: Point, name: str, wanted: float) -> None:
    rows = [(f"{one.way.name}, {number(one)}", *figures(one.point), missed(one.miss)) for one in found.values()]
    rows.append((f"the sliders: {name}", *figures(live), missed(live.macs / wanted - 1)))
    html.table((f"{title} scaled in", "MACs", "Parameters", "Outputs, one image", "Image", "Blocks", "Field ÷ side", "off the MACs wanted"),
               rows, mark=len(rows) - 1)
    if ends := [one.way.name for one in found.values() if one.end]:
        st.info(texts.text("tradeoffs", "ends", ways=" and ".join(ends)), icon=":material/info:")
    accuracy(base)
    with st.expander("Why no nearer?"):
        st.markdown(texts.text("tradeoffs", "stairs", ranges="; ".join(plateau(one) for one in found.values())))


def accuracy(base: str) -> None:
    """What the paper printed of this base's ways; of B0's where it has none."""
    rows = [row for row in (*TABLE_7, *TABLE_3) if row.base == base] or TABLE_7
    title = families.title(rows[0].base).removeprefix("EfficientNet-")
    said = ", ".join(f"{row.label} **{row.top1} %** ({flops_text(row.flops)} FLOPS)" for row in rows if row.printed)
    st.markdown(texts.text("tradeoffs", "ways_accuracy", source=SOURCE, base=title, rows=said, table="7" if rows[0] in TABLE_7 else "3"))


def number(one: Nearest) -> str:
    return f"{one.way.letter} = {one.value:.4g}".replace("-", "−")


def plateau(one: Nearest) -> str:
    return f"{one.way.letter} from {one.low:.4g} to {one.high:.4g}".replace("-", "−")


def missed(share: float) -> str:
    return "exactly" if share == 0 else signed_percent(share, 2)


def figures(one: Point) -> tuple[str, ...]:
    return (si(one.macs), si(one.params), bytes_text(one.activation_bytes), f"{one.side:,} px", f"{one.blocks:,}",
            draw.sides_text(one.field_ratio))


def besides(base: str, found: dict[str, Nearest], live: Point, wanted: float) -> None:
    st.markdown("##### And what else does it cost?")
    metric = METRICS[st.segmented_control("Shown over the MACs", list(METRICS), default="Parameters", required=True, wrap=True,
                                          **state.bound("beside"))]
    st.plotly_chart(draw.beside(base, metric, found, wanted, live, shell.theme()), theme=None, key="besides", config=PLAIN,
                    alt=f"{draw.METRICS[metric]} over MACs of the base scaled in depth, width, resolution, and all three")
    ratio = {key: draw.metric_text(metric, getattr(one.point, metric)) for key, one in found.items()}
    st.markdown(texts.text("tradeoffs", f"beside_{metric}", **ratio))
