"""The volumes of a unit from left to right."""

from ..architecture import Shape
from .volumes import LINE, THIN, Box, Flow, Part, Scale, Step, drawing, part, room, scale, shape_text

LENGTH, SIDE = 84.0, 84.0  # of the largest box
EDGE = 10.0
BRANCH = 124.0  # between the volumes before and after the gates
DROP = 118.0  # from the main line down to the vectors of squeeze-and-excitation


def wide(flow: Flow) -> dict:
    """The skip connection above, the main line in the middle, squeeze-and-excitation below it."""
    sizes, centre = scale(flow, LENGTH, SIDE), _centre(flow)
    box = _first(flow, sizes, centre)
    entry = part("input")
    _volume(entry, box, flow.input, centre)
    entry.arrow((0, centre), (box.x - 2, centre))
    parts = [entry]
    for step, before in zip(flow.steps, (flow.input, *(step.output for step in flow.steps))):
        box = _step(parts, step, box, before, sizes, centre)
    end = _end(parts, flow, box, centre)
    lowest = centre + (DROP + 3 * LINE + 6 if any(step.squeeze for step in flow.steps) else 82)
    return drawing(end + EDGE, lowest, parts)


def _centre(flow: Flow) -> float:
    return 84.0 + (26 if flow.skip else 0) + (14 if flow.shortcut else 0)


def _first(flow: Flow, sizes: Scale, centre: float) -> Box:
    box = sizes.box(flow.input, 0.0, centre)
    half = max(room(shape_text(flow.input)), box.width + box.back) / 2
    return box._replace(x=EDGE + 14 + half - (box.width + box.back) / 2)


def _volume(to: Part, box: Box, shape: Shape, centre: float) -> None:
    to.boxes.append(box)
    to.say([shape_text(shape)], box.middle, centre - 0.66 * SIDE - 8)


def _step(parts: list[Part], step: Step, before: Box, shape: Shape, sizes: Scale, centre: float) -> Box:
    """Adds the part of one layer: its arrow or branch, its words, and the volume after it."""
    box, own = _after(step, before, shape, sizes, centre), part(step.id)
    if step.squeeze:
        _branch(own, step, before, box, sizes, centre)
    else:
        own.arrow((before.right + 2, centre), (box.x - 2, centre))
        middle = (before.right + box.x) / 2
        own.say(step.above, middle, centre - 9 - LINE * (len(step.above) - 1), strong=True)
        own.say(step.below, middle, centre + 17)
    _volume(own, box, step.output, centre)
    parts.append(own)
    return box


def _after(step: Step, before: Box, shape: Shape, sizes: Scale, centre: float) -> Box:
    """The volume that `step` makes of `shape`, as near as the words between and above the two allow."""
    text = max(map(room, step.above + step.below), default=0) + 20
    box = sizes.box(step.output, before.right + (BRANCH if step.squeeze else max(64.0, text)), centre)
    apart = (room(shape_text(shape)) + room(shape_text(step.output))) / 2 + 12
    return box._replace(x=box.x + max(0.0, apart - (box.middle - before.middle)))


def _branch(own: Part, step: Step, before: Box, after: Box, sizes: Scale, centre: float) -> None:
    """Squeeze-and-excitation: down to one number per channel, through the few, up again as gates onto the main line."""
    times, y = before.right + 0.55 * (after.x - before.right), centre + DROP
    own.arrow((before.right + 2, centre), (times - 10, centre))
    own.arrow((times + 10, centre), (after.x - 2, centre))
    own.nodes.append(("×", times, centre))
    length, small, gates = before.width, max(THIN, sizes.channels * step.squeeze), times - 8
    few, half = (before.x + length + gates - small) / 2, before.x + length / 2
    own.needles.extend([(before.x, y, length), (few, y, small), (gates, y, length)])
    own.arrow((half, before.bottom + 3), (half, y - 6))
    own.arrow((before.x + length + 3, y), (few - 3, y))
    own.arrow((few + small + 3, y), (gates - 3, y))
    own.arrow((times, y - 5), (times, centre + 11))
    _branch_words(own, step, (half, few + small / 2, gates + length / 2), (half + times) / 2, y)


def _branch_words(own: Part, step: Step, places: tuple[float, float, float], middle: float, y: float) -> None:
    """`places` are the middles of the three vectors."""
    channels, (activation, *counts) = f"{step.output.channels:,}", step.below
    own.say(step.above, middle, y - 46, strong=True)
    below = (f"{channels} means",), (f"{step.squeeze:,}", activation, " · ".join(counts)), (f"{channels} gates", "sigmoid")
    for x, lines in zip(places, below):
        own.say(lines, x, y + 19)


def _end(parts: list[Part], flow: Flow, box: Box, centre: float) -> float:
    """The sum, where there is one, and the way out; returns where the drawing ends."""
    clear = max(box.right, box.middle + room(shape_text(flow.steps[-1].output)) / 2)
    if not flow.skip:
        parts.append(part("output"))
        parts[-1].arrow((box.right + 2, centre), (clear + 26, centre))
        return clear + 26
    plus, own = clear + 18, part("sum")
    parts.extend([_around(flow, plus, centre), own])
    end = plus + (46 if flow.after else 26)
    own.arrow((box.right + 2, centre), (plus - 10, centre))
    own.arrow((plus + 10, centre), (end, centre))
    own.nodes.append(("+", plus, centre))
    own.say(filter(None, [flow.after]), plus + 30, centre + 24)
    return end


def _around(flow: Flow, plus: float, centre: float) -> Part:
    """The skip connection to the sum at `plus`, with the layer that stands on it."""
    own, top = part(flow.shortcut.id if flow.shortcut else "skip"), 18.0 + (14 if flow.shortcut else 0)
    own.arrow((8, centre), (8, top), (plus, top), (plus, centre - 11), dashed=True)
    words = " · ".join((*flow.shortcut.above, *flow.shortcut.below)) if flow.shortcut else "skip connection: the input is added"
    own.say([words], (8 + plus) / 2, top - 6, strong=bool(flow.shortcut))
    return own
