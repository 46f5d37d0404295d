"""Lesson sheets: the words of `assets/texts/sheet_<page>.md` with numbers that are computed when a sheet is made."""

from urllib.parse import urlencode, urlsplit

import streamlit as st

from effnet_core.lab import sheets

from . import glossary, texts

PAGES = tuple(sheets.SHEETS)


def home() -> str:
    """Where this app is, as the visitor's browser sees it, without a closing slash."""
    at = urlsplit(st.context.url or "http://localhost:8501/")
    return f"{at.scheme}://{at.netloc}{at.path.rpartition('/')[0]}"


def document(page: str, question: str, where: str) -> str:
    """The sheet of `page`, whose title is `question`, of the app at `where`."""
    from effnet_core.figures.sheet import Sheet, sheet

    sections = texts.sections(f"sheet_{page}")
    meanings = glossary.short()
    words = [tuple(meanings[word]) for word in sections["words"].split(", ")]
    key, _, value = sections["prepare"].partition("=")
    link = f"{where}/{'' if page == 'start' else page}{'?' if key else ''}{urlencode({key: value}) if key else ''}"
    return sheet(Sheet(question, link, sections, sheets.numbers(page), words), texts.text("teachers", "sheet_foot"))


def offer(page: str, question: str, label: str = "Lesson sheet", key: str = "sheet") -> None:
    """A button that hands the sheet over, made when it is asked for."""
    where = home()
    st.download_button(label, lambda: document(page, question, where), f"lesson-sheet-{page}.html", "text/html", on_click="ignore", icon=":material/print:", key=key,
                       help=texts.text("teachers", "sheet_help"))
