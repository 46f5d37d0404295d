"""What a network can run on here, the software that it depends on there, and whether it would fit in the memory."""

from typing import NamedTuple

import torch

from . import machine
from .architecture import Architecture
from .cost import cost
from .errors import UserError

BYTES = 4  # fp32


class Device(NamedTuple):
    key: str  # torch's name: "cpu", "cuda:0", "mps"
    name: str  # for people


def devices() -> list[Device]:
    """What a network can run on here; the processor is always the first."""
    found = [Device("cpu", machine.processor())]
    found += [Device(f"cuda:{index}", torch.cuda.get_device_name(index)) for index in range(torch.cuda.device_count())]
    return found + ([Device("mps", "Apple GPU")] if torch.backends.mps.is_available() else [])


def find_device(key: str) -> Device:
    """The device of that key; "cuda" is the first one. Raises `UserError` where there is none."""
    here = {device.key: device for device in devices()}
    wanted = "cuda:0" if key == "cuda" else key
    if wanted not in here:
        raise UserError(f"There is no device {key!r} here; there is {', '.join(here)}.")
    return here[wanted]


def versions(device: str = "cpu") -> dict[str, str | bool | None]:
    """The software a measurement depends on; on CUDA also whether convolutions may round their inputs to TF32."""
    found = {"torch": torch.__version__}
    if device.startswith("cuda"):
        found |= {"cuda": torch.version.cuda, "cudnn": str(torch.backends.cudnn.version()),
                  "tf32": torch.backends.cudnn.allow_tf32}
    return found


def memory_needed(architecture: Architecture, batch: int = 1) -> tuple[int, int]:
    """Bytes of the weights and, roughly, of all that is alive at once during the hungriest layer.

    That is the layer's input, padded, and once more in the order that the convolution wants; its output, likewise twice; and
    the input of its block, which waits for the addition.
    """
    peak = max(
        layers[0].input.elements + max(3 * layer.input.elements + 2 * layer.output.elements for layer in layers)
        for _, layers in architecture.units()
    )
    return BYTES * cost(architecture).params, BYTES * batch * peak


def check_memory(architecture: Architecture, batch: int = 1, device: str = "cpu", placed: bool = False) -> None:
    """Raises `UserError` with both numbers where a pass would not fit; weights that are `placed` there already do not count."""
    weights, activations = memory_needed(architecture, batch)
    needed = activations + (0 if placed else weights)
    available = torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else machine.memory_available()
    if needed > available:
        raise UserError(f"{architecture.name} with a batch of {batch} needs about {needed / 1e9:,.2f} GB, and {device} has "
                        f"{available / 1e9:,.2f} GB of memory free; a smaller batch or network would fit.")


def out_of_memory(failed: Exception) -> bool:
    """Whether that is how torch says that a device has no memory left."""
    return isinstance(failed, RuntimeError) and ("out of memory" in str(failed) or "allocate memory" in str(failed))
