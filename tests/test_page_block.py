"""The lessons "The block, step by step" and "Modules" on the page Blocks."""

import re

import pytest

from effnet_core.families import published
from effnet_core.lessons import code_keras, code_torch
from effnet_core.lessons.convolution import Convolution
from effnet_core.lessons.design import STEPS, Design, design, of
from effnet_core.lessons.parts import Filter, Gate
from pages.shared import phrases, texts
from pages.shared.lessons import built, modules

from .apps import open_app, read
from .test_page_activations import sent

BUILT, MODULES = "The block, step by step", "Modules"


def shown_without_a_guess(app, name):
    return app.button(key=f"unguessed_{name}").click().run()


def words(app):
    return "\n".join(each.value for each in app.markdown)


def codes(app):
    return [each.value for each in app.code]


def shown(made):
    """What Streamlit shows of both codes: without the line break at the end."""
    write = "block" if isinstance(made, Design) else "module"
    return [getattr(room, write)(made).strip() for room in (code_torch, code_keras)]


def toggled(app, key, value):
    next(each for each in app.toggle if each.key == key).set_value(value)
    return app.run()


def moved(app, key, value):
    app.slider(key).set_value(value)
    return app.run()


@pytest.fixture
def app():
    return open_app("blocks", lesson=BUILT)


def test_every_step_has_its_reason_its_code_and_its_run(app):
    for step, (name, _) in enumerate(STEPS):
        app.session_state["built_step"] = name
        app.run()
        made = design(step)
        assert not app.exception and f"**Step {step + 1} of 9.** {read(texts.text('lesson_built', f'step_{step + 1}'))}" in words(app)
        assert codes(app) == shown(made)
        assert f"**{made.params:,}** parameters: as counted" in words(app) and f"**1 × {made.output.channels} × 56 × 56** comes out" in words(app)
        assert ("without numbers" in words(app)) == (name == "Inverted")
    assert f"keeps {made.buffers:,} measured" in words(app)


def test_a_guess_comes_before_the_answer(app):
    answer = "nearly all that is left to pay"
    assert answer not in words(app) and sent(app, "built")["waits"] == STEPS[4].name == "Depthwise"  # whose MACs the question is about
    app.session_state["guessed_built"] = 2
    app.run()
    assert not sent(app, "built")["waits"]
    assert answer in words(app) and "23.6 times" in words(app) and "As you expected" in words(app)
    assert round(design(3).macs / design(4).macs, 1) == 23.6


def test_switches_make_a_block_of_ones_own_and_give_it_back(app):
    app.session_state["built_step"] = "SE"
    app.run()
    toggled(app, "built_depthwise_9", False)
    toggled(app, "built_skip_9", False)
    own = Design(depthwise=False, skip=False)
    assert codes(app) == shown(own)
    app.session_state["built_step"] = "Swish"  # another step has switches of its own
    app.run()
    assert codes(app) == shown(design(7))
    app.session_state["built_step"] = "SE"
    app.run()
    assert codes(app) == shown(own)
    app.button("built_undo").click().run()
    assert codes(app) == shown(Design()) and app.button("built_undo").disabled


def test_sliders_set_the_numbers_and_a_skip_that_cannot_be_is_explained(app):
    app.session_state["built_step"] = "SE"
    moved(app, "built_stride", 2)
    moved(app, "built_outputs", 40)
    assert codes(app) == shown(Design(outputs=40, stride=2)) and "nn.ZeroPad2d((0, 1, 0, 1))" in codes(app)[0]
    assert any("only equal shapes can be added" in each.value for each in app.caption)


@pytest.mark.parametrize("name, unit", [("B0", "stages.0.0"), ("B0", "stages.4.1"), ("B7", "stages.6.1"), ("Lite0", "stages.1.0"), ("MobileNetV2", "stages.2.1")])
def test_the_selected_block_is_filled_in(name, unit):
    app = open_app("blocks", lesson=BUILT, source="Published", name=name, layer=unit)
    app.button("built_fill").click().run()
    network = published({"B0": "b0", "B7": "b7", "Lite0": "lite0", "MobileNetV2": "mobilenetv2"}[name])
    made = of(network, next(block for block in network.blocks if block.id == unit))
    assert codes(app) == shown(made) and f"**{made.params:,}** parameters: as counted" in words(app)
    assert app.session_state["built_step"] == ("SE" if made.se else "Linear")


@pytest.mark.parametrize("query", [{"layer": "head"}, {"source": "Published", "name": "ResNet-50"}, {"source": "Published", "name": "L2", "layer": "stages.6.0"}])
def test_what_cannot_be_filled_in_says_why(query):
    button = open_app("blocks", lesson=BUILT, **query).button("built_fill")
    assert button.disabled and re.search("is no block|only MBConv|does not fit the sliders", button.help)


def test_what_a_browser_sends_of_a_step_is_checked(monkeypatch):
    put = []
    monkeypatch.setattr(built.state, "put", lambda **values: put.append(values))
    for wrong in (None, "x", -1, 9, 1.5, [], {}):
        built._go(wrong)
    assert not put
    built._go(8)
    assert put == [{"built_step": "SE"}]


@pytest.mark.parametrize("query", [
    {"built_step": "Everything"}, {"built_inputs": "-3"}, {"built_inputs": "13"}, {"built_side": "nan"}, {"built_kernel": "4"}, {"built_skip_9": "perhaps", "built_step": "SE"},
    {"built_activation_1": "tanh"}, {"built_expand": "99999999999"},
])
def test_an_address_may_say_anything(query):
    app = open_app("blocks", lesson=BUILT, **query)
    assert not app.exception and len(codes(app)) == 2


MADE = {
    "Depthwise": Filter("depthwise", Convolution(96, 96, 3, 16, 2, "same", 96)), "Pointwise": Filter("pointwise", Convolution(96, 24, 1, 16)),
    "Full convolution": Filter("convolution", Convolution(96, 24, 3, 16, 2)), "SE": Gate("se", 96, 4, 16),
}


@pytest.mark.parametrize("kind", list(MADE))
def test_where_zeros_go_waits_for_the_guess(kind):
    """Neither drawn nor in the code, and shown without a guess to whoever wants that, from then on."""
    app = open_app("blocks", lesson=MODULES, module_kind=kind)
    pads = kind in ("Depthwise", "Full convolution")
    assert not sent(app, "modules")["guessed"] and any("ZeroPad2d" in code for code in codes(app)) is False and (not codes(app)) == pads
    assert ("after your guess above" in words(app)) == pads
    shown_without_a_guess(app, "modules")
    app.button_group(key="lesson").set_value(BUILT).run()
    app.button_group(key="lesson").set_value(MODULES).run()
    assert sent(app, "modules")["guessed"] and len(codes(app)) == 2 and "**None before, one after.** 4 kernels span 9 cells" in words(app)
    assert "after your guess above" not in words(app) and not any(button.key == "unguessed_modules" for button in app.button)


@pytest.mark.parametrize("kind", list(MADE))
def test_every_module_has_its_code_and_its_run(kind):
    app = shown_without_a_guess(open_app("blocks", lesson=MODULES, module_kind=kind), "modules")
    made = MADE[kind]
    assert not app.exception and codes(app) == shown(made)
    assert f"**{made.params:,}** parameters: as counted" in words(app)
    assert {each.key for each in app.slider if each.key.startswith("module_")} == {f"module_{name}" for name in modules.OF[modules.KINDS[kind]]}


def test_padding_bias_and_batch_norm_are_chosen():
    app = shown_without_a_guess(open_app("blocks", lesson=MODULES, module_padding="valid", module_side="17", module_kernel="5"), "modules")
    toggled(app, "module_bias", True)
    toggled(app, "module_norm", False)
    made = Filter("depthwise", Convolution(96, 96, 5, 17, 2, "valid", 96), True, False)
    assert codes(app) == shown(made)


def test_all_phrases_of_the_lessons_set_what_there_is():
    found = [target for text in ("lesson_built", "lesson_modules") for target in phrases.targets(text)]
    assert len(found) >= 9
    for target in found:
        page, values = phrases.read(target).page, phrases.read(target).settings
        lesson = BUILT if "built_" in target else MODULES
        app = open_app("blocks", lesson=lesson)
        for key, value in values.items():
            app.session_state[key] = value
        app.run()
        assert not page and not app.exception and all(app.session_state[key] == value for key, value in values.items())
        known = {each.key for group in (app.slider, app.toggle, app.button_group) for each in group}
        assert set(values) <= known


def test_what_a_teacher_fixed_is_said_to_be_left_where_a_block_is_filled_in():
    app = open_app("blocks", lesson="The block, step by step", layer="stages.4.1", built_kernel="3", fix="built_kernel")
    next(one for one in app.button if one.key == "built_fill").click().run()
    assert app.slider(key="built_inputs").value == 112 and app.slider(key="built_kernel").value == 3
    assert any("A link has fixed Kernel k = 3: filling in leaves that as it is" in one.value for one in app.caption)
    free = open_app("blocks", lesson="The block, step by step", layer="stages.4.1", built_kernel="3")
    assert not any("A link has fixed" in one.value for one in free.caption)


def test_the_squeeze_that_is_proposed_to_try_is_told_beside_senets():
    tried = next(each.value for each in open_app("blocks", lesson=BUILT).markdown if "Give a ResNet block SE" in each.value)
    assert "12 numbers" in tried and "256 ÷ 16 = 16" in tried
    asked = next(phrases.read(target).settings for target in phrases.targets("lesson_built") if "built_ratio" in target)
    made = Design(shape="bottleneck", **{name: asked[f"built_{name}"] for name in ("inputs", "outputs", "expand", "ratio", "side")})
    assert made.squeeze == 256 * 5 // 100 == 12
