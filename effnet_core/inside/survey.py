"""One run of a model over a whole data set: how its gates differ from class to class, and what excites every channel most."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import torch

from .. import machine
from ..architecture import Architecture
from ..checkpoints import Pretrained
from ..errors import UserError
from ..preprocess import Preprocess
from ..speed import needs
from .probing import keeping, operating, se_layers
from .survey_files import Survey
from .survey_gates import Tally
from .survey_peaks import Keeper
from .survey_pictures import Pictures

BATCH = 16  # images at a time; more gain nothing on a processor
SHARE, MOST = 0.25, 10**9  # of the memory that is free, and bytes, for one batch

Tell = Callable[[int, int], None]  # images done, and in all


def widths(architecture: Architecture) -> tuple[dict[str, int], dict[str, int]]:
    """Channels of every block with gates, and of everything whose peaks are kept: units but the classifier, and depthwise layers."""
    gates, peaks = {}, {}
    for unit, layers in [*architecture.units()][:-1]:
        for layer in layers:
            if layer.operator == "se":
                gates[unit] = layer.output.channels
            if layer.operator == "depthwise" and layer.id != unit:
                peaks[layer.id] = layer.output.channels
        peaks[unit] = layers[-1].output.channels
    return gates, peaks


def batch_size(architecture: Architecture) -> int:
    """Images at a time that fit into memory, `BATCH` at most."""
    _, one = needs.memory_needed(architecture)
    return int(max(1, min(BATCH, min(MOST, SHARE * machine.memory_available()) // one)))


def survey(model: Pretrained, pictures: Pictures, limit: int | None = None, *, batch: int | None = None, facts: dict | None = None,
           tell: Tell = lambda done, total: None, should_stop: Callable[[], bool] = lambda: False) -> Survey:
    """Runs `model` over the first `limit` pictures, or all, once. `facts` are added to the head. Raises `UserError` when it is stopped,
    and where memory is short."""
    network, count, start = model.network, min(limit or len(pictures), len(pictures)), time.monotonic()
    blocks, keys = widths(network.architecture)
    _check_memory(Tally.PEAK * len(pictures.labels) * sum(blocks.values()))
    tally, keeper, gates = Tally(blocks, len(pictures.labels)), Keeper(keys), {}
    modules = [(key, network.get_submodule(key)) for key in keys]
    gated = [(se, network.get_submodule(se + ".gate")) for se in se_layers(network)]
    with torch.inference_mode(), operating(network), keeping(modules, keeper), keeping(gated, gates):
        for first, images, labels in _batches(pictures, model.preprocess, count, batch or batch_size(network.architecture)):
            if should_stop():
                raise UserError(f"Stopped after {first:,} of {count:,} images; nothing was kept.")
            keeper.first = first
            network(images)
            tally.add(_side_by_side([gates[se] for se, _ in gated], len(labels)), labels)
            tell(first + len(labels), count)
    head = {**_head(model, pictures, count), "seconds": round(time.monotonic() - start, 1), **(facts or {})}
    return Survey(tally.statistics(head, tuple(pictures.labels)), keeper.peaks())


def _side_by_side(gates: list[torch.Tensor], images: int) -> np.ndarray:
    return torch.cat([each.flatten(1) for each in gates], 1).numpy() if gates else np.zeros((images, 0), np.float32)


def _batches(pictures: Pictures, preprocess: Preprocess, count: int, size: int) -> Iterator[tuple[int, torch.Tensor, np.ndarray]]:
    """The number of a batch's first image, its images (N 3 H W, normalised), and their classes (N)."""
    as_is = replace(preprocess, resize=preprocess.crop)
    with ThreadPoolExecutor(machine.cores()) as pool:
        for first in range(0, count, size):
            numbers = range(first, min(count, first + size))
            images = torch.cat([as_is.tensor(view) for view in pool.map(pictures.view, numbers)])
            yield first, images.contiguous(memory_format=torch.channels_last), np.array([pictures.label(number) for number in numbers])


def _check_memory(needed: int) -> None:
    if needed > (free := machine.memory_available()):
        raise UserError(f"The gates of so many classes need about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free; "
                        "choose data with fewer classes or a smaller model.")


def _head(model: Pretrained, pictures: Pictures, count: int) -> dict:
    data = {"name": pictures.name, "fingerprint": pictures.fingerprint, "images": count, "of": len(pictures)}
    return {"model": model.name, "network": model.network.architecture.name, "side": model.preprocess.crop, "data": data,
            "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine.describe(),
            "versions": {"torch": torch.__version__, "numpy": np.__version__}}
