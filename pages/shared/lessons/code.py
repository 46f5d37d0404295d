"""The code of a lesson in two dialects, to copy or to take home, and what came of running it."""

import streamlit as st

from effnet_core.lessons import code_keras, code_torch
from effnet_core.lessons.design import Design
from effnet_core.lessons.parts import Part

from .. import lesson, shell


DIALECTS = {"pytorch": code_torch, "keras": code_keras}


def show(slug: str, made: Design | Part) -> None:
    """Tabs with the code for exactly these numbers, and below them what it did here."""
    write = "block" if isinstance(made, Design) else "module"
    for tab, (name, room) in zip(st.tabs(["PyTorch", "Keras"]), DIALECTS.items()):
        text = getattr(room, write)(made)
        with tab:
            with st.container(height=430, border=False, key=f"{slug}_{name}_code"):
                st.code(text, language="python", wrap_lines=True)
            st.download_button("Download", text, f"{slug}_{name}.py", "text/x-python", icon=":material/download:", on_click="ignore",
                               key=f"{slug}_{name}_file")
    _ran(slug, made)


@st.cache_resource(show_spinner="Loading PyTorch…")
def _ready() -> None:
    """Once per server: torch, and what its run on shapes alone needs at first."""
    shell.boot_torch()
    from effnet_core.lessons import running

    running.run(Design(side=336))
    shell.freeze()  # that run imported as much again


def _ran(slug: str, made: Design | Part) -> None:
    """The PyTorch code, run in this process."""
    _ready()
    from effnet_core.lessons import running

    run = running.run(made)
    agrees = run.params == made.params and run.output == (1, *made.output)
    came, left = (" × ".join(f"{number:,}" for number in shape) for shape in ((1, *made.input), run.output))
    how = lesson.text("code", "numbers" if run.spread is not None else "shapes", spread=f"{run.spread or 0:.3g}")
    kept = lesson.text("code", "buffers", buffers=f"{run.buffers:,}") + " " if run.buffers else ""
    verdict = "as counted" if agrees else "not as counted"
    st.markdown(lesson.text("code", "ran", came=came, left=left, params=f"{run.params:,}", verdict=verdict, how=how, kept=kept))
