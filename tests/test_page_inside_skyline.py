"""The skyline of the page "Inside", and one block step by step. The models are those of the page's other tests."""

import json

import numpy as np
import pytest

from effnet_core.figures import excitation as draw
from effnet_core.figures import maps
from effnet_core.inside import excitation as hand
from effnet_core.inside.inspection import open_unit, operate, spread
from effnet_core.palette import percent
from pages.shared.inside import block, skyline

from .apps import open_app, unpacked
from .test_page_inside import drawn, expected, folders, galleries, models, words  # noqa: F401  fixtures

BLOCK = "stages.4.1"


def opened(model, seen, unit=BLOCK):
    return open_unit(model, seen, unit).excitation


def chosen(app):
    """What the skyline marks."""
    return next(unpacked(element) for element in app.get("bidi_component")
                if element.proto.component_name.endswith("effnet_skyline") and element.proto.WhichOneof("data") == "json")


def click(room, key, value, *known):
    """What the browser sends when something is clicked in one of our components, as the page's callback hears it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.st, "session_state", {key: type("Sent", (), {"picked": value})})
        told = {}
        patch.setattr(room.state, "select", lambda unit: told.update(unit=unit))
        patch.setattr(room.channel, "pick", lambda kind, channel: told.update(kind=kind, channel=channel))
        room._picked(*known)
    return told


def test_the_skyline_gets_every_gate_and_every_z(models):  # noqa: F811
    app = open_app("inside", layer=BLOCK, order="By number")
    seen = expected(models, "scene-0-1")
    head, numbers = drawn(app, "skyline")
    assert (numbers == np.concatenate([part[unit] for unit in seen.gates for part in (seen.gates, seen.squeezed)])).all()
    assert head["compared"] is False and head["stamp"] == "" and not any(tower["operated"] for tower in head["towers"])
    assert chosen(app) == {"block": BLOCK, "channel": None, "byGate": False}  # none was taken
    assert chosen(open_app("inside", layer=BLOCK, channel="middle.5")) == {"block": BLOCK, "channel": 5, "byGate": True}


def test_another_block_or_order_sends_the_gates_unchanged(models):  # noqa: F811
    app = open_app("inside", layer=BLOCK)
    before = next(element.proto.bytes for element in app.get("bidi_component") if element.proto.component_name.endswith("effnet_skyline"))
    app.selectbox(key="unit_choice").set_value("stages.2.0").run()
    app.run()  # the harness sees only what ran last, and a block concerns but a part of the page
    app.segmented_control(key="order").set_value("By number").run()
    after = next(element.proto.bytes for element in app.get("bidi_component") if element.proto.component_name.endswith("effnet_skyline"))
    assert before == after and chosen(app)["block"] == "stages.2.0"  # so that the browser, which has it, need not be sent it again


def test_the_table_has_the_numbers_of_every_block(models):  # noqa: F811
    said, seen = words(open_app("inside")), expected(models, "scene-0-1")
    assert "Mean |1 − s|" in said
    for gates in map(spread, seen.gates.values()):
        cells = [f"{value:.3f}" for value in gates[:4]] + [percent(gates.closed), percent(gates.open), f"{gates.distance:.3f}"]
        assert "".join(f"<td>{cell}</td>" for cell in cells) in said


def test_gates_that_are_set_are_marked_and_stand_beside_the_untouched(models):  # noqa: F811
    app = open_app("inside", layer=BLOCK, surgery="set:4.1:3=0.25")
    assert not app.exception
    seen = expected(models, "scene-0-1")
    forced = np.full(len(seen.gates[BLOCK]), np.nan, np.float32)
    forced[3] = 0.25
    now = operate(models, seen, {BLOCK: forced})
    head, numbers = drawn(app, "skyline")
    assert (numbers == np.concatenate([part[unit] for unit in seen.gates for part in (now.gates, now.squeezed, seen.gates)])).all()
    assert head["compared"] is True and [tower["unit"] for tower in head["towers"] if tower["operated"]] == [BLOCK]
    assert "stages.4.1 (set)" in words(app) and "Mean gate, untouched" in words(app) and "Some gates here are set by you" in words(app)
    app.number_input(key="se_channel").set_value(3).run()
    head, _ = drawn(app, "excitation")
    assert head["set"] is True and head["s"] == 0.25 and head["gate"]["value"] == float(opened(models, now).own[3])


def test_a_block_is_worked_out_for_its_strongest_channel(models):  # noqa: F811
    app = open_app("inside", layer=BLOCK)
    seen = expected(models, "scene-0-1")
    se = opened(models, seen)
    channel = int(np.abs(se.before).mean((1, 2)).argmax())
    work = hand.work(models.network, BLOCK, se, channel)
    head, numbers = drawn(app, "excitation")
    assert head["channel"] == channel == app.number_input(key="se_channel").value
    assert head["formulas"] == json.loads(json.dumps(draw.formulas(work, hand.activation(models.network, BLOCK))))
    assert (numbers[: se.before[channel].size] == se.before[channel].ravel()).all() and (numbers[-len(se.hidden) :] == work.second).all()
    assert f"**{len(se.hidden)}** hidden numbers" in words(app) and f"**{len(se.s)}** maps" in words(app)


def test_a_number_box_takes_the_channel_for_the_maps_and_the_skyline_too(models):  # noqa: F811
    app = open_app("inside", layer=BLOCK)
    app.number_input(key="se_channel").set_value(7).run()
    assert not app.exception and drawn(app, "excitation")[0]["channel"] == 7 == chosen(app)["channel"]
    assert app.session_state["channel"] == "middle.7"  # which the address keeps


@pytest.mark.parametrize("said", ["middle.99999", "middle.-1", "middle.", "output.3", "x", "middle.５"])
def test_an_address_may_say_anything_of_the_channel(said, models):  # noqa: F811
    app = open_app("inside", layer=BLOCK, channel=said)
    strongest = int(np.abs(opened(models, expected(models, "scene-0-1")).before).mean((1, 2)).argmax())
    assert not app.exception and drawn(app, "excitation")[0]["channel"] == strongest


def test_the_channels_raised_and_lowered_most_come_with_their_maps(models):  # noqa: F811
    app = open_app("inside", layer=BLOCK)
    se = opened(models, expected(models, "scene-0-1"))
    raised, _ = galleries(app)[f"Most raised by the gates of {BLOCK}: maps before and after"]
    lowered, sheet = galleries(app)[f"Most lowered by the gates of {BLOCK}: maps before and after"]
    order = np.argsort(se.s, kind="stable")
    assert [tile["id"] for tile in raised["tiles"]] == order[::-1][:4].tolist() and raised["pick"] and lowered["pick"]
    assert [tile["id"] for tile in lowered["tiles"]] == order[:4].tolist()
    lowest = se.before[order[:4]]
    pairs = maps.indexes(np.concatenate([lowest, se.after(order[:4])]), np.tile(maps.tops(lowest, "map"), 2))
    side = lowest.shape[1]
    for tile, before, after in zip(lowered["tiles"], pairs[:4], pairs[4:]):
        for part, right in zip(tile["parts"], (before, after)):
            y, x = part // lowered["columns"] * (side + 1), part % lowered["columns"] * (side + 1)
            assert (np.asarray(sheet)[y : y + side, x : x + side] == right).all()
    assert f"mean gate is **{se.s.mean():.3f}**" in words(app)
    assert all(f"{se.s[c]:.3f}</td>" in words(app) and f"{se.s[c] / se.s.astype(float).mean():.2f}</td>" in words(app) for c in order[:4])


KNOWN = {BLOCK: 8, "stages.0.0": 4}


@pytest.mark.parametrize("sent, told", [
    ([BLOCK, 5], {"unit": BLOCK, "kind": "after", "channel": 5}),
    ([BLOCK, None], {"unit": BLOCK}),
    ([BLOCK, 8], {"unit": BLOCK}),
    ([BLOCK, -1], {"unit": BLOCK}),
    ([BLOCK, True], {"unit": BLOCK}),
    ([BLOCK, "5"], {"unit": BLOCK}),
    (["stages.9.9", 1], {}), ([["a"], 1], {}), ([BLOCK], {}), (None, {}), ("stages.4.1", {}), ({"a": 1}, {}),
])
def test_a_browser_may_send_anything_to_the_skyline(sent, told):
    assert click(skyline, "skyline", sent, KNOWN) == told


@pytest.mark.parametrize("sent, told", [
    (5, {"kind": "after", "channel": 5}), (8, {}), (-1, {}), (True, {}), ("5", {}), (None, {}), (1.5, {}),
])
def test_a_browser_may_send_anything_to_the_steps(sent, told):
    assert click(block, "excitation", sent, 8) == told


def test_units_without_gates_mark_no_channel():
    app = open_app("inside", layer="head")
    assert chosen(app)["channel"] is None and drawn(app, "excitation") is None
    assert "no squeeze-and-excitation, so there are no steps" in words(app)
