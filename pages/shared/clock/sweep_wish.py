"""The controls of a sweep, and what they ask for."""

import json
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_core import families
from effnet_core.architecture import Architecture
from effnet_core.families import BASES, PAPER, to_spec
from effnet_core.speed import plan
from effnet_core.speed.plan import Point
from pages.shared import results, state, texts

from . import frame

KINDS = {"Batch size": "batch", "φ": "phi", "Resolution": "side"}
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
GRAIN = {"batch": 1, "phi": 0.01, "side": 8}  # of which the values are multiples
Formula = tuple[float, float, float, str]  # α, β, γ, base


class Request(NamedTuple):
    """What is to be measured, and how; `formula` where φ is swept, for which `network` only gives the number of classes."""

    network: Architecture
    over: str
    values: tuple[float, ...]
    formula: Formula | None
    device: str
    batch: int
    threads: int

    @property
    def title(self) -> str:
        if self.over == "phi":
            alpha, beta, gamma, base = self.formula
            ends = f"{self.values[0]:g} … {self.values[-1]:g}".replace("-", "−")
            return f"{families.title(base).removeprefix('EfficientNet-')} over φ = {ends}" + (
                "" if (alpha, beta, gamma) == PAPER else f", α = {alpha:g}, β = {beta:g}, γ = {gamma:g}") + self._images
        if self.over == "batch":
            return f"{self.network.name} over batches of {self.values[0]:g} … {self.values[-1]:g}"
        return f"{self.network.name} over images of {self.values[0]:g} … {self.values[-1]:g} px" + self._images

    @property
    def _images(self) -> str:
        return "" if self.batch == 1 else f", batch {self.batch}"

    def args(self) -> list[str]:
        """For `python -m effnet_core`."""
        what = ["--spec", json.dumps(to_spec(self.network))]
        if self.over == "phi":
            what = [word for name, value in zip(("--alpha", "--beta", "--gamma", "--base"), self.formula) for word in (name, str(value))]
        return ["sweep", "--over", self.over, "--device", self.device, "--batch", str(self.batch), "--threads", str(self.threads), *what,
                "--values", *(f"{value:g}" for value in self.values)]

    def points(self) -> list[Point]:
        """Raises `UserError` where a network is impossible."""
        if self.over == "batch":
            return plan.over_batch(self.network, self.values)
        if self.over == "side":
            return plan.over_side(self.network, self.values, self.batch)
        return plan.over_phi(self.values, self.batch, *self.formula)

    def answered_by(self, record: dict) -> bool:
        """Whether `record`, as `speed.sweep.sweep` gives it, measured just this, or the beginning of it."""
        settings = (record["over"], tuple(record["values"]), record["device"], record["threads"])
        if settings != (self.over, self.values, self.device, self.threads):
            return False
        asked = {point.value: point for point in self.points()}
        return all(row["batch"] == asked[row["value"]].batch and same(row["network"], asked[row["value"]].network)
                   for row in record["points"])


def same(spec: dict, network: Architecture) -> bool:
    """Whatever they are called."""
    return {**spec, "name": ""} == {**to_spec(network), "name": ""}


def wish(network: Architecture) -> tuple[Request, DeltaGenerator]:
    """And the place of the button. Raises `UserError` where the ends of the range leave fewer than two values."""
    results.devices().watch()
    kind, line, count = st.columns([4, 4, 3], vertical_alignment="top", gap="medium")
    over = KINDS[kind.segmented_control("Sweep over", list(KINDS), default="Batch size", required=True, width="stretch",
                                        **state.bound("sweep_over"))]
    with line:
        low, high = ends(over)
    points = count.slider("Points", 2, 10, 6, 1, help=texts.text("latency_sweep", "points"), **state.bound("sweep_points"))
    device, batch, threads, button = st.columns([3, 4, 2, 2], vertical_alignment="bottom", gap="medium")
    where = frame.device(device)
    cores = frame.threads(threads)
    images = 1
    if over != "batch":
        images = frame.batch(batch)
    values = plan.spaced(low, high, points, geometric=over == "batch", grain=GRAIN[over])
    told = ", ".join(f"{value:g}" for value in values).replace("-", "−")
    (batch if over == "batch" else st).caption(texts.text("latency_sweep", "values", values=told))
    return Request(network, over, values, formula(network) if over == "phi" else None, where, images, cores), button


def ends(over: str) -> tuple[float, float]:
    """The first and the last value."""
    if over == "batch":
        return st.select_slider("Images in a batch, from … to", SIZES, (1, 32), **state.bound("sweep_batches"))
    if over == "phi":
        return st.slider("φ, from … to", -3.0, 7.0, (-2.0, 3.0), 0.5, **state.bound("sweep_phis"))
    return st.slider("Side of the images in pixels, from … to", 64, 800, (96, 416), 32, **state.bound("sweep_sides"))


def formula(network: Architecture) -> Formula:
    """Of the sliders, or of the paper where a published network is shown."""
    if state.get("source") != "Published":
        return tuple(state.get(name) for name in ("alpha", "beta", "gamma")) + (state.BASES[state.get("base")],)
    base = next((name for name, family in BASES.items() if family is network.family), "b0")
    return (*PAPER, base)
