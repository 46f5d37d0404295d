"""One cell of one map under the microscope: the patch, the kernel, and the sum that became its number."""

from io import BytesIO

import numpy as np
import streamlit as st
from PIL import Image

from effnet_core.architecture import Layer
from effnet_core.figures import maps
from effnet_core.inside.arithmetic import Lens, convolutions, lens, macs, reads
from effnet_core.inside.inspection import Opened

from .. import shelf, shell, state, texts
from ..components import component
from ..seen import Look, titled
from .files import named
from .hands import Place, callbacks, lit_of, start_of
from .packet import Rows, pack, rows

COLOURS = ("red", "green", "blue")
SMALL = 150_000  # bytes of the picture as a PNG; a larger one travels as a JPEG


def show(at: Look) -> None:
    """A cell of the selected unit."""
    unit = state.selected(at.network)
    found = convolutions(at.network, unit)
    st.markdown(titled(at, "#### One cell"))
    if not found:
        st.caption(texts.text("inside_cell", unit))  # the classifier and max pooling have no maps of a convolution
        return
    layer, opened = _layer(found), at.opened(unit)
    channel = _channel(at, layer, opened)
    _choices(found, layer, channel)
    eye = lens(at.model.network, opened, layer.id, channel)
    place = _place(layer, eye.output)
    st.markdown(_lead(at, opened, layer, channel))
    _glass(at, eye, place)
    st.markdown(_price(at, layer))
    _words(at, eye, "se" in {part.part for name, parts in at.network.units() if name == unit for part in parts})


def _asked(key: str) -> str:
    return str(st.session_state.get(key, ""))  # from an address: anything


def _layer(found: list[Layer]) -> Layer:
    """The one that was asked for, in another unit the one of the same name, else the one that looks at neighbours."""
    wanted = _asked("cell_layer")
    same_name = [layer for layer in found if "." in wanted and layer.part == wanted.rpartition(".")[2]]
    neighbours = [layer for layer in found if layer.kernel > 1]
    return next((layer for layer in found if layer.id == wanted), [*same_name, *neighbours, *found][0])


def _meant(layer: Layer) -> bool:
    """Whether channel and cell were asked for in this layer."""
    return _asked("cell_layer") in ("", layer.id)


def _number(text: str, count: int) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 and int(text) < count else None


def _channel(at: Look, layer: Layer, opened: Opened) -> int:
    """The one that was asked for, else that with the greatest |value| anywhere."""
    if _meant(layer) and (asked := _number(_asked("cell_channel"), layer.output.channels)) is not None:
        return asked
    values = opened.layers[layer.id]
    return at.kept("cell channel", lambda: int(np.maximum(values.max((1, 2)), -values.min((1, 2))).argmax()), 64, 0, layer.id)


def _place(layer: Layer, output: np.ndarray) -> Place:
    row, _, column = _asked("cell_at").partition(",")
    place = _number(row, output.shape[0]), _number(column, output.shape[1])
    if _meant(layer) and None not in place:
        return place
    return tuple(map(int, np.unravel_index(np.abs(output).argmax(), output.shape)))


def _title(layer: Layer) -> str:
    return f"{layer.part} {layer.kernel}×{layer.kernel}"


def _choose_layer() -> None:
    if st.session_state["cell_layer_choice"]:
        st.session_state.update(cell_layer=st.session_state["cell_layer_choice"], cell_channel="", cell_at="")


def _choose_channel(layer: str) -> None:
    if st.session_state["cell_channel_number"] is not None:
        st.session_state.update(cell_layer=layer, cell_channel=str(int(st.session_state["cell_channel_number"])))


def _choices(found: list[Layer], layer: Layer, channel: int) -> None:
    which, number = st.columns([7, 3], gap="medium")
    titles = {each.id: _title(each) for each in found}
    st.session_state["cell_layer_choice"], st.session_state["cell_channel_number"] = layer.id, channel
    which.segmented_control("Convolution", list(titles), format_func=titles.get, key="cell_layer_choice", on_change=_choose_layer,
                            required=True, wrap=True)
    last = layer.output.channels - 1
    number.number_input(f"Output channel, 0 to {last:,}", 0, last, step=1, key="cell_channel_number", on_change=_choose_channel,
                        args=(layer.id,))


def _source(at: Look, opened: Opened, layer: Layer) -> str:
    """What the layer reads, in words."""
    name = reads(opened, layer)[0]
    if name:
        return texts.text("inside_cell", "source_se" if name.endswith(".se") else "source_layer", name=name.rpartition(".")[2])
    return texts.text("inside_cell", "source_picture" if layer.id == "stem" else "source_block" if "." in layer.id else "source_before")


def _lead(at: Look, opened: Opened, layer: Layer, channel: int) -> str:
    kind = "pointwise" if layer.kernel == 1 else layer.operator
    return texts.text("inside_cell", f"lead_{kind}", channel=str(channel), kernel=str(layer.kernel), inputs=f"{layer.input.channels:,}",
                      source=_source(at, opened, layer)) + (" " + texts.text("inside_cell", "surgery") if at.operated else "")


def _price(at: Look, layer: Layer) -> str:
    """What the cell costs, and that all cells of the layer cost what the table says."""
    each, shape = macs(layer), layer.output
    if layer.groups > 1:
        formula = f"k^2 = {layer.kernel}^2"
    else:
        formula = r"C_\text{in}" if layer.kernel == 1 else rf"k^2 · C_\text{{in}} = {layer.kernel}^2 · {layer.input.channels}"
    total, table = each * shape.elements, shelf.network(at.entry).total.rows[layer.id].macs
    return texts.text("inside_cell", "price", formula=formula, each=f"{each:,}", **shape._asdict(), cells=f"{shape.height * shape.width:,}",
                      total=f"{total:,}", table=f"{table:,}", verdict="the same" if total == table else "not the same")


def _words(at: Look, eye: Lens, has_se: bool) -> None:
    with st.expander("The terms"):
        st.markdown(texts.text("inside_cell", "terms", stride=str(eye.layer.stride), kernel=str(eye.layer.kernel), eps=f"{eye.norm.eps:g}"))
        st.markdown(texts.text("inside_cell", f"padding_{at.model.network.padding}"))
        if has_se:
            st.markdown(texts.text("inside_cell", "se"))


def _subject(at: Look, eye: Lens) -> str:
    return "|".join(map(str, (*at.entry.version, at.entry.path, at.shown, at.operated, eye.layer.id, eye.channel)))


def _glass(at: Look, eye: Lens, place: Place) -> None:
    subject, layer = _subject(at, eye), eye.layer
    start, band = start_of(subject, place), rows(eye, place[0])
    lit = lit_of(eye, subject, start)
    data = pack(_head(at, eye, subject, start, band, lit), _arrays(eye, band, lit), _picture(at) if layer.id == "stem" else b"")
    moved, lighted = callbacks(subject, layer.id, eye.channel, eye.output.shape, len(eye.input))
    component("cell")(key="cell", data=data, on_moved_change=moved, on_lighted_change=lighted, height="content")


def _head(at: Look, eye: Lens, subject: str, start: Place, band: Rows, lit: int) -> dict:
    layer = eye.layer
    return {
        "subject": subject, "start": start, "band": band, "lit": lit, "whole": band.last - band.first == eye.input.shape[1],
        "layer": layer.part, "channel": eye.channel, "kernel": layer.kernel, "stride": layer.stride, "before": eye.before,
        "input": eye.input.shape, "output": eye.output.shape, "activation": layer.activation,
        "names": COLOURS if layer.id == "stem" else (eye.channel,) if layer.groups > 1 else (),
        "reach": float(maps.tops(eye.input[lit : lit + 1])[0]),
        "skip": eye.skip and {"activation": eye.skip.activation, "name": "shortcut" if eye.skip.projected else "block's input"},
        "stamp": at.stamp, "theme": shell.theme(), "file": named(at, layer.id, "channel", eye.channel),
    }


def _arrays(eye: Lens, band: Rows, lit: int) -> dict[str, np.ndarray]:
    found = {
        "norm": np.array(eye.norm, np.float64),
        "palette": np.frombuffer(maps.colours(shell.theme()), np.uint8),
        "weights": eye.kernel, "values": eye.input[:, band.first : band.last], "recorded": eye.output,
    }
    if eye.skip:
        found |= {"added": eye.skip.added[band.low : band.high], "handed": eye.skip.recorded[band.low : band.high]}
    if band.last - band.first < eye.input.shape[1]:
        shown = eye.input[lit : lit + 1]
        found["shown"] = maps.indexes(shown, maps.tops(shown))
    return found


def _picture(at: Look) -> bytes:
    """What the model sees, for the map that the stem reads."""
    if len(at.view) <= SMALL:
        return at.view

    def smaller() -> bytes:
        file = BytesIO()
        Image.open(BytesIO(at.view)).convert("RGB").save(file, "JPEG", quality=88)
        return file.getvalue()

    return at.kept("cell picture", smaller, SMALL)
