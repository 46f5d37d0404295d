"""The clickable graph as plain data, from the same `nodes` and `edges` as the Graphviz output; and what its mirror in the browser needs.

`assets/mirror.js` computes the same while a slider is dragged, to the last digit and the last colour; tests/test_mirror.py compares.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from .. import families, palette, scaling
from ..architecture import Architecture
from ..cost import Cost
from ..graph import FIELD, METRICS, NODE_LIMIT, SKIPS, Node, edges, nodes, per_layer, shape_text, together
from ..palette import ink_on, percent, si, standing_out, unit_colour
from . import bars, strip

COUNTS = ("params", "macs", "activations")
NAMES = {"params": "Parameters", "macs": "MACs", "activations": "Activations", "time": "Measured time", FIELD: "Receptive field"}
LEGEND = {"params": "parameters", "macs": "MACs", "activations": "activations", "time": "measured time",
          FIELD: "receptive field ÷ image side"}
STOPS = 9  # of the legend


@dataclass(frozen=True)
class _Brush:
    """What all nodes of one picture are drawn with."""

    network: Architecture
    total: Cost
    metric: str
    values: Mapping[str, float]
    most: float  # of any node
    level: str
    opened: frozenset[str]
    theme: str
    selected: str
    times: Mapping[str, float] | None

    def value(self, node: Node) -> float:
        return together(self.values, node.layers, self.metric)

    def figure(self, node: Node) -> str:
        value = self.value(node)
        if self.metric == FIELD:
            return f"{value:.2f} ×"
        whole = sum(self.values.values()) if self.metric == "time" else getattr(self.total, self.metric)
        return f"{si(value / 1e3, 's') if self.metric == 'time' else si(value)} · {percent(value / whole if whole else 0.0)}"

    def rows(self, node: Node) -> list[list[str]]:
        """For the hover: every cost of the node, exactly."""
        if not node.layers:
            return []
        costs = [self.total.rows[layer] for layer in node.layers]
        lines = [[NAMES[name], _exact(sum(getattr(row, name) for row in costs), getattr(self.total, name), node)] for name in COUNTS]
        field, side = costs[-1].receptive_field, self.total.side
        beyond = ", more than the image" if field > side else ""
        lines.append([NAMES[FIELD], f"{field:,} px, {field / side:.2f} × the image side{beyond}"])
        if self.times:
            ms, whole = sum(self.times[layer] for layer in node.layers), sum(self.times.values())
            lines.append([NAMES["time"], f"{ms:.4g} ms ({percent(ms / whole)})"])
        return lines

    def fold(self, node: Node) -> dict | None:
        """What the button on the node does: shows its equal blocks one by one, or folds those of its stage."""
        stage, _, place = (node.units[0] if node.units else "").rpartition(".")
        if not stage or self.level == "stage" or node.note:
            return None
        if node.kind == "repeats" or (node.kind == "block" and self.level == "layer"):
            what = f"the {node.count} equal blocks {node.name}" if node.count > 1 else f"block {node.name} into its layers"
            return {"stage": stage, "opens": True, "text": f"×{node.count}", "label": f"Unfold {what}"}
        number = stage.rpartition(".")[2]
        blocks = self.network.stages[int(number)].blocks
        second = place == "1" and node.layers[:1] == (blocks[1].layers[0].id,)
        if second and stage in self.opened and len(blocks) > (1 if self.level == "layer" else 2):
            return {"stage": stage, "opens": False, "text": "fold", "label": f"Fold the equal blocks of stage {number}"}
        return None

    def looks(self, node: Node) -> dict[str, str]:
        if not node.layers:
            return {"fill": "", "ink": "", "border": unit_colour(node.units[0], self.theme) if node.units else ""}
        fill = standing_out(self.value(node) / self.most, self.theme)
        return {"fill": fill, "ink": ink_on(fill), "border": unit_colour(node.units[0], self.theme)}

    def drawn(self, node: Node) -> dict:
        return {
            "key": node.key, "kind": node.kind, "name": node.name, "operator": node.operator, "marks": list(node.marks),
            "figure": self.figure(node) if node.layers else "", **self.looks(node), "group": node.group, "note": node.note,
            "count": node.count, "pick": self.selected if self.selected in node.units else node.units[0] if node.units else "",
            "chosen": self.selected in node.units, "fold": self.fold(node), "unit": node.units[0] if node.units else "",
            "shapes": f"{shape_text(node.input)} → {shape_text(node.output)}", "rows": self.rows(node),
        }


def _exact(value: int, whole: int, node: Node) -> str:
    each = f"{node.count} × {value // node.count:,} = " if node.kind == "repeats" else ""
    return f"{each}{value:,} ({percent(value / whole if whole else 0.0)})"


def picture(network: Architecture, total: Cost, level: str, metric: str, opened: Iterable[str], theme: str, selected: str,
            times: Mapping[str, float] | None = None) -> dict:
    """`nodes` with their texts, colours and what a click on them does, `edges` as (source, target, shape, whether a skip), and the
    `legend` of the fill. Arguments as in `graph.graph`; `selected` is a unit. Raises `UserError` for anything else."""
    drawn, values, opened = nodes(network, level, opened), per_layer(total, metric, times), frozenset(opened)
    most = max(together(values, node.layers, metric) for node in drawn) or 1
    brush = _Brush(network, total, metric, values, most, level, opened, theme, selected, times)
    return {"title": f"{network.name} by {level}, coloured by {LEGEND[metric]}", "level": level,
            "nodes": [brush.drawn(node) for node in drawn], "edges": [list(edge) for edge in edges(drawn)],
            "legend": _legend(metric, most, theme)}


def _legend(metric: str, most: float, theme: str) -> dict:
    top = f"{most:.2f} ×" if metric == FIELD else si(most / 1e3, "s") if metric == "time" else si(most)
    return {"title": LEGEND[metric], "top": top, "colours": [standing_out(stop / (STOPS - 1), theme) for stop in range(STOPS)],
            "side": 1 / most if metric == FIELD and most > 1 else 0}


def constants() -> dict:
    """What the mirror must not have copies of: the base networks, the ranges, the limits, the colours and the words."""
    return {
        "families": {name: asdict(family) for name, family in families.BASES.items()}, "paper": list(families.PAPER),
        "divisor": scaling.DIVISOR, "guard": scaling.FLOAT_GUARD,
        "ranges": {"phi": scaling.PHI_RANGE, "base": scaling.BASE_RANGE, "factor": scaling.FACTOR_RANGE, "side": scaling.SIDE_RANGE},
        "page": palette.PAGE, "stages": palette.STAGES, "ends": palette.ENDS, "viridis": palette.VIRIDIS,
        "prefixes": palette.PREFIXES, "symbols": sorted(palette.SYMBOLS), "metrics": METRICS, "limit": NODE_LIMIT,
        "skips": SKIPS, "titles": bars.TITLES, "most": strip.MOST, "names": NAMES, "legend": LEGEND, "stops": STOPS,
    }
