"""The lesson on the separable convolution: shapes of real blocks, measuring in a worker, and answers that visitors share."""

import json
import sys
from types import SimpleNamespace

import pytest

from effnet_core.families import compound, published
from effnet_core.lessons.racing import race
from effnet_core.lessons.separable import Separable, of_block
from effnet_core.work.jobs import JobQueue
from pages.shared import results, work
from pages.shared.lessons import racing

from .apps import open_app
from .test_page_convolution import sent, words

HANG_S = 120.0  # nothing here takes that long; it turns a hang into a failure
LESSON = {"lesson": "Separable convolution"}
SMALL = {"sep_inputs": "6", "sep_outputs": "4", "sep_kernel": "3", "sep_side": "8"}
FAKE = """
import json, sys
asked, record = dict(zip(sys.argv[3:-1:2], sys.argv[4:-1:2])), json.load(open(sys.argv[1]))
line = sys.stdin.readline() if record.pop("wait", False) else ""
if line:
    sys.exit(1)
if "refused" in record:
    print(json.dumps({"event": "error", "message": record["refused"]}), flush=True)
    sys.exit(1)
shape = {name: int(asked["--" + name]) for name in ("inputs", "outputs", "kernel", "side", "stride")}
print(json.dumps({"event": "result", **record, "shape": {**shape, "padding": "same"}, "device": asked["--device"], "batch": int(asked["--batch"]),
                  "threads": int(asked["--threads"])}), flush=True)
"""


@pytest.fixture(scope="module")
def record():
    return race(Separable(6, 4, 3, 8).ways, threads=1, seconds=0.0)


@pytest.fixture
def world(tmp_path, monkeypatch, record):
    """A queue whose workers answer with what is in `record`."""
    file = tmp_path / "record"
    queue = JobQueue("measuring", command=(sys.executable, "-c", FAKE, str(file)), grace_s=0.3)
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(results, "devices", lambda: SimpleNamespace(names={"cpu": "Testum Mk 2"}, watch=lambda: None))
    steady = {**record, "steady": True, "note": None}
    yield SimpleNamespace(queue=queue, answer=lambda **other: file.write_text(json.dumps({**steady, **other})), steady=steady)
    queue.shutdown()


def measure(app):
    app.button(key="race").click().run()
    job = next(iter(work.benchmarks().active()), None) or work.benchmarks().finished()[0]
    assert job.wait(HANG_S)
    app.run()
    assert not app.exception
    return app


def hand(app):
    """What the sliders say."""
    data = sent(app, "separable")
    return {name: data["options"][key][data["hand"][key]] for name, key in data["fields"].items()}


def tiles(app):
    return "\n".join(element.proto.body for element in app.get("html"))


def test_before_measuring_nothing_is_shown_as_measured(world):
    app = open_app("blocks", **LESSON)
    assert "Nothing is measured yet" in words(app) and not app.get("plotly_chart") and "Time measured" not in tiles(app) + words(app)


def test_a_real_measurement_of_just_the_sliders_convolution(monkeypatch):
    queue = JobQueue("measuring")
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(racing, "SECONDS", 0.05)
    app = measure(open_app("blocks", **LESSON, **SMALL))
    (row,) = app.session_state["_races"]
    assert Separable(**row["shape"]) == Separable(6, 4, 3, 8) and (row["batch"], row["threads"], row["device"]) == (1, 1, "cpu")
    ratio = row["ways"]["pair"]["median_ms"] / row["ways"]["standard"]["median_ms"]
    assert f'<span class="ef-value">{ratio:.3g}</span>' in tiles(app) and '<span class="ef-value">0.361</span>' in tiles(app)  # 1/4 + 1/9
    assert row["machine"]["processor"] in words(app) and row["versions"]["torch"] in words(app)
    assert ("Do not rely on these times" in words(app)) == (not row["steady"]) and len(app.get("plotly_chart")) == 2
    queue.shutdown()


def test_doubts_are_said(world):
    world.answer(steady=False, note="One pass in ten took 3.0 times the median or longer.")
    app = measure(open_app("blocks", **LESSON, **SMALL))
    assert "Do not rely on these times" in words(app) and "3.0 times the median" in words(app)


def test_a_result_belongs_to_its_shape_and_comes_back_with_it(world):
    world.answer()
    app = measure(open_app("blocks", **LESSON, **SMALL))
    assert "Why the two ratios differ" in words(app)
    app.select_slider(key="sep_outputs").set_value(8).run()
    assert "Nothing is measured yet" in words(app) and "Why the two ratios differ" not in words(app)
    app.select_slider(key="sep_outputs").set_value(4).run()
    assert "Why the two ratios differ" in words(app)


def test_another_visitor_is_offered_what_was_measured(world):
    world.answer()
    measure(open_app("blocks", **LESSON, **SMALL))
    other = open_app("blocks", **LESSON, **SMALL)
    assert "Another visitor measured just this" in words(other) and not other.get("plotly_chart")
    other.button(key="race_take").click().run()
    assert "by another visitor" in words(other) and other.get("plotly_chart")
    different = open_app("blocks", **LESSON, **{**SMALL, "sep_kernel": "5"})
    assert "Another visitor" not in words(different)


def test_a_failure_says_why(world):
    world.answer(refused="cpu ran out of memory; fewer channels would fit.")
    app = measure(open_app("blocks", **LESSON, **SMALL))
    assert "was not measured" in words(app) and "ran out of memory" in words(app) and not app.get("plotly_chart")


def test_stopping_gives_the_place_back(world):
    world.answer(wait=True)
    app = open_app("blocks", **LESSON, **SMALL)
    app.button(key="race").click().run()
    (job,) = world.queue.active()
    assert app.button(key="race").disabled
    app.button(key="stop_measuring").click().run()
    assert job.wait(HANG_S) and job.state == "stopped"
    app.run()
    assert "It was stopped" in words(app) and not app.button(key="race").disabled


def test_latencies_and_races_of_one_session_do_not_mix(world):
    world.answer()
    app = measure(open_app("blocks", **LESSON, **SMALL))
    app.switch_page("pages/latency.py").run()
    assert not app.exception and "Nothing measured yet" in words(app)
    assert app.session_state["_measurements"] == [] and len(app.session_state["_races"]) == 1


@pytest.mark.parametrize("network, query", [
    (published("b0"), {"source": "Published", "name": "B0"}), (compound(3.3), {"phi": "3.3"}), (compound(0.0, base="resnet50"), {"base": "ResNet-50"}),
], ids=["b0", "phi", "resnet"])
def test_every_block_fills_the_sliders(world, network, query):
    app = open_app("blocks", **LESSON, **query)
    for block in (network.blocks[0], network.blocks[len(network.blocks) // 2], network.blocks[-1]):
        app.selectbox(key="sep_block").select(block.id).run()
        shape = of_block(block)
        assert not app.exception and hand(app) == {name: getattr(shape, name) for name in ("inputs", "outputs", "kernel", "stride", "side")}
        assert app.session_state["layer"] == block.id and app.selectbox(key="sep_block").value == block.id


def test_a_block_picked_in_the_strip_fills_them_too(world):
    app = open_app("blocks", **LESSON)
    assert app.selectbox(key="sep_block").value == "stages.1.1"
    app.session_state["layer"] = "stages.5.2"
    app.run()
    assert hand(app) == {"inputs": 1152, "outputs": 192, "kernel": 5, "stride": 1, "side": 7}
    app.session_state["layer"] = "head"
    app.run()
    assert hand(app)["inputs"] == 1152 and not app.exception


def test_an_address_may_ask_for_any_number_of_channels(world):
    app = open_app("blocks", **LESSON, sep_inputs="333", sep_outputs="8192", sep_side="75")
    assert (hand(app)["inputs"], hand(app)["outputs"], hand(app)["side"]) == (333, 8192, 75)
    assert app.selectbox(key="sep_block").value is None


@pytest.mark.parametrize("wild", ["-1", "0", "9999999", "viele", "1.5", "", "8193"])
def test_no_address_breaks_it(world, wild):
    app = open_app("blocks", **LESSON, **dict.fromkeys((*SMALL, "sep_stride", "sep_batch", "sep_block", "device", "threads"), wild))
    assert not app.exception and hand(app)["inputs"] <= 8192


def test_the_derivation_waits_for_the_guess(world):
    app = open_app("blocks", **LESSON)
    assert sent(app, "separable")["revealed"] is False
    app.button_group(key="guessed_separable").set_value(2).run()
    assert sent(app, "separable")["revealed"] is True and "As you expected" in words(app) and "With N = 4,096 it is 0.1114" in words(app)


@pytest.mark.parametrize("pair_ms, says", [(0.36, "agree here"), (2.0, "Why the two ratios differ")])  # the pair has 0.361 of the MACs
def test_the_ratios_are_said_to_differ_only_where_they_do(world, pair_ms, says):
    ways = {name: {**way, "median_ms": 1.0, "p10_ms": 0.98, "p90_ms": 1.05} for name, way in world.steady["ways"].items()}
    ways["pair"] |= {"median_ms": pair_ms, "p10_ms": 0.95 * pair_ms, "p90_ms": 1.1 * pair_ms}
    world.answer(ways=ways)
    app = measure(open_app("blocks", **LESSON, **SMALL))
    assert [each for each in ("agree here", "Why the two ratios differ") if each in words(app)] == [says]
