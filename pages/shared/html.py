"""Small pieces of static HTML: number tiles, tables, formulas. Everything is escaped here; style in `assets/style.css`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import streamlit as st

from effnet_core.figures.bars import Piece
from effnet_core.palette import percent


class Tile(NamedTuple):
    """One number: its name, three significant digits, the exact figure below, and what changed since the last move."""

    label: str
    value: str
    exact: str = ""
    change: str = ""
    explain: str = ""


def _tile(tile: Tile) -> str:
    change = f'<span class="ef-change" title="against the last look">{escape(tile.change)}</span>' if tile.change else ""
    explain = f' title="{escape(tile.explain)}"' if tile.explain else ""
    return (f'<div class="ef-tile"{explain}><dt>{escape(tile.label)}</dt><dd><span class="ef-value">{escape(tile.value)}</span>'
            f'{change}<span class="ef-exact">{escape(tile.exact)}</span></dd></div>')


def tiles(items: Iterable[Tile], key: str = "tiles") -> None:
    """A row of number tiles that wraps on a narrow screen."""
    st.html(f'<dl class="ef-tiles" data-tiles="{escape(key)}">{"".join(map(_tile, items))}</dl>')


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", mark: int | None = None) -> None:
    """A table with right-aligned numbers: the first column is text. `mark` highlights one row."""
    header = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = []
    for number, row in enumerate(rows):
        first, *rest = map(escape, row)
        marked = ' class="ef-mark"' if number == mark else ""
        body.append(f'<tr{marked}><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>')
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    st.html(f'<div class="ef-scroll" tabindex="0"><table class="ef-table">{title}<thead><tr>{header}</tr></thead>'
            f'<tbody>{"".join(body)}</tbody></table></div>')


def grid(head: Sequence[str], rows: Iterable[tuple[str, Sequence[Sequence[str]]]], mark: int | None = None) -> None:
    """Things side by side: a column each, and in every cell a figure, then smaller lines. `mark` highlights one column."""
    def marked(place: int) -> str:
        return ' class="ef-mark"' if place == mark else ""

    header = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td{marked(place)}>{_lines(cell)}</td>" for place, cell in enumerate(cells)) + "</tr>"
                   for name, cells in rows)
    st.html(f'<div class="ef-scroll" tabindex="0"><table class="ef-table ef-grid"><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div>')


def _lines(cell: Sequence[str]) -> str:
    first, *rest = map(escape, cell)
    return f"<b>{first}</b>" + "".join(f"<small>{line}</small>" for line in rest if line)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """What is known of one thing, a line each; a fact without a value is left out."""
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    st.html(f'<dl class="ef-card">{lines}</dl>')


def shares(rows: Mapping[str, Sequence[Piece]]) -> None:
    """Bars of full length cut into pieces; a piece that is wide enough says its name and share, every piece when pointed at."""
    legend = {piece.name: piece.colour for pieces in rows.values() for piece in pieces}
    key = "".join(f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in legend.items())
    bars = "".join(f'<div class="ef-share"><span>{escape(title)}</span><div>{"".join(map(_piece, pieces))}</div></div>' for title, pieces in rows.items())
    st.html(f'<div class="ef-shares"><div class="ef-key">{key}</div>{bars}</div>')


def _piece(piece: Piece) -> str:
    words = f"<b>{escape(piece.name)}</b><span>{percent(piece.share)}</span>" if piece.share >= 0.013 * max(6, len(piece.name)) else ""
    return (f'<div style="width:{100 * piece.share:.2f}%;background:{piece.colour};color:{piece.ink}" '
            f'title="{escape(piece.text)}">{words}</div>')


def changed(now: float, before: float | None) -> str:
    """"+31 %" where a number moved since the last look, else nothing."""
    if before is None or before == now or not before:
        return ""
    ratio = now / before
    if ratio >= 1000:
        return f"×{ratio:,.0f}"
    return f"×{ratio:.3g}" if ratio >= 2 or ratio <= 0.5 else f"{100 * (ratio - 1):+.3g} %".replace("-", "−")


def plain(text: str) -> str:
    """Words of a card or an address as Markdown that shows them as they are."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|$:~^])", r"\\\1", text)
