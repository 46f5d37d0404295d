"""One forward pass that remembers: logits, what every SE unit squeezed and decided, and what every layer handed on."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .network import Network

Hook = Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]

_LOCKS: WeakKeyDictionary[nn.Module, threading.Lock] = WeakKeyDictionary()
_LOCKS_GUARD = threading.Lock()


def _lock_of(network: Network) -> threading.Lock:
    with _LOCKS_GUARD:
        return _LOCKS.setdefault(network, threading.Lock())


@dataclass
class Record:
    """What one forward pass left behind. Keys are layer ids; `activations` has blocks ("stages.2.0") and layers alike."""

    logits: Tensor  # N classes
    squeezed: dict[str, Tensor] = field(default_factory=dict)  # z of every SE unit, N C
    gates: dict[str, Tensor] = field(default_factory=dict)  # s of every SE unit, N C, each in 0 … 1
    activations: dict[str, Tensor] = field(default_factory=dict)  # output, N C H W; of an SE unit: the recalibrated map

    def before(self, se_id: str) -> Tensor:
        """What went into the SE unit `se_id`: the output of the depthwise layer before it, N C H W."""
        return self.activations[se_id.rpartition(".")[0] + ".depthwise"]


@contextmanager
def _hooks(pairs: Iterable[tuple[nn.Module, Hook]]) -> Iterator[None]:
    owner, handles = threading.get_ident(), []

    def mine(hook: Hook) -> Hook:
        def guarded(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if threading.get_ident() == owner:  # a plain forward pass of another visitor is not ours to record
                hook(module, inputs, output)

        return guarded

    try:
        for module, hook in pairs:
            handles.append(module.register_forward_hook(mine(hook)))
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _evaluating(network: Network) -> Iterator[None]:
    """Eval mode for a while; a network that is in it already is not walked through."""
    was_training = network.training
    try:
        if was_training:
            network.eval()
        yield
    finally:
        if was_training:
            network.train()


def _keep(into: dict[str, Tensor], key: str, flat: bool = False) -> Hook:
    def hook(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        into[key] = output.flatten(1) if flat else output

    return hook


@torch.inference_mode()
def probe(network: Network, x: Tensor) -> Record:
    """Runs `network` in eval mode on images `x` (N 3 H W) once and records it.

    The logits equal those of a plain forward pass to the bit, hooks are gone afterwards, the training flag is as before, and
    several threads may probe one network: they take turns. Raises `ValueError` for anything but N 3 H W.
    """
    if x.ndim != 4 or x.shape[1] != 3:
        raise ValueError(f"probe takes images as N 3 H W, got a tensor of shape {tuple(x.shape)}.")
    record = Record(torch.empty(0))
    architecture = network.architecture
    pairs = []
    for layer in architecture.layers[:-1]:  # the classifier's output are the logits
        module = network.get_submodule(layer.id)
        pairs.append((module, _keep(record.activations, layer.id)))
        if layer.operator == "se":
            pairs.append((module.squeeze, _keep(record.squeezed, layer.id, flat=True)))
            pairs.append((module.gate, _keep(record.gates, layer.id, flat=True)))
    pairs += [(network.get_submodule(block.id), _keep(record.activations, block.id)) for block in architecture.blocks]
    with _lock_of(network):
        with _evaluating(network), _hooks(pairs):
            record.logits = network(x)
    return record
