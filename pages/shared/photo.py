"""The picture that is looked at: a scene, a sample, or a photo of the visitor's own; and what a model gets to see of it.

The shared value `photo` is "scene-<label>-<seed>", "sample-<name>" or "upload-<fingerprint>".
"""

import re
import threading
from collections import OrderedDict
from dataclasses import replace
from io import BytesIO
from typing import NamedTuple

import numpy as np
import streamlit as st
from PIL import Image, ImageOps

from effnet_core.data.datasets import Scenes, example
from effnet_core.errors import UserError
from effnet_core.photos import MAX_BYTES, decode, fingerprint, samples
from effnet_core.preprocess import Preprocess

from . import state, texts, truth
from .gallery import Sheet, Tile, gallery
from .html import plain

SOURCES = {"scene": "Scenes", "sample": "Samples", "upload": "Yours"}
DECODING = threading.BoundedSemaphore(2)  # a photo may need hundreds of megabytes for a moment
FALLBACK = "sample-cat"
REMEMBERED = 64  # uploads, of all visitors together
LONGEST = 1024  # of a remembered upload, pixels
SHOWN = 384  # side of a scene for the eye, pixels
THUMB = 72  # pixels
TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"]


class Picture(NamedTuple):
    """A picture for the eye, and its class where it is a scene."""

    image: Image.Image
    title: str
    scene: tuple[int, int] | None = None  # label index, seed

    def view(self, preprocess: Preprocess) -> Image.Image:
        """What the model sees: a scene drawn at its side, as in training; of any photo the centre."""
        return _scene(*self.scene, preprocess.crop) if self.scene else preprocess.view(self.image)

    def tensor(self, preprocess: Preprocess):
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


def _scene(label: int, seed: int, side: int) -> Image.Image:
    pixels = example(label, seed, side).mul(255).round().byte()
    return Image.fromarray(np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()))


def scene_of(photo: str) -> tuple[int, int] | None:
    """Label index and seed of a shared value that names a scene."""
    found = re.fullmatch(r"scene-([0-9]{1,3})-([0-9]{1,9})", photo)
    label, seed = map(int, found.groups()) if found else (-1, 0)
    return (label, seed) if 0 <= label < len(Scenes.labels) else None


@st.cache_resource(max_entries=32, show_spinner=False)
def _fixed(photo: str) -> Picture:
    if scene := scene_of(photo):
        return Picture(_scene(*scene, SHOWN), Scenes.labels[scene[0]], scene)
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
    return state.get("photo") or truth.fitting(card)


def current(wanted: str) -> tuple[str, Picture]:
    """The picture that has the shared value `wanted`, and that value; of a sample, after a sentence, where it is unknown or forgotten."""
    try:
        return wanted, picture(wanted)
    except UserError as gone:
        st.warning(str(gone), icon=":material/info:")
        return FALLBACK, picture(FALLBACK)


def _pick(photo: str) -> None:
    state.put(photo=photo)


def choose(shown: str) -> None:
    """Where the picture comes from, and the pictures there, of which `shown` is looked at."""
    kind = shown.partition("-")[0]
    if "photo_source" not in st.session_state or st.session_state.get("_source_of") != (state.get("photo") or kind):
        st.session_state["photo_source"] = kind if kind in SOURCES else "sample"
    st.session_state["_source_of"] = state.get("photo") or kind
    source = st.segmented_control("Picture", list(SOURCES), format_func=SOURCES.get, key="photo_source", required=True, width="stretch",
                                  persist_state="session")
    {"scene": _scenes, "sample": _samples, "upload": _yours}[source](shown)


def _sheet(images: list[Image.Image], pixelated: bool = False) -> Sheet:
    method = Image.Resampling.NEAREST if pixelated else Image.Resampling.LANCZOS
    whole, file = Image.new("RGB", (THUMB * len(images), THUMB)), BytesIO()
    for place, image in enumerate(images):
        whole.paste(ImageOps.fit(image, (THUMB, THUMB), method), (THUMB * place, 0))
    whole.save(file, "JPEG", quality=88)
    return Sheet(file.getvalue(), len(images), THUMB, THUMB)


@st.cache_data(max_entries=64, show_spinner=False)
def _scene_sheet(seed: int) -> Sheet:
    return _sheet([_scene(label, seed, THUMB) for label in range(len(Scenes.labels))])


@st.cache_data(max_entries=1, show_spinner=False)
def _sample_sheet() -> Sheet:
    return _sheet([sample.open() for sample in samples().values()])


def _shown_scene() -> tuple[int, int]:
    """Label and seed of the scene that is looked at, or was last."""
    scene = scene_of(state.get("photo")) or st.session_state.get("_scene", (0, 1))
    st.session_state["_scene"] = scene
    return scene


def _deal() -> None:
    label, seed = _shown_scene()
    _pick(f"scene-{label}-{(seed + 1) % 10**9}")


def _scenes(shown: str) -> None:
    _, seed = _shown_scene()
    tiles = [Tile(f"scene-{label}-{seed}", [label], title=name) for label, name in enumerate(Scenes.labels)]
    gallery("scenes", "One scene of each class", _scene_sheet(seed), tiles, size=46, chosen=shown, on_pick=_pick)
    st.button("Other scenes", icon=":material/casino:", on_click=_deal, width="stretch",
              help="Draws a new scene of every class. None was ever seen in training.")


def _samples(shown: str) -> None:
    tiles = [Tile(f"sample-{sample.name}", [place], title=f"{sample.title} ({sample.credit}, {sample.licence})")
             for place, sample in enumerate(samples().values())]
    gallery("samples", "Sample photos", _sample_sheet(), tiles, size=46, chosen=shown, on_pick=_pick)


def _take(key: str) -> None:
    """A file has come or gone: the photo in it is looked at, or a sentence says why not."""
    st.session_state.pop("_refused_photo", None)
    if (file := st.session_state.get(key)) is None:
        return
    try:
        with DECODING:
            found = uploads().keep(decode(file.getvalue()))
    except UserError as refused:
        st.session_state["_refused_photo"] = str(refused)
        return
    mine = st.session_state.setdefault("_uploads", [])
    st.session_state["_uploads"] = [*(key for key in mine if key != found), found][-10:]
    _pick(f"upload-{found}")


def _yours(shown: str) -> None:
    st.file_uploader("A photo", type=TYPES, key="photo_file", on_change=_take, args=("photo_file",), label_visibility="collapsed",
                     max_upload_size=MAX_BYTES >> 20)
    if "_refused_photo" in st.session_state:
        st.warning(st.session_state["_refused_photo"], icon=":material/info:")
    if st.toggle("Use the camera", key="photo_camera_on"):
        st.camera_input("Camera", key="photo_camera", on_change=_take, args=("photo_camera",), label_visibility="collapsed")
    mine = [(key, image) for key in st.session_state.get("_uploads", []) if (image := uploads().get(key))]
    if mine:
        tiles = [Tile(f"upload-{key}", [place], title=f"your photo {place + 1}") for place, (key, _) in enumerate(mine)]
        gallery("uploads", "Your photos", _sheet([image for _, image in mine]), tiles, size=46, chosen=shown, on_pick=_pick)
    st.caption(texts.text("inside", "privacy", most=str(REMEMBERED)))
