"""The volumes of a unit from top to bottom, for a narrow screen."""

from ..architecture import Shape
from .volumes import LINE, Box, Flow, Part, Scale, Step, drawing, part, path, scale, shape_text

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
    parts[0].lines.append((path((MAIN, 0), (MAIN, top - 2)), True, False))
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
    to.words.append((shape_text(shape), WORDS, box.y + (box.height - box.back) / 2 + 4, "start", False))
    return box


def _arrow(own: Part, step: Step, before: Box) -> float:
    lines = [*step.above, *step.below]
    end = before.bottom + LINE * len(lines) + 22
    own.lines.append((path((MAIN, before.bottom + 3), (MAIN, end - 3)), True, False))
    own.words.extend([(line, WORDS, before.bottom + 24 + LINE * n, "start", n == 0) for n, line in enumerate(lines)])
    return end


def _branch(own: Part, step: Step, before: Box, sizes: Scale) -> float:
    """Squeeze-and-excitation: one number per channel, through the few, up again as gates onto the main line."""
    rows = [before.bottom + 30 + ROW * n for n in range(3)]
    small, times = max(3.0, sizes.channels * step.squeeze), rows[2]
    centre = NEEDLES + before.width / 2
    few = centre - small / 2
    branch = min(MAIN + before.width / 2 - 4, NEEDLES + 4)
    own.lines.extend([(path((MAIN, before.bottom + 3), (MAIN, times - 11)), True, False), (path((branch, before.bottom + 3), (branch, rows[0] - 5)), True, False),
                  (path((centre, rows[0] + 5), (centre, rows[1] - 5)), True, False), (path((centre, rows[1] + 5), (centre, rows[2] - 5)), True, False),
                  (path((NEEDLES - 2, times), (MAIN + 11, times)), True, False), (path((MAIN, times + 10), (MAIN, times + 25)), True, False)])
    own.needles.extend([(NEEDLES, rows[0], before.width), (few, rows[1], small), (NEEDLES, rows[2], before.width)])
    own.nodes.append(("×", MAIN, times))
    channels, right = f"{step.output.channels:,}", NEEDLES + before.width + 10
    words = ((f"{channels} means",), (f"{step.squeeze:,}", step.below[0]), (f"{channels} gates", "sigmoid"))
    own.words.extend([(line, right, y + 4 + LINE * n, "start", False) for y, lines in zip(rows, words) for n, line in enumerate(lines)])
    left = [*step.above, *step.below[1:]]
    own.words.extend([(line, MAIN - 12, rows[0] + LINE * n, "end", n == 0) for n, line in enumerate(left)])
    return times + 28


def _end(parts: list[Part], flow: Flow, box: Box) -> float:
    """The sum, where there is one, and the way out; returns where the drawing ends."""
    if not flow.skip:
        out = part("output")
        out.lines.append((path((MAIN, box.bottom + 3), (MAIN, box.bottom + 24)), True, False))
        parts.append(out)
        return box.bottom + 24
    plus, around, own = box.bottom + 32, part(flow.shortcut.id if flow.shortcut else "skip"), part("sum")
    around.lines.append((path((MAIN, 8), (BACK, 8), (BACK, plus), (MAIN - 11, plus)), True, True))
    if flow.shortcut:
        y = parts[0].boxes[0].bottom + 24
        around.words.extend((line, BACK + 8, y + LINE * n, "start", n == 0) for n, line in enumerate((*flow.shortcut.above, *flow.shortcut.below)))
    own.lines.extend([(path((MAIN, box.bottom + 3), (MAIN, plus - 11)), True, False), (path((MAIN, plus + 10), (MAIN, plus + 30)), True, False)])
    own.nodes.append(("+", MAIN, plus))
    own.words.extend((line, WORDS, plus + 4 + LINE * n, "start", False) for n, line in enumerate(filter(None, ("the input is added", flow.after))))
    parts.extend([around, own])
    return plus + 30
