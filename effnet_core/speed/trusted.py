"""A network made ready to be timed in one of the ways, and whether its answer agrees with the plain network's."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from ..devices import out_of_memory
from ..errors import UserError
from ..network import Network
from .prepared import Run, prepare
from .race import PLAIN, TOLERANCE, Runner, apart, first_line
from .ways import WAYS


def ready(network: Network, runner: Runner, x: Tensor, threads: int) -> Run:
    """For images like `x` (N 3 H W, fp32) on the network's device, in inference mode. The plain way is the network itself, any other a copy.

    Raises `UserError` where that way cannot run here.
    """
    if runner == PLAIN:
        return network
    with _explained(network, runner):
        return prepare(network, *runner, x, threads)


def difference(network: Network, runner: Runner, run: Run, x: Tensor, right: Tensor | None) -> float | None:
    """Of the logits of `run` from those of the plain network, `right`, the greatest relative to the greatest; None of that itself. Raises
    `UserError` where it is more than `TOLERANCE`, or `run` fails."""
    if right is None:
        return None
    way, precision = runner
    with _explained(network, runner):
        found = apart(right, run(x))
    if not found <= TOLERANCE[precision]:  # nan too
        raise UserError(f"{WAYS[way].name} in {precision} gives other logits than the plain network: they differ by {found:.1e} of the "
                        f"greatest, and {TOLERANCE[precision]:.0e} is allowed. So it was not timed.")
    return found


@contextmanager
def _explained(network: Network, runner: Runner) -> Iterator[None]:
    """A runtime of others may raise anything."""
    try:
        yield
    except UserError:
        raise
    except Exception as failed:
        if out_of_memory(failed):
            raise
        raise UserError(f"{WAYS[runner[0]].name} could not run {network.architecture.name} here: {first_line(failed)}.") from failed
