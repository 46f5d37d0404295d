"""What is to be searched by training: the candidates, how long and on what they are trained, and the button that begins it."""

from dataclasses import dataclass

import streamlit as st

from effnet_core.errors import UserError
from effnet_core.search import grid, settings
from effnet_core.search.grid import Grid
from effnet_core.search.settings import KINDS, Setting

from .. import texts, work
from . import studies

WAYS = {"kinds": "By name", "grid": "The grid above", "tpe": "Proposed"}
STEPS = (25, 50, 100, 200, 400, 800, 1600)


@dataclass(frozen=True)
class Wish:
    """A search that could begin: its name, its setting, and the options of the terminal command that say the same."""

    name: str
    setting: Setting
    args: tuple[str, ...]


def show(counted: Grid | None) -> None:
    """The controls; `counted` is the grid above, where it can be counted. Raises `UserError` for what cannot be searched."""
    _begin(_wish(counted))


def _wish(counted: Grid | None) -> Wish:
    way = st.segmented_control("Candidates", list(WAYS), default="kinds", required=True, format_func=WAYS.get, key="search_way",
                               persist_state="session", width="stretch", help=texts.text("search", "ways"))
    given, args = _candidates(way, counted)
    left, right = st.columns(2)
    seeds = left.selectbox("Seeds", range(1, 6), index=1, key="search_seeds", persist_state="session", help=texts.text("search", "seeds"))
    steps = right.selectbox("Steps", STEPS, index=2, key="search_steps", persist_state="session", help="Of every training; a batch of images each.")
    data = st.selectbox("Learn from", _data(), key="search_data", persist_state="session",
                        format_func=lambda name: "Scenes, drawn as it learns" if name == "scenes" else name)
    with st.expander("The thin base"):
        base = _base()
    setting = Setting(seeds=seeds, steps=steps, data=data, **base, **given)
    st.session_state.setdefault("search_name", studies.suggested())
    name = st.text_input("Name of the search", max_chars=64, key="search_name", persist_state="session", help="Small letters, digits and hyphens.")
    options = {"seeds": seeds, "steps": steps, "data": data, **base}
    return Wish(name, setting, (*args, *(word for key, value in options.items() for word in (f"--{key}", f"{value}"))))


def _candidates(way: str, counted: Grid | None) -> tuple[dict, list[str]]:
    """The fields of the setting that say which candidates there are, and the options that do."""
    if way == "tpe":
        trials = st.slider("Candidates to propose", 5, 60, 15, key="search_trials", persist_state="session")
        return {"sampler": "tpe", "candidates": (), "trials": trials}, ["--sampler", "tpe", "--trials", str(trials)]
    if way == "kinds":
        chosen = st.pills("Which", list(KINDS), selection_mode="multi", default=list(KINDS), key="search_kinds", persist_state="session",
                          wrap=True, format_func=lambda name: settings.TITLES.get(name, name), label_visibility="collapsed")
        if not chosen:
            raise UserError("Choose at least one candidate to train.")
        found = [KINDS[name] for name in chosen]
    elif counted is None:
        raise UserError("The grid above cannot be counted; mend it, or choose candidates by name.")
    else:
        found = [network.first.coefficients for network in grid.search(counted).networks]
    return {"candidates": tuple(found)}, [word for candidate in found for word in ("--candidate", ",".join(f"{value:g}" for value in candidate))]


def _data() -> list[str]:
    from effnet_core.data import sources  # a moment; nothing of it needs torch

    return ["scenes", *(["imagenette"] if sources.is_here("imagenette") else []), *(own.name for own in sources.available())]


def _base() -> dict:
    usual = Setting()
    st.caption(texts.text("search", "base"))
    depth = st.number_input("Depth", 0.25, 2.0, usual.depth, 0.25, key="search_depth", persist_state="session", help="Factor on every stage's blocks.")
    width = st.number_input("Width", 0.1, 1.0, usual.width, 0.05, key="search_width", persist_state="session", help="Factor on every channel count.")
    side = st.number_input("Image side, px", 16, 128, usual.side, 4, key="search_side", persist_state="session")
    return {"depth": round(depth, 4), "width": round(width, 4), "side": side}


def _begin(wish: Wish) -> None:
    """What that would be, and the button."""
    setting, own = wish.setting, work.mine(studies.searches())
    most, few = len(setting.candidates), setting.points
    less = " at most" if not most else "" if most == few else f" ({most - few} of {most} become the same as another on the thin base)"
    st.caption(texts.text("search", "amount", networks=f"{few}", less=less, seeds=f"{setting.seeds}", trainings=f"{setting.trainings}"))
    busy = own is not None and own.active
    st.button("Start the search", key="start_search", icon=":material/play_arrow:", type="secondary" if busy else "primary", width="stretch",
              disabled=busy, on_click=studies.begin, args=(wish.name, wish.args))
    if busy and own.about != studies.shown():
        st.button(f"Look at {own.about}, which is at work", key="look_own", on_click=studies.look_at, args=(own.about,), width="stretch")
