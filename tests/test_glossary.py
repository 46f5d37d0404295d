"""The glossary: every term that is linked is there, says where it comes from, and can be read as plain words."""

import re

import pytest

from pages.shared import glossary, phrases, texts

from .apps import open_app

MUST = """activation, activation-function, alpha, architecture, architecture-search, arithmetic-intensity, attribution, batch, batch-norm, beta, block, cam, cell, channel, checkpoint,
    compound-scaling, depth, depthwise-convolution, dropout, epoch, excitation, flop, gamma, gate, grad-cam, held-out, inverted-residual, kernel, latency, layer, learning-rate,
    linear-bottleneck, logit, mac, map, median, occlusion, onnx, padding, parameter, pareto-front, percentile, phi, pointwise-convolution, probability, receptive-field, relu, relu6,
    resolution, seed, sigmoid, skip-connection, softmax, squeeze, squeeze-and-excitation, stage, step, stochastic-depth, stride, swish, throughput, top-1, unit, width""".replace("\n", " ").split(",")
ORIGIN = re.compile(r"arXiv \d{4}\.\d{4,5}|\bthe paper\b|[Oo]ur own word|the field's own|\b1[89]\d\d\b|\b20[0-2]\d\b|IEEE 754|onnx\.ai|fast\.ai|cross-entropy")
LINK = re.compile(r"\]\(#word:([^)\s]+)\)")


def test_the_words_that_nobody_should_miss_are_there():
    assert {word.strip() for word in MUST} <= set(glossary.short())


def test_no_term_stands_twice():
    headed = re.findall(r"^## (.+)$", texts.whole("glossary"), re.MULTILINE)
    assert len({*map(glossary.slug, headed)}) == len(headed) == len(glossary.terms())


@pytest.mark.parametrize("page", texts.pages())
def test_every_word_that_explains_itself_has_a_term(page):
    assert set(LINK.findall(texts.whole(page))) <= set(glossary.short())


@pytest.mark.parametrize("page", [page for page in texts.pages() if page != "glossary"])
def test_no_word_is_explained_twice_in_a_section_or_in_a_heading(page):
    for body in texts.sections(page).values():
        found = LINK.findall(body)
        assert len(set(found)) == len(found)
        assert not any(LINK.search(line) for line in body.splitlines() if line.startswith("#"))


@pytest.mark.parametrize("term", glossary.terms())
def test_every_term_says_what_it_is_in_plain_words_and_where_it_comes_from(term):
    text = glossary.terms()[term]
    explanation, _, rest = text.partition("\n\n")
    assert 20 < len(explanation) < 330 and not re.search(r"\]\(|\*\*|\$|`", explanation)
    source = re.search(r"Source: (.*?)(?:See it:|See also:|$)", rest, re.DOTALL)
    assert source and ORIGIN.search(source[1])


def test_what_is_sought_is_found_with_the_nearest_first():
    assert glossary.found("") == [*glossary.terms()]
    assert glossary.found("SWISH")[0] == "Swish" and "Hard-swish" in glossary.found("swish")
    assert "MAC" in glossary.found("multiply-add") and not glossary.found("no such word")


def entries(app):
    return [line.removeprefix("##### ") for markdown in app.markdown for line in markdown.value.splitlines() if line.startswith("##### ")]


def test_the_page_has_all_terms_searches_them_and_opens_one():
    app = open_app("learn", learn="Words")
    assert not app.exception and entries(app) == [*glossary.terms()]
    app.text_input(key="seek").set_value("stride").run()
    assert entries(app)[0] == "Stride" and len(entries(app)) == len(glossary.found("stride"))
    app.text_input(key="seek").set_value("<b>nothing*").run()
    assert not entries(app) and "No term contains" in app.info[0].value
    alone = open_app("learn", learn="Words", word="Batch norm")
    assert entries(alone) == ["Batch norm"]


def test_where_to_see_a_term_is_a_phrase_that_acts():
    for text in glossary.terms().values():
        for target in re.findall(r"#set:([^)\s]+)\)", text):
            assert phrases.read(target) in phrases.written()


def test_an_entry_is_found_by_its_other_name_too():
    short = glossary.short()
    assert all(short[other] == short[glossary.slug(term)] for other, term in glossary.ALIASES.items())
    assert not {*glossary.ALIASES} & {*map(glossary.slug, glossary.terms())}


def test_what_is_said_of_a_place_is_no_other_ones_name():
    """A label that names a network, or a part of the page Inside, leads there."""
    for label, target in re.findall(r"\[([^\]]+)\]\(#set:([^)]+)\)", texts.whole("glossary")):
        for name in ("ResNet-50", "MobileNetV1", "MobileNetV2", "Lite0"):
            assert name not in label or f"name={name}" in target, label
        for name, place in (("one cell", "part=One+cell"), ("one block", "part=One+block"), ("norm and chance", "lesson=Norm+and+chance")):
            assert name not in label.lower() or place in target, label


def test_every_term_leads_to_what_is_left_of_it():
    assert all(glossary.shown(term).count("*Source:*") == 1 for term in glossary.terms())
