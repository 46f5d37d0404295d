"""`compare b0 b7 f:3,1.2,1.1,1.15`: networks side by side, as the Compare section of the page."""

import argparse
import sys

from ..lab import pins
from ..lab.comparison import Side, as_csv, as_json, figures, ratio_text, ratios


def add(commands) -> None:
    parser = commands.add_parser("compare", help="networks side by side")
    parser.add_argument("networks", nargs="+", help="published names, or f:φ,α,β,γ for the paper's formula, f:φ,α,β,γ,base on another base")
    parser.add_argument("--unit", default="stages.4.1", help="the unit to compare, or the nearest that a network has (default stages.4.1)")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="a JSON array, an object per network")
    shape.add_argument("--csv", action="store_true", help="a line per network")
    parser.set_defaults(run=run)


def side(name: str, unit: str) -> Side:
    """The network of a name or a pin. Raises `UserError` where it names none."""
    pin = name if name.startswith(("f:", "p:")) else pins.named(name)
    network = pins.network(pin)
    return Side(pins.label(pin), network, pins.table(pin), network.nearest(unit))


def run(args: argparse.Namespace) -> None:
    sides = [side(name, args.unit) for name in args.networks]
    if args.json or args.csv:
        sys.stdout.write(as_json(sides) if args.json else as_csv(sides))
        return
    wide = max(14, *(len(one.name) + 2 for one in sides))
    print(f"{'':<42}" + "".join(f"{one.name:>{wide}}" for one in sides))
    for line in figures(sides):
        if line.key != "ms":  # which the latency command measures
            print(f"{line.label:<42}" + "".join(f"{text:>{wide}}" for text in line.texts))
            print(f"{'':<42}" + "".join(f"{ratio_text(ratio):>{wide}}" for ratio in ratios(line, 0, sides)))
    print(f"{'MACs of ' + args.unit + ' or the nearest':<42}" + "".join(f"{one.total.units[one.unit].macs:>{wide},}" for one in sides))
