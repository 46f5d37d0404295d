"""How other implementations name the same tensors: our state-dict key → theirs, for three published key layouts.

Tensor order and shapes agree everywhere; only the names differ. `{g}` is the block's index in the network, `{s}` and `{j}` its
stage and its place in it, `{t}` the stage counted from 1.
"""

from .architecture import Architecture, Block
from .errors import UserError

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
LAYOUTS = tuple(ENDS)


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
    """Every key of our state dict, in order, with its name in `layout`: "timm", "torchvision" or "lukemelas".

    Raises `UserError` for another layout.
    """
    if layout not in ENDS:
        raise UserError(f"There is no key layout {layout!r}; there are {', '.join(LAYOUTS)}.")
    ends = ENDS[layout]
    keys = _conv_and_norm("stem", *ends["stem"])
    for block in architecture.blocks:
        keys.update(_block(block, layout))
    keys.update(_conv_and_norm("head", *ends["head"]))
    keys.update({f"classifier.{kind}": f"{ends['classifier'][0]}.{kind}" for kind in ("weight", "bias")})
    return keys
