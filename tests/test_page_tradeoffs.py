"""The page "Trade-offs": its sections, deep links, budgets of every size, and times that are measured or recorded, never estimated."""

import json
import sys
from types import SimpleNamespace

import pytest

from effnet_core.cost import cost
from effnet_core.families import compound, published
from effnet_core.lab import budget, recorded
from effnet_core.lab.paper import EFFICIENTNETS, TABLE_2
from effnet_core.palette import bytes_text
from effnet_core.work.jobs import JobQueue
from pages.shared import results, series, work

from .apps import open_app
from .test_page_latency import FAKE
from .test_page_scaling import words
from .test_tradeoffs import record

HANG_S = 120.0
SECTIONS = ("One or all three", "The paper's charts", "Accuracy", "Chooser")
EXHIBITS = ("Table 2", "Figure 3", "Figure 4", "Figure 8 and Table 7", "Table 3", "Where it disagrees")
SLIDERS = "The network of the sliders"
B0 = published("b0")


def text(app):
    return words(app) + " ".join(element.value for kind in ("caption", "info", "warning") for element in getattr(app, kind))


def charts(app):
    return [chart.proto.id.rpartition("-")[2] for chart in app.get("plotly_chart")]


def tiles(app):
    return "".join(element.proto.body for element in app.get("html") if 'class="ef-tiles"' in element.proto.body)


def chooser(kind, **query):
    return open_app("tradeoffs", trade="Chooser", budget_kind=kind, **query)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("query", [{}, {"phi": "-2"}, {"phi": "8"}, {"phi": "8", "gamma": "1.5"}, {"source": "Published", "name": "L2"},
                                   {"source": "Published", "name": "ResNet-152"}, {"base": "MobileNetV1", "phi": "2"},
                                   {"base": "Lite0", "phi": "1"}])
def test_every_section_takes_every_network(section, query):
    app = open_app("tradeoffs", trade=section, **query)
    assert not app.exception and app.session_state["trade"] == section


def test_absurd_sliders_are_refused_in_words():
    app = open_app("tradeoffs", phi="8", gamma="2")
    assert not app.exception and "57344" in app.warning[0].value
    app.slider(key="gamma").set_value(1.15).run()
    assert not app.warning and charts(app)


@pytest.mark.parametrize("query", [{"trade": "x"}, {"aim": "1e99"}, {"beside": "taste"}, {"budget_macs": "nan", "trade": "Chooser"},
                                   {"budget_macs": "-5", "trade": "Chooser"}, {"exhibit": "Figure 99", "trade": "The paper's charts"}])
def test_nonsense_in_the_address_is_ignored(query):
    app = open_app("tradeoffs", **query)
    assert not app.exception and app.session_state["trade"] in SECTIONS


def test_only_the_asked_section_is_computed():
    assert charts(open_app("tradeoffs")) == ["stairs_depth", "stairs_width", "stairs_resolution", "stairs_compound", "besides"]
    assert charts(open_app("tradeoffs", trade="Accuracy")) == ["landscape_chart"]


def test_equal_macs_are_those_of_the_sliders_or_a_multiple():
    app = open_app("tradeoffs", phi="1", aim=SLIDERS)
    total = cost(compound(1.0))
    assert f"{total.macs:,} MACs" in text(app) and "d = 2.3" in text(app) and "exactly" in text(app)
    app.button_group(key="aim").set_value("4 ×").run()
    assert not app.exception and f"{4 * cost(B0).macs:,} MACs, × 4 those of the base, B0" in text(app) and "r = 2" in text(app)


def test_another_base_is_scaled_from_itself():
    app = open_app("tradeoffs", base="ResNet-50", phi="0", aim=SLIDERS)
    assert f"{cost(published('resnet50')).macs:,} MACs, × 1 those of the base, ResNet-50" in text(app)
    assert text(app).count("exactly") == 5
    assert "Of ResNet-50 the paper prints" in text(app) and "d = 4 **78.1 %** (16.2 B FLOPS)" in text(app) and "Table 3" in text(app)
    lite = open_app("tradeoffs", base="Lite0")
    assert "d = 1.4, w = 1.2, r = 1.3 **81.1 %**" in text(lite), "what is printed of B0, where nothing else is"


def test_a_way_that_ends_is_told():
    app = open_app("tradeoffs", source="Published", name="L2", aim=SLIDERS)
    assert any("With depth alone no network costs that much" in info.value for info in app.info)


@pytest.mark.parametrize("metric", ["Parameters", "Memory of outputs", "Receptive field"])
def test_what_else_it_costs(metric):
    app = open_app("tradeoffs", beside=metric, phi="1", aim=SLIDERS)
    assert not app.exception and {"Parameters": "5.29 M", "Memory of outputs": "89.3 MB", "Receptive field": "2.42"}[metric] in text(app)


@pytest.mark.parametrize("exhibit", EXHIBITS)
def test_every_exhibit(exhibit):
    app = open_app("tradeoffs", trade="The paper's charts", exhibit=exhibit)
    assert not app.exception and app.session_state["exhibit"] == exhibit and "Le 2019, v5" in text(app)


def test_printed_and_counted_stand_side_by_side():
    app = open_app("tradeoffs", trade="The paper's charts", exhibit="Figure 8 and Table 7")
    figures = ("1.8 B", "1,575,132,640", "79.0 %", "81.1 %", "12 to 19 % less", "by 2.0 points", "up to 2.5")
    assert all(figure in text(app) for figure in figures)
    app = open_app("tradeoffs", trade="The paper's charts", exhibit="Table 2")
    assert all(f"{cost(published(row.key)).macs:,}" in text(app) and f"{row.first} %" in text(app) for row in EFFICIENTNETS)


def test_the_disagreements_are_computed():
    seen = text(open_app("tradeoffs", trade="The paper's charts", exhibit="Where it disagrees"))
    figures = ("1.920", "4.39 G", "10.3 G", "80.7 %", "83.0 % (§1)", "5.5 from", "291 px", "34, counting",
               "6.21 by depth, 7.27 by width, 7.05 by")
    assert all(figure in seen for figure in figures)


@pytest.mark.parametrize("price", ["MACs", "Parameters"])
def test_the_live_network_has_no_accuracy(price):
    app = open_app("tradeoffs", trade="Accuracy", price=price, phi="1")
    assert "unknown" in text(app) and "between B1 with 79.1 % and B2 with 80.1 %" in text(app)
    assert all(row.name in text(app) for row in TABLE_2)
    app = open_app("tradeoffs", trade="Accuracy", price=price, source="Published", name="B3")
    assert "the published top-1 of 81.6 %" in text(app) and "unknown" not in text(app)
    app = open_app("tradeoffs", trade="Accuracy", price=price, phi="2", alpha="2", beta="1", gamma="1")
    assert "the published top-1 of 79.0 % (Table 7)" in text(app)
    app = open_app("tradeoffs", trade="Accuracy", price=price, source="Published", name="L2")
    assert "not in the paper and so" in text(app) and "above all of them" in text(app)


# ---- the chooser


def test_the_best_within_a_budget():
    app = chooser("MACs", budget_macs="2")
    seen = text(app)
    assert "B3" in seen and "4.39 G" in seen and "φ = 2.223" in seen and charts(app) == ["ladder"]
    app.button(key="budget_best").click().run()
    assert not app.exception and (app.session_state["source"], app.session_state["name"]) == ("Published", "B3")
    app.button(key="budget_phi").click().run()
    assert (app.session_state["source"], app.session_state["phi"]) == ("Formula", 2.2)


@pytest.mark.parametrize("kind, key", [("MACs", "budget_macs"), ("Parameters", "budget_params"), ("Memory", "budget_memory")])
def test_absurd_budgets_get_a_sentence(kind, key):
    app = chooser(kind, **{key: "0.001"})
    assert not app.exception and "is too little for any of the eight" in text(app) and not any(b.key == "budget_best" for b in app.button)
    app = chooser(kind, **{key: "1000000000"})
    assert not app.exception and "is enough for all eight" in text(app) and "B7" in text(app) and "φ = 8." in text(app)


def test_memory_depends_on_the_batch():
    app = chooser("Memory", budget_memory="500", budget_use="Inference")
    assert app.selectbox(key="budget_batch").value == 1
    one = text(app)
    app.selectbox(key="budget_batch").set_value(32).run()
    assert not app.exception and "32 images at once" in text(app) and text(app) != one
    app.button_group(key="budget_use").set_value("Training").run()
    assert not app.exception and "RMSProp with momentum (the paper's optimiser)" in text(app) and "backward pass of 32 images" in text(app)
    assert bytes_text(budget.need(B0, "training", 32)) in text(app)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A queue of obedient workers, each of which answers when `go` is made."""
    queue = JobQueue("measuring", command=(sys.executable, "-c", FAKE, str(tmp_path)), grace_s=0.3)
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(results, "devices", lambda: SimpleNamespace(names={"cpu": "Testum Mk 2"}, watch=lambda: None))
    monkeypatch.setattr(series, "shipped", lambda: {})
    (tmp_path / "record").write_text(json.dumps(record("b0", 60.0, images_per_second=16.0, macs=1, layers={})))
    yield SimpleNamespace(queue=queue, go=tmp_path / "go", refuse=tmp_path / "refuse")
    queue.shutdown()


def answer(world, app):
    world.go.touch()
    assert all(job.wait(HANG_S) for job in world.queue.active()[:1])
    return app.run()


def test_nothing_measured_means_no_figure(world):
    app = chooser("Time")
    assert "Nothing measured yet" in text(app) and not charts(app) and not tiles(app)
    assert app.button(key="clock_start").label == "Measure 8 networks here"


def test_all_are_measured_one_after_another(world):
    app = chooser("Time")
    app.button(key="clock_start").click().run()
    for left in range(7, -1, -1):
        assert not app.exception and [job.title for job in world.queue.active()] == [f"EfficientNet-B{7 - left}, batch 1"]
        bar = app.get("progress")[0].proto.text.replace("\\", "")
        assert f"EfficientNet-B{7 - left}, batch 1: " in bar and ("the last one" if not left else f"{left} more after it") in bar
        app = answer(world, app)
    assert not app.exception and not world.queue.active() and not app.get("progress")
    assert charts(app) == ["ladder"] and "60.0 ms" in text(app) and not any(button.key == "clock_start" for button in app.button)
    assert "The next would need" in text(app) and "φ" not in tiles(app)


def test_measuring_can_be_given_up(world):
    app = chooser("Time")
    app.button(key="clock_start").click().run()
    app = answer(world, app)
    job = world.queue.active()[0]
    app.button(key="stop_measuring").click().run()
    assert job.wait(HANG_S)
    app.run()
    assert not world.queue.active() and app.button(key="clock_start").label == "Measure 7 networks here"
    assert "Not measured: B1, B2, B3, B4, B5, B6, B7." in text(app)


def test_one_that_fails_is_told_and_the_others_go_on(world):
    app = chooser("Time")
    world.refuse.write_text("It needs about 99.00 GB.")
    app.button(key="clock_start").click().run()
    assert [*world.queue.finished(), *world.queue.active()][-1].wait(HANG_S)
    world.refuse.unlink()
    app.run()
    while world.queue.active():
        app = answer(world, app)
    failed = [job.title for job in world.queue.finished() if job.state == "failed"]
    assert "EfficientNet-B0, batch 1" in failed and "99.00 GB" in text(app).replace("\\", "") and not app.exception
    names = "1 network" if len(failed) == 1 else f"{len(failed)} networks"  # a quick failure may take the next with it
    assert app.button(key="clock_start").label == f"Measure {names} here" and charts(app) == ["ladder"]


def test_what_another_visitor_measured_is_used(world):
    app = chooser("Time")
    app.button(key="clock_start").click().run()
    answer(world, app)
    other = chooser("Time")
    assert other.button(key="clock_start").label == "Measure 7 networks here" and "60.0 ms" in text(other)


def test_a_full_queue_is_a_sentence(world):
    world.queue.longest = 0
    app = chooser("Time")
    app.button(key="clock_start").click().run()
    assert not app.exception and "queue is full" in app.warning[0].value
    assert app.button(key="clock_start").label == "Measure 8 networks here"


def test_recorded_times_say_where_and_when(world, monkeypatch):
    machine = {"processor": "Testum Mk 9", "cores": 4, "memory": 1, "system": "Testix 1", "python": "3"}
    found = recorded.from_records({f"b{i}": record(f"b{i}", 20.0 * (i + 1), machine=machine) for i in range(8)}
                                   | {"resnet50": record("resnet50", 33.0, machine=machine, steady=False)}, "2026-01-02")
    monkeypatch.setattr(series, "shipped", lambda: {f"Recorded: {found.title}": found})
    app = chooser("Time", budget_time="65")
    assert "Nothing measured yet" in text(app)
    app.selectbox(key="clock").set_value(f"Recorded: {found.title}").run()
    seen = text(app)
    assert not app.exception and "Recorded" in seen and "2026-01-02" in seen and "Testum Mk 9" in seen and charts(app) == ["ladder"]
    assert "B2" in seen and "needs 60.0 ms" in seen and not any(button.key == "clock_start" for button in app.button)
    assert "not to be trusted: ResNet-50." in seen and "Below B0 to B7 stand other networks" in seen
    app.number_input(key="budget_time").set_value(0.001).run()
    assert "is too little for any of the eight" in text(app)


def test_what_is_shipped_is_offered():
    app = chooser("Time")
    assert not app.exception and not app.warning
    offered = [option for option in app.selectbox(key="clock").options if option.startswith("Recorded: ")]
    app.selectbox(key="clock").set_value(offered[0]).run()
    assert not app.exception and series.shipped()[offered[0]].date in text(app) and "torch 2.13.0" in text(app)
