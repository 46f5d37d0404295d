"""What a ReLU after the projection would do to the bundled network, on one of the sample photos; measured once for all visitors."""

from statistics import median

import streamlit as st

from effnet_core.figures import rectified as figures
from effnet_core.lessons.rectified import all_cut, cuts
from effnet_core.palette import percent

from .. import html, lesson, memory, shell, state
from ..components import picked_block
from .bundled import look, photos

SLUG = "spiral"
BYTES = 20_000  # of a measurement


def show() -> None:
    _, at = look(photos("linear_photo"))
    best = at.untouched.top(1)[0]
    extra = memory.need(at.network).extra

    def make() -> tuple:
        return cuts(at.model, at.untouched, best.index), all_cut(at.model, at.untouched, best.index)

    with st.spinner("A pass for every block…"):
        found, everywhere = at.kept("rectified", make, BYTES, extra)
    figure = figures.cuts(found, best.probability, best.label, shell.theme(), state.selected(at.network))
    st.plotly_chart(figure, theme=None, key="linear_cuts", config={"displayModeBar": False}, selection_mode="points",
                    on_select=lambda: picked_block("linear_cuts", {cut.block for cut in found}),
                    alt=f"Share of negative numbers after every projection, and the probability of {best.label} with a ReLU there")
    kept, bare = (median(cut.probability for cut in found if cut.skip is skip) for skip in (True, False))
    least, most = (pick(found, key=lambda cut: cut.negative) for pick in (min, max))
    blocks = {"least": percent(least.negative), "least_block": least.block, "most": percent(most.negative), "most_block": most.block}
    guess = {"before": percent(best.probability), "after": percent(everywhere), "kept": percent(kept), "bare": percent(bare)}
    st.markdown(lesson.text(SLUG, "real_found", model=at.entry.name, label=html.plain(best.label), **blocks, **guess))
