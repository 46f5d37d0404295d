"""Files that are there whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` at once when all of it is safely on disk.

    Raises `UserError` where that fails; what was there before is then as it was.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as failed:
        raise UserError(f"{path.name} could not be written ({failed.strerror or failed}); free some space or choose another "
                        f"place. A {path.name} that was there before is unchanged.") from failed
    finally:
        with suppress(OSError):  # it is gone where all went well
            part.unlink()


def write(path: Path, content: bytes) -> None:
    """Replaces `path` by `content`, as `replacing` does."""
    with replacing(path) as file:
        file.write(content)
