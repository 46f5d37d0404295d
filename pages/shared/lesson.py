"""The frame of every lesson: a question, a guess, what its room shows, things to try, and where it stands in the paper.

A lesson's words are `assets/texts/lesson_<slug>.md`, in the sections `question`, `lead`, `try`, `paper`, and for the guess `guess`, `hint`, `answer`.
"""

from collections.abc import Sequence

import streamlit as st

from . import guess, sheets, teaching, texts


def text(slug: str, section: str, **numbers: str) -> str:
    return texts.text(f"lesson_{slug}", section, **numbers)


def head(slug: str, **numbers: str) -> None:
    """The question and what it is about; in a presenter's type that is behind its question mark, so that the picture is near."""
    question, lead = f"#### {text(slug, 'question')}", text(slug, "lead", **numbers)
    if teaching.times() == 1:
        st.markdown(f"{question}\n{lead}")
    else:
        st.markdown(question, help=lead)


def aside(words: str) -> None:
    """Words before a picture; in a presenter's type a line until it is opened."""
    place = st.container() if teaching.times() == 1 else st.expander("In words", icon=":material/notes:")
    place.markdown(words)


def ask(slug: str, options: Sequence[str], right: int, **numbers: str) -> bool:
    """The lesson's guess, see `guess.ask`."""
    return guess.ask(f"lesson_{slug}", slug, options, right, **numbers)


def foot(slug: str, **numbers: str) -> None:
    """Three things to try, the paper, and the lesson's sheet."""
    feet = [(title, section) for title, section in (("Try this", "try"), ("In the paper", "paper")) if not teaching.hides(texts.short(title))]
    for column, (title, section) in zip(st.columns(2, gap="large"), feet):
        column.markdown(f"##### {title}\n{text(slug, section, **numbers)}")
    if not teaching.hides("lesson-sheet"):
        sheets.offer(f"blocks_{slug}", text(slug, "question"), "Sheet of this lesson", "lesson_sheet")
