"""Phrases of the texts: every one leads to a page that is there and sets its controls to values that they take."""

import re
from urllib.parse import parse_qsl

import pytest

from pages.shared import phrases, shell, state, texts

from .apps import open_app

HOMES = {  # text → the page on which it stands, where its name does not say so
    **dict.fromkeys(("kinds", "formula", "constraint", "memory", "counters", "pinned", "takehome", "block"), "scaling"),
    **dict.fromkeys(("tour", "predict"), "learn"),
}
FIRST = {  # what is open on a page at first
    "scaling": {"ask": "The selected block"}, "tradeoffs": {"trade": "One or all three"}, "inside": {"part": "One block", "surgery": ""},
    "learn": {"learn": "Tour"}, "pretrain": {"data_kind": "scenes"},
}


LESSONS = {  # text → the lesson whose words it has
    "lesson_activations": "Activations", "lesson_built": "The block, step by step", "lesson_chance": "Norm and chance", "lesson_convolution": "Convolution",
    "lesson_modules": "Modules", "lesson_separable": "Separable convolution", "lesson_squeeze": "Squeeze-and-excitation", "lesson_spiral": "Why linear",
    "lesson_skips": "Why skip connections",
}


def home(text):
    return HOMES.get(text) or next((page for page in shell.PAGES if text.startswith(page)), "blocks" if text.startswith("lesson_") else "learn")


def sought():
    """Page → the phrases that set something there, and what is open where they stand."""
    found = {}
    for text in texts.pages():
        for target in phrases.targets(text):
            page = phrases.read(target).page
            found.setdefault(page or home(text), {}).setdefault(target, {"lesson": LESSONS[text]} if text in LESSONS and not page else {})
    return found


SOUGHT = sought()


def test_every_phrase_leads_to_a_page_that_is_there():
    assert SOUGHT and SOUGHT.keys() <= shell.PAGES.keys()


def test_no_phrase_is_written_in_a_way_that_would_be_overlooked():
    for text in texts.pages():
        assert texts.whole(text).count("](#set:") == len(phrases.targets(text)), text


@pytest.mark.parametrize("page", sorted(SOUGHT))
def test_every_phrase_sets_controls_of_its_page_to_what_they_take(page):
    """What is set outlives the run, where a widget took it; a value that it does not know would have been replaced, or refused."""
    app = open_app(page)
    for target, opened in SOUGHT[page].items():
        values = phrases.read(target).settings
        for key, value in {**FIRST.get(page, {}), **opened, **values}.items():
            app.session_state[key] = value
        app.run()
        assert not app.exception, target
        drawn = {element.key for element in app if getattr(element, "key", None)}
        for key, value in values.items():
            assert key in state.CARRIED or key in drawn, (target, key)
            assert app.session_state[key] == value and type(app.session_state[key]) is type(value), (target, key)


def test_a_browser_may_send_anything():
    app = open_app("scaling")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "put", lambda **values: pytest.fail(f"set {values}"))
        for sent in (None, 3, "", "phi=7", "phi=x", "nowhere?phi=2", "layer=evil", "model=../../etc/passwd", ["source=Formula"]):
            phrases.follow(sent)
    assert not app.exception


def test_a_phrase_is_known_however_the_browser_writes_its_address():
    target = next(target for target in phrases.targets("tradeoffs") if "%27" in target)
    assert phrases.read(target) == phrases.read(target.replace("%27", "'")) == phrases.read(target.replace("+", "%20"))
    assert phrases.read("surgery=") == ("", (("surgery", ""),)) and phrases.read("a?phi=2&images=8") == ("a", (("phi", 2.0), ("images", 8)))


def test_carried_values_of_phrases_can_be_values():
    from effnet_core.inside import surgery

    for page in SOUGHT:
        for target in SOUGHT[page]:
            values = phrases.read(target).settings
            surgery.read(values.get("surgery", ""))
            assert re.fullmatch(r"stem|head|classifier|stages\.[0-6]\.[0-9]+", values.get("layer", "stem"))


def test_only_what_a_text_sets_has_a_way_to_be_read():
    """But for the switches of the blocks' parts, which go together."""
    written = {key for page in texts.pages() for target in phrases.targets(page) for key, _ in parse_qsl(target.rpartition("?")[2], keep_blank_values=True)}
    assert {key for key, read in phrases.READ.items() if read is not phrases._switch} <= written
