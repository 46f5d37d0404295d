"""A network made ready to be timed in one of the ways, and whether its answer agrees with the plain network's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from ..devices import out_of_memory
from ..errors import UserError
from ..network import Network
from .prepared import Run, prepare
from .ways import WAYS

Runner = tuple[str, str]  # way, precision
PLAIN: Runner = ("plain", "fp32")
TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2, "fp16": 1e-2}  # of the greatest |difference| of logits, relative to the greatest |logit|


def tolerance(precision: str, device: str = "cpu") -> float:
    """What is allowed there. Where convolutions in fp32 may round their inputs to TF32, which keeps the ten bits of fp16, it is that of fp16."""
    rounds = device.startswith("cuda") and torch.backends.cudnn.allow_tf32
    return TOLERANCE["fp16" if precision == "fp32" and rounds else precision]


def apart(right: Tensor, logits: Tensor) -> float:
    """The greatest difference relative to the greatest of `right`, both N classes."""
    return float((logits.double() - right.double()).abs().max() / right.double().abs().max())


def ready(network: Network, runner: Runner, x: Tensor, threads: int) -> Run:
    """For images like `x` (N 3 H W, fp32) on the network's device, in inference mode. The plain way is the network itself, any other a copy.

    Raises `UserError` where that way cannot run here.
    """
    if runner == PLAIN:
        return network
    with _explained(runner):
        return prepare(network, *runner, x, threads)


def difference(runner: Runner, right: Tensor, run: Run, x: Tensor) -> float:
    """Of the logits of `run` from the plain network's, `right` (N classes), by `apart`. Raises `UserError` where `run` fails."""
    with _explained(runner):
        return apart(right, run(x))


def check(runner: Runner, found: float, device: str) -> None:
    """Raises `UserError` where a difference is more than the `tolerance`."""
    (way, precision), allowed = runner, tolerance(runner[1], device)
    if not found <= allowed:  # nan too
        raise UserError(f"{WAYS[way].name} in {precision} gives other logits than the plain network: they differ by {found:.1e} of the "
                        f"greatest, and {allowed:.0e} is allowed. So it was not timed.")


def asleep(runners: Sequence[Runner], threads: int) -> dict[str, None]:
    """What of `contention.between` says nothing where these run: threads of such a runtime work while the measuring one sleeps."""
    return {"thread_share": None} if threads > 1 and any(WAYS[way].package for way, _ in runners) else {}


@contextmanager
def _explained(runner: Runner) -> Iterator[None]:
    """A runtime of others may raise anything."""
    try:
        yield
    except UserError:
        raise
    except Exception as failed:
        if out_of_memory(failed):
            raise
        raise UserError(f"{WAYS[runner[0]].name} could not run this network here: {_first_line(failed)}.") from failed


def _first_line(failed: Exception) -> str:
    return ((str(failed).strip().splitlines() or [type(failed).__name__])[0])[:200].rstrip(".")
