"""The prose of the pages: Markdown in `assets/texts/<page>.md`, in sections headed `## name`, with numbers filled in by the page."""

from functools import cache
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "texts"


@cache
def sections(page: str) -> dict[str, str]:
    """The sections of one page's text by name."""
    parts = (_FOLDER / f"{page}.md").read_text(encoding="utf-8").split("\n## ")[1:]
    return {name.strip(): body.strip() for name, _, body in (part.partition("\n") for part in parts)}


def text(page: str, section: str, **numbers: str) -> str:
    return sections(page)[section].format(**numbers)


def closing(page: str, **numbers: str) -> None:
    """What stands at the foot of every page: things to try, and where it stands in the paper."""
    left, right = st.columns(2, gap="large")
    left.markdown(f"#### Try this\n{text(page, 'try', **numbers)}")
    right.markdown(f"#### In the paper\n{text(page, 'paper', **numbers)}")
