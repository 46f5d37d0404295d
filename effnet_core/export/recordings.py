"""One picture's way through a model, to take home: NPZ for a program, CSV for a spreadsheet."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import BinaryIO

import numpy as np

from ..checkpoints import Pretrained
from ..inside.inspection import Inspection, Opened

FORMAT = 1
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every file in an archive: the same pass gives the same bytes


def head(model: Pretrained, seen: Inspection, title: str) -> dict:
    """What the arrays are, in JSON values. Texts of the card may be anybody's."""
    return {
        "format": FORMAT, "model": model.name, "network": model.network.architecture.name, "trained": model.card.get("trained") is True,
        "picture": title, "side": int(seen.image.shape[-1]), "labels": list(seen.labels), "preprocess": model.preprocess.to_dict(),
        "padding": model.network.padding, "gates_set_by_hand": sorted(seen.operation),
    }


def arrays(seen: Inspection, opened: Opened | None = None, activations: bool = True) -> dict[str, np.ndarray]:
    """Name → array, float32: `image` (3 H W, normalised), `logits`, `gates/<block>` and `squeezed/<block>` (C), `set/<block>` (C, NaN where the
    network decides) and, with `activations`, `outputs/<unit>` and the layers of an opened unit, `layers/<layer>` (C H W)."""
    found = {"image": seen.image, "logits": seen.logits}
    found |= {f"gates/{block}": gates for block, gates in seen.gates.items()}
    found |= {f"squeezed/{block}": z for block, z in seen.squeezed.items()}
    found |= {f"set/{block}": gates for block, gates in seen.operation.items()}
    if activations:
        found |= {f"outputs/{unit}": maps for unit, maps in seen.outputs.items()}
        found |= {} if opened is None else {f"layers/{layer}": maps for layer, maps in opened.layers.items()}
    return found


def write_npz(file: BinaryIO, values: Mapping[str, np.ndarray], about: dict) -> None:
    """A compressed archive that `numpy.load` opens: the arrays by name, and `about` as JSON text in the array `about`."""
    texts = {"about": np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in (*texts.items(), *values.items()):
            entry = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as part:
                np.lib.format.write_array(part, np.ascontiguousarray(array), allow_pickle=False)


def _text(columns: Iterable[str], rows: Iterable[Iterable]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def gates_csv(seen: Inspection, untouched: Inspection | None = None) -> str:
    """A line for every gate of every block: z, the gate as it was applied, as the untouched network chose it, and whether it was set."""
    before = (untouched or seen).gates
    return _text(("block", "channel", "z", "gate", "gate_untouched", "set_by_hand"), (
        (block, channel, repr(float(z)), repr(float(s)), repr(float(own)), int(block in seen.operation and seen.operation[block][channel] == s))
        for block, gates in seen.gates.items()
        for channel, (z, s, own) in enumerate(zip(seen.squeezed[block], gates, before[block]))
    ))


def activations_csv(seen: Inspection) -> str:
    """A line for every channel of what every unit hands on: least, mean, greatest, standard deviation, and the share of values above 0."""
    return _text(("unit", "channel", "height", "width", "least", "mean", "greatest", "std", "positive"), (
        (unit, channel, *values.shape, *(repr(float(f(values))) for f in (np.min, np.mean, np.max, np.std)), repr(float((values > 0).mean())))
        for unit, maps in seen.outputs.items() for channel, values in enumerate(each.astype(np.float64) for each in maps)
    ))


def maps_csv(unit: str, maps: np.ndarray) -> str:
    """A line for every cell of every channel (C H W): what the unit hands on there."""
    return _text(("unit", "channel", "row", "column", "value"), (
        (unit, channel, row, column, repr(float(maps[channel, row, column]))) for channel, row, column in np.ndindex(maps.shape)
    ))
