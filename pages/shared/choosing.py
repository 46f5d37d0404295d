"""The choice of a picture: scenes, samples and photos of the visitor's own, as galleries; for the picture that is looked at, or another."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import NamedTuple

import streamlit as st
from PIL import Image, ImageOps

from effnet_core.errors import UserError
from effnet_core.photos import MAX_BYTES, decode, samples

from . import state, texts
from .gallery import Sheet, Tile, gallery
from .photo import REMEMBERED, scene, scene_of, scenes, uploads

SOURCES = {"scene": "Scenes", "sample": "Samples", "upload": "Yours"}
DECODING = threading.BoundedSemaphore(2)  # a photo may need hundreds of megabytes for a moment
THUMB = 72  # pixels
TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"]


class Slot(NamedTuple):
    """What the picture is chosen for: the name of a shared value, and what is called with a picture's."""

    value: str
    pick: Callable[[str], None]

    def named(self, widget: str) -> str:
        """The key of a widget that chooses for it."""
        return widget if self.value == "photo" else f"{self.value}_{widget}"


def _put(slot: str, photo: str) -> None:
    state.put(**{slot: photo})


def choose(shown: str, slot: str = "photo", label: str = "Picture", on_pick: Callable[[str], None] | None = None,
           offered: Sequence[str] = tuple(SOURCES)) -> None:
    """Where the picture comes from, of the sources that are `offered`, and the pictures there, of which `shown` is looked at. What is picked
    becomes the shared value `slot`, or is given to `on_pick`."""
    place = Slot(slot, on_pick or partial(_put, slot))
    key, kind = f"{slot}_source", shown.partition("-")[0]
    wanted = state.get(slot) or kind
    if st.session_state.get(key) not in offered or st.session_state.get(f"_{slot}_source_of") != wanted:
        st.session_state[key] = kind if kind in offered else "sample"
    st.session_state[f"_{slot}_source_of"] = wanted
    source = st.segmented_control(label, offered, format_func=SOURCES.get, key=key, required=True, width="stretch",
                                  persist_state="session")
    {"scene": _scenes, "sample": _samples, "upload": _yours}[source](shown, place)


def _sheet(images: list[Image.Image], pixelated: bool = False) -> Sheet:
    method = Image.Resampling.NEAREST if pixelated else Image.Resampling.LANCZOS
    whole, file = Image.new("RGB", (THUMB * len(images), THUMB)), BytesIO()
    for place, image in enumerate(images):
        whole.paste(ImageOps.fit(image, (THUMB, THUMB), method), (THUMB * place, 0))
    whole.save(file, "JPEG", quality=88)
    return Sheet(file.getvalue(), len(images), THUMB, THUMB)


@st.cache_data(max_entries=64, show_spinner=False)
def _scene_sheet(seed: int) -> Sheet:
    return _sheet([scene(label, seed, THUMB) for label in range(len(scenes()))])


@st.cache_data(max_entries=1, show_spinner=False)
def _sample_sheet() -> Sheet:
    return _sheet([sample.open() for sample in samples().values()])


def _shown_scene(slot: Slot) -> tuple[int, int]:
    """Label and seed of the scene that is looked at, or was last."""
    found = scene_of(state.get(slot.value)) or st.session_state.get(f"_{slot.value}_scene", (0, 1))
    st.session_state[f"_{slot.value}_scene"] = found
    return found


def _deal(slot: Slot) -> None:
    label, seed = _shown_scene(slot)
    slot.pick(f"scene-{label}-{(seed + 1) % 10**9}")


def _gallery(name: str, title: str, sheet: Sheet, tiles: list[Tile], shown: str, slot: Slot) -> None:
    gallery(slot.named(name), title, sheet, tiles, size=46, chosen=shown, on_pick=slot.pick)


def _scenes(shown: str, slot: Slot) -> None:
    _, seed = _shown_scene(slot)
    tiles = [Tile(f"scene-{label}-{seed}", [label], title=name) for label, name in enumerate(scenes())]
    _gallery("scenes", "One scene of each class", _scene_sheet(seed), tiles, shown, slot)
    st.button("Other scenes", icon=":material/casino:", key=slot.named("deal"), on_click=_deal, args=(slot,), width="stretch",
              help="Draws a new scene of every class. None was ever seen in training.")


def _samples(shown: str, slot: Slot) -> None:
    tiles = [Tile(f"sample-{sample.name}", [place], title=f"{sample.title} ({sample.credit}, {sample.licence})")
             for place, sample in enumerate(samples().values())]
    _gallery("samples", "Sample photos", _sample_sheet(), tiles, shown, slot)


def _take(key: str, slot: Slot) -> None:
    """A file has come or gone: the photo in it is looked at, or a sentence says why not."""
    st.session_state.pop(f"_refused_{slot.value}", None)
    if (file := st.session_state.get(key)) is None:
        return
    try:
        with DECODING:
            found = uploads().keep(decode(file.getvalue()))
    except UserError as refused:
        st.session_state[f"_refused_{slot.value}"] = str(refused)
        return
    mine = st.session_state.setdefault("_uploads", [])
    st.session_state["_uploads"] = [*(key for key in mine if key != found), found][-10:]
    slot.pick(f"upload-{found}")


def _yours(shown: str, slot: Slot) -> None:
    file, camera = slot.named("photo_file"), slot.named("photo_camera")
    st.file_uploader("A photo", type=TYPES, key=file, on_change=_take, args=(file, slot), label_visibility="collapsed",
                     max_upload_size=MAX_BYTES >> 20)
    if (refused := f"_refused_{slot.value}") in st.session_state:
        st.warning(st.session_state[refused], icon=":material/info:")
    if st.toggle("Use the camera", key=f"{camera}_on"):
        st.camera_input("Camera", key=camera, on_change=_take, args=(camera, slot), label_visibility="collapsed")
    mine = [(key, image) for key in st.session_state.get("_uploads", []) if (image := uploads().get(key))]
    if mine:
        tiles = [Tile(f"upload-{key}", [place], title=f"your photo {place + 1}") for place, (key, _) in enumerate(mine)]
        _gallery("uploads", "Your photos", _sheet([image for _, image in mine]), tiles, shown, slot)
    st.caption(texts.text("inside", "privacy", most=str(REMEMBERED)))
