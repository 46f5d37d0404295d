"""The volumes of a unit from left to right."""

from ..architecture import Shape
from .volumes import LINE, Box, Flow, Part, Scale, Step, drawing, part, path, room, scale, shape_text

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
    entry.lines.append((path((0, centre), (box.x - 2, centre)), True, False))
    parts = [entry]
    for step, before in zip(flow.steps, (flow.input, *(step.output for step in flow.steps))):
        box = _step(parts, step, box, before, sizes, centre)
    end = _end(parts, flow, box, centre)
    lowest = centre + (DROP + 3 * LINE + 6 if any(step.squeeze for step in flow.steps) else 82)
    return drawing(end + EDGE, lowest, parts)


def _centre(flow: Flow) -> float:
    return 84.0 + (26 if flow.skip else 0) + (14 if flow.shortcut else 0)


def _label_y(centre: float) -> float:
    return centre - SIDE * 0.66 - 8


def _first(flow: Flow, sizes: Scale, centre: float) -> Box:
    box = sizes.box(flow.input, 0.0, centre)
    half = max(room(shape_text(flow.input)), box.width + box.back) / 2
    return box._replace(x=EDGE + 14 + half - (box.width + box.back) / 2)


def _volume(to: Part, box: Box, shape: Shape, centre: float) -> None:
    to.boxes.append(box)
    to.words.append((shape_text(shape), box.middle, _label_y(centre), "middle", False))


def _step(parts: list[Part], step: Step, before: Box, shape: Shape, sizes: Scale, centre: float) -> Box:
    """Adds the part of one layer: its arrow, its words, its branch and the volume after it."""
    text = max(map(room, step.above + step.below), default=0) + 20
    gap = BRANCH if step.squeeze else max(64.0, text)
    box = sizes.box(step.output, before.right + gap, centre)
    apart = (room(shape_text(shape)) + room(shape_text(step.output))) / 2 + 12
    if box.middle - before.middle < apart:
        box = box._replace(x=box.x + apart - (box.middle - before.middle))
    own = part(step.id)
    if step.squeeze:
        _branch(own, step, before, box, sizes, centre)
    else:
        own.lines.append((path((before.right + 2, centre), (box.x - 2, centre)), True, False))
        middle = (before.right + box.x) / 2
        for number, line in enumerate(reversed(step.above)):
            own.words.append((line, middle, centre - 9 - LINE * number, "middle", number == len(step.above) - 1))
        for number, line in enumerate(step.below):
            own.words.append((line, middle, centre + 17 + LINE * number, "middle", False))
    _volume(own, box, step.output, centre)
    parts.append(own)
    return box


def _branch(own: Part, step: Step, before: Box, after: Box, sizes: Scale, centre: float) -> None:
    """Squeeze-and-excitation: down to one number per channel, through the few, up again as gates onto the main line."""
    times, y = before.right + 0.55 * (after.x - before.right), centre + DROP
    own.lines.append((path((before.right + 2, centre), (times - 10, centre)), True, False))
    own.lines.append((path((times + 10, centre), (after.x - 2, centre)), True, False))
    own.nodes.append(("×", times, centre))
    length, small = before.width, max(3.0, sizes.channels * step.squeeze)
    start = times - 8
    few = (before.x + length + start - small) / 2
    own.needles.extend([(before.x, y, length), (few, y, small), (start, y, length)])
    half = before.x + length / 2
    own.lines.extend([(path((half, before.bottom + 3), (half, y - 6)), True, False), (path((before.x + length + 3, y), (few - 3, y)), True, False),
                  (path((few + small + 3, y), (start - 3, y)), True, False), (path((times, y - 5), (times, centre + 11)), True, False)])
    name, *rest = step.above
    own.words.extend([(name, (half + times) / 2, centre + 72, "middle", True), *((line, (half + times) / 2, centre + 72 + LINE * (n + 1), "middle", False)
                  for n, line in enumerate(rest))])
    channels = f"{step.output.channels:,}"
    for x, lines in ((half, (f"{channels} means",)), (few + small / 2, (f"{step.squeeze:,}", step.below[0])),
                     (start + length / 2, (f"{channels} gates", "sigmoid"))):
        own.words.extend([(line, x, y + 19 + LINE * n, "middle", False) for n, line in enumerate(lines)])
    own.words.append((" · ".join(step.below[1:]), few + small / 2, y + 19 + 2 * LINE, "middle", False))


def _end(parts: list[Part], flow: Flow, box: Box, centre: float) -> float:
    """The sum, where there is one, and the way out; returns where the drawing ends."""
    clear = max(box.right, box.middle + room(shape_text(flow.steps[-1].output)) / 2)
    if not flow.skip:
        out = part("output")
        out.lines.append((path((box.right + 2, centre), (clear + 26, centre)), True, False))
        parts.append(out)
        return clear + 26
    plus, top = clear + 18, 18.0 + (14 if flow.shortcut else 0)
    around, own = part(flow.shortcut.id if flow.shortcut else "skip"), part("sum")
    around.lines.append((path((8, centre), (8, top), (plus, top), (plus, centre - 11)), True, True))
    words = " · ".join((*flow.shortcut.above, *flow.shortcut.below)) if flow.shortcut else "skip connection: the input is added"
    around.words.append((words, (8 + plus) / 2, top - 6, "middle", bool(flow.shortcut)))
    tail = 46 if flow.after else 26
    own.lines.extend([(path((box.right + 2, centre), (plus - 10, centre)), True, False), (path((plus + 10, centre), (plus + tail, centre)), True, False)])
    own.nodes.append(("+", plus, centre))
    if flow.after:
        own.words.append((flow.after, plus + 30, centre + 24, "middle", False))
    parts.extend([around, own])
    return plus + tail
