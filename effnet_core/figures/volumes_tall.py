"""The volumes of a unit from top to bottom, for a narrow screen."""

from ..architecture import Shape
from .volumes import LINE, THIN, Box, Flow, Part, Scale, Step, drawing, part, scale, shape_text

LENGTH, SIDE = 72.0, 60.0  # of the largest box
WIDTH = 330.0
MAIN = 120.0  # where the main line runs down
WORDS = 196.0  # where the words right of it begin
NEEDLES = 148.0  # where the vectors of squeeze-and-excitation begin
ROW = 42.0  # from one vector to the next
BACK = 10.0  # where the skip connection runs down


def tall(flow: Flow) -> dict:
    """The skip connection on the left, the main line in the middle, squeeze-and-excitation on its right."""
    sizes, parts = scale(flow, LENGTH, SIDE), [part("input")]
    top = 24.0 if flow.skip else 14.0
    parts[0].arrow((MAIN, 0), (MAIN, top - 2))
    box = _volume(parts[0], flow.input, top, sizes)
    for step in flow.steps:
        own = part(step.id)
        y = _branch(own, step, box, sizes) if step.squeeze else _arrow(own, step, box)
        box = _volume(own, step.output, y, sizes)
        parts.append(own)
    return drawing(WIDTH, _end(parts, flow, box) + 4, parts)


def _volume(to: Part, shape: Shape, top: float, sizes: Scale) -> Box:
    """The box of `shape` below `top`, its front face centred on the main line, its words on the right."""
    box = sizes.box(shape, 0.0, 0.0)
    box = box._replace(x=MAIN - box.width / 2, y=top + box.back)
    to.boxes.append(box)
    to.say([shape_text(shape)], WORDS, box.y + (box.height - box.back) / 2 + 4, "start")
    return box


def _arrow(own: Part, step: Step, before: Box) -> float:
    lines = [*step.above, *step.below]
    end = before.bottom + LINE * len(lines) + 22
    own.arrow((MAIN, before.bottom + 3), (MAIN, end - 3))
    own.say(lines, WORDS, before.bottom + 24, "start", strong=True)
    return end


def _branch(own: Part, step: Step, before: Box, sizes: Scale) -> float:
    """Squeeze-and-excitation: one number per channel, through the few, up again as gates onto the main line."""
    start, length, small = before.bottom + 3, before.width, max(THIN, sizes.channels * step.squeeze)
    means, few, gates = (before.bottom + 30 + ROW * place for place in range(3))
    middle, branch = NEEDLES + length / 2, min(MAIN + length / 2 - 4, NEEDLES + 4)
    own.arrow((MAIN, start), (MAIN, gates - 11))
    own.arrow((branch, start), (branch, means - 5))
    own.arrow((middle, means + 5), (middle, few - 5))
    own.arrow((middle, few + 5), (middle, gates - 5))
    own.arrow((NEEDLES - 2, gates), (MAIN + 11, gates))
    own.arrow((MAIN, gates + 10), (MAIN, gates + 25))
    own.needles.extend([(NEEDLES, means, length), (middle - small / 2, few, small), (NEEDLES, gates, length)])
    own.nodes.append(("×", MAIN, gates))
    channels, (activation, *counts), right = f"{step.output.channels:,}", step.below, NEEDLES + length + 10
    for y, lines in ((means, (f"{channels} means",)), (few, (f"{step.squeeze:,}", activation)), (gates, (f"{channels} gates", "sigmoid"))):
        own.say(lines, right, y + 4, "start")
    own.say([*step.above, *counts], MAIN - 12, means, "end", strong=True)
    return gates + 28


def _end(parts: list[Part], flow: Flow, box: Box) -> float:
    """The sum, where there is one, and the way out; returns where the drawing ends."""
    if not flow.skip:
        parts.append(part("output"))
        parts[-1].arrow((MAIN, box.bottom + 3), (MAIN, box.bottom + 24))
        return box.bottom + 24
    plus, own = box.bottom + 32, part("sum")
    parts.extend([_around(flow, plus, parts[0].boxes[0].bottom + 24), own])
    own.arrow((MAIN, box.bottom + 3), (MAIN, plus - 11))
    own.arrow((MAIN, plus + 10), (MAIN, plus + 30))
    own.nodes.append(("+", MAIN, plus))
    own.say(filter(None, ("the input is added", flow.after)), WORDS, plus + 4, "start")
    return plus + 30


def _around(flow: Flow, plus: float, y: float) -> Part:
    """The skip connection to the sum at `plus`, with the words of the layer that stands on it from `y` on."""
    own = part(flow.shortcut.id if flow.shortcut else "skip")
    own.arrow((MAIN, 8), (BACK, 8), (BACK, plus), (MAIN - 11, plus), dashed=True)
    if flow.shortcut:
        own.say((*flow.shortcut.above, *flow.shortcut.below), BACK + 8, y, "start", strong=True)
    return own
