"""Published weights: from the network, or the folder where somebody put them, to a model of this app; each only once."""

from collections.abc import Callable
from pathlib import Path

from .. import checkpoints, downloads
from ..cache import cache_folder
from ..errors import UserError
from . import foreign, registry

OnProgress = Callable[[int, int, str], None]  # bytes that are there, in all, and what is being done


def folder() -> Path:
    """Where the published files are until they are converted, and where they can be put by hand."""
    return cache_folder() / "downloads"


def path_of(name: str) -> Path:
    """Where the converted model `name` is, or would be. Raises `UserError` where nothing of that name was published."""
    return checkpoints.own_folder() / (registry.row(name).name + checkpoints.SUFFIX)


def is_here(name: str) -> bool:
    """Whether the published weights `name` are converted, and can be loaded without the network."""
    return _is_whole(path_of(name))


def _is_whole(path: Path) -> bool:
    try:
        return path.is_file() and bool(checkpoints.read_card(path))
    except UserError:  # damaged: it is made anew
        return False


def obtain(name: str, on_progress: OnProgress = lambda done, total, phase: None,
           should_stop: Callable[[], bool] = lambda: False) -> Path:
    """The file of the published model `name`, downloaded and converted where it is not here yet.

    What was downloaded goes once it is converted. Several processes may ask at once: one works, the others wait. Raises
    `UserError` for a name that nothing was published under, `downloads.DownloadError` (and `Stopped`) as `downloads.fetch`
    does, and `UserError` where the weights do not fit into memory or the model onto the disk.
    """
    row, target = registry.row(name), path_of(name)
    if _is_whole(target):
        return target
    size = row.approximate_bytes

    def waiting() -> None:
        on_progress(downloads.arrived(row.source, folder()), size, "waiting for another download")
        downloads.check_stopped(row.source, should_stop)

    try:
        with downloads.claimed(folder() / f".{row.file}.obtain.lock", waiting):
            if not _is_whole(target):  # unless another process has made it meanwhile
                file = downloads.fetch(row.source, folder(), should_stop=should_stop,
                                       on_progress=lambda done, total: on_progress(done, total or size, "downloading"))
                on_progress(size, size, "converting")
                _convert(file, row, target)
                file.unlink(missing_ok=True)
    except OSError as failed:
        raise UserError(f"{row.name} could not be stored ({failed.strerror or failed}); allow writing in the app's cache "
                        "folder.") from failed
    return target


def _convert(file: Path, row: registry.Row, target: Path) -> None:
    found, tensors = foreign.opened(file, row)
    if (found.layout, found.variant, found.classes) != (row.project, row.variant, 1000):
        raise UserError(f"{row.file} holds {found.architecture.name} as {found.layout} names it, not what it was published as.")
    network, preprocess, names = foreign.convert(found, tensors)
    card = checkpoints.make_card(row.name, network, names, preprocess, trained=True, **foreign.facts_of(found))
    checkpoints.save(target, network, card)
