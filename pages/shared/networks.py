"""Which network learns: the small one, the one that the scaling sliders show, or a trained model that gets a new classifier."""

from typing import NamedTuple

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.families import PAPER, SCENES, compound, from_spec, published, small, to_spec
from effnet_core.scaling import Scaling

from . import models, shelf, state, texts
from .data import Chosen
from .html import plain

KINDS = {"small": "Small", "scaled": "Scaled", "tuned": "Fine-tune"}
FIRST = {"own": "tuned"}  # kind of data → kind of network that suits it best; otherwise a small one
LEARNS = {"head": "Only the new classifier", "all": "Everything"}
SIDES = (32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 240, 260, 300, 380, 456, 528, 600)  # pixels
USUAL = {  # kind of network, whether it learns scenes → side of the images
    ("small", True): 48, ("scaled", True): 64, ("tuned", True): 64, ("small", False): 64, ("scaled", False): 96, ("tuned", False): 128,
}


class Learner(NamedTuple):
    """A network that is to learn; `args` describe it to `python -m effnet_core train`."""

    architecture: Architecture  # for images of that side and the classes of the data
    args: tuple[str, ...]
    source: str | None = None  # the model whose weights it starts from
    frozen: bool = False

    @property
    def side(self) -> int:
        return self.architecture.scaling.side


def kind(data_kind: str) -> str:
    return st.session_state.get(f"network_{data_kind}") or FIRST.get(data_kind, "small")


def choose(data: Chosen, data_kind: str, main, more) -> Learner | None:
    """The choice in the container `main`, with what is rarely needed in `more`; None where the model is not here yet.

    Raises `UserError` where the sliders ask for the impossible.
    """
    with main:
        chosen = st.segmented_control("Network", list(KINDS), default=kind(data_kind), required=True, format_func=KINDS.get, key=f"network_{data_kind}",
                                      width="stretch", persist_state="session", help=texts.text("pretrain", "networks"))
        found = {"small": lambda: None, "scaled": _scaled, "tuned": _tuned}[chosen]()
    side = _side(chosen, data, more if chosen == "small" and data.is_scenes else main)
    if chosen == "small":
        return _small(side, data, more)
    if found is None:
        return None
    spec, args, source, frozen = found
    architecture = from_spec({**spec, "side": side, "classes": data.classes})
    return Learner(architecture, (*args, "--side", str(side)), source, frozen)


def _side(kind: str, data: Chosen, place) -> int:
    with place:
        return st.select_slider("Image side, in pixels", SIDES, USUAL[kind, data.is_scenes], key=f"side_{kind}_{'scenes' if data.is_scenes else 'photos'}",
                                persist_state="session", help=texts.text("pretrain", "side"))


def _small(side: int, data: Chosen, more) -> Learner:
    with more:
        width = st.slider("Width factor, on every channel count", 0.25, 1.0, SCENES.width, 0.05, key="width", persist_state="session")
        depth = st.slider("Depth factor, on every stage's blocks", 0.5, 2.0, SCENES.depth, 0.25, key="depth", persist_state="session")
    architecture = small(Scaling(depth, width, side, SCENES.dropout), data.classes)
    return Learner(architecture, ("--network", "small", "--width", f"{width:g}", "--depth", f"{depth:g}", "--side", str(side)))


# The network of the scaling sliders, which all pages share; the widgets here are a second pair of hands on them


def _put(key: str, shared: str) -> None:
    state.put(**{shared: st.session_state[key]})


def _mirrored(widget, label: str, shared: str, *args, **options):
    key = f"training_{shared}"
    st.session_state[key] = state.get(shared)
    return widget(label, *args, key=key, on_change=_put, args=(key, shared), **options)


def _scaled() -> tuple[dict, tuple[str, ...], None, bool]:
    source = _mirrored(st.segmented_control, "The network comes from", "source", ["Formula", "Published"], required=True, width="stretch",
                       label_visibility="collapsed")
    if source == "Published":
        name = _mirrored(st.selectbox, "Published network", "name", list(state.NAMES))
        network, args = published(state.NAMES[name]), ("--network", state.NAMES[name])
    else:
        phi = _mirrored(st.slider, "φ, how much larger than the base", "phi", *state.RANGES["phi"], step=0.1, format="%.1f")
        others, base = [state.get(key) for key in ("alpha", "beta", "gamma")], state.BASES[state.get("base")]
        network = compound(phi, *others, base=base)
        args = ("--phi", f"{phi:g}", "--base", base, *(word for key, value in zip(("alpha", "beta", "gamma"), others) for word in (f"--{key}", f"{value:g}")))
    factors = network.scaling
    own = "" if source == "Published" or tuple(others) == PAPER else texts.text("pretrain", "own_factors")
    st.caption(texts.text("pretrain", "scaled", depth=f"{factors.depth:.3g}", width=f"{factors.width:.3g}", side=f"{factors.side:,}") + own)
    st.page_link("pages/scaling.py", label="See it on the Scaling page", icon=":material/open_in_full:")
    return to_spec(network), args, None, False


# Fine-tuning


def _tuned() -> tuple[dict, tuple[str, ...], str, bool] | None:
    entry = models.choose("tuned_from", "Start from")
    what = st.segmented_control("What learns", list(LEARNS), default="head", required=True, format_func=LEARNS.get, key="tuned_what", width="stretch",
                                wrap=True, persist_state="session", help=texts.text("pretrain", "frozen"))
    if entry is None:
        return None
    name = entry.name
    st.caption(texts.text("pretrain", f"tuned_{what}" if shelf.is_trained(entry.card) else "tuned_untrained", name=plain(name)))
    return entry.card["architecture"], ("--from", name, *(("--frozen",) if what == "head" else ())), name, what == "head"
