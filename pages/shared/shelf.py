"""The models that there are to choose from, in three groups, and what is known of each. Needs no torch."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from effnet_core import cards
from effnet_core.architecture import Architecture
from effnet_core.cards import BEST, Entry
from effnet_core.cost import Cost, cost
from effnet_core.families import from_spec
from effnet_core.labels import imagenet
from effnet_core.palette import bytes_text, percent, si
from effnet_core.weights.registry import DEFAULTS, ROWS, Row

GROUPS = {"app": "Built in", "imagenet": "ImageNet", "own": "Yours"}
DATA = {"scenes": "procedural scenes", "imagenet": "ImageNet, 1.28 million photos"}
PROJECTS = {"lukemelas": "EfficientNet-PyTorch", "ours": "this app"}  # whose own names say little
VALIDATION = "ImageNet's 50,000 validation photos"
LARGEST = 1e15  # of a number in a card that is shown


class Network(NamedTuple):
    """What a card's architecture comes to."""

    architecture: Architecture
    total: Cost


@lru_cache(maxsize=64)
def _network(spec: str) -> Network:
    architecture = from_spec(json.loads(spec))
    return Network(architecture, cost(architecture))


def network(entry: Entry) -> Network:
    return _network(json.dumps(entry.card["architecture"], sort_keys=True))


@lru_cache(maxsize=len(ROWS))
def published(name: str) -> Network:
    """Of the published weights of that name."""
    return Network(ROWS[name].architecture, cost(ROWS[name].architecture))


def entries() -> list[Entry]:
    """All models that are here, the broken ones too."""
    return cards.available()


def group_of(entry: Entry) -> str:
    """One of `GROUPS`."""
    return "app" if entry.bundled else "imagenet" if entry.name in ROWS else "own"


def names_in(group: str, here: Mapping[str, Entry], everything: bool = False) -> list[str]:
    """The models of one group in the order of the choice; of the published ones the usual and those that are here, or all of them."""
    found = [name for name, entry in here.items() if group_of(entry) == group]
    if group == "app":
        return sorted(found, key=lambda name: BEST.index(name) if name in BEST else len(BEST))
    if group == "imagenet":
        return [*ROWS] if everything else [*DEFAULTS, *(name for name in ROWS if name in found and name not in DEFAULTS)]
    return found


def default(here: Mapping[str, Entry]) -> str | None:
    """The model that a new visitor meets: the best one that comes with the app, else any that can be used."""
    usable = [name for name, entry in here.items() if not entry.problem]
    return next((name for name in (*BEST, *usable) if name in usable), None)


def is_trained(card: dict) -> bool:
    return card.get("trained") is True


def knows_scenes(card: dict) -> bool:
    """Whether the model was trained on the procedural scenes and on nothing else; a file of somebody's is believed."""
    source = _part(card, "source")
    alone = source.get("kind", "own file") == "own file" and "model" not in source
    return is_trained(card) and _part(card, "data").get("name") == "scenes" and alone


def knows_imagenet(card: dict) -> bool:
    """Whether the model's classes are ImageNet's thousand, in their order."""
    return card.get("labels") == list(_thousand())


@lru_cache(maxsize=1)
def _thousand() -> tuple[str, ...]:
    return tuple(label.name for label in imagenet())


def title(entry: Entry) -> str:
    """Its name, as the choice shows it."""
    if entry.problem:
        return f"{entry.name} (cannot be used)"
    return entry.name if is_trained(entry.card) else f"{entry.name} (untrained)"


def offer_title(name: str) -> str:
    """That of published weights that are not here."""
    return f"{name} · {bytes_text(ROWS[name].approximate_bytes)}"


def facts(entry: Entry) -> list[tuple[str, str]]:
    """The card in short: name of a fact and what it says; empty where the card does not tell. Texts of the card may be anybody's."""
    card, (architecture, total) = entry.card, network(entry)
    return [
        *_shape(architecture),
        ("Learnt from", _learnt_from(card)),
        ("Accuracy", _accuracy(card)),
        ("Size", _size(total, entry.version[1])),
        ("Trained for", _length(card)),
        ("From", _origin(entry)),
        ("Licence", str(_part(card, "source").get("licence", ""))),
        ("Date", _date(entry)),
    ]


def offer(row: Row) -> list[tuple[str, str]]:
    """The same of published weights that are not here."""
    architecture, total = published(row.name)
    return [
        *_shape(architecture),
        ("Learnt from", DATA["imagenet"]),
        ("Accuracy", _as_published(row.top1, row.top1_by)),
        ("Size", _size(total, row.approximate_bytes)),
        ("From", _recipe(row.project, row.recipe)),
        ("Licence", row.licence),
    ]


def _shape(architecture: Architecture) -> list[tuple[str, str]]:
    side = architecture.input
    return [("Network", architecture.name), ("Input", f"{side.height} × {side.width} px"), ("Classes", f"{architecture.classes:,}")]


def _part(card: dict, key: str) -> dict:
    part = card.get(key)
    return part if isinstance(part, dict) else {}


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST else None


def _size(total: Cost, size: int) -> str:
    return f"{si(total.params)} parameters, {si(total.macs)} MACs, {bytes_text(size)}"


def _learnt_from(card: dict) -> str:
    """The data, in words where they are known ones; what it was before that, where it was fine-tuned."""
    data, source = _part(card, "data"), _part(card, "source")
    name, images = str(data.get("name", "")), _number(data.get("images"))
    words = "Imagenette" if name.startswith("imagenette") else DATA.get(name, name)
    count = f", {images:,.0f} photos" if images and words else ""
    before = f", after {source.get('model', 'another model')}" if source.get("kind") == "fine-tuned" or "model" in source else ""
    return f"{words}{count}{before}"


def _accuracy(card: dict) -> str:
    judged, published_for = _part(card, "evaluation"), _part(card, "published")
    if (accuracy := _number(judged.get("accuracy"))) is not None:
        images, foreign = _number(judged.get("images")), _part(card, "source").get("kind") == "own file"
        of = f" of {images:,.0f} new images" if images else ""
        return f"{percent(accuracy)}{of}, {'as its card says; not measured here' if foreign else 'measured'}"
    if (top1 := _number(published_for.get("top1"))) is not None:
        return _as_published(top1, str(published_for.get("by", "its authors")))
    return "never measured" if is_trained(card) else "none: it learnt nothing"


def _as_published(top1: float, by: str) -> str:
    return f"{top1:.1f} % of {VALIDATION}, as published by {by}; not measured here"


def _length(card: dict) -> str:
    steps, seconds = _number(card.get("steps")), _number(card.get("seconds"))
    if steps is None or not is_trained(card):
        return ""
    epochs = "" if (rounds := _number(card.get("epochs"))) is None else f"{rounds:.3g} {'epoch' if rounds == 1 else 'epochs'}, "
    spent = "" if seconds is None else f" in {_span(seconds)}"
    return f"{epochs}{steps:,.0f} steps{spent}" + (", not to its end" if card.get("finished") is False else "")


def _span(seconds: float) -> str:
    return si(seconds, "s") if seconds < 100 else f"{seconds / 60:.1f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _recipe(project: object, recipe: object) -> str:
    return f"{PROJECTS.get(str(project), str(project))}; recipe: {recipe}"


def _date(entry: Entry) -> str:
    day = str(entry.card.get("date", ""))[:10]
    return f"added {day}" if day and entry.origin in cards.ORIGINS else day


def _origin(entry: Entry) -> str:
    source = _part(entry.card, "source")
    if entry.origin == "published":
        return _recipe(source.get("project", "somebody"), source.get("recipe", "unknown"))
    if entry.origin == "own file":
        return f"the file {source.get('file', 'of somebody')}"
    return "comes with the app" if entry.bundled else "trained here" if is_trained(entry.card) else "made here"
