"""The terminal commands. A command's module is imported only when it is named, so `cost` never waits for torch."""

import argparse
import importlib
import os
import sys

from ..errors import UserError

COMMANDS = {
    "cost": "parameters, MACs and shapes of a network, layer by layer",
    "compare": "networks side by side: figures, ratios, one unit of each",
    "latency": "measure a network on this machine",
    "ways": "the ways to run a network against each other, measured here",
    "sweep": "a network over batch sizes, resolutions or φ, measured here",
    "roofline": "how fast a network could be on this machine at all, and how far from that it is",
    "convolutions": "measure a convolution and the separable pair in its place",
    "devices": "the devices a network can run on here",
    "inspect": "what a model sees in a photo: prediction and squeeze-and-excitation gates",
    "fetch": "published ImageNet weights, or a file of your own, as a model of this app",
    "data": "photos to train on: found, downloaded, unpacked and checked",
    "train": "train a network on scenes, Imagenette or photos of your own",
    "search": "α, β and γ: a grid of them counted, or a few of them trained",
    "survey": "the gates of a model in every class of a data set, and what excites each channel",
    "evaluate": "the accuracy of a checkpoint on held-out data",
    "export": "a network or a model to take home: PyTorch code, ONNX, a table",
}


def main(argv: list[str] | None = None) -> int:
    """Runs one command and returns the exit status: 0, 1 after a `UserError` (its sentence goes to stderr), 2 for wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m effnet_core", description="EfficientNet, counted, built, measured and opened.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    named = argv[0] if argv and argv[0] in COMMANDS else None
    for name, summary in COMMANDS.items():
        if name == named:
            importlib.import_module(f"{__name__}.{name}").add(commands)
        else:
            commands.add_parser(name, help=summary)
    args = parser.parse_args(argv)
    try:
        status = args.run(args) or 0
        sys.stdout.flush()
        return status
    except UserError as refused:
        print(refused, file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
