"""From a plan to data, network and recipe: what follows from the source, and what is refused."""

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

from effnet_core import checkpoints
from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import small, to_spec
from effnet_core.learning import pacing, plans, preparation
from effnet_core.learning.distributed import World
from effnet_core.learning.plans import Plan
from effnet_core.learning.preparation import prepare
from effnet_core.learning.recipe import Phase, Recipe
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling

TINY = small(Scaling(0.3, 0.25, 16, 0.1))
PLAN = Plan("mine", to_spec(TINY), Recipe(steps=4, batch=4, held_out_images=20), side=16)
LIKE = Preprocess(20, 20, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path):
    """A model of three classes with a way of its own in everything that can differ."""
    network = build(small(Scaling(0.3, 0.25, 20, 0.0), 3), padding="symmetric", eps=1e-5, seed=8)
    network(torch.randn(4, 3, 20, 20))
    card = checkpoints.make_card("start", network, ("a", "b", "c"), LIKE, trained=True)
    checkpoints.save(checkpoints.path_of("start"), network, card)
    return network


@pytest.fixture
def photos(tmp_path):
    """Two classes of six photos."""
    for number in range(12):
        path = tmp_path / "photos" / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 20), (20 * number, 100, 255 - 20 * number)).save(path)
    return tmp_path / "photos"


def test_a_plan_becomes_data_network_and_recipe():
    ready = prepare(PLAN)
    assert ready.data == Scenes(16, 0) and ready.network.architecture == TINY
    assert ready.plan == replace(PLAN, network=to_spec(ready.network.architecture))
    again = prepare(PLAN)
    assert all(torch.equal(value, again.network.state_dict()[key]) for key, value in ready.network.state_dict().items())


def test_plans_survive_json():
    for plan in (PLAN, replace(PLAN, like=LIKE.to_dict(), recipe=replace(PLAN.recipe, phases=(Phase(1.0, 16, "light"),), seconds=3.0))):
        assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_plans_of_the_first_version_are_understood():
    old = {key: value for key, value in PLAN.to_dict().items() if key not in ("padding", "eps", "like", "judged", "smaller_batch")}
    old["recipe"] = {key: value for key, value in old["recipe"].items() if key != "seconds"}
    assert Plan.from_dict(old) == PLAN


@pytest.mark.parametrize("change", [
    {"recipe": None}, {"recipe": {"steps": 0}}, {"recipe": {"speed": 1}}, {"recipe": {"phases": 3}}, {"network": None}, {"network": {}},
    {"side": None}, {"side": -1}, {"data": 7}, {"device": 7}, {"precision": "int4"}, {"like": {}}, {"like": 3},
])  # fmt: skip
def test_damaged_plans_are_a_sentence(change):
    with pytest.raises(UserError, match="plan of this training is damaged"):
        Plan.from_dict({**PLAN.to_dict(), **change})


@pytest.mark.parametrize("lacking", ["name", "recipe", "network"])
def test_plans_that_lack_something_are_a_sentence(lacking):
    with pytest.raises(UserError, match="plan of this training is damaged"):
        Plan.from_dict({key: value for key, value in PLAN.to_dict().items() if key != lacking})


def test_an_unfinished_plan_keeps_its_own_name_and_place(tmp_path):
    run = plans.run_of("mine", None)
    run.keep_plan({"plan": replace(PLAN, name="other", out="/somewhere/else.safetensors").to_dict(), "step": 1, "curve": []})
    with pytest.raises(UserError, match="no unfinished training called 'mine'"):
        plans.unfinished("mine")
    run.keep_state({"step": 1})
    assert plans.unfinished("mine") == PLAN
    assert run.folder.name == "mine" and plans.run_of("x", str(tmp_path / "a.safetensors")).folder == tmp_path / "a.training"
    with pytest.raises(UserError, match="cannot name a model"):
        plans.unfinished("../mine")


def test_a_body_is_taken_over_with_all_that_belongs_to_it(source):
    plan = replace(PLAN, network=None, source="start", side=None)
    ready = prepare(plan)
    network, theirs = ready.network, source.state_dict()
    assert all(torch.equal(value, theirs[key]) for key, value in network.state_dict().items() if not key.startswith("classifier."))
    assert network.classifier.weight.shape == (10, theirs["classifier.weight"].shape[1]) and network.classifier.weight.std() < 0.011
    assert (network.padding, network.stem.norm.eps, network.stem.norm.momentum) == ("symmetric", 1e-5, 0.1)
    assert ready.data.preprocess.mean == LIKE.mean and ready.data.preprocess.std == LIKE.std and ready.data.side == 20
    assert (ready.plan.side, ready.plan.padding, ready.plan.eps, ready.plan.like) == (20, "symmetric", 1e-5, LIKE.to_dict())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_photos_are_prepared_as_the_source_wants_them(source, photos):
    ready = prepare(replace(PLAN, network=None, source="start", side=None, data=str(photos)))
    assert ready.data.side == 20 and ready.data.preprocess == LIKE and ready.data.held_out.preprocess == LIKE
    larger = prepare(replace(PLAN, network=None, source="start", side=32, data=str(photos)))
    assert larger.data.side == 32 and larger.data.preprocess.mean == LIKE.mean and larger.data.preprocess.interpolation == "bilinear"
    assert larger.data.preprocess.crop == 40  # as photos are judged


def test_phases_grow_to_the_sources_side(source):
    phases = (Phase(0.5, 64), Phase(0.5, 128))
    ready = prepare(replace(PLAN, network=None, source="start", side=None, recipe=replace(PLAN.recipe, phases=phases)))
    assert ready.plan.recipe.phases[-1].side == 20


def test_a_source_may_be_a_file(source, cache):
    ready = prepare(replace(PLAN, network=None, source=str(cache / "models" / "start.safetensors"), side=None))
    assert torch.equal(ready.network.stem.conv.weight, source.stem.conv.weight)


def test_of_a_frozen_source_only_the_classifier_learns(source):
    network = prepare(replace(PLAN, network=None, source="start", side=None, frozen=True)).network
    assert {name for name, parameter in network.named_parameters() if parameter.requires_grad} == {"classifier.weight", "classifier.bias"}


def test_to_go_on_nothing_of_the_source_is_needed(source, cache):
    ready = prepare(replace(PLAN, network=None, source="start", side=None))
    (cache / "models" / "start.safetensors").unlink()
    again = prepare(ready.plan, resume=True)
    assert (again.network.padding, again.network.stem.norm.eps, again.data) == ("symmetric", 1e-5, ready.data)
    with pytest.raises(UserError, match="no model called 'start'"):
        prepare(replace(PLAN, network=None, source="start", side=None))


def test_a_source_and_a_network_are_one_too_many(source):
    with pytest.raises(UserError, match="start brings its own network, .*; leave out what describes another one"):
        prepare(replace(PLAN, source="start"))


def test_epochs_become_steps(photos):
    plan = replace(PLAN, data=str(photos), epochs=3)
    ready = prepare(plan)
    images = ready.data.images
    assert ready.plan.recipe.steps == round(3 * images / 4) and ready.plan.recipe.evaluations == 3 and ready.plan.epochs is None


def test_batches_no_larger_than_the_data(photos):
    plan = replace(PLAN, data=str(photos), recipe=replace(PLAN.recipe, batch=64))
    with pytest.raises(UserError, match=r"A batch of 64 images is more than the (\d+) photos of photos to learn from; \1 is the most"):
        prepare(plan)
    images = prepare(replace(plan, smaller_batch=True)).data.images
    assert prepare(replace(plan, smaller_batch=True)).plan.recipe.batch == images < 12
    shared = preparation._fitting(replace(plan, smaller_batch=True), Scenes(16), World(0, 2))
    assert shared.batch == 64  # of scenes there is no end
    assert preparation._fitting(replace(plan, smaller_batch=True), prepare(replace(plan, smaller_batch=True)).data, World(0, 4)).batch % 4 == 0


def test_long_checks_are_told(photos):
    told = []
    prepare(replace(PLAN, data=str(photos)), told.append)
    assert told[0] == {"phase": "checking the photos"}
    assert {"phase": "checking the photos", "done": 12, "total": 12, "unit": "photos"} in told


def test_a_preparation_can_be_stopped(photos):
    with pytest.raises(UserError, match="stopped"):
        prepare(replace(PLAN, data=str(photos)), asked=lambda: "pause")


def test_memory_is_checked_for_the_largest_images(monkeypatch):
    checked = []
    monkeypatch.setattr(pacing, "check_memory", lambda architecture, *rest: checked.append((architecture.input.height, *rest)))
    phases = (Phase(0.5, 64), Phase(0.25, 96), Phase(0.25, 32))
    prepare(replace(PLAN, recipe=replace(PLAN.recipe, phases=phases)), world=World(1, 2, 1, 2))
    prepare(PLAN)
    assert checked == [(96, 2, "cpu", 2), (16, 4, "cpu", 1)]


def test_what_is_not_there_is_a_sentence():
    for change, message in (({"data": "imagenet"}, "no data called 'imagenet'"),
                            ({"source": "nothing", "network": None}, "no model called 'nothing'")):
        with pytest.raises(UserError, match=message):
            prepare(replace(PLAN, **change))
