"""The sections "Other counters" and "Take home" of the Scaling page, in Streamlit's test harness."""

import re
import subprocess
import sys
from pathlib import Path

import plotly.graph_objects as go
import pytest

from effnet_core.cache import cache_folder
from effnet_core.cost import cost
from effnet_core.export import code
from effnet_core.families import compound, published
from effnet_core.figures import counters as draw
from effnet_core.lab import counters
from pages.shared import exporting
from pages.shared.lab.takehome import PHASES

from .apps import open_app
from .serving import ROOT


def words(app):
    plain = [re.sub("<[^>]*>", " ", element.proto.body) for element in app.get("html")]
    return " ".join([*plain, *(element.value for element in (*app.markdown, *app.caption))])


def charts(app):
    return [*app.get("plotly_chart")]


@pytest.mark.parametrize("name", ["b0", "b5"])
@pytest.mark.parametrize("author, written", [("This app", "this app"), ("timm, as in TensorFlow", "timm, tf")])
def test_every_recorded_number_stands_there_exactly(name, author, written):
    app = open_app("scaling", ask="Other counters", counted=name.upper(), author=author)
    assert not app.exception and charts(app)
    for tool, row in counters.recorded()["counts"][written][name].items():
        assert f"{row['count']:,}" in words(app) and counters.version(tool) in words(app)
    assert f"{cost(published(name)).macs:,}" in words(app) and counters.recorded()["date"] in words(app)


def test_the_sections_follow_the_network_of_the_sliders():
    app = open_app("scaling", ask="Other counters", source="Published", name="B2")
    assert app.selectbox(key="counted").value == "B2" and "nothing is extrapolated" not in words(app)
    app.selectbox(key="name").set_value("Lite0").run()
    total = cost(published("lite0"))
    assert not app.exception and "nothing is extrapolated" in words(app) and app.selectbox(key="counted").value == "B2"
    assert f"{total.macs:,}" in words(app) and f"{total.flops:,}" in words(app)


@pytest.mark.parametrize("query", [{"phi": "8"}, {"phi": "-2"}, {"phi": "7", "alpha": "2"}, {"source": "Published", "name": "L2"}])
@pytest.mark.parametrize("asked", ["Other counters", "Take home"])
def test_absurd_networks_are_shown_all_the_same(asked, query):
    app = open_app("scaling", ask=asked, **query)
    assert not app.exception and not app.warning


def test_the_figure_is_what_the_tools_printed():
    for written, names in counters.recorded()["counts"].items():
        for name in ("b0", "b7"):
            counts, ours = {tool: row["count"] for tool, row in names[name].items()}, cost(published(name)).macs
            figure = draw.bars(published(name), counts, written, "dark")
            go.Figure(figure.to_plotly_json())  # Plotly's own validation
            solid = [trace for trace in figure.data if trace.name != "MACs that escape it"]
            for place, count in enumerate(counts.values()):
                assert sum(trace.x[place] for trace in solid) * ours == pytest.approx(count, rel=1e-12)


def test_the_code_on_the_page_is_the_code():
    app = open_app("scaling", ask="Take home", phi="1.5")
    assert not app.exception and app.code[0].value.strip() == code.source(compound(1.5)).strip()
    assert {button.proto.label for button in app.get("download_button")} == {"DOT", "Python file", "CSV", "JSON", "Lesson sheet"}


def test_an_onnx_file_is_made_and_goes_with_the_next():
    app = open_app("scaling", ask="Take home", phi="-2")
    app.button(key="take_onnx").click().run()
    job = (exporting.queue().active() or exporting.queue().finished())[0]
    assert job.wait(120) and job.state == "done", job.error
    app.run()
    path = Path(job.result["file"])
    offered = next(button.proto.label for button in app.get("download_button") if "onnx" in button.proto.label)
    assert not app.exception and "b0-scaled-by-phi-minus-2-untrained.onnx" in offered and "random weights" in words(app)
    assert path.is_file() and path.is_relative_to(cache_folder() / "exports") and str(path.parent) not in words(app)
    path.unlink()
    app.run()
    assert "no longer kept" in words(app)
    assert {event["phase"] for event in job.events if event["event"] == "progress"} == set(PHASES)


def test_what_is_too_large_for_a_browser_is_refused_in_words():
    app = open_app("scaling", ask="Take home", source="Published", name="L2")
    app.button(key="take_onnx").click().run()
    assert not app.exception and "1.92 GB" in app.warning[0].value.replace("\\", "")
    assert not exporting.queue().active()
    app.run()
    assert not app.warning


def test_a_trained_model_can_be_chosen():
    app = open_app("scaling", ask="Take home")
    assert {"b0-imagenette", "small-scenes"} <= set(app.selectbox(key="take_weights").options)
    wish = exporting.Wish(published("b0", 10), "b0-imagenette")
    assert (wish.title, wish.file) == ("b0-imagenette", "b0-imagenette.onnx")


def test_neither_section_imports_torch_or_onnx():
    program = ("import sys; from tests.apps import open_app\n"
               "for asked in ('Other counters', 'Take home'):\n    assert not open_app('scaling', ask=asked).exception\n"
               "assert not {'torch', 'onnx'} & set(sys.modules)")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
