"""One channel's gate worked out by hand: against the network's own numbers, and every printed line against the next one."""

import json
import math
import re

import numpy as np
import pytest
import torch

from effnet_core.errors import UserError
from effnet_core.families import SMALL
from effnet_core.figures import excitation as draw
from effnet_core.figures.gates import levels
from effnet_core.inside import excitation as hand
from effnet_core.inside.inspection import inspect, open_unit, operate
from effnet_core.palette import diverging

from .test_inspection import model_of

BLOCK = "stages.4.1"


@pytest.fixture(scope="module")
def model():
    model = model_of(SMALL)
    with torch.no_grad():
        for name, tensor in model.network.named_parameters():
            if ".se." in name:
                tensor.normal_(0, 0.6, generator=torch.Generator().manual_seed(len(name)))
    return model


@pytest.fixture(scope="module")
def seen(model):
    return inspect(model, torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)))


@pytest.fixture(scope="module")
def recorded(model, seen):
    return open_unit(model, seen, BLOCK).excitation


def matrices(model):
    se = model.network.get_submodule(BLOCK + ".se")
    parts = (se.reduce.weight[:, :, 0, 0], se.reduce.bias, se.expand.weight[:, :, 0, 0], se.expand.bias)
    return [part.detach().double().numpy() for part in parts]


def calculated(text):
    """What a pocket calculator makes of a printed expression."""
    text = text.replace("−", "-").replace("·", "*").replace(",", "")
    assert re.fullmatch(r"[-+*/(). 0-9a-zσ]+", text.replace("swish", "f")), text
    functions = {"σ": lambda x: 1 / (1 + math.exp(-x)), "swish": lambda x: x / (1 + math.exp(-x))}
    return eval(text, functions)  # noqa: S307  checked above


def rounded(text, like):
    """What the calculator shows, with as many decimals as `like`; zero has no sign."""
    shown = f"{calculated(text):.{decimals(like)}f}"
    return shown.replace("-", "−") if float(shown) else shown.lstrip("-")


def decimals(text):
    return len(text.partition(".")[2])


def test_the_terms_are_the_network_s_own_numbers(model, recorded):
    w1, b1, w2, b2 = matrices(model)
    z, hidden = recorded.z.astype(float), recorded.hidden.astype(float)
    for channel in range(0, len(z), 7):
        work = hand.work(model.network, BLOCK, recorded, channel)
        shares = w2[channel] * hidden
        best = sorted(range(len(hidden)), key=lambda j: -abs(shares[j]))
        assert [term.place for term in work.gate.terms] == best[:3] == [neuron.place for neuron in work.hidden]
        assert [term.product for term in work.gate.terms] == [w2[channel, j] * hidden[j] for j in best[:3]]
        assert work.gate.others == len(hidden) - 3 and work.gate.rest == pytest.approx(sum(shares[j] for j in best[3:]), abs=1e-12)
        assert work.gate.total == pytest.approx(float(shares.sum() + b2[channel]), abs=1e-12)
        assert math.fsum(work.gate.parts) == pytest.approx(work.gate.total)
        assert (work.gate.value, work.s, work.z) == (recorded.own[channel], recorded.s[channel], recorded.z[channel])
        assert hand.sigmoid(work.gate.total) == pytest.approx(work.s, rel=1e-5)
        assert work.sum == pytest.approx(float(recorded.before[channel].astype(float).sum()))
        assert work.sum / (work.height * work.width) == pytest.approx(work.z, rel=1e-5)
        for row, neuron in zip(work.first, work.hidden):
            assert (row == w1[neuron.place]).all() and neuron.bias == b1[neuron.place]
            assert neuron.total == pytest.approx(float(w1[neuron.place] @ z + b1[neuron.place]), abs=1e-12)
            assert hand.swish(neuron.total) == pytest.approx(neuron.value, rel=1e-4, abs=1e-6)
            assert neuron.value == recorded.hidden[neuron.place]
        assert (work.second == w2[channel]).all()


def test_every_printed_line_gives_the_next_one(model, recorded):
    activation = hand.activation(model.network, BLOCK)
    assert activation.name == "swish"
    for channel in range(len(recorded.z)):
        work = hand.work(model.network, BLOCK, recorded, channel)
        lines = draw.formulas(work, activation)
        for neuron, (_, factors, products, total, value) in ((work.gate, lines["gate"]), *zip(work.hidden, lines["hidden"])):
            function, shown = total[2:].partition("(")[0], value[2:]
            summed = total[2:-1].removeprefix(function + "(")
            assert rounded(products[2:].removeprefix(function), summed) == summed  # the products add up to the total
            assert rounded(total[2:], shown) == shown == draw.number(neuron.value, decimals(shown))
            weights, inputs = zip(*((term.weight, term.value) for term in neuron.terms))
            for text, (weight, given) in zip(factors[2:].removeprefix(function + "(").split(" + "), zip(weights, inputs)):
                left, right = text.split(" · ")
                assert calculated(left) == round(weight, draw.decimals(weight)) and calculated(right) == round(given, draw.decimals(given))
        _, division, z = lines["squeeze"]
        assert rounded(division[2:], z) == z[2:] == draw.number(work.z, decimals(z))


def test_symbols_name_the_channel_the_neurons_and_how_many_more_there_are(model, recorded):
    work = hand.work(model.network, BLOCK, recorded, 5)
    a, b, c = (term.place for term in work.gate.terms)
    lines = draw.formulas(work, hand.activation(model.network, BLOCK))
    many = len(recorded.hidden) - 3
    terms = " + ".join(f"v_{{5,{place}}} · h_{{{place}}}" for place in (a, b, c))
    assert lines["gate"][0] == f"s_{{5}} = σ({terms} + {many} more + b_{{5}})"
    assert [neuron[0].split(" = ")[0] for neuron in lines["hidden"]] == [f"h_{{{a}}}", f"h_{{{b}}}", f"h_{{{c}}}"]
    assert lines["squeeze"][0] == f"z_{{5}} = 1 / ({work.height} · {work.width}) · Σ x_{{5}}"


def test_gates_that_were_set_stand_beside_what_the_network_would_decide(model, seen):
    forced = np.full(len(seen.gates[BLOCK]), np.nan, np.float32)
    forced[4] = 0.25
    done = open_unit(model, operate(model, seen, {BLOCK: forced}), BLOCK).excitation
    work = hand.work(model.network, BLOCK, done, 4)
    assert work.s == 0.25 and work.gate.value == pytest.approx(float(seen.gates[BLOCK][4])) != 0.25
    packed = draw.packed(work, done, hand.activation(model.network, BLOCK), "gate")
    head = json.loads(packed[4 : 4 + int.from_bytes(packed[:4])])
    assert head["set"] is True and head["s"] == 0.25 and head["gate"]["value"] == work.gate.value
    free = hand.work(model.network, BLOCK, done, 5)
    assert free.s == free.gate.value


@pytest.mark.parametrize("value, text", [
    (0.5, "0.5000"), (-12.34567, "−12.3457"), (0.000123456, "0.000123"), (-1e-5, "−0.0000100"), (0.0, "0.0000"), (1e-30, "0.000000000000"),
])
def test_small_numbers_keep_three_digits(value, text):
    assert draw.number(value) == text


@pytest.mark.parametrize("parts, finish, result, expected", [
    ((0.5, 0.25), float, 0.75, (4, 4, 4)),
    ((1.00004, 0.00004), float, 1.00008, (5, 4, 4)),  # as 1.0000 + 0.0000 they would not make 1.0001
    ((0.00004, 0.00004), float, 0.00008, (7, 7, 7)),  # three digits of a small number
    ((70.99235,), lambda total: total / 100, 0.7099235, (4, 4, 4)),
    ((float("nan"),), float, float("nan"), (14, 14, 4)),
])
def test_as_many_decimals_as_it_takes(parts, finish, result, expected):
    assert draw.closing(parts, finish, result) == expected


def test_few_hidden_numbers_are_all_written_out():
    neuron = hand.neuron(1, np.array([2.0, -1.0], np.float32), np.array([0.5, 0.25], np.float32), 0.125, 0.875)
    assert (neuron.others, neuron.rest, neuron.total) == (0, 0.0, 0.875) and neuron.parts == (1.0, -0.25, 0.125)
    assert draw.neuron_lines(neuron, ("h", "w", "z"), "f", float) == [
        "h_{1} = f(w_{1,0} · z_{0} + w_{1,1} · z_{1} + b_{1})", "= f(2.0000 · 0.5000 + (−1.0000) · 0.2500 + 0.1250)",
        "= f(1.0000 − 0.2500 + 0.1250)", "= f(0.8750)", "= 0.8750"]


def test_the_functions_are_torch_s():
    x = torch.linspace(-30, 30, 121, dtype=torch.float64)
    for mine, theirs in ((hand.sigmoid, torch.sigmoid), (hand.swish, torch.nn.functional.silu)):
        np.testing.assert_allclose([mine(float(value)) for value in x], theirs(x).numpy(), rtol=1e-12)
    assert hand.sigmoid(-1e6) == 0 and math.isnan(hand.sigmoid(math.nan))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_travels_is_what_was_recorded(model, recorded, theme):
    work = hand.work(model.network, BLOCK, recorded, 3)
    packed = draw.packed(work, recorded, hand.activation(model.network, BLOCK), "channel", theme, title="a <b>", stamp="untrained weights")
    length = int.from_bytes(packed[:4])
    head, rest = json.loads(packed[4 : 4 + length]), np.frombuffer(packed[4 + length :], "<f4")
    right = [recorded.before[3], recorded.z, recorded.s, recorded.own, recorded.hidden, work.first, work.second]
    assert (rest == np.concatenate([part.ravel() for part in right])).all()
    assert (head["height"], head["width"]) == recorded.before.shape[1:]
    assert (head["channels"], head["squeezed"]) == (len(recorded.z), len(recorded.hidden))
    assert head["reach"] == pytest.approx(float(np.abs(recorded.before[3]).max())) and head["set"] is False
    assert (head["title"], head["stamp"], head["order"], head["activation"]) == ("a <b>", "untrained weights", "channel", "swish")
    assert head["signed"][0] == diverging(-1, theme) and head["signed"][-1] == diverging(1, theme) and head["gates"] == [*levels()]
    assert head["gate"]["terms"] == [term.place for term in work.gate.terms]


def test_an_unknown_theme_is_refused(model, recorded):
    work = hand.work(model.network, BLOCK, recorded, 3)
    with pytest.raises(UserError, match="There is no theme 'sepia'"):
        draw.packed(work, recorded, hand.activation(model.network, BLOCK), "gate", "sepia")
