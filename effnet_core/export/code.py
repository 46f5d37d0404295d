"""A network as PyTorch code that runs with plain torch alone: a handful of modules and the table of its stages.

The code makes the same network as `build`: equal names of weights, equal counts, equal outputs. It is text made from an `Architecture`;
nothing is traced, and no tensor exists.
"""

from string import Template

from ..architecture import Architecture
from ..cost import cost
from ..errors import UserError
from . import pieces

ACTIVATIONS = {"swish": "nn.SiLU", "relu6": "nn.ReLU6", "relu": "nn.ReLU"}
PADDINGS = {"same": pieces.CONVOLUTION_SAME, "symmetric": pieces.CONVOLUTION_SYMMETRIC}
BLOCKS = {"mbconv": ("MBConv", pieces.MBCONV), "separable": ("Separable", pieces.SEPARABLE),
          "bottleneck": ("Bottleneck", pieces.BOTTLENECK)}
FIELDS = {  # of a stage's row
    "mbconv": ["expand: int  # how many times wider the middle of a block is than its input", "kernel: int",
               "stride: int  # of the first block", "channels: int", "repeats: int"],
    "separable": ["kernel: int", "stride: int  # of the first block", "channels: int", "repeats: int"],
    "bottleneck": ["expand: int  # how many times wider a block's output is than its middle", "kernel: int",
                   "stride: int  # of the first block", "channels: int  # of the middle", "repeats: int"],
}
IMPORTS = "import math\nfrom typing import NamedTuple\n\nimport torch\nfrom torch import Tensor, nn"
LONGEST = 200  # characters of a name, or of a note


def source(architecture: Architecture, *, padding: str = "same", eps: float = 1e-3, momentum: float = 0.01,
           notes: tuple[str, ...] = ()) -> str:
    """The code, ending in a line break. `padding`, `eps` and `momentum` as in `build`; `notes` are further lines of its docstring.

    Raises `UserError` for an unknown padding.
    """
    if padding not in PADDINGS:
        raise UserError(f"The padding is {padding!r}; it must be one of {', '.join(PADDINGS)}.")
    own = {"ACTIVATION": ACTIVATIONS[architecture.family.activation], "EPS": f"{eps!r}", "MOMENTUM": f"{momentum!r}",
           "RATE": ", rate: float" if _drops(architecture) else ""}
    functions = "\nfrom torch.nn import functional as F" if padding == "same" else ""
    parts = [_docstring(architecture, notes) + "\n\n" + IMPORTS + functions, _table(architecture), *_modules(architecture, padding),
             pieces.INITIALISE, _network(architecture, padding), pieces.MAIN]
    return "\n\n".join(Template(part).safe_substitute(own).strip("\n") + "\n" for part in parts)


def _plain(text: str) -> str:
    """One line that can stand in a docstring, whatever it said: a network's name may come from anybody."""
    return "".join(letter for letter in text if letter.isprintable() and letter not in '"\\$')[:LONGEST]


def _docstring(architecture: Architecture, notes: tuple[str, ...]) -> str:
    total, scaling = cost(architecture), architecture.scaling
    lines = [
        f'"""{_plain(architecture.name)}: {scaling.side} × {scaling.side} pixels, {architecture.classes:,} classes.', "",
        "Needs torch and nothing else.",
        f"Parameters: {total.params:,}",
        f"MACs of one image: {total.macs:,}",
        f"FLOPs of one image: {total.flops:,}, two for each MAC",
        f"Base network: {architecture.family.name}, depth × {scaling.depth:.6g}, width × {scaling.width:.6g}",
        "Weights: called as in the files of EfficientNet, opened;",
        "    read one with safetensors.torch.load_file", *map(_plain, notes), '"""',
    ]
    return "\n".join(lines)


def _drops(architecture: Architecture) -> bool:
    return architecture.family.stochastic_depth > 0


def _has_se(architecture: Architecture) -> bool:
    return any(layer.operator == "se" for layer in architecture.layers)


def _table(architecture: Architecture) -> str:
    """The constants, and a row per stage."""
    family, ratios = architecture.family, _has_se(architecture)
    drop = [f"STOCHASTIC_DEPTH = {family.stochastic_depth!r}  # the rate that a block after the last one would have"] * _drops(architecture)
    last = [f"HEAD = {architecture.head.output.channels}"] if architecture.head else []
    fields = [*FIELDS[_kind(architecture)], *(["se_ratio: float  # squeezed channels, of the block's input channels"] if ratios else [])]
    rows = []
    for stage in architecture.stages:
        row = stage.row
        channels = stage.output.channels // (row.expand if row.kind == "bottleneck" else 1)
        ratio = [family.se_ratio if row.se_ratio is None else row.se_ratio] if ratios else []
        expand = [] if row.kind == "separable" else [row.expand]
        rows.append(f"    Stage({', '.join(map(str, (*expand, row.kernel, row.stride, channels, len(stage.blocks), *ratio)))}),")
    words = "\n".join(f"    {field}" for field in fields)
    return "\n".join([
        f"class Stage(NamedTuple):\n{words}\n\n", f"SIDE = {architecture.scaling.side}  # pixels",
        f"STEM = {architecture.stem.output.channels}",
        "STAGES = (", *rows, ")", *last, f"CLASSES = {architecture.classes}", f"DROPOUT = {architecture.scaling.dropout!r}", *drop])


def _modules(architecture: Architecture, padding: str) -> list[str]:
    kind = _kind(architecture)
    same, se, drop = padding == "same", _has_se(architecture), _drops(architecture)
    found = [pieces.PADDING] * same + [PADDINGS[padding]] + [pieces.MAXPOOL_SAME] * (same and architecture.maxpool is not None)
    if kind != "mbconv":
        return [*found, BLOCKS[kind][1]]
    return [*found, *[pieces.SQUEEZE_EXCITATION] * se, *[pieces.STOCHASTIC_DEPTH] * drop, _mbconv(architecture, se, drop)]


def _kind(architecture: Architecture) -> str:
    kinds = {row.kind for row in architecture.family.rows}
    if len(kinds) > 1:
        raise UserError(f"{architecture.name} mixes {' and '.join(sorted(kinds))} blocks; code is written for networks of one kind of "
                        "block.")
    return kinds.pop()


def _mbconv(architecture: Architecture, se: bool, drop: bool) -> str:
    everywhere = all(any(layer.operator == "se" for layer in block.layers) for block in architecture.blocks)
    made = "SqueezeExcitation(middle, max(1, int(inputs * stage.se_ratio)))"
    unit = f"        self.se = {made}\n" if everywhere else f"        self.se = {made} if stage.se_ratio else nn.Identity()\n" * se
    middle = "self.depthwise(self.expand(x))"
    return Template(pieces.MBCONV).safe_substitute(
        WAY="expand → depthwise" + " → gate" * se + " → project", SE=unit, MIDDLE=f"self.se({middle})" if se else middle,
        DROP="        self.drop = StochasticDepth(rate)\n" * drop, BRANCH="self.drop(y)" if drop else "y")


def _network(architecture: Architecture, padding: str) -> str:
    maxpool = {"same": "MaxPool()", "symmetric": "nn.MaxPool2d(3, 2, padding=1)"}[padding]
    drop, features = _drops(architecture), "self.stem(x)"
    features = f"self.stages({f'self.maxpool({features})' if architecture.maxpool else features})"
    return Template(pieces.NETWORK).safe_substitute(
        CLASSES=architecture.classes, STEM_KERNEL=architecture.stem.kernel, STEM_STRIDE=architecture.stem.stride,
        MAXPOOL=f"        self.maxpool = {maxpool}\n" if architecture.maxpool else "", BLOCK=BLOCKS[_kind(architecture)][0],
        COUNT="        index, total = 0, sum(stage.repeats for stage in STAGES)\n" * drop, NEXT="                index += 1\n" * drop,
        DROPPED=", STOCHASTIC_DEPTH * index / total" if drop else "",
        HEAD="        self.head = ConvNormAct(channels, HEAD)\n" if architecture.head else "",
        TOP="HEAD" if architecture.head else "channels",
        FEATURES=f"self.head({features})" if architecture.head else features)
