"""One cell at a time, against torch's convolutions and what the network recorded."""

import math
from decimal import Decimal

import numpy as np
import pytest
import torch

from effnet_core.architecture import assemble
from effnet_core.checkpoints import Pretrained, load
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import EFFICIENTNET, LITE, MOBILENET_V1, RESNET_50
from effnet_core.inside.arithmetic import Norm, arithmetic, convolutions, lens, macs, reads
from effnet_core.inside.digits import agreed, short, written
from effnet_core.inside.inspection import inspect, open_unit, operate
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling


def perturbed(family, side, padding, depth=1.0, width=1.0):
    """Random weights whose batch norms do something."""
    architecture = assemble(family, Scaling(depth, width, side, 0.0), 10, "random")
    network = build(architecture, padding=padding, seed=3).eval()
    generator = torch.Generator().manual_seed(8)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3, generator=generator)
                module.running_var.uniform_(0.4, 1.8, generator=generator)
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)
    return Pretrained("random", network, Preprocess(side, side), tuple("abcdefghij"), {})


MODELS = {
    "small-scenes": lambda: load("small-scenes"),
    "b0 same": lambda: perturbed(EFFICIENTNET, 64, "same"),
    "b0 symmetric": lambda: perturbed(EFFICIENTNET, 64, "symmetric", 0.5, 0.35),
    "odd side": lambda: perturbed(EFFICIENTNET, 75, "same", 0.3, 0.3),
    "lite": lambda: perturbed(LITE, 48, "same", 0.3, 0.3),
    "mobilenetv1": lambda: perturbed(MOBILENET_V1, 48, "symmetric", 0.3, 0.3),
    "resnet50 same": lambda: perturbed(RESNET_50, 64, "same", 0.5, 0.25),
    "resnet50 symmetric": lambda: perturbed(RESNET_50, 64, "symmetric", 0.5, 0.25),
}


def cells(shape, rng):
    """Corners, edges and somewhere within."""
    last, end = shape.height - 1, shape.width - 1
    within = [(int(rng.integers(shape.height)), int(rng.integers(shape.width))) for _ in range(3)]
    return {(0, 0), (0, end), (last, 0), (last, end), (0, end // 2), (last // 2, 0), *within}


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_s_cells_are_what_torch_computes(name):
    model, rng = MODELS[name](), np.random.default_rng(1)
    network, side = model.network, model.network.architecture.scaling.side
    seen = inspect(model, torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0)))
    for unit in seen.outputs:
        opened = open_unit(model, seen, unit)
        for layer in convolutions(network.architecture, unit):
            module = network.get_submodule(layer.id)
            with torch.no_grad():
                x = torch.from_numpy(reads(opened, layer)[1])[None]
                raw = module.conv(x)[0].numpy()
                assert (module(x)[0].numpy() == opened.layers[layer.id]).all()  # it reads what was said
            channel = int(rng.integers(layer.output.channels))
            for row, column in cells(layer.output, rng):
                cell = arithmetic(network, opened, layer.id, channel, row, column)
                scale = np.abs(cell.products).sum()
                assert cell.sum == pytest.approx(raw[channel, row, column], rel=1e-4, abs=1e-6 * scale)
                assert cell.recorded == opened.layers[layer.id][channel, row, column]
                assert cell.value == pytest.approx(cell.recorded, rel=1e-4, abs=2e-6 * (scale + 1) * (abs(cell.norm.slope) + 1))
                assert cell.contributions.sum() == pytest.approx(cell.sum) and cell.products.size == macs(layer)


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("side", [16, 17])
def test_padding_is_marked_and_nothing_else(padding, side):
    model = perturbed(EFFICIENTNET, side, padding, 0.2, 0.2)
    opened = open_unit(model, inspect(model, torch.ones(1, 3, side, side)), "stem")
    size = -(-side // 2)
    first, last = (arithmetic(model.network, opened, "stem", 0, place, place) for place in (0, size - 1))
    before = {("same", 16): 0, ("same", 17): 1}.get((padding, side), 1)  # TensorFlow's puts the odd zero after, PyTorch's before
    after = 2 * (size - 1) + 3 - before - side
    for cell, real in ((first, [False] * before + [True] * (3 - before)), (last, [True] * (3 - after) + [False] * after)):
        assert (cell.inside == np.outer(real, real)).all()
    for cell in (first, last):
        assert (cell.patch == np.where(cell.inside, 1.0, 0.0)).all()


def test_the_patch_is_the_picture_under_the_kernel():
    model = perturbed(EFFICIENTNET, 32, "same", 0.3, 0.3)
    seen = inspect(model, torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(5)))
    cell = arithmetic(model.network, open_unit(model, seen, "stem"), "stem", 4, 3, 5)
    assert (cell.patch == seen.image[:, 6:9, 10:13]).all() and cell.inside.all()
    assert (cell.kernel == model.network.stem.conv.weight[4].detach().numpy()).all()
    depthwise = arithmetic(model.network, opened := open_unit(model, seen, "stages.1.0"), "stages.1.0.depthwise", 7, 2, 2)
    assert (depthwise.patch == opened.layers["stages.1.0.expand"][7:8, 4:7, 4:7]).all()


def test_project_reads_what_squeeze_and_excitation_hands_on():
    model = perturbed(EFFICIENTNET, 32, "same", 0.3, 0.3)
    seen = inspect(model, torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(5)))
    shut = {"stages.2.0": np.zeros(len(seen.gates["stages.2.0"]), np.float32)}
    for each, gates in ((seen, seen.gates["stages.2.0"]), (operate(model, seen, shut), shut["stages.2.0"])):
        opened = open_unit(model, each, "stages.2.0")
        cell = arithmetic(model.network, opened, "stages.2.0.project", 1, 1, 2)
        assert (cell.patch[:, 0, 0] == opened.excitation.before[:, 1, 2] * gates).all()
    assert cell.sum == 0 and cell.value == pytest.approx(cell.norm.shift)  # all gates shut: batch norm's constant is left


def test_batch_norm_folds_to_a_line():
    norm = Norm(0.5, 3.9, 0.1, 4.0, -1.0)
    assert norm.of(1.5) == pytest.approx((1.5 - 0.5) / 2 * 4 - 1) == pytest.approx(norm.slope * 1.5 + norm.shift)


def test_a_channel_that_never_varied_is_divided_by_the_root_of_epsilon():
    norm = Norm(0.5, 0.0, 0.25, 3.0, -1.0)
    assert (norm.of(1.5), norm.slope, norm.shift) == (5.0, 6.0, -4.0)


@pytest.mark.parametrize("name", ["small-scenes", "resnet50 same"])
def test_a_skip_connection_adds_the_input_or_its_shortcut(name):
    model = MODELS[name]()
    network, side, rng = model.network, model.network.architecture.scaling.side, np.random.default_rng(2)
    seen, met = inspect(model, torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))), set()
    for block in network.architecture.blocks:
        opened, last = open_unit(model, seen, block.id), block.layers[-1]
        for row, column in cells(last.output, rng):
            cell = arithmetic(network, opened, last.id, 1, row, column)
            met.add((block.skip, block.shortcut is None))
            if not block.skip:
                assert cell.addition is None
                continue
            own = opened.input if block.shortcut is None else opened.layers[block.shortcut.id]
            total = cell.value + float(own[1, row, column])
            assert cell.addition.added == own[1, row, column] and cell.addition.sum == total
            assert cell.addition.value == (max(total, 0) if block.after == "relu" else total)
            assert cell.addition.recorded == seen.outputs[block.id][1, row, column]
            assert cell.addition.value == pytest.approx(cell.addition.recorded, rel=1e-4, abs=1e-4)
        for layer in block.layers[:-1]:
            if layer.operator != "se":
                assert arithmetic(network, opened, layer.id, 0, 0, 0).addition is None
    assert len(met) == 2  # with and without a skip, or with and without a shortcut


@pytest.mark.parametrize("name", ["small-scenes", "resnet50 same", "mobilenetv1"])
def test_all_cells_together_cost_what_the_table_says(name):
    architecture = MODELS[name]().network.architecture
    rows = cost(architecture).rows
    layers = [layer for unit, _ in architecture.units() for layer in convolutions(architecture, unit)]
    assert {layer.id for layer in layers} == {row.id for row in rows.values() if row.operator in ("conv", "depthwise", "pointwise")}
    for layer in layers:
        assert macs(layer) * layer.output.elements == rows[layer.id].macs


def test_what_is_not_there_gets_a_sentence():
    model = MODELS["small-scenes"]()
    side = model.network.architecture.scaling.side
    opened = open_unit(model, inspect(model, torch.zeros(1, 3, side, side)), "stages.1.0")
    project = "stages.1.0.project"
    for layer, channel, row, column, words in (
        ("stages.1.0.se", 0, 0, 0, "no convolution"), ("stem", 0, 0, 0, "no convolution"), (project, 999, 0, 0, "no channel 999"),
        (project, -1, 0, 0, "no channel"), (project, 0, 999, 0, "no cell 999, 0"), (project, 0, 0, -1, "no cell"),
    ):
        with pytest.raises(UserError, match=words):
            arithmetic(model.network, opened, layer, channel, row, column)
    with pytest.raises(UserError, match="no convolution"):
        lens(model.network, opened, "", 0)


def number(text):
    """What a written number says, exactly."""
    plain, _, power = text.replace("−", "-").partition(" × 10")
    return Decimal(plain).scaleb(int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0))


def test_numbers_are_written_rounded():
    assert [short(value) for value in (0.0, 1.0, -2.5, 0.00012344, 1234.56, 12345.6, 123456789.0, 1.2344e-12, 9.99996)] == [
        "0", "1.000", "−2.500", "0.0001234", "1235", "12346", "1.235 × 10⁸", "1.234 × 10⁻¹²", "10.000"]
    assert written(0.03125, -4) == "0.0313" and written(-0.03125, -4) == "−0.0313" and written(-0.00001, -4) == "0.0000"
    assert [short(value) for value in (math.nan, math.inf, -math.inf)] == ["not a number", "∞", "−∞"]


def test_what_is_shown_as_equal_is_equal_to_the_last_digit():
    rng = np.random.default_rng(0)
    for _ in range(4000):
        a = float(rng.normal() * 10.0 ** rng.integers(-14, 14))
        b = a * (1 + float(rng.choice([0, 1e-7, -1e-5, 1e-3, 0.1, 3])) * float(rng.normal()))
        found = agreed(a, b)
        size = max(abs(a), abs(b))
        coarsest = Decimal(size).adjusted()
        if found.digits == 0:
            assert written(a, coarsest) != written(b, coarsest)
            continue
        unit = Decimal(1).scaleb(coarsest - found.digits + 1)
        assert all(abs(Decimal(each) - number(found.text)) <= unit / 2 for each in (a, b))
        if found.digits < 4:  # one digit more would tell them apart
            finer = coarsest - found.digits
            assert written(a, finer) != written(b, finer)


@pytest.mark.parametrize("a, b, digits, text", [
    (0.12345000001, 0.12344999999, 3, "0.123"),  # either side of a rounding boundary: the digit at it is left out
    (0.5 + 1e-9, 0.5 - 1e-9, 4, "0.5000"),
    (0.99996, 0.99994, 3, "1.000"),
    (1.23e-6, 1.31e-6, 1, "0.000001"),
    (-0.2, -0.2, 4, "−0.2000"), (0.0, -0.0, 4, "0"), (0.4, 0.6, 0, ""), (1.0, -1.0, 0, ""),
    (math.nan, math.nan, 4, "not a number"), (math.nan, 1.0, 0, ""), (math.inf, 1.0, 0, ""), (123456.7, 123456.9, 6, "123457"),
])
def test_agreement_at_the_boundaries(a, b, digits, text):
    assert agreed(a, b) == (digits, text) == agreed(b, a)
