"""The numbers of the lesson sheets of Blocks, against torch, brute force, and arithmetic that is written out; and what the texts say of them in words."""

from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from effnet_core.families import published
from effnet_core.lab import sheets
from effnet_core.lessons.learnt import recorded
from effnet_core.network import build
from pages.shared import texts


def numbers(lesson):
    return sheets.numbers(f"blocks_{lesson}")


def shape(*sizes, **options):
    """The side of what a convolution of torch hands on for a map of `side`."""
    side = options.pop("side")
    return nn.Conv2d(*sizes, **options)(torch.zeros(1, sizes[0], side, side)).shape[-1]


def weights(*sizes, **options):
    return nn.Conv2d(*sizes, bias=False, **options).weight.numel()


def test_convolution():
    found, kernels = numbers("convolution"), weights(3, 16, 3)
    assert (found["params"], found["each"]) == (f"{kernels}", f"{kernels // 16}") and found["macs"] == f"{kernels * shape(3, 16, 3, padding=1, side=32) ** 2:,}"
    assert found["strided"] == f"{shape(3, 16, 3, stride=2, padding=1, side=32)}" and found["macs_2"] == f"{kernels * 16 ** 2:,}"
    assert found["bare"] == f"{shape(3, 16, 3, side=32)}" and found["one"] == f"{kernels // 16 * 1024:,}" and found["cells"] == "1,024"
    assert found["stem"] == f"{weights(3, 32, 3) * 112 ** 2:,}" and found["larger"] == f"{49 / 9:.2f}" and 4.5 < 49 / 9 < 5.5


def test_separable():
    found, cells = numbers("separable"), 7 * 7
    whole, depthwise, pointwise = weights(1152, 320, 3) * cells, weights(1152, 1152, 3, groups=1152) * cells, weights(1152, 320, 1) * cells
    assert [found[name] for name in ("standard", "depthwise", "pointwise")] == [f"{macs:,}" for macs in (whole, depthwise, pointwise)]
    assert found["ratio"] == f"{(depthwise + pointwise) / whole:.4f}" and pointwise > depthwise
    assert found["one"] == f"{1 + 1 / 9:.4f}" and found["five"] == f"{1 / 320 + 1 / 25:.4f}" and found["limit"] == f"{1 / 9:.4f}"


def test_activations():
    found, x = numbers("activations"), torch.linspace(-2, 0, 200_001, dtype=torch.float64)
    assert [found[name] for name in ("one", "minus", "far")] == [f"{F.silu(torch.tensor(at)).item():.3f}".replace("-", "−") for at in (1.0, -1.0, -3.0)]
    assert [found[name] for name in ("cut", "kept", "full")] == [f"{F.relu6(torch.tensor(at)).item():g}" for at in (-2.0, 3.0, 9.0)]
    assert found["hard"] == f"{F.hardswish(torch.tensor(1.0)).item():.3f}"
    for name, function in (("quarter", torch.sigmoid), ("half", F.silu)):
        assert found[name] == f"{torch.autograd.functional.jacobian(function, torch.tensor(0.0)).item():g}"
    assert found["lowest"] == f"{x[F.silu(x).argmin()].item():.2f}".replace("-", "−") and found["low"] == f"{F.silu(x).min().item():.3f}".replace("-", "−")


def test_spiral():
    found, lost = numbers("spiral"), {n: sum(sum(signs) < 2 for signs in product((0, 1), repeat=n)) for n in (2, 3, 4, 6)}
    assert (found["cases"], found["lost"]) == ("8", f"{lost[3]}")
    assert [found[name] for name in ("two", "three", "four", "six")] == [f"{100 * lost[n] / 2 ** n:.1f} %" for n in (2, 3, 4, 6)]
    assert found["both"] == "25.0 %" and found["fifteen"] == "< 0.1 %" and 16 / 2 ** 15 < 0.0005 and lost[4] / 16 < 2 / 3 * lost[3] / 8
    block = build(published("b0"), seed=0).get_submodule("stages.1.0")
    assert (found["into"], found["wide"], found["out"]) == tuple(map(str, (block.expand.conv.in_channels, block.expand.conv.out_channels, block.project.conv.out_channels)))


def test_skips():
    found, repeats = numbers("skips"), (1, 2, 2, 3, 3, 4, 1)  # Table 1
    deep = [-(-31 * count // 10) for count in repeats]  # B7: 3.1 times as deep
    assert (found["blocks"], found["around"], found["through"]) == ("16", f"{sum(repeats) - 7}", "7")
    assert (found["deep"], found["deep_around"], found["deep_through"]) == (f"{sum(deep)}", f"{sum(deep) - 7}", "7")
    assert found["small"] == f"{0.9 ** 64:.4f}" and found["large"] == f"{1.3 ** 64 / 1e6:.1f} M"
    walk = torch.randn(16, 200_000, generator=torch.Generator().manual_seed(0)).cumsum(0).std(1)
    assert walk[1].item() == pytest.approx(float(found["root"]), rel=0.01) and walk[15].item() == pytest.approx(float(found["deviation"]), rel=0.01)
    assert found["always"] == "skip + norm" and found["seeds"] == f"{recorded().seeds}"


def test_squeeze():
    found, unit = numbers("squeeze"), build(published("b0"), seed=0)
    counted = sum(parameter.numel() for parameter in unit.get_submodule("stages.5.1.se").parameters())
    every = sum(parameter.numel() for name, parameter in unit.named_parameters() if ".se." in name)
    assert found["params"] == f"{counted:,}" and found["share"] == f"{100 * every / sum(one.numel() for one in unit.parameters()):.1f} %"
    assert found["wide"] == f"{192 * 6:,}" and found["narrow"] == f"{192 // 4}" and found["macs"] == f"{2 * 1152 * 48:,}" and found["quarter"] == f"{1152 // 4}"
    assert found["senet"] == f"{1152 // 16}" and found["senet_params"] == f"{2 * 1152 * 72 + 72 + 1152:,}" and float(found["work"].split()[0]) < 1


def test_built():
    found, cells = numbers("built"), 56 * 56
    ends, middle, light = 2 * 24 * 144 * cells, weights(144, 144, 3) * cells, weights(144, 144, 3, groups=144) * cells
    assert [found[name] for name in ("plain", "full", "inverted", "filtered", "light")] == [
        f"{macs:,}" for macs in (2 * weights(24, 24, 3) * cells, middle, ends + middle, light, ends + light)]
    assert found["alone"] == f"{middle // light}" and found["fewer"] == f"{(ends + middle) / (ends + light):.1f}" and round(float(found["fewer"])) == int(found["about"])
    assert found["se"] == f"{2 * 144 * 6:,}" and found["se_params"] == f"{2 * 144 * 6 + 144 + 6:,}"


def test_modules():
    found = numbers("modules")
    assert (found["before"], found["after"]) == ("0", "1") and shape(1, 1, 3, stride=2, side=8 + 1) == int(found["cells"]) and int(found["span"]) == 8 + 1
    assert (found["before_5"], found["after_5"]) == ("1", "2") and shape(1, 1, 5, stride=2, side=16 + 3) == 8
    assert (found["odd_before"], found["odd_after"]) == ("1", "1") and shape(1, 1, 3, stride=2, side=17 + 2) == 9
    depthwise = weights(96, 96, 3, groups=96)
    assert (found["weights"], found["normed"], found["mixing"]) == (f"{depthwise}", f"{depthwise + 2 * 96:,}", f"{weights(96, 24, 1):,}")
    assert found["se"] == f"{2 * 96 * 4 + 96 + 4}" and found["times"] == f"{weights(96, 96, 3) // depthwise}"


def test_chance():
    found = numbers("chance")
    norm = nn.BatchNorm2d(1, eps=0.0).eval().requires_grad_(False)
    for name, value in (("weight", found["gamma"]), ("bias", found["beta"]), ("running_mean", found["mu"]), ("running_var", float(found["root"]) ** 2)):
        getattr(norm, name).fill_(float(value))
    plain = {name: float(found[name].replace("−", "-")) for name in ("factor", "bias", "x", "y")}
    assert norm(torch.full((1, 1, 1, 1), plain["x"])).item() == plain["y"] == plain["factor"] * plain["x"] + plain["bias"]
    repeats, rates, index = (1, 2, 2, 3, 3, 4, 1), [], 0
    for count in repeats:
        rates += [0.2 * (index + place) / 16 if place else 0.0 for place in range(count)]
        index += count
    assert found["rate"] == f"{max(rates):.4f}" and found["number"] == f"{rates.index(max(rates))}" and found["mean"] == f"{16 - sum(rates):.1f}"
    assert found["skips"] == f"{sum(rate > 0 for rate in rates)}" and found["block"] == "stages.5.3" and (found["even"], found["halved"]) == ("12.8", "14.4")
    assert (found["stem"], found["all"], found["stay"], found["times"]) == ("32", "128", f"{0.8 * 1280:,.0f}", f"{1 / 0.8:g}")


def test_the_depthwise_convolution_has_the_least_share_of_the_three_and_squeeze_and_excitation_less_still():
    """As the sheet of the page says, and its task 5 lets one see."""
    page = {name: int(value.replace(",", "")) for name, value in sheets.numbers("blocks").items() if name in ("expand", "depthwise", "project", "excite")}
    assert page["excite"] < page["depthwise"] < min(page["expand"], page["project"]) and "three convolutions" in texts.text("sheet_blocks", "discuss")
