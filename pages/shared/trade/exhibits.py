"""The paper's charts and tables: what is printed there beside what is counted here."""

from collections.abc import Callable

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import exhibits as draw
from effnet_core.figures import signed_percent
from effnet_core.lab import paper
from effnet_core.lab.disagreements import disagreements, exchanged
from effnet_core.lab.paper import SOURCE, Result, Scaled, counted, excess, flops_text, params_text
from effnet_core.palette import si

from .. import html, shell, state, texts

PLAIN = {"displayModeBar": False}
BASES = {"mobilenetv1": "MobileNetV1", "mobilenetv2": "MobileNetV2", "resnet50": "ResNet-50", "b0": "B0"}


def show(network: Architecture, total: Cost) -> None:
    asked = st.pills("Exhibit", list(EXHIBITS), default=next(iter(EXHIBITS)), required=True, wrap=True, **state.bound("exhibit"))
    EXHIBITS[asked]()


def chart(key: str, figure, alt: str) -> None:
    st.plotly_chart(figure, theme=None, key=key, config=PLAIN, alt=alt)


def off(printed: float, ours: float) -> str:
    return signed_percent(excess(printed, ours))


def table_2() -> None:
    rows = [row for row in paper.TABLE_2 if counted(row)]
    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.markdown("##### Printed FLOPS over counted MACs")
        chart("agreement_2", draw.agreement([(row.short, row) for row in rows], shell.theme()),
              "How far each printed FLOPS figure lies from the count")
    with right:
        html.table(("", "top-1", "(v3)", "Parameters", "counted", "FLOPS", "counted", "off"), map(result_line, rows),
                   caption=f"Printed: {SOURCE}, Table 2. Counted: here.")
    worst = max(paper.EFFICIENTNETS, key=lambda row: abs(excess(row.flops, counted(row).macs)))
    st.markdown(texts.text("tradeoffs", "table_2", worst=worst.short, off=off(worst.flops, counted(worst).macs)))


def result_line(row: Result) -> tuple[str, ...]:
    ours, first = counted(row), f"{row.first} %" if row.first else "–"
    return (row.short, f"{row.top1} %", first, params_text(row.params), f"{ours.params:,}", flops_text(row.flops), f"{ours.macs:,}",
            off(row.flops, ours.macs))


def figure_3() -> None:
    titles = {"width": "Wider, w", "depth": "Deeper, d", "resolution": "Sharper, r"}
    for column, (dimension, title) in zip(st.columns(3, gap="small"), titles.items()):
        with column:
            st.markdown(f"##### {title}")
            chart(f"figure_3_{dimension}", draw.single(dimension, shell.theme()), f"B0 scaled by {dimension} alone: accuracy over MACs")
    st.markdown(texts.text("tradeoffs", "figure_3", saturation=f"{paper.SATURATION:g}", source=SOURCE))
    with st.expander("The factors and what they cost"):
        html.table(("B0 scaled by", "MACs counted here", "of B0", "Parameters"),
                   (factor_line(dimension, factor) for dimension, factors in paper.FIGURE_3.items() for factor in factors))


def factor_line(dimension: str, factor: float) -> tuple[str, ...]:
    found = paper.scaled_b0(**{dimension: factor})
    return (f"{draw.LETTERS[dimension]} = {factor:g}", f"{found.macs:,}", f"× {found.macs / paper.scaled_b0().macs:.2f}",
            f"{found.params:,}")


def figure_4() -> None:
    chart("figure_4", draw.widths(shell.theme()), "MACs of four baselines over the width factor")
    html.table(("Baseline", "MACs at w = 1", "of B0", "Image", "Layers: blocks, stem, head"), [
        (f"d = {row.depth:g}, r = {row.resolution:g}", f"{counted(row).macs:,}", f"× {counted(row).macs / paper.scaled_b0().macs:.2f}",
         f"{paper.network(row).scaling.side} px", str(len(paper.network(row).blocks) + 2))
        for row in (Scaled("b0", depth, 1.0, resolution, 0.0, 0.0) for depth, resolution in paper.FIGURE_4)])
    st.markdown(texts.text("tradeoffs", "figure_4", source=SOURCE))


def table_7() -> None:
    left, right = st.columns([6, 5], gap="medium")
    with left:
        chart("figure_8", draw.methods(shell.theme()), "Top-1 over MACs of B0 and four ways to scale it, from the paper's Table 7")
    with right:
        html.table(("B0 scaled by", "top-1", "FLOPS", "MACs counted", "off"), map(scaled_line, paper.TABLE_7),
                   caption=f"Printed: {SOURCE}, Table 7. Counted: here.")
    singles, together = paper.TABLE_7[1:4], paper.TABLE_7[4]
    offs = [excess(counted(row).macs, counted(together).macs) for row in singles]
    lead = together.top1 - max(row.top1 for row in singles)
    st.markdown(texts.text("tradeoffs", "table_7", least=f"{-100 * max(offs):.0f}", most=f"{-100 * min(offs):.0f}",
                           gain=f"{paper.FIGURE_8_GAIN:g}", lead=f"{lead:.1f}", source=SOURCE))


def scaled_line(row: Scaled) -> tuple[str, ...]:
    ours = counted(row).macs
    return row.label, f"{row.top1} %", flops_text(row.flops), f"{ours:,}", off(row.flops, ours)


def short(row: Scaled) -> str:
    together = "all three" if row.printed else "all three *"
    return together if draw.way_of(row) == "compound" and row.label != "baseline" else row.label


def table_3() -> None:
    rows = [(f"{BASES[row.base]}, {row.label}{'' if row.printed else ' *'}", *scaled_line(row)[1:]) for row in paper.TABLE_3]
    known = [(f"{BASES[row.base]}, {short(row)}", row) for row in paper.TABLE_3]
    left, right = st.columns([6, 5], gap="medium")
    with left:
        html.table(("Base and factors", "top-1", "FLOPS", "MACs counted", "off"), rows,
                   caption=f"Printed: {SOURCE}, Table 3. Counted: here.")
    with right:
        st.markdown("##### Printed FLOPS over counted MACs")
        chart("agreement_3", draw.agreement(known, shell.theme()), "How far each printed FLOPS figure of Table 3 lies from the count")
    own = next(off(row.flops, counted(row).macs) for row in paper.TABLE_3 if row.printed and short(row) == "all three")
    unprinted = [off(row.flops, counted(row).macs) for row in paper.TABLE_3 if not row.printed]
    deep, wide = (si(counted(row).macs) for row in exchanged())
    st.markdown(texts.text("tradeoffs", "table_3", apart=" and ".join(unprinted), own=own, deep=deep, wide=wide))


def doubts() -> None:
    with st.container(key="doubts"):
        html.table(("", "one place", "another place, or the count"), disagreements())
    st.caption(texts.text("tradeoffs", "doubts", source=SOURCE))


EXHIBITS: dict[str, Callable[[], None]] = {
    "Table 2": table_2, "Figure 3": figure_3, "Figure 4": figure_4, "Figure 8 and Table 7": table_7, "Table 3": table_3,
    "Where it disagrees": doubts}
