"""The ways to run a network, by name: what each is, which precisions there are, and what is missing here for one of them."""

import importlib.metadata
import importlib.util
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import UserError

PRECISIONS = ("fp32", "bf16", "fp16")


class Way(NamedTuple):
    key: str
    name: str  # for people
    package: str | None = None  # that must be installed
    layered: bool = False  # whether what is prepared is a module whose paths are the layer ids
    device: str | None = None  # the only kind it runs on
    frees: bool = True  # whether a pass fetches the memory that it needs and frees it, so that it can be weighed


WAYS = {way.key: way for way in (
    Way("plain", "Plain", layered=True),
    Way("channels-last", "Channels-last", layered=True),
    Way("folded", "Folded batch norm", layered=True),  # and channels-last, as all that follow
    Way("fused", "Our fused path", layered=True),
    Way("graphed", "Our fused path as a CUDA graph", device="cuda", frees=False),
    Way("compiled", "torch.compile"),
    Way("onnxruntime", "ONNX Runtime", "onnxruntime", device="cpu", frees=False),
    Way("openvino", "OpenVINO", "openvino", device="cpu", frees=False),
)}


def known(way: str, precision: str = "fp32") -> None:
    """Raises `UserError` for a way or a precision that there is not."""
    if way not in WAYS:
        raise UserError(f"There is no way to run {way!r}; there is {', '.join(WAYS)}.")
    if precision not in PRECISIONS:
        raise UserError(f"There is no precision {precision!r}; there is {', '.join(PRECISIONS)}.")


def missing(way: str, device: str = "cpu", precision: str = "fp32") -> str | None:
    """Why that way cannot run there, as a sentence; None where it can. Raises `UserError` for an unknown way or precision."""
    known(way, precision)
    name, package, only = WAYS[way].name, WAYS[way].package, WAYS[way].device
    if package and importlib.util.find_spec(package) is None:
        return f"{name} is not installed here; pip install {package} brings it."
    if only and device.partition(":")[0] != only:
        return f"{name} runs on {'the processor' if only == 'cpu' else 'a CUDA GPU'} only."
    if way == "onnxruntime" and precision != "fp32":
        return "ONNX Runtime computes these networks in fp32 on a processor."
    if device == "cpu" and precision == "fp16":
        return "fp16 is for GPUs; the short format of processors is bf16."
    return None


def packages(runners: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The versions of the packages that run these ways and precisions."""
    found = {}
    for name in sorted({WAYS[way].package for way, _ in runners} - {None}):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
