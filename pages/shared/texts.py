"""The prose of the pages: Markdown in `assets/texts/<page>.md`, in sections headed `## name`, with numbers filled in by the page."""

from collections.abc import Container
from functools import cache
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "texts"


def short(title: str) -> str:
    """"Try this" → "try-this": how an address or a link names it."""
    return "-".join(title.lower().split())


@cache
def pages() -> tuple[str, ...]:
    """The names of all texts."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.md")))


@cache
def whole(page: str) -> str:
    return (_FOLDER / f"{page}.md").read_text(encoding="utf-8")


@cache
def sections(page: str) -> dict[str, str]:
    """The sections of one page's text by name."""
    parts = whole(page).split("\n## ")[1:]
    return {name.strip(): body.strip() for name, _, body in (part.partition("\n") for part in parts)}


def text(page: str, section: str, **numbers: str) -> str:
    return sections(page)[section].format(**numbers)


def paragraphs(page: str, section: str) -> list[str]:
    """The paragraphs of a section, not filled in yet."""
    return sections(page)[section].split("\n\n")


def closing(page: str, without: Container[str] = (), part: str = "") -> None:
    """What stands at the foot of a page: its words explained, things to try, and where it stands in the paper, `without` what a teacher left out.

    What the text of the `part` that is open has of these stands in the place of the page's own.
    """
    available = {**sections(page), **(sections(part) if part else {})}
    if "terms" in available:
        with st.expander("Words on this page"):
            st.markdown(available["terms"])
    feet = [(title, available[name]) for name, title in (("try", "Try this"), ("paper", "In the paper"))
            if name in available and short(title) not in without]
    for column, (title, body) in zip(st.columns(max(1, len(feet)), gap="large"), feet):
        column.markdown(f"#### {title}\n{body}")
