"""A page as a teacher set it: controls and parts that a link hides or fixes, a presenter's size of type, and the way out of all of it."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st

from . import catalogue, html, state, texts
from .components import component

Part = TypeVar("Part")
OWN = ("hide", "fix", "type")  # what of the address is ours
TYPES = {"": 1.0, "large": 1.25, "larger": 1.5}  # in the address → times the usual size
ROOT_PX = 16  # of the usual size
LOCK = ("url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='%23748190' fill-rule='evenodd'%3E"
        "%3Cpath d='M3 7h1V5a4 4 0 0 1 8 0v2h1v8H3zM6 7h4V5a2 2 0 0 0-4 0z'/%3E%3C/svg%3E\")")  # a padlock, grey enough for both themes
BESIDE = ('@media (min-width: 1200px) { [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] > [data-testid="stVerticalBlock"] > '
          '[data-testid="stLayoutWrapper"] > .st-key-controls) { flex-wrap: nowrap; } }')
_ROW = ('[data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] > [data-testid="stVerticalBlock"] > [data-testid="stLayoutWrapper"] > '
        ".st-key-choosers)")
ABOVE = (f'@media (max-width: 1500px) {{ {_ROW} {{ flex-wrap: wrap; }} {_ROW} > [data-testid="stColumn"] {{ min-width: 100%; }} '
         '[data-testid="stLayoutWrapper"]:has(> .st-key-choosers) { position: static; min-height: 0; } }')  # as on a narrow screen: no room beside the page

NEAR = """
[data-testid="stLayoutWrapper"]:has(> .st-key-lead), .st-key-lesson [data-testid="stWidgetLabel"]:has(+ [role="radiogroup"]), .st-key-chance_part [data-testid="stWidgetLabel"] { display: none; }
[data-testid="stMainBlockContainer"] { padding-top: 4rem !important; }
[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"] { gap: 0.6rem !important; }
[data-testid="stMainBlockContainer"] :is(h1, [data-testid="stMarkdownContainer"] > :has(h1), [data-testid="stHeading"]:has(h1)) { width: fit-content !important; }
[data-testid="stMainBlockContainer"] h1 { font-size: 1.5rem; padding: 0; }
@media (min-width: 1200px) { .st-key-taught:not(:has([data-testid="stCaptionContainer"])) { justify-content: flex-end; margin-top: -2.8rem; } }
.ef-tiles { grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); }
:root { --ef-tile: 128px; }
"""  # in a presenter's type what is to be shown begins on the first screen


def hidden() -> frozenset[str]:
    """What the link leaves out, as `catalogue` names it; what it does not know is ignored."""
    return state.names("hide", catalogue.hideable)


def hides(section: str) -> bool:
    """Whether one of `catalogue.SECTIONS` is left out."""
    return section in hidden()


def times() -> float:
    """How many times larger than usual the type is."""
    return TYPES.get(state.get("type"), 1.0)


def offered(key: str, options: Mapping[str, Part]) -> dict[str, Part]:
    """What is left of a page's parts, of which `key` is the choice; all, where nothing would be left. A part that is gone is not chosen either."""
    gone = hidden()
    left = {title: part for title, part in options.items() if catalogue.token(key, title) not in gone} or dict(options)
    if st.session_state.get(key, next(iter(left))) not in left:
        st.session_state[key] = next(iter(left))
    return left


def lacks(page: str, key: str, title: str) -> bool:
    """Whether the part `title` of `page`, of which `key` is the choice, is left out."""
    away = hidden()
    return catalogue.token(key, title) in away and not away.issuperset(catalogue.parts(page))


def frame() -> None:
    """In the frame of every page, before its controls: what is hidden, fixed and enlarged, and the place of the note that says so."""
    state.hold()
    fixed = sorted(state.fixed())
    st.html(f"<style>{_style(hidden(), fixed, times())}</style>")
    component("teaching")(key="teaching", data={"fixed": fixed}, height="content")
    st.session_state["_taught"] = st.container(key="taught")


def note() -> None:
    """After the page, whose widgets have their values then: what is not as usual, and the way out."""
    fixed = sorted(state.names("fix", catalogue.fixable))
    with st.session_state.pop("_taught"):
        if hidden() or fixed:
            _note(fixed)
        if times() != 1:
            _way_out("type", "Usual size of type", {"type": ""})


def _note(fixed: list[str]) -> None:
    names = _names()
    said = [texts.text("teachers", "fixed", names=", ".join(_value(key, names[key]) for key in fixed))] if fixed else []
    if away := hidden():
        said.append(texts.text("teachers", "hidden", names=", ".join(html.plain(names[name]) for name in sorted(away))))
    st.caption(f":material/school: {texts.text('teachers', 'taught')} {' '.join(said)}")
    _way_out("all", "Show everything", {"hide": "", "fix": ""})


def _way_out(name: str, label: str, values: dict[str, str]) -> None:
    st.button(label, key=f"taught_{name}", type="tertiary", icon=":material/lock_open:" if name == "all" else ":material/format_size:",
              on_click=state.put, kwargs=values)


def _value(key: str, label: str) -> str:
    value = st.session_state.get(key, state.DEFAULTS.get(key))
    return html.plain(label if value is None else f"{label} = {value:g}" if isinstance(value, float) else f"{label} = {value}")


def _names() -> dict[str, str]:
    """Everything that can be hidden → what people see it named."""
    found = dict(catalogue.SECTIONS)
    for page in catalogue.pages():
        found |= catalogue.named(page) | catalogue.parts(page)
    return found


def _style(away: frozenset[str], fixed: list[str], size: float) -> str:
    """The names come from the catalogue, so that no address can write a style."""
    rules = [f".st-key-{key} {{ display: none !important; }}" for key in sorted(catalogue.widgets(away)) if key.isidentifier()]
    if "word-cards" in away:
        rules.append('.stMarkdown a[href^="#word:"] { text-decoration: none !important; pointer-events: none; }')
    if fixed:
        every = f":is({', '.join(f'.st-key-{key}' for key in fixed)})"
        rules += [f"{every} {{ pointer-events: none; border-left: 3px solid var(--ef-accent); padding-left: 0.5rem; }}",
                  f'{every}::after {{ content: "Fixed by the link"; padding-left: 1.15rem; font-size: 0.8rem; opacity: 0.85; '
                  f"background: {LOCK} left center / 0.85rem no-repeat; }}"]
    if size != 1:
        rules += [BESIDE, NEAR, ABOVE if size >= TYPES["larger"] else "", f":root {{ font-size: {size * ROOT_PX:g}px !important; --ef-rem: {ROOT_PX}px; }}",
                  f'[data-testid="stBidiComponentIsolated"] {{ zoom: {size:g}; font-size: {ROOT_PX}px; }}',
                  '.st-key-phrases [data-testid="stBidiComponentIsolated"] { zoom: 1; --ef-rem: 1rem; }']
    return "\n".join(rules)


def address(page: str, home: str, *, hide: list[str], fix: list[str], size: str, more: Mapping[str, Any]) -> str:
    """A link to `page` of the app at `home`, with what it hides and fixes, beside the settings `more`."""
    own = {"hide": ",".join(hide), "fix": ",".join(fix), "type": size}
    kept = {key: value for key, value in more.items() if key not in own and value not in ("", [])}
    query = urlencode(kept | {key: value for key, value in own.items() if value}, doseq=True)
    return f"{home.rstrip('/')}/{'' if page == 'start' else page}{'?' if query else ''}{query}"
