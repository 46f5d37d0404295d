"""The gates of a network over a whole data set: their mean in every class, and how far images of one class differ.

As in Figures 6 and 7 of the squeeze-and-excitation paper (arXiv 1709.01507, journal version), for all channels of all blocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .inspection import CLOSED, OPEN


@dataclass(frozen=True)
class Statistics:
    """K classes of images; arrays side by side for all blocks (T channels in all). Standard deviations are of the population."""

    head: dict  # JSON values: what was looked at, with what, when and where
    blocks: dict[str, int]  # block id → channels, in the order of the network
    labels: tuple[str, ...]
    counts: np.ndarray  # images of every class, K
    means: np.ndarray  # mean gate, K T; NaN in a class without images
    deviations: np.ndarray  # within the class, K T
    closed: np.ndarray  # gates below `CLOSED` in each block, of all images
    open: np.ndarray  # gates above `OPEN`

    @property
    def images(self) -> int:
        return int(self.counts.sum())

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where the channels of every block are."""
        ends = np.cumsum([*self.blocks.values()]).tolist()
        return {block: slice(end - channels, end) for (block, channels), end in zip(self.blocks.items(), ends)}

    @cached_property
    def seen(self) -> np.ndarray:
        """The classes of which there are images."""
        return np.flatnonzero(self.counts)

    @cached_property
    def _overall(self) -> np.ndarray:
        total = np.zeros(self.means.shape[1])
        for label in self.seen:  # one by one: as float64 all of them are large
            total += self.counts[label] * self.means[label].astype(np.float64)
        return total / self.images

    def mean(self, block: str) -> np.ndarray:
        """Mean gate of every class, K C."""
        return self.means[:, self.places[block]]

    def deviation(self, block: str) -> np.ndarray:
        """Standard deviation over the images of every class, K C."""
        return self.deviations[:, self.places[block]]

    def overall(self, block: str) -> np.ndarray:
        """Mean gate over all images, C."""
        return self._overall[self.places[block]]

    def between(self, block: str) -> float:
        """How far classes differ: the standard deviation over classes of the mean gate, averaged over channels."""
        return float(self.mean(block)[self.seen].astype(np.float64).std(0).mean())

    def within(self, block: str) -> float:
        """How far images of one class differ: the standard deviation within a class, averaged over classes and channels."""
        return float(self.deviation(block)[self.seen].astype(np.float64).mean())

    def chance(self, block: str) -> float:
        """What `between` would be about where classes did not differ at all, only because each has so few images."""
        errors = self.deviation(block)[self.seen].astype(np.float64) ** 2 / self.counts[self.seen, None]
        return float(np.sqrt(errors.mean(0)).mean())

    def shares(self, block: str) -> tuple[float, float]:
        """Shares of all gates of all images that are as good as closed, and as good as open."""
        place, gates = [*self.blocks].index(block), self.images * self.blocks[block]
        return int(self.closed[place]) / gates, int(self.open[place]) / gates


class Tally:
    """Takes in gates batch by batch and keeps counts, means and squared distances (float64), after Chan, Golub and LeVeque (1983)."""

    PEAK = 24  # bytes per class and channel: two float64, and two float32 of the `statistics`

    def __init__(self, blocks: Mapping[str, int], classes: int) -> None:
        self.blocks, total = dict(blocks), sum(blocks.values())
        self._edges = np.cumsum([0, *blocks.values()])[:-1]
        self._counts = np.zeros(classes, np.int64)
        self._means, self._squares = np.zeros((classes, total)), np.zeros((classes, total))
        self._closed, self._open = np.zeros(len(blocks), np.int64), np.zeros(len(blocks), np.int64)

    def add(self, gates: np.ndarray, labels: np.ndarray) -> None:
        """The gates (N T) of N images of the classes `labels`."""
        for label in np.unique(labels):
            self._merge(int(label), gates[labels == label].astype(np.float64))
        if self.blocks:
            self._closed += np.add.reduceat((gates < CLOSED).sum(0), self._edges)
            self._open += np.add.reduceat((gates > OPEN).sum(0), self._edges)

    def _merge(self, label: int, gates: np.ndarray) -> None:
        before, more = self._counts[label], len(gates)
        step = gates.mean(0) - self._means[label]
        self._squares[label] += ((gates - gates.mean(0)) ** 2).sum(0) + step**2 * (before * more / (before + more))
        self._means[label] += step * (more / (before + more))
        self._counts[label] += more

    def statistics(self, head: dict, labels: tuple[str, ...]) -> Statistics:
        """Of all gates so far (float32): NaN in classes of which there was no image. `head` as in `Statistics`, one label per class."""
        means, deviations = (np.full(self._means.shape, np.nan, np.float32) for _ in range(2))
        for label in np.flatnonzero(self._counts):  # one by one: all at once would need their memory again
            means[label], deviations[label] = self._means[label], np.sqrt(self._squares[label] / self._counts[label])
        return Statistics(head, self.blocks, labels, self._counts.copy(), means, deviations, self._closed.copy(), self._open.copy())
