"""Gates set by hand on the page "Inside": what the address sets is what the network then does, everywhere, and one click restores it."""

import json
import threading

import numpy as np
import pytest

from effnet_core.inside.ablation import one_at_a_time
from effnet_core.inside.inspection import inspect, operate
from effnet_core.inside.surgery import Source, operation, read
from effnet_core.palette import percent
from pages.shared import seen
from pages.shared.inside import effects, waiting
from pages.shared.photo import picture

from .apps import open_app
from .test_page_inside import expected, figures, folders, models, sentences, words  # noqa: F401  fixtures among them

PATIENCE_S = 60.0  # nothing here takes that long; it turns a hang into a failure


@pytest.fixture(autouse=True)
def nothing_under_way():
    waiting.turns.clear()


def finish(app):
    """Runs the page until what every block is worth is known."""
    clock = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        assert not app.exception
        if not {"worth_go", "worth_stop"} & {button.key for button in app.button}:
            return app
        clock.wait(0.05)
        app.run()
    raise AssertionError("It never ended.")


def done(model, text, photo="scene-0-1"):
    before = expected(model, photo)
    gates = lambda other: inspect(model, picture(other).tensor(model.preprocess)).gates  # noqa: E731
    return before, operate(model, before, operation(read(text), Source(before.gates, None, gates)))


def galleries(app):
    """Name of a gallery → its head."""
    found = [element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes]
    heads = [json.loads(data[4 : 4 + int.from_bytes(data[:4])]) for data in found]
    return {head["name"]: head for head in heads if "tiles" in head}


@pytest.mark.parametrize("text", ["off:all", "set:4.1:3=0,5=0.5", "photo:2.0:scene-3-1;off:6.0"])
def test_what_the_address_sets_is_what_the_network_does(text, models):  # noqa: F811
    app = open_app("inside", surgery=text, part="Surgery", layer="stages.4.1")
    before, after = done(models, text)
    assert not app.exception and not app.warning and "Gates are set by hand" in words(app)
    for guess in after.top(5):
        assert f'title="{guess.probability:.6f}"' in words(app)
        assert f'title="untouched: {before.guess(guess.index).probability:.6f}"' in words(app)
    best = before.top(1)[0]
    assert f"{best.logit:+.3f}".replace("-", "−") in words(app) and f"{after.logits[best.index]:+.3f}".replace("-", "−") in words(app)
    head = galleries(app)["Maps of stages.4.1 that change most"]
    moved = np.abs(after.outputs["stages.4.1"] - before.outputs["stages.4.1"]).mean((1, 2))
    assert [tile["id"] for tile in head["tiles"]] == np.argsort(-moved, kind="stable")[:8].tolist()
    app.button(key="restore").click().run()
    assert not app.exception and "surgery" not in app.query_params and "Gates are set by hand" not in words(app)
    assert f'title="{before.top(1)[0].probability:.6f}"' in words(app)


def test_a_whole_block_all_blocks_and_another_picture_s_gates(models):  # noqa: F811
    app = open_app("inside", part="Surgery", layer="stages.4.1")
    assert "Their mean" not in app.segmented_control(key="surgery_what").options  # nobody has measured it for these weights
    app.segmented_control(key="surgery_what").set_value("All open (SE off)").run()
    assert app.session_state["surgery"] == "off:4.1"
    app.segmented_control(key="surgery_where").set_value("All blocks").run()
    assert app.segmented_control(key="surgery_what").value == "The network's own"
    app.segmented_control(key="surgery_what").set_value("Another picture's").run()
    assert app.session_state["surgery"] == "photo:all:scene-1-1" and not app.exception
    _, after = done(models, "photo:all:scene-1-1")
    assert f'title="{after.top(1)[0].probability:.6f}"' in words(app)
    app.segmented_control(key="surgery_what").set_value("The network's own").run()
    assert app.session_state["surgery"] == "" and not app.exception


def test_measured_means_can_be_set(models, monkeypatch):  # noqa: F811
    means = {block: np.linspace(0, 1, len(gates), dtype=np.float32) for block, gates in expected(models, "scene-0-1").gates.items()}
    monkeypatch.setattr(seen, "mean_gates", lambda entry: means)
    app = open_app("inside", part="Surgery", surgery="mean:all", layer="stages.4.1")
    before = expected(models, "scene-0-1")
    after = operate(models, before, means)
    assert not app.exception and app.segmented_control(key="surgery_what").value == "Their mean"
    assert f'title="{after.top(1)[0].probability:.6f}"' in words(app)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("nonsense", "sets no gates"),
        ("set:4.1:1=7", "sets no gates"),
        ("off:9.9", "left out"),
        ("set:0.0:4000=0", "left out"),
        ("mean:all", "left out"),
        ("photo:all:sample-dog", "left out"),
        ("photo:all:upload-0123456789abcdef", "left out"),
        (";".join(f"photo:{block}.0:scene-{block}-1" for block in range(1, 5)), "Gates of 4 other pictures are too many"),
        ("![](http://x.y/z)", r"\!\[\]\(http"),
    ],
)
def test_an_address_may_say_anything(text, sentence, models):  # noqa: F811
    app = open_app("inside", surgery=text, part="Surgery")
    assert not app.exception and sentence in sentences(app) and "Gates are set by hand" not in words(app)
    assert f'title="{expected(models, "scene-0-1").top(1)[0].probability:.6f}"' in words(app)


def test_a_text_that_is_too_long_is_not_read():
    app = open_app("inside", surgery="off:all;" * 200)
    assert not app.exception and "Gates are set by hand" not in words(app)


def test_each_block_s_worth_is_asked_for_and_exact(models):  # noqa: F811
    app = open_app("inside", part="Surgery", layer="stages.4.1", surgery="off:all")
    asked = len(figures(app))
    finish(app.button(key="worth_go").click().run())
    before = expected(models, "scene-0-1")
    best = before.top(1)[0]
    rows = [*one_at_a_time(models, before, best.index)]  # of the untouched network, whatever is set
    sent = figures(app)[-1]["data"][0]
    assert not app.exception and len(figures(app)) == asked + 1 and [foot[0] for foot in sent["customdata"]] == [row.block for row in rows]
    assert [foot[2] for foot in sent["customdata"]] == [f"{100 * row.probability:.2f} %" for row in rows]
    assert percent(best.probability) in words(app)


@pytest.fixture()
def held(monkeypatch):
    """The measurement stands still after its first block until it is told to go on; `began` counts how often it was begun."""
    held = threading.Event()
    held.began = []

    def slow(*given):
        held.began.append(given)
        for row in one_at_a_time(*given):
            yield row
            assert held.wait(PATIENCE_S)

    monkeypatch.setattr(effects, "one_at_a_time", slow)
    yield held
    held.set()


def says(app, words):
    """Runs the page until a bar says that."""
    clock = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        assert not app.exception
        if any(words in bar.proto.text for bar in app.get("progress")):
            return True
        clock.wait(0.05)
        app.run()
    return False


def test_who_wants_the_same_sees_how_far_it_is_and_clicks_throw_nothing_away(held):
    first = open_app("inside", part="Surgery", layer="stages.4.1", photo="scene-4-11")
    first.button(key="worth_go").click().run()
    second = open_app("inside", part="Surgery", layer="stages.4.1", photo="scene-4-11")
    assert says(first, "1 of ") and says(second, "1 of ")
    first.segmented_control(key="surgery_scale").set_value("Each").run()
    first.button(key="worth_stop").click().run()  # the second one wants it still
    assert not first.exception and says(second, "1 of ")
    held.set()
    drawn = [len(figures(finish(app))) for app in (second, first)]
    assert drawn[0] == drawn[1] > 0 and len(held.began) == 1


def test_what_nobody_wants_any_more_is_stopped_and_can_be_begun_again(held):
    app = open_app("inside", part="Surgery", layer="stages.4.1", photo="scene-5-11")
    app.button(key="worth_go").click().run()
    assert says(app, "1 of ")
    app.button(key="worth_stop").click().run()
    assert not app.exception and app.button(key="worth_go") and "worth_stop" not in [button.key for button in app.button]
    held.set()
    asked = len(figures(app))
    finish(app.button(key="worth_go").click().run())
    assert len(figures(app)) == asked + 1 and len(held.began) == 2


@pytest.mark.parametrize("unit", ["stem", "head", "classifier"])
def test_units_without_gates_can_only_set_all_blocks(unit):
    app = open_app("inside", part="Surgery", layer=unit)
    assert not app.exception and app.segmented_control(key="surgery_everywhere").value == "All blocks"
    app.segmented_control(key="surgery_what").set_value("All open (SE off)").run()
    assert not app.exception and app.session_state["surgery"] == "off:all"


@pytest.mark.parametrize("chosen, plan", [("This block", "off:4.1"), ("All blocks", "off:all")])
def test_a_unit_without_gates_leaves_the_choice_as_it_was(chosen, plan):
    app = open_app("inside", part="Surgery", layer="stages.4.1")
    app.segmented_control(key="surgery_where").set_value(chosen).run()
    for unit in ("stem", "stages.4.1"):
        app.selectbox(key="unit_choice").set_value(unit).run()
        assert not app.exception
    assert app.segmented_control(key="surgery_where").value == chosen
    app.segmented_control(key="surgery_what").set_value("All open (SE off)").run()
    assert app.session_state["surgery"] == plan


def test_logits_beyond_what_e_can_be_raised_to_stay_readable(models):  # noqa: F811
    app = open_app("inside", layer="classifier", surgery="off:all")
    _, after = done(models, "off:all")
    most = float(after.logits.max())
    total = most + np.log(np.exp(after.logits.astype(float) - most).sum())
    assert most > 30 and not app.exception and f"/ e^{{{total:.3f}}}$" in words(app)


def test_networks_without_gates_and_untrained_ones():
    app = open_app("inside", part="Surgery", model="bare", surgery="off:all")
    assert not app.exception and "no gates to set" in app.info[0].value
    app = open_app("inside", part="Surgery", model="raw", layer="stages.4.1", surgery="off:all")
    finish(app.button(key="worth_go").click().run())
    assert not app.exception and "untrained weights" in str(figures(app)[-1]) and "before and after** (untrained weights)" in words(app)


def test_the_plan_is_carried_and_the_pass_run_once(models, monkeypatch):  # noqa: F811
    passes = []
    run = seen.operate
    monkeypatch.setattr(seen, "operate", lambda *given: passes.append(given) or run(*given))
    app = open_app("inside", photo="scene-8-55", surgery="off:4.1")
    for part in ("Maps", "Surgery", "Two photos", "One block"):
        app.pills(key="part").set_value(part).run()
        assert not app.exception and "Gates are set by hand" in words(app)
    assert len(passes) == 1


def test_gates_of_one_model_are_not_set_in_another():
    app = open_app("inside", part="Surgery", surgery="set:4.1:3=0")
    assert app.session_state["surgery"] == "set:4.1:3=0"
    app.segmented_control(key="model_group").set_value("own").run()
    app.selectbox(key="model_choice").set_value("raw").run()
    assert not app.exception and app.session_state["surgery"] == "" and "were those of" in app.toast[0].value
