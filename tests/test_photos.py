"""Every upload becomes plain upright RGB or one sentence; a network sees what its weights were trained on."""

import io
import json
import re
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from effnet_core import photos
from effnet_core.errors import UserError
from effnet_core.photos import decode, fingerprint, samples
from effnet_core.preprocess import Preprocess

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::PIL.Image.DecompressionBombWarning")

PIXELS = np.random.default_rng(7).integers(0, 256, (20, 30, 4), np.uint8)  # H W RGBA
RGBA = Image.fromarray(PIXELS)
RGB = RGBA.convert("RGB")
ORIENTATION = 274


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[271] = "a camera"
    return exif


def array(data: bytes) -> np.ndarray:
    image = decode(data)
    assert type(image) is Image.Image and image.mode == "RGB" and not image.info and not image.getexif()
    return np.asarray(image)


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[..., None], 3, axis=2)


def over_white(pixels: np.ndarray) -> np.ndarray:
    colour, alpha = pixels[..., :3].astype(float), pixels[..., 3:].astype(float) / 255
    return np.floor(colour * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)


TIFF = {"tiff " + str(c): ("TIFF", {"compression": c}) for c in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits")}
LOSSLESS = {"png": ("PNG", {}), "webp": ("WEBP", {"lossless": True, "exact": True}), "bmp": ("BMP", {}), **TIFF}


# Formats and modes


@pytest.mark.parametrize("kind, options", LOSSLESS.values(), ids=LOSSLESS)
def test_lossless_colour_is_exact(kind, options):
    assert np.array_equal(array(encoded(RGB, kind, **options)), PIXELS[..., :3])


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}], ids=str)
def test_jpeg_is_what_pillow_decodes(options):
    data = encoded(RGB, "JPEG", quality=95, **options)
    assert np.array_equal(array(data), np.asarray(Image.open(io.BytesIO(data))))


def test_of_a_multi_picture_jpeg_the_first_is_taken():
    red, black = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16))
    data = encoded(red, "MPO", save_all=True, append_images=[black])
    assert Image.open(io.BytesIO(data)).n_frames == 2
    assert np.abs(array(data).astype(int) - (255, 0, 0)).max() <= 2


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_exact(kind):
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("#f08010", "#0000ff", "#00ff00")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert np.array_equal(array(data), np.asarray(frames[0]))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF"])
def test_grey_and_black_and_white(kind):
    values = PIXELS[..., 0]
    assert np.array_equal(array(encoded(Image.fromarray(values), kind)), grey(values))
    assert np.array_equal(array(encoded(Image.fromarray(values > 127), kind)), grey((values > 127) * np.uint8(255)))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette(kind):
    paletted = RGB.quantize(32)
    assert np.array_equal(array(encoded(paletted, kind)), np.asarray(paletted.convert("RGB")))


@pytest.mark.parametrize("kind, options", [("PNG", {}), ("WEBP", {"lossless": True, "exact": True}), ("TIFF", {})])
def test_alpha_is_laid_over_white(kind, options):
    assert np.array_equal(array(encoded(RGBA, kind, **options)), over_white(PIXELS))


def test_grey_with_alpha_is_laid_over_white():
    pixels = PIXELS[..., [0, 0, 0, 3]]
    assert np.array_equal(array(encoded(Image.fromarray(pixels[..., 2:].copy(), "LA"), "PNG")), over_white(pixels))


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_transparent_palette_entry_is_white(kind):
    paletted = Image.new("P", (2, 1))
    paletted.putpalette([10, 20, 30, 200, 100, 50])
    paletted.putdata([0, 1])
    assert array(encoded(paletted, kind, transparency=1)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_half_transparent_palette_entry_and_transparent_colour():
    paletted = Image.new("P", (2, 1))
    paletted.putpalette([10, 20, 30, 200, 100, 50])
    paletted.putdata([0, 1])
    assert array(encoded(paletted, "PNG", transparency=bytes([255, 0]))).tolist() == [[[10, 20, 30], [255, 255, 255]]]
    keyed = Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))
    assert array(encoded(keyed, "PNG", transparency=(1, 2, 3))).tolist() == [[[255, 255, 255], [4, 5, 6]]]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize(
    "ink, colour", [((255, 0, 0, 0), (0, 255, 255)), ((0, 255, 0, 0), (255, 0, 255)), ((0, 0, 0, 255), (0, 0, 0))]
)
def test_cmyk(kind, ink, colour):
    assert np.abs(array(encoded(Image.new("CMYK", (16, 16), ink), kind)).astype(int) - colour).max() <= 3


RAMP = np.arange(0, 65536, 97, np.uint16).reshape(26, 26)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    data = encoded(Image.fromarray(RAMP), kind)
    assert Image.open(io.BytesIO(data)).mode == "I;16"
    assert np.array_equal(array(data), grey(np.floor(RAMP / 257 + 0.5).astype(np.uint8)))


def test_big_endian_16_bit_grey():
    data = tiff(26, 26, bits=16, data=RAMP.astype(">u2").tobytes(), order=">")
    assert Image.open(io.BytesIO(data)).mode == "I;16B"
    assert np.array_equal(array(data), grey(np.floor(RAMP / 257 + 0.5).astype(np.uint8)))


DEEP = {  # values → what they are shown as
    "counts of 8 bits": (np.int32, [0, 100, 255], [0, 100, 255]),
    "counts of 16 bits": (np.int32, [0, 25700, 65535], [0, 100, 255]),
    "counts of 32 bits": (np.int32, [-(2**31), 0, 2**31 - 1], [0, 128, 255]),
    "signed": (np.int32, [-100, 25, 100], [0, 159, 255]),
    "0 to 1": (np.float32, [0, 0.5, 1], [0, 128, 255]),
    "0 to 255": (np.float32, [0, 99.6, 255], [0, 100, 255]),
    "elevation": (np.float32, [-50, 0, 205], [0, 50, 255]),
    "largest": (np.float32, [-3.4e38, 1e38, 3.4e38], [0, 165, 255]),
    "holes": (np.float32, [np.nan, 1, np.inf], [0, 255, 0]),
    "flat": (np.float32, [-5, -5, -5], [0, 0, 0]),
}


@pytest.mark.parametrize("dtype, values, shown", DEEP.values(), ids=DEEP)
def test_32_bit_and_float(dtype, values, shown):
    data = encoded(Image.fromarray(np.array([values], dtype)), "TIFF")
    assert Image.open(io.BytesIO(data)).mode == ("F" if dtype is np.float32 else "I")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert array(data)[0, :, 0].tolist() == shown


# Orientation

STORED = {  # Exif 2.32, tag 274: which visual side the stored rows and columns begin at
    1: lambda u: u,
    2: lambda u: u[:, ::-1],
    3: lambda u: u[::-1, ::-1],
    4: lambda u: u[::-1],
    5: lambda u: u.swapaxes(0, 1),
    6: lambda u: u[:, ::-1].swapaxes(0, 1),
    7: lambda u: u[::-1, ::-1].swapaxes(0, 1),
    8: lambda u: u[::-1].swapaxes(0, 1),
}


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG"])
@pytest.mark.parametrize("orientation", STORED)
def test_photo_comes_out_upright(kind, orientation):
    upright = np.zeros((32, 48, 3), np.uint8)  # the corners: red, green, blue, white
    corners = np.vstack([np.eye(3) * 255, [[255] * 3]])
    upright[:16, :24], upright[:16, 24:], upright[16:, :24], upright[16:, 24:] = corners
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}.get(kind, {})
    result = array(encoded(stored, kind, exif=turned(orientation), **options))
    assert result.shape == upright.shape
    assert np.abs(result.astype(int) - upright).max() <= (3 if kind == "JPEG" else 0)


@pytest.mark.parametrize("exif", [b"II*\0\xff\xff\xff\x7f", b"no header at all", b"II*\0\x08\0\0\0\x01\0\x12\x01"])
def test_damaged_exif_does_not_lose_the_photo(exif):
    data = encoded(RGB, "PNG", exif=b"Exif\0\0" + exif)
    assert np.array_equal(np.asarray(decode(data)), PIXELS[..., :3])


# Size


def test_giants_are_scaled_down():
    slope = np.linspace(0, 255, 4500).astype(np.uint8)
    wide = Image.fromarray(np.broadcast_to(slope, (1500, 4500)))
    for kind in ("JPEG", "PNG"):
        result = array(encoded(wide, kind))
        assert result.shape == (683, 2048, 3)
        assert np.abs(result[300, :, 0] - np.linspace(0, 255, 2048)).max() < 2


def test_jpeg_is_decoded_at_a_fraction(monkeypatch):
    sizes = []
    original = ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: (sizes.append(self.size), original(self))[1])
    assert decode(encoded(Image.new("L", (4200, 4200)), "JPEG")).size == (2048, 2048)
    assert sizes[0] == (2100, 2100)


def test_longest_allowed_side_becomes_a_line():
    assert decode(encoded(Image.new("L", (16384, 1)), "PNG")).size == (2048, 1)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    data = encoded(RGB, "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def gif(width: int, height: int) -> bytes:
    data = encoded(RGB, "GIF")
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


def bmp(width: int, height: int) -> bytes:
    data = encoded(RGB, "BMP")
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


def webp(width: int, height: int) -> bytes:
    data = encoded(RGB, "WEBP", save_all=True, append_images=[RGBA])
    assert data[12:16] == b"VP8X"  # an animation's canvas may be larger than its frames
    return data[:24] + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3] + data[30:]


def tiff(width: int, height: int, bits: int = 8, data: bytes = b"", order: str = "<", tile: int = 0) -> bytes:
    tags = {256: width, 257: height, 258: bits, 259: 8 if tile else 1, 262: 1, 277: 1}
    tags |= {322: tile, 323: tile, 324: 0, 325: len(data)} if tile else {273: 0, 278: height, 279: len(data)}
    start = 8 + 2 + 12 * len(tags) + 4
    tags[324 if tile else 273] = start
    rows = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8)
    return head + struct.pack(order + "H", len(tags)) + rows + bytes(4) + data


HEADERS = {"png": png, "jpeg": jpeg, "gif": gif, "bmp": bmp, "webp": webp, "tiff": tiff}


@pytest.mark.parametrize("crafted", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("width, height", [(16383, 16383), (8000, 8000)])
def test_too_many_pixels_are_refused_before_decoding(crafted, width, height, monkeypatch):
    resource = pytest.importorskip("resource", reason="peak memory can only be read on Unix")
    unit = 1 if sys.platform == "darwin" else 1024
    loads = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: loads.append(self.size))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    with pytest.raises(UserError, match="40 megapixels"):
        decode(crafted(width, height))
    assert not loads
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before < 50e6


def test_a_header_of_30000_by_30000_is_refused():
    with pytest.raises(UserError, match="40 megapixels and 16,384 pixels a side"):
        decode(png(30000, 30000))


@pytest.mark.parametrize("crafted", [png, jpeg, gif, bmp, tiff])
def test_too_long_a_side_is_refused(crafted):
    with pytest.raises(UserError, match=r"The photo has 17,000 × 20 pixels; at most .* 16,384 pixels a side"):
        decode(crafted(17000, 20))


@pytest.mark.parametrize("side", [10_000, 30_000])
def test_pillows_own_alarm_makes_no_difference(side):
    for action in ("ignore", "error"):
        with warnings.catch_warnings(), pytest.raises(UserError, match="scale it down first"):
            warnings.simplefilter(action)
            decode(png(side, side))


def test_a_small_tiff_with_a_huge_tile_is_refused():
    with pytest.raises(UserError, match="tiles of 900,000,000 pixels"):
        decode(tiff(100, 100, tile=30_000, data=zlib.compress(bytes(1000))))
    fair = array(tiff(256, 256, tile=256, data=zlib.compress(bytes(range(256)) * 256)))
    assert np.array_equal(fair[..., 0], np.tile(np.arange(256, dtype=np.uint8), (256, 1)))


def scans(count: int) -> bytes:
    """A progressive JPEG whose last refinement is repeated: a few bytes each, and a pass over the whole photo each."""
    data = encoded(Image.new("L", (64, 64), 90), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xc4") : -2]
    assert last.count(b"\xff\xda") == 1
    return data[:-2] + last * count + data[-2:]


def test_a_jpeg_with_hundreds_of_scans_is_refused():
    assert np.abs(array(scans(100)).astype(int) - 90).max() <= 1
    with pytest.raises(UserError, match="hundreds of scans"):
        decode(scans(500))


def test_too_many_bytes():
    data = encoded(RGB, "PNG")
    assert np.array_equal(array(data.ljust(photos.MAX_BYTES, b"\0")), PIXELS[..., :3])
    with pytest.raises(UserError, match="20.0 MB; at most 20 MB"):
        decode(data.ljust(photos.MAX_BYTES + 1, b"\0"))


# What is no photo

WRONG = {
    "empty": (b"", "The file is empty"),
    "text": (b"hello, world", "not a photo in a known format"),
    "heic": (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "a HEIC or HEIF photo"),
    "heif": (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heix", "a HEIC or HEIF photo"),
    "avif": (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", "an AVIF picture"),
    "avif in mif1": (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "an AVIF picture"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
    "svg in xml": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="3">', "an SVG drawing"),
    "html": (b"<!DOCTYPE html><html><body><svg ></svg>", "a web page"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", "a video"),
    "mov": (b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "a video"),
    "webm": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01", "a video"),
    "avi": (b"RIFF\x24\0\0\0AVI LIST", "a video"),
    "jpeg xl": (b"\xff\x0a\xfa\x7f", "a JPEG XL picture"),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    "psd": (b"8BPS\0\1", "a Photoshop document"),
    "zip": (b"PK\x03\x04\x14\0", "an archive or an office document"),
    "icon": (encoded(RGB.resize((16, 16)), "ICO"), "not a photo in a known format"),
    "real avif": (encoded(RGB, "AVIF"), "an AVIF picture"),
    "real pdf": (encoded(RGB, "PDF"), "a PDF document"),
}


@pytest.mark.parametrize("data, sentence", WRONG.values(), ids=WRONG)
def test_what_is_no_photo_is_named(data, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)) as refused:
        decode(data)
    assert re.fullmatch(r"The file is [^.]+(; [^.]+)\.", str(refused.value))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WebP", "TIFF"])
def test_damage_is_named(kind):
    data = encoded(RGB, kind)
    for damaged in (data[: len(data) // 2], data[:20], data[:12] + bytes(len(data) - 12)):
        with pytest.raises(UserError, match=f"The {kind} file is damaged, cut short or without pixels"):
            decode(damaged)


@pytest.mark.parametrize("crafted", [png, gif, bmp, tiff])
def test_a_photo_without_pixels_is_refused(crafted):
    if crafted is gif:  # its first frame has a size of its own
        data = gif(0, 0)
        at = data.rindex(b",\0\0\0\0") + 5
        damaged = data[:at] + bytes(4) + data[at + 4 :]
    else:
        damaged = crafted(0, 20)
    with pytest.raises(UserError, match="without pixels"):
        decode(damaged)


# No bytes raise anything but UserError

FILES = {
    "jpeg": encoded(RGB, "JPEG", exif=turned(6)),
    "progressive": encoded(RGB, "JPEG", progressive=True),
    "cmyk": encoded(RGB.convert("CMYK"), "JPEG"),
    "mpo": encoded(RGB, "MPO", save_all=True, append_images=[RGB]),
    "png": encoded(RGBA, "PNG", exif=turned(5)),
    "palette png": encoded(RGB.quantize(16), "PNG", transparency=3),
    "16-bit png": encoded(Image.fromarray(RAMP), "PNG"),
    "apng": encoded(RGB, "PNG", save_all=True, append_images=[RGBA]),
    "webp": encoded(RGBA, "WEBP", exif=turned(3)),
    "animated webp": encoded(RGBA, "WEBP", save_all=True, append_images=[RGB]),
    "gif": encoded(RGB.quantize(8), "GIF", save_all=True, append_images=[RGB], transparency=1),
    "bmp": encoded(RGB.quantize(16), "BMP"),
    "tiff": encoded(RGBA, "TIFF", exif=turned(7)),
    "float tiff": encoded(RGB.convert("F"), "TIFF"),
    "deflated tiff": encoded(RGB, "TIFF", compression="tiff_adobe_deflate"),
    "jpeg tiff": encoded(RGB, "TIFF", compression="jpeg"),
}


def decodes_or_says_why(data: bytes) -> None:
    try:
        image = decode(data)
    except UserError as refused:
        assert re.fullmatch(r"The [^.]+(\d\.\d[^.]+)?\.", str(refused))
    else:
        assert image.mode == "RGB" and max(image.size) <= photos.LONGEST and not image.info


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_the_whole_file_decodes(data):
    assert sorted(decode(data).size) in ([20, 30], [26, 26])


@pytest.mark.parametrize(
    "error",
    [OSError, EOFError, SyntaxError, TypeError, KeyError, IndexError, ZeroDivisionError, OverflowError, AttributeError,
     AssertionError, NotImplementedError, RecursionError, MemoryError, BufferError, struct.error, zlib.error],
)  # fmt: skip
def test_whatever_the_decoder_raises_becomes_a_sentence(error, monkeypatch):
    def fail(image):
        raise error("broken")

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    with pytest.raises(UserError, match="The PNG file is damaged"):
        decode(FILES["png"])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
@example(b"\xff\xd8\xff")
@example(b"\x89PNG\r\n\x1a\n")
@example(b"RIFF\0\0\0\0WEBP")
@example(b"GIF89a")
@example(b"II*\0\x08\0\0\0")
@example(b"BM")
def test_random_bytes(data):
    decodes_or_says_why(data)


@pytest.mark.parametrize(
    "head", [b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\x80\0\0\0WEBPVP8", b"GIF89a", b"MM\0*", b"BM"]
)
@settings(max_examples=40, deadline=None)
@given(tail=st.binary(max_size=200))
def test_random_bytes_after_a_signature(head, tail):
    decodes_or_says_why(head + tail)


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
@settings(max_examples=60, deadline=None)
@given(draws=st.data())
def test_truncations_and_flipped_bits(data, draws):
    damaged = bytearray(data[: draws.draw(st.one_of(st.just(len(data)), st.integers(1, len(data))))])
    near = st.one_of(st.integers(0, min(len(damaged), 120) - 1), st.integers(0, len(damaged) - 1))
    for position, mask in draws.draw(st.lists(st.tuples(near, st.integers(1, 255)), max_size=6)):
        damaged[position] ^= mask
    decodes_or_says_why(bytes(damaged))


# Fingerprint


def test_fingerprint_stands_for_size_and_pixels():
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(RGB))
    assert fingerprint(decode(encoded(RGB, "PNG"))) == fingerprint(decode(encoded(RGB, "BMP"))) == fingerprint(RGB)
    changed = RGB.copy()
    changed.putpixel((29, 19), tuple(int(v) ^ 1 for v in PIXELS[19, 29, :3]))
    assert fingerprint(changed) != fingerprint(RGB)
    assert fingerprint(Image.new("RGB", (4, 6))) != fingerprint(Image.new("RGB", (6, 4)))


# Preprocessing


def test_view_is_the_centre_square():
    side = Preprocess(20, 16)
    assert np.array_equal(side.view(RGB), PIXELS[2:18, 7:23, :3])  # a shorter side of 20 already: no resampling
    odd = Image.fromarray(PIXELS[:, :25, :3].copy())
    assert np.array_equal(side.view(odd), PIXELS[2:18, 4:20, :3])  # (25 − 16) / 2 = 4.5, halves to even


@pytest.mark.parametrize("size", [(500, 300), (300, 500), (224, 224), (10, 7), (1, 1), (2048, 1), (3, 2048)])
def test_view_is_a_square_of_any_photo(size):
    view = Preprocess(256, 224).view(Image.new("RGB", size, (9, 99, 200)))
    assert view.size == (224, 224) and view.mode == "RGB" and view.getcolors() == [(224 * 224, (9, 99, 200))]


def test_the_middle_of_a_sliver_is_what_the_whole_would_give():
    sliver = RGB.resize((600, 100), Image.Resampling.NEAREST)
    whole = sliver.resize((1536, 256), Image.Resampling.BICUBIC).crop((656, 16, 880, 240))
    assert np.array_equal(Preprocess(256, 224).view(sliver), whole)


def test_a_sliver_is_never_resized_whole(monkeypatch):
    sizes = []
    original = Image.Image.resize

    def resize(self, size, *more):
        sizes.append(size)
        return original(self, size, *more)

    monkeypatch.setattr(Image.Image, "resize", resize)
    Preprocess(256, 224).view(Image.new("RGB", (2048, 1)))
    assert sizes == [(1024, 256)]


def test_tensor_is_the_normalised_view():
    torch = pytest.importorskip("torch")
    preprocess = Preprocess(20, 16, mean=(0.5, 0.25, 0.125), std=(0.5, 0.25, 1.0))
    x = preprocess.tensor(RGB)
    assert x.shape == (1, 3, 16, 16) and x.dtype == torch.float32 and x.is_contiguous()
    red, green, blue = (PIXELS[2, 7, c] / 255 for c in range(3))
    assert x[0, :, 0, 0].tolist() == pytest.approx([(red - 0.5) / 0.5, (green - 0.25) / 0.25, blue - 0.125], abs=1e-6)
    white = Preprocess(32, 32).tensor(Image.new("RGB", (64, 64), "white"))
    assert white.amax((0, 2, 3)).tolist() == pytest.approx([2.2489083, 2.4285714, 2.64], abs=1e-6)


@pytest.mark.parametrize("name", ["cat", "coffee", "photographer"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
def test_tensor_equals_torchvisions(torchvision, name, interpolation):
    from torchvision.transforms import v2

    ours = Preprocess(255, 224, interpolation)
    theirs = v2.Compose([
        v2.Resize(255, interpolation=v2.InterpolationMode(interpolation)), v2.CenterCrop(224), v2.PILToTensor(),
        v2.ToDtype(sys.modules["torch"].float32, scale=True), v2.Normalize(ours.mean, ours.std),
    ])  # fmt: skip
    photo = samples()[name].open()
    for turned_photo in (photo, photo.transpose(Image.Transpose.ROTATE_90)):
        assert (ours.tensor(turned_photo)[0] - theirs(turned_photo)).abs().max() <= 1e-6


@pytest.mark.parametrize("side, fraction", [(224, 0.875), (240, 0.882), (300, 0.904), (480, 1.0)])
def test_tensor_equals_timms(timm, side, fraction):
    from timm.data import create_transform

    ours = Preprocess(int(side / fraction), side, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    theirs = create_transform((3, side, side), interpolation="bicubic", mean=ours.mean, std=ours.std, crop_pct=fraction)
    photo = samples()["cat"].open()
    assert (ours.tensor(photo)[0] - theirs(photo)).abs().max() <= 1e-6


def test_dictionary_and_back():
    preprocess = Preprocess(256, 224, "lanczos", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    card = json.loads(json.dumps(preprocess.to_dict()))
    mean, std = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]
    assert card == {"resize": 256, "crop": 224, "interpolation": "lanczos", "mean": mean, "std": std}
    assert Preprocess.from_dict(card) == preprocess and hash(Preprocess.from_dict(card)) == hash(preprocess)
    assert Preprocess.from_dict({"resize": 64.0, "crop": 48}).view(RGB).size == (48, 48)


SIDES = {"resize": 256, "crop": 224}
IMPOSSIBLE = {
    "crop beyond resize": ({"resize": 200, "crop": 224}, "from 224 to 8192 pixels, no less than the crop"),
    "no crop": ({"resize": 200, "crop": 0}, "The side of the crop is 0"),
    "half a pixel": ({"resize": 224.5, "crop": 224}, "whole number"),
    "interpolation": ({**SIDES, "interpolation": "nearest"}, "bilinear, bicubic, lanczos"),
    "a list as interpolation": ({**SIDES, "interpolation": ["bicubic"]}, "There is no interpolation"),
    "mean in levels": ({**SIDES, "mean": [123.675, 116.28, 103.53]}, "123.675; it must be a number from 0 to 1"),
    "std of nothing": ({**SIDES, "std": [0.2, 0.2, 0]}, "A value of the std is 0"),
    "two values": ({**SIDES, "mean": [0.5, 0.5]}, "three numbers"),
    "not a number": ({**SIDES, "mean": [0.5, float("nan"), 0.5]}, "A value of the mean is nan"),
    "missing": ({"resize": 256}, "it needs resize and crop"),
    "misspelt": ({**SIDES, "interpolatoin": "bicubic"}, "names crop, interpolatoin, resize"),
    "no dictionary": ([256, 224], "names nothing"),
}


@pytest.mark.parametrize("card, sentence", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_impossible_preprocessing_is_refused(card, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        Preprocess.from_dict(card)


# Samples


def test_samples_are_small_clean_and_credited():
    sources = (photos.SAMPLES / "SOURCES.md").read_text(encoding="utf-8")
    found = samples()
    assert {sample.path for sample in found.values()} == set(photos.SAMPLES.glob("*.jpg")) and len(found) >= 5
    for name, sample in found.items():
        image = sample.open()
        assert sample.name == name and sample.title and 224 <= min(image.size) <= max(image.size) <= 512
        data = sample.path.read_bytes()
        assert len(data) <= 80_000 and not Image.open(io.BytesIO(data)).getexif()
        row = next(line for line in sources.splitlines() if f"`{sample.path.name}`" in line)
        assert sample.credit in row and (sample.licence.removesuffix(" 1.0").lower() in row.lower())
    assert len({fingerprint(sample.open()) for sample in found.values()}) == len(found)


def test_decoding_needs_no_torch():
    code = "import sys, effnet_core.photos as p; p.samples()['cat'].open(); sys.exit('torch' in sys.modules)"
    root = Path(__file__).resolve().parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
