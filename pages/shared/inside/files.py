"""Figures of the page as files: how they are called, and the one button that Plotly's figures have."""

import plotly.graph_objects as go

from effnet_core.export.tables import slug
from effnet_core.palette import PAGE

from .. import shell
from ..seen import Look


def named(at: Look, *more: str | int) -> str:
    """What a file is called that shows this of the model."""
    return slug("-".join(map(str, (at.model.name, *more))))


def button(name: str) -> dict:
    """The configuration of a Plotly figure that can be taken home as SVG, and nothing else."""
    return {"displayModeBar": True, "modeBarButtons": [["toImage"]], "displaylogo": False,
            "toImageButtonOptions": {"format": "svg", "filename": name}}


def paper(figure: go.Figure) -> go.Figure:
    """The figure on the page's colour, which a file needs where the page shows through otherwise."""
    return figure.update_layout(paper_bgcolor=PAGE[shell.theme()])
