"""What a network can run on here, the software that it depends on there, and whether it would fit in the memory."""

from typing import NamedTuple

import torch

from . import machine
from .architecture import Architecture
from .errors import UserError
from .scaling import check, check_count
from .speed.needs import memory_needed
from .timing import BATCH_RANGE, SECONDS_RANGE


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


class Setting(NamedTuple):
    """On what and how something is measured, checked."""

    where: Device
    batch: int
    threads: int


def setting(device: str, batch: int, threads: int | None, seconds: float, batches: tuple[int, int] = BATCH_RANGE) -> Setting:
    """All usable cores where `threads` is None. Raises `UserError` for a device that is not here and numbers out of range."""
    where, cores = find_device(device), machine.cores()
    check("The measuring time", seconds, SECONDS_RANGE, " seconds")
    return Setting(where, check_count("The batch", batch, batches, " images"),
                   check_count("The number of threads", cores if threads is None else threads, (1, cores)))


def versions(device: str = "cpu") -> dict[str, str | bool | None]:
    """The software a measurement depends on; on CUDA also whether convolutions may round their inputs to TF32."""
    found = {"torch": torch.__version__}
    if device.startswith("cuda"):
        found |= {"cuda": torch.version.cuda, "cudnn": str(torch.backends.cudnn.version()),
                  "tf32": torch.backends.cudnn.allow_tf32}
    return found


def check_memory(architecture: Architecture, batch: int = 1, device: str = "cpu", copies: int = 1) -> None:
    """Raises `UserError` with both numbers where a pass would not fit, with so many copies of the weights that are not there yet."""
    weights, activations = memory_needed(architecture, batch)
    needed = activations + copies * weights
    available = torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else machine.memory_available()
    if needed > available:
        raise UserError(f"{architecture.name} with a batch of {batch} needs about {needed / 1e9:,.2f} GB, and {device} has "
                        f"{available / 1e9:,.2f} GB of memory free; a smaller batch or network would fit.")


def out_of_memory(failed: Exception) -> bool:
    """Whether that is how torch says that a device has no memory left."""
    return isinstance(failed, RuntimeError) and ("out of memory" in str(failed) or "allocate memory" in str(failed))
