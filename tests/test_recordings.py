"""What is taken home of a pass, read back by others' means."""

import csv
import io
import json

import numpy as np
import pytest
import torch

from effnet_core.export import recordings
from effnet_core.families import SMALL
from effnet_core.inside.inspection import inspect, open_unit, operate

from .test_inspection import model_of


@pytest.fixture(scope="module")
def model():
    return model_of(SMALL)


@pytest.fixture(scope="module")
def seen(model):
    return inspect(model, torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(5)))


def saved(values, about):
    file = io.BytesIO()
    recordings.write_npz(file, values, about)
    return file.getvalue()


def test_numpy_opens_the_archive_and_finds_every_number(model, seen):
    opened = open_unit(model, seen, "stages.2.0")
    data = saved(recordings.arrays(seen, opened), recordings.head(model, seen, "a ✓ picture"))
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        assert (found["logits"] == seen.logits).all() and (found["image"] == seen.image).all()
        assert all((found[f"gates/{block}"] == gates).all() for block, gates in seen.gates.items())
        assert all((found[f"outputs/{unit}"] == maps).all() for unit, maps in seen.outputs.items())
        assert all((found[f"layers/{layer}"] == maps).all() for layer, maps in opened.layers.items())
        about = json.loads(bytes(found["about"]))
        assert about == recordings.head(model, seen, "a ✓ picture") and about["picture"] == "a ✓ picture" and about["labels"] == list("abcdefg")
    assert data == saved(recordings.arrays(seen, opened), recordings.head(model, seen, "a ✓ picture"))  # nothing of the day is in it
    few = recordings.arrays(seen, activations=False)
    assert {name.partition("/")[0] for name in few} == {"image", "logits", "gates", "squeezed"}


def test_gates_that_were_set_are_told_from_the_network_s_own(model, seen):
    forced = np.full(len(seen.gates["stages.4.1"]), np.nan, np.float32)
    forced[3] = 0.0
    done = operate(model, seen, {"stages.4.1": forced})
    rows = list(csv.DictReader(io.StringIO(recordings.gates_csv(done, seen))))
    assert len(rows) == sum(map(len, seen.gates.values()))
    for row in rows:
        block, channel = row["block"], int(row["channel"])
        assert np.float32(row["gate"]) == done.gates[block][channel] and np.float32(row["gate_untouched"]) == seen.gates[block][channel]
        assert np.float32(row["z"]) == done.squeezed[block][channel]
        assert row["set_by_hand"] == ("1" if (block, channel) == ("stages.4.1", 3) else "0")
    assert np.isnan(recordings.arrays(done)["set/stages.4.1"]).sum() == len(forced) - 1
    assert recordings.head(model, done, "x")["gates_set_by_hand"] == ["stages.4.1"]


def test_activations_in_short_and_in_full(seen):
    rows = list(csv.DictReader(io.StringIO(recordings.activations_csv(seen))))
    assert len(rows) == sum(map(len, seen.outputs.values()))
    for row in rows[::7]:
        values = seen.outputs[row["unit"]][int(row["channel"])].astype(np.float64)
        expected = (values.min(), values.mean(), values.max(), values.std(), (values > 0).mean())
        assert tuple(float(row[name]) for name in ("least", "mean", "greatest", "std", "positive")) == expected
    cells = list(csv.DictReader(io.StringIO(recordings.maps_csv("head", seen.outputs["head"]))))
    assert len(cells) == seen.outputs["head"].size
    for cell in cells[::11]:
        place = tuple(int(cell[name]) for name in ("channel", "row", "column"))
        assert np.float32(cell["value"]) == seen.outputs["head"][place]
