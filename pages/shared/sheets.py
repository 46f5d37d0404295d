"""Lesson sheets: the words of `assets/texts/sheet_<page>.md`, and `sheet_blocks_<lesson>.md`, with numbers that are computed when a sheet is made."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import streamlit as st

from . import glossary, texts

PAGES = frozenset(name.removeprefix("sheet_") for name in texts.pages() if name.startswith("sheet_") and not name.startswith("sheet_blocks_"))


def home() -> str:
    """Where this app is, as the visitor's browser sees it, without a closing slash."""
    at = urlsplit(st.context.url or "http://localhost:8501/")
    return f"{at.scheme}://{at.netloc}{at.path.rpartition('/')[0]}"


def prepared(name: str) -> dict[str, str]:
    """The settings with which the page of a sheet opens."""
    return dict(parse_qsl(texts.text(f"sheet_{name}", "prepare")))


def document(name: str, question: str, where: str) -> str:
    """The sheet `name` of a page or a lesson, whose title is `question`, of the app at `where`."""
    from effnet_core.figures.sheet import Sheet, sheet
    from effnet_core.lab import sheets

    sections, page = texts.sections(f"sheet_{name}"), name.partition("_")[0]
    meanings = glossary.short()
    words = [tuple(meanings[word]) for word in sections["words"].split(", ")]
    settings = urlencode(prepared(name))
    link = f"{where}/{'' if page == 'start' else page}{'?' if settings else ''}{settings}"
    return sheet(Sheet(question, link, sections, sheets.numbers(name), words), texts.text("teachers", "sheet_foot"))


def offer(name: str, question: str, label: str = "Lesson sheet", key: str = "sheet") -> None:
    """A button that hands the sheet over, made when it is asked for."""
    where = home()
    st.download_button(label, lambda: document(name, question, where), f"lesson-sheet-{name.replace('_', '-')}.html", "text/html", on_click="ignore", icon=":material/print:", key=key,
                       help=texts.text("teachers", "sheet_help"))
