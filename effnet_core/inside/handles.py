"""Single gates as a browser sends them, which may be anything."""

from collections.abc import Mapping

from .surgery import DIGITS, Entry, Plan


def taken(plan: Plan, sent: object, channels: Mapping[str, int]) -> Plan:
    """A plan with what a browser sent of its handles on top: `{"block": id, "gates": [[channel, gate or None], …]}`, None to give one
    back; of several for one channel the last. `channels` is how many each block has.

    A browser may send anything: what is not for a channel that there is, or no gate, changes nothing; nor does a list that is longer
    than the block.
    """
    block, pairs = (sent.get("block"), sent.get("gates")) if isinstance(sent, dict) else (None, None)
    if not isinstance(block, str) or block not in channels or not isinstance(pairs, list) or len(pairs) > channels[block]:
        return plan
    found: dict[int, float | None] = {}
    for pair in pairs:
        channel, gate = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
        if type(channel) is int and 0 <= channel < channels[block] and _may_be(gate):
            found[channel] = None if gate is None else round(float(gate), DIGITS)
    rest = plan.without(block, {channel for channel, gate in found.items() if gate is None})
    gates = tuple(sorted((channel, gate) for channel, gate in found.items() if gate is not None))
    return rest.then(Entry("set", block, "", gates)) if gates else rest


def _may_be(gate: object) -> bool:
    return gate is None or (type(gate) in (int, float) and 0 <= gate <= 1)
