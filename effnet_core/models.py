"""Every model by one name: bundled, trained here, published (fetched when first wanted), or in a file of one's own."""

import os
from collections.abc import Callable
from pathlib import Path

from . import checkpoints, machine
from .architecture import Architecture
from .checkpoints import Pretrained
from .errors import UserError
from .families import from_spec
from .palette import bytes_text
from .speed import needs
from .weights import foreign, supply, tensorfiles
from .weights.registry import ROWS


def load(name_or_path: str | Path, *, on_progress: supply.OnProgress = lambda done, total, phase: None,
         should_stop: Callable[[], bool] = lambda: False) -> Pretrained:
    """The model of that name, or in that file (a `Path`, or a text with a slash or a suffix such as .pth), in eval mode.

    Published weights that are not here yet are downloaded: `on_progress` gets (bytes, bytes in all, phase). A file of somebody
    else's weights is taken where nothing must be asked about it. Raises `UserError`, one sentence, for everything else, and
    where memory is short, before anything is fetched.
    """
    if is_path(name_or_path):
        path = Path(name_or_path)
        if path.suffix.lower() in tensorfiles.PICKLES or path.is_file() and not checkpoints.has_card(path):
            return foreign.open_directly(path)
        return _loaded(path)
    if name_or_path in ROWS and not supply.is_here(name_or_path):
        check_memory(ROWS[name_or_path].architecture)
        supply.obtain(name_or_path, on_progress, should_stop)
    return _loaded(name_or_path)


def _loaded(name_or_path: str | Path) -> Pretrained:
    check_memory(checkpoints.read_card(checkpoints.find(name_or_path)))
    return checkpoints.load(name_or_path)


def is_path(name_or_path: str | Path) -> bool:
    """Whether it stands for a file rather than for a model's name."""
    text = str(name_or_path)
    return isinstance(name_or_path, Path) or "/" in text or os.sep in text or text.lower().endswith(tensorfiles.SUFFIXES)


def needed_bytes(model: dict | Architecture) -> int:
    """Memory for the weights of a network, or of a card's, and for one image's way through it at its own side."""
    architecture = model if isinstance(model, Architecture) else from_spec(model["architecture"])
    return sum(needs.memory_needed(architecture))


def check_memory(model: dict | Architecture) -> None:
    """Raises `UserError`, with both numbers, where `needed_bytes` are not free."""
    needed, free = needed_bytes(model), machine.memory_available()
    if needed > free:
        name = model.name if isinstance(model, Architecture) else model["architecture"]["name"]
        raise UserError(f"{name} needs about {bytes_text(needed)} of memory for its weights and one image, and {bytes_text(free)} are "
                        "free; a smaller network would fit.")
