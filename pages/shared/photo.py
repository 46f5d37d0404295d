"""The picture that is looked at: a scene, a sample, or a photo of the visitor's own; and what a model gets to see of it.

The shared value `photo` is "scene-<label>-<seed>", "sample-<name>" or "upload-<fingerprint>".
"""

import re
import threading
from collections import OrderedDict
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st
from PIL import Image

from effnet_core.errors import UserError
from effnet_core.photos import fingerprint, samples

from . import state, texts
from .html import plain

if TYPE_CHECKING:
    from effnet_core.preprocess import Preprocess

FALLBACK = "sample-cat"
REMEMBERED = 64  # uploads, of all visitors together
LONGEST = 1024  # of a remembered upload, pixels
SHOWN = 384  # side of a scene for the eye, pixels


class Picture(NamedTuple):
    """A picture for the eye, and its class where it is a scene."""

    image: Image.Image
    title: str
    scene: tuple[int, int] | None = None  # label index, seed

    def view(self, preprocess: "Preprocess") -> Image.Image:
        """What the model sees: a scene drawn at its side, as in training; of any photo the centre."""
        return scene(*self.scene, preprocess.crop) if self.scene else preprocess.view(self.image)

    def tensor(self, preprocess: "Preprocess"):
        """`view`, normalised: 1 3 H W."""
        return replace(preprocess, resize=preprocess.crop).tensor(self.view(preprocess))


class Uploads:
    """The latest photos of all visitors, in memory only, so that a copied link shows the same photo while it is remembered."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._photos: OrderedDict[str, Image.Image] = OrderedDict()
        self._lock, self._most = threading.Lock(), most

    def keep(self, image: Image.Image) -> str:
        """Remembers `image`, at most `LONGEST` pixels a side, and returns its fingerprint."""
        image = image.copy()
        image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        key = fingerprint(image)
        with self._lock:
            self._photos[key] = image
            self._photos.move_to_end(key)
            while len(self._photos) > self._most:
                self._photos.popitem(last=False)
        return key

    def get(self, key: str) -> Image.Image | None:
        with self._lock:
            if key in self._photos:
                self._photos.move_to_end(key)
            return self._photos.get(key)


@st.cache_resource(show_spinner=False)
def uploads() -> Uploads:
    return Uploads()


@cache
def scenes() -> tuple[str, ...]:
    """What each class of scenes shows."""
    from effnet_core.data.datasets import Scenes  # brings torch, which a page of photos does not need

    return Scenes.labels


def scene(label: int, seed: int, side: int) -> Image.Image:
    from effnet_core.data.datasets import example

    pixels = example(label, seed, side).mul(255).round().byte()
    return Image.fromarray(np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()))


def scene_of(photo: str) -> tuple[int, int] | None:
    """Label index and seed of a shared value that names a scene."""
    found = re.fullmatch(r"scene-([0-9]{1,3})-([0-9]{1,9})", photo)
    if found is None:
        return None
    label, seed = map(int, found.groups())
    return (label, seed) if label < len(scenes()) else None


@st.cache_resource(max_entries=32, show_spinner=False)
def _fixed(photo: str) -> Picture:
    if found := scene_of(photo):
        return Picture(scene(*found, SHOWN), scenes()[found[0]], found)
    if (sample := samples().get(photo.removeprefix("sample-"))) and photo.startswith("sample-"):
        return Picture(sample.open(), sample.title)
    raise UserError(texts.text("inside", "photo_unknown", photo=plain(photo)))


def picture(photo: str) -> Picture:
    """The picture behind a shared value. Raises `UserError` for an unknown one, and for an upload that is no longer remembered."""
    kind, _, rest = photo.partition("-")
    if kind != "upload":
        return _fixed(photo)
    if (image := uploads().get(rest)) is None:
        raise UserError(texts.text("inside", "photo_forgotten", most=str(REMEMBERED)))
    return Picture(image, "your photo")


def chosen(card: dict) -> str:
    """The shared value of the picture: the visitor's choice, or what suits the model with this card."""
    from . import truth

    return state.get("photo") or truth.fitting(card)


def current(wanted: str) -> tuple[str, Picture]:
    """The picture that has the shared value `wanted`, and that value; of a sample, after a sentence, where it is unknown or forgotten."""
    try:
        return wanted, picture(wanted)
    except UserError as gone:
        st.warning(str(gone), icon=":material/info:")
        return FALLBACK, picture(FALLBACK)


def second(shown: str) -> str:
    """The shared value of the picture to compare `shown` with: the visitor's choice, or the next one of its kind."""
    name = shown.partition("-")[2]
    if found := scene_of(shown):
        default = f"scene-{(found[0] + 1) % len(scenes())}-{found[1]}"
    else:
        names = [*samples()]
        default = f"sample-{names[(names.index(name) + 1) % len(names) if name in names else 0]}"
    return state.get("other") or default
