"""The glossary: every term, searched, by letter, or one alone."""

import streamlit as st

from .. import glossary, html, state, texts

ALL = "All"


def show() -> None:
    st.markdown(f"#### {texts.text('learn', 'words_title', terms=f'{len(glossary.terms())}')}\n{texts.text('learn', 'words')}")
    seek, one = st.columns([3, 2], gap="medium")
    wanted = seek.text_input("Search", max_chars=60, placeholder="in the terms and their explanations", **state.bound("seek"))
    alone = one.selectbox("One term", list(glossary.terms()), index=None, placeholder="all of them", **state.bound("word"))
    found = [alone] if alone else glossary.found(wanted)
    if not alone:
        found = _by_letter(found)
    if not found:
        st.info(texts.text("learn", "words_none", wanted=html.plain(wanted)), icon=":material/search_off:")
    with st.container(key="words"):
        _columns(found)


def _by_letter(found: list[str]) -> list[str]:
    """Those of one letter, where one is chosen."""
    letters = sorted({term[0].upper() for term in glossary.terms()})
    letter = st.segmented_control("Letter", [ALL, *letters], default=ALL, required=True, wrap=True, label_visibility="collapsed",
                                  **state.bound("letter"))
    return [term for term in found if letter == ALL or term[0].upper() == letter]


def _columns(found: list[str]) -> None:
    """From top to bottom, then from left to right."""
    half = -(-len(found) // 2)
    for column, part in zip(st.columns(2, gap="large"), (found[:half], found[half:])):
        if part:
            column.markdown("\n\n".join(map(glossary.shown, part)))
