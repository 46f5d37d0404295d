"""Recipes by name: complete, possible, and changed as asked."""

import json
from dataclasses import asdict

import pytest

from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.learning.recipes import PRESETS, lasting, preset, resized
from effnet_core.learning.training import Phase, Recipe


@pytest.mark.parametrize("name", PRESETS)
def test_presets_can_be_stored_and_read(name):
    recipe = preset(name).recipe
    assert Recipe(**json.loads(json.dumps(asdict(recipe)))) == recipe


def test_the_bundled_model_is_the_published_b0():
    bundled = preset("b0-imagenette")
    assert bundled.network == "b0" and published(bundled.network).scaling.depth == 1.0 and bundled.data == "imagenette"
    sides = [phase.side for phase in bundled.recipe.phases]
    assert sides == sorted(sides) and sides[-1] == bundled.side < bundled.test


def test_an_epoch_shows_every_photo_about_once():
    recipe = lasting(Recipe(batch=64), 10, 9469)
    assert recipe.steps == round(10 * 9469 / 64) and recipe.evaluations == 10
    assert lasting(Recipe(batch=64), 0.001, 100).steps == 1


def test_sides_keep_their_proportion():
    recipe = Recipe(phases=(Phase(0.5, 64), Phase(0.5, 128)))
    assert [phase.side for phase in resized(recipe, 192).phases] == [96, 192]
    assert [phase.side for phase in resized(recipe, 32).phases] == [32, 32]
    assert resized(Recipe(), 99) == Recipe()


def test_an_unknown_recipe_is_refused():
    with pytest.raises(UserError, match="no recipe called 'grandmother'; there are scenes, photos, b0-imagenette"):
        preset("grandmother")
