"""`convolutions --inputs 144 --outputs 24 --kernel 3 --side 56`: a convolution and the separable pair in its place, measured here in turn."""

import argparse
from collections.abc import Callable
from dataclasses import asdict

from ..errors import UserError
from ..lessons.separable import Separable
from .measuring import Tell, add_measuring, answer

SHAPE = {"inputs": "M, channels in", "outputs": "N, channels out", "kernel": "its side", "side": "of the map that comes in"}


def add(commands) -> None:
    parser = commands.add_parser("convolutions", help="measure a convolution and the separable pair in its place")
    for name, words in SHAPE.items():
        parser.add_argument(f"--{name}", type=int, required=True, help=words)
    parser.add_argument("--stride", type=int, default=1, help="cells from one place of the kernel to the next (default 1)")
    add_measuring(parser, "20 rounds")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    return answer(args, _measure, table)


def _measure(args: argparse.Namespace, tell: Tell, stopped: Callable[[], bool]) -> dict:
    shape = Separable(args.inputs, args.outputs, args.kernel, args.side, args.stride)
    tell("loading torch", 0.0, None)
    from ..lessons.racing import race  # seconds, hence only here

    if stopped():
        raise UserError("The measurement was stopped before it was complete.")
    return {"shape": asdict(shape), **race(shape.ways, batch=args.batch, device=args.device, threads=args.threads, seconds=args.seconds,
                                           on_progress=tell, should_stop=stopped)}


def table(record: dict) -> str:
    """What a person wants to see of the record."""
    shape, ways = Separable(**record["shape"]), record["ways"]
    cells, time = shape.standard.cells, ways["pair"]["median_ms"] / ways["standard"]["median_ms"]
    rows = [f"{record['device_name']} ({record['device']}), batch {record['batch']}, {record['threads']} of {record['machine']['cores']} cores, "
            f"torch {record['versions']['torch']}",
            f"{shape.inputs} × {shape.side} × {shape.side} → {shape.outputs} × {cells} × {cells}, kernel {shape.kernel}, stride {shape.stride}",
            f"{'':<12}{'MACs':>16}{'MACs/byte':>12}{'median':>12}{'10 % to 90 %':>22}{'MACs/s':>12}"]
    for name, way in ways.items():
        span = f"{way['p10_ms']:.4f} to {way['p90_ms']:.4f}"
        intensity = record["batch"] * way["macs"] / way["bytes"]
        rows.append(f"{name:<12}{way['macs']:>16,}{intensity:>12.2f}{way['median_ms']:>9.4f} ms{span:>22}{way['macs_per_s'] / 1e9:>10.2f} G")
    rows += [f"the pair has {float(shape.ratio):.4f} of the MACs and took {time:.4f} of the time",
             f"a call alone takes {record['call_ms']:.4f} ms; a copy moves {record['copied_per_s'] / 1e9:.2f} GB/s"]
    return "\n".join([*rows, *filter(None, [record["note"]])])
