"""The drawing of procedural scenes: one textured, coloured shape before a busy background, many images at once.

Lengths are in half image sides: an image spans [-1, 1]², x to the right and y down, so one scene looks the same at any side.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class SceneClass(NamedTuple):
    colour: str
    texture: str
    shape: str

    @property
    def label(self) -> str:
        return " ".join(self)


# A chain: neighbours differ in exactly one attribute, all other pairs in two or three. Every attribute makes the difference
# three times, so that colour, texture and shape, or any two of them, leave classes that only the missing one separates.
CLASSES = (
    SceneClass("red", "plain", "disc"),
    SceneClass("red", "striped", "disc"),
    SceneClass("red", "striped", "star"),
    SceneClass("blue", "striped", "star"),
    SceneClass("blue", "striped", "square"),
    SceneClass("blue", "dotted", "square"),
    SceneClass("yellow", "dotted", "square"),
    SceneClass("yellow", "dotted", "triangle"),
    SceneClass("green", "dotted", "triangle"),
    SceneClass("green", "plain", "triangle"),
)
HUES = {"red": 0.99, "yellow": 0.13, "green": 0.36, "blue": 0.61}  # of the circle of hues, which has length 1
OUTLINE = 0.06  # its width
OBSTACLES = 7  # ellipses behind the object, from round to so long that they are bands and lines


class Dice:
    """Uniform draws for `count` images from one generator."""

    def __init__(self, seed: int, count: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.count = count

    def __call__(self, low: float, high: float, *shape: int) -> Tensor:
        return torch.rand((self.count, *shape), generator=self.generator).mul_(high - low).add_(low)  # N …

    def chance(self, probability: float, *shape: int) -> Tensor:
        return self(0.0, 1.0, *shape) < probability


def rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Colours of any shape (…) as red, green and blue in 0 … 1 (… 3)."""
    k = (hue[..., None] * 6 + torch.tensor([5.0, 3.0, 1.0])) % 6
    return value[..., None] * (1 - saturation[..., None] * torch.minimum(k, 4 - k).clamp(0, 1))


def axis(side: int) -> Tensor:
    """The centres of `side` pixels."""
    return (torch.arange(side) * 2 + 1) / side - 1


def plane(x: Tensor, y: Tensor, centre: tuple[Tensor, Tensor], angle: Tensor, unit: Tensor | float = 1.0) -> Tensor:
    """How far every pixel lies from `centre` in direction `angle`, in `unit`s: N H W; `x` and `y` are axes, the others N."""
    along_x = (angle.cos() / unit)[:, None] * (x - centre[0][:, None])
    along_y = (angle.sin() / unit)[:, None] * (y - centre[1][:, None])
    return along_x[:, None, :] + along_y[:, :, None]


def _clouds(dice: Dice, x: Tensor, y: Tensor, waves: int = 5) -> Tensor:
    """Smooth coloured noise: plane waves, each with its own colour. sin(p + q) = sin p cos q + cos p sin q makes it one product."""
    p, q = dice(-4.5, 4.5, waves, 1) * x + dice(0, math.tau, waves, 1), dice(-4.5, 4.5, waves, 1) * y  # N F W, N F H
    across, down = torch.cat([p.sin(), p.cos()], 1), torch.cat([q.cos(), q.sin()], 1)  # N 2F …
    colour = dice(-0.11, 0.11, 3, waves).repeat(1, 1, 2)  # N 3 2F
    return (colour[:, :, None] * down.mT[:, None]) @ across[:, None]  # N 3 H W


def _hue(dice: Dice, count: int) -> Tensor:
    """Half of them near a class colour, so that counting colours does not give the class away; half anywhere."""
    named = torch.tensor(list(HUES.values()))[dice(0, len(HUES), count).long()] + dice(-0.03, 0.03, count)
    return torch.where(dice.chance(0.5, count), named, dice(0, 1, count))


def _obstacles(dice: Dice, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Ellipses, from blobs to bands and lines: opacities (N K H W) and colours (N K 3).

    An ellipse is 1 - q > 0 with a quadratic form q of the distances dx and dy, which is one matrix product.
    """
    k = OBSTACLES
    dx, dy = x - dice(-1.2, 1.2, k, 1), y - dice(-1.2, 1.2, k, 1)  # N K W, N K H
    minor = 0.03 * 12 ** dice(0, 1, k, 1)  # log-uniform: from a line of a pixel or two to the size of the object
    major, angle = minor * 60 ** dice(0, 1, k, 1), dice(0, math.pi, k, 1)
    cos, sin, long, short = angle.cos(), angle.sin(), major**-2, minor**-2
    slope = minor * len(x) / 4  # of the edge: one pixel along the short axis
    rows = torch.stack([torch.ones_like(dy) * (cos**2 * long + sin**2 * short), 2 * cos * sin * (long - short) * dy,
                        (sin**2 * long + cos**2 * short) * dy**2 - 1 - 0.5 / slope], -1)  # N K H 3
    columns = torch.stack([dx**2, dx, torch.ones_like(dx)], -2)  # N K 3 W
    return (rows * -slope[..., None]) @ columns, rgb(_hue(dice, k), dice(0.2, 0.95, k), dice(0.25, 1.0, k))


def _polygon(u: Tensor, v: Tensor, sides: int, inradius: float) -> Tensor:
    """A regular polygon is where the largest of its half planes' distances is below zero."""
    largest = torch.full_like(u, -math.inf)
    for k in range(sides):
        angle = math.tau * k / sides - math.pi / 2
        largest = torch.maximum(largest, torch.add(u * math.cos(angle), v, alpha=math.sin(angle)))
    return largest - inradius


def _star(u: Tensor, v: Tensor, inradius: float) -> Tensor:
    """A pentagram is where at least four of five half planes hold: their second largest distance is below zero."""
    largest = second = torch.full_like(u, -math.inf)
    for k in range(5):
        angle = math.tau * k / 5 + math.pi / 2
        distance = torch.add(u * math.cos(angle), v, alpha=math.sin(angle))
        second = torch.maximum(second, torch.minimum(largest, distance))
        largest = torch.maximum(largest, distance)
    return second - inradius


# Signed distances (negative inside) for coordinates in object radii; the sizes give all four a similar weight.
SHAPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "disc": lambda u, v: torch.hypot(u, v) - 0.88,
    "square": lambda u, v: torch.maximum(u.abs(), v.abs()) - 0.78,
    "star": lambda u, v: _star(u, v, 0.45),
    "triangle": lambda u, v: _polygon(u, v, 3, 0.62),
}
# How far inside the ink a point is, for coordinates in periods of the texture.
TEXTURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "plain": lambda u, v: torch.full_like(u, -1.0),
    "striped": lambda u, v: 0.25 - (u - u.round()).abs(),
    "dotted": lambda u, v: 0.3 - torch.hypot(u - u.round(), v - v.round()),
}


def _by_kind(functions: dict[str, Callable[[Tensor, Tensor], Tensor]], kinds: list[str], u: Tensor, v: Tensor) -> Tensor:
    """Image i's own function `functions[kinds[i]]` of (u, v), evaluated once per kind: N H W."""
    result = torch.empty_like(u)
    for kind, function in functions.items():
        if rows := [i for i, own in enumerate(kinds) if own == kind]:
            result[rows] = function(u[rows], v[rows])
    return result


def _object(dice: Dice, x: Tensor, y: Tensor, classes: list[SceneClass]) -> tuple[Tensor, Tensor]:
    """The object's shadow, body, ink and outline: opacities (N 4 H W) and colours (N 4 3)."""
    radius = dice(0.52, 0.80)
    room = 0.95 - 0.85 * radius
    centre, turn, right = (dice(-1, 1) * room, dice(-1, 1) * room), dice(0, math.tau), math.pi / 2
    u, v = plane(x, y, centre, turn, radius), plane(x, y, centre, turn + right, radius)
    distance = _by_kind(SHAPES, [c.shape for c in classes], u, v)
    period, lean, anchor = dice(0.22, 0.34), dice(0, math.tau), (dice(-1, 1), dice(-1, 1))
    u, v = plane(x, y, anchor, lean, period), plane(x, y, anchor, lean + right, period)
    depth = _by_kind(TEXTURES, [c.texture for c in classes], u, v)

    pixels = len(x) / 2  # per unit of length
    edge = distance * (radius * pixels)[:, None, None]  # pixels outside the outline
    shadow = (0.35 - 3.2 / pixels * edge).clamp_(max=0.35)
    body = (0.5 - edge).clamp_(0, 1)
    ink = (depth * (period * pixels)[:, None, None]).add_(0.5).clamp_(0, 1).mul_(dice(0.6, 1.0)[:, None, None])
    outline = (edge + (0.5 + OUTLINE * pixels)).clamp_(0, 1)

    hue, light = torch.tensor([HUES[c.colour] for c in classes]) + dice(-0.035, 0.035), dice.chance(0.5).float()
    black = torch.zeros(dice.count)
    colours = [rgb(hue, black, black), rgb(hue, dice(0.65, 0.95), dice(0.68, 1.0)),
               rgb(hue, 0.6 - 0.5 * light, 0.15 + 0.8 * light), rgb(hue, black + 0.8, black + 0.2)]
    return torch.stack([shadow, body, body * ink, body * outline], 1), torch.stack(colours, 1)


def _paint(ground: Tensor, cover: Tensor, colour: Tensor) -> Tensor:
    """Layers with opacities `cover` (N K H W) and colours (N K 3) over `ground` (N 3 H W), the last on top. Changes `cover`."""
    seen = torch.ones_like(cover[:, 0])  # what the layers above let through
    for layer in reversed(cover.clamp_(0, 1).unbind(1)):
        seen -= layer.mul_(seen)
    return torch.baddbmm((ground * seen[:, None]).flatten(2), colour.mT, cover.flatten(2)).view_as(ground)


def render(dice: Dice, labels: list[int], side: int) -> Tensor:
    """One scene per label, N 3 H W in 0 … 1, in steps of 1/255 as a PNG would hold it."""
    x = y = axis(side)
    ground = rgb(_hue(dice, 1), dice(0.1, 0.6, 1), dice(0.35, 0.9, 1)).mT[..., None] + _clouds(dice, x, y)
    image = _paint(ground, *_obstacles(dice, x, y))
    image = _paint(image, *_object(dice, x, y, [CLASSES[i] for i in labels]))

    middle = torch.zeros(dice.count)
    image *= 1 + plane(x, y, (middle, middle), dice(0, math.tau), 1 / dice(0.01, 0.22))[:, None]  # light from one side
    image += dice(-0.035, 0.035, 1, side, side)  # the sensor's noise
    return image.mul_(255).round_().clamp_(0, 255).div_(255)
