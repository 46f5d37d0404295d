"""One network, many numbers: what every tool counts, in units of the network's MACs."""

from collections.abc import Mapping

import plotly.graph_objects as go

from ..architecture import Architecture
from ..cost import cost
from ..lab import counters
from ..palette import INK, MUTED, STAGES, percent, si, themed
from . import CLEAR, SIZE, axis, figure, note

LOOKS = {  # part of a bar → place among the colours of stages, pattern
    "MACs": (0, ""),
    "The second operation of a MAC": (0, "/"),
    "Batch norm": (1, ""),
    "Activations": (3, "x"),
    "Pooling": (4, "\\"),
    "Biases": (6, "."),
}
ROW = 42  # pixels


def parts(architecture: Architecture, tool: str, written: str) -> dict[str, int]:
    """The tool's number, cut into what `LOOKS` names."""
    lines = counters.account(architecture, tool, written)
    found = counters.grouped(lines)
    macs = sum(line.amount for line in lines if line.term in counters.MACS)
    return {name: found.get(name, 0) for name in LOOKS} | {"MACs": macs, "The second operation of a MAC": found["MACs"] - macs}


def bars(architecture: Architecture, counts: Mapping[str, int], written: str, theme: str = "light") -> go.Figure:
    """A bar for every tool of `counts`, as long as its number of the network's MACs; what escapes the tool is hollow."""
    ink, ours = themed(INK, theme), cost(architecture).macs
    tools = list(counts)
    cut = {tool: parts(architecture, tool, written) for tool in tools}
    names = [tool.replace(", ", "<br>") for tool in tools]
    traces = [_piece(name, [cut[tool][name] for tool in tools], names, ours, theme) for name in LOOKS]
    lost = [counters.missed(architecture, tool, written) for tool in tools]
    traces.append({"type": "bar", "orientation": "h", "name": "MACs that escape it", "y": names,
                   "x": [value / ours if value else None for value in lost], "customdata": [f"{value:,}" for value in lost],
                   "marker": {"color": CLEAR, "line": {"color": MUTED[theme], "width": 1.5}}, "showlegend": any(lost),
                   "hovertemplate": "<b>%{y}</b><br>does not see %{customdata} MACs<extra></extra>"})
    ends = [note(f"× {counts[tool] / ours:.3f}", theme, x=(counts[tool] + escaped) / ours, y=name, xanchor="left", xshift=6,
                 font={"size": SIZE, "color": ink}) for tool, name, escaped in zip(tools, names, lost)]
    lines = [{"type": "line", "x0": place, "x1": place, "y0": 0, "y1": 1, "yref": "paper",
              "line": {"color": MUTED[theme], "width": 1, "dash": "dot"}} for place in (1, 2)]
    return figure(traces, theme, ROW * len(tools) + 150, barmode="stack", bargap=0.35, shapes=lines, annotations=ends, showlegend=True,
                  legend={"orientation": "h", "x": 0, "xref": "container", "y": 0, "yref": "container", "yanchor": "bottom",
                          "traceorder": "normal"},
                  margin={"l": 8, "r": 8, "t": 12, "b": 96},
                  xaxis=axis(theme, f"the tool's number, in units of the network's {si(ours)} MACs", range=[0, 2.45],
                             tickvals=[0, 0.5, 1, 1.5, 2], ticktext=["0", "0.5", "1", "1.5", "2"]),
                  yaxis=axis(theme, autorange="reversed", showgrid=False, tickfont={"size": SIZE, "color": ink}))


def _piece(name: str, values: list[int], rows: list[str], ours: int, theme: str) -> dict:
    place, pattern = LOOKS[name]
    colour = STAGES[theme][place]
    return {"type": "bar", "orientation": "h", "name": name, "y": rows, "x": [value / ours for value in values],
            "marker": {"color": colour, "pattern": {"shape": pattern, "size": 6}, "line": {"width": 0}},
            "customdata": [f"{value:,} ({percent(value / ours)} of our MACs)" for value in values], "showlegend": any(values),
            "hovertemplate": f"<b>%{{y}}</b><br>{name}: %{{customdata}}<extra></extra>"}
