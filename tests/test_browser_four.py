"""The four bars in a real browser: what is pointed at in one is marked in all, the arrow keys move, Enter selects."""

import pytest

from effnet_core.cost import cost
from effnet_core.families import published
from effnet_core.figures.four import Timed, four

from .serving import CHROMIUM, mounted

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
B0 = published("b0")
DATA = four(cost(B0), B0, [Timed("CPU time", {layer.id: 1.0 for layer in B0.layers}, "here"), Timed("GPU time", None, "")], "stages.4.1")
MOUNT = """(data) => {
  window.picked = []
  mount({ parentElement: document.body, data, setTriggerValue: (name, id) => window.picked.push([name, id]) })
}"""


@pytest.fixture(scope="module")
def page(browser):
    with mounted(browser, "four") as page:
        page.evaluate(MOUNT, DATA)
        yield page


def line(page):
    return page.locator(".line").inner_text()


def lines(unit):
    return next(one["line"] for one in DATA["units"] if one["id"] == unit)


def test_every_bar_has_its_shares_in_full_width_and_the_empty_one_says_so(page):
    width = page.locator(".whole").first.bounding_box()["width"]
    for place in range(3):
        marks = page.locator(".whole").nth(place).locator(".mark")
        assert marks.count() == len(DATA["units"])
        lefts = [marks.nth(at).locator("rect").get_attribute("x") for at in range(marks.count())]
        for at, (left, share) in enumerate(zip(map(float, lefts), DATA["rows"][place]["shares"])):
            assert left == pytest.approx(width * sum(DATA["rows"][place]["shares"][:at]), abs=0.5) and share >= 0
    empty = page.locator(".whole").nth(3)
    assert empty.get_attribute("role") == "img" and empty.get_attribute("aria-label") == "GPU time: not measured"
    assert empty.locator("text").inner_html() == "not measured" and not empty.locator(".mark").count()
    assert line(page) == lines("stages.4.1")


def test_what_is_pointed_at_is_marked_in_all_bars_and_told(page):
    page.locator(".whole").nth(1).locator('[data-id="stages.1.0"]').hover()
    assert page.locator(".along").count() == 3 and {mark.get_attribute("data-id") for mark in page.locator(".along").all()} == {"stages.1.0"}
    assert line(page) == lines("stages.1.0")
    page.mouse.move(990, 890)
    assert not page.locator(".along").count() and line(page) == lines("stages.4.1")


def test_arrow_keys_move_within_a_bar_and_enter_selects(page):
    bar = page.locator(".whole").nth(2)
    assert bar.locator('[tabindex="0"]').count() == 1
    bar.locator('[tabindex="0"]').focus()
    page.keyboard.press("ArrowRight")
    assert line(page) == lines("stages.4.2") and bar.locator(".along").get_attribute("aria-label").startswith("stages.4.2, MBConv6 5×5: 4 ms")
    page.keyboard.press("Enter")
    assert page.evaluate("picked") == [["picked", "stages.4.2"]]
    page.evaluate(MOUNT, {**DATA, "selected": "stages.4.2"})
    assert page.locator(".chosen").count() == 3 and page.evaluate("document.activeElement.closest('.whole') === document.querySelectorAll('.whole')[2]")


def test_stages_are_named_where_they_have_room(page):
    names = [page.locator(".whole").nth(place).locator(".group").all_text_contents() for place in (0, 1)]
    assert "classifier" in names[0] and "classifier" not in names[1]
    assert [name for name in names[1] if name.isdigit()] == ["0", "1", "2", "3", "4", "5", "6"]
