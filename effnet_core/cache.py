"""The one place outside the project that is written at run time."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """`$EFFNET_CACHE`, or the platform's user cache folder for this app. It is made by whoever writes first."""
    if chosen := os.environ.get("EFFNET_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "effnet-explainer"
