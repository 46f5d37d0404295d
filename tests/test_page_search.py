"""The Search page: a grid counted at once, the way to the sliders, and searches by training in real worker processes."""

import sys

import pytest

from effnet_core.cost import cost
from effnet_core.families import compound
from effnet_core.figures import search as figures
from effnet_core.search import grid, searching, settings
from effnet_core.search.grid import Grid
from effnet_core.work.jobs import JobQueue
from pages.shared import removing, shell
from pages.shared.search import studies, wishes

from .apps import open_app
from .test_page_scaling import shows

HANG_S = 120.0
TINY = {"search_depth": 0.25, "search_width": 0.1, "search_side": 16}
FAKE = """
import json, sys
def say(event, **fields): print(json.dumps({"event": event, **fields}), flush=True)
say("progress", phase="training", done=1, total=4, candidate="deeper (2, 1, 1)", seed=0, step=50, steps=100, loss=2.0, seconds_left=75.0)
word = sys.stdin.readline().strip()
say("result", paused=word == "pause", done=1, total=4)
"""


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    monkeypatch.setattr(studies, "NICE", 0)
    monkeypatch.setattr(wishes, "STEPS", (2, 50, 100))
    yield tmp_path
    for job in studies.searches().active():
        job.stop()
        job.wait(60)


@pytest.fixture
def fake(monkeypatch):
    queue = JobQueue("search", command=(sys.executable, "-c", FAKE), grace_s=1.0)
    monkeypatch.setattr(studies, "searches", lambda: queue)
    yield queue
    queue.shutdown()


def words(app):
    kinds = [element for kind in ("markdown", "caption", "info", "warning", "success", "html", "progress") for element in app.get(kind)]
    return "\n".join(element.proto.text if element.type == "progress" else element.proto.body for element in kinds)


def tiny(app, steps=2):
    """Sets a search that is over in seconds."""
    app.button_group(key="search_kinds").set_value(["deeper", "base"])
    app.selectbox(key="search_steps").set_value(steps)
    for key, value in TINY.items():
        app.number_input(key=key).set_value(value)
    return app.run()


# Counting


def test_the_papers_grid_is_there_at_once():
    app = open_app("search")
    said = words(app)
    assert not app.exception and not app.warning
    assert all(text in said for text in ("693", "79", "46", "2.02 to 3.33", "2.573", "1.25, 1.1, 1.15", "992,629,472"))
    assert app.selectbox(key="candidate").value == "1.2, 1.1, 1.15"


def test_the_controls_say_what_is_counted():
    app = open_app("search", rule="Counted MACs")
    app.slider(key="bounds_alpha").set_value((1.0, 1.6))
    app.slider(key="bounds_beta").set_value((1.0, 1.4))
    app.run()
    said = words(app)
    assert not app.exception and "1,053" in said and "36" in said and "not among them" in said
    assert app.selectbox(key="candidate").value == figures.name(grid.search(Grid((1.0, 1.6), (1.0, 1.4), rule="counted")).networks[0].first.coefficients)
    app.selectbox(key="search_base").set_value("ResNet-50").run()
    found = grid.search(Grid((1.0, 1.6), (1.0, 1.4), rule="counted", base="resnet50"))
    assert not app.exception and f"{len(found.networks):,}" in words(app)


def test_absurd_grids_get_a_sentence_and_the_rest_stays():
    app = open_app("search", step="0.01")
    for bound in ("alpha", "beta", "gamma"):
        app.slider(key=f"bounds_{bound}").set_value((1.0, 2.0))
    app.run()
    assert not app.exception and "1,030,301 combinations" in app.warning[0].value.replace("\\", "")
    assert app.button(key="start_search")
    app.number_input(key="step").set_value(0.05).run()
    assert not app.warning and "9,261" in words(app)


def test_where_nothing_keeps_to_the_budget_the_page_says_so():
    app = open_app("search")
    app.number_input(key="tolerance").set_value(0.0)
    app.number_input(key="target").set_value(7.9).run()
    assert not app.exception and "No combination of this grid keeps to the budget" in words(app)


@pytest.mark.parametrize("query", [{"rule": "taste"}, {"picture": "film"}, {"step": "x"}, {"search_base": "b99"}, {"study": "../etc"}, {"study": "no-such-search"}])
def test_nonsense_in_the_address_does_no_harm(query):
    app = open_app("search", **query)
    assert not app.exception and "693" in words(app)


@pytest.mark.parametrize("picture", ["Surface, to be turned", "Promise and count"])
def test_a_network_goes_to_the_sliders(picture):
    app = open_app("search", picture=picture)
    network = next(network for network in grid.search(Grid()).networks if len(network.members) == 3)
    app.selectbox(key="candidate").set_value(figures.name(network.first.coefficients)).run()
    assert f"{network.macs:,}" in words(app)
    app.button(key="open_scaling").click().run()
    assert not app.exception
    assert tuple(app.session_state[key] for key in ("phi", "alpha", "beta", "gamma")) == (1.0, *network.first.coefficients)
    assert (app.session_state["source"], app.session_state["base"]) == ("Formula", "B0")
    total = cost(compound(1.0, *network.first.coefficients))
    assert shows(app, compound(1.0, *network.first.coefficients)) and total.macs == network.macs and any("The selected unit" in element.value for element in app.markdown)


# Training


def test_a_search_from_start_to_verdict(monkeypatch):
    monkeypatch.setattr(removing, "from_this_machine", lambda: False)
    app = tiny(open_app("search"))
    assert "**2 networks** × 2 seeds: **4 trainings**" in words(app)
    name = app.text_input(key="search_name").value
    app.button(key="start_search").click().run()
    (job,) = studies.searches().active()
    assert app.session_state["study"] == name and app.button(key="start_search").disabled and not app.exception
    assert job.args[:5] == ("search", "--study", name, "--threads", "1") and job.wait(HANG_S)
    assert job.state == "done" and job.result["done"] == 4, job.error
    app.run()
    said, found = words(app), studies.standing(name)
    assert not app.exception and not app.warning and found.is_complete
    setting = found.setting
    assert (setting.depth, setting.width, setting.side, setting.steps, len(setting.candidates)) == (0.25, 0.1, 16, 2, 2)
    assert searching.verdict(setting, found) in said.replace("\\", "") and app.get("plotly_chart")
    assert all(f"{100 * outcome.accuracy:.1f} %" in said for outcome in found.outcomes) and "This is a proxy" in said
    again = open_app("search", study=name)  # as after a reload, or on another day
    assert not again.exception and searching.verdict(setting, found) in words(again).replace("\\", "")
    assert not [button for button in again.button if button.key == "go_on_search"]
    app.button(key="remove_shown").click().run()
    assert not app.exception and settings.names() == [] and app.session_state["study"] == ""


def test_a_running_search_shows_how_far_it_is_and_can_pause(fake):
    app = open_app("search")
    app.button(key="start_search").click().run()
    (job,) = fake.active()
    while job.latest("progress") is None:
        assert not job.ended.wait(0.01)
    app.run()
    said = words(app)
    assert "Trial 2 of 4: deeper" in said and "step 50 of 100" in said and "about 75 s left" in said and not app.exception
    assert app.get("progress")[0].proto.value == pytest.approx(37, abs=1)  # per cent: a trial and a half of four
    app.button(key="pause_search").click().run()
    assert job.wait(HANG_S) and job.state == "paused"
    app.run()
    assert not app.exception


def test_what_was_paused_goes_on(fake):
    from effnet_core.search.stores import begin_or_join

    begin_or_join("paused", {"candidates": (settings.KINDS["deeper"],)})
    app = open_app("search", study="paused")
    assert "No training is over yet" in words(app) and "Paused after 0 of" in words(app)
    app.button(key="go_on_search").click().run()
    (job,) = fake.active()
    assert job.title == "search paused" and job.args == ("search", "--study", "paused", "--threads", "1") and not app.exception
    other = open_app("search", study="paused")  # another visitor sees it, and cannot stop it
    assert "Started by another visitor" in words(other) and not [button for button in other.button if button.key in ("stop_search", "pause_search")]


def test_searches_on_this_machine_are_listed(monkeypatch):
    from effnet_core.search.stores import begin_or_join

    monkeypatch.setattr(removing, "from_this_machine", lambda: False)
    for name in ("first", "second"):
        begin_or_join(name, {"candidates": (settings.KINDS["deeper"],)})
    settings.path_of("broken").write_bytes(b"no database")
    app = open_app("search")
    said = words(app)
    assert "Searches on this machine" in said and "**first**" in said and "**second**" in said and "**broken**" in said and not app.exception
    app.button(key="show_first").click().run()
    assert app.session_state["study"] == "first" and "Other searches on this machine" in words(app)
    assert not [button for button in app.button if button.key == "remove_shown"]  # somebody else's
    monkeypatch.setattr(removing, "from_this_machine", lambda: True)
    app.run().button(key="remove_second").click().run()
    assert set(settings.names()) == {"first", "broken"} and not app.exception


def test_a_name_that_is_taken_is_refused(fake):
    from effnet_core.search.stores import begin_or_join

    begin_or_join("taken", {})
    app = open_app("search")
    app.text_input(key="search_name").set_value("taken").run()
    app.button(key="start_search").click().run()
    assert "already a search called" in words(app) and not fake.active()
    app.text_input(key="search_name").set_value("No Name!").run()
    app.button(key="start_search").click().run()
    assert "cannot name a search" in words(app) and not fake.active()


def test_candidates_of_the_grid_and_of_the_sampler(fake):
    app = open_app("search")
    app.button_group(key="search_way").set_value("grid").run()
    assert "**46 networks** × 2 seeds: **92 trainings**" in words(app)
    app.button_group(key="search_way").set_value("tpe").run()
    assert "**15 networks** at most × 2 seeds: **30 trainings**" in words(app)
    app.button(key="start_search").click().run()
    (job,) = fake.active()
    assert job.args[job.args.index("--sampler") + 1] == "tpe" and job.args[job.args.index("--trials") + 1] == "15"
    app.button_group(key="search_way").set_value("kinds").run()
    app.button_group(key="search_kinds").set_value([]).run()
    assert "Choose at least one candidate" in words(app) and not app.exception


def test_what_the_page_asks_for_is_what_the_terminal_understands():
    import argparse

    from effnet_core.cli import search_options

    wish_args = []

    def note(name, args):
        wish_args.append(args)

    app = tiny(open_app("search"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies, "begin", note)
        app.run()
        app.button(key="start_search").click().run()
    parser = argparse.ArgumentParser()
    search_options.add_options(parser)
    setting = settings.Setting(**search_options.wanted_of(parser.parse_args(["--study", "a", *wish_args[0]])))
    assert setting == settings.Setting(candidates=(settings.KINDS["deeper"], settings.KINDS["base"]), steps=2, depth=0.25, width=0.1, side=16)


def test_the_page_has_its_place_and_words():
    assert list(shell.PAGES).index("search") == list(shell.PAGES).index("scaling") + 1 or "trade" in " ".join(shell.PAGES)
    assert wishes.WAYS.keys() == {"kinds", "grid", "tpe"}
