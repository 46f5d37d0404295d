"""For teachers: a link that opens a page as a lesson needs it, and a sheet to print for each page and each lesson."""

import streamlit as st

from effnet_core.lab.lesson_sheets import LESSONS

from .. import catalogue, html, lesson, sheets, shell, state, teaching, texts
from .progress import Progress

SIZES = {"Usual": "", "Large": "large", "Larger": "larger"}


def text(section: str, **numbers: str) -> str:
    return texts.text("teachers", section, **numbers)


def show() -> None:
    st.markdown(f"#### {text('link_title')}\n{text('link')}")
    choices, outcome = st.columns([6, 5], gap="large")
    with choices:
        _begin()
        slug = st.selectbox("Page", list(shell.PAGES), format_func=lambda page: shell.PAGES[page].title, key="teach_page", persist_state="session")
        hide, fix, size = _wishes(slug)
    with outcome:
        _outcome(slug, hide, fix, size)
    _sheets()


def _begin() -> None:
    """Who comes from another page means that one."""
    before = st.session_state.get("_before_learn", "start")
    if st.session_state.get("_teach_of") != before:
        st.session_state["_teach_of"] = st.session_state["teach_page"] = before


def _wishes(slug: str) -> tuple[list[str], list[str], str]:
    controls, names, parts = catalogue.controls(slug), catalogue.named(slug), catalogue.parts(slug)
    left_out = _several("Parts of the page to leave out", parts, f"teach_parts_{slug}") if parts else []
    hide = _several("Controls to hide", names, f"teach_hide_{slug}")
    bound = {key: names[key] for key, control in controls.items() if control.bound and key not in hide}
    fix = _several("Controls to fix at their present value", bound, f"teach_fix_{slug}") if bound else []
    more = _several("On every page, leave out", catalogue.SECTIONS, "teach_sections")
    size = st.segmented_control("Size of type", list(SIZES), default="Usual", required=True, key="teach_type", persist_state="session", help=text("size"))
    return left_out + hide + more, fix, SIZES[size]


def _several(label: str, names: dict[str, str], key: str) -> list[str]:
    return st.multiselect(label, list(names), format_func=names.__getitem__, key=key, placeholder="none", persist_state="session")


def _outcome(slug: str, hide: list[str], fix: list[str], size: str) -> None:
    known = (catalogue.addressed(slug) | set(state.CARRIED)) - {"tour"}
    settings = {key: value for key, value in state.last_address(slug).items() if key in known and key not in teaching.OWN}
    if st.toggle("Begin the guided tour with it", key="teach_tour", persist_state="session"):
        settings["tour"] = [Progress(1).write()]
    link = teaching.address(slug, sheets.home(), hide=hide, fix=fix, size=size, more=settings)
    st.markdown("##### The link")
    st.code(link, language=None, wrap_lines=True)
    st.link_button("Open it in a new tab", link, icon=":material/open_in_new:")
    taken = ", ".join(f"{key} = {', '.join(value)}" for key, value in settings.items())
    st.caption(text("taken", settings=html.plain(taken)) if taken else text("taken_none", title=shell.PAGES[slug].title))
    st.markdown(text("limits"))


def _sheets() -> None:
    """All lesson sheets, those of pages and those of lessons in a row each that wraps."""
    st.markdown(f"#### {text('sheets_title')}\n{text('sheets')}")
    with st.container(horizontal=True, key="sheets"):
        for slug, page in shell.PAGES.items():
            if slug in sheets.PAGES:
                sheets.offer(slug, page.question, page.title, f"sheet_of_{slug}")
    st.markdown(text("sheets_lessons"))
    with st.container(horizontal=True, key="lesson_sheets"):
        for slug in LESSONS:
            sheets.offer(f"blocks_{slug}", lesson.text(slug, "question"), sheets.prepared(f"blocks_{slug}")["lesson"], f"sheet_of_blocks_{slug}")
