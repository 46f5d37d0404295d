"""The model zoo: base networks as rows, published variants as rows, and the two ways to a scaled network."""

from dataclasses import replace

from .architecture import Architecture, Family, Row, assemble
from .errors import UserError
from .scaling import Compound, Scaling

EFFICIENTNET = Family(  # paper Table 1; B0 was found by neural architecture search
    "efficientnet",
    rows=(
        Row(1, 3, 1, 16, 1),
        Row(6, 3, 2, 24, 2),
        Row(6, 5, 2, 40, 2),
        Row(6, 3, 2, 80, 3),
        Row(6, 5, 1, 112, 3),
        Row(6, 5, 2, 192, 4),
        Row(6, 3, 1, 320, 1),
    ),
    side=224,
)
LITE = replace(EFFICIENTNET, name="lite", activation="relu6", se_ratio=0.0, fixed_ends=True)
SMALL = replace(EFFICIENTNET, name="small", side=48, stem_stride=1)  # for small images: the stem keeps the resolution

MOBILENET_V1 = Family(  # Howard et al., arXiv 1704.04861, Table 1; ReLU6 as in its authors' code
    "mobilenetv1",
    rows=(
        Row(1, 3, 1, 64, 1, "separable"),
        Row(1, 3, 2, 128, 2, "separable"),
        Row(1, 3, 2, 256, 2, "separable"),
        Row(1, 3, 2, 512, 6, "separable"),
        Row(1, 3, 2, 1024, 2, "separable"),
    ),
    side=224, head=0, activation="relu6", se_ratio=0.0, stochastic_depth=0.0, dropout=0.001, title="MobileNetV1",
)
MOBILENET_V2 = Family(  # Sandler et al., arXiv 1801.04381, Table 2
    "mobilenetv2",
    rows=(
        Row(1, 3, 1, 16, 1),
        Row(6, 3, 2, 24, 2),
        Row(6, 3, 2, 32, 3),
        Row(6, 3, 2, 64, 4),
        Row(6, 3, 1, 96, 3),
        Row(6, 3, 2, 160, 3),
        Row(6, 3, 1, 320, 1),
    ),
    side=224, activation="relu6", se_ratio=0.0, whole_head=True, stochastic_depth=0.0, dropout=0.2, title="MobileNetV2",
)
MNASNET_A1 = Family(  # Tan et al., arXiv 1807.11626, Figure 7
    "mnasnet-a1",
    rows=(
        Row(1, 3, 1, 16, 1),
        Row(6, 3, 2, 24, 2),
        Row(3, 5, 2, 40, 3, se_ratio=0.25),
        Row(6, 3, 2, 80, 4),
        Row(6, 3, 1, 112, 2, se_ratio=0.25),
        Row(6, 5, 2, 160, 3, se_ratio=0.25),
        Row(6, 3, 1, 320, 1),
    ),
    side=224, activation="relu", se_ratio=0.0, whole_head=True, stochastic_depth=0.0, dropout=0.2, title="MnasNet-A1",
)


def _resnet(layers: int, *repeats: int) -> Family:
    """He et al., arXiv 1512.03385, Table 1; the stride in the 3×3 convolution, as most implementations have it ("v1.5")."""
    rows = (Row(4, 3, 1 if i == 0 else 2, 64 * 2**i, count, "bottleneck") for i, count in enumerate(repeats))
    return Family(f"resnet{layers}", tuple(rows), side=224, stem=64, stem_kernel=7, maxpool=True, head=0, activation="relu", se_ratio=0.0,
                  stochastic_depth=0.0, dropout=0.0, title=f"ResNet-{layers}")


RESNET_50, RESNET_152 = _resnet(50, 3, 4, 6, 3), _resnet(152, 3, 8, 36, 3)
RIVALS = {family.name: family for family in (MOBILENET_V1, MOBILENET_V2, MNASNET_A1, RESNET_50, RESNET_152)}
FAMILIES = {family.name: family for family in (EFFICIENTNET, LITE, SMALL)} | RIVALS

# depth, width, side, dropout: the released coefficients (Lite: the released Lite table). They follow no single φ.
PUBLISHED = {
    "b0": (EFFICIENTNET, Scaling(1.0, 1.0, 224, 0.2)),
    "b1": (EFFICIENTNET, Scaling(1.1, 1.0, 240, 0.2)),
    "b2": (EFFICIENTNET, Scaling(1.2, 1.1, 260, 0.3)),
    "b3": (EFFICIENTNET, Scaling(1.4, 1.2, 300, 0.3)),
    "b4": (EFFICIENTNET, Scaling(1.8, 1.4, 380, 0.4)),
    "b5": (EFFICIENTNET, Scaling(2.2, 1.6, 456, 0.4)),
    "b6": (EFFICIENTNET, Scaling(2.6, 1.8, 528, 0.5)),
    "b7": (EFFICIENTNET, Scaling(3.1, 2.0, 600, 0.5)),
    "b8": (EFFICIENTNET, Scaling(3.6, 2.2, 672, 0.5)),
    "l2": (EFFICIENTNET, Scaling(5.3, 4.3, 800, 0.5)),
    "lite0": (LITE, Scaling(1.0, 1.0, 224, 0.2)),
    "lite1": (LITE, Scaling(1.1, 1.0, 240, 0.2)),
    "lite2": (LITE, Scaling(1.2, 1.1, 260, 0.3)),
    "lite3": (LITE, Scaling(1.4, 1.2, 280, 0.3)),
    "lite4": (LITE, Scaling(1.8, 1.4, 300, 0.3)),
}
SCENES = Scaling(depth=0.5, width=0.35, side=48, dropout=0.0)  # of SMALL: learns the procedural scenes in minutes on two cores
PAPER = (1.2, 1.1, 1.15)  # α, β, γ as the paper found them (§4)
BASES = {"b0": EFFICIENTNET, "lite0": LITE, "small": SMALL} | RIVALS
UNSCALED = {name: (family, Scaling(1.0, 1.0, family.side, family.dropout)) for name, family in RIVALS.items()}
NAMES = (*PUBLISHED, *UNSCALED)  # all that `published` knows


def title(name: str) -> str:
    """The network of that name, as people write it: `EfficientNet-B0`, `ResNet-50`."""
    return RIVALS[name].title if name in RIVALS else f"EfficientNet-{name.capitalize()}"


def published(name: str, classes: int = 1000) -> Architecture:
    """The released network `name`: `b0`…`b8`, `l2`, `lite0`…`lite4`, or one of the families that the paper compares and scales:
    `mobilenetv1`, `mobilenetv2`, `mnasnet-a1`, `resnet50`, `resnet152`. Raises `UserError` for any other name."""
    if name not in NAMES:
        raise UserError(f"There is no published network {name!r}; there are {', '.join(NAMES)}.")
    family, scaling = (PUBLISHED | UNSCALED)[name]
    return assemble(family, scaling, classes, title(name))


def compound(
    phi: float, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15, base: str = "b0", classes: int = 1000
) -> Architecture:
    """The network that the paper's equation 3 gives: depth α^φ, width β^φ, resolution γ^φ times `base`, of any family.

    Raises `UserError` where a coefficient, or what follows from it, is outside the allowed range.
    """
    if base not in BASES:
        raise UserError(f"There is no base network {base!r}; there are {', '.join(BASES)}.")
    family = BASES[base]
    scaling = Compound(phi, alpha, beta, gamma).scaling(family.side)
    if family.dropout is not None:
        scaling = replace(scaling, dropout=family.dropout)
    others = "" if (alpha, beta, gamma) == PAPER else f", α = {alpha:g}, β = {beta:g}, γ = {gamma:g}"
    return assemble(family, scaling, classes, f"{family.title or base.capitalize()} scaled by φ = {phi:g}{others}")


def small(scaling: Scaling = SCENES, classes: int = 10) -> Architecture:
    """The base for small images under `scaling`; by default the network that is trained on the procedural scenes."""
    return assemble(SMALL, scaling, classes, f"EfficientNet for {scaling.side}-pixel images")


def to_spec(architecture: Architecture) -> dict:
    """The few JSON values that determine `architecture`, for a checkpoint's card or another process."""
    s = architecture.scaling
    return {"name": architecture.name, "family": architecture.family.name, "depth": s.depth, "width": s.width,
            "side": s.side, "dropout": s.dropout, "classes": architecture.classes}


def from_spec(spec: dict) -> Architecture:
    """The inverse of `to_spec`. Raises `UserError` where a value is missing or impossible."""
    if not isinstance(spec, dict):
        raise UserError(f"A network's description is a JSON object, got {type(spec).__name__}.")
    try:
        family = FAMILIES[spec["family"]]
        scaling = Scaling(spec["depth"], spec["width"], spec["side"], spec["dropout"])
        return assemble(family, scaling, spec["classes"], str(spec["name"]))
    except (KeyError, TypeError) as missing:  # a list where a text belongs
        raise UserError(f"The network's description lacks or misnames {missing}; "
                        f"it needs name, family ({', '.join(FAMILIES)}), depth, width, side, dropout and classes.") from None
