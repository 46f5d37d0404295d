"""The controls that several pages show: how the network is scaled."""

import streamlit as st

from effnet_core.families import PUBLISHED, UNSCALED
from effnet_core.scaling import Compound, Scaling

from . import state
from .state import BASES, BOUND, NAMES, RANGES

PRESETS = {  # the paper's Table 7: one dimension at a time, then all three
    "φ = 0": (0.0, 1.2, 1.1, 1.15),
    "φ = 1": (1.0, 1.2, 1.1, 1.15),
    "φ = 3": (3.0, 1.2, 1.1, 1.15),
    "φ = 7": (7.0, 1.2, 1.1, 1.15),
    "4× deeper": (2.0, 2.0, 1.0, 1.0),
    "2× wider": (1.0, 1.0, 2.0, 1.0),
    "2× sharper": (1.0, 1.0, 1.0, 2.0),
    "All three": (1.0, 1.4, 1.2, 1.3),
}
SLIDERS = {
    "phi": ("φ, how much larger", 0.1, "%.1f",
            "The one number of compound scaling: each step of φ is meant to double the work. 0 is the base network."),
    "alpha": ("α, depth", 0.01, "%.2f", "Every stage gets α^φ times as many blocks, rounded up. The paper found 1.2."),
    "beta": ("β, width", 0.01, "%.2f", "Every layer gets β^φ times as many channels, in multiples of 8. The paper found 1.1."),
    "gamma": ("γ, resolution", 0.01, "%.2f", "The image gets γ^φ times as many pixels on each side. The paper found 1.15."),
}


def _apply_preset() -> None:
    if chosen := st.session_state.get("preset"):
        state.put(source="Formula", **dict(zip(RANGES, PRESETS[chosen])))
        st.session_state["preset"] = None


def scaling(shown: str) -> None:
    """Formula or published name, and the sliders or the choice that go with it; `shown` is "all", "phi" or "none".

    Every control is drawn on every page at the same place, and a style hides what is not shown: a control that is missing or
    elsewhere on one page loses its place in the address there.
    """
    with st.container(key="controls"):
        st.segmented_control("The network comes from", ["Formula", "Published"], default="Formula", required=True, width="stretch",
                             help="The paper's formula with your φ, α, β, γ, or a network as it was released. "
                                  "The released B1 to B7 follow no single φ: they are a table.",
                             **state.bound("source"))
        st.selectbox("Published network", list(NAMES), index=0, **state.bound("name"))
        with st.container(key="row"):
            st.caption(_row(NAMES[state.get("name")]))
        st.selectbox("Base network, at φ = 0", list(BASES), index=0, help="What the formula multiplies. The paper scales its own B0, and to show that the rule "
                     "is general, MobileNets and ResNet-50 (Table 3).", **state.bound("base"))
        for key in SLIDERS:
            _slider(key)
        with st.container(key="meter"):
            _meter()
        if shown == "all":  # the address does not know it; for letters that are not ASCII Streamlit imports all emojis, which takes a moment at the start
            st.pills("Try", list(PRESETS), key="preset", on_change=_apply_preset, wrap=True)
        st.html(f"<style>{_hidden(shown, state.get('source'))}</style>")


def _hidden(shown: str, source: str) -> str:
    if shown == "none":
        return '[data-testid="stColumn"]:has(.st-key-controls) { display: none; }'
    hidden = {"name", "row"} if source == "Formula" else {"base", *SLIDERS, "meter", "preset"}
    if shown == "phi" and source == "Formula":
        hidden |= {"source", "base", "alpha", "beta", "gamma", "meter", "preset"}
    return ", ".join(f".st-key-{key}" for key in sorted(hidden)) + " { display: none; }"


def _slider(key: str) -> None:
    label, step, pattern, explain = SLIDERS[key]
    st.slider(label, *RANGES[key], BOUND[key], step, format=pattern, help=explain, **state.bound(key))


def _row(name: str) -> str:
    if name in UNSCALED:
        return "As its authors published it, unscaled. As the base of the formula it can be scaled."
    row: Scaling = PUBLISHED[name][1]
    return f"Depth × {row.depth:g}, width × {row.width:g}, {row.side} px, dropout {row.dropout:g}: one row of the released table."


def _meter() -> None:
    formula = Compound(*(state.get(key) for key in RANGES))
    product = formula.constraint
    verdict = "close to 2, as the paper asks" if 1.9 <= product <= 2.1 else "the paper asks for about 2"
    share = min(100.0, 100 * product / 4)
    st.html(f'<div class="ef-meter" role="img" aria-label="α·β²·γ² is {product:.3f}; {verdict}">'
            f'<span>α·β²·γ² = <b>{product:.3f}</b></span><span class="ef-track"><i style="width:{share:.1f}%"></i><u></u></span>'
            f'<small>{verdict}</small></div>')
