"""What the network reads, step by step: loaded, changed and normalised; on an accelerator the next batches are loaded meanwhile."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from .. import machine
from ..data.datasets import Data
from .distributed import World
from .evaluation import normalise
from .recipe import Phase, Recipe

PhaseOf = Callable[[int], Phase | None]  # of a step's number


class Ahead:
    """Batches by number; `ahead` of them are prepared before they are asked for, by threads that each call `at_first` once."""

    def __init__(self, batch: Callable[[int], tuple], ahead: int, at_first: Callable[[], None] = lambda: None) -> None:
        self._batch, self._ahead = batch, ahead
        self._pool = ThreadPoolExecutor(ahead, initializer=at_first) if ahead else None
        self._coming: deque[tuple[int, Future]] = deque()

    def __call__(self, index: int) -> tuple:
        if self._pool is None:
            return self._batch(index)
        while self._coming and self._coming[0][0] != index:  # after a jump
            self._coming.popleft()[1].cancel()
        first = self._coming[-1][0] + 1 if self._coming else index
        self._coming.extend((number, self._pool.submit(self._batch, number)) for number in range(first, index + self._ahead))
        return self._coming.popleft()[1].result()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


class Batches:
    """This process's rows of every batch, on `device`: what the network reads, and class indices or shares (N classes)."""

    def __init__(self, data: Data, recipe: Recipe, phase_of: PhaseOf, device: torch.device, world: World) -> None:
        self.data, self.recipe, self._phase_of, self._device, self._world = data, recipe, phase_of, device, world
        self._load_ahead = Ahead(self._load, 0 if device.type == "cpu" else machine.cores(), self._choose_gpu)
        self._changes: dict[str, Callable[[Tensor], Tensor]] = {}

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        phase, *tensors = self._load_ahead(step)
        pixels, labels = (tensor.to(self._device, non_blocking=True) for tensor in tensors)
        if phase is not None:
            pixels, labels = self._change(phase, pixels, labels)
        return normalise(pixels, self.data), labels

    def close(self) -> None:
        self._load_ahead.close()

    def _choose_gpu(self) -> None:
        """In every thread that pins memory: otherwise the first GPU would be held by all processes."""
        if self._device.type == "cuda":
            torch.cuda.set_device(self._device)

    def _load(self, step: int) -> tuple[Phase | None, Tensor, Tensor]:
        phase = self._phase_of(step)
        data = self.data if phase is None else self.data.at(phase.side)
        pixels, labels = data.batch(step, self.recipe.batch, slice(self._world.rank, None, self._world.size))
        return (phase, pixels.pin_memory(), labels.pin_memory()) if self._device.type == "cuda" else (phase, pixels, labels)

    def _change(self, phase: Phase, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if phase.augment != "none":
            from ..data import augmentation  # seconds, hence only here

            if phase.augment not in self._changes:
                self._changes[phase.augment] = augmentation.policy(phase.augment)
            pixels = self._changes[phase.augment](pixels).clamp(0.0, 1.0)
        if phase.mixup + phase.cutmix > 0:
            from ..data import augmentation

            pixels, labels = augmentation.mix(pixels, labels, len(self.data.labels), phase.mixup, phase.cutmix)
        return pixels, labels
