"""What a network looked like while it learnt: small pictures of its inside, taken after every evaluation of the same photo.

Reading them needs no torch.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .. import files
from ..errors import UserError

MOST = 100  # in an album; beyond that those go that leave the smallest gap
SUFFIX = ".safetensors"
GATE = "gate:"  # before a layer id


@dataclass(frozen=True)
class Snapshot:
    """The averaged network after `step` steps, looking at the album's photo."""

    step: int
    gates: dict[str, np.ndarray]  # layer id of every SE unit → its channels' gates, C, in 0 … 1
    filters: np.ndarray  # of the stem, O 3 k k
    probabilities: np.ndarray  # of the classes
    epoch: float | None = None
    accuracy: float | None = None  # on held-out images; None before the first step


@dataclass(frozen=True)
class Album:
    """The snapshots of one training in a folder."""

    folder: Path

    def start(self, photo: bytes, label: int, labels: tuple[str, ...]) -> None:
        """`photo` is a PNG of what the network sees, of class number `label`."""
        files.write(self.folder / "photo.png", photo)
        files.write(self.folder / "photo.json", json.dumps({"label": label, "labels": list(labels)}, ensure_ascii=False).encode())

    @property
    def photo(self) -> bytes | None:
        """A PNG, or None where nothing was kept."""
        try:
            return (self.folder / "photo.png").read_bytes()
        except OSError:
            return None

    @property
    def label(self) -> int | None:
        """Which class the photo shows."""
        return self._about().get("label")

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self._about().get("labels", ()))

    def entries(self) -> list[int]:
        """The steps after which there is a snapshot, ascending."""
        return sorted(int(path.stem) for path in self.folder.glob("*" + SUFFIX) if path.stem.isdecimal())

    def read(self, entry: int) -> Snapshot:
        """The snapshot after that step. Raises `UserError` where there is none, or it is damaged."""
        try:
            with safe_open(self._path(entry), framework="np") as file:
                facts = json.loads(file.metadata()["facts"])
                arrays = {key: file.get_tensor(key) for key in file.keys()}
            gates = {key.removeprefix(GATE): arrays[key] for key in sorted(arrays, key=_place) if key.startswith(GATE)}
            return Snapshot(int(facts["step"]), gates, arrays["filters"], arrays["probabilities"], facts["epoch"], facts["accuracy"])
        except FileNotFoundError:
            raise UserError(f"There is no snapshot after step {entry}.") from None
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as broken:
            raise UserError(f"The snapshot after step {entry} is damaged ({broken}); it cannot be shown.") from broken

    def keep(self, snapshot: Snapshot) -> int:
        """Stores it, thins what there is to `MOST`, and returns how many there are then."""
        arrays = {GATE + layer: gates.astype(np.float16) for layer, gates in snapshot.gates.items()}
        arrays |= {"filters": snapshot.filters.astype(np.float16), "probabilities": snapshot.probabilities.astype(np.float32)}
        facts = {"step": snapshot.step, "epoch": snapshot.epoch, "accuracy": snapshot.accuracy}
        content = save({key: np.ascontiguousarray(array) for key, array in arrays.items()}, {"facts": json.dumps(facts)})
        files.write(self._path(snapshot.step), content)
        steps = self.entries()
        for step in superfluous(steps):
            self._path(step).unlink(missing_ok=True)
        return min(len(steps), MOST)

    def forget_photo(self) -> None:
        """What the network looked at; what it made of it stays. Raises `UserError` where it cannot be deleted."""
        try:
            (self.folder / "photo.png").unlink(missing_ok=True)
        except OSError as failed:
            raise UserError(f"The photo of the training {self.folder.parent.name!r} could not be removed ({failed.strerror or failed}); "
                            "allow writing in the app's cache folder, or remove it there.") from failed

    def forget_after(self, step: int) -> None:
        """What was seen later than `step`, to which a training has gone back."""
        for later in [entry for entry in self.entries() if entry > step]:
            self._path(later).unlink(missing_ok=True)

    def _path(self, step: int) -> Path:
        return self.folder / f"{step:08d}{SUFFIX}"

    def _about(self) -> dict:
        try:
            return json.loads((self.folder / "photo.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}


def superfluous(steps: list[int], most: int = MOST) -> list[int]:
    """Which of the ascending `steps` to drop so that `most` are left, as evenly spread as they can be; never the first or last."""
    kept, dropped = list(steps), []
    while len(kept) > most:
        gaps = [after - before for before, after in zip(kept, kept[2:])]
        dropped.append(kept.pop(1 + gaps.index(min(gaps))))
    return dropped


def _place(key: str) -> tuple:
    """Layers in the order in which the network has them: "stages.10.0.se" after "stages.2.0.se"."""
    return tuple(int(part) if part.isdecimal() else -1 for part in key.split("."))
