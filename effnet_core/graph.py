"""The network as a picture for Graphviz: repeats folded, shapes on the edges, coloured by any figure per layer.

`nodes` decides what is drawn and is plain data; `graph` only writes it down as DOT.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from itertools import groupby
from typing import NamedTuple

import graphviz

from .architecture import Architecture, Block, Layer, Shape, Stage
from .cost import Cost, cost
from .errors import UserError
from .palette import GRID, INK, MUTED, PAGE, ink_on, percent, si, standing_out, themed, unit_colour

LEVELS = ("stage", "block", "layer")
METRICS = {"params": "parameters", "macs": "MACs", "activations": "activations", "time": "ms"}  # what is counted, and adds up
FIELD = "field"  # receptive field ÷ input side: of several layers, that of the last
COLOURS = (*METRICS, FIELD)
NODE_LIMIT = 400
FONT = "Helvetica"
SHAPES = {"se": "octagon", "add": "circle", "pool": "plain", "input": "plain", "output": "plain"}  # the others are boxes
SKIPS = ("skip", "shortcut")  # marks of a block whose input is added as it is, or projected
POINTS = "9.6"  # Streamlit's style sheet forces every label to this size, so boxes are measured for it


class Node(NamedTuple):
    """One thing that is drawn: a layer, a block, or the `count` equal blocks of a folded stage."""

    key: str  # the id of what it shows; folded repeats are "stages.3.1-2"
    kind: str  # "input", "stage", "block", "repeats", "add", "pool", "output", or the operator of a layer
    name: str  # short text: "3.1–3.2"
    operator: str  # "MBConv6 3×3"
    marks: tuple[str, ...]  # "×2", "stride 2", "SE 20", "skip"
    units: tuple[str, ...]
    layers: tuple[str, ...]  # whose figures it sums
    input: Shape
    output: Shape
    count: int = 1
    skip_from: str = ""  # of an "add": the key of the node whose output is added
    reads: str = ""  # of a layer beside the chain: the key of the node before it
    group: str = ""  # of a layer: the name of its block
    note: str = ""


def per_layer(table: Cost, metric: str, times: Mapping[str, float] | None = None) -> dict[str, float]:
    """`metric` of every layer id: exact counts from `table`, the milliseconds in `times`, or how many input sides one cell sees.

    Raises `UserError` for an unknown metric, and for "time" unless `times` covers every layer.
    """
    if metric not in COLOURS:
        raise UserError(f"There is no figure {metric!r} to colour by; there are {', '.join(COLOURS)}.")
    if metric == FIELD:
        return {row.id: row.receptive_field / table.side for row in table.layers}
    if metric != "time":
        return {row.id: getattr(row, metric) for row in table.layers}
    missing = [row.id for row in table.layers if row.id not in (times or {})]
    if missing:
        raise UserError(f"Colouring by time needs measured milliseconds for every layer; "
                        f"{len(missing):,} of {len(table.layers):,} are missing, the first is {missing[0]!r}.")
    return {row.id: times[row.id] for row in table.layers}


def together(values: Mapping[str, float], layers: Iterable[str], metric: str) -> float:
    """What `layers` in their order have of `metric` together: a sum, or the last one's receptive field."""
    found = [values[layer] for layer in layers]
    return (found[-1] if found else 0.0) if metric == FIELD else sum(found)


def quantity(value: float, metric: str) -> str:
    """`18.2 M MACs`, `4.81 ms`, `1.32 × the image side`; `value` as `per_layer` gives it."""
    if metric == FIELD:
        return f"{value:.2f} × the image side"
    return si(value / 1e3, "s") if metric == "time" else si(value, METRICS[metric])


def exact(value: float, metric: str) -> str:
    """`18,203,136 MACs`, `4.813 ms`; for hovers."""
    if metric == FIELD:
        return quantity(value, metric)
    return f"{value:.4g} ms" if metric == "time" else f"{value:,} {METRICS[metric]}"


def _short(unit_id: str) -> str:
    return unit_id.removeprefix("stages.")


def _marks(block: Block) -> tuple[str, ...]:
    squeeze = next((layer.squeeze for layer in block.layers if layer.operator == "se"), 0)
    marks = (f"stride {block.stride}" if block.stride > 1 else "", f"SE {squeeze}" if squeeze else "",
             "" if not block.skip else SKIPS[0] if block.shortcut is None else SKIPS[1])
    return tuple(filter(None, marks))


def _folded(blocks: tuple[Block, ...], note: str = "") -> Node:
    """One node for equal blocks in a row."""
    first, last = blocks[0], blocks[-1]
    units = tuple(block.id for block in blocks)
    layers = tuple(layer.id for block in blocks for layer in block.layers)
    if len(blocks) == 1:
        return Node(first.id, "block", _short(first.id), first.label, _marks(first), units, layers, first.input, last.output)
    key = f"{first.id}-{last.id.rpartition('.')[2]}"
    return Node(key, "repeats", f"{_short(first.id)}–{_short(last.id)}", f"{len(blocks)} × {first.label}",
                _marks(first), units, layers, first.input, last.output, len(blocks), note=note)


def _whole(stage: Stage) -> Node:
    squeezed = dict.fromkeys(str(layer.squeeze) for block in stage.blocks for layer in block.layers if layer.operator == "se")
    skips = sum(block.skip for block in stage.blocks)
    marks = (f"stride {stage.row.stride}" if stage.row.stride > 1 else "", f"SE {', '.join(squeezed)}" if squeezed else "",
             f"{skips} skip{'s' * (skips > 1)}" if skips else "")
    operator = f"{len(stage.blocks)} × {stage.blocks[0].label}"
    return _folded(stage.blocks)._replace(key=stage.id, kind="stage", name=f"stage {stage.index}", operator=operator,
                                          marks=tuple(filter(None, marks)))


def _one(layer: Layer, unit: str) -> Node:
    kernel = f"{layer.kernel}×{layer.kernel}"
    name = {"se": "SE", "maxpool": "max pool"}.get(layer.operator, layer.part)
    operator = {"se": str(layer.squeeze), "linear": "linear", "depthwise": kernel, "maxpool": kernel}.get(layer.operator, f"conv {kernel}")
    marks = (f"stride {layer.stride}",) if layer.stride > 1 else ()
    return Node(layer.id, layer.operator, name, operator, marks, (unit,), (layer.id,), layer.input, layer.output)


def _unfolded(block: Block, before: str) -> list[Node]:
    """The layers of a block, and where it has a skip connection the sum with the output of the node `before`, as it is or projected."""
    group = f"{_short(block.id)} · {block.label}"
    drawn = [_one(layer, block.id)._replace(group=group, reads=before if layer.is_shortcut else "") for layer in block.layers]
    if block.skip:
        added = before if block.shortcut is None else block.shortcut.id
        drawn.append(Node(f"{block.id}.add", "add", "+", "", (), (block.id,), (), block.output, block.output,
                          skip_from=added, group=group))
    return drawn


def _open_blocks(architecture: Architecture, level: str, opened: frozenset[str]) -> dict[str, int]:
    """How many blocks of each stage are drawn one by one: one, or as many as fit where the stage is opened."""
    if unknown := opened - {stage.id for stage in architecture.stages}:
        raise UserError(f"There is no stage {min(unknown)!r} to open; there are stages.0 … {architecture.stages[-1].id}.")
    size = 5 if level == "layer" else 1
    room = NODE_LIMIT - 6 - len(architecture.stages) * (size + 1)
    counts = {}
    for stage in architecture.stages:
        more = min(len(stage.blocks) - 1, room // size) if stage.id in opened else 0
        room -= more * size
        counts[stage.id] = 1 + more
    return counts


def _ends(architecture: Architecture, level: str) -> tuple[list[Node], list[Node]]:
    image, scores, last = architecture.input, architecture.classifier.output, architecture.last_map
    *before, classifier = (_one(layer, layer.id) for layer in architecture.back)
    front = [Node("input", "input", "image", "", (), (), (), image, image), *(_one(layer, layer.id) for layer in architecture.front)]
    pool = Node("pool", "pool", "pool", "global average", (), ("classifier",), (), last, architecture.classifier.input)
    back = [pool, classifier] if level == "layer" else [classifier._replace(operator="pool and linear", input=last)]
    return front, [*before, *back, Node("output", "output", f"{architecture.classes:,} classes", "", (), (), (), scores, scores)]


def nodes(architecture: Architecture, level: str = "block", opened: Iterable[str] = frozenset()) -> list[Node]:
    """What is drawn, from the image to the classes: a chain in which each node follows the one before it, an "add" also its `skip_from`,
    and beside it the nodes that have `reads`.

    The first block of a stage is its own node, the equal blocks after it are one, unless `opened` has the stage's id.
    Raises `UserError` for an unknown level or stage.
    """
    if level not in LEVELS:
        raise UserError(f"There is no level {level!r}; there are {', '.join(LEVELS)}.")
    opened = frozenset(opened)
    counts = _open_blocks(architecture, level, opened)
    drawn, back = _ends(architecture, level)
    for stage in architecture.stages:
        if level == "stage":
            drawn.append(_whole(stage))
            continue
        shown, rest = stage.blocks[: counts[stage.id]], stage.blocks[counts[stage.id] :]
        for block in shown:
            drawn += _unfolded(block, drawn[-1].key) if level == "layer" else [_folded((block,))]
        if rest:
            drawn.append(_folded(rest, f"kept folded: at most {NODE_LIMIT} nodes" if stage.id in opened else ""))
    return drawn + back


def shape_text(shape: Shape) -> str:
    """`24 × 56 × 56`, and `1280` for a vector."""
    return str(shape) if shape.height * shape.width > 1 else str(shape.channels)


def edges(drawn: list[Node]) -> list[tuple[str, str, str, bool]]:
    """(source, target, shape, whether it is a skip connection) of what `nodes` returned; a folded block's skip is a loop."""
    chain = [node for node in drawn if not node.reads]
    along = [(a.key, b.key, shape_text(a.output), False) for a, b in zip(chain, chain[1:])]
    beside = [(node.reads, node.key, shape_text(node.input), True) for node in drawn if node.reads]
    skips = [(node.skip_from or node.key, node.key, shape_text(node.output), True)
             for node in drawn if node.skip_from or any(mark in SKIPS for mark in node.marks)]
    return along + beside + skips


class _Paint(NamedTuple):
    """What all nodes of one picture are drawn with."""

    table: Cost
    metric: str
    values: Mapping[str, float]
    total: float
    most: float  # of any node; its fill is the end of the scale
    theme: str
    selected: str | None

    def value(self, node: Node) -> float:
        return together(self.values, node.layers, self.metric)

    def figure(self, node: Node) -> str:
        if not node.layers:
            return ""
        value = self.value(node)
        if self.metric == FIELD:
            return quantity(value, FIELD)
        equal = node.kind == "repeats" and self.metric != "time"  # equal blocks still take unequal time
        each = f"{node.count} × {si(value / node.count)} = " if equal else ""
        return f"{each}{quantity(value, self.metric)} ({percent(value / self.total if self.total else 0.0)})"

    def label(self, node: Node, mark: str) -> str:
        """What it is, then its figure. Plain text: Graphviz centres it in any font, but bold parts only in its own."""
        name, figure = " · ".join(filter(None, (mark + node.name, node.operator, *node.marks))), self.figure(node)
        lines = [" · ".join(filter(None, (name, figure)))] if node.group else [name, figure, node.note]
        return graphviz.escape("\n".join(filter(None, lines)))

    def tooltip(self, node: Node) -> str:
        lines = [node.key, f"{shape_text(node.input)} → {shape_text(node.output)}"]
        for name in ("params", "macs", "activations") if node.layers else ():
            lines.append(exact(sum(getattr(self.table.rows[layer], name) for layer in node.layers), name))
        if self.metric not in ("params", "macs", "activations") and node.layers:
            lines.append(exact(self.value(node), self.metric))
        return graphviz.escape("\n".join(lines))

    def attributes(self, node: Node) -> dict[str, str]:
        marked = self.selected in node.layers or self.selected in node.units
        common = {"id": node.key, "label": self.label(node, "▶ " if marked else ""), "tooltip": self.tooltip(node),
                  "shape": SHAPES.get(node.kind, "box")}
        if not node.layers:
            return {**common, "fillcolor": "transparent", "fontcolor": INK[self.theme], "color": MUTED[self.theme], "margin": "0.02"}
        fill = standing_out(self.value(node) / self.most, self.theme)
        border = INK[self.theme] if marked else unit_colour(node.units[0], self.theme)
        return {**common, "fillcolor": fill, "fontcolor": ink_on(fill), "color": border, "penwidth": "3.5" if marked else "2",
                "width": "2.5" if node.group else "3.1"}


def graph(architecture: Architecture, level: str = "block", color_by: str = "macs", *, opened: Iterable[str] = frozenset(),
          times: Mapping[str, float] | None = None, theme: str = "light", version: str = "",
          selected: str | None = None) -> graphviz.Digraph:
    """The network from top to bottom as DOT; a node's fill is its share of `color_by`, its border the colour of its stage.

    `level` is "stage", "block" or "layer"; `opened` the ids of stages whose repeats are drawn one by one; `color_by` one
    of `COLOURS`, "time" with `times` in ms per layer id; `selected` the id of a unit or layer to mark; `version` any text
    that changes with the picture. Raises `UserError` for anything else.
    """
    themed(PAGE, theme)
    if selected is not None:
        architecture.unit_of(selected)
    drawn, table = nodes(architecture, level, opened), cost(architecture)
    values = per_layer(table, color_by, times)
    most = max(together(values, node.layers, color_by) for node in drawn) or 1
    paint = _Paint(table, color_by, values, sum(values.values()), most, theme, selected)
    # Streamlit's renderer morphs every node whose name it has seen before, ten times slower than drawing a new one.
    suffix = f"__v{re.sub(r'[^A-Za-z0-9]', '_', version)}" if version else ""
    dot = _empty(architecture, theme)
    for (unit, group), members in groupby(drawn, key=lambda node: (node.units[:1], node.group)):
        with _cluster(dot, f"cluster_{unit[0]}{suffix}", group, theme) if group else nullcontext(dot) as part:
            for node in members:
                part.node(node.key + suffix, **paint.attributes(node))
    for source, target, shape, skip in edges(drawn):
        dot.edge(source + suffix, target + suffix, **_edge(source == target, shape, skip))
    return dot


def _edge(loop: bool, shape: str, skip: bool) -> dict[str, str]:
    if loop:  # from the upper right corner around to the lower one
        return {"style": "dashed", "tailport": "ne", "headport": "se", "constraint": "false"}
    return {"style": "dashed", "weight": "0"} if skip else {"label": f" {shape}", "weight": "9"}


def _cluster(dot: graphviz.Digraph, name: str, label: str, theme: str):
    return dot.subgraph(name=name, graph_attr={"label": label, "labeljust": "l", "margin": "5", "pencolor": GRID[theme],
                                               "fontname": FONT + "-Bold", "fontcolor": INK[theme]})


def _empty(architecture: Architecture, theme: str) -> graphviz.Digraph:
    text = {"fontname": FONT, "fontsize": POINTS}
    return graphviz.Digraph(
        graph_attr={"rankdir": "TB", "bgcolor": "transparent", "ranksep": "0.1", "nodesep": "0.15", "margin": "0.05",
                    "tooltip": graphviz.escape(architecture.name), **text},
        node_attr={"style": "filled", "margin": "0.09,0.045", "height": "0.1", "width": "0.1", **text},
        edge_attr={"color": MUTED[theme], "fontcolor": MUTED[theme], "arrowsize": "0.5", **text},
    )
