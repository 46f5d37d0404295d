"""The parts of the page Latency with addresses and orders that nobody means: no traceback, and the worker is asked only for what it takes."""

import argparse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from effnet_core import machine
from effnet_core.cli import latency, main, roofline, sweep, ways
from effnet_core.errors import UserError
from effnet_core.families import compound, published
from effnet_core.speed.ways import PRECISIONS, WAYS
from pages.shared import results, work
from pages.shared.clock import frame, roof, sweep_wish
from pages.shared.clock import ways as racing

from .apps import open_app
from .test_page_latency import SMALL, record, text, world  # noqa: F401

PARTS = ("One network", "Against others", "Ways to run", "Sweeps", "Roofline")
NONSENSE = ("", "x", "-1", "0", "7", "1e99", "nan", "NaN", "inf", "cuda:7", "plain", "null", "[]", "<script>alert(1)</script>", "9" * 400, "\u202e", "1,2", "fp8", "%00")
KEYS = ("device", "batch", "threads", "way", "precision", "ways", "ways_precision", "sweep_over", "sweep_points", "sweep_batches", "sweep_phis",
        "sweep_sides", "against_networks", "against_beside", "roof_ways", "roof_kinds", "block")


@pytest.mark.parametrize("part", [*PARTS, *NONSENSE[:6]])
def test_every_control_may_be_given_nonsense_by_the_address(world, part):  # noqa: F811
    for place, word in enumerate(NONSENSE[::5]):
        app = open_app("latency", phi=SMALL, clock_part=part, **{key: NONSENSE[(place + nth) % len(NONSENSE)] for nth, key in enumerate(KEYS)})
        assert not app.exception and "Traceback" not in text(app), (part, word)


@pytest.mark.parametrize("query", [{"sweep_phis": ["7", "-3"]}, {"sweep_phis": ["nan", "nan"]}, {"sweep_sides": ["800", "64"]}, {"sweep_sides": ["1", "2", "3"]},
                                   {"sweep_batches": ["512", "1"]}, {"sweep_over": "φ", "sweep_phis": ["inf", "0"]},
                                   {"sweep_over": "Resolution", "sweep_sides": ["64", "64"]}, {"sweep_points": "nan"}])
def test_ranges_of_an_address_may_be_turned_round_or_empty(world, query):  # noqa: F811
    app = open_app("latency", phi=SMALL, clock_part="Sweeps", **query)
    assert not app.exception and "Traceback" not in text(app)


def parsed(module, args):
    """As the terminal reads them."""
    parser = argparse.ArgumentParser()
    module.add(parser.add_subparsers())
    return parser.parse_args(args)


networks = st.one_of(st.builds(compound, st.floats(-3, 3).map(lambda phi: round(phi, 2))), st.sampled_from([published(key) for key in ("b0", "b7", "lite0", "resnet50")]))
where = (st.sampled_from(["cpu", "cuda:0", "mps"]), st.sampled_from(frame.BATCHES), st.integers(1, machine.cores()))


@given(networks, *where, st.sampled_from([*WAYS]), st.sampled_from(PRECISIONS))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_the_parts_order_is_understood_by_the_commands(network, device, batch, threads, way, precision):
    one = results.Request(network, device, batch, threads, way, precision)
    for module, order in ((latency, one), (roofline, roof.Request(network, device, batch, threads)),
                          (ways, racing.Request(network, device, batch, threads, (way,), (precision,)))):
        name, *args = order.args()
        found = parsed(module, [name, *args])
        assert (found.device, found.batch, found.threads, found.seconds > 0) == (device, batch, threads, True)
    found = parsed(latency, one.args())
    assert (found.way, found.precision) == (way, precision)


@given(networks, st.sampled_from(["batch", "phi", "side"]), st.lists(st.integers(0, 40), min_size=2, max_size=12, unique=True), *where)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_sweep_is_measured_at_the_points_that_the_page_means(network, over, steps, device, batch, threads):
    values = tuple({"batch": lambda step: step + 1, "phi": lambda step: -3 + step / 4, "side": lambda step: 64 + 8 * step}[over](step) for step in sorted(steps))
    order = sweep_wish.Request(network, over, values, (1.2, 1.1, 1.15, "b0") if over == "phi" else None, device, batch, threads)
    try:
        meant = order.points()
    except UserError:
        return  # told before anything is asked for
    asked = sweep.points(parsed(sweep, order.args()))
    assert [(point.value, point.batch, point.macs) for point in asked] == [(point.value, point.batch, point.macs) for point in meant]


@pytest.mark.parametrize(("command", "said"), [(["latency", "b0"], "measurement"), (["ways", "b0"], "measurement"), (["roofline", "b0"], "measurement"),
                                                (["sweep", "b0", "--values", "1", "2"], "sweep")])
def test_ctrl_c_ends_a_command_with_a_sentence(monkeypatch, capsys, command, said):
    def interrupted(*_):
        raise KeyboardInterrupt

    for module in ("latency", "ways", "roofline", "sweep"):
        monkeypatch.setattr(f"effnet_core.cli.{module}._measure", interrupted)
    assert main(command) == 1 and capsys.readouterr().err == f"The {said} was stopped before it was complete.\n"


@pytest.mark.parametrize("part", PARTS)
def test_a_full_queue_is_a_sentence_in_every_part(world, monkeypatch, part):  # noqa: F811
    monkeypatch.setattr(world.queue, "longest", 0)
    for owner in ("one", "two"):
        try:
            world.queue.submit(["latency"], "another visitor's", owner=owner)
        except UserError:
            break
    app = open_app("latency", phi=SMALL, clock_part=part)
    buttons = [button for button in app.button if button.key and (button.key.startswith("measure_") or button.key == "clock_start")]
    assert len(buttons) == 1 and not buttons[0].disabled
    buttons[0].click().run()
    assert not app.exception and "The measuring queue is full with 0 waiting jobs" in text(app) and work.mine(world.queue) is None
