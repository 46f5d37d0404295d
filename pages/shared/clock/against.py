"""MACs against milliseconds."""

from effnet_core.architecture import Architecture


def show(network: Architecture) -> None:
    del network
