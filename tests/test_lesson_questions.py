"""Questions to predict: every answer once more, counted in another way."""

import math

import pytest

from effnet_core.cost import cost
from effnet_core.families import compound, from_spec, published, to_spec
from effnet_core.lab.memory import footprint
from effnet_core.lessons.questions import QUESTIONS
from effnet_core.lessons.scales import Scale
from effnet_core.lessons.ways import combinations

ROWS = [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1)]  # the paper's Table 1
TABLE = {"b0": (1.0, 1.0, 224), "b1": (1.0, 1.1, 240), "b2": (1.1, 1.2, 260), "b7": (2.0, 3.1, 600)}  # width, depth, side as released


def channels(count, width):
    new = max(8, int(count * width + 4) // 8 * 8)
    return new + 8 if new < 0.9 * count * width else new


def layers(width, depth, side, classes=1000):
    """(kind, parameters, MACs, kernel, stride) of every layer of an EfficientNet, written down from the paper's Table 1."""
    side, c = -(-side // 2), channels(32, width)
    yield "conv", 27 * c + 2 * c, 27 * c * side**2, 3, 2
    for expand, kernel, first, out, repeats in ROWS:
        out = channels(out, width)
        for number in range(math.ceil(repeats * depth - 1e-9)):
            stride, mid = (first if number == 0 else 1), c * expand
            if expand != 1:
                yield "pointwise", c * mid + 2 * mid, c * mid * side**2, 1, 1
            side = -(-side // stride)
            yield "depthwise", kernel**2 * mid + 2 * mid, kernel**2 * mid * side**2, kernel, stride
            squeezed = int(c * 0.25)
            yield "se", 2 * mid * squeezed + squeezed + mid, 2 * mid * squeezed, 1, 1
            yield "pointwise", mid * out + 2 * out, mid * out * side**2, 1, 1
            c = out
    top = channels(1280, width)
    yield "pointwise", c * top + 2 * top, c * top * side**2, 1, 1
    yield "linear", (top + 1) * classes, top * classes, 1, 1


def sums(width=1.0, depth=1.0, side=224, kind=None):
    chosen = [layer for layer in layers(width, depth, side) if kind in (None, layer[0])]
    return sum(layer[1] for layer in chosen), sum(layer[2] for layer in chosen)


def field(width, depth, side):
    seen, step = 1, 1
    for _, _, _, kernel, stride in layers(width, depth, side):
        seen, step = seen + (kernel - 1) * step, step * stride
    return seen / side


def blocks(name):
    return sum(math.ceil(row[4] * TABLE[name][1] - 1e-9) for row in ROWS)


def share(kind, place, name="b0"):
    return 100 * sums(*TABLE[name], kind)[place] / sums(*TABLE[name])[place]


def distinct():
    """Built one by one."""
    seen = set()
    for a in range(13):
        for b in range(9):
            for g in range(9):
                made = compound(1.0, 1 + a / 20, 1 + b / 20, 1 + g / 20)
                seen.add((made.scaling.side, tuple((len(stage.blocks), stage.output.channels) for stage in made.stages), made.stem.output.channels,
                          made.head.output.channels))
    return len(seen)


B0, B7 = sums(*TABLE["b0"]), sums(*TABLE["b7"])
NUMBERS = {
    "blocks-b1": lambda: blocks("b1"),
    "macs-b7": lambda: B7[1] / B0[1],
    "depthwise-macs": lambda: share("depthwise", 1),
    "se-macs": lambda: share("se", 1),
    "classifier-b7": lambda: share("linear", 0, "b7"),
    "constraint": lambda: 1.2 * 1.1**2 * 1.15**2,
    "phi-1": lambda: sums(1.1, 1.2, int(224 * 1.15 + 0.5))[1] / B0[1],
    "phi-b7": lambda: math.log(3.1) / math.log(1.2),
    "sharper": lambda: sums(side=448)[1] / B0[1],
    "wider": lambda: sums(width=2.0)[0] / B0[0],
    "pixel": lambda: 100 * (sums(side=225)[1] / B0[1] - 1),
    "field": lambda: field(1.0, 1.0, 224),
    "grid": distinct,
}


@pytest.mark.parametrize("slug", NUMBERS)
def test_a_number_is_what_another_count_gives(slug):
    assert QUESTIONS[slug].answer({}) == pytest.approx(NUMBERS[slug](), rel=1e-12)


def test_options():
    def right(slug):
        question = QUESTIONS[slug]
        return question.options()[int(question.answer({}))]

    assert right("blocks-b2") == f"{blocks('b2')} blocks" == "23 blocks"
    assert right("params-where") == "Stage 6"
    fields = {"4 × deeper": field(1.0, 4.0, 224), "2 × wider": field(2.0, 1.0, 224), "2 × sharper": field(1.0, 1.0, 448)}
    assert right("field-ways") == max(fields, key=fields.get)
    assert right("memory-ways") == "2 × sharper"
    for question in QUESTIONS.values():
        if question.options:
            assert len(question.options()) == len(set(question.options())) >= 3


def test_the_phi_of_b1_gives_the_nearest_network():
    phi, wanted = QUESTIONS["phi-b1"].answer({}), sums(*TABLE["b1"])[1]

    def miss(phi):
        macs = sums(1.1**phi, 1.2**phi, int(224 * 1.15**phi + 0.5))[1]
        return max(macs / wanted, wanted / macs)

    assert all(miss(phi) <= miss(place / 100) for place in range(201))


def test_memory_is_what_pytorch_keeps():
    """Every tensor that differentiation saves in a forward pass, once each, by its storage; weights left aside. At a smaller side to the byte."""
    import torch

    from effnet_core.network import build

    def kept(architecture):
        network, saved = build(architecture).train(), {}
        ours = {tensor.untyped_storage().data_ptr() for tensor in (*network.parameters(), *network.buffers())}

        def keep(tensor):
            if (place := tensor.untyped_storage().data_ptr()) not in ours:
                saved[place] = tensor.untyped_storage()  # held, so that no other takes its place
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            network(torch.randn(2, *architecture.input))
        return sum(storage.nbytes() for storage in saved.values())

    for name in ("b0", "resnet50"):
        smaller = from_spec({**to_spec(published(name)), "side": 64})
        assert kept(smaller) == 4 * footprint(smaller).training(2)
    whole = [footprint(published(name)).training(1) for name in ("b0", "resnet50")]
    assert QUESTIONS["memory-resnet"].answer({}) == pytest.approx(100 * whole[0] / whole[1], rel=1e-12)


def record(name, ms):
    """A measurement as far as questions ask for it: a layer of kind k takes `ms` × its place among the kinds."""
    kinds = ["conv", "depthwise", "se", "pointwise", "linear", "maxpool"]
    return {"median_ms": ms, "layers": {row.id: kinds.index(row.operator) + 1.0 for row in cost(published(name)).layers}}


def test_measured_answers_are_those_of_the_records():
    times = {"b0": record("b0", 30.0), "b1": record("b1", 54.0), "resnet50": record("resnet50", 75.0)}
    assert QUESTIONS["time-b1"].answer(times) == pytest.approx(1.8) and QUESTIONS["time-resnet"].answer(times) == pytest.approx(2.5)
    counts = {"conv": 1, "depthwise": 16, "se": 16, "pointwise": 32, "linear": 1}
    whole = sum(counts[kind] * place for kind, place in zip(counts, range(1, 6)))
    assert QUESTIONS["depthwise-time"].answer(times) == pytest.approx(100 * 16 * 2 / whole)
    assert {slug for slug, question in QUESTIONS.items() if question.needs} == {"time-b1", "depthwise-time", "time-resnet"}


@pytest.mark.parametrize("slug", [slug for slug, question in QUESTIONS.items() if question.scale])
def test_an_answer_lies_within_its_scale_and_is_not_where_the_slider_begins(slug):
    question = QUESTIONS[slug]
    stops, times = question.scale.stops(), {"b0": record("b0", 30.0), "b1": record("b1", 54.0), "resnet50": record("resnet50", 75.0)}
    assert question.scale.low < question.answer(times) < question.scale.high
    assert question.scale.text(question.answer(times)) != question.scale.text(stops[len(stops) // 2])


@pytest.mark.parametrize("scale", [Scale(0.01, 100.0, "%", log=True), Scale(0.0, 2.0, "φ"), Scale(16, 40, "blocks", whole=True), Scale(1.0, 1000.0, "×", log=True)])
def test_scales(scale):
    stops = scale.stops()
    assert stops[0] == scale.low and stops[-1] == scale.high and list(stops) == sorted(set(stops))
    assert len({scale.text(stop) for stop in stops}) == len(stops)  # no two stops look alike
    for place in (0.0, 0.25, 0.5, 1.0):
        assert scale.place(scale.at(place)) == pytest.approx(place, abs=1e-12)
    assert scale.place(scale.low - 1) == 0 and scale.place(10 * scale.high) == 1


def test_equal_ratios_are_equally_far_apart():
    scale = Scale(1.0, 1000.0, "×", log=True)
    assert scale.place(10) == pytest.approx(1 / 3) and scale.place(100) == pytest.approx(2 / 3)


def test_a_value_is_written_with_its_unit():
    assert Scale(1.0, 10.0, "×").text(2.5728) == "× 2.57" and Scale(0.0, 2.0, "φ").text(0.22) == "φ = 0.22"
    assert Scale(1, combinations(), "networks", whole=True).text(1053) == "1,053 networks"


def test_the_stage_with_the_most_parameters_is_four_blocks_that_are_widened_to_1152_channels():
    facts = QUESTIONS["params-where"].facts({})
    assert (facts["blocks"], facts["wide"]) == ("4", f"{6 * 192:,}")  # the paper's Table 1, row 7
