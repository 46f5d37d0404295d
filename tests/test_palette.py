"""Colours that stay readable and apart, and figures that print in one way."""

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effnet_core import palette
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.palette import PAGE, STAGES, contrast, diverging, fixed, four, ink_on, sequential, si, signed, standing_out, three, unit_colour

THEMES = ("light", "dark")
STEPS = [i / 500 for i in range(501)]
COARSE = [i / 50 for i in range(51)]  # wide enough apart for 8 bits per channel to show that a scale rises
# Machado, Oliveira and Fernandes 2009, severity 1: what is seen without one kind of cone, in linear sRGB.
VISION = {
    "typical": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
LMS = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566), (0.0883024619, 0.2817188376, 0.6299787005))
OKLAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099), (0.0259040371, 0.7827717662, -0.8086757660))


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector)) for row in matrix]


def seen(colour, vision):
    """OKLab coordinates of `colour` for an eye."""
    srgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in srgb]
    inside = [min(1.0, max(0.0, c)) for c in times(VISION[vision], linear)]
    return times(OKLAB, [c ** (1 / 3) for c in times(LMS, inside)])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_any_two_stages_stay_apart_for_every_eye(theme, vision):
    least = min(math.dist(seen(a, vision), seen(b, vision)) for a, b in combinations(STAGES[theme], 2))
    assert least > 0.07  # three to four just noticeable differences


@pytest.mark.parametrize("theme", THEMES)
def test_stages_and_ends_stand_out_from_the_page(theme):
    units = [unit for unit, _ in published("b0").units()]
    assert all(contrast(unit_colour(unit, theme), PAGE[theme]) >= 3 for unit in units)
    for table in (palette.INK, palette.MUTED, palette.ACCENT):
        assert contrast(table[theme], PAGE[theme]) >= 4.5


def test_a_stage_has_one_colour_in_all_its_parts():
    for theme in THEMES:
        assert {unit_colour(i, theme) for i in ("stages.3", "stages.3.0", "stages.3.11", "stages.3.0.se")} == {STAGES[theme][3]}
        assert len({unit_colour(f"stages.{i}", theme) for i in range(7)} | {unit_colour(e, theme) for e in palette.ENDS[theme]}) == 11


@pytest.mark.parametrize("unit", ["stages.7", "stages", "stages.x.0", "pool", "", "stages.-1"])
def test_an_unknown_unit_has_no_colour(unit):
    with pytest.raises(UserError, match="There is no colour for"):
        unit_colour(unit)


def test_an_unknown_theme_is_refused():
    for call in (lambda: unit_colour("stem", "sepia"), lambda: diverging(0, "sepia"), lambda: standing_out(0, "sepia")):
        with pytest.raises(UserError, match="There is no theme 'sepia'"):
            call()


def test_text_is_readable_on_every_colour():
    produced = {sequential(t) for t in STEPS} | {c for theme in THEMES for c in STAGES[theme]}
    produced |= {c for theme in THEMES for t in STEPS for c in (standing_out(t, theme), diverging(2 * t - 1, theme))}
    produced |= {c for theme in THEMES for c in palette.ENDS[theme].values()}
    assert len(produced) > 1500
    assert min(contrast(colour, ink_on(colour)) for colour in produced) >= 4.5


def test_sequential_is_viridis_and_rises():
    colors = pytest.importorskip("plotly.colors", reason="plotly, the reference for viridis, is not installed")
    assert [sequential(i / 9) for i in range(10)] == [c.lower() for c in colors.sequential.Viridis]
    light = [palette.luminance(sequential(t)) for t in COARSE]
    assert light == sorted(light) and light[0] < 0.02 and light[-1] > 0.7
    assert sequential(-3) == sequential(0) and sequential(7) == sequential(1)


def test_standing_out_leaves_the_page_steadily():
    for theme in THEMES:
        away = [contrast(standing_out(t, theme), PAGE[theme]) for t in COARSE]
        assert away == sorted(away) and away[0] < 1.3 and away[-1] > 12


def test_diverging_is_near_the_page_at_zero():
    for theme in THEMES:
        away = [contrast(diverging(t, theme), PAGE[theme]) for t in (-1, -0.5, 0, 0.5, 1)]
        assert away[2] == min(away) < 1.5 and min(away[0], away[-1]) > 7


def test_colour_scale_is_what_plotly_takes():
    scale = palette.colour_scale()
    assert scale[0] == [0, "#440154"] and scale[-1] == [1, "#fde725"] and len(scale) == 10


def test_contrast_agrees_with_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the well-known grey that just fails


@pytest.mark.parametrize("value, unit, text", [
    (385814752, "", "386 M"), (5288548, "MACs", "5.29 M MACs"), (1827141392, "", "1.83 G"), (475703653280, "", "476 G"),
    (0, "", "0"), (0, "s", "0 s"), (0.0, "MACs", "0 MACs"), (-5288548, "", "−5.29 M"), (-3, "blocks", "−3 blocks"),
    (7, "", "7"), (999, "", "999"), (1000, "", "1.00 k"), (999_499, "", "999 k"), (999_500, "", "1.00 M"), (999.6, "", "1.00 k"),
    (0.0123, "s", "12.3 ms"), (2.5e-6, "s", "2.50 µs"), (1.0, "s", "1.00 s"), (0.9999, "s", "1.00 s"), (99.95, "s", "100 s"),
    (0.0123, "", "0.0123"), (1e-20, "s", "1e-20 s"), (3e22, "", "3e+22"), (16.04, "", "16.0"),
    (math.inf, "s", "∞ s"), (-math.inf, "", "−∞"), (math.nan, "", "not a number"),
])
def test_si(value, unit, text):
    assert si(value, unit) == text


@given(st.floats(1e-11, 1e20), st.booleans())
def test_si_keeps_three_digits(value, negative):
    digits, _, prefix = si(-value if negative else value, "s")[: -len("s")].partition(" ")
    factor = {p: f for f, p in palette.PREFIXES}[prefix]
    assert abs(float(digits.replace("−", "-")) * factor) == pytest.approx(value, rel=5.01e-3)
    assert digits.startswith("−") == negative and 3 <= sum(c.isdecimal() for c in digits) <= 3


def test_bytes_and_percent():
    assert palette.bytes_text(21_154_192) == "21.2 MB" and palette.bytes_text(12) == "12 B"
    assert [palette.percent(s) for s in (0, 0.0004, 0.0005, 0.431, 1)] == ["0.0 %", "< 0.1 %", "0.1 %", "43.1 %", "100.0 %"]


def test_numpy_numbers_print_like_others():
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    assert si(numpy.int64(12)) == "12" and si(numpy.float32(2.5e6)) == "2.50 M"


@pytest.mark.parametrize("value, digits, text", [(3.14159, 4, "3.1416"), (-0.5, 2, "−0.50"), (0.0, 3, "0.000"), (-1234567.0, 4, "−1.235e+06"), (999999.4, 1, "999999.4")])
def test_fixed_decimals(value, digits, text):
    assert fixed(value, digits) == text


@pytest.mark.parametrize("value, digits, text", [(0.12345, 3, "+0.123"), (-1.5, 2, "−1.50"), (0, 3, "+0.000"), (-2.5e7, 3, "−2.500e+07")])
def test_signed_decimals(value, digits, text):
    assert signed(value, digits) == text


@pytest.mark.parametrize("value, text", [(0.12, "0.1200"), (1234.4, "1234"), (-12.345, "−12.35"), (0, "0.000"), (2.5e7, "2.500e+07")])
def test_four_significant_digits(value, text):
    assert four(value) == text


@pytest.mark.parametrize("value, text", [(0.1234, "0.123"), (31.06, "31.1"), (999.4, "999"), (999.6, "1,000"), (1236.72, "1,240"), (2_500_000, "2,500,000"), (4.5e17, "4.5e+17")])
def test_three_significant_digits_written_out(value, text):
    assert three(value) == text
