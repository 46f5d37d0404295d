"""The part "Roofline" of the page Latency: what it shows of a measured record, with a worker that answers with one when it is told to."""

import copy
import json
import sys
from types import SimpleNamespace

import pytest

from effnet_core.families import compound, published, to_spec
from effnet_core.palette import percent, si
from effnet_core.speed import roofline
from effnet_core.speed.intensity import network_floor_s, roof_of, shares, works
from effnet_core.work.jobs import JobQueue
from pages.shared import answers, components, results, work
from pages.shared.clock import roof, roof_shown

from .apps import open_app, read
from .test_page_latency import FAKE, HANG_S, SMALL, text, until_running

NETWORK = compound(float(SMALL))


@pytest.fixture(scope="module")
def record():
    from effnet_core.network import build

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roofline, "SIDES", {"cpu": (32, 64)})
        patch.setattr(roofline, "HELD", (2**14, 2**16))
        return roofline.measure(build(NETWORK, seed=0), threads=1, seconds=0.0)


@pytest.fixture
def world(tmp_path, monkeypatch, record):
    """A queue of obedient workers, and a machine of known roofs: 50 G MACs/s, 150 and 20 GB/s. Every layer took twice its floor when fused,
    four times when plain."""
    queue = JobQueue("measuring", command=(sys.executable, "-c", FAKE, str(tmp_path)), grace_s=0.3)
    told = copy.deepcopy(record) | {"steady": True, "note": None}
    products = (("fp32", 50e9), ("bf16", 100e9))
    moves = (("copy", 2**16, 90e9), ("in place", 2**16, 150e9), ("copy", 2**28, 12e9), ("in place", 2**28, 20e9))
    told["roofs"]["products"] = [{"precision": precision, "side": 64, "macs_per_s": rate} for precision, rate in products]
    told["roofs"]["movements"] = [{"kind": kind, "held": held, "bytes_per_s": pace} for kind, held, pace in moves]
    found, top = works(NETWORK), roof_of(told["roofs"])
    for way, factor in (("plain", 4), ("fused", 2)):
        told["ways"][way]["layers"] = {one.id: 1e3 * factor * network_floor_s([one], top) for one in found}
        told["ways"][way]["median_ms"] = 1.25e3 * factor * network_floor_s(found, top)
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(results, "devices", lambda: SimpleNamespace(names={"cpu": "Testum Mk 2"}, watch=lambda: None))
    here = SimpleNamespace(queue=queue, go=tmp_path / "go", refuse=tmp_path / "refuse", told=told, top=top, found=found,
                           answer=lambda: (tmp_path / "record").write_text(json.dumps(told)))
    here.answer()
    yield here
    queue.shutdown()


def opened(**query):
    app = open_app("latency", phi=SMALL, clock_part="Roofline", **query)
    assert not app.exception
    return app


def measured(world, app=None, guess="roof_depthwise"):
    """The part with an answer; without a guess where `guess` is "" """
    app = app or opened()
    app.button(key="measure_roof").click().run()
    world.go.touch()
    assert world.queue.active()[0].wait(HANG_S)
    app.run()
    if guess:
        app.button(key=f"unguessed_{guess}").click().run()
    assert not app.exception
    return app


def charts(app):
    return [chart.proto.id.rpartition("-")[2] for chart in app.get("plotly_chart")]


def test_an_empty_part_invites_and_shows_no_figure(world):
    app = opened()
    button = app.button(key="measure_roof")
    assert (button.label, button.proto.type, button.disabled) == ("Measure", "primary", False)
    assert "Nothing measured yet" in text(app) and f"{len(NETWORK.layers)} layers one by one" in text(app) and not charts(app)


def test_the_guess_comes_before_the_picture(world):
    app = measured(world, guess="")
    assert "what held it up here" in text(app) and "after your guess above" in text(app) and not charts(app)
    app.button(key="unguessed_roof_depthwise").click().run()
    assert charts(app) == ["roofline", "roof_memory"] and "after your guess above" not in text(app)


def test_figures_follow_from_the_record(world):
    app = measured(world)
    seen, floor = text(app), network_floor_s(world.found, world.top)
    assert all(figure in seen for figure in ("50.0 G MACs/s", "150 GB/s", "20.0 GB/s from main memory", si(floor, "s"), "2.5 × floor"))
    lines = {"Floor of this network": ("fp32", si(floor, "s"), "", "1", "100 %"),
             "Plain": ("fp32", si(5 * floor, "s"), "this run", "5", "20.0 %"),
             "Our fused path": ("fp32", si(2.5 * floor, "s"), "this run", "2.5", "40.0 %")}
    for name, cells in lines.items():
        assert f'<th scope="row">{name}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) in seen
    assert "reach 25.0 % of the attainable pace where the network runs plain, and 50.0 % on the fused path" in seen
    se = shares(world.found, world.top, world.told["ways"]["fused"]["layers"])["se"]
    assert f"SE units have {percent(se.macs)} of the MACs and still {percent(se.floor)} of the floor" in read(seen)
    assert "All figures below are of one run with the settings shown above, measured just now." in seen and not app.warning
    assert app.button(key="measure_roof").label == "Measure again"


@pytest.mark.parametrize("pace, factor, right", [
    (150e9, 1, "The multiplier"), (1e9, 1, "The memory"), (150e9, 3, "Neither, it stays far below both")])
def test_the_guess_is_answered_by_what_was_measured(world, pace, factor, right):
    for row in world.told["roofs"]["movements"]:
        row["bytes_per_s"] = pace
    top = roof_of(world.told["roofs"])
    world.told["ways"]["fused"]["layers"] = {one.id: 1e3 * factor * network_floor_s([one], top) for one in world.found}
    world.answer()
    assert f"**{right}.**" in text(measured(world))


def test_a_network_without_depthwise_layers_asks_nothing(world):
    resnet = published("resnet50")
    times = dict.fromkeys((layer.id for layer in resnet.layers), 1.0)
    for way in world.told["ways"].values():
        way["layers"] = times
    world.answer()
    app = measured(world, opened(source="Published", name="ResNet-50"), guess="")
    assert charts(app) == ["roofline", "roof_memory"] and "Your guess" not in text(app) and "SE units have" not in read(text(app))


def test_doubtful_figures_and_impossible_ones_say_so(world):
    world.told |= {"steady": False, "note": "While the fused path was measured: Other work kept 1.7 of 2 cores busy meanwhile."}
    first = NETWORK.layers[0].id
    world.told["ways"]["fused"]["layers"][first] /= 8
    world.answer()
    app = measured(world)
    doubt, beyond = (warning.value for warning in app.warning)
    assert "cannot be trusted" in doubt and "Other work kept 1.7" in doubt
    assert f"1 of {2 * len(NETWORK.layers)} of the measured times are shorter than their floor, at most by 75.0 %" in beyond


def test_ways_of_the_last_race_join_the_table(world, monkeypatch):
    ways = [{"name": name, "precision": precision, "median_ms": median, "error": None} for name, precision, median in
            (("ONNX Runtime", "fp32", 5.0), ("OpenVINO", "bf16", 4.0), ("Torch in fp16", "fp16", 3.0))]
    ways.append({"name": "Broken", "precision": "fp32", "error": "It did not run."})
    race = {"network": to_spec(NETWORK), "device": "cpu", "batch": 1, "threads": 1, "ways": ways}
    other = {**race, "batch": 8, "ways": [{**ways[0], "name": "Of another batch"}]}
    for raced, joined in (([], False), ([race, other], True)):
        kinds = {"ways": SimpleNamespace(rows=lambda raced=raced: raced)}
        monkeypatch.setattr(answers.Answers, "of", classmethod(lambda cls, command, kinds=kinds: kinds.get(command)))
        app = measured(world)
        assert ("ONNX Runtime</th>" in text(app)) == joined and "Of another batch" not in text(app) and "Broken" not in text(app)
    half = network_floor_s(works(NETWORK, 1, "bf16"), roof_of(world.told["roofs"], "bf16"))
    assert f'OpenVINO</th><td>bf16</td><td>4.00 ms</td><td>the race</td><td>{4e-3 / half:.3g}</td>' in text(app)
    assert "Torch in fp16</th><td>fp16</td><td>3.00 ms</td><td>the race</td><td>no roof measured</td>" in text(app)


def test_the_kind_that_a_command_measures_is_found():
    assert answers.Answers.of("roofline") is roof.answers and answers.Answers.of("nonsense") is None


def test_what_is_shown_can_be_chosen_and_an_address_may_say_anything(world):
    app = measured(world)
    app.pills(key="roof_kinds").set_value(["depthwise"]).run()
    app.pills(key="roof_ways").set_value(["plain"]).run()
    assert not app.exception and "hollow where the network runs plain. Point" in text(app)
    assert "■</b>" in text(app) and "◆</b>" not in text(app)
    app.pills(key="roof_kinds").set_value([]).run()
    app.pills(key="roof_ways").set_value([]).run()
    assert not app.exception and "with a line between the two" in text(app)
    assert not opened(roof_kinds="nonsense", roof_ways="fused,evil", batch="7", threads="-1", device="abacus").exception


def test_a_click_selects_a_unit(monkeypatch):
    session = {"roofline": {"selection": {"points": [{"customdata": ["stages.2.0", "…"]}]}}}
    monkeypatch.setattr(components.st, "session_state", session)
    components.picked_block("roofline", {name for name, _ in published("b0").units()})
    assert session["layer"] == "stages.2.0"


def test_moved_controls_are_told(world):
    app = measured(world)
    app.session_state["batch"] = 8
    app.run()
    assert "The controls have moved on" in app.info[0].value and app.button(key="measure_roof").label == "Measure"


def test_a_refusal_and_a_full_queue_are_sentences(world):
    world.refuse.write_text("cuda:0 ran out of memory; a smaller batch or network would fit.")
    app = opened()
    app.button(key="measure_roof").click().run()
    world.queue.finished() or world.queue.active()[0].wait(HANG_S)
    assert "was not measured" in app.run().warning[0].value and "ran out of memory" in app.warning[0].value
    world.queue.longest = 0
    app.button(key="measure_roof").click().run()
    assert not app.exception and "queue is full" in app.warning[0].value


def test_it_can_be_stopped_and_another_part_shows_that_it_goes_on(world):
    app = opened()
    app.button(key="measure_roof").click().run()
    job = until_running(world.queue.active()[0])
    told = SimpleNamespace(latest=lambda kind: {"phase": "fused", "fraction": 0.5, "elapsed_s": 8.6}, args=["roofline"])
    assert roof.step(told) == work.Step(0.86, roof.PHASES["fused"][0], pytest.approx(1.4))
    app.session_state["clock_part"] = "One network"
    assert not app.run().exception and app.get("progress")
    app.session_state["clock_part"] = "Roofline"
    app.run().button(key="stop_measuring").click().run()
    assert job.wait(HANG_S) and job.state == "stopped"
    assert "It was stopped before it was complete" in app.run().warning[0].value.replace("\\", "")


def test_another_visitors_result_is_offered(world):
    measured(world)
    other = opened()
    assert "takes 2.5 times as long as it must" in other.info[0].value.replace("\\", "")
    other.button(key="take_roof").click().run()
    assert not other.exception and "by another visitor" in text(other)


def test_the_worker_is_asked_for_just_this():
    request = roof.Request(NETWORK, "cpu", 4, 1)
    options = ["--device", "cpu", "--batch", "4", "--threads", "1", "--seconds", "2.0"]
    assert request.args() == ["roofline", "--spec", json.dumps(to_spec(NETWORK)), *options]
    mine = {"network": to_spec(NETWORK), "device": "cpu", "batch": 4, "threads": 1}
    assert request.answered_by(mine) and not request.answered_by({**mine, "batch": 1})


def test_every_kind_of_layer_has_a_name_on_the_page():
    assert {*roof_shown.KINDS} == {*roof_shown.draw.KINDS} and {*roof_shown.HELD} == {"multiplier", "memory", "neither"}
