"""What the lessons' components send may be anything: what is none of theirs changes nothing, and nothing raises."""

from types import SimpleNamespace

import pytest
import streamlit as st

from effnet_core.families import published
from effnet_core.inside.handles import taken
from effnet_core.inside.surgery import Plan
from pages.shared import phrases
from pages.shared.components import picked_block, picking
from pages.shared.inside import hands, occlusion
from pages.shared.lessons import activations, built, convolution, spiral

NESTED = [[[[1], {"a": [None]}], []], -1]
ANYTHING = [None, "", "1", "\x00", [], {}, [[]], NESTED, {"block": NESTED, "gates": NESTED}, float("nan"), float("inf"), float("-inf"), 10**400, -(10**400), -1, 1e308,
            -1e308, True, 0.5, [0, 10**400], [10**400] * 2, [float("nan")] * 2, "9" * 5000, "phi=" + "9" * 5000, "#set:phi=1e999", {"block": "stages.0.0", "gates": [[0, 10**400]]},
            {"left": 10**400, "top": float("nan"), "size": 10**400}, "1/1:9e9|0|0", "3/9:" + "," * 900]
MOVED, LIGHTED = hands.callbacks("", "stem", 0, (1, 1), 1)
CALLBACKS = {  # what Streamlit calls → the component and the name under which it finds what was sent
    "activations": (activations._moved, "activation", "moved"),
    "spiral": (spiral._picked, "spiral", "picked"),
    "walk": (convolution._edited, "walk", "edited"),
    "built": (lambda: built._go(st.session_state["built"].stepped), "built", "stepped"),
    "arcs": (picking("arcs", {block.id for block in published("b0").blocks}), "arcs", "picked"),
    "spine": (picking("spine"), "spine", "picked"),
    "phrases": (lambda: phrases.follow(st.session_state["phrases"].followed), "phrases", "followed"),
    "cell moved": (MOVED, "cell", "moved"),
    "cell lighted": (LIGHTED, "cell", "lighted"),
}


@pytest.mark.parametrize("sent", ANYTHING, ids=lambda sent: str(sent)[:24])
@pytest.mark.parametrize("name", CALLBACKS)
def test_a_browser_may_send_anything(monkeypatch, name, sent):
    callback, key, value = CALLBACKS[name]
    held = {key: SimpleNamespace(**{value: sent})}
    monkeypatch.setattr(st, "session_state", held)
    callback()
    changed = {other: value for other, value in held.items() if other != key}
    assert changed in ({}, {"acts_x": -1.0}, {"acts_x": 0.5}) and (name == "activations" or not changed)


@pytest.mark.parametrize("sent", ANYTHING, ids=lambda sent: str(sent)[:24])
def test_what_handles_charts_and_patches_are_told(monkeypatch, sent):
    assert taken(Plan(), sent, {"stages.0.0": 32}) == Plan() and occlusion.checked(sent, 224) is None
    for state in (sent, {"selection": sent}, {"selection": {"points": sent}}, {"selection": {"points": [{"customdata": sent}]}}):
        monkeypatch.setattr(st, "session_state", {"chart": state})
        picked_block("chart", {"stages.0.0"})
        assert st.session_state == {"chart": state} or sent != sent


@pytest.mark.parametrize("x", [-8, 8.0, 0, -1.2785])
def test_a_place_on_the_curves_is_taken(monkeypatch, x):
    monkeypatch.setattr(st, "session_state", {"activation": SimpleNamespace(moved=x)})
    activations._moved()
    assert st.session_state["acts_x"] == x and type(st.session_state["acts_x"]) is float
