"""Tensors from the files of others, .safetensors or .pth: no code in them ever runs, and nothing they claim is believed unseen."""

import argparse
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from .. import machine
from ..errors import UserError

SAFETENSORS, PICKLES = (".safetensors",), (".pth", ".pt", ".bin", ".ckpt", ".tar")
SUFFIXES = SAFETENSORS + PICKLES
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
COUNTS = (torch.int64, torch.int32)
WRAPPERS = ("state_dict_ema", "model_ema", "ema_state_dict", "ema", "state_dict", "model_state_dict", "model", "net", "network", "weights",
            "module")
ADVICE = "Save the weights alone, with torch.save(model.state_dict(), …) or as .safetensors, and take that file"
ZIP = b"PK\x03\x04"
OTHERS = (  # pattern of the first bytes, what it is
    (rb"\x89HDF\r\n\x1a\n", "a Keras file (HDF5)"),
    (rb"\x1f\x8b", "a gzip archive, as TensorFlow's checkpoints come in"),
    (rb"(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)", "a web page"),
    (rb"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
    (rb"\x08[\x01-\x0d]\x12", "an ONNX model"),
    (rb".{4}TFL3", "a TensorFlow Lite model"),
    (rb"GGUF|ggml", "a GGUF model"),
    (rb"\x93NUMPY", "a NumPy array"),
    (rb"\s*\{", "a text in JSON"),
)


@dataclass(frozen=True)
class TensorFile:
    """Tensors by name, on the CPU, perhaps still on disk; `wrapper` is the entry of the file that held them, if any."""

    tensors: dict[str, Tensor]
    wrapper: str | None = None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {key: tuple(tensor.shape) for key, tensor in self.tensors.items()}

    @property
    def precision(self) -> str:
        """The type that most values have, such as "float32"."""
        count: Counter = Counter()
        for tensor in self.tensors.values():
            count[str(tensor.dtype).removeprefix("torch.")] += tensor.numel()
        return max(count, key=count.__getitem__)


def read(path: str | Path) -> TensorFile:
    """The tensors of a .safetensors file or a PyTorch checkpoint. Raises `UserError` for everything else, saying what it is."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            start = file.read(64)
        size = path.stat().st_size
    except OSError as failed:
        raise UserError(f"{path.name} could not be read ({failed.strerror or failed}); name a .pth or .safetensors file.") from failed
    if size > (free := machine.memory_available()):
        raise UserError(f"{path.name} has {size / 1e9:,.1f} GB, and this machine has {free / 1e9:,.1f} GB of memory free.")
    safe = start[8:9] == b"{"  # after eight bytes of length comes JSON, whatever the file is called
    other = next((what for pattern, what in OTHERS if re.match(pattern, start, re.DOTALL | re.IGNORECASE)), None)
    if other and not safe:
        raise UserError(f"{path.name} is {other}; weights come as a PyTorch checkpoint (.pth) or as .safetensors.")
    try:
        safe = safe or path.suffix.lower() in SAFETENSORS
        found = TensorFile(_safetensors(path)) if safe else _unwrapped(_pickled(path, start, size))
        _check(found.tensors, size)
    except UserError as refused:
        raise UserError(f"{path.name} cannot be used: {refused}") from refused
    return found


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}
    except (SafetensorError, OSError, RuntimeError, KeyError) as broken:
        raise UserError(f"it is damaged, cut short or not a safetensors file ({_first_line(broken)}).") from broken


def _pickled(path: Path, start: bytes, size: int) -> object:
    """What torch's restricted unpickler makes of it: tensors and plain containers, whatever else the file would like to do."""
    if zipped := start.startswith(ZIP):
        _check_zip(path, size)
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):  # training scripts keep their options in one: plain attributes
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except Exception as failed:  # its parts raise whatever comes to them; the file is refused in any case
        raise UserError(_complaint(str(failed))) from failed


def _check_zip(path: Path, size: int) -> None:
    """Raises `UserError` where the archive is not one that torch wrote: compressed, it could unfold to any size."""
    try:
        entries = zipfile.ZipFile(path).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as broken:
        raise UserError("it is damaged or cut short.") from broken
    names = [entry.filename for entry in entries]
    if any(re.search(r"(^|/)(constants\.pkl$|code/)", name) for name in names):
        raise UserError(f"it is a TorchScript program. {ADVICE}.")
    if not any(re.search(r"(^|/)data\.pkl$", name) for name in names):
        raise UserError(f"it is an archive without PyTorch weights, with {names[0][:60] if names else 'nothing'} in it; unpack it, or save "
                        "the weights with torch.save.")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries) or sum(entry.file_size for entry in entries) > size:
        raise UserError("it is a compressed archive, which torch.save never writes.")


def _complaint(said: str) -> str:
    """A sentence for what torch said when it refused a file."""
    if asked := re.search(r"GLOBAL\s+([\w.]+)", said):
        return (f"opening it would call on {asked[1][:80]}, and a file that can do so could run any code, so it was not opened. {ADVICE}.")
    if "memory" in said:
        return "it declares more values than this machine has memory for."
    return "it is damaged, cut short or not a PyTorch checkpoint."


def _first_line(failed: Exception) -> str:
    return (str(failed).strip().splitlines() or [type(failed).__name__])[0][:120]


def _unwrapped(found: object) -> TensorFile:
    """The state dict inside whatever a training script put around it; averaged weights (EMA) where there are some."""
    wrapper = None
    for _ in range(3):
        if not isinstance(found, Mapping):
            raise UserError(f"it holds no named tensors, only a value of type {type(found).__name__}. {ADVICE}.")
        inner = next((key for key in WRAPPERS if isinstance(found.get(key), Mapping) and found[key]), None)
        if inner is None:
            break
        wrapper, found = wrapper or inner, found[inner]
    tensors = {key: tensor for key, tensor in found.items() if isinstance(key, str) and isinstance(tensor, Tensor)}
    if not tensors:
        some = ", ".join(str(key)[:40] for key in list(found)[:5]) or "nothing"
        raise UserError(f"it holds no tensors, only {some}. {ADVICE}.")
    return TensorFile(tensors, wrapper)


def _check(tensors: Mapping[str, Tensor], size: int) -> None:
    """Raises `UserError` for tensors that are not plain numbers, or more of them than the file has room for."""
    if not tensors:
        raise UserError("it holds no tensors.")
    for key, tensor in tensors.items():
        if tensor.device.type != "cpu":
            raise UserError(f"{key[:100]} has a shape but no values.")
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.dtype not in FLOATS + COUNTS:
            kind = f"{tensor.layout} {tensor.dtype}".replace("torch.", "")
            raise UserError(f"{key[:100]} is stored as {kind}; weights are plain float32, float16, bfloat16 or float64.")
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > size:
        raise UserError("its tensors claim more values than the file holds.")
