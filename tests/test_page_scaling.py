"""The pages Start and Scaling, and the frame around all pages, in Streamlit's test harness."""

import gc
import json
import re
import subprocess
import sys

import pytest

from effnet_core.cost import cost
from effnet_core.families import compound, published
from pages.shared import shell

from .apps import open_app, unpacked
from .serving import ROOT

LEVELS = {"Stages": "stage", "Blocks": "block", "Layers": "layer"}


def component(app, key):
    """What the component `key` is given to draw."""
    return unpacked(next(element for element in app.get("bidi_component") if element.key == key))


def words(app):
    tiles = [" ".join(tile.values()) for tile in component(app, "tiles")["tiles"]] if "tiles" in {e.key for e in app.get("bidi_component")} else []
    prose = [re.sub("<[^>]*>", " ", element.proto.body) for element in app.get("html")] + [m.value for m in app.markdown]
    return " ".join(tiles + prose)


def keys(app):
    """Of what the graph shows, in order."""
    return [node["key"] for node in component(app, "graph")["nodes"]]


def shows(app, network):
    total, drawn = cost(network), component(app, "tiles")
    exact = [tile["exact"] for tile in drawn["tiles"]]
    return exact[:2] == [f"{total.params:,}", f"{total.macs:,}"] and drawn["figures"]["activations"] == str(total.activations)


def test_start_greets_with_a_live_network():
    app = open_app()
    assert not app.exception and shows(app, published("b0"))
    app.slider(key="phi").set_value(2.0).run()
    assert shows(app, compound(2.0))


@pytest.mark.parametrize("phi", [-2.0, 0.0, 0.1, 3.5, 7.0, 8.0])
def test_scaling_shows_the_exact_counts_of_the_sliders(phi):
    app = open_app("scaling")
    app.slider(key="phi").set_value(phi).run()
    assert not app.exception and shows(app, compound(phi))


def test_published_networks():
    app = open_app("scaling", source="Published", name="B7")
    assert not app.exception and shows(app, published("b7"))
    app.selectbox(key="name").set_value("Lite4").run()
    assert shows(app, published("lite4"))


@pytest.mark.parametrize("level", ["Stages", "Blocks", "Layers"])
@pytest.mark.parametrize("colour", ["MACs", "Parameters", "Activations", "Receptive field ÷ image side", "Measured time"])
def test_every_level_and_colour(level, colour):
    app = open_app("scaling", level=level, colour=colour)
    assert not app.exception and component(app, "graph")["level"] == LEVELS[level]
    assert (app.session_state["level"], app.session_state["colour"]) == (level, colour)
    if colour == "Measured time":  # nothing is measured yet, and no number is invented
        assert "has not been measured yet" in app.info[0].value


def test_folded_repeats_open_on_demand():
    app = open_app("scaling")
    assert "stages.5.1-3" in keys(app)
    for opened in ("5", "5,5", "5,9,x,-1"):  # what means nothing is left aside
        app = open_app("scaling", opened=opened)
        assert not app.exception and "stages.5.1-3" not in keys(app) and {f"stages.5.{block}" for block in range(4)} <= {*keys(app)}
        assert [node["key"] for node in component(app, "graph")["nodes"] if node["fold"] and not node["fold"]["opens"]] == ["stages.5.1"]


def test_the_graph_of_graphviz_waits_until_it_is_asked_for():
    app = open_app("scaling")
    (button,) = (element for element in app.get("download_button") if element.key == "dot")
    assert button.proto.deferred_file_id


def test_what_is_drawn_says_to_which_settings_it_belongs():
    app = open_app("scaling", phi="1.5", base="ResNet-50")
    for key in ("spine", "tiles", "graph", "bars"):
        settings = component(app, key)["settings"]
        assert (settings["live"], settings["base"], settings["phi"], settings["alpha"]) == (True, "resnet50", 1.5, 1.2)
    app = open_app("scaling", source="Published", name="B3", phi="1.5")
    assert not any(component(app, key)["settings"]["live"] for key in ("spine", "tiles", "graph", "bars"))


def test_flops_are_twice_the_macs():
    app = open_app("scaling", flops="true")
    assert f"{2 * cost(published('b0')).macs:,}" in words(app)


@pytest.mark.parametrize("preset, network", [("4× deeper", compound(2, 2, 1, 1)), ("2× sharper", compound(1, 1, 1, 2)), ("φ = 7", compound(7))])
def test_presets_set_the_sliders(preset, network):
    app = open_app("scaling")
    app.button_group(key="preset").set_value(preset).run()
    assert not app.exception and shows(app, network)


def test_what_changed_is_marked():
    app = open_app("scaling")
    app.slider(key="phi").set_value(1.0).run()
    assert "×2.57" in words(app)  # the MACs, against the last look


def test_absurd_sliders_are_refused_in_words_and_the_way_back_stays():
    app = open_app("scaling", phi="8", gamma="2")
    assert not app.exception
    assert "57344" in app.warning[0].value and "8 to 8192" in app.warning[0].value
    settings = component(app, "graph")["settings"]  # faint behind the sentence, so that nothing jumps: the base network, or what was drawn last
    assert (settings["live"], settings["phi"], settings["gamma"]) == (True, 0.0, 1.15) and shows(app, compound(0.0))
    app.slider(key="gamma").set_value(1.15).run()
    assert not app.warning and shows(app, compound(8.0))
    app.slider(key="gamma").set_value(2.0).run()
    assert app.warning and component(app, "tiles")["settings"]["phi"] == 8.0 and shows(app, compound(8.0))


@pytest.mark.parametrize("query", [{"phi": "nan"}, {"phi": "1e9"}, {"source": "x"}, {"layer": "stages.99.9"}, {"layer": ""}, {"level": "atom"}, {"level": ""}, {"ask": ""},
                                   {"colour": "taste"}, {"goto": "nowhere"}])
def test_nonsense_in_the_address_is_ignored(query):
    app = open_app("scaling", **query)
    assert not app.exception and shows(app, published("b0"))


def test_the_selection_moves_to_the_nearest_block_of_another_network():
    app = open_app("scaling", layer="stages.5.3")
    assert any("The selected unit, stages.5.3" in m.value for m in app.markdown)
    app.slider(key="phi").set_value(-2.0).run()
    blocks = compound(-2.0).stages[5].blocks
    assert any(f"The selected unit, {blocks[-1].id}" in m.value for m in app.markdown)


def test_garbage_collection_is_frozen_at_boot():
    shell.boot.clear()  # another test may have thawed it since
    open_app("scaling")
    assert gc.get_freeze_count() > 50_000


def test_counting_from_a_terminal_never_imports_torch():
    code = "import sys, effnet_core.cli as cli; cli.main(['cost', 'b0', '--json']); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["params"] == 5_288_548
