"""The published ImageNet weights, one row per file: where it is, and what it must be used with.

Weights, batch norm's ε, padding and preprocessing belong together; files that differ only in these look alike from inside.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import floor

from ..architecture import Architecture, assemble
from ..cost import FLOAT_BYTES, cost
from ..errors import UserError
from ..families import published
from ..transfers import Source

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and standard deviation of red, green and blue
HALVES = ((0.5,) * 3, (0.5,) * 3)


@dataclass(frozen=True)
class Row:
    """A file of weights. `top1` is the share of ImageNet's validation images, in percent, that `top1_by` published for it."""

    name: str
    variant: str  # of `families.published`
    project: str  # whose key layout it has: "torchvision", "timm" or "lukemelas"
    url: str
    sha256: str  # hexadecimal; the first 8 digits where no more are published
    eps: float
    padding: str
    resize: int  # shorter side, pixels
    crop: int  # side of the centre square, pixels
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    top1: float
    top1_by: str
    recipe: str
    licence: str

    @property
    def file(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def source(self) -> Source:
        return Source(self.url, self.file, f"sha256:{self.sha256}")

    @cached_property
    def architecture(self) -> Architecture:
        """The network at the side that these weights are used with."""
        return resized(published(self.variant), self.crop)

    @cached_property
    def approximate_bytes(self) -> int:
        """Of the tensors alone: what the download is known to be within 3 %."""
        statistics = sum(2 * layer.output.channels for layer in self.architecture.layers if layer.operator not in ("se", "linear"))
        return FLOAT_BYTES * (cost(self.architecture).params + statistics)


def resized(architecture: Architecture, side: int, classes: int | None = None) -> Architecture:
    """The same weights' network for inputs of `side` pixels, and for `classes` classes where given."""
    scaling = replace(architecture.scaling, side=side)
    return assemble(architecture.family, scaling, architecture.classes if classes is None else classes, architecture.name)


TORCHVISION = (  # name, variant, file, SHA-256, resize, crop, interpolation, top-1, recipe
    ("b0", "b0", "b0_rwightman",
     "7f5810bc96def8f7552d5b7e68d53c4786f81167d28291b21c0d90e1fca14934", 256, 224, "bicubic", 77.692, "RandAugment"),
    ("b1", "b1", "b1", "c27df63c", 255, 240, "bilinear", 79.838, "torchvision's own, 2nd version"),
    ("b1-torchvision-v1", "b1", "b1_rwightman", "bac287d4", 256, 240, "bicubic", 78.642, "timm's"),
    ("b2", "b2", "b2_rwightman",
     "c35c147384e385a5bab5a8eabdabbe5a3df0487ee4a554108626ae474a5bf755", 288, 288, "bicubic", 80.608, "RandAugment"),
    ("b3", "b3", "b3_rwightman",
     "b3899882250c22946d0229d266049fcd133c169233530b36b9ffa7983988362f", 320, 300, "bicubic", 82.008, "RandAugment"),
    ("b4", "b4", "b4_rwightman",
     "23ab8bcd5bdbef61a7a43b91adcad81f622fd7f36fb4935a569828d77888c44e", 384, 380, "bicubic", 83.384, "RandAugment"),
    ("b5", "b5", "b5_lukemelas",
     "1a07897c0d357db7981640f6be44a63420f11deb932344a69768b62ebe272946", 456, 456, "bicubic", 83.444, "AutoAugment"),
    ("b6", "b6", "b6_lukemelas",
     "24a108a596a00ad522bdfb9a2d98a9bd31819dfd7e37dd96bad6bb5bc00d6015", 528, 528, "bicubic", 84.008, "AutoAugment"),
    ("b7", "b7", "b7_lukemelas",
     "c5b4e57e0da1a10bb4f8a5b410dd3b7b6e7461f9b757209be29409707c3d87dd", 600, 600, "bicubic", 84.122, "AutoAugment"),
)  # fmt: skip

TIMM = (  # name, variant, file, SHA-256, crop, crop / resize, top-1, recipe: trained in PyTorch
    ("b0-timm-ra", "b0", "b0_ra", "3dd342df", 224, 0.875, 77.698, "RandAugment"),
    ("b1-timm-ft", "b1", "b1", "533bc792", 256, 1.0, 78.806, "fine-tuned"),
    ("b2-timm-ra", "b2", "b2_ra", "bcdf34b7", 288, 1.0, 80.612, "RandAugment"),
    ("b3-timm-ra2", "b3", "b3_ra2", "cf984f9c", 320, 1.0, 82.296, "RandAugment"),
    ("b4-timm-ra2", "b4", "b4_ra2_320", "7eb33cd5", 384, 1.0, 83.468, "RandAugment"),
    ("lite0-timm-ra", "lite0", "lite0_ra", "37913777", 224, 0.875, 75.488, "RandAugment"),
)

CROPS = {"b0": (224, 0.875), "b1": (240, 0.882), "b2": (260, 0.890), "b3": (300, 0.904), "b4": (380, 0.922), "b5": (456, 0.934),
         "b6": (528, 0.942), "b7": (600, 0.949), "b8": (672, 0.954), "l2": (800, 0.96), "l2-475": (475, 0.936), "lite0": (224, 0.875),
         "lite1": (240, 0.882), "lite2": (260, 0.890), "lite3": (300, 0.904), "lite4": (380, 0.920)}  # crop, crop / resize
TENSORFLOW = {  # tag of Google's recipe, as timm ported the files: what it is, its mean and std, variant → (SHA-256, top-1)
    "": ("Google's baseline", IMAGENET, {
        "b0": ("0af12548", 76.542), "b1": ("5c1377c4", 78.546), "b2": ("e393ef04", 79.612), "b3": ("e3bd6955", 80.878),
        "b4": ("74ee3bed", 82.598), "b5": ("c6949ce9", 83.170)}),
    "aa": ("Google's AutoAugment", IMAGENET, {
        "b0": ("827b6e33", 76.882), "b1": ("ea7a6ee0", 78.840), "b2": ("60c94f97", 80.074), "b3": ("84b4657e", 81.648),
        "b4": ("818f208c", 83.040), "b5": ("99018a74", 83.696), "b6": ("80ba17e4", 84.124), "b7": ("076e3472", 84.424)}),
    "ra": ("Google's RandAugment", IMAGENET, {"b5": ("9a3e5369", 83.834), "b7": ("6c08e654", 84.926), "b8": ("572d5dd9", 85.344)}),
    "ap": ("Google's AdvProp", HALVES, {
        "b0": ("f262efe1", 77.100), "b1": ("44ef0a3d", 79.288), "b2": ("2f8e7636", 80.300), "b3": ("aad25bdd", 81.842),
        "b4": ("dedb23e6", 83.246), "b5": ("9e82fae8", 84.258), "b6": ("4ffb161f", 84.794), "b7": ("ddb28fec", 85.132),
        "b8": ("00e169fa", 85.358)}),
    "ns": ("Google's Noisy Student, with 300 million more images", IMAGENET, {
        "b0": ("c0e6a31c", 78.680), "b1": ("99dd0c41", 81.388), "b2": ("00306e48", 82.412), "b3": ("9d44bf68", 84.054),
        "b4": ("d6313a46", 85.156), "b5": ("6f26d0cf", 86.096), "b6": ("51548356", 86.476), "b7": ("1dbc32de", 86.850),
        "l2": ("df73bb44", 88.4), "l2-475": ("bebbd00a", 88.2)}),
    "lite": ("Google's Lite", HALVES, {
        "lite0": ("0aa007d2", 74.846), "lite1": ("bde8b488", 76.674), "lite2": ("dcccb7df", 77.470), "lite3": ("b733e338", 79.808),
        "lite4": ("741542c3", 81.540)}),
}  # fmt: skip

LUKEMELAS = {  # tag → what it is, prefix of the file, mean and std, variant → (SHA-256, top-1 of Google's original)
    "aa": ("Google's AutoAugment", "", IMAGENET, {
        "b0": ("355c32eb", 77.1), "b1": ("f1951068", 79.1), "b2": ("8bb594d6", 80.1), "b3": ("5fb5a3c3", 81.6), "b4": ("6ed6700e", 82.9),
        "b5": ("b6417697", 83.6), "b6": ("c76e70fd", 84.0), "b7": ("dcc49843", 84.3)}),
    "advprop": ("Google's AdvProp", "adv-", HALVES, {
        "b0": ("b64d5a18", 77.6), "b1": ("0f3ce85a", 79.6), "b2": ("6e9d97e5", 80.5), "b3": ("cdd7c0f4", 81.9), "b4": ("44fb3a87", 83.3),
        "b5": ("86493f6b", 84.3), "b6": ("ac80338e", 84.8), "b7": ("4652b6dd", 85.2), "b8": ("22a8fe65", 85.5)}),
}  # fmt: skip

TORCHVISION_FILES = "https://download.pytorch.org/models/efficientnet_{file}-{hash:.8}.pth"
TIMM_FILES = "https://github.com/huggingface/pytorch-image-models/releases/download/v0.1-weights/{file}-{hash}.pth"
LUKEMELAS_FILES = "https://github.com/lukemelas/EfficientNet-PyTorch/releases/download/1.0/{file}-{hash}.pth"
TF_EPS, TORCH_EPS = 1e-3, 1e-5


def _torchvision(name: str, variant: str, file: str, sha256: str, resize: int, crop: int, interpolation: str, top1: float,
                 recipe: str) -> Row:
    eps = TF_EPS if file.endswith("lukemelas") else TORCH_EPS
    return Row(f"imagenet-{name}", variant, "torchvision", TORCHVISION_FILES.format(file=file, hash=sha256), sha256, eps, "symmetric",
               resize, crop, interpolation, *IMAGENET, top1, "torchvision", recipe, "BSD-3-Clause")


def _timm(name: str, variant: str, file: str, sha256: str, crop: int, share: float, top1: float, recipe: str) -> Row:
    return Row(f"imagenet-{name}", variant, "timm", TIMM_FILES.format(file=f"efficientnet_{file}", hash=sha256), sha256, TORCH_EPS,
               "symmetric", floor(crop / share), crop, "bicubic", *IMAGENET, top1, "timm", recipe, "Apache-2.0")


def _tensorflow(tag: str, key: str, sha256: str, top1: float) -> Row:
    recipe, normalisation, _ = TENSORFLOW[tag]
    variant, _, side = key.partition("-")
    crop, share = CROPS[key]
    suffix = "" if tag in ("", "lite") else f"_{tag}"
    file = f"tf_efficientnet_{variant}{suffix}{side and '_' + side}"
    name = "-".join(part for part in ("imagenet", variant, "timm-tf", suffix[1:], side) if part)
    interpolation = "bilinear" if variant in ("lite3", "lite4") else "bicubic"
    return Row(name, variant, "timm", TIMM_FILES.format(file=file, hash=sha256), sha256, TF_EPS, "same", floor(crop / share), crop,
               interpolation, *normalisation, top1, "Google" if variant == "l2" else "timm", recipe, "Apache-2.0")


def _lukemelas(tag: str, variant: str, sha256: str, top1: float) -> Row:
    recipe, prefix, normalisation, _ = LUKEMELAS[tag]
    side = published(variant).input.height
    return Row(f"imagenet-{variant}-lukemelas-{tag}", variant, "lukemelas",
               LUKEMELAS_FILES.format(file=f"{prefix}efficientnet-{variant}", hash=sha256), sha256, TF_EPS, "same", side, side,
               "bicubic", *normalisation, top1, "Google, of the original", recipe, "Apache-2.0")


ROWS: dict[str, Row] = {row.name: row for row in (
    *(_torchvision(*values) for values in TORCHVISION),
    *(_timm(*values) for values in TIMM),
    *(_tensorflow(tag, key, *values) for tag, (*_, files) in TENSORFLOW.items() for key, values in files.items()),
    *(_lukemelas(tag, variant, *values) for tag, (*_, files) in LUKEMELAS.items() for variant, values in files.items()),
)}  # fmt: skip
DEFAULTS = tuple(f"imagenet-b{number}" for number in range(8))


def row(name: str) -> Row:
    """Raises `UserError` where nothing of that name was published."""
    if name not in ROWS:
        raise UserError(f"There are no published weights called {name!r}; there are {', '.join(DEFAULTS)}, and others that "
                        "`python -m effnet_core fetch --list` shows.")
    return ROWS[name]


def of_file(sha256: str) -> Row | None:
    """The row whose file has that checksum (64 hexadecimal digits), whatever the file is called.

    None of those of which only 8 digits are published: hours of trying make another file that begins with them.
    """
    return next((row for row in ROWS.values() if sha256 == row.sha256), None)


def like_file(sha256: str, project: str, variant: str | None) -> Row | None:
    """The row whose file a file of that layout and network most likely is, going by the first digits of its checksum."""
    return next((row for row in ROWS.values() if sha256.startswith(row.sha256) and (row.project, row.variant) == (project, variant)), None)
