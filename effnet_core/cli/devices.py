"""`devices`: what a network can run on here."""

import argparse
import json

from .. import machine


def add(commands) -> None:
    parser = commands.add_parser("devices", help="the devices a network can run on here")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from .. import devices  # imports torch

    found = devices.devices()
    if args.json:
        print(json.dumps({"devices": [device._asdict() for device in found], "machine": machine.describe(),
                          "versions": devices.versions(found[-1].key)}))
        return
    seen = machine.describe()
    for device in found:
        print(f"{device.key:<8}{device.name}")
    print(f"{seen['cores']} usable cores, {seen['memory'] / 1e9:.1f} GB of memory, {seen['system']}, Python {seen['python']}, "
          f"torch {devices.versions()['torch']}")
