"""The ways to run a network, by name: what each is, which precisions there are, and what is missing here for one of them."""

import importlib.util
from typing import NamedTuple

from ..errors import UserError

PRECISIONS = ("fp32", "bf16", "fp16")


class Way(NamedTuple):
    key: str
    name: str  # for people
    package: str | None = None  # that must be installed
    layered: bool = False  # whether what is prepared is a module whose paths are the layer ids


WAYS = {way.key: way for way in (
    Way("plain", "Plain", layered=True),
    Way("channels-last", "Channels-last", layered=True),
    Way("folded", "Folded batch norm", layered=True),  # and channels-last, as all that follow
    Way("fused", "Our fused path", layered=True),
    Way("compiled", "torch.compile"),
    Way("onnxruntime", "ONNX Runtime", "onnxruntime"),
    Way("openvino", "OpenVINO", "openvino"),
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
    name, package = WAYS[way].name, WAYS[way].package
    if package and importlib.util.find_spec(package) is None:
        return f"{name} is not installed here; pip install {package} brings it."
    if package and device != "cpu":
        return f"{name} runs on the processor only, as it is installed here."
    if way == "onnxruntime" and precision != "fp32":
        return "ONNX Runtime computes these networks in fp32 on a processor."
    if device == "cpu" and precision == "fp16":
        return "fp16 is for GPUs; the short format of processors is bf16."
    return None
