"""What weights do not tell, batch norm's ε, padding, preprocessing and labels: the best guess, its reason, and whether to ask."""

from typing import NamedTuple

from .. import labels
from ..architecture import Architecture
from ..families import PUBLISHED
from ..preprocess import Preprocess
from .registry import IMAGENET, ROWS, TF_EPS, TORCH_EPS, Row

CROP_SHARE = 0.875  # of the resized shorter side that is kept, where nothing better is known


class Proposal(NamedTuple):
    """What a field most likely is, and why; where that is not `sure`, the person should be asked."""

    value: object
    reason: str
    sure: bool


def preprocess_of(row: Row) -> Preprocess:
    """What the weights of `row` were judged with."""
    return Preprocess(row.resize, row.crop, row.interpolation, row.mean, row.std)


def for_row(row: Row) -> dict[str, Proposal]:
    """For a file that is known to be that of `row`."""
    reason = f"the file is the published {row.file}"
    return {field: Proposal(value, reason, True) for field, value in _answers(row).items()}


def like_row(proposals: dict[str, Proposal], row: Row) -> dict[str, Proposal]:
    """For a file that most likely is that of `row`: what `proposals` leave open is as with it, and still to be asked."""
    reason = f"its layout, its network and the first {len(row.sha256)} digits of its checksum are those of the published {row.file}"
    answers = _answers(row)
    return {field: one if one.sure else Proposal(answers[field], reason, False) for field, one in proposals.items()}


def _answers(row: Row) -> dict[str, object]:
    return {"eps": row.eps, "padding": row.padding, "preprocess": preprocess_of(row), "labels": imagenet_names()}


def imagenet_names() -> tuple[str, ...]:
    return tuple(label.name for label in labels.imagenet())


def for_weights(file: str, layout: str, architecture: Architecture, variant: str | None) -> dict[str, Proposal]:
    """For a file of that name whose tensors are named as in `layout`."""
    eps, padding = _norm_and_padding(file, layout, variant)
    return {"eps": eps, "padding": padding, "preprocess": _preprocess(layout, architecture, variant),
            "labels": _labels(architecture.classes)}


def _norm_and_padding(file: str, layout: str, variant: str | None) -> tuple[Proposal, Proposal]:
    """ε of batch norm and padding, which no tensor shows."""
    if layout == "torchvision":
        known = variant in tuple(PUBLISHED)[:8]
        eps = TF_EPS if variant in ("b5", "b6", "b7") else TORCH_EPS
        why = f"torchvision builds {variant.upper()} with it" if known else "torchvision has no such variant; it builds B0 to B4 with it"
        return Proposal(eps, why, known), Proposal("symmetric", "torchvision pads all its networks so", True)
    if layout == "lukemelas":
        why = "EfficientNet-PyTorch builds all its networks so"
        return Proposal(TF_EPS, why, False), Proposal("same", why, False)
    if layout == "timm":
        ported = "tf_" in file.lower()
        seen = f"the file's name {'has' if ported else 'does not have'} tf_ in it"
        why = f"timm's efficientnet_… have ε 0.00001 and symmetric padding, its tf_efficientnet_… 0.001 and same; {seen}"
        return (Proposal(TF_EPS if ported else TORCH_EPS, why, False), Proposal("same" if ported else "symmetric", why, False))
    why = "this app's networks have it unless told otherwise"
    return Proposal(TF_EPS, why, False), Proposal("same", why, False)


def _preprocess(layout: str, architecture: Architecture, variant: str | None) -> Proposal:
    published = ROWS.get(f"imagenet-{variant}")
    if layout == "torchvision" and published:
        return Proposal(preprocess_of(published), f"it is what torchvision's own {variant.upper()} was published with", False)
    side = architecture.input.height
    resize = side if layout == "lukemelas" else round(side / CROP_SHARE)
    why = "weights cannot tell how their photos were prepared; this is the usual way at the variant's published side"
    return Proposal(Preprocess(resize, side, "bicubic", *IMAGENET), why, False)


def _labels(classes: int) -> Proposal:
    if classes == len(labels.imagenet()):
        return Proposal(imagenet_names(), "a thousand classes are most likely ImageNet's", True)
    return Proposal(labels.names(classes), "weights have no names for their classes, only numbers", True)
