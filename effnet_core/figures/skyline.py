"""The skyline as a picture to keep: an SVG that stands alone, every window a square in the colour of its gate."""

from collections.abc import Collection, Mapping
from html import escape

import numpy as np

from ..inside.inspection import CLOSED, OPEN, Spread
from ..palette import GRID, INK, MUTED, PAGE, sequential, themed
from . import FONT
from .gates import head, level, levels, ordered

MOST_SHARES = 20  # units beyond which a column is too narrow for its numbers
WIDTH = 1200  # pixels
LEAST = 2.0  # pixels of a window; many of them make a wider picture
MARGIN, TOP = 24, 64  # pixels around, and above the roofs
STEP, AXIS, CHART = 44, 110, 24  # pixels from chart to chart, of the axis 0 … 1, of a bar of 1


def _text(x: float, y: float, text: str, colour: str, anchor: str = "start", size: int = 13, weight: int = 400) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" font-weight="{weight}" '
            f'text-anchor="{anchor}">{escape(text)}</text>')


def _rect(x: float, y: float, width: float, height: float, colour: str, more: str = "") -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{colour}"{more}/>'


def _windows(tower: dict, gates: np.ndarray, order: str, size: float, ground: float) -> str:
    """All windows of a tower, one path per colour."""
    lit, colours = level(gates)[ordered(gates, order)], levels()
    rows, columns = np.divmod(np.arange(len(gates)), tower["width"])
    pane = size * (0.9 if size > 4 else 1.0)
    paths = []
    for shade in np.unique(lit):
        places = np.flatnonzero(lit == shade)
        moves = "".join(f"M{size * (tower['left'] + columns[i]):.2f} {ground - size * (rows[i] + 1):.2f}h{pane:.2f}v{pane:.2f}h-{pane:.2f}z"
                        for i in places)
        paths.append(f'<path fill="{colours[shade]}" d="{moves}"/>')
    return "".join(paths)


def _range(row: Spread, centre: float, top: float, theme: str) -> str:
    """From the least to the greatest gate, ± one standard deviation, and the mean, on an axis from 0 (below) to 1."""
    def y(gate: float) -> float:
        return top + AXIS * (1 - min(1.0, max(0.0, gate)))

    high, low = y(row.mean + row.std), y(row.mean - row.std)
    return (f'<path d="M{centre:.1f} {y(row.least):.1f}V{y(row.greatest):.1f}" stroke="{MUTED[theme]}"/>'
            + _rect(centre - 2.5, high, 5, low - high, MUTED[theme])
            + f'<circle cx="{centre:.1f}" cy="{y(row.mean):.1f}" r="5" fill="{sequential(row.mean)}" stroke="{INK[theme]}"/>')


def _bar(share: float, x: float, width: float, ground: float, theme: str, said: bool) -> str:
    """A share as a bar on its ground; in words above it."""
    height = CHART * min(1.0, share)
    words = _text(x + width / 2, ground - height - 4, f"{share:.2f}", INK[theme], "middle", 12) if said else ""
    return _rect(x, ground - height, width, height, MUTED[theme]) + words


def _legend(right: float, theme: str) -> str:
    left, steps = right - 200, 40
    strip = "".join(_rect(left + 5 * step, 34, 5.2, 10, sequential((step + 0.5) / steps)) for step in range(steps))
    return strip + _text(left - 6, 43, "gate 0", INK[theme], "end") + _text(right + 6, 43, "1", INK[theme])


def skyline_svg(gates: Mapping[str, np.ndarray], order: str = "gate", theme: str = "light", selected: str | None = None, stamp: str = "",
                name: str = "", operated: Collection[str] = ()) -> str:
    """All gates on one image, block id → gates (C) in the order of the network, as the text of an SVG file.

    `selected`: a block that is framed; `operated`: blocks with gates that were set, marked "set"; `stamp`: what the figure says of itself,
    such as "untrained weights". Raises `UserError` where there is no gate, and for an unknown order or theme.
    """
    page, ink = themed(PAGE, theme), INK[theme]
    scene = head(gates, theme, operated)
    size = max(LEAST, (WIDTH - 2 * MARGIN - 130) / scene["across"])
    ground = TOP + size * scene["floors"] + 14
    rows = [ground + 62, ground + 62 + AXIS + STEP]  # the axis; the ground of the first bars
    width, height = scene["across"] * size + 2 * MARGIN + 130, rows[1] + 2 * STEP + 40
    parts = [_tower(tower, values, order, size, ground, theme, selected) + _column(tower, size, rows, theme, len(gates) <= MOST_SHARES)
             for tower, values in zip(scene["towers"], gates.values())]
    title = " · ".join(filter(None, (name, "every gate of squeeze-and-excitation", stamp)))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'font-family="{escape(FONT, quote=True)}" role="img" aria-label="{escape(title, quote=True)}">'
            + _rect(0, 0, width, height, page) + _text(MARGIN, 43, title, ink, size=15, weight=600) + _legend(width - MARGIN - 20, theme)
            + _labels(rows, scene["across"] * size, theme) + f'<g transform="translate({MARGIN + 130} 0)">{"".join(parts)}</g></svg>')


def _tower(tower: dict, gates: np.ndarray, order: str, size: float, ground: float, theme: str, selected: str | None) -> str:
    x, width, roof = size * tower["left"], size * tower["width"], ground - size * tower["floors"]
    chosen, centre = tower["unit"] == selected, x + width / 2
    frame = _rect(x - 3, roof - 3, width + 6, ground - roof + 14, "none", f' stroke="{INK[theme]}" stroke-width="2"') if chosen else ""
    name = _text(centre, ground + 28, f"▲ {tower['unit']}", INK[theme], "middle", weight=600) if chosen else ""
    marked = _text(centre, roof - 8, "set", INK[theme], "middle", 12, 650) if tower["operated"] else ""
    return (f'<g><title>{escape(tower["unit"])}: {tower["channels"]} channels</title>' + _windows(tower, gates, order, size, ground)
            + _rect(x, ground + 2, width, 7, tower["colour"]) + frame + name + marked + "</g>")


def _column(tower: dict, size: float, rows: list[float], theme: str, said: bool) -> str:
    """What stands under a tower: the spread of its gates, how saturated they are, and how far from identity."""
    x, width, row = size * tower["left"], size * tower["width"], Spread(**tower["spread"])
    bars = "".join(_bar(share, x, width, rows[1] + place * STEP, theme, said)
                   for place, share in enumerate((row.closed, row.open, row.distance)))
    return _range(row, x + width / 2, rows[0], theme) + bars + _text(
        x + width / 2, rows[1] + 2 * STEP + 20, tower["unit"].removeprefix("stages.") if said else "", MUTED[theme], "middle", 12)


def _labels(rows: list[float], across: float, theme: str) -> str:
    start = MARGIN + 120
    axis = "".join(_text(start, rows[0] + AXIS * (1 - value) + 4, text, MUTED[theme], "end", 12)
                   + f'<path d="M{start + 10} {rows[0] + AXIS * (1 - value):.1f}h{across:.1f}" stroke="{GRID[theme]}"/>'
                   for value, text in ((0, "0"), (0.5, "½"), (1, "gate 1")))
    names = (f"share below {CLOSED}", f"share above {OPEN}", "distance from identity")
    bars = "".join(_text(start, rows[1] + place * STEP - 4, text, MUTED[theme], "end", 12) for place, text in enumerate(names))
    return axis + bars + _text(start, rows[1] + 2 * STEP + 20, "block", MUTED[theme], "end", 12)
