"""What the options of `search` are, and the grid or the setting that they describe."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from ..families import BASES
from ..search import grid, settings

FOR_GRID = ("alpha", "beta", "gamma", "step", "tolerance", "rule", "base")
FOR_TRAINING = ("storage", "sampler", "candidate", "kind", "from_grid", "trials", "seeds", "data", "steps", "batch", "held_out", "depth", "width",
                "side", "threads")
FIELDS = ("sampler", "trials", "seeds", "data", "steps", "batch", "held_out", "depth", "width", "side", "phi", "target")  # of a `Setting`


def add_options(parser: argparse.ArgumentParser) -> None:
    counted = parser.add_argument_group("every combination of a grid, counted")
    counted.add_argument("--grid", action="store_true", help="nothing is trained (the default without --study)")
    for letter, (low, high) in (("alpha", grid.Grid().alpha), ("beta", grid.Grid().beta), ("gamma", grid.Grid().gamma)):
        counted.add_argument(f"--{letter}", nargs=2, type=float, metavar=("LOW", "HIGH"), help=f"its bounds (default {low:g} {high:g})")
    counted.add_argument("--step", type=float, help="between neighbouring values (default 0.05)")
    counted.add_argument("--tolerance", type=float, help="around the target (default 0.1)")
    counted.add_argument("--rule", choices=grid.RULES, help="what is about the target: α·β²·γ² (formula, the default) or the counted MACs")
    counted.add_argument("--base", choices=BASES, help="the network that is scaled (default b0)")
    both = parser.add_argument_group("for both")
    both.add_argument("--target", type=float, help="how many times the MACs of the base, for every unit of φ (default 2)")
    both.add_argument("--phi", type=float, help="(default 1)")
    trained = parser.add_argument_group("candidates, trained on a thin base")
    trained.add_argument("--study", metavar="NAME", help="begin the search of this name, join in, or go on with it")
    trained.add_argument("--storage", metavar="URL", help="where it is kept, for several machines (default: a file in the cache folder)")
    which = trained.add_mutually_exclusive_group()
    which.add_argument("--kind", action="append", choices=settings.KINDS, help="a candidate by name, repeatable (default: all of them)")
    which.add_argument("--candidate", action="append", metavar="α,β,γ", help="a candidate by its numbers, repeatable")
    which.add_argument("--from-grid", action="store_true", help="every distinct network of the grid above")
    trained.add_argument("--sampler", choices=settings.SAMPLERS,
                         help="grid (every candidate, the default) or tpe (proposes them where it looks promising)")
    trained.add_argument("--trials", type=int, help="candidates that tpe proposes (default 20)")
    trained.add_argument("--seeds", type=int, help="trainings of every candidate (default 2)")
    trained.add_argument("--data", help="scenes (the default), imagenette, data kept by the app, or a folder of class folders or its archive")
    trained.add_argument("--steps", type=int, help="of every training (default 100)")
    trained.add_argument("--batch", type=int, metavar="IMAGES", help="per step (default 16)")
    trained.add_argument("--held-out", type=int, metavar="IMAGES", help="to judge on (default 500)")
    trained.add_argument("--depth", type=float, help="of the thin base: factor on every stage's blocks (default 1)")
    trained.add_argument("--width", type=float, help="of the thin base: factor on every channel count (default 0.35)")
    trained.add_argument("--side", type=int, metavar="PIXELS", help="of the thin base's images (default 28)")
    trained.add_argument("--threads", type=int, help="of the processor (default 1)")


def check_together(args: argparse.Namespace) -> None:
    """Raises `UserError` for what is impossible together."""
    if args.grid and args.study:
        raise UserError("--grid only counts, and --study trains; give one of them.")
    if args.study is None:
        _refuse(args, FOR_TRAINING, "for trainings; name the search with --study, or leave it out")
    elif not args.from_grid:
        _refuse(args, FOR_GRID, "for the grid that is counted; add --from-grid to train its networks, or leave it out")
    if args.sampler == "tpe" and (args.candidate or args.kind or args.from_grid):
        raise UserError("The sampler tpe proposes its own candidates; leave out --candidate, --kind and --from-grid, or take --sampler grid.")
    if args.trials is not None and args.sampler != "tpe":
        raise UserError("The grid trains every candidate once for every seed; --trials is for --sampler tpe.")


def _refuse(args: argparse.Namespace, names: Sequence[str], why: str) -> None:
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(args, name) not in (None, False)]
    if given:
        raise UserError(f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} {why}.")


def grid_of(args: argparse.Namespace) -> grid.Grid:
    """The grid that `args` describe. Raises `UserError` where it is impossible."""
    given = {name: getattr(args, name) for name in (*FOR_GRID, "target", "phi") if getattr(args, name) is not None}
    return grid.Grid(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def wanted_of(args: argparse.Namespace) -> dict:
    """The fields of a `Setting` that `args` name. Raises `UserError` where they are impossible."""
    wanted = {name: getattr(args, name) for name in FIELDS if getattr(args, name) is not None}
    if args.data and (os.sep in args.data or args.data.startswith((".", "~")) or Path(args.data).suffix):  # a path, the same for whoever goes on
        wanted["data"] = str(Path(args.data).expanduser().resolve())
    if args.candidate:
        wanted["candidates"] = tuple(map(_candidate, args.candidate))
    elif args.kind:
        wanted["candidates"] = tuple(settings.KINDS[name] for name in dict.fromkeys(args.kind))
    elif args.from_grid:
        wanted["candidates"] = tuple(network.first.coefficients for network in grid.search(grid_of(args)).networks)
    elif args.sampler == "tpe":
        wanted["candidates"] = ()
    return wanted


def _candidate(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"A candidate is three numbers with commas, such as 1.2,1.1,1.15; {text!r} is not.") from None
