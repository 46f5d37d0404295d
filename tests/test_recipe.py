"""Recipes: what cannot be is refused, and phases know their steps."""

import pytest

from effnet_core.errors import UserError
from effnet_core.learning.recipe import Phase, Recipe

GROWING = Recipe(steps=10, phases=(Phase(0.3, 16), Phase(0.5, 32, "light"), Phase(0.2, 16, "strong", 0.2, 0.3)))


@pytest.mark.parametrize(("field", "value"), [
    ("steps", 0), ("steps", -3), ("steps", 2.5), ("batch", 1), ("batch", 10**6), ("learning_rate", 0), ("learning_rate", float("nan")),
    ("learning_rate", float("inf")), ("warmup", 1), ("ema", 1), ("weight_decay", -1), ("label_smoothing", 1), ("clip", 0), ("seed", -1),
    ("evaluations", 0), ("held_out_images", 0), ("seconds", 0), ("seconds", float("nan")), ("batch", "32"),
])  # fmt: skip
def test_impossible_recipes_get_a_sentence(field, value):
    with pytest.raises(UserError, match="it must be a"):
        Recipe(**{field: value})


@pytest.mark.parametrize(("values", "message"), [
    ({"share": 0, "side": 32}, "share of a phase is 0"),
    ({"share": 1.5, "side": 32}, "share of a phase is 1.5"),
    ({"share": 1, "side": 4}, "side of the images is 4"),
    ({"share": 1, "side": 10**5}, "side of the images is 100000"),
    ({"share": 1, "side": 32, "augment": "wild"}, "no augmentation 'wild'; there are none, light, strong"),
    ({"share": 1, "side": 32, "mixup": 1.5}, "batches with mixup is 1.5"),
    ({"share": 1, "side": 32, "cutmix": -0.1}, "batches with CutMix is -0.1"),
    ({"share": 1, "side": 32, "mixup": 0.6, "cutmix": 0.6}, "mixup or CutMix is 1.2"),
])  # fmt: skip
def test_impossible_phases_get_a_sentence(values, message):
    with pytest.raises(UserError, match=message):
        Phase(**values)


def test_phases_must_add_up():
    with pytest.raises(UserError, match="add up to 0.7; they must add up to 1"):
        Recipe(phases=(Phase(0.3, 16), Phase(0.4, 32)))


def test_precision_is_known():
    with pytest.raises(UserError, match="precision is 'float16'; it must be one of float32, bfloat16"):
        Recipe(precision="float16")


def test_phases_may_come_from_a_card():
    assert Recipe(phases=({"share": 1.0, "side": 16},)).phases == (Phase(1.0, 16),)


@pytest.mark.parametrize("descents", [((0.0, 0.5),), ((0.5, 0.4),), ((0.6, 0.8), (0.5, 0.9)), ((0.5, 1.2),), ((1.0, 1.0),)])
def test_impossible_descents_get_a_sentence(descents):
    with pytest.raises(UserError, match="each must be broken off"):
        Recipe(descents=descents)
    assert Recipe(descents=[[0.3, 0.5], [0.6, 1.0]]).descents == ((0.3, 0.5), (0.6, 1.0))


def test_every_step_has_a_phase():
    assert GROWING.ends == (3, 8, 10)
    assert [GROWING.phase(step).augment for step in range(10)] == ["none"] * 3 + ["light"] * 5 + ["strong"] * 2
    assert GROWING.phase(10) == GROWING.phases[-1] and GROWING.phase(7.99).side == 32
    assert Recipe().phase(0) is None


def test_work_goes_by_area():
    assert [GROWING.work(step) for step in (0, 3, 4, 10)] == [0, 3 * 256, 3 * 256 + 1024, 5 * 256 + 5 * 1024]
    assert Recipe().work(7) == 7


def test_sides_have_shares():
    assert GROWING.sides == {16: 0.5, 32: 0.5} and Recipe().sides == {}
