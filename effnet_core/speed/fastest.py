"""The quickest way here to a network's output, for whoever needs nothing but that: found by trying, and only among those that agree."""

import statistics
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import UserError
from ..network import Network
from ..timing import pass_ms
from .prepared import Run, prepare
from .race import TOLERANCE, apart
from .ways import missing

CANDIDATES = ("fused", "onnxruntime", "openvino")
WARM, TRIES = 2, 5  # passes of each


class Chosen(NamedTuple):
    way: str
    run: Run
    times_ms: dict[str, float]  # the median of every candidate that agreed


@torch.inference_mode()
def fastest(network: Network, example: Tensor) -> Chosen:
    """Of the fused path and the runtimes that are installed, the one that is quickest on batches like `example` (N 3 H W) with torch's own
    number of threads, among those whose logits are the network's own within 1e-4 of the greatest; the fused path where none is quicker.

    Raises `UserError` where even the fused path does not agree.
    """
    right, ready = _right(network, example), {}
    for way in CANDIDATES:
        if missing(way, str(example.device)) is None and (run := _agreeing(network, way, example, right)) is not None:
            ready[way] = run
    if not ready:
        raise UserError("No way to run this network gives its own numbers here.")
    times = {way: [] for way in ready}
    for _ in range(TRIES):
        for way, run in ready.items():
            for _ in range(WARM):
                run(example)
            times[way].append(pass_ms(run, example))
    medians = {way: statistics.median(series) for way, series in times.items()}
    best = min(medians, key=medians.__getitem__)
    return Chosen(best, ready[best], medians)


def _right(network: Network, example: Tensor) -> Tensor:
    was_training = network.training
    try:
        return network.eval()(example)
    finally:
        network.train(was_training)


def _agreeing(network: Network, way: str, example: Tensor, right: Tensor) -> Run | None:
    """That way, if it runs and agrees."""
    try:
        run = prepare(network, way, "fp32", example, torch.get_num_threads())
        return run if apart(right, run(example)) <= TOLERANCE["fp32"] else None
    except Exception:  # a runtime of others may raise anything; there is always our own
        return None
