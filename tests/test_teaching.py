"""Pages as a teacher set them: what a link hides and fixes, the size of type, and the way out."""

from urllib.parse import parse_qs, urlsplit

import plotly.graph_objects as go
import pytest

from effnet_core.errors import UserError
from effnet_core.figures import figure, larger
from effnet_core.lab.lesson_sheets import LESSONS
from effnet_core.palette import INK, Theme, themed
from pages.shared import catalogue, controls, shell, teaching
from pages.shared.lessons import built, chance

from .apps import open_app

def button(app, key):
    return next(one for one in app.button if one.key == key)


def labels(app):
    """Key → label of every widget on the page."""
    kinds = ("slider", "select_slider", "selectbox", "multiselect", "button_group", "number_input", "toggle", "checkbox", "radio", "text_input")
    return {element.key: element.label for kind in kinds for element in app.get(kind) if element.key}


def parts(page):
    """The page once with each of its parts."""
    found = catalogue._chooser(shell.ROOT / shell.PAGES[page].file)
    return [open_app(page, **({found[0]: title} if found else {})) for title in (found[1] if found else [""])]


CONDITIONAL = {  # which controls want more than their part's address → what of it shows them
    "scaling": [{"ask": "Compare", "pins": "p:b0;p:b7"}, {"ask": "Compare", "pins": "p:b0;p:b7", "versus": "Chart"}],
    "blocks": [*({"lesson": "The block, step by step", "built_step": name} for name in built.NAMES),
               *({"lesson": "Modules", "module_kind": kind} for kind in ("SE", "Pointwise")),
               {"lesson": "Why skip connections", "depth_real": "true"}, *({"lesson": "Norm and chance", "chance_part": part} for part in chance.PARTS)],
    "latency": [{"clock_part": "Sweeps", "sweep_over": over} for over in ("φ", "Resolution")],
    "tradeoffs": [{"trade": "Chooser", "budget_kind": kind} for kind in ("Memory", "Time")],
    "inside": [{"part": "Maps", "surgery": "off:4.1", "layer": "stages.4.1"}, {"part": "Where it looks", "second_model": "small-scenes"},
               {"part": "Surgery", "surgery": "off:4.1", "layer": "stages.4.1"}],
}


@pytest.mark.parametrize("page", ["start", "scaling", "tradeoffs", "search", "latency", "pretrain", "learn", "inside", "blocks"])
def test_every_control_that_is_offered_is_on_its_page_under_its_label(page):
    seen = {}
    for app in [*parts(page), *(open_app(page, **more) for more in CONDITIONAL.get(page, ()))]:
        assert not app.exception
        seen |= labels(app)
    wanted = {key: control.label for name, control in catalogue.controls(page).items() for key in control.of or (name,)}
    assert {key: seen.get(key) for key in wanted} == wanted


def test_names_in_the_catalogue_mean_one_thing():
    names = [*catalogue.SECTIONS, *(part for page in catalogue.pages() for part in catalogue.parts(page))]
    assert len(set(names)) == len(names) and not set(names) & catalogue.fixable()
    assert {key: label for key, (label, *_) in controls.SLIDERS.items()} == catalogue.SLIDERS
    assert {"part.take-home", "ask.memory", "trade.the-papers-charts", "learn.words"} <= catalogue.hideable()


@pytest.mark.parametrize("page", catalogue.pages())
def test_controls_of_one_page_are_told_apart_by_what_people_see(page):
    names = [*catalogue.named(page).values()]
    assert len(set(names)) == len(names) and not any("_" in name for name in names)


def test_a_control_is_named_with_its_lesson_where_another_has_its_name():
    names = catalogue.named("blocks")
    assert names["built_kernel"] == "Kernel k, in The block, step by step" and names["module_kernel"] == "Kernel k, in Modules"
    assert names["built_ratio"] == "SE ratio, % of C" and catalogue.named("inside")["surgery_scale"] == "One colour scale for, in Surgery"


def test_teachers_begin_with_the_page_from_which_they_come():
    app = open_app("scaling")
    app.session_state["learn"] = "For teachers"
    app.switch_page("pages/learn.py").run()
    assert app.selectbox(key="teach_page").value == "scaling"
    app.selectbox(key="teach_page").set_value("start").run()
    assert app.selectbox(key="teach_page").value == "start"
    assert open_app("learn", learn="For teachers").selectbox(key="teach_page").value == "start"


def style(app):
    return "".join(element.proto.body for element in app.get("html") if "<style>" in element.proto.body)


def test_a_link_hides_and_fixes_and_says_so():
    app = open_app("scaling", phi="3", hide="alpha,preset,ask.take-home,nothing-of-ours", fix="phi,unknown")
    assert not app.exception and app.slider(key="phi").value == 3.0
    for key in ("alpha", "preset"):
        assert f".st-key-{key} {{ display: none" in style(app)
    assert ":is(.st-key-phi)" in style(app) and "nothing" not in style(app) and "unknown" not in style(app)
    note = next(caption.value for caption in app.caption if "As a teacher set it" in caption.value)
    assert "φ, how much larger = 3" in note and "α, depth" in note and "Take home" in note
    asked = next(group for group in app.get("button_group") if group.key == "ask")
    assert "Take home" not in asked.options and "Memory" in asked.options


def test_a_part_that_is_left_out_is_neither_offered_nor_open():
    app = open_app("tradeoffs", trade="Accuracy", hide="trade.accuracy")
    assert not app.exception and app.session_state["trade"] == "One or all three"
    everything = ",".join(catalogue.parts("tradeoffs"))
    assert not open_app("tradeoffs", hide=everything).exception  # something has to be there


def test_presets_and_what_a_browser_sends_leave_a_fixed_control_alone():
    app = open_app("scaling", phi="3", fix="phi")
    next(one for one in app.get("button_group") if one.key == "preset").set_value(["φ = 7"]).run()
    assert app.slider(key="phi").value == 3.0
    app.slider(key="phi").set_value(5.0).run()
    app.slider(key="alpha").set_value(1.5).run()
    assert app.slider(key="phi").value == 3.0 and app.slider(key="alpha").value == 1.5


def test_the_switches_of_the_built_block_are_hidden_and_fixed_in_every_step():
    built_step = {"lesson": "The block, step by step", "built_step": built.NAMES[2]}
    app = open_app("blocks", **built_step, built_skip_3="false", hide="built_norm,built_activation", fix="built_skip")
    assert not app.exception and app.toggle(key="built_skip_3").value is False
    for step in range(1, len(built.STEPS) + 1):
        assert f".st-key-built_norm_{step} {{ display: none" in style(app) and f".st-key-built_activation_{step} {{" in style(app)
        assert f".st-key-built_skip_{step}" in style(app)
    assert any("Left out: Activation, Batch norm, in The block, step by step." in one.value and "Fixed: Skip connection." in one.value for one in app.caption)
    app.toggle(key="built_skip_3").set_value(True).run()
    assert app.toggle(key="built_skip_3").value is False
    assert {"built_skip_1", "built_activation_9"} <= catalogue.addressed("blocks")


def test_nobody_is_trapped():
    app = open_app("scaling", phi="3", hide="alpha", fix="phi", type="large")
    button(app, "taught_all").click().run()
    assert not app.session_state["hide"] and not app.session_state["fix"] and "display: none !important" not in style(app)
    app.slider(key="phi").set_value(5.0).run()
    assert app.slider(key="phi").value == 5.0
    button(app, "taught_type").click().run()
    assert not any((one.key or "").startswith("taught") for one in app.button) and "font-size: 20px" not in style(app)


@pytest.mark.parametrize("address", [
    {"hide": "</style><script>", "fix": "</style>", "type": "huge"}, {"hide": ",,,", "fix": ",", "type": ""}, {"hide": "x" * 5000, "fix": "layer,photo,hide,fix"}])
def test_nonsense_is_ignored(address):
    app = open_app("scaling", **address)
    assert not app.exception and "script" not in style(app) and not any((one.key or "").startswith("taught") for one in app.button)


@pytest.mark.parametrize("section, words", [("try-this", "#### Try this"), ("in-the-paper", "#### In the paper")])
def test_what_stands_on_every_page_can_be_left_out(section, words):
    assert any(words in one.value for one in open_app("scaling").markdown)
    assert not any(words in one.value for one in open_app("scaling", hide=section).markdown)


def test_words_and_sheets_can_be_left_out():
    app = open_app("start", hide="lesson-sheet,word-cards")
    assert not app.get("download_button") and '{"words":{}}' in "".join(one.proto.json.replace(" ", "") for one in app.get("bidi_component"))
    assert len(open_app("start").get("download_button")) == 1


def test_the_part_for_teachers_makes_a_link_with_what_was_set():
    app = open_app("learn", learn="For teachers")
    app.selectbox(key="teach_page").set_value("scaling").run()
    app.multiselect(key="teach_hide_scaling").set_value(["alpha", "preset"]).run()
    app.multiselect(key="teach_fix_scaling").set_value(["phi"]).run()
    app.multiselect(key="teach_parts_scaling").set_value(["ask.take-home"]).run()
    assert not app.exception and "alpha" not in app.multiselect(key="teach_fix_scaling").options
    link = urlsplit(app.code[0].value)
    assert link.path == "/scaling" and parse_qs(link.query) == {"hide": ["ask.take-home,alpha,preset"], "fix": ["phi"]}
    app.toggle(key="teach_tour").set_value(True).run()
    assert parse_qs(urlsplit(app.code[0].value).query)["tour"] == ["1-00"]
    assert len(app.get("download_button")) == len(shell.PAGES) + len(LESSONS) + 1


def test_a_link_takes_the_settings_along():
    made = teaching.address("start", "http://here/", hide=[], fix=["phi"], size="large", more={"phi": ["3"], "pins": [], "hide": ["old"]})
    assert made == "http://here/?phi=3&fix=phi&type=large"
    assert teaching.address("inside", "http://here/app", hide=[], fix=[], size="", more={"part": ["One block"]}) == "http://here/app/inside?part=One+block"


def test_a_larger_theme_enlarges_all_type_of_a_chart():
    usual, large = (figure([{"type": "bar", "x": [1], "y": [2], "text": ["a"], "textfont": {"size": 12}}], theme, 200, margin={"l": 8, "autoexpand": True},
                           annotations=[{"text": "b", "font": {"size": 12}}]) for theme in ("light", Theme("light", 1.5)))
    assert large.layout.height == 300 and large.layout.margin.l == 12 and large.layout.margin.autoexpand is True
    assert large.data[0].textfont.size == 18 and large.layout.annotations[0].font.size == 18
    assert large.layout.font.size == 1.5 * usual.layout.font.size and large.data[0].x == usual.data[0].x
    go.Figure(large.to_dict())  # which Plotly checks


def test_a_theme_is_its_name():
    assert themed(INK, Theme("dark", 1.25)) == INK["dark"] and Theme("light").times == 1.0
    with pytest.raises(UserError):
        figure([], Theme("sepia", 1.25), 100)
    assert larger({"marker": {"size": 7}, "tickfont": {"size": [10, 20], "color": "red"}}, 1.5) == {"marker": {"size": 7}, "tickfont": {"size": [15, 30], "color": "red"}}
