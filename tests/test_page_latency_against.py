"""The part "Against others" of the page "Latency": what is chosen, expected, measured, refused, and shown beside recorded and printed times."""

import json
import sys
from types import SimpleNamespace

import pytest

from effnet_core.cost import cost
from effnet_core.families import published, to_spec
from effnet_core.lab import against, recorded
from effnet_core.palette import three
from effnet_core.work.jobs import JobQueue
from pages.shared import results, series, work
from pages.shared.clock import against as room

from .apps import open_app
from .test_against import layers
from .test_page_latency import FAKE, text
from .test_page_tradeoffs import answer, charts
from .test_tradeoffs import record

PART = "Against others"
MACHINE = {"processor": "Testum Mk 9", "cores": 4, "memory": 8_000_000_000, "system": "Testix 1", "python": "3"}
ELSEWHERE = {"b0": 10.0, "b1": 16.0, "b2": 22.0, "b3": 40.0, "mobilenetv2": 9.0, "resnet50": 60.0, "resnet152": 160.0, "b7": 900.0}


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A queue of obedient workers, each of which answers when `go` is made, and one recorded series."""
    queue = JobQueue("measuring", command=(sys.executable, "-c", FAKE, str(tmp_path)), grace_s=0.3)
    found = recorded.from_records({key: record(key, ms, machine=MACHINE) for key, ms in ELSEWHERE.items()}, "2026-01-02")
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(results, "devices", lambda: SimpleNamespace(names={"cpu": "Testum Mk 2"}, watch=lambda: None))
    monkeypatch.setattr(series, "shipped", lambda: {f"Recorded: {found.title}": found})
    (tmp_path / "record").write_text(json.dumps(record("b0", 60.0, images_per_second=16.0, macs=1, layers={}, machine=MACHINE)))
    yield SimpleNamespace(queue=queue, go=tmp_path / "go", refuse=tmp_path / "refuse", series=found)
    queue.shutdown()


def row(key, ms, batch=1, **more):
    """A measurement as a session keeps it."""
    whole = record(key, ms, batch=batch, layers=layers(key), machine=MACHINE, network=to_spec(published(key)))
    return {**whole, "name": published(key).name, "key": results.key_of(published(key)), "job": key, "measured": 1e9, "shared": False, "hooked_ms": 1.1 * ms, **more}


def opened(*rows, guessed=True, **query):
    app = open_app("latency", clock_part=PART, **query)
    if rows:
        app.session_state["_measurements"] = [*rows]
        app.run()
    return app.button(key="unguessed_against").click().run() if guessed else app


def tables(app):
    return [element.proto.body for element in app.get("html") if '<table class="ef-table">' in element.proto.body]


def start(app):
    return next((button for button in app.button if button.key == "clock_start"), None)


def test_a_guess_comes_first_and_everything_that_tells_waits(world):
    app = opened(guessed=False)
    assert not app.exception and not charts(app) and not tables(app) and "after your guess above" in text(app) and "3.05" not in text(app)
    app.button_group(key="guessed_against").set_value(2).run()
    said = [markdown.value for markdown in app.markdown if "As you expected" in markdown.value]
    assert said and "**6 times** as long as B0 (recorded" in said[0] and "1.77 times as many" in said[0] and charts(app) == ["against"]
    app.button_group(key="guessed_against").set_value(0).run()
    assert "It is otherwise: 5 to 8 times" in text(app)


def test_without_any_time_nothing_is_claimed(world, monkeypatch):
    monkeypatch.setattr(series, "shipped", dict)
    app = open_app("latency", clock_part=PART, against_beside=room.NOTHING)
    assert not app.exception and not charts(app) and "Nothing to draw yet" in text(app) and "Your guess first" in text(app)
    assert "neither has been measured here" in text(app) and "At least 42 s" in text(app), "7 × (3 s to load, 2 s and 1 s to measure)"


def test_recorded_times_are_labelled_and_stand_beside_the_printed_ones(world):
    app = opened()
    seen = text(app)
    assert all(word in seen for word in ("**Recorded**, not measured here: on 2026-01-02", "Testum Mk 9, 4 cores", "Batch 1, 1 thread."))
    ratios, reasons = tables(app)
    assert "<th scope=\"row\">ResNet-152 ÷ B1</th><td>× 16.8</td><td>–</td><td>–</td><td>× 10</td><td>× 5.65</td>" in ratios
    assert "<th scope=\"row\">GPipe ÷ B7</th><td>–</td><td>–</td><td>–</td><td>–</td><td>× 6.13</td>" in ratios and "cannot be tried here" in seen
    assert "<th scope=\"row\">B0</th><td>386 M</td><td>10.0 ms</td><td>38.6 G</td><td>× 1</td><td>42.7</td><td>–</td><td>–</td>" in reasons
    assert "B7" not in reasons, "not chosen" and "the times of their layers were not recorded" in seen
    app.selectbox(key="against_beside").set_value(room.PAPER).run()
    assert not app.exception and "Published figures, not measured here" in text(app) and "recorded" not in tables(app)[0]
    assert "98.0 ms" in tables(app)[1] and "554 ms" in tables(app)[1]
    app.selectbox(key="against_beside").set_value(room.NOTHING).run()
    assert not app.exception and not charts(app) and len(tables(app)) == 1


def test_the_chosen_are_measured_one_after_another_and_others_are_not(world):
    app = opened(against_networks=["B0", "ResNet-50"])
    assert start(app).label == "Measure 2 networks here"
    # B0: 3 s, then 6 + 200 + 100 passes of 10 ms; ResNet-50: 3 s, then 6 + 34 + 17 passes of 60 ms
    assert f"About {work.span(6 + 306 * 0.010 + 57 * 0.060)}, judging by" in text(app)
    app.button(key="clock_start").click().run()
    assert [job.title for job in world.queue.active()] == ["EfficientNet-B0, batch 1"]
    assert "1 more after it, about 6 s for them" in text(app), "3 s + 57 × 0.060 s"
    app = answer(world, app)
    assert [job.title for job in world.queue.active()] == ["ResNet-50, batch 1"]
    app = answer(world, app)
    assert not app.exception and not world.queue.active() and start(app) is None
    assert "All chosen networks have been measured here with batch 1, 1 thread." in text(app)
    assert "<td>× 10.6</td><td>× 1</td><td>–</td><td>× 6</td><td>–</td>" in tables(app)[0], "the worker says the same of all"
    assert "less than 2 times as long" in text(app) and "measured here, batch 1, 1 thread" in text(app)


def test_stopping_ends_the_row(world):
    app = opened()
    app.button(key="clock_start").click().run()
    job = world.queue.active()[0]
    app.button(key="stop_measuring").click().run()
    assert job.wait(60)
    assert not world.queue.active() and start(app.run()).label == "Measure 7 networks here"


def test_what_would_not_fit_or_take_too_long_is_told_and_not_tried(world, monkeypatch):
    monkeypatch.setattr(room.machine, "memory_available", lambda: 5_000_000_000)
    app = opened(batch="32", against_networks=["B0", "B6", "B7"])
    assert start(app).label == "Measure 1 network here"
    seen = text(app)
    assert "B7 needs about 8.38 GB of memory, and 5.00 GB are free" in seen and "B6 needs about 6.45 GB" in seen and "A smaller batch would do." in seen
    monkeypatch.setattr(room.machine, "memory_available", lambda: 50_000_000_000)
    app.session_state["_measurements"] = [row("b0", 20.0)]
    app.run()
    # 32 × 900 ms × 2 (as B0 is twice as slow here): one pass to warm up, three to measure, three for the layers
    assert f"B7 would take about {work.span(3 + 7 * 32 * 0.9 * 2)}, and one measurement may take 5 min" in text(app)
    assert start(app).label == "Measure 2 networks here" and "B6 needs" not in text(app), "never recorded: only trying tells"


def test_own_measurements_at_both_batches_and_the_reasons(world):
    rows = [row("b0", 20.0), row("resnet50", 100.0), row("b0", 320.0, 32), row("resnet50", 3200.0, 32)]
    app = opened(*rows)
    ratios, reasons = tables(app)
    assert "<th scope=\"row\">ResNet-50 ÷ B0</th><td>× 10.6</td><td>× 5</td><td>× 10</td><td>× 6</td><td>–</td>" in ratios
    depthwise, dense = (against.parts("b0", layers("b0"))[kind] for kind in ("depthwise", "dense"))
    share = f"{100 * depthwise.macs / cost(published('b0')).macs:.1f} %"
    seen = text(app)
    assert f"do {share} of the multiply-adds and take {100 * depthwise.share:.1f} % of the time" in seen and f"× {three(10.59882 / 5)}" in reasons
    assert "Where the time of the layers goes" in seen and "ResNet-50 has 54 layers" not in seen
    assert f"ResNet-50 has {len(published('resnet50').layers)} layers" in seen and "ResNet-50 does 361 multiply-adds for each number, B0 42.7" in seen
    app.session_state["batch"] = 32
    app.run()
    assert not app.exception and "10.0 ms" in tables(app)[1] and "100 ms" in tables(app)[1], "an image"
    assert "**10 times** as long" in text(app)


def test_figures_that_cannot_be_trusted_are_named_and_measured_again(world):
    app = opened(row("b0", 20.0, steady=False, note="Busy."), row("resnet50", 100.0), against_networks=["B0", "ResNet-50"])
    assert "so not to be trusted: B0." in app.warning[0].value and "**6 times** as long as B0 (recorded" in text(app), "rather than the disturbed one"
    app.button(key="against_again").click().run()
    assert [job.title for job in world.queue.active()] == ["EfficientNet-B0, batch 1"]
    app = answer(world, app)
    assert not app.exception and not app.warning and "60.0 ms" in tables(app)[1]


def test_a_failure_is_told_and_the_rest_goes_on(world):
    app = opened(against_networks=["B0", "B1"])
    world.refuse.write_text("It needs about 99.00 GB.")
    app.button(key="clock_start").click().run()
    assert [*world.queue.finished(), *world.queue.active()][-1].wait(60)
    world.refuse.unlink()
    app.run()
    while world.queue.active():
        app = answer(world, app)
    assert not app.exception and "99.00 GB" in text(app).replace("\\", "")


@pytest.mark.parametrize("query", [{"against_networks": "B99"}, {"against_networks": ["B0", "evil"]}, {"against_beside": "x"}, {"batch": "7"}, {"threads": "-3"}])
def test_nonsense_in_the_address_is_ignored(world, query):
    app = opened(**query)
    assert not app.exception and charts(app) == ["against"]


def test_nothing_chosen_is_told(world):
    app = opened()
    app.button_group(key="against_networks").set_value([]).run()
    assert not app.exception and "Choose at least one network." in text(app) and not charts(app) and start(app) is None
