"""What the card of somebody's checkpoint says of its past, as far as it can be taken over: anybody may have written it."""

import json

from ..checkpoints import PRECISIONS
from ..labels import LONGEST

KEPT = ("data", "recipe", "evaluation", "curve", "steps", "epochs", "seconds", "finished")
LARGEST = 2**63  # of a number; seeds go up to it
DEEPEST = 6
MOST = 5_000_000  # characters of one fact; the confusions of a thousand classes have three million


def of(card: dict) -> dict:
    """The facts of `KEPT` that can be stored and shown; the others are left out."""
    return {key: card[key] for key in KEPT if key in card and is_plain(card[key]) and len(json.dumps(card[key])) <= MOST}


def base_of(card: dict) -> dict:
    """For the card's "source": the "model" that was fine-tuned, where it names one."""
    source = card.get("source")
    base = source.get("model") if isinstance(source, dict) else None
    return {"model": base} if isinstance(base, str) and is_plain(base) else {}


def precision_of(card: dict) -> str:
    """What the weights are stored as."""
    said = card.get("precision")
    return said if said in tuple(PRECISIONS) else "float32"


def is_plain(value: object, depth: int = DEEPEST) -> bool:
    """Whether it is JSON of lines of text and finite numbers of a sane size, not nested deeply."""
    if isinstance(value, dict | list):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        return depth > 0 and all(is_plain(each, depth - 1) for each in inside)
    if isinstance(value, str):
        return len(value) <= LONGEST and value.isprintable()
    return value is None or abs(value) <= LARGEST
