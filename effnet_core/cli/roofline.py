"""`roofline b0 --threads 1`: the roofs of this machine and a network under them, measured in one run."""

import argparse
from collections.abc import Callable

from ..families import from_spec
from ..palette import percent, si
from ..speed.intensity import network_floor_s, roof_of, shares, works
from .cost import add_network
from .measuring import Tell, add_measuring, answer, built


def add(commands) -> None:
    parser = commands.add_parser("roofline", help="how fast a network could be on this machine at all, and how far from that it is")
    add_network(parser)
    add_measuring(parser, "10 rounds or passes of each")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    return answer(args, _measure, table)


def _measure(args: argparse.Namespace, tell: Tell, stopped: Callable[[], bool]) -> dict:
    network = built(args, tell, stopped)
    from ..speed.roofline import measure  # with torch: seconds, hence only here

    return measure(network, batch=args.batch, device=args.device, threads=args.threads, seconds=args.seconds, on_progress=tell,
                   should_stop=stopped)


def table(record: dict) -> str:
    """What a person wants to see of the record."""
    roof, found = roof_of(record["roofs"]), works(from_spec(record["network"]), record["batch"])
    floor = network_floor_s(found, roof)
    rows = [("network", f"{record['name']}, batch {record['batch']}"),
            ("device", f"{record['device_name']} ({record['device']}), {record['threads']} of {record['machine']['cores']} cores")]
    rows += [(f"multiplies, {precision}", si(one.rate, "MAC/s")) for precision in ("fp32", "bf16", "fp16")
             if (one := roof_of(record["roofs"], precision)) is not None]
    rows += [(f"moves, {si(held, 'B')} held", si(rate, "B/s")) for held, rate in roof.memory]
    rows.append(("floor", si(floor, "s")))
    rows += [(f"measured, {way}", f"{si(one['median_ms'] / 1e3, 's')}, {one['median_ms'] / 1e3 / floor:.2f} times the floor")
             for way, one in record["ways"].items()]
    rows.append(("", f"{'MACs':>10}{'floor':>10}{'time':>10}{'reached':>10}  held up by"))
    rows += [(f"fused, {kind}", "".join(f"{percent(part):>10}" for part in share[:4]) + f"  {share.held_up}")
             for kind, share in shares(found, roof, record["ways"]["fused"]["layers"]).items()]
    return "\n".join(f"{label:<26}{value}" for label, value in [*rows, *([("note", record["note"])] if record["note"] else [])])
