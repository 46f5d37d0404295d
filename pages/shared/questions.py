"""What a file of weights cannot tell: the questions, their answers proposed, and what they mean for the worker that converts it."""

import re
from pathlib import Path

import streamlit as st

from effnet_core import cards, labels
from effnet_core.errors import UserError
from effnet_core.preprocess import INTERPOLATIONS, Preprocess
from effnet_core.scaling import SIDE_RANGE
from effnet_core.weights.registry import HALVES, IMAGENET, TF_EPS, TORCH_EPS

from . import html, texts

EPSILONS = {"0.001, as TensorFlow has it": TF_EPS, "0.00001, as PyTorch has it": TORCH_EPS}
PADDINGS = {"same, as TensorFlow pads": "same", "symmetric, as PyTorch pads": "symmetric"}
NORMALISATIONS = {"ImageNet's mean and deviation": IMAGENET, "to −1 … 1": HALVES, "to 0 … 1": ((0.0,) * 3, (1.0,) * 3)}


def suggestion(file: str) -> str:
    """A free name for the model in `file`."""
    base = re.sub(r"[^a-z0-9]+", "-", Path(file).stem.lower()).strip("-")[:48] or "my-model"
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, 1000))
    return next((name for name in names if not _taken(name)), base)


def _taken(name: str) -> bool:
    try:
        return cards.path_of(name).exists()
    except UserError:
        return True


def ask(key: str, found: dict) -> dict | None:
    """A form with what `foreign.examine` left open in `found`; the answers once they are given."""
    asked, known = found["open_questions"], found["proposals"]
    with st.form(f"{key}_questions", border=False, enter_to_submit=False):
        given = {"name": st.text_input("Name of the model", suggestion(found["file"]), max_chars=64,
                                       help="Small letters, digits and hyphens.")}
        if asked:
            st.caption(texts.text("models", "asked"))
        if "eps" in asked:
            given["eps"] = EPSILONS[_choice("ε of batch norm", EPSILONS, known["eps"], "eps")]
        if "padding" in asked:
            given["padding"] = PADDINGS[_choice("Padding of the convolutions", PADDINGS, known["padding"], "padding")]
        if "preprocess" in asked:
            given["preprocess"] = _preprocessing(known["preprocess"])
        if known and known["labels"]["value"][:1] == ["class 0"]:
            given["labels"] = st.text_area("Labels, one a line", placeholder="\n".join(known["labels"]["value"][:3]),
                                           help=texts.text("models", "labels", classes=f"{found['classes']:,}"))
        if sure := [f"{texts.text('models', f'sure_{field}')}: {_said(field, one['value'])} ({one['reason']})"
                    for field, one in known.items() if one["sure"] and field != "labels"]:
            st.caption(html.plain(". ".join(sure) + "."))
        return given if st.form_submit_button("Add the model", type="primary", width="stretch", icon=":material/add:") else None


def _choice(label: str, options: dict, proposal: dict, section: str) -> str:
    values = [*options.values()]
    place = values.index(proposal["value"]) if proposal["value"] in values else 0
    return st.selectbox(label, list(options), index=place, help=_explained(section, proposal))


def _explained(section: str, proposal: dict) -> str:
    """What a question is about, and why that is proposed."""
    return f"{texts.text('models', section)} Proposed, since {html.plain(proposal['reason'])}."


def _preprocessing(proposal: dict) -> dict:
    """How its photos are prepared: five numbers in three questions."""
    value = proposal["value"]
    sides, cut = st.columns(2)
    resize = sides.number_input("Shorter side, px", *SIDE_RANGE, value["resize"], help=texts.text("models", "resize"))
    crop = cut.number_input("Square, px", *SIDE_RANGE, value["crop"], help=_explained("crop", proposal))
    interpolation = st.selectbox("Resizing", list(INTERPOLATIONS), index=[*INTERPOLATIONS].index(value["interpolation"]),
                                 help=texts.text("models", "interpolation"))
    pairs = [*NORMALISATIONS.values()]
    pair = tuple(value["mean"]), tuple(value["std"])
    chosen = st.selectbox("Pixel values", list(NORMALISATIONS), index=pairs.index(pair) if pair in pairs else 0,
                          help=texts.text("models", "normalisation"))
    mean, std = NORMALISATIONS[chosen]
    return {"resize": resize, "crop": crop, "interpolation": interpolation, "mean": mean, "std": std}


def _said(field: str, value: object) -> str:
    if field == "preprocess":
        return f"{value['resize']} → {value['crop']} px"
    return f"{value:.5f}".rstrip("0") if field == "eps" else str(value)


def arguments(path: Path, given: dict, classes: int) -> list[str]:
    """Of the worker that converts the file. Raises `UserError` for a name that is taken or unusable, and impossible answers."""
    if cards.path_of(given["name"]).exists():
        raise UserError(f"There is a model called {given['name']!r} already; choose another name.")
    args = ["fetch", "--file", str(path), "--name", given["name"]]
    args += ["--eps", repr(given["eps"])] if "eps" in given else []
    args += ["--padding", given["padding"]] if "padding" in given else []
    if preprocess := given.get("preprocess"):
        Preprocess(**preprocess)
        args += [word for field in ("resize", "crop", "interpolation") for word in (f"--{field}", str(preprocess[field]))]
        args += [word for field in ("mean", "std") for word in (f"--{field}", *map(repr, preprocess[field]))]
    if text := given.get("labels", "").strip():
        labels.parse(text, classes)
        file = path.with_name(f"{path.name}.labels.txt")
        file.write_text(text, encoding="utf-8")
        args += ["--labels", str(file)]
    return args
