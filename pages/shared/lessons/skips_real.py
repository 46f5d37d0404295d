"""Gradients in a real EfficientNet with its skip connections and without any; each case is measured once for all visitors."""

from collections.abc import Callable

import streamlit as st
import torch

from effnet_core.architecture import Architecture
from effnet_core.cost import FLOAT_BYTES, cost
from effnet_core.families import compound, published
from effnet_core.figures.powers import power_text
from effnet_core.figures.skips import flows
from effnet_core.lessons.shortcuts import Flow, trained, untrained
from effnet_core.photos import samples
from effnet_core.preprocess import Preprocess

from .. import lesson, memory, shell, state
from .bundled import look, photos

SLUG, TRAINED = "skips", "B0, trained"
SIDE, IMAGES = 64, 4  # of the batch for weights that learnt nothing
DEEP = (2.0, 3.1**0.5, 1.0, 1.0)  # φ, α, β, γ: B7's depth, B0's width
BYTES = 20_000  # of a measurement
COPIES = 8  # what autograd keeps for each number that a layer hands on

Both = tuple[list[Flow], list[Flow]]


def show() -> None:
    cases: dict[str, Callable[[], tuple[Both, str]]] = {
        TRAINED: _trained, "B0, untrained": lambda: _untrained("b0"), "B7’s depth, untrained": lambda: _untrained("deep")}
    asked = st.segmented_control("Network", list(cases), default=TRAINED, required=True, **state.bound("depth_case"))
    with st.spinner("One pass forward and backward…"):
        (kept, without), what = cases[asked]()
    st.plotly_chart(flows(kept, without, what, shell.theme()), theme=None, key="skips_flows", config={"displayModeBar": False},
                    alt=f"Gradient and signal of {asked}, unit by unit, with and without skip connections")
    ratio, bare = (found[1].slope / found[-2].slope for found in (kept, without))
    numbers = {"kept": power_text(ratio), "without": power_text(bare), "blocks": str(len(kept) - 2), "images": str(IMAGES),
               "side": str(SIDE)}
    section = "real_trained" if asked == TRAINED else "real_untrained"
    st.markdown(lesson.text(SLUG, section, first=kept[1].unit, last=kept[-2].unit, **numbers))


def _trained() -> tuple[Both, str]:
    _, at = look(photos("depth_photo"))
    label = at.untouched.top(1)[0].index
    image = torch.from_numpy(at.untouched.image)[None]

    def make() -> Both:
        return trained(at.model, image, label), trained(at.model, image, label, skips=False)

    return at.kept("shortcuts", make, BYTES, _needed(at.network)), "logit"


@st.cache_resource(show_spinner=False)
def _settled() -> None:
    """Once per server: what PyTorch imported for its first initialisation and its first loss."""
    shell.freeze()


def _untrained(name: str) -> tuple[Both, str]:
    architecture = published(name, IMAGES) if name == "b0" else compound(*DEEP, classes=IMAGES)
    weights = 2 * FLOAT_BYTES * cost(architecture).params

    def make() -> Both:
        preprocess = Preprocess(SIDE, SIDE)
        batch = torch.cat([preprocess.tensor(sample.open()) for sample in list(samples().values())[:IMAGES]])
        both = untrained(architecture, batch), untrained(architecture, batch, skips=False)
        _settled()
        return both

    share = (SIDE / architecture.input.height) ** 2 * IMAGES
    return memory.shared().get(("shortcuts", name), make, BYTES, weights + int(share * _needed(architecture))), "loss"


def _needed(architecture: Architecture) -> int:
    """Bytes of a forward pass that is kept for the backward one."""
    return COPIES * FLOAT_BYTES * cost(architecture).activations
