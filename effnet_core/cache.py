"""The one place outside the project that is written at run time."""

import os
import sys
from pathlib import Path

from .errors import UserError


def cache_folder() -> Path:
    """`$EFFNET_CACHE`, or the platform's user cache folder for this app. It is made by whoever writes first."""
    if chosen := os.environ.get("EFFNET_CACHE"):
        try:
            return Path(chosen).expanduser().resolve()
        except RuntimeError:
            raise UserError(f"$EFFNET_CACHE is {chosen!r}, and there is no such user; give a folder that can be written.") from None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "effnet-explainer"
