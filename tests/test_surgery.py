"""Gates set by hand: the plan, its text, and what the network makes of it, against a forward pass written out."""

import numpy as np
import pytest
import torch

from effnet_core.errors import UserError
from effnet_core.families import SMALL
from effnet_core.inside.ablation import one_at_a_time, slopes
from effnet_core.inside.gradients import gradients
from effnet_core.inside.handles import taken
from effnet_core.inside.inspection import inspect, operate
from effnet_core.inside.surgery import ALL, LONGEST, PHOTOS, Entry, Plan, Source, fitting, operation, read

from .test_inspection import by_hand, model_of


@pytest.fixture(scope="module")
def model():
    return model_of(SMALL)


@pytest.fixture(scope="module")
def pictures():
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def seen(model, pictures):
    return inspect(model, pictures[:1])


@pytest.fixture(scope="module")
def source(model, seen, pictures):
    generator = np.random.default_rng(1)
    means = {block: generator.random(len(gates), np.float32) for block, gates in seen.gates.items()}
    return Source(seen.gates, means, {"sample-cat": inspect(model, pictures[1:]).gates}.__getitem__)


TEXTS = [
    "off:all",
    "off:4.1",
    "mean:all",
    "photo:all:sample-cat",
    "photo:2.0:upload-0123456789abcdef",
    "set:4.1:3=0,17=0.5",
    "off:all;own:4.1",
    "off:all;set:4.1:3=0.25;mean:6.0",
    "set:4.1:3=0;set:2.0:1=1",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_plan_and_its_text_are_one(text):
    assert read(text).write() == text and read(read(text).write()) == read(text) and read(text)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "off",
        "off:4",
        "off:4.1:2",
        "set:all:1=0",
        "set:4.1",
        "set:4.1:a=1",
        "set:4.1:1=2",
        "set:4.1:1=1.1",
        "set:4.1:1=nan",
        "set:4.1:-1=0",
        "set:4.1:1=0,",
        "photo:4.1",
        "photo:4.1:../../etc",
        "photo:4.1:sample-<b>",
        "off:٤.1",
        "off:all " * 200,
    ],
)
def test_what_is_no_plan_gets_a_sentence(text):
    with pytest.raises(UserError):
        read(text)


def test_what_is_covered_is_forgotten():
    plan = read("mean:2.0;set:4.1:3=0")
    assert plan.then(Entry("off", "stages.4.1")).write() == "mean:2.0;off:4.1"
    assert plan.then(Entry("off")).write() == "off:all" and not plan.then(Entry("own"))
    assert plan.then(Entry("own", "stages.4.1")).write() == "mean:2.0"
    assert plan.then(Entry("off")).then(Entry("own", "stages.4.1")).write() == "off:all;own:4.1"
    assert plan.then(Entry("set", "stages.4.1", gates=((1, 0.5), (3, 1.0)))).write() == "mean:2.0;set:4.1:1=0.5,3=1"
    assert plan.then(Entry("set", "stages.2.0", gates=((1, 0.5),))).write() == "mean:2.0;set:4.1:3=0;set:2.0:1=0.5"
    assert plan.without("stages.4.1", {3}).write() == "mean:2.0" and plan.without("stages.2.0", {3}) == plan
    assert not read("") and not Plan() and Plan().write() == ""


def test_what_is_set_in_a_block():
    plan = read("off:all;set:4.1:3=0,5=1;photo:2.0:sample-cat")
    assert plan.whole("stages.4.1").kind == "off" and plan.whole("stages.2.0").photo == "sample-cat" and plan.whole(ALL).kind == "off"
    assert plan.singles("stages.4.1") == {3: 0.0, 5: 1.0} and plan.singles("stages.2.0") == {}
    assert plan.then(Entry("mean", "stages.4.1")).singles("stages.4.1") == {} and Plan().whole("stages.4.1").kind == "own"


def test_too_many_single_gates_get_a_sentence():
    plan = Plan((Entry("set", "stages.4.1", gates=tuple((channel, 0.25) for channel in range(200))),))
    with pytest.raises(UserError, match="do not fit"):
        plan.write()
    assert len(read(Plan((plan.entries[0]._replace(gates=plan.entries[0].gates[:100]),)).write()).write()) <= LONGEST


def explicit(text, seen, source):
    """What should be set, entry by entry and channel by channel."""
    wanted = {block: [np.nan] * len(gates) for block, gates in seen.gates.items()}
    for entry in read(text).entries:
        for block, gates in wanted.items():
            for channel in range(len(gates)):
                if entry.block in ("all", block):
                    whole = {
                        "off": 1.0,
                        "own": np.nan,
                        "mean": source.means[block][channel],
                        "photo": source.photo("sample-cat")[block][channel],
                    }
                    gates[channel] = whole[entry.kind] if entry.kind in whole else dict(entry.gates).get(channel, gates[channel])
    return {block: np.array(gates, np.float32) for block, gates in wanted.items() if not np.isnan(gates).all()}


@pytest.mark.parametrize(
    "text",
    [
        "off:all",
        "off:4.1",
        "mean:all",
        "photo:all:sample-cat",
        "set:4.1:3=0,17=0.5",
        "off:all;own:4.1",
        "mean:2.0;off:all;photo:4.1:sample-cat;set:6.0:1=0;set:4.1:0=1,2=0.03",
    ],
)
def test_the_network_s_own_pass_with_whole_plans(text, model, pictures, seen, source):
    made = operation(read(text), source)
    wanted = explicit(text, seen, source)
    assert {*made} == {*wanted}
    for block, gates in wanted.items():
        assert made[block].dtype == np.float32 and np.array_equal(made[block], gates, equal_nan=True)
    done = operate(model, seen, made)
    with torch.inference_mode():
        np.testing.assert_allclose(done.logits, by_hand(model.network, pictures[:1], wanted).numpy(), rtol=1e-4, atol=1e-6)
    assert not (done.logits == seen.logits).all()


def test_another_picture_s_gates_in_the_first_block_alone_give_neither_picture_s_logits(model, seen, source, pictures):
    done, other = operate(model, seen, operation(read("photo:0.0:sample-cat"), source)), inspect(model, pictures[1:])
    assert (done.gates["stages.0.0"] == other.gates["stages.0.0"]).all()
    assert not np.allclose(done.logits, other.logits) and not np.allclose(done.logits, seen.logits)


def test_nothing_set_is_nothing_done(seen, source):
    assert operation(Plan(), source) == {} and operation(read("own:all"), source) == {}


@pytest.mark.parametrize(
    "text, why",
    [
        ("off:6.9", "no gates in stages.6.9"),
        ("set:0.0:4000=0", "channels"),
        ("mean:all", "not recorded"),
        ("photo:all:sample-cat", "no other picture"),
    ],
)
def test_what_does_not_fit_is_refused_or_left_out(text, why, seen):
    bare = Source(seen.gates)
    with pytest.raises(UserError, match=why):
        operation(read(text), bare)
    assert fitting(read(f"{text};off:4.1"), bare).write() == "off:4.1"


def test_one_block_at_a_time_is_a_pass_each(model, pictures, seen):
    rows = [*one_at_a_time(model, seen, 3)]
    assert [row.block for row in rows] == [*seen.gates]
    for row in rows:
        with torch.inference_mode():
            logits = by_hand(model.network, pictures[:1], {row.block: np.ones_like(seen.gates[row.block])})
        assert row.logit == pytest.approx(logits[3].item(), rel=1e-4, abs=1e-6)
        assert row.probability == pytest.approx(torch.softmax(logits.double(), 0)[3].item(), rel=1e-4)
        assert row.best == int(logits.argmax())


@pytest.mark.parametrize("block", ["stages.0.0", "stages.4.1"])
@pytest.mark.parametrize("text", ["", "off:all"])
def test_slopes_are_what_a_small_step_of_a_gate_does(block, text, model, seen, source):
    at = operate(model, seen, operation(read(text), source))
    found, step = slopes(model, at, block, gradients(model, at, 2, block)[block]), 0.02
    assert found.shape == at.gates[block].shape
    for channel in np.argsort(-np.abs(found))[:4]:

        def logit(by):
            gates = {**{name: gates.copy() for name, gates in at.operation.items()}}
            gates.setdefault(block, np.full_like(at.gates[block], np.nan))[channel] = at.gates[block][channel] + by
            return float(operate(model, seen, gates).logits[2])

        assert (logit(step) - logit(-step)) / (2 * step) == pytest.approx(found[channel], rel=0.02)


def test_what_handles_send_is_checked(seen):
    plan, channels = read("set:4.1:3=0"), {block: len(gates) for block, gates in seen.gates.items()}
    assert taken(plan, {"block": "stages.4.1", "gates": [[5, 0.254], [3, None], [7, 1]]}, channels).write() == "set:4.1:5=0.25,7=1"
    width = channels["stages.4.1"]
    assert taken(plan, {"block": "stages.4.1", "gates": [[5, 0.2], [5, None], [7, None], [7, 1]]}, channels).write() == "set:4.1:3=0,7=1"
    for pair in (
        [width, 0],
        [-1, 0],
        [True, 0],
        [1.0, 0],
        ["1", 0],
        [1, 1.01],
        [1, -0.1],
        [1, float("nan")],
        [1, "0"],
        [1, True],
        [1],
        1,
        [1, 0, 0],
        [None, None],
    ):
        assert taken(plan, {"block": "stages.4.1", "gates": [pair]}, channels) == plan
    for sent in (
        None,
        [],
        "x",
        {},
        {"block": "stages.9.9", "gates": [[1, 0]]},
        {"block": "stages.4.1"},
        {"block": ["x"], "gates": []},
        {"block": "stages.4.1", "gates": 3},
    ):
        assert taken(plan, sent, channels) == plan


def test_many_gates_at_once_are_one_step_and_more_than_there_are_none(monkeypatch):
    steps, then = [], Plan.then
    monkeypatch.setattr(Plan, "then", lambda *given: steps.append(given) or then(*given))
    every = [[channel, 0.5] for channel in range(3840)]
    made = taken(Plan(), {"block": "stages.6.0", "gates": every}, {"stages.6.0": 3840})
    assert made.singles("stages.6.0") == {channel: 0.5 for channel in range(3840)} and len(steps) == 1
    assert taken(made, {"block": "stages.6.0", "gates": [*every, [0, None]]}, {"stages.6.0": 3840}) == made


def test_channels_of_the_widest_networks_are_written_and_read():
    plan = taken(Plan(), {"block": "stages.6.0", "gates": [[10000, 0.5]]}, {"stages.6.0": 11520})
    assert plan.write() == "set:6.0:10000=0.5" and read(plan.write()) == plan
    with pytest.raises(UserError):
        read("set:6.0:100000=0.5")


def test_gates_come_from_few_other_pictures():
    few = ";".join(f"photo:{block}.0:scene-{block % PHOTOS}-1" for block in range(1, 7))
    assert len(read(few).entries) == 6
    with pytest.raises(UserError, match=f"Gates of {PHOTOS + 1} other pictures are too many"):
        read(few + ";photo:4.1:scene-9-1")
    with pytest.raises(UserError, match="too many"):
        read(few).then(Entry("photo", "stages.4.1", "scene-9-1")).write()
    assert len(read(few + ";photo:4.1:scene-9-1;photo:4.1:scene-1-1").entries) == 7  # what another one covers costs nothing
