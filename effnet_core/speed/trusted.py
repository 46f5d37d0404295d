"""A network made ready to be timed in one of the ways, once its answer agrees with the plain network's."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .. import machine
from ..devices import out_of_memory
from ..errors import UserError
from ..network import Network
from .prepared import Run, prepare
from .race import PLAIN, TOLERANCE, Runner, apart, first_line
from .ways import WAYS


class Ready(NamedTuple):
    """`difference` of its logits from the plain network's, the greatest relative to the greatest; None of that itself. `memory` as
    `machine.watch_memory` gives it, since before its first pass."""

    run: Run
    difference: float | None
    memory: Callable[[], int | None]


def ready(network: Network, runner: Runner, x: Tensor, threads: int) -> Ready:
    """For images like `x` (N 3 H W, fp32) on the network's device, in inference mode. The plain way is the network itself, any other a copy.

    Raises `UserError` where that way cannot run here, and where its logits are farther off than `TOLERANCE`.
    """
    if runner == PLAIN:
        return Ready(network, None, _watch(x.device))
    way, precision = runner
    right = network(x)
    try:
        run = prepare(network, way, precision, x, threads)
        memory = _watch(x.device)
        difference = apart(right, run(x))
    except UserError:
        raise
    except Exception as failed:  # a runtime of others may raise anything
        if out_of_memory(failed):
            raise
        raise UserError(f"{WAYS[way].name} could not run {network.architecture.name} here: {first_line(failed)}.") from failed
    if not difference <= TOLERANCE[precision]:  # nan too
        raise UserError(f"{WAYS[way].name} in {precision} gives other logits than the plain network: they differ by {difference:.1e} of the "
                        f"greatest, and {TOLERANCE[precision]:.0e} is allowed. So it was not timed.")
    return Ready(run, difference, memory)


def _watch(device: torch.device) -> Callable[[], int | None]:
    """Of an Apple GPU nobody can tell how much memory passes take."""
    return (lambda: None) if device.type == "mps" else machine.watch_memory(str(device))
