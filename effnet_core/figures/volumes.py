"""A unit of the network as volumes in proportion: where every box, line and word of its drawing stands, as plain data.

A box is as long as its channels, as high and as deep as its map, each in proportion to the largest in the drawing. `wide` runs from
left to right, `tall` from top to bottom for a narrow screen. Coordinates are pixels; nothing is scaled when it is drawn, so that words
keep their size.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ..architecture import Shape

THIN = 3.0  # pixels; nothing is drawn thinner
SLANT = 0.32  # how far the depth of a box runs to the upper right, per pixel of its side
LINE = 15  # pixels between lines of words
CHARACTER = 6.2  # pixels, of 12-pixel type, on the safe side


class Step(NamedTuple):
    """What turns one volume into the next."""

    id: str  # of the layer; "pool" for global pooling
    above: tuple[str, ...]  # words above its arrow, the name first
    below: tuple[str, ...]
    output: Shape
    squeeze: int = 0  # of squeeze-and-excitation, which is drawn as a branch


class Flow(NamedTuple):
    """A unit from its input to its output."""

    input: Shape
    steps: tuple[Step, ...]
    skip: bool  # whether the input is added at the end
    shortcut: Step | None = None  # the convolution on the way of the skip
    after: str = ""  # the activation after the sum


class Box(NamedTuple):
    """The front face from (x, y), `width` by `height`, and how far it goes back."""

    x: float
    y: float
    width: float
    height: float
    back: float

    @property
    def right(self) -> float:
        return self.x + self.width + self.back

    @property
    def middle(self) -> float:
        return self.x + (self.width + self.back) / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Scale(NamedTuple):
    channels: float
    side: float

    def box(self, shape: Shape, x: float, centre: float) -> Box:
        """The box of `shape` from `x` on, its middle height at `centre`."""
        width, side = max(THIN, self.channels * shape.channels), max(THIN, self.side * shape.height)
        return Box(x, centre - (side * (1 - SLANT)) / 2, width, side, SLANT * side)


def scale(flow: Flow, length: float, side: float) -> Scale:
    """By which the widest volume gets `length` pixels and the largest map `side`."""
    shapes = [flow.input, *(step.output for step in flow.steps)]
    return Scale(length / max(s.channels for s in shapes), side / max(s.height for s in shapes))


def room(text: str) -> float:
    return CHARACTER * len(text)


class Part(NamedTuple):
    """What is lit together: a layer with the volume that it makes, or the input, or the skip connection."""

    id: str
    boxes: list[Box]
    needles: list[tuple[float, float, float]]  # vectors of 1 × 1: x, y, length
    lines: list[tuple[str, bool, bool]]  # path, whether it ends in an arrow, whether it is dashed
    words: list[tuple[str, float, float, str, bool]]  # text, x, y, anchor, whether it is strong
    nodes: list[tuple[str, float, float]]  # "×" and "+" in a circle

    def arrow(self, *points: tuple[float, float], dashed: bool = False) -> None:
        """A line through `points` that ends in an arrow."""
        self.lines.append(("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points), True, dashed))

    def say(self, lines: Iterable[str], x: float, y: float, anchor: str = "middle", strong: bool = False) -> None:
        """Lines of words, one below the other; `strong` is the first."""
        self.words.extend((line, x, y + LINE * place, anchor, strong and place == 0) for place, line in enumerate(lines))


def part(id: str) -> Part:
    return Part(id, [], [], [], [], [])


def drawing(width: float, height: float, parts: list[Part]) -> dict:
    """JSON values."""
    return {"width": round(width, 1), "height": round(height, 1), "parts": [_plain(p) for p in parts]}


def _plain(p: Part) -> dict:
    def cut(values):
        return [round(v, 1) if isinstance(v, float) else v for v in values]

    return {name: value if name == "id" else [cut(row) for row in value] for name, value in p._asdict().items()}


def shape_text(shape: Shape) -> str:
    """`96 × 112 × 112`; a vector stays a vector: `1,280`."""
    return f"{shape.channels:,} × {shape.height:,} × {shape.width:,}" if shape.height * shape.width > 1 else f"{shape.channels:,}"
