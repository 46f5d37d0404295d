"""The part "Predict" of the page Learn: a guess first, then the answer beside it, computed or measured."""

import re

import pytest

from effnet_core.families import published
from effnet_core.lessons.questions import QUESTIONS
from pages.shared import phrases, results, state, texts

from .apps import open_app
from .test_lesson_questions import record


def open_question(slug):
    app = open_app("learn", learn="Predict", q=slug)
    assert not app.exception
    return app


def words(app):
    return " ".join(element.value for element in (*app.markdown, *app.caption)) + " ".join(element.proto.body for element in app.get("html"))


def test_every_question_has_its_four_paragraphs_and_a_phrase_that_leads_to_where_it_can_be_seen():
    for slug in QUESTIONS:
        title, question, hint, answer = texts.paragraphs("predict", slug)
        assert question.rstrip().endswith(("?", ".")) and hint and len(title) < 50
        assert re.search(r"#set:[a-z]+\?", answer), slug


@pytest.mark.parametrize("slug", [slug for slug, question in QUESTIONS.items() if not question.needs])
def test_nothing_is_told_before_the_guess_and_all_of_it_after(slug):
    question, app = QUESTIONS[slug], open_question(slug)
    answer = question.scale.text(question.answer({})) if question.scale else question.options()[int(question.answer({}))]
    assert f"**{answer}.**" not in words(app) and f"otherwise: {answer}" not in words(app)
    assert app.button(key="predict_show").disabled  # without a guess
    if not question.scale:
        app.button_group(key=f"predict_{slug}").set_value(0).run()
    else:
        app.select_slider(key=f"predict_{slug}").set_value(question.scale.stops()[0]).run()
    app.button(key="predict_show").click().run()
    assert not app.exception and (f"**{answer}.**" in words(app) or f"otherwise: {answer}" in words(app) or "As you expected" in words(app))
    assert f"1 of {len(QUESTIONS)} looked at" in words(app)


def test_where_nothing_was_moved_nothing_was_guessed():
    app = open_question("phi-b1")
    app.button(key="predict_skip").click().run()
    assert "the answer: φ = " in words(app) and "your guess" not in words(app) and f"1 of {len(QUESTIONS)} looked at" in words(app)
    assert "phi-b1" not in app.session_state["_predicted"]  # which would complete the step of the tour
    app.select_slider(key="predict_phi-b1").set_value(1.5).run()
    assert "your guess: φ = 1.5<" in words(app)
    app = open_question("params-where")
    app.button(key="predict_skip").click().run()
    question = QUESTIONS["params-where"]
    assert f"**{question.options()[int(question.answer({}))]}.**" in words(app)


def test_one_may_change_ones_mind():
    app = open_question("macs-b7")
    app.select_slider(key="predict_macs-b7").set_value(10.0).run()
    app.button(key="predict_show").click().run()
    assert "your guess: × 10<" in words(app) and "the answer: × 97.8" in words(app)
    app.select_slider(key="predict_macs-b7").set_value(100.0).run()
    assert "your guess: × 100<" in words(app) and "the answer: × 97.8" in words(app)


def test_a_link_leads_to_its_question_and_any_other_text_to_the_first():
    first, *_, last = QUESTIONS
    assert QUESTIONS and open_question(last).selectbox(key="predict_pick").value == last
    for nonsense in ("nothing", "<b>", "b7;drop"):
        assert open_question(nonsense).selectbox(key="predict_pick").value == first
    app = open_question(first)
    assert app.button(key="predict_back").disabled
    app.button(key="predict_next").click().run()
    assert app.query_params["q"] == [*QUESTIONS][1]


def test_what_is_measured_is_offered_and_then_told_with_its_machine(monkeypatch):
    app = open_question("time-b1")
    app.select_slider(key="predict_time-b1").set_value(QUESTIONS["time-b1"].scale.stops()[0]).run()
    app.button(key="predict_show").click().run()
    assert app.button(key="clock_start").label == "Measure both now" and "the answer:" not in words(app)
    rows = {results.key_of(published(name)): {**record(name, ms), "measured": 0.0, "steady": name != "b1", "device_name": "A processor [of] *ours*"}
            for name, ms in (("b0", 30.0), ("b1", 54.0))}
    monkeypatch.setattr(results, "mine", lambda request: rows.get(results.key_of(request.network)))
    app.run()
    assert "the answer: × 1.8" in words(app) and "B0 30.0 ms" in words(app) and "cannot be trusted" in words(app)
    assert r"A processor \[of\] \*ours\*" in words(app)


def test_answers_link_to_other_pages_only_by_phrases_of_ours():
    for slug in QUESTIONS:
        for target in re.findall(r"\]\(([^)]+)\)", texts.sections("predict")[slug]):
            assert target.startswith("#set:") and phrases.read(target[5:]) in phrases.written()
    assert "q" in state.CARRIED
