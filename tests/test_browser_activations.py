"""Activations, squeeze-and-excitation and chance in a real browser: its arithmetic is Python's, and it answers to the hand."""

import json

import pytest

from effnet_core import published
from effnet_core.families import compound
from effnet_core.figures.chance import APART
from effnet_core.figures.gating import small_maps
from effnet_core.lessons import activations, chance, gating
from effnet_core.lessons.norm import Norm, fold
from effnet_core.photos import samples

from .hand import drag, eventually
from .serving import CHROMIUM, open_page, visited

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
PATIENCE_MS = 30_000
CURVES = ("swish", "ReLU", "ReLU6", "hard-swish", "sigmoid")


@pytest.fixture(scope="module")
def page(browser, address):
    with visited(browser, address + "/blocks", 1400) as page:
        yield page


def shown(page, x, beta):
    """Value and slope of every curve, as the browser has them."""
    rows = page.locator(".activation .row")
    told = rows.evaluate_all("rows => rows.map((row) => ({ ...row.dataset }))")
    found = {row["name"]: (float(row["value"]), float(row["slope"])) for row in told}
    expected = {name: (function.value(x), function.slope(x)) for name, function in activations.functions(beta).items() if name in found}
    assert found and all(found[name] == pytest.approx(pair, abs=1e-12) for name, pair in expected.items()), (x, beta)
    return found


def addressed(page, part):
    """Waits until the address has this, that is until Python has heard of it."""
    page.wait_for_function("part => location.search.includes(part)", arg=part, timeout=PATIENCE_MS)


def test_curves_are_those_of_python_at_every_place_and_follow_the_hand(page):
    open_page(page, f"{page.home}?lesson=Activations&acts_on=" + "&acts_on=".join(CURVES))
    plot = page.locator(".activation svg[role=slider]").first
    sync_api.expect(plot).to_have_count(1, timeout=PATIENCE_MS)
    assert len(shown(page, 1.0, 1.0)) == len(CURVES)
    plot.focus()
    page.keyboard.press("Home")
    for x, steps in ((-8, 5), (-3, 3), (0, 3), (3, 3), (6, 2)):  # all kinks
        eventually(page, lambda: shown(page, float(x), 1.0))  # noqa: B023  asked at once
        for _ in range(steps):
            page.keyboard.press("Shift+ArrowRight")
    eventually(page, lambda: shown(page, 8.0, 1.0))
    addressed(page, "acts_x=8")
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 100, steps=3)
    x = float(plot.get_attribute("aria-valuenow"))
    eventually(page, lambda: shown(page, x, 1.0))
    page.mouse.up()
    addressed(page, f"acts_x={x:g}")
    sync_api.expect(page.locator(".st-key-acts_x input[type=range]")).to_have_attribute("value", f"{x:g}", timeout=PATIENCE_MS)
    beta = drag(page, "acts_beta", 100)
    assert beta > 2 and "acts_beta" not in page.url
    eventually(page, lambda: shown(page, x, beta))
    page.mouse.up()


def test_gates_and_counts_follow_the_hand(page):
    open_page(page, f"{page.home}?lesson=Squeeze-and-excitation&squeeze_channels=5&squeeze_ratio=2&squeeze_seed=3&squeeze_photo=cat")
    bars = page.locator(".squeeze .hold")
    sync_api.expect(bars).to_have_count(5, timeout=PATIENCE_MS)
    _, maps = small_maps(samples()["cat"].open())
    z = [sum(cells) / len(cells) for cells in maps[:5]]
    gates = lambda: json.loads(page.locator(".squeeze").get_attribute("data-gates"))  # noqa: E731
    assert gates() == pytest.approx(gating.excite(z, 2, gating.weights(3)).gates, abs=1e-12)
    bars.nth(2).focus()
    page.keyboard.press("Shift+ArrowRight")
    z[2] = float(bars.nth(2).get_attribute("aria-valuenow"))
    assert gates() == pytest.approx(gating.excite(z, 2, gating.weights(3)).gates, abs=1e-12)
    ratio = int(drag(page, "squeeze_ratio", 100))
    total, row = gating.total(gating.squeezes(published("b0")), ratio), page.locator(".counts tbody tr").nth(2)
    assert ratio > 4
    sync_api.expect(row).to_have_attribute("data-params", str(total.params), timeout=PATIENCE_MS)
    sync_api.expect(row).to_have_attribute("data-macs", str(total.macs), timeout=PATIENCE_MS)
    assert gates() == pytest.approx(gating.excite(z, gating.narrowed(5, ratio), gating.weights(3)).gates, abs=1e-12)
    page.mouse.up()


def test_draws_are_those_of_python(page):
    asked = "chance_part=Stochastic depth&chance_seed=4&chance_most=0.5&source=Published&name=B3"
    open_page(page, f"{page.home}?lesson=Norm and chance&{asked}")
    drawn = page.locator(".chance")
    sync_api.expect(drawn.locator(".waits")).to_contain_text("after your guess above", timeout=PATIENCE_MS)
    sync_api.expect(drawn).not_to_contain_text(f"{chance.expected(chance.rates(published('b3'), 0.5)):.2f}")
    page.locator(".st-key-unguessed_chance_depth button").press("Enter")
    sync_api.expect(drawn.locator("svg")).to_have_count(2, timeout=PATIENCE_MS)
    rates = chance.rates(published("b3"), 0.5)
    assert drawn.get_attribute("data-gone") == "".join(str(int(gone)) for gone in chance.dropped(rates, 4))
    assert float(drawn.get_attribute("data-mean")) == pytest.approx(chance.expected(rates), abs=1e-12)
    assert json.loads(drawn.get_attribute("data-odds")) == pytest.approx(chance.distribution(rates), abs=1e-12)
    seed = int(drag(page, "chance_seed", 150))
    assert seed > 4
    sync_api.expect(drawn).to_have_attribute("data-gone", "".join(str(int(gone)) for gone in chance.dropped(rates, seed)), timeout=PATIENCE_MS)
    page.mouse.up()
    open_page(page, f"{page.home}?lesson=Norm and chance&chance_part=Dropout&chance_seed=4&chance_rate=0.3")
    sync_api.expect(page.locator(".dropout svg")).to_have_count(1, timeout=PATIENCE_MS)
    gone = chance.dropped([0.3] * 1280, 4 + APART)
    sync_api.expect(page.locator(".dropout")).to_contain_text("and what is done to them: after your guess above")
    assert page.locator(".dropout").get_attribute("data-gone") == ",".join(str(place) for place, left in enumerate(gone) if left)


def test_thousands_of_blocks_answer_to_the_hand(page):
    network = compound(8, 2.0)
    asked = "chance_part=Stochastic depth&chance_seed=4&chance_most=0.5&phi=8&alpha=2&beta=1&gamma=1"
    open_page(page, f"{page.home}?lesson=Norm and chance&{asked}")
    drawn = page.locator(".chance")
    page.locator(".st-key-unguessed_chance_depth button").press("Enter")
    sync_api.expect(drawn.locator("svg")).to_have_count(2, timeout=PATIENCE_MS)
    assert drawn.locator("*").count() < 2_000
    rates = chance.rates(network, drag(page, "chance_most", -60))
    sync_api.expect(drawn).to_have_attribute("data-gone", "".join(str(int(gone)) for gone in chance.dropped(rates, 4)), timeout=PATIENCE_MS)
    odds = json.loads(drawn.get_attribute("data-odds"))
    assert odds == pytest.approx(chance.distribution(rates), abs=1e-12) and sum(odds) == pytest.approx(1, abs=1e-12)
    page.mouse.up()
    sync_api.expect(page.get_by_text("Equal blocks in a row are drawn as one")).to_have_count(1, timeout=PATIENCE_MS)


def test_folding_follows_the_hand(page):
    open_page(page, f"{page.home}?lesson=Norm and chance&norm_gamma=-1.5&norm_beta=0.25&norm_mean=1&norm_variance=2&norm_eps=-1")
    drawn = page.locator(".fold")
    sync_api.expect(drawn.locator("svg")).to_have_count(1, timeout=PATIENCE_MS)
    variance = drag(page, "norm_variance", 80)
    folded = fold(Norm(-1.5, 0.25, 1.0, variance, 0.1))
    told = lambda: [float(drawn.get_attribute(f"data-{name}")) for name in ("factor", "shift")]  # noqa: E731
    assert variance > 2
    eventually(page, lambda: told() == pytest.approx([folded.factor, folded.shift], abs=1e-12))
    page.mouse.up()
