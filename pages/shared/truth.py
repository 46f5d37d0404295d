"""What the pictures show, where that is known: of scenes their class, of the samples what a person sees, in the words of ImageNet."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from effnet_core.labels import imagenet

from . import shelf

FEW = 20  # classes that a line can list


class Truth(NamedTuple):
    """In words, and which labels are right."""

    words: str
    labels: tuple[str, ...] = ()


SAMPLES = {
    "cat": Truth("a cat", ("tiger cat", "Egyptian cat", "tabby")),
    "coffee": Truth("a cup of espresso", ("espresso", "cup", "coffee mug")),
    "astronaut": Truth("an astronaut with a space shuttle behind her", ("space shuttle",)),
    "photographer": Truth("a photographer and a tripod", ("tripod",)),
    "bricks": Truth("a brick wall"),
}
SCENE, CALM = "scene-0-1", "sample-cat"  # what is looked at first


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    return frozenset(label.name for label in imagenet())


def fitting(card: dict) -> str:
    """The picture, as a shared value, that suits a model where nobody has chosen one: of a class that it knows, where there is one."""
    if shelf.knows_scenes(card):
        return SCENE
    labels = set(card.get("labels", ()))
    return next((f"sample-{name}" for name, truth in SAMPLES.items() if labels.intersection(truth.labels)), CALM)


def of(shown: str, title: str, card: dict) -> Truth | None:
    """What the picture `shown`, called `title`, shows, in the words of the model with this card; None where nobody can say."""
    kind, _, name = shown.partition("-")
    if kind == "scene" and shelf.knows_scenes(card):
        return Truth(f"a {title}", (title,))
    if not (shelf.knows_scenes(card) or speaks_imagenet(card["labels"])):
        return None
    return Truth("a drawn scene") if kind == "scene" else SAMPLES.get(name) if kind == "sample" else None


def speaks_imagenet(labels: Sequence[str]) -> bool:
    """Whether all classes are ImageNet's, or some of them: then it can be said that something is none of them."""
    return _vocabulary().issuperset(labels)
