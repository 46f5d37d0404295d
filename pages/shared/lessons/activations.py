"""Activations: their curves and slopes, numbers of one's own, which layers have which."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.families import published
from effnet_core.figures import activations as drawn
from effnet_core.lessons import activations as core
from effnet_core.palette import fixed

from .. import html, lesson, shell, state
from ..components import component
from . import activated

SLUG, REACH, TYPED = "activations", 8.0, "-3, -1.2785, -1, 0, 1, 3, 8"
OTHERS = {"MobileNetV2": "mobilenetv2", "EfficientNet-Lite0": "lite0", "ResNet-50": "resnet50"}
KINDS = {"stem": "Stem", "expand": "Expand, 1×1", "depthwise": "Depthwise", "SE, inside": "SE, between its two layers",
         "SE, gates": "SE, the gates", "project": "Project, 1×1", "shortcut": "Shortcut, 1×1", "reduce": "Reduce, 1×1",
         "spatial": "Convolution in a bottleneck", "pointwise": "Pointwise, 1×1", "after the sum": "After the sum", "head": "Head, 1×1",
         "classifier": "Classifier"}
FORMULAS = (
    ("swish", r"x\,\sigma(\beta x)", r"\sigma(\beta x) + \beta x\,\sigma(\beta x)\,(1-\sigma(\beta x))"),
    ("ReLU", r"\max(0, x)", r"1 \text{ where } x > 0,\ \text{else } 0"),
    ("ReLU6", r"\min(6, \max(0, x))", r"1 \text{ where } 0 < x < 6,\ \text{else } 0"),
    ("hard-swish", r"x \cdot \text{ReLU6}(x + 3) / 6", r"x/3 + 1/2 \text{ from } -3 \text{ to } 3;\ 0 \text{ left},\ 1 \text{ right}"),
    ("sigmoid", r"\sigma(x) = 1 / (1 + e^{-x})", r"\sigma(x)\,(1-\sigma(x))"),
)


def show() -> None:
    place, (far, gap) = core.least_of_swish(), core.furthest()
    numbers = {"lowest": fixed(place[0]), "low": fixed(place[1]), "slope": fixed(core.swish_slope(-3.0)),
               "far": f"{far:g}", "gap": fixed(gap)}
    lesson.head(SLUG, **numbers)
    lesson.ask(SLUG, ["It goes on falling", "It is flat there", "It rises again"], 2 if core.swish_slope(-3.0) < 0 else 0, **numbers)
    _curves(numbers)
    _typed()
    on_a_photo = st.container()
    _uses(state.architecture())
    gates = st.container()
    lesson.foot(SLUG, **numbers)
    activated.show(on_a_photo, gates)


def _moved() -> None:
    x = st.session_state["activation"].moved  # a browser may send anything
    if type(x) in (int, float) and -REACH <= x <= REACH:
        state.put(acts_x=float(x))


def _curves(numbers: dict[str, str]) -> None:
    st.markdown("##### The curves")
    names = list(core.functions())
    chosen = st.pills("Curves", names, selection_mode="multi", default=["swish", "ReLU"], wrap=True, **state.bound("acts_on"))
    left, right = st.columns(2, gap="large")
    x = left.slider("x", -REACH, REACH, 1.0, 0.01, help=lesson.text(SLUG, "x_help"), **state.bound("acts_x"))
    beta = right.slider("β of swish", 0.0, 10.0, 1.0, 0.1, help=lesson.text(SLUG, "beta_help"), **state.bound("acts_beta"))
    if chosen:
        data = drawn.curves(shell.theme(), chosen, x, beta)
        component("activation")(key="activation", data=data, on_moved_change=_moved, height="content")
    else:
        st.caption(lesson.text(SLUG, "no_curve"))
    st.markdown(lesson.text(SLUG, "beta", **numbers))
    with st.expander("The formulas and their derivatives"):
        for name, value, slope in FORMULAS:
            st.markdown(f"**{name}**: $f(x) = {value}$; $f'(x) = {slope}$")
        st.markdown(lesson.text(SLUG, "kinks"))


def _typed() -> None:
    st.markdown("##### Your own numbers")
    text = st.text_input("Numbers", TYPED, max_chars=300, help=lesson.text(SLUG, "typed_help"), **state.bound("acts_numbers"))
    with shell.refusals():
        found, known = core.read_numbers(text or ""), core.functions(st.session_state["acts_beta"])
        head = ["x", *(f"{name}{mark}" for name in known for mark in ("", " ′"))]
        rows = [[_plain(x), *(cell for function in known.values() for cell in _cells(function, x))] for x in found]
        html.table(head, rows, caption=lesson.text(SLUG, "typed_caption", beta=f"{st.session_state['acts_beta']:g}"))


def _plain(x: float) -> str:
    return f"{x:,.10g}".replace("-", "−")


def _cells(function: core.Function, x: float) -> tuple[str, str]:
    return _four(function.value(x)), _four(function.slope(x)) + (" *" if x in function.kinks else "")


def _four(value: float) -> str:
    """Four decimals; what rounds to 0 has no sign."""
    return fixed(round(value, 4) + 0.0)


def _uses(network: Architecture) -> None:
    st.markdown("##### Where which one stands")
    found = {network.name: core.uses(network), **{title: core.uses(published(name)) for title, name in OTHERS.items()}}
    kinds = [kind for kind in KINDS if any(kind in each for each in found.values())]
    rows = [[KINDS[kind], *(_counted(each.get(kind, {})) for each in found.values())] for kind in kinds]
    sums = [sum(each.values(), start=type(next(iter(each.values())))()) for each in found.values()]
    html.table(["Kind of layer", *found], [*rows, ["All", *map(_counted, sums)]], mark=len(rows))
    st.markdown(lesson.text(SLUG, "uses"))


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} × {name}" for name, count in counts.items()) or "–"
