"""Lesson: a standard convolution. A kernel walks over a photo, and what that costs with M maps in and N maps out."""

import base64

import streamlit as st
from PIL import Image, ImageOps

from effnet_core.lessons import kernels
from effnet_core.lessons.convolution import PADDINGS, Convolution
from effnet_core.palette import SIGNED, themed, unit_colour

from .. import choosing, lesson, photo, shell, state
from ..components import component

SLUG = "convolution"
PIXELS = 96  # a side of the photo that travels; the browser shrinks it to the map's side
FIELDS = {"inputs": "conv_inputs", "outputs": "conv_outputs", "kernel": "conv_kernel", "stride": "conv_stride", "side": "conv_side"}
OPTIONS = {"conv_kernel": kernels.SIZES}
VOLUMES = {"in": "stages.0", "between": "stages.6", "kernel": "stages.1", "out": "stages.4"}  # what of a drawing has which stage's colour


def show() -> None:
    lesson.head(SLUG)
    _guess()
    left, right = st.columns([3, 8], gap="large")
    with left, st.container(key="conv_controls"):
        shape, filtered = _controls()
    with right:
        _walk(shape, filtered)
    st.markdown(f"##### What it costs\n{lesson.text(SLUG, 'cost')}")
    component("convolution")(key="convolution", data={**_sliders(shape), "colours": colours()}, height="content")
    with st.expander("Letters and words"):
        st.markdown(lesson.text(SLUG, "words"))
    lesson.foot(SLUG)


def colours() -> dict[str, str]:
    """Of the volumes that come in, lie between and go out, and of kernels."""
    return {name: unit_colour(stage, shell.theme()) for name, stage in VOLUMES.items()}


def _guess() -> None:
    """Twice as many kernels on a map of twice the side."""
    once, twice = Convolution(16, 16, 3, 32), Convolution(16, 32, 3, 64)
    times = twice.macs // once.macs
    options = [f"{factor} times" for factor in (2, 4, 8, 16)]
    lesson.ask(SLUG, options, options.index(f"{times} times"), once=f"{once.macs:,}", twice=f"{twice.macs:,}", times=str(times),
               few=f"{once.params:,}", many=f"{twice.params:,}")


def _controls() -> tuple[Convolution, str]:
    """The sliders and the choice of the kernel's numbers."""
    kept = {"bind": "query-params", "persist_state": "session"}
    inputs = st.slider("M, channels in", 1, 64, 3, key="conv_inputs", help=lesson.text(SLUG, "inputs"), **kept)
    outputs = st.slider("N, channels out: kernels", 1, 64, 16, key="conv_outputs", **kept)
    kernel = st.select_slider("Dᵣ, side of a kernel", kernels.SIZES, 3, key="conv_kernel", **kept)
    stride = st.slider("Stride s, cells per step", 1, 4, 1, key="conv_stride", **kept)
    side = st.slider("Dᵤ, side of the map", 8, 48, 32, key="conv_side", **kept)
    below = st.container(key="conv_tally")
    padding = st.segmented_control("Padding", PADDINGS, default="same", required=True, key="conv_padding",
                                   help=lesson.text(SLUG, "padding"),
                                   **kept)
    filtered = st.pills("The kernel's numbers", kernels.NAMES, default=kernels.NAMES[0], required=True, wrap=True, key="conv_filter",
                        **kept)
    if filtered == kernels.RANDOM:
        st.button("Draw others", icon=":material/casino:", key="conv_deal", on_click=_deal)
    _picture_choice()
    shape = Convolution(inputs, outputs, kernel, side, stride, padding)
    with below:
        component("tally")(key="tally", data=_sliders(shape), height="content")
    return shape, filtered


def _deal() -> None:
    st.session_state["_conv_seed"] = st.session_state.get("_conv_seed", 0) + 1


def _picture() -> tuple[str, photo.Picture]:
    wanted = state.get("photo") or photo.FALLBACK
    if wanted.startswith("scene-"):
        shell.boot_torch()  # it draws them
    return photo.current(wanted)


def _picture_choice() -> None:
    shown, _ = _picture()
    with st.popover("Another photo", icon=":material/image:", width="stretch"):
        choosing.choose(shown, offered=("sample", "upload"))


def _sliders(shape: Convolution) -> dict:
    """What a component needs to follow them; of one that chooses among options, the thumb stands at their number."""
    values = {key: getattr(shape, name) for name, key in FIELDS.items()}
    hand = {key: OPTIONS[key].index(value) if key in OPTIONS else value for key, value in values.items()}
    return {"hand": hand, "fields": FIELDS, "options": OPTIONS, "padding": shape.padding}


@st.cache_data(max_entries=64, show_spinner=False)
def _pixels(shown: str, _image: Image.Image) -> str:
    """Its middle, `PIXELS` a side: red, green and blue, row by row."""
    small = ImageOps.fit(_image.convert("RGB"), (PIXELS, PIXELS), Image.Resampling.BOX)
    return base64.b64encode(small.tobytes()).decode()


def _kernels(filtered: str) -> dict[int, dict]:
    """The chosen one in every size, since the slider of the size is followed."""
    own = kernels.read(state.get("kernel_numbers")) or kernels.preset("Identity", 3)
    seed = st.session_state.get("_conv_seed", 0)
    made = (kernels.resized(own, size) if filtered == kernels.HAND else kernels.preset(filtered, size, seed) for size in kernels.SIZES)
    return {kernel.size: {"divisor": kernel.divisor, "slices": kernel.slices} for kernel in made}


def _edited() -> None:
    text = st.session_state["walk"].edited
    if kernels.read(text):  # a browser may send anything
        state.put(kernel_numbers=text, conv_filter=kernels.HAND)


def _walk(shape: Convolution, filtered: str) -> None:
    shown, picture = _picture()
    drawn = "three" if shape.inputs == 3 else "one" if shape.inputs == 1 else "many"
    st.markdown(lesson.text(SLUG, f"walk_{drawn}", inputs=str(shape.inputs), outputs=str(shape.outputs)))
    data = {**_sliders(shape), "photo": _pixels(shown, picture.image), "name": picture.title, "filter": filtered,
            "kernels": _kernels(filtered), "palette": themed(SIGNED, shell.theme())}
    component("walk")(key="walk", data=data, on_edited_change=_edited, height="content")
    st.caption(lesson.text(SLUG, "kernel_" + filtered.lower().replace(" ", "_")))
