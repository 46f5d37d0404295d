"""The guided tour: a step is done by doing it, and by nothing else; the address says how far one is."""

from types import SimpleNamespace

import pytest

from effnet_core.cost import cost
from effnet_core.families import compound, published
from pages.shared import catalogue, state, texts, tour, work
from pages.shared.learn import steps
from pages.shared.learn.progress import Progress, read
from pages.shared.learn.steps import STEPS
from pages.shared.shell import PAGES
from pages.shared.training import About

from .apps import open_app

SLUGS = [step.slug for step in STEPS]


def number(slug):
    return SLUGS.index(slug) + 1


def at(slug, *done):
    return Progress(number(slug), frozenset(map(number, done))).write()


def is_done(app, slug):
    return number(slug) in read(app.session_state["tour"]).done


def step_app(slug, **query):
    """On the step's page, with what it needs open."""
    step = STEPS[number(slug) - 1]
    app = open_app(step.page, tour=at(slug), **{**step.opens, **query})
    assert not app.exception
    return app


def words(app):
    return " ".join(element.value for element in (*app.markdown, *app.caption))


# Progress, written and read


@pytest.mark.parametrize("progress", [Progress(), Progress(1), Progress(4, frozenset({1, 2, 4})), Progress(0, frozenset({12})), Progress(12, frozenset(range(1, 13)))])
def test_progress_is_read_as_it_was_written(progress):
    assert read(progress.write()) == progress


@pytest.mark.parametrize("text", ["", "x", "13-00", "4", "4-", "-1-00", "4-xyz", "99-ffff", "4-0b\n", "4-0b4-0b", "٤-0b"])
def test_a_wrong_address_is_no_tour(text):
    assert read(text) == Progress()


def test_bits_beyond_the_last_step_are_none():
    assert read("1-ffff").done == frozenset(range(1, len(STEPS) + 1))


def test_every_step_has_its_words_and_its_page():
    assert len(set(SLUGS)) == len(STEPS)
    for step in STEPS:
        assert step.page in PAGES and len(texts.paragraphs("tour", step.slug)) == 4
    assert {step.page for step in STEPS} == PAGES.keys()  # the tour leads through all of them


# Done by doing it


@pytest.mark.parametrize("page", [page for page in PAGES if any(step.page == page for step in STEPS)])
def test_no_step_is_done_by_default_and_a_done_one_is_told_of(page):
    """Neither by the values that widgets begin with, nor once its page has been drawn with them. All that was done in another session is not
    here: of a step that is done what still holds is told, of the rest that it was done."""
    steps_here = [step for step in STEPS if step.page == page]
    app = step_app(steps_here[0].slug)
    for step in steps_here:
        assert not step.done(state.DEFAULTS)
        for key, value in {**step.opens, "tour": at(step.slug)}.items():
            app.session_state[key] = value
        app.run()
        assert not is_done(app, step.slug) and f"**Step {number(step.slug)} of 12**" in words(app) and "**Why.**" in words(app)
        app.session_state["tour"] = at(step.slug, step.slug)
        app.run()
        assert not app.exception and "**Seen.**" in words(app) and ("This step was done before" in words(app)) != step.lasting


def test_why_is_done_by_the_slider():
    app = step_app("why")
    app.slider(key="phi").set_value(0.5).run()
    assert not is_done(app, "why")
    app.slider(key="phi").set_value(2.0).run()
    ratio = compound_ratio(2.0)
    assert is_done(app, "why") and f"needs {ratio} times" in words(app).replace("\\", "") and app.query_params["tour"] == at("why", "why")


def compound_ratio(phi):
    return f"{cost(compound(phi)).macs / cost(published('b0')).macs:.3g}"


@pytest.mark.parametrize("slug", ["convolution", "separable"])
def test_a_lesson_is_done_by_its_guess(slug):
    app = open_app("blocks", tour=at(slug), lesson=STEPS[number(slug) - 1].opens["lesson"])
    guess = next(group for group in app.button_group if (group.key or "").startswith("guessed_"))
    assert not is_done(app, slug)
    guess.set_value(0).run()
    assert not app.exception and is_done(app, slug) and "**Seen.**" in words(app)


@pytest.mark.parametrize("lesson", ["Separable convolution", "Convolution"])
def test_the_guess_of_another_lesson_completes_nothing(lesson):
    """Neither when its own is opened nor when anything else happens while the other one is still open."""
    app = open_app("blocks", tour=Progress(2).write(), lesson="Convolution")
    app.button_group(key="guessed_convolution").set_value(2).run()
    app.button(key="tour_next").click().run()
    if lesson != "Convolution":
        app.button(key="tour_go").click().run()
    app.session_state["layer"] = "stages.2.0"
    app.run()
    assert app.session_state["lesson"] == lesson and is_done(app, "convolution") and not is_done(app, "separable")
    app.session_state["lesson"] = "Separable convolution"
    app.run()
    app.button_group(key="guessed_separable").set_value(2).run()
    assert is_done(app, "separable")


def test_a_step_is_done_only_where_what_it_needs_is_open():
    app = open_app("blocks", tour=at("shape"), lesson="Modules", layer="stages.6.0")
    assert not is_done(app, "shape") and app.button(key="tour_go").label == "Open it here"
    app.button(key="tour_go").click().run()
    assert is_done(app, "shape")


@pytest.mark.parametrize("answer", ["guessed", "shown"])
def test_an_answer_that_is_shown_without_a_guess_completes_nothing(answer):
    app = step_app("separable")
    if answer == "shown":
        app.button(key="unguessed_separable").click().run()
    else:
        app.button_group(key="guessed_separable").set_value(2).run()
    assert "The ratio is 1/N" in words(app) and is_done(app, "separable") == (answer == "guessed")


@pytest.mark.parametrize("step", [step for step in STEPS if step.opens], ids=lambda step: step.slug)
def test_what_a_step_opens_is_there(step):
    app = open_app(step.page, tour=at(step.slug))
    for key, value in step.opens.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception and not any(button.key == "tour_go" for button in app.button)
    assert all(app.session_state[key] == value for key, value in step.opens.items())


def test_the_panel_notices_that_another_lesson_was_opened():
    app = open_app("blocks", tour=at("separable"))  # where the first lesson is open
    assert app.button(key="tour_go").label == "Open it here"
    app.button(key="tour_go").click().run()
    assert app.session_state["lesson"] == "Separable convolution" and not any(button.key == "tour_go" for button in app.button)
    app.button_group(key="lesson").set_value("Modules").run()
    assert app.button(key="tour_go").label == "Open it here"


def test_shape_is_done_by_selecting_a_block_as_wide_as_any():
    app = step_app("shape")
    app.session_state["layer"] = "stages.3.0"
    app.run()
    assert not is_done(app, "shape")
    app.session_state["layer"] = "stages.6.0"
    app.run()
    assert is_done(app, "shape") and "192 channels come in, 1,152 are filtered, 320 go on" in words(app).replace("\\", "")


def test_shape_says_how_wide_the_selected_block_is():
    """Where the last stage has several blocks, its first one is narrower than the others inside."""
    app = step_app("shape", phi="4.1", layer="stages.6.0")
    assert not is_done(app, "shape") and "stages.6.0, 1,680 channels inside; another block has more" in words(app).replace("\\", "")
    app.session_state["layer"] = "classifier"
    app.run()
    assert "classifier, which is no block" in words(app)
    app.session_state["layer"] = "stages.6.1"
    app.run()
    assert is_done(app, "shape") and "2,832 are filtered" in words(app) and "another block has more" not in words(app)


def test_a_block_that_is_clicked_is_told_in_the_panel():
    assert "tour_panel" in step_app("shape").session_state["_alone"] and "tour_panel" not in open_app("blocks").session_state["_alone"]


def test_alone_is_done_by_the_preset():
    app = step_app("alone")
    app.button_group(key="preset").set_value("All three").run()
    assert not is_done(app, "alone")
    app.button_group(key="preset").set_value("4× deeper").run()
    assert is_done(app, "alone") and "4.08 times the MACs" in words(app).replace("\\", "")


def test_together_is_done_by_looking_at_the_field():
    app = step_app("together")
    app.button_group(key="beside").set_value("Receptive field").run()
    assert is_done(app, "together") and "81.1 %" in words(app).replace("\\", "")


def test_search_is_done_by_the_other_rule():
    app = step_app("search")
    app.button_group(key="rule").set_value("counted").run()
    assert is_done(app, "search") and "46 networks keep to the formula" in words(app).replace("\\", "")


def test_predict_is_done_by_looking_at_the_answer():
    app = step_app("predict")
    app.select_slider(key="predict_phi-b1").set_value(1.5).run()
    app.button(key="predict_show").click().run()
    assert is_done(app, "predict") and "your guess: φ = 1.5" in " ".join(each.proto.body for each in app.get("html")) and "φ = 0.52 by its depth" in words(app).replace("\\", "")


def test_clock_is_done_by_a_measurement():
    app, step = step_app("clock"), STEPS[number("clock") - 1]
    row = {"name": "EfficientNet-B0", "median_ms": 31.0, "macs": 385_814_752, "images_per_second": 32.0, "steady": True}
    assert not step.done({"_measurements": []}) and step.done({"_measurements": [row]}) and not is_done(app, "clock")
    assert step.seen({"_measurements": [row]}) == {"name": "EfficientNet-B0", "time": "31.0 ms", "macs": "386 M", "rate": "12.3 G", "doubt": ""}
    for steady in (True, False):
        app.session_state["_measurements"] = [{**row, "steady": steady}]
        assert ("cannot be trusted" in step.seen(app.session_state)["doubt"]) != steady


def test_gates_is_done_by_setting_them():
    app = step_app("gates")
    app.session_state["surgery"] = "off:all"
    app.run()
    assert is_done(app, "gates") and "with your gates" in words(app)


def test_train_is_done_by_a_training(monkeypatch):
    app, step = step_app("train"), STEPS[number("train") - 1]
    app.session_state["job"] = "x"
    app.run()
    assert is_done(app, "train")
    job = SimpleNamespace(about=About("mine", "EfficientNet for 48-pixel images", 10, "scenes", 5))
    monkeypatch.setattr(work, "trainings", lambda: SimpleNamespace(find=lambda key: job if key == "x" else None))
    assert step.seen({"job": "x"}) == {"name": "EfficientNet for 48-pixel images", "classes": "10", "things": "scenes"} and step.seen({"job": "y"}) == {}


def test_a_link_to_a_step_that_is_done_opens():
    app = open_app("search", tour=at("search", "search"))
    assert not app.exception and "**Seen.**" in words(app) and is_done(app, "search")


def test_yourself_is_done_by_a_network_within_the_budget():
    app = step_app("yourself")
    for key, value in {"phi": 1.0, "alpha": 1.05, "beta": 1.03, "gamma": 1.02}.items():
        app.session_state[key] = value
    app.run()
    assert not is_done(app, "yourself") and "1.78" in words(app)  # deeper, wider, sharper, but not the double work
    app.slider(key="gamma").set_value(1.08).run()
    assert is_done(app, "yourself") and "23 blocks, 242 px" in words(app).replace("\\", "")


def test_yourself_says_what_is_missing():
    app = step_app("yourself", phi="2.0")
    assert "Missing: fewer MACs, fewer parameters; it has 4.693 times the MACs" in words(app).replace("\\", "") and "φ alone does not get there" in words(app)
    for values, missing in (({"phi": 0.0}, "deeper, wider, sharper, more MACs"), ({"phi": 1.0, "beta": 1.0, "alpha": 2.0, "gamma": 1.0}, "wider, sharper"),
                            ({"phi": 1.0, "base": "Lite0"}, "a network by the formula")):
        section, numbers = STEPS[-1].now({**state.DEFAULTS, **values})
        assert section == "yourself_missing" and numbers["missing"].startswith(missing)
    for key, value in {"phi": 1.0, "alpha": 1.05, "beta": 1.03, "gamma": 1.08}.items():
        app.session_state[key] = value
    app.run()
    assert is_done(app, "yourself") and "φ alone" not in words(app) and "Missing" not in words(app)
    app.session_state["phi"] = 0.0
    app.run()
    assert "This step was done before" in words(app) and "φ alone" not in words(app)


@pytest.mark.parametrize("name", ["b0", "b1", "b2"])
def test_a_released_network_is_not_scaled_by_oneself(name):
    values = {**state.DEFAULTS, "source": "Published", "name": name.upper()}
    assert not STEPS[-1].done(values)


def test_phi_alone_does_not_keep_to_the_budget():
    assert not any(STEPS[-1].done({**state.DEFAULTS, "phi": place / 10}) for place in range(-20, 81))


# Going through it


def test_the_tour_begins_on_start_and_goes_on_step_by_step():
    app = open_app()
    app.button(key="tour_begin").click().run()
    assert app.query_params["tour"] == at("why") and "**Step 1 of 12**" in words(app)
    assert app.button(key="tour_back").disabled
    app.button(key="tour_next").click().run()
    assert "**Step 2 of 12**" in words(app) and app.button(key="tour_go").label == "Go to Blocks"
    app.button(key="tour_fold").click().run()
    assert "**Why.**" not in words(app) and "**Step 2 of 12**" in words(app)


def test_leaving_keeps_what_is_done_and_a_link_resumes():
    app = step_app("why")
    app.slider(key="phi").set_value(2.0).run()
    app.button(key="tour_leave").click().run()
    assert "**Step 1" not in words(app) and app.query_params["tour"] == Progress(0, frozenset({1})).write()
    assert app.button(key="tour_begin").label == "Go on with the tour"
    app.button(key="tour_begin").click().run()
    assert "**Step 2 of 12**" in words(app)
    again = open_app("scaling", tour="5-13")
    assert "**Step 5 of 12**" in words(again) and read(again.session_state["tour"]).done == {1, 2, 5}


def test_a_resumed_link_tells_the_numbers_of_its_own_network():
    app = open_app(tour=at("why", "why"), phi="2.0")
    assert "At φ = 2 the network" in words(app)


def test_going_there_opens_what_the_step_needs_and_leaves_the_rest():
    app = open_app("scaling", tour=at("together"), phi="3.0", trade="Chooser")
    app.button(key="tour_go").click().run()
    assert app.session_state["trade"] == "One or all three" and app.session_state["phi"] == 3.0
    assert "One dimension, or all three?" in [title.value for title in app.title]


def test_the_list_ticks_what_is_done_and_leads_to_every_step():
    app = open_app("learn", tour="3-03")
    assert "2 of 12 steps done." in words(app)
    assert [app.button(key=f"tour_step_{place}").icon for place in (1, 3, 4)] == [":material/check_circle:", ":material/arrow_forward:", ":material/radio_button_unchecked:"]
    app.button(key="tour_step_8").click().run()
    assert read(app.session_state["tour"]).at == 8
    again = open_app("learn", tour="3-03")
    again.button(key="tour_again").click().run()
    assert read(again.session_state["tour"]) == Progress(1)


def test_the_end_says_what_was_learnt_and_what_is_next():
    app = open_app("learn", tour="12-0fff")
    promised, base = 1.2 * 1.1**2 * 1.15**2, published("b0")
    assert f"promises {promised:.3g} times the work and costs {cost(compound(1.0)).macs / cost(base).macs:.3g} times" in words(app) and "81.1 %" in words(app)
    for target in ("learn?learn=Predict", "inside?part=One+block", "scaling?ask=Take+home"):
        assert f"(#set:{target})" in words(app)
    assert not any(button.key == "tour_start" for button in app.button)
    app.button(key="tour_again").click().run()
    assert read(app.session_state["tour"]) == Progress(1)


def test_after_the_end_the_start_page_leads_to_what_was_shown():
    app = open_app(tour="0-0fff")
    app.button(key="tour_begin").click().run()
    assert "**The tour is done.**" in words(app) and read(app.session_state["tour"]).at == 0


def test_the_line_of_small_screens_says_what_to_do_and_opens_the_panel():
    app = step_app("yourself", phi="2.0")
    assert app.button(key="tour_tap").label.startswith("**12 of 12** · Missing: fewer MACs")
    app.button(key="tour_fold").click().run()
    app.button(key="tour_tap").click().run()
    assert "**Why.**" in words(app) and app.button(key="tour_tap").icon == ":material/expand_less:"
    assert open_app("scaling", tour=at("alone", "alone")).button(key="tour_tap").label.startswith("**5 of 12** · Done")


def test_what_needs_no_tour_costs_nothing():
    """Outside the tour, and once a step is done, nothing is asked of the network."""
    app = open_app("scaling", tour=at("alone", "alone"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "network", lambda values: pytest.fail("asked"))
        assert not any(tour.notice("start") for _ in range(3))
    assert not app.exception


# Behind a teacher's link


@pytest.mark.parametrize("slug, query, part", [
    ("convolution", {"hide": "lesson.convolution"}, "Convolution"), ("gates", {"hide": "part.surgery"}, "Surgery"),
    ("alone", {"fix": "source", "source": "Published"}, "Formula")])
def test_a_step_that_a_link_has_taken_away_is_passed_by(slug, query, part):
    app = step_app(slug, **query)
    assert f"needs *{part}*" in words(app) and "**Why.**" not in words(app)
    assert "tour_go" not in [button.key for button in app.button]
    app.button(key="tour_next").click().run()
    assert not app.exception and f"Step {number(slug) + 1} of" in words(app)


@pytest.mark.parametrize("query", [{"hide": "lesson.modules"}, {"fix": "source"}, {"hide": ",".join(sorted(catalogue.parts("blocks")))}])
def test_a_step_that_is_still_there_can_be_opened(query):
    app = step_app("convolution", **query, lesson="Activations")
    assert "which the link" not in words(app) and "tour_go" in [button.key for button in app.button]
@pytest.mark.parametrize("page, says", [("learn", f"A tour in {len(steps.STEPS)} steps"), ("blocks", "16 times in B0 and 55 times in B7")])
def test_the_sentence_under_a_pages_title_counts(page, says):
    assert any(says in each.value for each in open_app(page).markdown)
