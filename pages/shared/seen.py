"""One forward pass per model and picture, remembered for all visitors."""

from contextlib import nullcontext
from io import BytesIO
from typing import NamedTuple

import streamlit as st
from PIL import Image

from effnet_core.architecture import Architecture
from effnet_core.cards import Entry
from effnet_core.checkpoints import Pretrained
from effnet_core.inspection import Inspection, inspect

from . import memory, models, photo

SIDE = 384  # of the picture for the eye, pixels
LEAST_SIDE = 192  # pixels to which a small view is enlarged by whole pixels


class Look(NamedTuple):
    """A model, a picture, and what the one makes of the other. `eye` (JPEG) is for people, `view` (PNG) what the model gets."""

    entry: Entry
    model: Pretrained
    shown: str  # the shared value of the picture
    picture: photo.Picture
    eye: bytes
    view: bytes
    seen: Inspection

    @property
    def network(self) -> Architecture:
        return self.model.network.architecture

    @property
    def stamp(self) -> str:
        """What every figure says of weights that learnt nothing."""
        return "" if models.is_trained(self.entry.card) else "untrained weights"


def _file(image: Image.Image, kind: str, **options) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _enlarged(view: Image.Image) -> Image.Image:
    times = max(1, LEAST_SIDE // view.width)
    return view.resize((view.width * times, view.height * times), Image.Resampling.NEAREST)


def _seen(model: Pretrained, picture: photo.Picture) -> tuple[bytes, bytes, Inspection]:
    eye = picture.image.copy()
    eye.thumbnail((SIDE, SIDE))
    view = _file(_enlarged(picture.view(model.preprocess)), "PNG", compress_level=3)
    return _file(eye, "JPEG", quality=88), view, inspect(model, picture.tensor(model.preprocess))


def look(entry: Entry, model: Pretrained, shown: str, picture: photo.Picture) -> Look:
    """`picture`, whose shared value is `shown`, through `model`. Raises `UserError` where memory is short."""
    need, key = memory.need(model.network.architecture), ("look", entry.path, entry.version, shown)
    kept = memory.shared()
    with nullcontext() if key in kept else st.spinner("One pass through the network…"):
        return Look(entry, model, shown, picture, *kept.get(key, lambda: _seen(model, picture), need.kept, need.extra))
