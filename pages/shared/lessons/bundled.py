"""The model that comes with the app, and the bundled photos that the lessons show it."""

from typing import TYPE_CHECKING

import streamlit as st

from effnet_core.cards import Entry
from effnet_core.errors import UserError
from effnet_core.photos import samples

from .. import state

if TYPE_CHECKING:
    from ..seen import Look


def photos(key: str) -> str:
    """The choice of a bundled photo; its shared value."""
    known = samples()
    name = st.pills("Photo", list(known), default=next(iter(known)), format_func=lambda each: known[each].title, required=True, wrap=True,
                    **state.bound(key))
    return f"sample-{name}"


def look(photo: str) -> "tuple[Entry, Look]":
    """The bundled model, and its pass over a bundled photo, which all visitors share."""
    from effnet_core import cards

    from .. import models, seen
    from .. import photo as pictures

    name = cards.best_bundled()
    entry = next((entry for entry in cards.available() if entry.bundled and entry.name == name), None)
    if entry is None:
        raise UserError(f"The model {name} that comes with the app is missing; put assets/models back as it was.")
    return entry, seen.untouched(entry, models.model_of(entry), photo, pictures.picture(photo))
