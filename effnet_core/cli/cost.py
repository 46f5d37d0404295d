"""`cost b0`, `cost --phi 1`: the table of a network."""

import argparse
import json

from ..architecture import Architecture
from ..cost import cost
from ..errors import UserError
from ..families import BASES, NAMES, compound, from_spec, published, to_spec


def add_network(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """The ways to name a network, shared by all commands; `several` published ones for a command that takes a list of them."""
    parser.add_argument("name", nargs="*" if several else "?", help=f"a published network: {', '.join(NAMES)}")
    parser.add_argument("--phi", type=float, help="scale by the paper's formula instead")
    parser.add_argument("--alpha", type=float, default=1.2, help="depth base (default 1.2)")
    parser.add_argument("--beta", type=float, default=1.1, help="width base (default 1.1)")
    parser.add_argument("--gamma", type=float, default=1.15, help="resolution base (default 1.15)")
    parser.add_argument("--base", default="b0", choices=BASES, help="what the formula scales (default b0)")
    parser.add_argument("--spec", help="a network's description as JSON, as checkpoints carry it")
    parser.add_argument("--classes", type=int, default=1000)


def network_named(args: argparse.Namespace) -> Architecture:
    """The one network that `args` name. Raises `UserError` where they name none or several."""
    ways = [way for way, given in (("a name", args.name), ("--phi", args.phi is not None), ("--spec", args.spec)) if given]
    if len(ways) != 1:
        raise UserError(f"Name one network: a published name, --phi or --spec; given: {' and '.join(ways) or 'none'}.")
    if args.name:
        return published(args.name, args.classes)
    if args.spec:
        try:
            return from_spec(json.loads(args.spec))
        except json.JSONDecodeError as broken:
            raise UserError(f"--spec is not JSON: {broken}.") from None
    return compound(args.phi, args.alpha, args.beta, args.gamma, args.base, args.classes)


def add(commands) -> None:
    parser = commands.add_parser("cost", help="parameters, MACs and shapes of a network")
    add_network(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def as_dict(architecture: Architecture) -> dict:
    total = cost(architecture)
    shapes = {layer.id: (layer.input, layer.output) for layer in architecture.layers}
    rows = [{**row._asdict(), "input": shapes[row.id][0], "output": shapes[row.id][1]} for row in total.layers]
    return {"network": to_spec(architecture), "params": total.params, "macs": total.macs, "flops": total.flops,
            "activations": total.activations, "activation_bytes": total.activation_bytes, "receptive_field": total.receptive_field, "stride": total.stride, "layers": rows}


def run(args: argparse.Namespace) -> None:
    table = as_dict(network_named(args))
    if args.json:
        print(json.dumps(table))
        return
    print(f"{'layer':<24}{'operator':<11}{'output':>18}{'parameters':>15}{'MACs':>19}{'activations':>15}{'receptive field':>17}{'stride':>8}")
    for row in table["layers"]:
        shape = " × ".join(map(str, row["output"]))
        print(f"{row['id']:<24}{row['operator']:<11}{shape:>18}{row['params']:>15,}{row['macs']:>19,}{row['activations']:>15,}{row['receptive_field']:>17,}{row['stride']:>8,}")
    print(f"{table['network']['name']:<53}{table['params']:>15,}{table['macs']:>19,}{table['activations']:>15,}{table['receptive_field']:>17,}{table['stride']:>8,}")
