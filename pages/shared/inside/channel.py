"""Which layer of the selected unit is looked at, and which of its channels: shared by the parts of the page and kept in the address."""

import re
from typing import NamedTuple

import numpy as np

from effnet_core.inside.arithmetic import CONVOLUTIONS
from effnet_core.inside.attribution import attributions
from effnet_core.inside.channels import Channels, summarise
from effnet_core.inside.geometry import Grid

from .. import memory, state
from ..seen import Look

TITLES = {"expand": "Expand", "depthwise": "Depthwise", "se": "After SE", "project": "Project", "pointwise": "Pointwise", "reduce": "Reduce",
          "spatial": "Spatial", "shortcut": "Shortcut"}
KINDS = {"output": ("output", "output"), "before": ("depthwise", "middle"), "after": ("se", "middle")}  # → part and space
NUMBERS = 64  # bytes per channel of what `summarise` says


class Part(NamedTuple):
    """One place in a unit where maps can be looked at. Parts of one `space` have the same channels."""

    id: str
    title: str
    layer: str  # its id; "" of input and output
    space: str


def _space(kind: str, part: str) -> str:
    if part in ("depthwise", "se") or (kind == "mbconv" and part == "expand"):
        return "middle" if kind == "mbconv" else "input"
    return part if part in ("reduce", "spatial") else "output"


def parts(at: Look, unit: str) -> dict[str, Part]:
    """Those of a unit other than the classifier, in the order of the data's way."""
    block = next((block for block in at.network.blocks if block.id == unit), None)
    found = [Part("input", "Input", "", "input")]
    if block is not None:
        has_se = any(layer.part == "se" for layer in block.layers)
        for layer in block.layers:
            title = "Depthwise (before SE)" if layer.part == "depthwise" and has_se else TITLES[layer.part]
            found.append(Part(layer.part, title, layer.id, _space(block.kind, layer.part)))
    return {part.id: part for part in (*found, Part("output", "Output", "", "output"))}


def part_of(at: Look, unit: str) -> Part:
    """The part that is looked at; the unit's output where it has no such part."""
    here = parts(at, unit)
    return here.get(state.get("maps"), here["output"])


class Values(NamedTuple):
    """The maps of a layer, C H W; where `before` is given, what has changed since."""

    now: np.ndarray
    before: np.ndarray | None = None

    def of(self, channels: np.ndarray | slice = slice(None)) -> np.ndarray:
        return self.now[channels] if self.before is None else self.now[channels] - self.before[channels]


def maps_of(at: Look, unit: str, part: Part) -> np.ndarray:
    """C H W."""
    if part.id == "output":
        return at.seen.outputs[unit]
    return at.seen.input_of(unit) if part.id == "input" else at.opened(unit).layers[part.layer]


def values_of(at: Look, unit: str, part: Part, difference: bool = False) -> Values:
    return Values(maps_of(at, unit, part), maps_of(at.bare, unit, part) if difference else None)


def channels_of(at: Look, unit: str, part: Part, difference: bool = False) -> Channels:
    """What the channels answered, in numbers."""
    values = values_of(at, unit, part, difference)
    return at.kept("channels", lambda: summarise(values.of()), NUMBERS * len(values.now), 3 * values.now.nbytes, unit, part.id, difference)


def grid_of(at: Look, unit: str, part: Part) -> Grid:
    """Where its cells look."""
    if part.id == "input":
        names, side = [*at.seen.outputs], at.seen.image.shape[-1]
        place = names.index(unit)
        return at.grids[names[place - 1]] if place else Grid(0.0, 1, 1, side, side)
    return at.grids[part.layer or unit]


def attributions_of(at: Look, unit: str, part: Part, label: int) -> np.ndarray:
    """What every channel adds to the logit of class `label`, to first order (C)."""
    opened, slopes = at.opened(unit), at.gradients(label)  # before their sums, so that memory is claimed for one thing at a time
    size = 8 * sum(len(layer) for layer in (opened.input, *opened.layers.values(), opened.output))
    found = at.kept("attributions", lambda: attributions(at.model, at.seen, opened, slopes), size,
                    memory.AUTOGRAD * memory.opened(at.network, unit), unit, label)
    return found[part.layer or part.id]


def choose(part: Part, channel: int) -> None:
    """In a callback: `part` is looked at, and this channel of it."""
    state.put(maps=part.id, channel=f"{part.space}.{channel}")


def pick(kind: str, channel: int) -> None:
    """In a callback: the same for the output of a block ("output"), or what goes into or comes out of its SE ("before", "after")."""
    part, space = KINDS[kind]
    state.put(maps=part, channel=f"{space}.{channel}")


def taken() -> int | None:
    """The channel of a block's widened middle that was picked, whatever the block."""
    picked = re.fullmatch(r"middle\.([0-9]{1,5})", state.get("channel"))
    return int(picked[1]) if picked else None


def chosen(at: Look, unit: str, part: Part) -> int:
    """The picked channel; where none was picked in channels such as these, or there are fewer, the one that answers most strongly in the
    untouched network, so that setting gates does not change which one is looked at."""
    picked, count = re.fullmatch(r"([a-z]+)\.([0-9]{1,5})", state.get("channel")), len(maps_of(at, unit, part))
    if picked and picked[1] == part.space and int(picked[2]) < count:
        return int(picked[2])
    return channels_of(at.bare, unit, part).strongest


def channel_of(at: Look, unit: str, kind: str) -> int:
    """The same for the kinds of `pick`; before and after SE it is the same one, the strongest before it where none was picked."""
    return chosen(at, unit, parts(at, unit)["output" if kind == "output" else "depthwise"])


def convolution(at: Look, unit: str, part: Part) -> str:
    """The id of the convolution that made these maps; "" where none did."""
    layer = part.layer or (unit if part.id == "output" else "")
    return layer if any(layer == each.id and each.operator in CONVOLUTIONS for each in at.network.layers) else ""


def ask(layer: str, channel: int, cell: tuple[int, int]) -> None:
    """In a callback: to the part of the page that computes this cell of a convolution by hand."""
    state.put(part="One cell", cell_layer=layer, cell_channel=str(channel), cell_at="{},{}".format(*cell))
