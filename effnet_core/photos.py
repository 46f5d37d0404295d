"""Photos: safe decoding of what a person uploads, and the bundled samples."""

import hashlib
import json
import re
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from .errors import UserError

SAMPLES = Path(__file__).resolve().parent.parent / "assets" / "samples"

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 40_000_000
MAX_SIDE = 16_384
MAX_SCANS = 500  # a progressive JPEG has about ten; each costs a pass over the photo and can be written in 90 bytes
LONGEST = 2048  # of what `decode` returns, pixels

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # JPEG opens the MPO files of phones too
READABLE = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WebP": rb"RIFF.{4}WEBP",
    "GIF": rb"GIF8[79]a",
    "TIFF": rb"II[*+]\x00|MM\x00[*+]",
    "BMP": rb"BM",
}
_CONVERT = "save or export it as JPEG or PNG"
FOREIGN = (  # pattern of the first bytes, what it is, what to do instead
    (rb".{4}ftyp(.{4}){0,8}avi[fs]", "an AVIF picture", _CONVERT),
    (rb".{4}ftyp(hei|hev|mif1|msf1)", "a HEIC or HEIF photo", "share it as JPEG (a phone's 'most compatible' format)"),
    (rb"[\xef\xbb\xbf\s]*<(!doctype html|html)", "a web page", "save the picture itself, as JPEG or PNG"),
    (rb"[\xef\xbb\xbf\s]*<(svg|(\?xml|!--|!doctype svg).{0,4000}<svg)[\s>]", "an SVG drawing", "export it as PNG"),
    (rb".{0,1024}%PDF-", "a PDF document", "export the page or the picture as PNG or JPEG"),
    (rb".{4}(ftyp|moov|mdat)|\x1aE\xdf\xa3|RIFF.{4}AVI |OggS|FLV\x01|\0\0\x01[\xba\xb3]", "a video",
     "save one frame as JPEG or PNG"),
    (rb"\xff\x0a|\0{3}\x0cJXL ", "a JPEG XL picture", _CONVERT),
    (rb"\0{3}\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000 picture", _CONVERT),
    (rb"8BPS", "a Photoshop document", _CONVERT),
    (rb"PK\x03\x04", "an archive or an office document", "take the photo out and upload it as JPEG or PNG"),
)
DAMAGE = (  # everything Pillow and its plugins raise on broken files
    OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError,
    RuntimeError, MemoryError, BufferError, Warning, struct.error, zlib.error,
)  # fmt: skip
TOO_BIG = (Image.DecompressionBombError, Image.DecompressionBombWarning)
UPRIGHT = {  # Exif orientation → what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, least: int = LONGEST) -> Image.Image:
    """The photo in `data` (JPEG, PNG, WebP, GIF, BMP or TIFF): RGB, upright, over white, without metadata.

    Of several frames the first; the longest side at most `LONGEST` pixels. A JPEG whose sides are several times `least` is read at a
    half, a quarter or an eighth, which is faster. Raises `UserError` for other content and,
    before a pixel is decoded, for more than `MAX_BYTES`, `MAX_PIXELS` or `MAX_SIDE`; no bytes raise anything else.
    """
    _check_bytes(data)
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as file:
            _check_size(file)
            return _upright(_load(file, least), _orientation(file))
    except UserError:
        raise
    except TOO_BIG:
        raise _too_big("more than twice as many pixels as can be read") from None
    except DAMAGE:
        raise _unreadable(data) from None


def _check_bytes(data: bytes) -> None:
    if not data:
        raise UserError("The file is empty; choose a photo as JPEG, PNG or WebP.")
    if len(data) > MAX_BYTES:
        raise UserError(f"The file has {len(data) / 2**20:.1f} MB; at most {MAX_BYTES >> 20} MB can be read: "
                        "save it smaller.")
    if _kind(data) == "JPEG" and data.count(b"\xff\xda") > MAX_SCANS:
        raise UserError("The JPEG file has hundreds of scans, and a photo has about ten; save it as an ordinary JPEG.")


def _check_size(file: Image.Image) -> None:
    width, height = file.size
    tags = getattr(file, "tag_v2", {})  # a small TIFF can unpack into one huge tile
    tile = int(tags.get(322, 0)) * int(tags.get(323, 0))
    if max(width * height, tile) > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise _too_big(f"{width:,} × {height:,} pixels" if tile <= MAX_PIXELS else f"tiles of {tile:,} pixels")


def _too_big(what: str) -> UserError:
    return UserError(f"The photo has {what}; at most {MAX_PIXELS // 10**6} megapixels and {MAX_SIDE:,} pixels a side "
                     "can be read: scale it down first.")


def _kind(data: bytes) -> str | None:
    return next((name for name, pattern in READABLE.items() if re.match(pattern, data, re.DOTALL)), None)


def _unreadable(data: bytes) -> UserError:
    if kind := _kind(data):
        return UserError(f"The {kind} file is damaged, cut short or without pixels; open it elsewhere and {_CONVERT}.")
    for pattern, what, advice in FOREIGN:
        if re.match(pattern, data, re.DOTALL | re.IGNORECASE):
            return UserError(f"The file is {what}, which cannot be read here; {advice}.")
    return UserError("The file is not a photo in a known format; choose a JPEG, PNG, WebP, GIF, BMP or TIFF file.")


def _load(file: Image.Image, least: int) -> Image.Image:
    file.draft(None, (least, least))
    file.load()
    image = _grey(file) if file.mode.startswith(("I", "F")) else file
    image = image.convert("RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L") else "RGB")
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    plain = Image.new("RGB", image.size, "white")
    plain.paste(image.convert("RGB"), mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return plain


def _grey(image: Image.Image) -> Image.Image:
    """More than 8 bits a pixel to 8: from the format's or the likely range, else from the darkest to the brightest."""
    sixteen = image.mode.startswith("I;16")
    values = np.asarray(image).astype(np.float32 if sixteen else np.float64)
    np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if sixteen:
        low, high = 0.0, 65535.0
    elif 0 <= low and high <= 65535:
        low, high = 0.0, next(top for top in ((1,) if image.mode == "F" else ()) + (255, 65535) if high <= top)
    values -= low
    values *= 255 / max(high - low, 1e-30)
    values += 0.5  # all in place: there may be 40 million
    return Image.fromarray(np.clip(values, 0, 255, out=values).astype(np.uint8))


def _orientation(file: Image.Image) -> int:
    """Exif orientation of a loaded file; 1 where the metadata, though not the photo, is damaged."""
    try:
        return file.getexif().get(ExifTags.Base.Orientation, 1)
    except DAMAGE:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def fingerprint(image: Image.Image) -> str:
    """16 hexadecimal digits that stand for the photo's size and pixels."""
    rgb = image.convert("RGB")
    return hashlib.sha256(f"{rgb.width}x{rgb.height}:".encode() + rgb.tobytes()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Sample:
    """A photo that ships with the project."""

    name: str
    title: str
    path: Path
    credit: str
    licence: str

    def open(self) -> Image.Image:
        """The photo, decoded as an upload would be."""
        return decode(self.path.read_bytes())


def samples() -> dict[str, Sample]:
    """The bundled photos by name, in the order in which they are shown."""
    rows = json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    return {row["name"]: Sample(**{**row, "path": SAMPLES / row["path"]}) for row in rows}
