"""`ways b0 --batch 1 --threads 1`: the ways to run a network against each other, in one run, each only where its answer agrees."""

import argparse
from collections.abc import Callable

from ..speed.ways import PRECISIONS, WAYS
from .cost import add_network
from .measuring import Tell, add_measuring, answer, built


def add(commands) -> None:
    parser = commands.add_parser("ways", help="the ways to run a network against each other, measured here")
    add_network(parser)
    add_measuring(parser, "20 rounds")
    parser.add_argument("--ways", nargs="+", choices=[*WAYS], default=[*WAYS], metavar="WAY", help=f"of {', '.join(WAYS)} (default all)")
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=["fp32"], metavar="PRECISION",
                        help=f"of {', '.join(PRECISIONS)} (default fp32)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    return answer(args, _measure, table)


def _measure(args: argparse.Namespace, tell: Tell, stopped: Callable[[], bool]) -> dict:
    network, runners = built(args, tell, stopped), [(way, precision) for precision in args.precisions for way in args.ways]
    from ..speed.race import race  # with torch: seconds, hence only here

    return race(network, runners, batch=args.batch, device=args.device, threads=args.threads, seconds=args.seconds, on_progress=tell,
                should_stop=stopped)


def table(record: dict) -> str:
    """What a person wants to see of the record."""
    rows = [f"{record['name']}, batch {record['batch']}, on {record['device_name']} ({record['device']}), {record['threads']} of "
            f"{record['machine']['cores']} cores, " + ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
            f"{'':<28}{'median':>12}{'10 % to 90 %':>24}{'ratio':>8}{'differs by':>12}{'prepared in':>13}"]
    for way in record["ways"]:
        label = f"{way['name']}, {way['precision']}"
        if way["error"]:
            rows.append(f"{label:<28}{way['error']}")
            continue
        span = f"{way['p10_ms']:.2f} to {way['p90_ms']:.2f} ms"
        rows.append(f"{label:<28}{way['median_ms']:>9.2f} ms{span:>24}{way['ratio']:>8.2f}{way['difference']:>12.1e}{way['prepare_s']:>11.1f} s")
    return "\n".join([*rows, *filter(None, [record["note"]])])
