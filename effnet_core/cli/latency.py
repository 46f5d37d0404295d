"""`latency b0 --device cpu --batch 1`: the time of a forward pass, measured here, whole and layer by layer."""

import argparse
import json
import time
from collections.abc import Callable

from ..errors import UserError
from .cost import add_network, network_named
from .events import Events, add_answers, serve

SEED = 0
SLOWEST = 10  # rows of the short table


def add(commands) -> None:
    parser = commands.add_parser("latency", help="measure a network on this machine")
    add_network(parser)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps (default cpu)")
    parser.add_argument("--batch", type=int, default=1, help="images per pass (default 1)")
    parser.add_argument("--threads", type=int, help="of the processor (default: all usable cores)")
    parser.add_argument("--seconds", type=float, default=2.0, help="at least this long, and at least 10 passes (default 2)")
    parser.add_argument("--no-layers", dest="layers", action="store_false", help="only the whole network")
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    if args.events:
        return serve(lambda events: _measure(args, teller(events), events.stopped))
    record = _measure(args)
    print(json.dumps(record) if args.json else table(record))
    return None


def teller(events: Events) -> Callable[[str, float, float | None], None]:
    """What turns the progress of a measurement into events."""
    start = time.monotonic()
    return lambda phase, fraction, ms=None: events.progress(
        phase=phase, fraction=round(fraction, 3), ms=ms, elapsed_s=round(time.monotonic() - start, 2))


def _measure(args: argparse.Namespace, tell: Callable = lambda *_: None, stopped: Callable[[], bool] = lambda: False) -> dict:
    architecture = network_named(args)
    tell("loading torch", 0.0, None)
    from .. import latency, network  # seconds, hence only here

    if stopped():
        raise UserError("The measurement was stopped before it was complete.")
    tell("building", 0.0, None)
    latency.check_memory(architecture, args.batch, latency.find_device(args.device).key)
    built = network.build(architecture, seed=SEED)
    return latency.measure(built, batch=args.batch, device=args.device, threads=args.threads, seconds=args.seconds,
                           layers=args.layers, on_progress=tell, should_stop=stopped).to_dict()


def table(record: dict) -> str:
    """What a person wants to see of `Latency.to_dict()`."""
    seen = record["machine"]
    rows = [
        ("network", f"{record['name']}, {record['side']} × {record['side']} pixels, batch {record['batch']}"),
        ("device", f"{record['device_name']} ({record['device']}), {record['threads']} of {seen['cores']} cores"),
        ("median", f"{record['median_ms']:.2f} ms"),
        ("10 % to 90 %", f"{record['p10_ms']:.2f} to {record['p90_ms']:.2f} ms in {len(record['samples_ms'])} passes"),
        ("throughput", f"{record['images_per_second']:.1f} images per second"),
        ("work", f"{record['macs'] / 1e6:,.0f} M MACs per image, {record['parameters']:,} parameters"),
        ("torch", record["versions"]["torch"]),
    ]
    if record["layers"]:
        rows.append(("layers", f"{record['layers_ms']:.2f} ms in layers of {record['hooked_ms']:.2f} ms while they were timed"))
        slowest = sorted(record["layers"].items(), key=lambda item: -item[1])[:SLOWEST]
        rows += [(f"  {layer_id}", f"{ms:.3f} ms") for layer_id, ms in slowest]
    if record["note"]:
        rows.append(("note", record["note"]))
    return "\n".join(f"{label:<26}{value}" for label, value in rows)
