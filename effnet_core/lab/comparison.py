"""Networks side by side: the figures by which they are compared, their ratios, and the comparison as CSV and JSON."""

import csv
import io
import json
from collections.abc import Sequence
from typing import NamedTuple

from ..architecture import Architecture
from ..cost import FLOAT_BYTES, Cost
from ..families import to_spec
from ..palette import bytes_text, si


class Side(NamedTuple):
    """One of the networks that are compared."""

    name: str
    network: Architecture
    total: Cost
    unit: str  # the selected one, or the nearest that it has
    ms: float | None = None  # median of one pass, where it was measured
    how: str = ""  # what was measured


class Figure(NamedTuple):
    """One line of the comparison."""

    key: str
    label: str
    values: tuple[float | None, ...]  # one per side
    texts: tuple[str, ...]  # three significant digits
    exacts: tuple[str, ...]
    least: int | None  # place of the lowest, where less is better and one is lowest


def _count(value: float) -> tuple[str, str]:
    return si(value), f"{value:,}" if value >= 1000 else ""  # below, the first is exact


def _pixels(value: float) -> tuple[str, str]:
    return f"{value:,} px", ""


def _factor(value: float) -> tuple[str, str]:
    return f"{value:.3g}", ""


def _bytes(value: float) -> tuple[str, str]:
    return bytes_text(value), f"{value:,} bytes"


def _ms(value: float) -> tuple[str, str]:
    return si(value / 1e3, "s"), f"{value:.4g} ms"


FIGURES = {  # key → label, value of a side, how it is written, whether less is cheaper
    "depth": ("Depth factor", lambda s: s.network.scaling.depth, _factor, False),
    "width": ("Width factor", lambda s: s.network.scaling.width, _factor, False),
    "side": ("Image side", lambda s: s.network.scaling.side, _pixels, False),
    "blocks": ("Blocks", lambda s: len(s.network.blocks), _count, False),
    "params": ("Parameters", lambda s: s.total.params, _count, True),
    "macs": ("MACs per image", lambda s: s.total.macs, _count, True),
    "activations": ("Activations per image", lambda s: s.total.activations, _count, True),
    "weight_bytes": ("Memory of the parameters, 32-bit floats", lambda s: FLOAT_BYTES * s.total.params, _bytes, True),
    "activation_bytes": ("Memory of all activations, 32-bit floats", lambda s: s.total.activation_bytes, _bytes, True),
    "receptive_field": ("Receptive field of the last map", lambda s: s.total.receptive_field, _pixels, False),
    "field_over_side": ("Receptive field ÷ image side", lambda s: s.total.receptive_field / s.network.scaling.side, _factor, False),
    "ms": ("Measured time, median of a pass", lambda s: s.ms, _ms, True),
}


def figures(sides: Sequence[Side]) -> list[Figure]:
    """Every line of the comparison; a time that was not measured, or not under the same conditions, is compared with nothing."""
    return [_figure(key, sides) for key in FIGURES]


def _figure(key: str, sides: Sequence[Side]) -> Figure:
    name, value_of, write, cheaper = FIGURES[key]
    values = tuple(value_of(side) for side in sides)
    written = [write(value) if value is not None else ("not measured", "") for value in values]
    known = [value for value in values if value is not None]
    fair = key != "ms" or len({side.how for side in sides if side.ms is not None}) == 1
    alone = cheaper and fair and len(known) > 1 and known.count(min(known)) == 1
    return Figure(key, name, values, tuple(text for text, _ in written), tuple(exact for _, exact in written),
                  values.index(min(known)) if alone else None)


def ratios(figure: Figure, reference: int, sides: Sequence[Side]) -> tuple[float | None, ...]:
    """Every value over that of the side at `reference`; none where one is missing or was measured under other conditions."""
    base = figure.values[reference]

    def ratio(place: int) -> float | None:
        value = figure.values[place]
        unfair = figure.key == "ms" and sides[place].how != sides[reference].how
        return None if value is None or not base or unfair else value / base

    return tuple(ratio(place) for place in range(len(figure.values)))


def ratio_text(ratio: float | None) -> str:
    """`×2.57`, and nothing for none."""
    if ratio is None:
        return ""
    return f"×{ratio:,.0f}" if ratio >= 1000 else f"×{ratio:.3g}" if ratio < 0.01 or ratio >= 100 else f"×{ratio:.2f}"


def records(sides: Sequence[Side]) -> list[dict]:
    """The comparison as JSON values: of each network what determines it, its figures, its selected unit and its stages."""
    return [{"name": side.name, "network": to_spec(side.network),
             **{key: value_of(side) for key, (_, value_of, _, _) in FIGURES.items()}, "measured": side.how or None,
             "unit": {"id": side.unit, **_sums(side.total.units[side.unit])},
             "stages": {stage: _sums(total) for stage, total in side.total.stages.items()}} for side in sides]


def _sums(total) -> dict[str, int]:
    return {"params": total.params, "macs": total.macs, "activations": total.activations}


def as_json(sides: Sequence[Side]) -> str:
    return json.dumps(records(sides), indent=1, ensure_ascii=False) + "\n"


def as_csv(sides: Sequence[Side]) -> str:
    """A line per network; the selected unit's figures have `unit_` before their names."""
    rows = [{**{key: value for key, value in record.items() if key not in ("network", "unit", "stages")},
             **{f"unit_{key}": value for key, value in record["unit"].items()}} for record in records(sides)]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
