"""One forward pass per model and picture, remembered for all visitors."""

from io import BytesIO
from typing import NamedTuple

import streamlit as st
from PIL import Image

from effnet_core.architecture import Architecture
from effnet_core.checkpoints import Entry, Pretrained
from effnet_core.inspection import Inspection, inspect
from effnet_core.latency import check_memory

from . import models, photo

MOST = 8  # passes in memory; each keeps two maps of every channel
SIDE = 384  # of the picture for the eye, pixels
LEAST_SIDE = 192  # pixels to which a small view is enlarged by whole pixels


class Look(NamedTuple):
    """A model, a picture, and what the one makes of the other. `eye` (JPEG) is for people, `view` (PNG) what the model gets."""

    entry: Entry
    model: Pretrained
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


@st.cache_resource(max_entries=MOST, show_spinner=False)
def _seen(path: str, version: tuple[int, int], shown: str, _model: Pretrained, _picture: photo.Picture) -> tuple[bytes, bytes, Inspection]:
    check_memory(_model.network.architecture)
    eye = _picture.image.copy()
    eye.thumbnail((SIDE, SIDE))
    view = _file(_enlarged(_picture.view(_model.preprocess)), "PNG", compress_level=3)
    return _file(eye, "JPEG", quality=88), view, inspect(_model, _picture.tensor(_model.preprocess))


def look(entry: Entry, model: Pretrained, shown: str, picture: photo.Picture) -> Look:
    """`picture`, whose shared value is `shown`, through `model`."""
    return Look(entry, model, picture, *_seen(str(entry.path), models.version(entry), shown, model, picture))
