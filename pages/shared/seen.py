"""One forward pass per model and picture, remembered for all visitors; and what is asked of it later."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from hashlib import blake2b
from io import BytesIO
from typing import NamedTuple, TypeVar

import numpy as np
import streamlit as st
from PIL import Image

from effnet_core.architecture import Architecture
from effnet_core.cards import Entry
from effnet_core.checkpoints import Pretrained
from effnet_core.cost import FLOAT_BYTES
from effnet_core.errors import UserError
from effnet_core.inside.geometry import Grid, grids
from effnet_core.inside.gradients import gradients
from effnet_core.inside.inspection import Inspection, Opened, inspect, open_unit, operate
from effnet_core.inside.surgery import Gates, Plan, Source, fitting, operation, read
from effnet_core.inside.survey_files import mean_gates

from . import html, memory, models, photo, state, texts

Made = TypeVar("Made")

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
    untouched: Inspection  # as the network does it
    seen: Inspection  # with the gates that the visitor has set; the same where none is
    surgery: str = ""  # the shared value that says which
    operated: str = ""  # tells these gates from any others, where some are set

    @property
    def network(self) -> Architecture:
        return self.model.network.architecture

    @property
    def bare(self) -> "Look":
        """The same without the visitor's gates."""
        return self._replace(seen=self.untouched, surgery="", operated="")

    @property
    def plan(self) -> Plan:
        """What is set by hand."""
        return read(self.surgery)

    @property
    def source(self) -> Source:
        """Where gates for a plan come from."""
        return Source(self.untouched.gates, mean_gates(self.entry), lambda shown: _gates_of(self.entry, self.model, shown))

    @property
    def grids(self) -> dict[str, Grid]:
        """Unit and layer id → where its cells lie; a fraction of a millisecond."""
        return grids(self.network, self.model.network.padding, self.seen.image.shape[-1])

    @property
    def stamp(self) -> str:
        """What every figure says of weights that learnt nothing."""
        return "" if models.is_trained(self.entry.card) else "untrained weights"

    def kept(self, what: str, make: Callable[[], Made], size: int, extra: int = 0, *more: object) -> Made:
        """What `make` makes of this look, remembered for all visitors under `what` and `more`; `size` bytes, `extra` more
        while it is made."""
        return memory.shared().get(self._place(what, *more), make, size, extra)

    def keeps(self, what: str, *more: object) -> bool:
        """Whether that is remembered now."""
        return self._place(what, *more) in memory.shared()

    def _place(self, what: str, *more: object) -> tuple:
        return (what, *_key(self.entry, self.shown), self.operated, *more)

    def gradients(self, label: int) -> dict[str, np.ndarray]:
        """How the logit of class `label` would change with what every unit hands on: unit id → C H W."""
        return self.kept("gradients", lambda: gradients(self.model, self.seen, label), *memory.backward(self.network), label)

    def opened(self, unit: str) -> Opened:
        """What goes on within a unit other than the classifier."""
        size = memory.opened(self.network, unit)
        return self.kept("opened", lambda: open_unit(self.model, self.seen, unit), size, size, unit)


def titled(at: Look, title: str) -> str:
    """The title of a figure, or of what stands under a heading; of weights that learnt nothing it says so."""
    return f"{title} ({at.stamp})" if at.stamp else title


def _key(entry: Entry, shown: str) -> tuple:
    return entry.path, entry.version, shown


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
    return _file(eye, "JPEG", quality=92, subsampling=0), view, inspect(model, picture.tensor(model.preprocess))


def untouched(entry: Entry, model: Pretrained, shown: str, picture: photo.Picture) -> Look:
    """`picture`, whose shared value is `shown`, through `model`. Raises `UserError` where memory is short."""
    known = ("look", *_key(entry, shown)) in memory.shared()
    with nullcontext() if known else st.spinner("One pass through the network…"):
        return passed(entry, model, shown, picture)


def passed(entry: Entry, model: Pretrained, shown: str, picture: photo.Picture) -> Look:
    """The same without a word on the page, for work in a thread."""
    need = memory.need(model.network.architecture)
    eye, view, seen = memory.shared().get(("look", *_key(entry, shown)), lambda: _seen(model, picture), need.kept, need.extra)
    return Look(entry, model, shown, picture, eye, view, seen, seen)


def look(entry: Entry, model: Pretrained, shown: str, picture: photo.Picture, again: bool = False) -> Look:
    """The same with the gates that the visitor has set. What of them is not for this network is left out, after a sentence, which is not
    repeated where the page asks `again`."""
    bare = untouched(entry, model, shown, picture)
    try:
        wanted = read(state.get("surgery"))
        if not wanted:
            return bare  # without asking whence gates could come, which may mean reading much
        plan = fitting(wanted, bare.source)
        text = plan.write()
    except UserError as refused:
        st.warning(html.plain(str(refused)), icon=":material/info:")
        state.put(surgery="")
        return bare
    if len(plan.entries) < len(wanted.entries) and not again:
        st.warning(texts.text("inside_surgery", "left_out"), icon=":material/info:")
    return _operated(bare._replace(surgery=text), plan)


def recalled(entry: Entry, shown: str, surgery: str) -> Look:
    """A look by what it is of: for work that may come much later, or never, which should not hold a whole look until then. Raises
    `UserError` where the picture or the model is gone, or memory is short."""
    at = untouched(entry, models.model_of(entry), shown, photo.picture(shown))
    return _operated(at._replace(surgery=surgery), read(surgery)) if surgery else at


def _operated(at: Look, plan: Plan) -> Look:
    """Kept is what comes after the first gate that was set; what is before it is the untouched pass's."""
    made = operation(plan, at.source)
    if not made:  # only what gives gates back
        return at.bare
    at, names = at._replace(operated=_digest(made)), [*at.untouched.outputs]
    later = names[min(map(names.index, made)) :]
    size = sum(at.untouched.outputs[unit].nbytes for unit in later)

    def make() -> Inspection:
        done = operate(at.model, at.untouched, made)
        return replace(done, outputs={unit: done.outputs[unit] for unit in later})

    done = at.kept("operated", make, size, memory.need(at.network).extra)
    return at._replace(seen=replace(done, outputs=at.untouched.outputs | done.outputs))


def _digest(made: dict[str, np.ndarray]) -> str:
    seen = blake2b(digest_size=8)
    for block, gates in made.items():
        seen.update(block.encode() + gates.tobytes())
    return seen.hexdigest()


def _gates_of(entry: Entry, model: Pretrained, shown: str) -> Gates:
    """The gates on another picture, which are small; its maps are not kept for them. Raises `UserError` for an unknown picture."""
    network, picture = model.network.architecture, photo.picture(shown)
    need, size = memory.need(network), FLOAT_BYTES * sum(layer.input.channels for layer in network.layers if layer.operator == "se")
    return memory.shared().get(("gates", *_key(entry, shown)), lambda: inspect(model, picture.tensor(model.preprocess)).gates, size,
                               need.kept + need.extra)
