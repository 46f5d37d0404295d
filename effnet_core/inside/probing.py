"""Forward passes that remember: logits, what every SE unit squeezed and decided, and what every layer handed on; with gates as the
network chooses them, or as somebody else does."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from ..network import Network

Hook = Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor | None]
Gates = Mapping[str, Tensor]  # block id → gates (C) that replace the network's own; NaN leaves a channel alone

_LOCKS: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_LOCKS_GUARD = threading.Lock()


def _lock_of(network: Network) -> threading.RLock:
    with _LOCKS_GUARD:
        return _LOCKS.setdefault(network, threading.RLock())


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
        def guarded(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
            # a plain forward pass of another visitor is not ours to record or to change
            return hook(module, inputs, output) if threading.get_ident() == owner else None

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


def _forcing(gates: Tensor) -> Hook:
    def hook(_: nn.Module, __: tuple[Tensor, ...], own: Tensor) -> Tensor:
        forced = gates.to(own)[None, :, None, None]
        return torch.where(forced.isnan(), own, forced)

    return hook


@contextmanager
def operating(network: Network, gates: Gates | None = None) -> Iterator[None]:
    """`network` in eval mode and, for passes of this thread, with these gates; afterwards everything as it was. Threads take turns."""
    pairs = [(network.get_submodule(f"{block}.se.gate"), _forcing(forced)) for block, forced in (gates or {}).items()]
    with _lock_of(network), _evaluating(network), _hooks(pairs):
        yield


@contextmanager
def keeping(pairs: Iterable[tuple[str, nn.Module]], into: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """For passes of this thread: what each module hands on, by name."""

    def keep(key: str) -> Hook:
        def hook(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
            into[key] = output

        return hook

    with _hooks([(module, keep(key)) for key, module in pairs]):
        yield into


def chain(network: Network) -> dict[str, Callable[[Tensor], Tensor]]:
    """Unit id → what computes it, in order; one after another they are the forward pass in eval mode."""
    units = {unit: network.get_submodule(unit) for unit, _ in network.architecture.units()}
    return {**units, "classifier": lambda x: network.classifier(network.pool(x).flatten(1))}


def se_layers(network: Network) -> list[str]:
    """The ids of the SE units, in order."""
    return [layer.id for layer in network.architecture.layers if layer.operator == "se"]


def check_images(x: Tensor) -> None:
    """Raises `ValueError` for anything but N 3 H W."""
    if x.ndim != 4 or x.shape[1] != 3:
        raise ValueError(f"probe takes images as N 3 H W, got a tensor of shape {tuple(x.shape)}.")


@torch.inference_mode()
def probe(network: Network, x: Tensor, gates: Gates | None = None) -> Record:
    """Runs `network` in eval mode on images `x` (N 3 H W) once and records every layer.

    Without `gates` the logits equal those of a plain forward pass to the bit; hooks are gone afterwards, the training flag is as
    before, and several threads may probe one network: they take turns. Raises `ValueError` for anything but N 3 H W.
    """
    check_images(x)
    record, architecture = Record(torch.empty(0)), network.architecture
    kept = [*(layer.id for layer in architecture.layers[:-1]), *(block.id for block in architecture.blocks)]  # the classifier's are the logits
    with operating(network, gates), _remembering(network, record), keeping([(key, network.get_submodule(key)) for key in kept],
                                                                            record.activations):
        record.logits = network(x)
    return _flat(record)


@torch.inference_mode()
def follow(network: Network, x: Tensor, start: str = "stem", gates: Gates | None = None) -> Record:
    """As `probe`, from the unit `start` on, of which `x` is the input; records what units hand on, not what layers do.

    That is little: what goes on within a unit can be computed again from its input.
    """
    record, units = Record(torch.empty(0)), chain(network)
    names = [*units]
    with operating(network, gates), _remembering(network, record):
        for unit in names[names.index(start) :]:
            x = units[unit](x)
            record.activations[unit] = x
    record.logits = record.activations.pop("classifier")
    return _flat(record)


@contextmanager
def _remembering(network: Network, record: Record) -> Iterator[None]:
    """z and s of every SE unit, while `operating`: the gates are those that were applied."""
    with ExitStack() as stack:
        for part, into in (("squeeze", record.squeezed), ("gate", record.gates)):
            stack.enter_context(keeping([(se, network.get_submodule(f"{se}.{part}")) for se in se_layers(network)], into))
        yield


def _flat(record: Record) -> Record:
    for each in (record.squeezed, record.gates):
        each.update({key: value.flatten(1) for key, value in each.items()})
    return record
