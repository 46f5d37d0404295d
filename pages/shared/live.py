"""What lets our components follow the hand on a slider before it is let go: see assets/live.js and assets/mirror.js."""

from functools import cache
from typing import Any

from effnet_core.figures import lab

from . import state
from .components import component


@cache
def _constants() -> dict:
    return lab.constants()


def engine() -> None:
    """Brings the mirror to the page; it is not seen. Its data never change, so that it travels once."""
    component("engine")(key="engine", data=_constants(), height="content")


def computable(metric: str) -> str:
    """What the mirror shows in place of `metric`: a time is measured, for one network."""
    return "macs" if metric == "time" else metric


def settings(theme: str, **more: Any) -> dict:
    """What a component's data belong to. Where its sliders stand elsewhere, the component shows what the mirror computes there; a
    published network has no sliders."""
    return {"live": state.get("source") == "Formula", "base": state.BASES[state.get("base")], "classes": 1000, "theme": theme,
            "wanted": state.get("layer"), **{key: state.get(key) for key in state.RANGES}, **more}
