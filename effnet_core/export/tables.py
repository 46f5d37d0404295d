"""Every layer of a network as a row of plain values: exact integers, as CSV for a spreadsheet or JSON for a program."""

import csv
import io
import json
import re

from ..architecture import Architecture, Layer
from ..cost import Cost, LayerCost, cost
from ..families import to_spec


def slug(name: str) -> str:
    """A file name for a network: small letters, digits and hyphens."""
    plain = name.lower()
    for sign, word in (("φ", "phi"), ("α", "alpha"), ("β", "beta"), ("γ", "gamma"), ("−", "-"), (" -", " minus ")):
        plain = plain.replace(sign, word)
    return re.sub(r"[^a-z0-9.-]+", "-", plain.replace("efficientnet-", "")).strip("-.")[:80] or "network"


def _row(layer: Layer, unit: str, seen: LayerCost) -> dict:
    ends = (("input", layer.input), ("output", layer.output))
    sides = {f"{end}_{name}": value for end, shape in ends for name, value in shape._asdict().items()}
    return {
        "layer": layer.id, "unit": unit, "operator": layer.operator, "kernel": layer.kernel, "stride": layer.stride, "groups": layer.groups,
        "squeeze": layer.squeeze, "activation": layer.activation or "", **sides, "params": seen.params, "macs": seen.macs,
        "activations": seen.activations, "activation_bytes": seen.activation_bytes, "receptive_field": seen.receptive_field,
        "cell_stride": seen.stride,
    }


def rows(architecture: Architecture) -> list[dict]:
    """One row per layer id, in the order of the network. Shapes are of one image; bytes of 32-bit numbers; the receptive field and
    `cell_stride` (between neighbouring cells of the output) in input pixels."""
    table = cost(architecture).rows
    return [_row(layer, unit, table[layer.id]) for unit, layers in architecture.units() for layer in layers]


def totals(total: Cost) -> dict[str, int]:
    return {"params": total.params, "macs": total.macs, "flops": total.flops, "activations": total.activations,
            "activation_bytes": total.activation_bytes, "receptive_field": total.receptive_field, "stride": total.stride}


def as_dict(architecture: Architecture) -> dict:
    """The whole table with its sums; `network` is what `families.from_spec` makes the same network of."""
    return {"network": to_spec(architecture), "totals": totals(cost(architecture)), "layers": rows(architecture)}


def as_json(architecture: Architecture) -> str:
    return json.dumps(as_dict(architecture), ensure_ascii=False, indent=1) + "\n"


def as_csv(architecture: Architecture) -> str:
    """A line with the names of the columns, and one for every layer."""
    table, text = rows(architecture), io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()
