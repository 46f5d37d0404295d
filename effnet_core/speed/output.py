"""A network's output for whoever needs nothing else: by the fused path, and in long work by whatever turns out to be quickest here.

ONNX Runtime and OpenVINO, where they are installed, are tried on the work itself, so that finding out costs next to nothing; one that does
not give the network's own logits is not used.
"""

import statistics
import threading
import time

import torch
from torch import Tensor

from ..cost import cost
from ..network import Network
from .fused import Fused
from .prepared import Run, prepare
from .trusted import TOLERANCE, apart
from .ways import missing

OTHERS = ("onnxruntime", "openvino")
MOST_PARAMETERS = 25_000_000  # each of the others holds a copy of its own
LONG_S = 3.0  # of passes of one shape, before others are worth preparing
MOST_SHAPES = 2  # for which others are prepared: those of the images that are most asked for and of what is left at the end
TRIES = 3  # of each

Shape = tuple[int, ...]


class Output:
    """Images (N 3 H W, fp32, on the network's device) → logits (N classes, fp32) of `network` in eval mode, within 1e-4 of the greatest.
    The network must not change any more. Threads may share it."""

    def __init__(self, network: Network) -> None:
        self._network, self._fused, self._lock = network, Fused(network), threading.Lock()
        self._spent: dict[Shape, float] = {}  # seconds
        self._trials: dict[Shape, dict[str, tuple[Run, list[float]]]] = {}
        self.chosen: dict[Shape, str] = {}  # once it is known
        self._runs: dict[Shape, Run] = {}

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> Tensor:
        shape = tuple(x.shape)
        if (run := self._runs.get(shape)) is not None:
            return run(x)
        if not self._lock.acquire(blocking=False):  # another thread is trying
            return self._fused(x)
        try:
            return self._tried(x, shape)
        finally:
            self._lock.release()

    def _tried(self, x: Tensor, shape: Shape) -> Tensor:
        """One pass, by whatever has been tried least; the fused path until the work is long."""
        if (run := self._runs.get(shape)) is not None:  # known since this thread asked
            return run(x)
        if x.device.type != "cpu" or not self._worthwhile(shape):
            start = time.perf_counter()
            logits = self._fused(x)
            self._spent[shape] = self._spent.get(shape, 0.0) + time.perf_counter() - start
            return logits
        trials = self._trials.get(shape) or self._trials.setdefault(shape, self._candidates(x))
        way = min(trials, key=lambda name: len(trials[name][1]))
        run, times = trials[way]
        start = time.perf_counter()
        logits = run(x)
        times.append(time.perf_counter() - start)
        if all(len(times) == TRIES for _, times in trials.values()):
            self._decide(shape, {name: statistics.median(times) for name, (_, times) in trials.items()})
        return logits

    def _worthwhile(self, shape: Shape) -> bool:
        """Whether others are to be tried: work of that shape is long, and few others have been."""
        return shape in self._trials or (self._spent.get(shape, 0.0) >= LONG_S and len(self.chosen) + len(self._trials) < MOST_SHAPES)

    def _candidates(self, x: Tensor) -> dict[str, tuple[Run, list[float]]]:
        """The fused path and all others that are here and agree with it."""
        right, found = self._fused(x), {"fused": (self._fused, [])}
        for way in OTHERS if cost(self._network.architecture).params <= MOST_PARAMETERS else ():
            if missing(way) is not None:
                continue
            try:
                run = prepare(self._network, way, "fp32", x, torch.get_num_threads())
                if apart(right, run(x)) <= TOLERANCE["fp32"]:
                    found[way] = run, []
            except Exception:  # a runtime of others may raise anything, and there is our own
                continue
        return found

    def _decide(self, shape: Shape, medians: dict[str, float]) -> None:
        best = min(medians, key=medians.__getitem__)
        self.chosen[shape], self._runs[shape] = best, self._trials.pop(shape)[best][0]
