"""`sweep b0 --over batch --values 1 2 4 8`: time and memory along a line of batch sizes, resolutions or φ, measured here."""

import argparse
import json
import sys
import time
from collections.abc import Callable

from ..errors import UserError
from ..families import BASES
from ..palette import bytes_text
from ..speed import plan
from .cost import add_network, network_named
from .events import Events, add_answers, serve


def add(commands) -> None:
    parser = commands.add_parser("sweep", help="a network over batch sizes, resolutions or φ, measured here")
    add_network(parser)
    parser.add_argument("--over", choices=plan.OVER, default="batch", help="what grows (default batch)")
    parser.add_argument("--values", type=float, nargs="+", required=True, metavar="VALUE", help="such as 1 2 4 8 16 32")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps (default cpu)")
    parser.add_argument("--batch", type=int, default=1, help="images per pass, where the batch is not what grows (default 1)")
    parser.add_argument("--threads", type=int, help="of the processor (default: all usable cores)")
    parser.add_argument("--limit", type=float, default=plan.LIMIT_S, help=f"seconds for the whole (default {plan.LIMIT_S:g})")
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    if args.events:
        return serve(lambda events: _served(args, events))
    try:
        record = _measure(args, lambda stand: None, (lambda record: None) if args.json else _say, lambda: False)
    except KeyboardInterrupt:
        raise UserError("The sweep was stopped before it was complete.") from None
    print(json.dumps(record) if args.json else table(record))
    return None


def points(args: argparse.Namespace) -> list[plan.Point]:
    """Raises `UserError` where the arguments name none."""
    if args.over == "phi":
        return _along_phi(args)
    network = network_named(args)
    return plan.over_batch(network, args.values) if args.over == "batch" else plan.over_side(network, args.values, args.batch)


def _along_phi(args: argparse.Namespace) -> list[plan.Point]:
    if args.spec or args.phi is not None or (args.name and args.name not in BASES):
        raise UserError(f"φ scales a base network by α, β and γ; name one of {', '.join(BASES)}, without --phi and --spec.")
    return plan.over_phi(args.values, args.batch, args.alpha, args.beta, args.gamma, args.name or args.base, args.classes)


def _served(args: argparse.Namespace, events: Events) -> dict:
    start = time.monotonic()
    events.progress(phase="loading torch", place=0, value=None, fraction=0.0, ms=None, left_s=None, elapsed_s=0.0)

    def tell(stand) -> None:
        events.progress(**stand._asdict(), elapsed_s=round(time.monotonic() - start, 2))

    return _measure(args, tell, lambda record: events.emit("point", **record), events.stopped)


def _measure(args: argparse.Namespace, tell: Callable, on_point: Callable[[dict], None], stopped: Callable[[], bool]) -> dict:
    asked = points(args)
    from ..speed.sweep import sweep  # seconds, hence only here

    if stopped():
        raise UserError("The sweep was stopped before it had begun.")
    found = sweep(asked, device=args.device, threads=args.threads, limit_s=args.limit, on_progress=tell, on_point=_named(on_point, args),
                  should_stop=stopped)
    return {"over": args.over, **found}


def _named(on_point: Callable[[dict], None], args: argparse.Namespace) -> Callable[[dict], None]:
    return lambda record: on_point({"over": args.over, **record})


def _say(record: dict) -> None:
    print(f"{len(record['points'])} of {len(record['values'])} points", file=sys.stderr)


def table(record: dict) -> str:
    """What a person wants to see of the record."""
    head = (f"{plan.OVER[record['over']]}, on {record['device_name']} ({record['device']}), {record['threads']} of "
            f"{record['machine']['cores']} cores, torch {record['versions']['torch']}")
    rows = [head, f"{record['over']:>8}{'batch':>7}{'side':>6}{'pass':>14}{'10 % to 90 %':>26}{'images/s':>11}{'memory':>11}"]
    return "\n".join(rows + [_line(point) for point in record["points"]])


def _line(point: dict) -> str:
    known = f"{point['value']:>8g}{point['batch']:>7}{point['side']:>6}"
    if point["error"]:
        return f"{known}  {point['error']}"
    span = f"{point['p10_ms']:.2f} to {point['p90_ms']:.2f} ms"
    memory = "" if point["memory"] is None else bytes_text(point["weights"] + point["memory"])
    return f"{known}{point['median_ms']:>11.2f} ms{span:>26}{point['images_per_second']:>11.1f}{memory:>11}  {point['note'] or ''}".rstrip()
