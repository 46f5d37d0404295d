"""A page of its own that opens without the app and without a network: one HTML file with its pictures inside."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from ..palette import ACCENT, GRID, INK, MUTED, PAGE, percent
from . import FONT

_KINDS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class Picture(NamedTuple):
    """An image file (PNG, JPEG) or the text of an SVG with what it shows; `width` in pixels, where the picture's own is not right."""

    content: bytes | str
    caption: str
    width: int | None = None
    pixelated: bool = False


class Table(NamedTuple):
    """Rows of texts under the names of their columns; in columns from the second on, numbers stand at the right."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    mark: int | None = None  # the row that stands out


class Bar(NamedTuple):
    """A share between 0 and 1 with its name."""

    name: str
    share: float
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One chapter: sentences, then what is to be seen, then numbers."""

    title: str
    sentences: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    bars: tuple[Bar, ...] = ()
    tables: tuple[Table, ...] = ()


def document(title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section], closing: str = "") -> str:
    """The whole file. All texts are escaped, whoever wrote them; nothing in it is fetched and no script is in it."""
    body = "".join(map(_section, sections))
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><main><h1>{escape(title)}</h1><dl>{rows}</dl>\n{body}"
            f"<footer>{escape(closing)}</footer></main></body></html>\n")


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>", *(f"<p>{escape(sentence)}</p>" for sentence in section.sentences)]
    if section.pictures:
        parts.append(f'<div class="pictures">{"".join(map(_picture, section.pictures))}</div>')
    if section.bars:
        parts.append(f'<div class="bars">{"".join(map(_bar, section.bars))}</div>')
    return f"<section>{''.join(parts)}{''.join(map(_table, section.tables))}</section>\n"


def _picture(picture: Picture) -> str:
    wide = f' style="width:{picture.width}px"' if picture.width else ""
    kind = ' class="cells"' if picture.pixelated else ""
    return (f'<figure{wide}><img{kind} alt="{escape(picture.caption)}" src="{data_address(picture.content)}">'
            f"<figcaption>{escape(picture.caption)}</figcaption></figure>")


def data_address(content: bytes | str) -> str:
    """The file itself as an address. An SVG is shown as a picture, in which no script can run."""
    if isinstance(content, str):
        kind, content = "image/svg+xml", content.encode()
    else:
        kind = next(kind for start, kind in _KINDS.items() if content.startswith(start))
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _bar(bar: Bar) -> str:
    return (f'<span>{escape(bar.name)}</span><span class="line"><i style="width:{100 * min(1.0, max(0.0, bar.share)):.2f}%"></i></span>'
            f"<span>{percent(bar.share)}{f' {escape(bar.note)}' if bar.note else ''}</span>")


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join(f'<tr{" class=mark" if place == table.mark else ""}>{"".join(f"<td>{escape(cell)}</td>" for cell in row)}</tr>'
                   for place, row in enumerate(table.rows))
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


_STYLE = f"""
body {{ margin: 0; background: {PAGE["light"]}; color: {INK["light"]}; font: 16px/1.5 {FONT}; font-variant-numeric: tabular-nums }}
main {{ max-width: 1080px; margin: 0 auto; padding: 24px 16px }}
h1 {{ font-size: 28px; margin: 0 0 8px }} h2 {{ font-size: 20px; margin: 32px 0 8px }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0 }} dt, figcaption, footer {{ color: {MUTED["light"]} }}
dd {{ margin: 0; overflow-wrap: anywhere }}
.pictures {{ display: flex; flex-wrap: wrap; gap: 16px; align-items: flex-end }} figure {{ margin: 0; max-width: 100% }}
img {{ display: block; width: 100%; height: auto }} img.cells {{ image-rendering: pixelated }} figcaption {{ font-size: 14px }}
.bars {{ display: grid; grid-template-columns: max-content minmax(80px, 320px) max-content; gap: 4px 12px; align-items: center; margin: 12px 0 }}
.line {{ background: {GRID["light"]}; height: 12px }} .line i {{ display: block; height: 12px; background: {ACCENT["light"]} }}
.wide {{ overflow-x: auto; margin: 12px 0 }} table {{ border-collapse: collapse; font-size: 14px }}
th, td {{ padding: 3px 12px 3px 0; border-bottom: 1px solid {GRID["light"]}; text-align: right; white-space: nowrap }}
th:first-child, td:first-child {{ text-align: left }} tr.mark {{ font-weight: 600 }}
footer {{ margin-top: 40px; font-size: 14px }}
""".strip()
