"""What the commands that measure have in common: on what, how, how long, and who hears of it."""

import argparse
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import UserError
from .cost import network_named
from .events import Events, add_answers, serve

if TYPE_CHECKING:
    from ..network import Network

Tell = Callable[[str, float, float | None], None]  # phase, fraction of it done, median so far in milliseconds
SEED = 0
STOPPED = "The measurement was stopped before it was complete."
Measure = Callable[[argparse.Namespace, Tell, Callable[[], bool]], dict]


def add_measuring(parser: argparse.ArgumentParser, least: str) -> None:
    """The arguments; `least` is what a measurement has at the very least."""
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps (default cpu)")
    parser.add_argument("--batch", type=int, default=1, help="images per pass (default 1)")
    parser.add_argument("--threads", type=int, help="of the processor (default: all usable cores)")
    parser.add_argument("--seconds", type=float, default=2.0, help=f"at least this long, and at least {least} (default 2)")
    add_answers(parser)


def answer(args: argparse.Namespace, measure: Measure, table: Callable[[dict], str]) -> int | None:
    """Measures, and says it as it was asked: by events, as JSON, or as a table. Raises `UserError` where a person presses Ctrl C."""
    if args.events:
        return serve(lambda events: measure(args, _teller(events), events.stopped))
    try:
        record = measure(args, lambda *_: None, lambda: False)
    except KeyboardInterrupt:
        raise UserError(STOPPED) from None
    print(json.dumps(record) if args.json else table(record))
    return None


def built(args: argparse.Namespace, tell: Tell, stopped: Callable[[], bool]) -> "Network":
    """The network that the arguments name, with random weights, always the same ones. Raises `UserError` where there is none or no room."""
    architecture = network_named(args)
    tell("loading torch", 0.0, None)
    from .. import devices, network  # seconds, hence only here

    if stopped():
        raise UserError(STOPPED)
    tell("building", 0.0, None)
    devices.check_memory(architecture, args.batch, devices.find_device(args.device).key)
    return network.build(architecture, seed=SEED)


def _teller(events: Events) -> Tell:
    """What turns the progress of a measurement into events."""
    start = time.monotonic()
    return lambda phase, fraction, ms=None: events.progress(
        phase=phase, fraction=round(fraction, 3), ms=ms, elapsed_s=round(time.monotonic() - start, 2))
