"""The pictures behind a survey, and a click on one of them."""

from typing import NamedTuple

import streamlit as st

from effnet_core.errors import UserError
from effnet_core.inside.survey_pictures import Drawn, Kept, Pictures, pictures
from effnet_core.preprocess import Preprocess

from .. import memory, photo, state, texts
from ..seen import Look
from . import surveying

PICTURE = 300  # bytes that a photo takes in a list of them, roughly
ROOM = "inside_exciting"


class Album(NamedTuple):
    """Which pictures are meant. A callback, which lives as long as the session, holds this instead of them."""

    key: str
    title: str
    fingerprint: str
    images: int
    preprocess: Preprocess

    def open(self) -> Pictures:
        """The pictures, remembered for all visitors. Raises `UserError` where they are gone or are not any more what was measured."""
        opened = memory.shared().get(self._kept, lambda: pictures(self.key, self.preprocess), PICTURE * self.images)
        if opened.fingerprint != self.fingerprint:
            memory.shared().drop(lambda kept: kept == self._kept)
            raise UserError(texts.text(ROOM, "changed", data=self.title))
        return opened

    @property
    def _kept(self) -> tuple:
        return "album", *self


def album(at: Look, found: surveying.Found) -> Album:
    """That of a survey. Raises `UserError` where the data is gone."""
    source, facts = found.source, found.head.facts["data"]
    if not source.here:
        raise UserError(texts.text(ROOM, "gone", data=source.title))
    return Album(source.key, source.title, facts["fingerprint"], facts["of"], at.model.preprocess)


def look_at(meant: Album, image: int) -> None:
    """In a callback: the whole page looks at that picture."""
    try:
        opened = meant.open()
        if isinstance(opened, Drawn):
            label, seed = opened.scene(image)
            state.put(photo=f"scene-{label}-{seed}")
        elif isinstance(opened, Kept):
            state.put(photo=f"upload-{photo.uploads().keep(opened.whole(image))}")
    except UserError as gone:
        st.session_state["_refused_photo"] = str(gone)
