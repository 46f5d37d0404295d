"""The report of a pass: its numbers are those of the pass."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from effnet_core.families import LITE, SMALL
from effnet_core.figures.excitation import formulas
from effnet_core.figures.inside_report import Seen, report
from effnet_core.inside.cam import bias, class_map
from effnet_core.inside.excitation import activation, work
from effnet_core.inside.inspection import inspect, open_unit, operate, spread
from effnet_core.palette import fixed, percent

from .test_inspection import model_of
from .test_report import Reader


def jpeg():
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (90, 120, 30)).save(file, "JPEG")
    return file.getvalue()


def made(family, unit, operation=None, **more):
    model = model_of(family)
    untouched = inspect(model, torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(5)))
    seen = operate(model, untouched, operation) if operation else untouched
    opened = None if unit == "classifier" else open_unit(model, seen, unit)
    text = report(Seen(model, seen, untouched, "a <picture>", jpeg(), Image.new("RGB", (32, 32)), opened, **more), [("Model", model.name)], "made")
    return model, seen, Reader(text)


@pytest.mark.parametrize("family, unit", [(SMALL, "stages.4.1"), (SMALL, "classifier"), (SMALL, "stem"), (LITE, "stages.2.0")])
def test_every_number_is_the_pass_s(family, unit):
    model, seen, read = made(family, unit)
    words = "|".join(read.words)
    for guess in seen.top(5):
        values = class_map(model, seen, guess.index)
        assert values.mean() + bias(model, guess.index) == pytest.approx(guess.logit, abs=1e-5)
        assert all(text in words for text in (guess.label, percent(guess.probability), fixed(values.mean()), fixed(guess.logit)))
    for block, gates in seen.gates.items():
        row = spread(gates)
        assert all(text in words for text in (block, fixed(row.mean, 3), fixed(row.std, 3), percent(row.open)))
    assert len(read.images) == 2 + bool(seen.gates) + (0 if unit == "classifier" else 2 if unit in seen.gates else 1) + min(5, len(seen.labels))
    assert "a <picture>" in words and "set by hand" not in words


def test_one_channel_s_steps_are_written_out():
    model, seen, read = made(SMALL, "stages.4.1", channel=3)
    words = "|".join(read.words)
    se = open_unit(model, seen, "stages.4.1").excitation
    found = formulas(work(model.network, "stages.4.1", se, 3), activation(model.network, "stages.4.1"))
    assert "Channel 3 through" in words and "z[3] = 1 / " in words and "s[3] = σ(" in words
    assert found["squeeze"][-1] in words and found["gate"][-1] in words and all(lines[-1] in words for lines in found["hidden"])


def test_gates_set_by_hand_and_random_weights_are_said():
    gates = np.full(len(inspect(model_of(SMALL), torch.zeros(1, 3, 32, 32)).gates["stages.4.1"]), np.nan, np.float32)
    gates[:2] = 0.25
    _, seen, read = made(SMALL, "stages.4.1", {"stages.4.1": gates}, stamp="untrained weights", remarks=("It shows nothing.",))
    words = "|".join(read.words)
    assert "Gates set by hand" in words and f"2 of {len(gates)}" in words and "0.250" in words and "untouched" in words
    assert words.count("untrained weights") >= 4 and "It shows nothing." in words
    assert percent(seen.probabilities.max()) in words
