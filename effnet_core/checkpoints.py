"""Trained weights on disk: a safetensors file whose metadata carries a card that says what they are and how they came about.

The card is JSON: `name`, `architecture` (`families.to_spec`), `padding`, `eps`, `labels`, `preprocess`, `trained`, `precision`, and
whatever the training adds (`data`, `recipe`, `evaluation`, `machine`, `torch`, `date`). Nothing in a file is ever executed.
"""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save as to_bytes

from . import files
from .cards import BUNDLED, NAME, SUFFIX, Entry, available, card_of, check_name, find, has_card, opened, own_folder, path_of, read_card
from .errors import UserError
from .families import from_spec, to_spec
from .network import Network, build
from .preprocess import Preprocess
from .speed.output import Output

__all__ = ["BUNDLED", "NAME", "SUFFIX", "Entry", "Pretrained", "available", "check_name", "find", "has_card", "load", "make_card", "own_folder",
           "path_of", "read_card", "save"]  # what `cards` tells about models, and here their weights

PRECISIONS = {"float32": torch.float32, "float16": torch.float16}
KINDS = ("F32", "F16", "BF16", "I64")  # the last: how many batches a batch norm has seen


@dataclass(frozen=True)
class Pretrained:
    """A network in eval mode, fp32, with what is needed to use it."""

    name: str
    network: Network
    preprocess: Preprocess
    labels: tuple[str, ...]
    card: dict

    @cached_property
    def output(self) -> Output:
        """What is asked for logits where nothing else of the network is needed; made at the first call."""
        return Output(self.network)


def make_card(
    name: str, network: Network, labels: tuple[str, ...], preprocess: Preprocess, *, trained: bool, **facts: object
) -> dict:
    """The card of `network`; `facts` are JSON values that tell how it came about."""
    return {"name": name, "architecture": to_spec(network.architecture), "padding": network.padding,
            "eps": network.stem.norm.eps, "labels": list(labels), "preprocess": preprocess.to_dict(), "trained": trained,
            **facts}


def save(path: str | Path, network: Network, card: dict, precision: str = "float32") -> None:
    """Writes weights, batch-norm statistics and `card` to `path`, whole or not at all; "float16" halves the file.

    The card also goes to a .json file beside it, for people; `load` never reads that one.

    Raises `UserError` where it cannot be written (a file that was there is then as before) or a value exceeds float16.
    """
    state = {}
    for key, tensor in network.state_dict().items():
        stored = tensor.detach().to(PRECISIONS[precision]) if tensor.is_floating_point() else tensor
        if precision == "float16" and not stored.isfinite().all():
            raise UserError(f"{key} has values that float16 cannot hold; store this model as float32.")
        state[key] = stored.contiguous()
    card = {**card, "precision": precision}
    weights = to_bytes(state, {"card": json.dumps(card, ensure_ascii=False, allow_nan=False)})
    files.write(Path(path), weights)
    files.write(Path(path).with_suffix(".json"), _for_people(card).encode())


def _for_people(card: dict) -> str:
    text = json.dumps(card, ensure_ascii=False, indent=2)
    return re.sub(r"\[[^][{}\"]*\]", lambda numbers: " ".join(numbers[0].split()), text) + "\n"  # a list of numbers on one line


def load(name_or_path: str | Path) -> Pretrained:
    """The model called `name_or_path`, or stored in that file (a `Path`, or a text with a slash or ending in .safetensors).

    Raises `UserError` where there is no such model, or its file is broken, foreign or does not fit its own card.
    """
    path = find(name_or_path)
    with opened(path, "pt") as file:
        card = card_of(file)
        architecture, preprocess = from_spec(card["architecture"]), Preprocess.from_dict(card["preprocess"])
        network = build(architecture, padding=card["padding"], eps=card["eps"], initialised=False)
        expected = network.state_dict()
        _check_tensors(file, expected)
        state = {key: _own(key, file.get_tensor(key), like) for key, like in expected.items()}
    network.load_state_dict(state, assign=True)
    return Pretrained(path.stem, network.eval(), preprocess, tuple(card["labels"]), card)


def _check_tensors(file: safe_open, expected: dict[str, torch.Tensor]) -> None:
    """Names and shapes, from the head of the file alone."""
    present = set(file.keys())
    if lacking := sorted(expected.keys() - present):
        raise UserError(f"it lacks {len(lacking)} tensors that its card calls for, such as {lacking[0]}.")
    if foreign := sorted(present - expected.keys()):
        raise UserError(f"it has {len(foreign)} tensors that its card does not call for, such as {foreign[0]}.")
    for key, tensor in expected.items():
        if (kind := file.get_slice(key).get_dtype()) not in KINDS:
            raise UserError(f"{key} is stored as {kind}; weights are {', '.join(KINDS)}.")
        if (shape := tuple(file.get_slice(key).get_shape())) != tuple(tensor.shape):
            raise UserError(f"{key} has shape {shape}, and its card calls for {tuple(tensor.shape)}.")


def _own(key: str, tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A copy in memory in the type the network computes with: the file may change or vanish. Raises `UserError` for NaN, and for what can
    be no variance."""
    if not tensor.isfinite().all():
        raise UserError("its weights contain values that are not finite numbers.")
    if key.endswith(".running_var") and (tensor < 0).any():
        raise UserError(f"{key} has variances below zero.")
    return tensor.to(like.dtype, copy=True)
