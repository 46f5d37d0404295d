"""Batch norm: folded into the convolution before it, by hand and in the bundled model; and its statistics in training."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_core.figures import chance as drawn
from effnet_core.figures.powers import power_text
from effnet_core.lessons import norm as core
from effnet_core.lessons.normals import batches
from effnet_core.palette import fixed, percent

from .. import guess, html, lesson, shell, state
from ..components import component
from ..html import Tile
from . import activated, bundled

if TYPE_CHECKING:
    from torch import nn

    from ..seen import Look

SLUG, PHOTO = "chance", "sample-cat"
SLIDERS = {  # key → label, least, greatest, default, step, pattern
    "norm_gamma": ("γ, scale", -2.0, 2.0, 1.2, 0.01, "%.2f"), "norm_beta": ("β, shift", -2.0, 2.0, 0.3, 0.01, "%.2f"),
    "norm_mean": ("μ, mean", -3.0, 3.0, 0.5, 0.01, "%.2f"), "norm_variance": ("σ², variance", 0.0, 6.0, 0.6, 0.01, "%.2f"),
    "norm_eps": ("ε, power of ten", -5, 0, -3, 1, "10^%d"),
}
STEPS, SEED, MEAN, SPREAD = 300, 7, 2.0, 1.0  # of the simulated training
PROBE, EPS = 2.5, 1e-3  # a number that is normalised in different batches, with the reference implementation's ε


def show() -> None:
    shell.boot_torch()
    entry, at = bundled.look(PHOTO)
    unit = activated.unit_of(at.network, state.get("layer"))
    layer = next(layer for layer in dict(at.network.units())[unit] if layer.operator != "se")
    stem = at.network.stem.output.channels
    numbers = {"channels": f"{stem:,}", "all": f"{4 * stem:,}"}
    lesson.aside(lesson.text(SLUG, "fold", **numbers))
    guess.ask(f"lesson_{SLUG}", "chance_fold", ["0", f"{stem:,}", f"{4 * stem:,}"], 1, section="fold", **numbers)
    _by_hand(at, unit, layer.id)
    _measured(at, unit, layer.id, html.plain(entry.name))
    _training()


def _by_hand(at: "Look", unit: str, layer_id: str) -> None:
    st.markdown("##### One channel")
    module = at.model.network.get_submodule(layer_id)
    parts = activated.normed(at, unit, layer_id)
    channel = int(np.abs(parts["norm"]).mean((1, 2)).argmax())
    left, right = st.columns([3, 2], gap="large", vertical_alignment="bottom")
    left.markdown(lesson.text(SLUG, "fold_channel", layer=layer_id, channel=str(channel)))
    right.button("Set the sliders to this channel", key="norm_real", icon=":material/tune:", on_click=_take,
                 args=(_own(module.norm, channel),))
    columns = st.columns(5, gap="medium")
    hand = {key: _slider(column, key) for column, key in zip(columns, SLIDERS)}
    weight = float(module.conv.weight[channel].detach().flatten()[0])
    component("fold")(key="fold", data=drawn.fold(drawn.spread_out(parts["conv"][channel]), weight, hand), height="content")
    st.caption(lesson.text(SLUG, "fold_caption"))


def _own(norm: "nn.BatchNorm2d", channel: int) -> dict[str, float]:
    """What a channel's batch norm learnt and kept."""
    found = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    return {**{key: float(part[channel].detach()) for key, part in zip(SLIDERS, found)}, "norm_eps": round(float(np.log10(norm.eps)))}


def _take(values: dict[str, float]) -> None:
    state.put(**{key: min(SLIDERS[key][2], max(SLIDERS[key][1], value)) for key, value in values.items()})


def _slider(place: DeltaGenerator, key: str) -> float:
    label, least, most, default, step, pattern = SLIDERS[key]
    return place.slider(label, least, most, default, step, format=pattern, **state.bound(key))


def _measured(at: "Look", unit: str, layer_id: str, model: str) -> None:
    """The real layer and the whole model with and without batch norm, on a photo."""
    import torch

    from effnet_core.lessons import folding

    st.markdown("##### Measured on the bundled model")
    network = at.model.network
    given = torch.from_numpy(activated.normed(at, unit, layer_id)["input"])[None]
    one = at.kept("lesson fold", lambda: folding.of_layer(network, layer_id, given), 100, 0, layer_id)
    whole = at.kept("lesson fold all", lambda: folding.of_network(network, torch.from_numpy(at.seen.image)[None]), 100,
                    8 * sum(part.numel() for part in network.parameters()))
    rows = [(name, f"{apart.learnt:,}", f"{apart.kept:,}", f"{apart.folded:,}", power_text(apart.most, 3), f"{apart.reach:.4g}")
            for name, apart in ((layer_id, one), (f"{at.entry.name}, logits", whole))]
    html.table(("What", "Learnt numbers", "Statistics beside them", "Folded", "Greatest |difference|", "Greatest |value|"), rows)
    st.markdown(lesson.text(SLUG, "fold_measured", model=model, saved=f"{whole.learnt + whole.kept - whole.folded:,}"))


def _training() -> None:
    st.markdown(f"##### In training it cannot be folded\n{lesson.text(SLUG, 'running', mean=f'{MEAN:g}', spread=f'{SPREAD:g}')}")
    left, right = st.columns(2, gap="large")
    momentum = left.slider("Momentum, PyTorch's convention", 0.01, 1.0, 0.01, 0.01, help=lesson.text(SLUG, "momentum_help"),
                           **state.bound("norm_momentum"))
    size = right.slider("Numbers in a batch", 2, 64, 16, 1, **state.bound("norm_batch"))
    steps = core.running(batches(STEPS, size, MEAN, SPREAD, SEED), momentum)
    st.plotly_chart(drawn.running(steps, MEAN, shell.theme()), key="norm_running", theme=None, config={"displayModeBar": False},
                    alt="Mean of every batch, and the running mean that follows them")
    before, last = steps[-2:]
    kept = (last.running_mean, last.running_variance)
    places = (("in the last batch", last[:2]), ("in the batch before", (before.mean, before.variance)), ("with the running averages", kept))
    tiles = [Tile(f"{PROBE:g} {name}", fixed(core.Norm(1.0, 0.0, *own, EPS).of(PROBE)), f"mean {fixed(own[0])}, variance {fixed(own[1])}")
             for name, own in places]
    html.tiles(tiles, key="norm")
    st.caption(lesson.text(SLUG, "running_caption", momentum=f"{momentum:g}", tensorflow=f"{1 - momentum:.4g}", steps=str(STEPS),
                           mean=fixed(last.running_mean), variance=fixed(last.running_variance),
                           share=percent(core.share(momentum, STEPS)),
                           hundred=percent(core.share(momentum, 100))))
