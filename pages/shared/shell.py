"""The frame of every page: boot, navigation, the guard against a cold deep link, and the sentence for a refused input."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from effnet_core import machine
from effnet_core.architecture import Architecture
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.palette import ACCENT, PAGE, Theme, ink_on

from . import controls, html, live, phrases, sheets, state, teaching, texts, tour
from .learn.steps import STEPS
from .spine import spine

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "assets"


class Entry(NamedTuple):
    file: str
    title: str
    icon: str
    question: str  # the title of the page
    controls: str = "none"  # which of the scaling controls stand beside the page: "all", "phi" or "none"


PAGES = {  # slug, also the path of the address → page; the first is the greeting
    "start": Entry("pages/start.py", "Start", ":material/home:", "EfficientNet, opened", "phi"),
    "blocks": Entry("pages/blocks.py", "Blocks", ":material/view_in_ar:", "Why is it built as it is?"),
    "scaling": Entry("pages/scaling.py", "Scaling", ":material/open_in_full:", "How does one number scale a whole network?", "all"),
    "tradeoffs": Entry("pages/tradeoffs.py", "Trade-offs", ":material/balance:", "One dimension, or all three?", "all"),
    "search": Entry("pages/search.py", "Search", ":material/travel_explore:", "Who chose 1.2, 1.1 and 1.15?"),
    "latency": Entry("pages/latency.py", "Latency", ":material/timer:", "How long does it take here?", "all"),
    "inside": Entry("pages/inside.py", "Inside", ":material/visibility:", "What does the network see in your photo?"),
    "pretrain": Entry("pages/pretrain.py", "Pretrain", ":material/model_training:", "How does a network learn to see?"),
    "learn": Entry("pages/learn.py", "Learn", ":material/school:", "Where do I begin, and what have I understood?"),
}


LEADS: dict[str, Callable[[], dict[str, str]]] = {  # page → the numbers of its lead
    "blocks": lambda: {name: f"{len(published(name).blocks)}" for name in ("b0", "b7")},
    "learn": lambda: {"steps": f"{len(STEPS)}"},
}


def freeze() -> None:
    """Takes everything alive out of the garbage collector's sight: Streamlit collects after every run, and with torch and plotly
    imported each collection would hold the interpreter for about 100 ms, for all visitors."""
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False)
def boot() -> None:
    """Once per server, when the first page stands: the imports that the slider pages need, then `freeze`. torch waits until a page needs it."""
    import graphviz  # noqa: F401
    import plotly.graph_objects  # noqa: F401

    from effnet_core.figures import bars, curves, latency  # noqa: F401

    freeze()


@st.cache_resource(show_spinner="Loading PyTorch…")
def boot_torch() -> None:
    """Once per server, at the first page that computes: one thread per forward pass, so that visitors share the cores."""
    import torch

    from effnet_core.data import datasets  # noqa: F401

    torch.set_num_threads(1)
    machine.keep_freed_memory(2**29)
    freeze()


@st.cache_data(show_spinner=False)
def _style(shown: str) -> str:
    """Our style sheet, and what depends on the theme: the accent, and ink that reads on a button of that colour."""
    accent, ink = ACCENT[shown], ink_on(ACCENT[shown])
    own = f':root {{ --ef-accent: {accent}; --ef-page: {PAGE[shown]}; }} [data-testid="stBaseButton-primary"], [data-testid="stMultiSelectTagsContainer"] [data-tag] * {{ color: {ink}; }}'
    return f"<style>{(ASSETS / 'style.css').read_text(encoding='utf-8')}\n{own}</style>"


def pages() -> dict[str, "st.Page"]:
    return {slug: st.Page(entry.file, title=entry.title, icon=entry.icon, url_path=slug, default=slug == "start")
            for slug, entry in PAGES.items()}


def run() -> None:
    """The whole of `app.py`: one page inside the frame. The address is read before the page and completed after it."""
    st.set_page_config(page_title="EfficientNet, opened", page_icon=str(ASSETS / "icon.png"), layout="wide")
    available = pages()
    current = st.navigation(list(available.values()), position="top")
    goto = st.query_params.get("goto")
    if goto in available:
        carried = {key: st.query_params.get_all(key) for key in st.query_params if key != "goto"}
        st.switch_page(available[goto], query_params=carried)
    if (wanted := st.session_state.pop("_goto", None)) in available:  # a phrase leads there
        st.switch_page(available[wanted], query_params=st.session_state.pop("_goto_address", {}))
    state.read_address()
    st.session_state["_page"] = current.url_path or "start"
    st.html(_style(str(theme())))
    slug = current.url_path or "start"
    if slug != "learn":
        st.session_state["_before_learn"] = slug
    _frame(slug, PAGES[slug], current)
    state.write_address()
    boot()


def _frame(slug: str, entry: Entry, current: "st.Page") -> None:
    with st.container():  # whatever it holds, what follows keeps its place: a bound widget that moves loses the address
        st.title(entry.question)
        if "lead" in texts.sections(slug):
            st.container(key="lead").markdown(texts.text(slug, "lead", **LEADS.get(slug, dict)()))
        phrases.mount()
        teaching.frame()
    with st.container(key="tour_place"):
        tour.bar(slug, {other: page.title for other, page in PAGES.items()})
    st.session_state["_strip"] = st.container()
    state.alone()
    left, body = st.columns([2, 9], gap="large")
    with left:  # here and not by the page: a widget keeps its value only where one script draws it
        controls.scaling(entry.controls)
    with body:
        st.session_state["_shell"] = True
        try:
            current.run()
        finally:
            del st.session_state["_shell"]
    teaching.note()
    texts.closing(slug, teaching.hidden(), st.session_state.pop("_part_text", ""))
    if slug in sheets.PAGES and not teaching.hides("lesson-sheet"):
        sheets.offer(slug, entry.question, "Sheet of the whole block" if slug == "blocks" else "Lesson sheet")  # beside those of its lessons
    tour.after()


def strip(network: Architecture, refused: str = "") -> str:
    """The spine of `network` in its place at the top; returns the selected unit. `refused` where the controls ask for another."""
    live.begin(bool(refused))
    with st.session_state["_strip"]:
        live.engine()
        return spine(network, theme())


def strip_alone(network: Architecture) -> None:
    """The same, in the fragment "strip"."""
    live.begin(False)
    with st.session_state["_strip"]:
        live.engine()
        _strip(network)


@st.fragment(key="strip")
def _strip(network: Architecture) -> None:
    spine(network, theme())
    tour.after()


def require(slug: str) -> None:
    """First line of every page. On a cold server Streamlit runs a deep-linked file of `pages/` without `app.py`: go through it."""
    if "_shell" not in st.session_state:
        new = not state.known()  # a session that has been here before has its values
        carried = {key: st.query_params.get_all(key) for key in st.query_params} if new else {}
        st.switch_page("app.py", query_params={**carried, "goto": slug})


def go(slug: str) -> None:
    """To another page; without any `query_params` Streamlit refuses where widgets are bound to the address."""
    st.switch_page(PAGES[slug].file, query_params={})


@contextmanager
def refusals() -> Iterator[None]:
    """Around work on what a visitor gave: a `UserError` becomes its sentence on the page, and the rest of the page goes on."""
    try:
        yield
    except UserError as refused:
        st.warning(html.plain(str(refused)), icon=":material/info:")


def theme() -> Theme:
    """"light" or "dark", as the visitor's browser shows the page, with the size of type."""
    return Theme("dark" if st.context.theme.type == "dark" else "light", teaching.times())
