"""The lesson "Squeeze-and-excitation": what is counted and shown."""

import pytest
from markdown_it import MarkdownIt

from effnet_core import cost, published
from effnet_core.lessons import gating as core
from pages.shared import texts

from .apps import open_app
from .test_page_activations import htmls, sent

LESSON = {"lesson": "Squeeze-and-excitation"}


def test_the_lesson_opens_with_the_example_and_the_counts():
    app = open_app("blocks", **LESSON)
    assert not app.exception and not app.warning
    data, network = sent(app, "squeeze"), published("b0")
    assert data["hand"] == {"squeeze_channels": 8, "squeeze_ratio": 4} and len(data["maps"]) == core.CHANNELS
    assert data["network"]["units"] == [[unit.channels, unit.squeezed] for unit in core.squeezes(network)]
    assert data["block"] == {"name": "stages.4.1", "unit": [672, 28]}
    app.button(key="unguessed_squeeze").click().run()
    table, body = cost(network), htmls(app)
    assert f"{table.operators['se'].params:,} of {table.params:,}" in body and f"{table.operators['se'].macs:,} of {table.macs:,}" in body
    for block in network.blocks:
        se = next(layer for layer in block.layers if layer.part == "se")
        cells = "".join(f"<td>{count:,}</td>" for count in (block.input.channels, se.input.channels, se.squeeze))
        assert f'<th scope="row">{block.id}</th>{cells}' in body


def test_what_gives_the_guess_away_waits_for_it():
    """The block of the question goes through 48 numbers, a quarter of its input, C ÷ 24."""
    app = open_app("blocks", **LESSON)

    def told():
        help_ = next(slider.help for slider in app.slider if slider.key == "squeeze_ratio")
        return [sign in help_ + htmls(app) + " ".join(each.value for each in app.markdown)
                for sign in ("<td>1,152</td><td>48</td>", "takes a quarter of those", "[r = 24]", "blocks have 24", "ratio of 0.25", "636,540</td>")]

    assert not any(told()) and "<td>1,152</td><td>?</td><td>?</td><td>?</td><td>72</td>" in htmls(app)
    assert sum(each.value.count("after your guess above") for each in app.markdown) == 3
    app.button(key="unguessed_squeeze").click().run()
    assert all(told()) and any("**48.** A quarter of the 192 channels" in each.value for each in app.markdown)


@pytest.mark.parametrize("name", ["Lite0", "L2", "MobileNetV2", "ResNet-50"])
def test_other_networks_are_counted_too(name):
    app = open_app("blocks", **LESSON, source="Published", name=name, layer="classifier")
    assert not app.exception
    assert len(app.info) == (name != "L2")  # only that one has SE


@pytest.mark.parametrize("query", [{"squeeze_ratio": "0"}, {"squeeze_channels": "1e9"}, {"squeeze_seed": "-1"}, {"squeeze_photo": "dog"}])
def test_a_bad_address_is_no_trouble(query):
    app = open_app("blocks", **LESSON, **query)
    assert not app.exception and sent(app, "squeeze")["hand"]["squeeze_ratio"] >= 1


@pytest.mark.parametrize("guess, says", [(0, "As you expected"), (1, "It is otherwise: 48"), (2, "It is otherwise: 48")])
def test_the_guess_is_answered(guess, says):
    app = open_app("blocks", **LESSON)
    app.get("button_group")
    pills = next(each for each in app.button_group if each.key == "guessed_squeeze")
    pills.set_value(guess).run()
    assert any(says in each.value and "C ÷ 24" in each.value for each in app.markdown)


def test_the_four_steps_are_four_lines_and_the_errors_are_the_tables():
    html = MarkdownIt("commonmark").render(texts.text("lesson_squeeze", "steps"))
    assert html.count("<ol>") == 1 and html.count("<li>") == 4
    words = " ".join(each.value for each in open_app("blocks", lesson="Squeeze-and-excitation").markdown)
    assert "between 22.25 and 22.29 %" in words and "from 45.7 to 28.1 million" in words and "22.72 %" in words and "23.30 %" in words
