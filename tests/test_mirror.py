"""The mirror in the browser computes what effnet_core computes: run in Chromium, compared to the last digit, colour and word."""

import json
import math
import random
from pathlib import Path

import pytest

from effnet_core import palette
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import BASES, compound
from effnet_core.figures import bars, lab, numbers, strip
from effnet_core.graph import FIELD, LEVELS, METRICS
from effnet_core.scaling import Compound, round_channels, round_repeats

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SCRIPTS = ("digits.js", "numerals.js", "mirror.js", "pictures.js", "pictured_graph.js")
COLOURS = [metric for metric in (*METRICS, FIELD) if metric != "time"]  # time is measured, never computed
GRID = [(base / 100, phi / 10) for base in range(100, 201) for phi in range(-20, 81)]  # every place of a slider with every place of φ
ANSWER = """(many) => JSON.stringify(many.map((settings) => {
  const mirror = window.mirror
  try {
    const made = mirror.network(settings)
    return { strip: stripOf(mirror, made, settings), tiles: tilesOf(mirror, made, settings), bars: barsOf(mirror, made, settings),
             picture: pictureOf(mirror, made, settings), figures: Object.entries(mirror.figures(made)).map(([k, v]) => [k, String(v)]) }
  } catch (refused) {
    if (!(refused instanceof RangeError)) throw refused
    return { refused: refused.message }
  }
}))"""


@pytest.fixture(scope="module")
def page(browser):
    """An empty page with nothing but the mirror."""
    page = browser.new_page()
    page.set_content("<title>mirror</title>")
    for script in SCRIPTS:
        page.add_script_tag(content=(ASSETS / script).read_text(encoding="utf-8"))
    page.evaluate("(constants) => { window.mirror = mirrorOf(constants) }", json.loads(json.dumps(lab.constants())))
    yield page
    page.close()


def same(value):
    """As JSON has it."""
    return json.loads(json.dumps(value))


def answer(settings):
    """What Python says to `settings`."""
    try:
        network = compound(*(settings[key] for key in ("phi", "alpha", "beta", "gamma")), base=settings["base"], classes=settings["classes"])
    except UserError as refused:
        return {"refused": str(refused)}
    total, theme, metric = cost(network), settings["theme"], settings["metric"]
    selected, before = network.nearest(settings["wanted"]), settings["before"]
    opened = [stage.id for stage in network.stages if stage.id in settings["opened"]]
    return same({
        "strip": strip.strip(network, theme, selected),
        "tiles": numbers.tiles(network, total, {key: int(value) for key, value in before.items()} if before else None, settings["flops"]),
        "bars": bars.by_unit(total, network, metric, theme, selected),
        "picture": lab.picture(network, total, settings["level"], metric, opened, theme, selected),
        "figures": [[key, str(value)] for key, value in numbers.figures(network, total).items()],
    })


def random_settings(dice, wild):
    """Of the sliders; `wild` ones go to the ends of what the core takes, and beyond."""
    low, high = (-4.5, 10.5) if wild else (-2.0, 8.0)
    bases = (0.45, 3.05) if wild else (1.0, 2.0)
    digits = dice.choice((1, 2, 15)) if wild else 2
    before = numbers.figures(compound(0.0), cost(compound(0.0)))
    moved = {key: str(int(value * 10 ** dice.uniform(-4, 4)) + 1) for key, value in before.items()}
    return {
        "phi": round(dice.uniform(low, high), 1 if digits == 2 else digits) + 0.0, "classes": dice.choice((1000, 10, 1, 100_000)),
        **{key: round(dice.uniform(*bases), digits) if dice.random() < 0.6 else value
           for key, value in (("alpha", 1.2), ("beta", 1.1), ("gamma", 1.15))},
        "base": dice.choice([*BASES]), "level": dice.choice(LEVELS), "metric": dice.choice(COLOURS), "theme": dice.choice(("light", "dark")),
        "opened": [f"stages.{i}" for i in range(7) if dice.random() < 0.3], "flops": dice.random() < 0.5,
        "wanted": dice.choice(("stem", "maxpool", "head", "classifier", "stages.4.1", "stages.2.70", "stages.6.0", "stages.9.9", "", "nonsense")),
        "before": dice.choice((None, moved, {key: str(value) for key, value in before.items()})),
    }


def compare(page, many):
    refused = 0
    for settings, found in zip(many, json.loads(page.evaluate(ANSWER, many))):
        expected = answer(settings)
        for part in expected:
            assert found.get(part) == expected[part], (part, settings, found.get("refused"))
        assert found.keys() == expected.keys()
        refused += "refused" in expected
    return refused


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_random_settings_agree(page, seed):
    dice = random.Random(seed)
    many = [random_settings(dice, wild=number % 2 == 1) for number in range(100)]
    assert 5 <= compare(page, many) <= 60  # refusals are compared too, and are not all there is


def test_counts_beyond_what_a_double_holds_stay_exact(page):
    settings = {**random_settings(random.Random(0), False), "phi": 8.0, "alpha": 1.9, "beta": 1.9, "gamma": 1.5, "base": "b0", "opened": []}
    total = cost(compound(8.0, 1.9, 1.9, 1.5, classes=settings["classes"]))
    assert total.macs > 2**53 and int(float(total.macs)) != total.macs
    assert compare(page, [settings]) == 0


def test_every_place_of_the_sliders_rounds_alike(page):
    """α only makes blocks, β only channels, γ only pixels: so all places of all four sliders are covered by pairs with φ."""
    def factors(base, phi):
        try:
            return [Compound(phi, base, 1.0, 1.0).scaling(224).depth, Compound(phi, 1.0, base, 1.0).scaling(224).width]
        except UserError:
            return None

    expected = [factors(base, phi) for base, phi in GRID]
    families = [*BASES.values()]
    repeats = sorted({row.repeats for family in families for row in family.rows})
    channels = sorted({row.channels for family in families for row in family.rows} | {family.stem for family in families} | {1280})
    counts = [found and [[round_repeats(r, found[0]) for r in repeats], [round_channels(c, found[1]) for c in channels]] for found in expected]
    sides = [[math.floor(side * Compound(phi, gamma=base).resolution + 0.5) for side in (224, 48)] for base, phi in GRID]
    found = json.loads(page.evaluate("""([grid, repeats, channels]) => JSON.stringify(grid.map(([base, phi]) => {
      const power = base ** phi
      const [low, high] = window.mirror.constants.ranges.factor
      return [power < low || power > high ? null : [repeats.map((r) => window.mirror.roundRepeats(r, power)), channels.map((c) => window.mirror.roundChannels(c, power))],
              [224, 48].map((side) => Math.floor(side * power + 0.5))]
    }))""", [GRID, repeats, channels]))
    assert [counts_found for counts_found, _ in found] == counts and [sides_found for _, sides_found in found] == sides


def test_figures_print_alike(page):
    dice = random.Random(1)
    whole = [0, 1, 999, 1000, 9995, 12350, 12450, 99950, 999499, 999500, 1005, 1015, 10**15 + 5, 2**53 + 1, 2**64 + 3, 10**20]
    whole += [int(10 ** dice.uniform(0, 20)) for _ in range(2000)]
    assert page.evaluate("(all) => all.map((n) => [window.mirror.si(BigInt(n)), window.mirror.si(BigInt(n), 'MACs'), window.mirror.si(BigInt(n), 'B')])",
                         [str(n) for n in whole]) == [[palette.si(n), palette.si(n, "MACs"), palette.si(n, "B")] for n in whole]
    real = [0.0, 0.5, 1.5, 2.5, 0.125, 12.35, 1.005, 0.0005, 0.00049, 0.9995, 1.0, 0.045, 0.155, 1e-7, 123456.5, 8.5, 100.5, 1250.0, 1e16, 0.1 + 0.2]
    real += [10 ** dice.uniform(-6, 12) for _ in range(2000)] + [dice.randrange(1, 4000) / 8 for _ in range(500)]
    found = page.evaluate("(all) => all.map((x) => [window.mirror.si(x), window.mirror.percent(x), fixed(x, 0), fixed(x, 1), fixed(x, 2), general(x, 3), general(x), repr(x)])", real)
    for x, texts in zip(real, found):
        assert texts == [palette.si(x), palette.percent(x), f"{x:.0f}", f"{x:.1f}", f"{x:.2f}", f"{x:.3g}", f"{x:g}", repr(x)], x


def test_whole_numbers_divide_alike(page):
    dice = random.Random(2)
    pairs = [(int(10 ** dice.uniform(0, 24)), int(10 ** dice.uniform(0, 24))) for _ in range(3000)]
    found = page.evaluate("(pairs) => pairs.map(([a, b]) => ratio(BigInt(a), BigInt(b)))", [[str(a), str(b)] for a, b in pairs])
    assert [float(share) for share in found] == [a / b for a, b in pairs]
    assert page.evaluate("(pairs) => pairs.map(([a, b]) => window.mirror.changed(BigInt(a), BigInt(b)))", [[str(a), str(b)] for a, b in pairs]) == [
        numbers.changed(a, b) for a, b in pairs]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_agree(page, theme):
    places = [i / 5000 for i in range(-50, 5051)]
    found = page.evaluate("([places, theme]) => places.map((t) => { const m = window.mirror; const c = m.standingOut(t, theme); return [m.sequential(t), c, m.inkOn(c)] })",
                          [places, theme])
    assert found == [[palette.sequential(t), c := palette.standing_out(t, theme), palette.ink_on(c)] for t in places]


def test_the_mirror_has_no_tables_of_its_own():
    """No row, range, colour or published number is written down in the scripts: all come from Python."""
    code = "".join((ASSETS / script).read_text(encoding="utf-8") for script in SCRIPTS)
    for constant in (palette.VIRIDIS[3], palette.STAGES["light"][0], "8192", "1280", "224", "1.15", "400", "130"):
        assert constant not in code, constant
