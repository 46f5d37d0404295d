"""The last step of the tour: a network that is deeper, wider and sharper than B0, within a budget; and what is still missing."""

from functools import cache

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from effnet_core.families import published

MACS = (1.9, 2.0)  # times B0's: the double work, really
PARAMS = 1.6  # at most, times B0's
LIMITS = {"low": f"{MACS[0]:g}", "high": f"{MACS[1]:g}", "most": f"{PARAMS:g}"}


@cache
def b0() -> Cost:
    return cost(published("b0"))


def times(total: Cost, digits: int = 3) -> dict[str, str]:
    """How many times B0's cost it is."""
    return {"macs": f"{total.macs / b0().macs:.{digits}g}", "params": f"{total.params / b0().params:.{digits}g}"}


def missing(made: Architecture | None, source: str) -> list[str]:
    """What the network still lacks, or has too much of; empty where it is as it should be."""
    base = published("b0")
    if made is None or made.family is not base.family or source != "Formula":
        return ["a network by the formula, from the base B0"]
    total = cost(made)
    wanted = {
        "deeper": len(made.blocks) > len(base.blocks),
        "wider": any(a.output.channels > b.output.channels for a, b in zip(made.stages, base.stages)),
        "sharper": made.scaling.side > base.scaling.side,
        "more MACs": total.macs >= MACS[0] * b0().macs,
        "fewer MACs": total.macs <= MACS[1] * b0().macs,
        "fewer parameters": total.params <= PARAMS * b0().params,
    }
    return [name for name, reached in wanted.items() if not reached]


def now(made: Architecture | None, source: str) -> tuple[str, dict[str, str]]:
    """A section of the tour's text, and its numbers."""
    here = {"macs": "–", "params": "–"} if made is None else times(cost(made), 4)
    left = missing(made, source)
    return ("yourself_missing", {**here, "missing": ", ".join(left)}) if left else ("yourself_done", here)
