"""A network on the device where it is measured, and afterwards everything as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ..devices import out_of_memory
from ..errors import UserError
from ..timing import threads as threaded


@contextmanager
def placed(network: nn.Module, device: str, threads: int) -> Iterator[None]:
    """The network in eval mode on the device, torch at `threads` and in inference mode; afterwards everything as it was.

    Raises `UserError` where the device runs out of memory meanwhile.
    """
    modes = [(module, module.training) for module in network.modules()]
    home = next(network.parameters()).device
    try:
        network.eval().to(device)  # outside of inference mode, whose tensors could not be trained any more
        with threaded(threads), torch.inference_mode():
            yield
    except RuntimeError as failed:
        if not out_of_memory(failed):
            raise
        raise UserError(f"{device} ran out of memory; a smaller batch or network would fit.") from failed
    finally:
        network.to(home)
        for module, training in modes:
            module.training = training
