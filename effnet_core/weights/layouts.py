"""How other implementations name the same tensors: our state-dict key ↔ theirs, for three published key layouts and our own.

Tensor order and shapes agree everywhere; only the names differ. `{g}` is the block's index in the network, `{s}` and `{j}` its
stage and its place in it, `{t}` the stage counted from 1.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..architecture import Architecture, Block, Layer
from ..errors import UserError

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
SE = ("reduce.weight", "reduce.bias", "expand.weight", "expand.bias")

ENDS = {  # layer id → (convolution, batch norm)
    "timm": {"stem": ("conv_stem", "bn1"), "head": ("conv_head", "bn2"), "classifier": ("classifier", "")},
    "torchvision": {"stem": ("features.0.0", "features.0.1"), "head": ("features.8.0", "features.8.1"),
                    "classifier": ("classifier.1", "")},
    "lukemelas": {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1"), "classifier": ("_fc", "")},
}
BLOCKS = {  # layer of a block → (convolution, batch norm), with an expansion
    "timm": ("blocks.{s}.{j}.", {"expand": ("conv_pw", "bn1"), "depthwise": ("conv_dw", "bn2"), "project": ("conv_pwl", "bn3"),
                                 "se": ("se.conv_reduce", "se.conv_expand")}),
    "torchvision": ("features.{t}.{j}.block.", {"expand": ("0.0", "0.1"), "depthwise": ("1.0", "1.1"), "project": ("3.0", "3.1"),
                                                "se": ("2.fc1", "2.fc2")}),
    "lukemelas": ("_blocks.{g}._", {"expand": ("expand_conv", "bn0"), "depthwise": ("depthwise_conv", "bn1"),
                                    "project": ("project_conv", "bn2"), "se": ("se_reduce", "se_expand")}),
}
PLAIN = {  # the same for blocks that do not expand
    "timm": {"depthwise": ("conv_dw", "bn1"), "project": ("conv_pw", "bn2"), "se": ("se.conv_reduce", "se.conv_expand")},
    "torchvision": {"depthwise": ("0.0", "0.1"), "project": ("2.0", "2.1"), "se": ("1.fc1", "1.fc2")},
    "lukemelas": BLOCKS["lukemelas"][1],
}
OURS = "ours"
LAYOUTS = (*ENDS, OURS)
COUNTER = "num_batches_tracked"  # of a batch norm; old files do not have it, and prediction does not need it


def _conv_and_norm(ours: str, conv: str, norm: str) -> dict[str, str]:
    return {f"{ours}.conv.weight": f"{conv}.weight", **{f"{ours}.norm.{key}": f"{norm}.{key}" for key in NORM}}


def _block(block: Block, layout: str) -> dict[str, str]:
    prefix, names = BLOCKS[layout]
    names = names if block.expand != 1 else PLAIN[layout]
    _, stage, place = block.id.split(".")
    prefix = prefix.format(s=stage, t=int(stage) + 1, j=place, g=block.index)
    keys: dict[str, str] = {}
    for layer in block.layers:
        first, second = names[layer.id.rpartition(".")[2]]
        if layer.operator == "se":
            theirs = [f"{prefix}{unit}.{kind}" for unit in (first, second) for kind in ("weight", "bias")]
            keys.update({f"{layer.id}.{ours}": their for ours, their in zip(SE, theirs)})
        else:
            keys.update(_conv_and_norm(layer.id, prefix + first, prefix + second))
    return keys


def key_map(architecture: Architecture, layout: str) -> dict[str, str]:
    """Every key of our state dict, in order, with its name in `layout`: "timm", "torchvision", "lukemelas" or "ours".

    Raises `UserError` for another layout.
    """
    if layout == OURS:
        return {key: key for key in shapes(architecture)}
    if layout not in ENDS:
        raise UserError(f"There is no key layout {layout!r}; there are {', '.join(LAYOUTS)}.")
    ends = ENDS[layout]
    keys = _conv_and_norm("stem", *ends["stem"])
    for block in architecture.blocks:
        keys.update(_block(block, layout))
    keys.update(_conv_and_norm("head", *ends["head"]))
    keys.update({f"classifier.{kind}": f"{ends['classifier'][0]}.{kind}" for kind in ("weight", "bias")})
    return keys


def _tensors(layer: Layer) -> Iterator[tuple[str, tuple[int, ...]]]:
    wide, narrow = layer.output.channels, layer.squeeze
    if layer.operator == "maxpool":
        kinds = {}
    elif layer.operator == "linear":
        kinds = {"weight": (wide, layer.input.channels), "bias": (wide,)}
    elif layer.operator == "se":
        kinds = dict(zip(SE, ((narrow, wide, 1, 1), (narrow,), (wide, narrow, 1, 1), (wide,))))
    else:
        kernel = (wide, layer.input.channels // layer.groups, layer.kernel, layer.kernel)
        kinds = {"conv.weight": kernel, **{f"norm.{key}": () if key == COUNTER else (wide,) for key in NORM}}
    return ((f"{layer.id}.{kind}", shape) for kind, shape in kinds.items())


def shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Every key of our state dict, in order, with its tensor's shape; no tensor is made."""
    return {key: shape for layer in architecture.layers for key, shape in _tensors(layer)}


def differences(found: Mapping[str, tuple[int, ...]], architecture: Architecture, layout: str) -> tuple[list[str], list[str], list[str]]:
    """Keys in `layout` that are (lacking, foreign, of another shape); counters of batch norms may lack."""
    expected = {theirs: shape for theirs, shape in zip(key_map(architecture, layout).values(), shapes(architecture).values())}
    lacking = [key for key in expected if key not in found and not key.endswith(COUNTER)]
    foreign = [key for key in found if key not in expected]
    misshaped = [key for key, shape in expected.items() if key in found and tuple(found[key]) != shape]
    return lacking, foreign, misshaped


def check(found: Mapping[str, tuple[int, ...]], architecture: Architecture, layout: str) -> None:
    """Raises `UserError` where names or shapes are not those of `architecture` in `layout`."""
    lacking, foreign, misshaped = differences(found, architecture, layout)
    what = f"{architecture.name} in the layout {layout!r}"
    if lacking:
        raise UserError(f"{len(lacking)} tensors of {what} are lacking, such as {lacking[0][:100]}.")
    if foreign:
        raise UserError(f"{len(foreign)} tensors do not belong to {what}, such as {foreign[0][:100]}.")
    if misshaped:
        expected = dict(zip(key_map(architecture, layout).values(), shapes(architecture).values()))
        raise UserError(f"{len(misshaped)} tensors of {what} have another shape, such as {misshaped[0]}: "
                        f"{tuple(found[misshaped[0]])} instead of {expected[misshaped[0]]}.")


def to_ours(state: Mapping[str, Any], architecture: Architecture, layout: str) -> dict[str, Any]:
    """The same tensors under our names, in our order. Counters of batch norms that lack stay out.

    Raises `UserError` where names or shapes are not those of `architecture` in `layout`.
    """
    check({key: tuple(tensor.shape) for key, tensor in state.items()}, architecture, layout)
    return {ours: state[theirs] for ours, theirs in key_map(architecture, layout).items() if theirs in state}


def from_ours(state: Mapping[str, Any], architecture: Architecture, layout: str) -> dict[str, Any]:
    """The inverse of `to_ours`, with the same errors."""
    check({key: tuple(tensor.shape) for key, tensor in state.items()}, architecture, OURS)
    return {theirs: state[ours] for ours, theirs in key_map(architecture, layout).items() if ours in state}
