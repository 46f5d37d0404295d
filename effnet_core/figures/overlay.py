"""A map over the picture that it belongs to."""

from io import BytesIO

import numpy as np
from PIL import Image

from .maps import colours, indexes

STRENGTH = 0.65  # of the map's colour where it reaches the end of its scale


def overlay(values: np.ndarray, picture: Image.Image, reach: float, theme: str = "light") -> bytes:
    """A map (H W) in the signed colours over `picture` in grey, as JPEG: the further from zero, the more of the colour."""
    height, width = values.shape
    grey = np.asarray(picture.convert("L").resize((width, height), Image.Resampling.BILINEAR), np.float32)[..., None]
    table = np.frombuffer(colours(theme), np.uint8).reshape(-1, 3).astype(np.float32)
    share = STRENGTH * np.clip(np.abs(values) / (reach or 1.0), 0, 1)[..., None].astype(np.float32)
    mixed = grey * (1 - share) + table[indexes(values[None], np.array([reach]))[0]] * share
    file = BytesIO()
    Image.fromarray(np.rint(mixed).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()
