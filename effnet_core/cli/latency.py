"""`latency b0 --device cpu --batch 1`: the time of a forward pass, measured here, whole and layer by layer; with `--record FILE`, of several."""

import argparse
from collections.abc import Callable

from ..errors import UserError
from ..speed import needs
from ..speed.ways import PRECISIONS, WAYS
from .cost import add_network
from .measuring import Tell, add_measuring, answer, built
from .recording import add_recording, record

SLOWEST = 10  # rows of the short table


def add(commands) -> None:
    parser = commands.add_parser("latency", help="measure a network on this machine")
    add_network(parser, several=True)
    add_measuring(parser, "10 passes")
    parser.add_argument("--limit", type=float, metavar="SECONDS", help="refuse, once warm, what would take longer (default: nothing)")
    parser.add_argument("--no-layers", dest="layers", action="store_false", help="only the whole network")
    parser.add_argument("--way", choices=[*WAYS], default="plain", metavar="WAY", help=f"of {', '.join(WAYS)} (default plain)")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32", metavar="PRECISION", help=f"of {', '.join(PRECISIONS)} (default fp32)")
    add_recording(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    if args.record is not None:
        return record(args)
    if len(args.name) > 1:
        raise UserError("Several networks are measured into a file: add --record FILE, or name one of them.")
    args.name = next(iter(args.name), None)
    return answer(args, _measure, table)


def _measure(args: argparse.Namespace, tell: Tell, stopped: Callable[[], bool]) -> dict:
    network = built(args, tell, stopped)
    from ..latency import measure  # with torch: seconds, hence only here

    return measure(network, batch=args.batch, device=args.device, threads=args.threads, seconds=args.seconds, layers=args.layers,
                   memory=True, way=args.way, precision=args.precision, on_progress=_in_time(args, tell), should_stop=stopped).to_dict()


def _in_time(args: argparse.Namespace, tell: Tell) -> Tell:
    """`tell`, and once the network is warm a refusal where it is too slow for `--limit`."""
    def told(phase: str, fraction: float, ms: float | None) -> None:
        tell(phase, fraction, ms)
        if args.limit is not None and phase == "warming up" and fraction >= 1.0 and ms is not None:
            needs.check_time(ms, args.seconds, args.layers and WAYS[args.way].layered, args.limit)

    return told


def table(record: dict) -> str:
    """What a person wants to see of `Latency.to_dict()`."""
    seen = record["machine"]
    rows = [
        ("network", f"{record['name']}, {record['side']} × {record['side']} pixels, batch {record['batch']}"),
        ("device", f"{record['device_name']} ({record['device']}), {record['threads']} of {seen['cores']} cores"),
        ("way", f"{WAYS[record['way']].name}, {record['precision']}" + _apart(record["difference"])),
        ("median", f"{record['median_ms']:.2f} ms"),
        ("10 % to 90 %", f"{record['p10_ms']:.2f} to {record['p90_ms']:.2f} ms in {len(record['samples_ms'])} passes"),
        ("throughput", f"{record['images_per_second']:.1f} images per second"),
        ("work", f"{record['macs'] / 1e6:,.0f} M MACs per image, {record['parameters']:,} parameters"),
        ("memory", "cannot be told here" if record["memory_peak"] is None else f"{record['memory_peak'] / 1e6:.1f} MB at most during the passes"),
        ("software", ", ".join(f"{name} {version}" for name, version in record["versions"].items())),
    ]
    if record["layers"]:
        rows.append(("layers", f"{record['layers_ms']:.2f} ms in layers of {record['hooked_ms']:.2f} ms while they were timed"))
        slowest = sorted(record["layers"].items(), key=lambda item: -item[1])[:SLOWEST]
        rows += [(f"  {layer_id}", f"{ms:.3f} ms") for layer_id, ms in slowest]
    if record["note"]:
        rows.append(("note", record["note"]))
    return "\n".join(f"{label:<26}{value}" for label, value in rows)


def _apart(difference: float | None) -> str:
    return "" if difference is None else f", logits within {difference:.1e} of the plain network's"
