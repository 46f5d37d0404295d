"""What assets/squeeze.js draws: a photo's small maps and the example's weights; and SENet's ablation over r as a chart."""

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from ..lessons.gating import ABLATION, CHANNELS, GRID, PLAIN, Squeeze, Weights
from ..palette import ACCENT, MUTED, SIGNED, themed
from . import axis, figure, note

FILTERS = ("as it is", "edges ↔", "edges ↕", "spots")


def small_maps(photo: Image.Image) -> tuple[list[str], list[list[float]]]:
    """`CHANNELS` maps of `GRID` × `GRID` cells in 0 … 1 (four decimals) and their names: red, green, blue and brightness of the photo's
    middle, each as it is and through three small filters."""
    side = min(photo.size)
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    square = photo.convert("RGB").crop((left, top, left + side, top + side)).resize((4 * GRID, 4 * GRID), Image.Resampling.BOX)
    rgb = np.asarray(square, np.float64).transpose(2, 0, 1) / 255
    planes = dict(zip(("red", "green", "blue", "brightness"), [*rgb, rgb.mean(0)]))
    names, found = [], []
    for place, filtered in enumerate(FILTERS):
        for name, plane in planes.items():
            cells = _filtered(plane, place).reshape(GRID, 4, GRID, 4).mean((1, 3))
            names.append(f"{name}, {filtered}" if place else name)
            found.append([round(float(value), 4) for value in np.clip(cells, 0, 1).flatten()])
    return names[:CHANNELS], found[:CHANNELS]


def _filtered(plane: np.ndarray, which: int) -> np.ndarray:
    """As it is; or the size of the change to the right, downwards, or against the four neighbours; that is small, hence times six."""
    if which == 0:
        return plane
    wide = np.pad(plane, 1, mode="edge")
    right, below = wide[1:-1, 2:] - plane, wide[2:, 1:-1] - plane
    around = (wide[1:-1, 2:] + wide[1:-1, :-2] + wide[2:, 1:-1] + wide[:-2, 1:-1]) / 4 - plane
    return 6 * np.abs((right, below, around)[which - 1])


def scene(about: str, maps: tuple[list[str], list[list[float]]], given: Weights, hand: dict[str, int], theme: str) -> dict:
    """The example; `about` tells one photo from the next."""
    signed, (names, cells) = themed(SIGNED, theme), maps
    return {"about": about, "hand": hand, "names": names, "maps": cells, "side": GRID, "first": given.first, "firstBias": given.first_bias,
            "second": given.second, "secondBias": given.second_bias, "accent": ACCENT[theme], "down": signed[1], "up": signed[-2]}


def counted(units: tuple[Squeeze, ...], name: str, block: Squeeze) -> dict:
    """What the table beneath counts: [C, S] of every unit, S as the network has it."""
    return {"network": {"name": name, "units": [[unit.channels, unit.squeezed] for unit in units]},
            "block": {"name": block.block, "unit": [block.channels, block.squeezed]}}


def ablation(ratio: int, theme: str) -> go.Figure:
    """SENet's errors over r, from its paper; where r stands now is a line."""
    ratios, errors = list(ABLATION), [error for error, _ in ABLATION.values()]
    hover = [f"r = {each}: top-1 error {error:.2f} %, {millions:.1f} M parameters in all" for each, (error, millions) in ABLATION.items()]
    line = {"type": "scatter", "mode": "lines+markers+text", "x": ratios, "y": errors, "text": [f"{error:.2f}" for error in errors],
            "textposition": "top center", "line": {"color": ACCENT[theme], "width": 2}, "marker": {"size": 9}, "customdata": hover,
            "hovertemplate": "%{customdata}<extra></extra>", "cliponaxis": False}
    dashed, dotted = ({"color": MUTED[theme], "dash": dash, "width": 1.5} for dash in ("dash", "dot"))
    shapes = [{"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": PLAIN, "y1": PLAIN, "line": dashed},
              {"type": "line", "x0": ratio, "x1": ratio, "yref": "paper", "y0": 0, "y1": 1, "line": dotted}]
    notes = [note(f"ResNet-50 without SE, {PLAIN:.2f}", theme, x=0.01, xref="paper", y=PLAIN, yanchor="bottom", xanchor="left"),
             note(f"r = {ratio}", theme, x=np.log10(ratio), y=0.02, yref="paper", xanchor="left", yanchor="bottom")]
    across = {"type": "log", "range": [np.log10(0.9), np.log10(38)], "tickvals": [1, *ratios]}
    return figure([line], theme, 300, shapes=shapes, annotations=notes, xaxis=axis(theme, "reduction ratio r", **across),
                  yaxis=axis(theme, "top-1 error, %, from the paper", range=[22.0, 23.5]))
