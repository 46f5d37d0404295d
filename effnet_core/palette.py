"""Colours and number texts of the whole app: one stage, one colour, and one way to print a figure.

Stage colours are Okabe and Ito's (dark theme); their light variants keep the hue and are darkened until each stands out
3 : 1 from a white page, chosen so that any two stay apart for the three common colour-vision deficiencies.
"""

import math
from functools import cache
from numbers import Integral

from .errors import UserError

PAGE = {"light": "#ffffff", "dark": "#10151b"}
INK = {"light": "#12161b", "dark": "#e8ecf1"}  # text
MUTED = {"light": "#5c6470", "dark": "#a3acb9"}  # edges, axis labels
GRID = {"light": "#e1e5ea", "dark": "#2c343e"}
ACCENT = {"light": "#0b6aa8", "dark": "#56b4e9"}  # what belongs to no stage
STAGES = {
    "light": ("#3496d5", "#b64e01", "#035680", "#c68804", "#1b7f56", "#534800", "#b56094"),
    "dark": ("#56b4e9", "#d55e00", "#0072b2", "#e69f00", "#009e73", "#f0e442", "#cc79a7"),
}
ENDS = {
    "light": {"stem": "#8a8f98", "maxpool": "#7b808a", "head": "#6b7079", "classifier": "#474c55"},
    "dark": {"stem": "#8b93a1", "maxpool": "#9aa2af", "head": "#aab1bd", "classifier": "#cfd5dd"},
}
VIRIDIS = ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725")
SIGNED = {  # negative, zero, positive; zero is near the page
    "light": ("#00466e", "#0072b2", "#7db8da", "#f2f2f2", "#f0a06a", "#d55e00", "#8a3c00"),
    "dark": ("#9fd4f5", "#3f9bd1", "#1f5f88", "#252b35", "#8f4a17", "#de7a2c", "#ffc08f"),
}
PREFIXES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""),
            (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
SYMBOLS = frozenset({"s", "B", "B/s", "Hz", "W", "J", "MAC/s", "FLOP/s"})  # units that take a prefix directly: 12.3 ms


class Theme(str):
    """"light" or "dark", with how many times larger than usual its type is, for a presenter."""

    times: float

    def __new__(cls, name: str, times: float = 1.0) -> "Theme":
        theme = super().__new__(cls, name)
        theme.times = times
        return theme


def themed(table: dict, theme: str):
    """The entry of `table` for `theme`. Raises `UserError` for a theme other than light and dark."""
    if theme not in table:
        raise UserError(f"There is no theme {theme!r}; there are {' and '.join(table)}.")
    return table[theme]


def unit_colour(unit_id: str, theme: str = "light") -> str:
    """The colour of a stage, of a block or layer in it, or of a layer before or after the blocks, as `#rrggbb`."""
    first, _, rest = unit_id.partition(".")
    ends, stages, index = themed(ENDS, theme), themed(STAGES, theme), rest.partition(".")[0]
    if first in ends:
        return ends[first]
    if first != "stages" or not index.isdecimal() or int(index) >= len(stages):
        raise UserError(f"There is no colour for {unit_id!r}; there is one for stages.0 … stages.{len(stages) - 1}, "
                        f"{' and '.join(ends)}.")
    return stages[int(index)]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(low: str, high: str, t: float) -> str:
    """`low` at t = 0, `high` at t = 1, and straight lines in sRGB between them."""
    return "#" + "".join(f"{round(a + (b - a) * t):02x}" for a, b in zip(_channels(low), _channels(high)))


def _along(table: tuple[str, ...], t: float) -> str:
    place = min(1.0, max(0.0, t)) * (len(table) - 1)
    index = min(int(place), len(table) - 2)
    return mix(table[index], table[index + 1], place - index)


def sequential(t: float) -> str:
    """Viridis: 0 is dark violet, 1 is yellow; t outside 0 … 1 is taken as the nearer end."""
    return _along(VIRIDIS, t)


def standing_out(t: float, theme: str = "light") -> str:
    """Viridis rising out of the page, for areas with text on them: t = 0 is nearly the page, t = 1 is farthest from it."""
    light = themed(PAGE, theme) == PAGE["light"]
    return mix(PAGE[theme], sequential(0.9 * (1 - t) if light else 0.1 + 0.9 * t), 0.2 + 0.8 * min(1.0, max(0.0, t)))


def diverging(t: float, theme: str = "light") -> str:
    """For signed quantities, t from −1 (blue) over 0 (near the page) to 1 (orange)."""
    return _along(themed(SIGNED, theme), (t + 1) / 2)


def colour_scale(table: tuple[str, ...] = VIRIDIS) -> list[list]:
    """`[[0, "#rrggbb"], …, [1, "#rrggbb"]]`, the form that Plotly takes."""
    return [[i / (len(table) - 1), colour] for i, colour in enumerate(table)]


@cache
def luminance(colour: str) -> float:
    """WCAG 2 relative luminance of `#rrggbb`, from 0 (black) to 1 (white)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """WCAG 2 contrast ratio, from 1 (none) to 21 (black on white)."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on `colour`; one of them always reaches 4.5 : 1."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, colour))


def fixed(value: float, digits: int = 4) -> str:
    """So many decimals; of what is huge, as random weights can make it, four digits and the power of ten."""
    return (f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.3e}").replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """The same with its sign, of changes and weights: `+0.120`, `−1.500`."""
    return (f"{value:+.{digits}f}" if abs(value) < 1e6 else f"{value:+.3e}").replace("-", "−")


def four(value: float) -> str:
    """Four significant digits, closing zeros among them: `0.1200`, `1234`."""
    return f"{value:#.4g}".rstrip(".").replace("-", "−")


def three(value: float) -> str:
    """Three significant digits without a prefix, written out below 10¹⁵: `0.12`, `31.1`, `1,240`."""
    text = f"{value:.3g}"
    return f"{float(text):,.0f}" if 1000 <= abs(float(text)) < 1e15 else text


def _three_digits(value: float) -> str:
    return f"{value:.{max(0, 2 - int(math.floor(math.log10(abs(value)))))}f}"


def si(value: float, unit: str = "") -> str:
    """Three significant digits with an SI prefix: `386 M`, `5.29 M MACs`, `12.3 ms`, `1.23 kB`.

    Whole numbers below 1000 stay whole. A prefix below 1 needs a symbol such as s; other small values stay decimal.
    """
    after = f" {unit}" if unit and unit not in SYMBOLS else ""
    symbol = unit if unit in SYMBOLS else ""
    if not math.isfinite(value):
        return ("not a number" if math.isnan(value) else "∞" if value > 0 else "−∞") + (f" {unit}" if unit else "")
    if value == 0 or (isinstance(value, Integral) and abs(value) < 1000):
        return f"{value:.0f}".replace("-", "−") + (f" {symbol}" if symbol else after)
    text, prefix = _scaled(abs(value), bool(symbol))
    tail = f" {prefix}{symbol}" if prefix or symbol else ""
    return ("−" if value < 0 else "") + text + tail + after


def _scaled(size: float, small: bool) -> tuple[str, str]:
    size = float(f"{size:.2e}")  # rounded first: 999 999 is 1.00 M
    if not 1e-12 <= size < 1e21 or (size < 1 and not small):
        return f"{size:.3g}", ""
    factor, prefix = next((f, p) for f, p in PREFIXES if size >= f)
    return _three_digits(size / factor), prefix


def bytes_text(count: int) -> str:
    """Decimal bytes, as disks and downloads count them: `21.2 MB`."""
    return si(count, "B")


def percent(share: float) -> str:
    """A share of 1 with two or three digits: `43.1 %`, `2.3 %`, `< 0.1 %`."""
    return "< 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"
