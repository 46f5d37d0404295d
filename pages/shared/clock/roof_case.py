"""A measured roofline with what follows from it, and what else this session has measured of the same network."""

from typing import NamedTuple

from effnet_core.architecture import Architecture
from effnet_core.families import from_spec
from effnet_core.speed.intensity import Roof, Work, network_floor_s, roof_of, works

from .. import results
from ..answers import Answers

WAYS = {"plain": "Plain", "fused": "Our fused path"}


class Case(NamedTuple):
    """A record of `roofline.measure` with what follows from it, in fp32."""

    row: dict
    network: Architecture
    roof: Roof
    found: tuple[Work, ...]
    floor: float  # seconds
    times: dict[str, dict[str, float]]  # way → milliseconds per layer id

    @classmethod
    def of(cls, row: dict) -> "Case":
        network, roof = from_spec(row["network"]), roof_of(row["roofs"])
        found = works(network, row["batch"])
        return cls(row, network, roof, found, network_floor_s(found, roof), {way: row["ways"][way]["layers"] for way in WAYS})

    def reached(self, way: str) -> float:
        """The floor of all layers over their measured time."""
        return 1e3 * self.floor / sum(self.times[way].values())


def raced(row: dict) -> list[dict]:
    """The ways that this session's last race of the same network and settings has timed."""
    kind, same = Answers.of("ways"), results.Request(from_spec(row["network"]), row["device"], row["batch"], row["threads"])
    rows = [] if kind is None else [other for other in kind.rows() if same.answered_by(other)]
    return [way for way in rows[-1]["ways"] if way.get("median_ms")] if rows else []
