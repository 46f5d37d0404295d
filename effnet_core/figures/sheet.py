"""A lesson sheet to print: tasks with blanks on the first sheet, the same with their answers on the second. One HTML file that opens offline, for A4 in black and white.

What a class measures itself is a blank on both; on the second a sentence says where to look for it."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from markdown_it import MarkdownIt

from ..lab.sheets import MEASURED
from . import FONT

BLANK = re.compile(r"\{(=?)(\w+)\}")
_OPEN, _CLOSE, _EMPTY = "\ue000", "\ue001", "\ue002"  # of private use: no text has them, and Markdown hands them on
_MARKED = {_OPEN: '<b class="filled">', _CLOSE: "</b>", _EMPTY: '<span class="blank"></span>'}


class Sheet(NamedTuple):
    """What a sheet says: its words in sections of Markdown (`aim`, `time`, `tasks`, `predict`, `discuss`, `answers`, `sources`; `look` says for tasks, by
    their number, where to read what is measured), in which `{name}` is a blank and `{=name}` a number that is given; `words` are terms with what they mean; `link` is where the page opens."""

    title: str
    link: str
    sections: Mapping[str, str]
    numbers: Mapping[str, str]
    words: Sequence[tuple[str, str]] = ()


def blanks(text: str) -> list[str]:
    """The names of the blanks, in their order; what is given is none."""
    return [name for given, name in BLANK.findall(text) if not given]


def sheet(of: Sheet, closing: str = "") -> str:
    """The file. Raises `KeyError` for a blank without an answer."""
    words = "".join(f"<dt>{escape(term)}</dt><dd>{escape(meaning)}</dd>" for term, meaning in of.words)
    first = (f'<header><h1>{escape(of.title)}</h1><p class="who">Name <span class="blank wide"></span> Date <span class="blank"></span></p></header>'
             f'<div class="facts">{_part(of, "aim", "Aim")}{_part(of, "time", "Time")}<p class="link"><b>Open</b> {escape(of.link)}</p></div>'
             f"{_part(of, 'predict', 'Predict first')}{_part(of, 'tasks', 'By hand')}{_part(of, 'discuss', 'Discuss', 'lines')}"
             f'<section class="words"><h2>Words</h2><dl>{words}</dl></section>{_part(of, "sources", "Sources")}')
    second = (f"<header><h1>Answers: {escape(of.title)}</h1></header>{_part(of, 'tasks', 'By hand', filled=True)}"
              f"{_part(of, 'answers', 'Predict and discuss', filled=True)}")
    return ('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>{escape(of.title)}: lesson sheet</title><style>{_STYLE}</style></head>\n<body><main>{first}</main>\n<main class="answers">{second}<footer>{escape(closing)}</footer></main></body></html>\n')


def _part(of: Sheet, section: str, title: str, kind: str = "", *, filled: bool = False) -> str:
    text = of.sections[section]
    content = _html(_looked(text, of.sections.get("look", "")) if filled else text, of.numbers, filled)
    return f'<section class="{section} {kind}"><h2>{title}</h2>{content}</section>'


def _looked(tasks: str, look: str) -> str:
    """The numbered tasks, each with the sentence of its number."""
    where = dict(line.split(". ", 1) for line in look.splitlines())
    return "\n".join(f"{line} *{where[line.partition('.')[0]]}*" if line.partition(".")[0] in where else line for line in tasks.splitlines())


def _html(text: str, numbers: Mapping[str, str], filled: bool) -> str:
    def put(found: re.Match) -> str:
        given, name = found.groups()
        if name == MEASURED:
            return _EMPTY
        answer = numbers[name]
        return answer if given else f"{_OPEN}{answer}{_CLOSE}" if filled else _EMPTY

    made = MarkdownIt("commonmark", {"html": False}).render(BLANK.sub(put, text))
    return re.sub("[\ue000-\ue002]", lambda mark: _MARKED[mark.group()], made)


_STYLE = f"""
@page {{ size: A4; margin: 15mm 17mm }}
body {{ margin: 0; background: #fff; color: #000; font: 11.5pt/1.5 {FONT}; font-variant-numeric: tabular-nums }}
main {{ max-width: 176mm; margin: 0 auto; padding: 6mm 4mm }} main.answers {{ break-before: page }}
h1 {{ font-size: 18pt; line-height: 1.2; margin: 0 0 2mm }} h2 {{ font-size: 12.5pt; margin: 5mm 0 1mm; break-after: avoid }} p {{ margin: 0 0 1.5mm }}
.facts {{ border: 0.3mm solid #000; padding: 2mm 3mm; margin-top: 3mm }} .facts h2 {{ font-size: 11.5pt; margin: 0; float: left; padding-right: 2mm }} .link {{ overflow-wrap: anywhere }}
ol, ul {{ margin: 0; padding-left: 6mm }} li {{ margin-bottom: 1.8mm; break-inside: avoid }} .predict ul {{ list-style: none; padding-left: 2mm; display: flex; flex-wrap: wrap; gap: 0 8mm }}
.blank {{ display: inline-block; min-width: 24mm; border-bottom: 0.3mm solid #000; height: 1.05em; vertical-align: baseline }} .blank.wide {{ min-width: 60mm }}
.lines li::after {{ content: ""; display: block; height: 14mm; background: linear-gradient(#777, #777) 0 7mm / 100% 0.2mm no-repeat; border-bottom: 0.2mm solid #777 }}
b.filled {{ border-bottom: 0.3mm solid #000 }} code {{ font-size: 0.95em }}
dl {{ margin: 0; font-size: 9.5pt; line-height: 1.4 }} dt {{ font-weight: 600; break-after: avoid }} dd {{ margin: 0 0 1mm 4mm; break-inside: avoid }}
:is(.discuss, .words) {{ break-inside: avoid }} /* no question by itself on another page */
.sources, footer {{ font-size: 9.5pt }} footer {{ margin-top: 6mm }} section.sources {{ break-inside: avoid }}
@media print {{ main {{ padding: 0; max-width: none }} }}
""".strip()
