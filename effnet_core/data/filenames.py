"""File names from elsewhere: which are pictures, which clutter, how they are shown, and how they can be written on every system."""

import re
import unicodedata

from ..errors import UserError

PICTURES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff",
            ".heic", ".heif", ".avif", ".jxl", ".jp2")  # the last five cannot be read, which should be said rather than passed over
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar", ".tar.xz", ".tar.bz2", ".tar.zst")
CLUTTER = ("__macosx", "thumbs.db", "desktop.ini", "$recycle.bin", "@eadir")
LONGEST, DEEPEST = 200, 16  # bytes of a name, folders in each other: below the limits of all file systems
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')  # on Windows, or no characters at all
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)  # names of devices on Windows


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is the system's own: hidden, or a store of thumbnails."""
    return name.startswith(".") or name.lower() in CLUTTER


def is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURES)


def normal(name: str) -> str:
    """One spelling of accents: systems differ in it."""
    return unicodedata.normalize("NFC", name)


def shown(name: str) -> str:
    """A file's name as text that can be printed and stored anywhere: it may hold line ends, or bytes that are no text."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def safe(part: str) -> str:
    """A name that every file system can hold, such as "_con" for "con" and "what_" for "what?"."""
    name = FORBIDDEN.sub("_", part).rstrip(" .") or "_"
    return f"_{name}" if RESERVED.fullmatch(name) else name


class Places:
    """Where the pictures of an archive called `archive` go: names that every system can write, each file its own."""

    def __init__(self, archive: str) -> None:
        self.archive, self.nested = archive, False  # whether another archive lies in it
        self._folders: dict[str, str] = {}  # without capitals → as it is called in the archive
        self._files: dict[str, int] = {}  # without capitals → how many were called so

    def of(self, name: str) -> str | None:
        """The relative path for a file called `name`, None for what is no picture. Raises `UserError` where it leads outside."""
        parts = self._parts(name)
        if not parts or any(map(is_clutter, parts)):
            return None
        *folders, last = map(safe, parts)
        if not is_picture(last):
            self.nested |= last.lower().endswith(ARCHIVES)
            return None
        for depth in range(1, len(folders) + 1):
            self._check_folder("/".join(folders[:depth]), "/".join(parts[:depth]))
        return self._own("/".join((*folders, last)))

    def _parts(self, name: str) -> list[str]:
        path = normal(name).replace("\\", "/")  # as old programs on Windows write them
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or ".." in parts or re.match("[A-Za-z]:/", path):
            raise UserError(f"{self.archive!r} wants to write outside its folder ({shown(name)[:80]!r}); pack it again with plain "
                            "relative names.")
        if len(parts) > DEEPEST or any(len(part.encode(errors="replace")) > LONGEST for part in parts):
            raise UserError(f"{self.archive!r} holds a name that is too long, or folders that are too deep ({shown(name)[:80]!r}); "
                            "shorten them.")
        return parts

    def _check_folder(self, safe: str, named: str) -> None:
        other = self._folders.setdefault(safe.casefold(), named)
        if other != named or safe.casefold() in self._files:
            raise UserError(f"{self.archive!r} holds {shown(other)!r} and {shown(named)!r}, which many systems cannot tell apart; "
                            "rename one of them.")

    def _own(self, safe: str) -> str:
        """Photos may have had equal names, or names that differ in capitals only; their names mean nothing, so the later is numbered."""
        key, place = safe.casefold(), safe
        while place.casefold() in self._files or place.casefold() in self._folders:
            self._files[key] = self._files.get(key, 1) + 1
            base, dot, suffix = safe.rpartition(".")
            place = f"{base} ({self._files[key]}){dot}{suffix}"
        self._files[place.casefold()] = 1
        return place
