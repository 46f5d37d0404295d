"""Which blocks of a network something goes around."""

from typing import NamedTuple

from ..architecture import Architecture, Block


class Ways(NamedTuple):
    """Blocks, counted."""

    blocks: int
    around: int  # with a skip connection; a projected one counts
    longest: int  # greatest number of blocks without one that follow each other

    @property
    def through(self) -> int:
        """Blocks on the shortest way from the first to the last."""
        return self.blocks - self.around


def has_way_around(block: Block) -> bool:
    return block.skip or block.shortcut is not None


def ways(architecture: Architecture) -> Ways:
    around = [has_way_around(block) for block in architecture.blocks]
    longest = run = 0
    for skip in around:
        run = 0 if skip else run + 1
        longest = max(longest, run)
    return Ways(len(around), sum(around), longest)
