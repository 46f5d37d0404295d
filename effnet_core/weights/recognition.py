"""What network a file of weights belongs to, from the names and shapes of its tensors alone."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from ..architecture import Architecture, assemble
from ..errors import UserError
from ..families import EFFICIENTNET, LITE, PUBLISHED, published, small
from ..scaling import CLASSES_RANGE, FACTOR_RANGE, Scaling, round_channels, round_repeats
from .layouts import ENDS, OURS, check, differences

Shapes = Mapping[str, tuple[int, ...]]

SENTINELS = {**{layout: f"{ends['stem'][0]}.weight" for layout, ends in ENDS.items()}, OURS: "stem.conv.weight"}
HEADS = {layout: ends["classifier"][0] for layout, ends in ENDS.items()} | {OURS: "classifier"}
OTHER_HEADS = ("classifier", "classifier.0", "classifier.1", "fc", "_fc", "_fc.0", "_fc.1", "head")  # where people put a new one
IGNORED = (".total_ops", ".total_params", "total_ops", "total_params")  # left behind by counting tools
STEPS = (0.1, 0.05, 0.01, 0.002, 0.0005)  # of a factor that is looked for, the roundest first
OTHERS = (  # pattern of a key, what has such keys
    (r"layer1\.0\.conv\d\.weight", "a ResNet"),
    (r"(^|\.)features\.denseblock\d", "a DenseNet"),
    (r"patch_embed|encoder\.layers\.encoder_layer_0|cls_token", "a vision transformer"),
    (r"stages\.\d+\.blocks\.\d+\.(conv_dw|gamma)|downsample_layers\.", "a ConvNeXt"),
    (r"blocks\.\d+\.\d+\.conv_exp\.weight|features\.\d+\.\d+\.block\.0\.0\.weight", "an EfficientNetV2 or another kind of EfficientNet"),
    (r"features\.\d+\.conv\.\d", "a MobileNetV2"),
    (r"features\.\d+\.block\.\d|blocks\.\d+\.\d+\.conv_dw", "a MobileNet or a relative"),
    (r"(^|\.)features\.\d+\.weight", "a VGG network or an AlexNet"),
    (r"embeddings\.|lm_head|transformer\.|attention\.", "a language model"),
)


@dataclass(frozen=True)
class Recognised:
    """A network that fits tensor by tensor. `variant` is its published name, or None for another scaling."""

    layout: str
    architecture: Architecture
    variant: str | None
    keys: dict[str, str]  # name in the layout → name in the file

    def pick(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The tensors that belong to the network, under the layout's names."""
        return {theirs: state[key] for theirs, key in self.keys.items()}


def recognise(shapes: Shapes) -> Recognised:
    """The network whose tensors have these names and shapes, whatever prefix the names have.

    Raises `UserError`, saying what was seen, where it is none of ours.
    """
    layout, prefix = _layout(shapes)
    keys = _keys(shapes, layout, prefix)
    found = {theirs: tuple(shapes[key]) for theirs, key in keys.items()}
    head = found.get(f"{HEADS[layout]}.weight", (1000, 0))
    if len(head) != 2 or not CLASSES_RANGE[0] <= head[0] <= CLASSES_RANGE[1]:
        raise UserError(f"its classifier has the shape {head}; a classifier has one row for each of 1 to {CLASSES_RANGE[1]:,} classes.")
    width = found[SENTINELS[layout]][0]
    known = {name: published(name, head[0]) for name in PUBLISHED}
    likely = [one for one in known.values() if one.stem.output.channels == width] or [*known.values()]
    others = [small(classes=head[0]), _inferred(found, head[0])] if layout == OURS else []
    rated = ((sum(map(len, differences(found, one, layout))), one) for one in (*likely, *filter(None, others)))
    wrong, best = min(rated, key=lambda pair: pair[0])
    if wrong > len(found) / 2:
        raise UserError(_unknown(shapes))
    if f"{HEADS[layout]}.weight" not in found:
        raise UserError(f"it looks like {best.name} in the layout {layout!r}, but has no classifier that is one linear layer, so it "
                        "cannot name classes; save the whole network's weights.")
    check(found, best, layout)
    return Recognised(layout, best, next((name for name, one in known.items() if one is best), None), keys)


def _layout(shapes: Shapes) -> tuple[str, str]:
    """(layout, prefix of every name). Raises `UserError` where there is no EfficientNet's first layer, or more than one."""
    places = [(layout, key.removesuffix(sentinel)) for layout, sentinel in SENTINELS.items() for key, shape in shapes.items()
              if (key == sentinel or key.endswith("." + sentinel)) and len(shape) == 4]
    if not places:
        raise UserError(_unknown(shapes))
    if len(places) > 1:
        raise UserError(f"it holds {len(places)} networks, under {', '.join(repr(prefix[:40]) for _, prefix in places[:4])}; save the "
                        "weights of one of them.")
    return places[0]


def _keys(shapes: Shapes, layout: str, prefix: str) -> dict[str, str]:
    """Name without the prefix, that of the classifier made regular → name in the file."""
    keys = {key.removeprefix(prefix): key for key in shapes if key.startswith(prefix) and not key.endswith(IGNORED)}
    head = HEADS[layout]
    if f"{head}.weight" not in keys:
        other = next((name for name in OTHER_HEADS if len(shapes.get(keys.get(f"{name}.weight", ""), ())) == 2), None)
        keys = {key.replace(f"{other}.", f"{head}.", 1) if other and key in (f"{other}.weight", f"{other}.bias") else key: their
                for key, their in keys.items()}
    return keys


def _unknown(shapes: Shapes) -> str:
    """What the file seems to be instead."""
    seen = [f"{key[:60]} ({' × '.join(map(str, shape)) or 'one number'})" for key, shape in list(shapes.items())[:3]]
    other = next((what for pattern, what in OTHERS if any(re.search(pattern, key) for key in shapes)), None)
    looks = f", which looks like {other}" if other else ""
    return (f"it is none of the EfficientNets that are known here: it holds {len(shapes):,} tensors such as {', '.join(seen) or 'none'}"
            f"{looks}. B0 to B8, L2 and Lite0 to Lite4 can be used, as torchvision, timm or EfficientNet-PyTorch name their tensors.")


def _inferred(found: Shapes, classes: int) -> Architecture | None:
    """The network in our own names, of whatever depth and width; its side cannot be told from weights."""
    blocks = {tuple(map(int, place.groups())) for key in found if (place := re.match(r"stages\.(\d{1,2})\.(\d{1,3})\.project\.", key))}
    family = EFFICIENTNET if any(".se." in key for key in found) else LITE
    scaled = slice(1, -1) if family.fixed_ends else slice(None)
    repeats = [(row.repeats, sum(stage == index for stage, _ in blocks)) for index, row in enumerate(family.rows)][scaled]
    outer = [] if family.fixed_ends else [(family.stem, "stem"), (family.head, "head")]
    inner = [(row.channels, f"stages.{index}.0.project") for index, row in enumerate(family.rows)]
    channels = [(base, next(iter(found.get(f"{layer}.conv.weight", ())), 0)) for base, layer in (*outer, *inner)]
    depth = _factor(repeats, round_repeats, (-1, 0))
    width = _factor(channels, round_channels, (-12, 4))
    if depth is None or width is None:
        return None
    return assemble(family, Scaling(depth, width, family.side), classes, f"EfficientNet of depth {depth:g} and width {width:g}")


def _factor(pairs: list[tuple[int, int]], rounded: Callable[[int, float], int], reach: tuple[int, int]) -> float | None:
    """The roundest factor that takes every base to what it became, or None; rounding moves a product by no more than `reach`."""
    low = max(FACTOR_RANGE[0], *((became + reach[0]) / base for base, became in pairs))
    high = min(FACTOR_RANGE[1], *((became + reach[1]) / base for base, became in pairs))
    tried = (round(multiple * step, 6) for step in STEPS for multiple in range(ceil(low / step), floor(high / step) + 1))
    return next((factor for factor in tried if factor >= low and all(rounded(base, factor) == became for base, became in pairs)), None)
