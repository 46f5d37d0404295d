"""Trained weights on disk: a safetensors file whose metadata carries a card that says what they are and how they came about.

The card is JSON: `name`, `architecture` (`families.to_spec`), `padding`, `eps`, `labels`, `preprocess`, `trained`, `precision`, and
whatever the training adds (`data`, `recipe`, `evaluation`, `machine`, `torch`, `date`). Nothing in a file is ever executed.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from .cache import cache_folder
from .errors import UserError
from .families import from_spec, to_spec
from .network import Network, build
from .preprocess import Preprocess
from .registry import ROWS

BUNDLED = Path(__file__).resolve().parent.parent / "assets" / "models"
SUFFIX = ".safetensors"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
PRECISIONS = {"float32": torch.float32, "float16": torch.float16}
KINDS = ("F32", "F16", "BF16", "I64")  # the last: how many batches a batch norm has seen
ORIGINS = ("published", "own file")  # what a card's "source" may have as its "kind"
REQUIRED = ("name", "architecture", "padding", "eps", "labels", "preprocess", "trained")


@dataclass(frozen=True)
class Pretrained:
    """A network in eval mode, fp32, with what is needed to use it."""

    name: str
    network: Network
    preprocess: Preprocess
    labels: tuple[str, ...]
    card: dict


@dataclass(frozen=True)
class Entry:
    """A checkpoint that can be chosen; where its file is broken, `card` is empty and `problem` a sentence."""

    name: str
    path: Path
    bundled: bool
    card: dict
    problem: str | None = None

    @property
    def origin(self) -> str:
        """"bundled", "published" weights, the person's "own file", or "trained" (or made) here."""
        source = self.card.get("source")
        kind = source.get("kind") if isinstance(source, dict) else None
        return "bundled" if self.bundled else kind if kind in ORIGINS else "trained"


def make_card(
    name: str, network: Network, labels: tuple[str, ...], preprocess: Preprocess, *, trained: bool, **facts: object
) -> dict:
    """The card of `network`; `facts` are JSON values that tell how it came about."""
    return {"name": name, "architecture": to_spec(network.architecture), "padding": network.padding,
            "eps": network.stem.norm.eps, "labels": list(labels), "preprocess": preprocess.to_dict(), "trained": trained,
            **facts}


def path_of(name: str) -> Path:
    """Where the user's model `name` is stored. Raises `UserError` for an unusable name, and that of a bundled or published model."""
    check_name(name)
    if (BUNDLED / (name + SUFFIX)).exists():
        raise UserError(f"The name {name!r} belongs to a model that comes with the app; choose another one.")
    if name in ROWS:
        raise UserError(f"The name {name!r} belongs to published weights; choose another one.")
    return own_folder() / (name + SUFFIX)


def own_folder() -> Path:
    """Where models are that did not come with the app."""
    return cache_folder() / "models"


def save(path: str | Path, network: Network, card: dict, precision: str = "float32") -> None:
    """Writes weights, batch-norm statistics and `card` to `path`, whole or not at all; "float16" halves the file.

    The card also goes to a .json file beside it, for people; `load` never reads that one.

    Raises `UserError` where it cannot be written (a file that was there is then as before) or a value exceeds float16.
    """
    state = {}
    for key, tensor in network.state_dict().items():
        stored = tensor.detach().to(PRECISIONS[precision]) if tensor.is_floating_point() else tensor
        if precision == "float16" and not stored.isfinite().all():
            raise UserError(f"{key} has values that float16 cannot hold; store this model as float32.")
        state[key] = stored.contiguous()
    card = {**card, "precision": precision}
    weights = to_bytes(state, {"card": json.dumps(card, ensure_ascii=False, allow_nan=False)})
    write_whole(Path(path), weights)
    write_whole(Path(path).with_suffix(".json"), _for_people(card).encode())


def _for_people(card: dict) -> str:
    text = json.dumps(card, ensure_ascii=False, indent=2)
    return re.sub(r"\[[^][{}\"]*\]", lambda numbers: " ".join(numbers[0].split()), text) + "\n"  # a list of numbers on one line


def write_whole(path: Path, content: bytes) -> None:
    """Replaces `path` at once, after `content` is safely on disk beside it. Raises `UserError` where that fails."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as failed:
        raise UserError(f"{path.name} could not be written ({failed.strerror or failed}); free some space or choose another "
                        f"place. A {path.name} that was there before is unchanged.") from failed
    finally:
        with suppress(OSError):  # it is gone where all went well
            part.unlink()


def load(name_or_path: str | Path) -> Pretrained:
    """The model called `name_or_path`, or stored in that file (a `Path`, or a text with a slash or ending in .safetensors).

    Raises `UserError` where there is no such model, or its file is broken, foreign or does not fit its own card.
    """
    path = find(name_or_path)
    with _opened(path) as file:
        card = _card(file)
        architecture, preprocess = from_spec(card["architecture"]), Preprocess.from_dict(card["preprocess"])
        network = build(architecture, padding=card["padding"], eps=card["eps"], initialised=False)
        expected = network.state_dict()
        _check_tensors(file, expected)
        state = {key: _own(file.get_tensor(key), like) for key, like in expected.items()}
    network.load_state_dict(state, assign=True)
    return Pretrained(path.stem, network.eval(), preprocess, tuple(card["labels"]), card)


def find(name_or_path: str | Path) -> Path:
    """The file that `load` would read. Raises `UserError` where there is none."""
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(SUFFIX) or "/" in text or os.sep in text:
        path = Path(name_or_path)
        if not path.is_file():
            raise UserError(f"There is no file {path.name!r}; a checkpoint is a {SUFFIX} file that this app has written.")
        return path
    check_name(text)
    found = next((path for folder in (BUNDLED, own_folder()) if (path := folder / (text + SUFFIX)).is_file()), None)
    if found is None and text in ROWS:
        raise UserError(f"{text!r} is published but not on this machine yet; `python -m effnet_core fetch {text}` downloads it.")
    if found is None:
        known = ", ".join(entry.name for entry in available()) or "none yet"
        raise UserError(f"There is no model called {text!r}; there are: {known}.")
    return found


def read_card(path: str | Path) -> dict:
    """The card of a checkpoint, from the head of the file; no weights are read. Raises `UserError` as `load` does."""
    with _opened(Path(path)) as file:
        return _card(file)


def has_card(path: str | Path) -> bool:
    """Whether the file is one that this app wrote, whole or not; weights of others have no card."""
    try:
        with safe_open(path, framework="pt") as file:
            return "card" in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def available() -> list[Entry]:
    """The bundled models by name, then the user's own, newest first. Broken files are listed with their problem."""
    bundled = sorted(BUNDLED.glob("*" + SUFFIX))
    own = sorted(own_folder().glob("*" + SUFFIX), key=_age)
    return [_entry(path, path in bundled) for path in (*bundled, *own) if NAME.fullmatch(path.stem)]


def _age(path: Path) -> int:
    try:
        return -path.stat().st_mtime_ns
    except OSError:  # deleted since it was listed, or not ours to see
        return 0


def _entry(path: Path, bundled: bool) -> Entry:
    try:
        return Entry(path.stem, path, bundled, read_card(path))
    except UserError as broken:
        return Entry(path.stem, path, bundled, {}, str(broken))


def check_name(name: str) -> None:
    """Raises `UserError` where `name` cannot be that of a model."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name[:80]!r} cannot name a model; use 1 to 64 small letters a–z, digits and, not at the start, hyphens, such as my-scenes-2.")


@contextmanager
def _opened(path: Path) -> Iterator[safe_open]:
    """The file, its head checked; every way in which it can be broken while it is read becomes a sentence that names it."""
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as broken:
        reason = getattr(broken, "strerror", None) or broken
        raise UserError(f"{path.name} is damaged, cut short or not a safetensors file ({reason}).") from broken
    except UserError as refused:
        raise UserError(f"{path.name} cannot be used: {refused}") from refused


def _card(file: safe_open) -> dict:
    try:
        card = json.loads((file.metadata() or {})["card"])
        missing = [key for key in REQUIRED if key not in card]
    except (KeyError, ValueError, TypeError, RecursionError):
        raise UserError("it holds tensors but no card, so it was not written by this app.") from None
    if not isinstance(card, dict) or missing:
        raise UserError(f"its card lacks {', '.join(missing)}.")
    labels = card["labels"]
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise UserError("its labels are not a list of texts.")
    classes = from_spec(card["architecture"]).classes
    if len(labels) != classes:
        raise UserError(f"it has {len(labels)} labels for {classes} classes.")
    return card


def _check_tensors(file: safe_open, expected: dict[str, torch.Tensor]) -> None:
    """Names and shapes, from the head of the file alone."""
    present = set(file.keys())
    if lacking := sorted(expected.keys() - present):
        raise UserError(f"it lacks {len(lacking)} tensors that its card calls for, such as {lacking[0]}.")
    if foreign := sorted(present - expected.keys()):
        raise UserError(f"it has {len(foreign)} tensors that its card does not call for, such as {foreign[0]}.")
    for key, tensor in expected.items():
        if (kind := file.get_slice(key).get_dtype()) not in KINDS:
            raise UserError(f"{key} is stored as {kind}; weights are {', '.join(KINDS)}.")
        if (shape := tuple(file.get_slice(key).get_shape())) != tuple(tensor.shape):
            raise UserError(f"{key} has shape {shape}, and its card calls for {tuple(tensor.shape)}.")


def _own(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A copy in memory in the type the network computes with: the file may change or vanish. Raises `UserError` for NaN."""
    if not tensor.isfinite().all():
        raise UserError("its weights contain values that are not finite numbers.")
    return tensor.to(like.dtype, copy=True)
