"""Where does the cost live? Shares of parameters, MACs, activations and measured time, by kind of layer and by block."""

from html import escape

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import bars, shares
from effnet_core.figures.shares import Line
from effnet_core.graph import METRICS
from effnet_core.palette import percent

from .. import compare, html, results, shell, state, texts

VIEWS = {"Kind of layer": "kind", "Block": "block"}
HEADS = {"params": "parameters", "macs": "MACs", "activations": "activations", "time": "measured time"}
OPERATORS = {  # → section of the texts that says what it is
    "pointwise": "pointwise", "depthwise": "depthwise", "conv": "conv", "se": "se", "linear": "linear"}


def show(network: Architecture, total: Cost) -> None:
    times, theme = results.layer_times(network), shell.theme()
    html.shares(bars.by_operator(total, theme, times))
    st.markdown("\n".join(_sentences(total, times)))
    by = st.segmented_control("Four shares for every", list(VIEWS), default="Kind of layer", required=True, **state.bound("shares_by"))
    _four(shares.four(total, network, VIEWS.get(by, "kind"), theme, times))
    if times is None:
        st.caption(texts.text("kinds", "unmeasured"))
        st.page_link("pages/latency.py", label="Measure it on the Latency page", icon=":material/timer:")
    other, theirs = compare.nearest(network, total)
    with st.expander(f"Beside the published network with the most similar MACs, {other.name}"):
        html.table(("", network.name.removeprefix("EfficientNet-"), other.name.removeprefix("EfficientNet-"), "ratio"),
                   compare.rows(network, total, other, theirs))


def _sentences(total: Cost, times: dict[str, float] | None) -> list[str]:
    """What every operator has of the parameters, of the MACs and of the time, in words."""
    found = []
    for operator, section in OPERATORS.items():
        if (part := total.operators.get(operator)) is not None:
            time = "" if times is None else f", {percent(_time(total, times, operator) / sum(times.values()))} of the measured time"
            params, macs = percent(part.params / total.params), percent(part.macs / total.macs)
            found.append("- " + texts.text("kinds", section, params=params, macs=macs, time=time))
    return found


def _time(total: Cost, times: dict[str, float], operator: str) -> float:
    return sum(times[row.id] for row in total.layers if row.operator == operator)


def _four(lines: list[Line]) -> None:
    """A row per kind or block with a bar under every share; all bars have one scale."""
    longest = max(share for line in lines for share, _ in line.shares.values())
    notes = {metric: "" if metric in lines[0].shares else "<small>not measured yet</small>" for metric in METRICS}
    head = "".join(f'<b role="columnheader">{HEADS[metric]}{words}</b>' for metric, words in notes.items())
    rows = "".join(_row(line, longest) for line in lines)
    st.html(f'<div class="ef-four" role="table" tabindex="0"><div role="row"><b></b>{head}</div>{rows}</div>')
    st.caption(texts.text("kinds", "scale", longest=percent(longest)))


def _row(line: Line, longest: float) -> str:
    cells = "".join(_cell(line, metric, longest) for metric in METRICS)
    return f'<div role="row"><span role="rowheader">{escape(line.name)}<small>{escape(line.what)}</small></span>{cells}</div>'


def _cell(line: Line, metric: str, longest: float) -> str:
    if metric not in line.shares:
        return '<span role="cell">–</span>'
    share, words = line.shares[metric]
    bar = f'<i><u style="width:{100 * share / longest:.2f}%;background:{line.colour}"></u></i>'
    return f'<span role="cell" title="{escape(words)}">{percent(share)}{bar}</span>'
