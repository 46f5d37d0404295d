"""The tour, the questions and the phrases in a real browser: what a click in a figure completes, what the keyboard does, and what the address keeps."""

import re

import pytest

from .serving import CHROMIUM, open_page, settle, visited

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def page(browser, address):
    with visited(browser, address) as visit:
        yield visit


def is_at(page, *parts):
    for part in parts:
        sync_api.expect(page).to_have_url(re.compile(re.escape(part)), timeout=PATIENCE_MS)


def panel(page):
    return page.locator(".st-key-tour_open")


def test_a_click_in_the_strip_completes_a_step_and_the_panel_keeps_its_height(page):
    open_page(page, page.home + "/blocks?tour=4-07&lesson=The+block%2C+step+by+step")
    before = panel(page).bounding_box()["height"]
    page.locator('.spine .mark[data-id="stages.6.0"]').click()
    is_at(page, "tour=4-0f", "layer=stages.6.0")
    sync_api.expect(panel(page)).to_contain_text("1,152 are filtered")
    assert panel(page).bounding_box()["height"] == before


def test_next_and_go_there_lead_on(page):
    open_page(page, page.home + "/blocks?tour=4-0f&phi=2")
    page.locator(".st-key-tour_next button").press("Enter")
    is_at(page, "tour=5-0f")
    page.locator(".st-key-tour_go button").press("Enter")
    is_at(page, "/scaling", "tour=5-0f", "phi=2")
    page.locator(".st-key-preset").get_by_text("4× deeper", exact=True).click()
    is_at(page, "tour=5-1f", "alpha=2")


def test_a_guess_in_a_lesson_completes_a_step(page):
    """Only the lesson runs again, and the panel notices all the same."""
    open_page(page, page.home + "/blocks?tour=3-03&lesson=Separable+convolution")
    page.locator('[class*="st-key-guessed_"] button').first.click()
    is_at(page, "tour=3-07")
    sync_api.expect(panel(page)).to_contain_text("Seen.")


def test_on_a_phone_one_line_stays_in_sight_and_opens_the_panel(page):
    page.set_viewport_size({"width": 390, "height": 844})
    open_page(page, page.home + "/scaling?tour=12-07ff")
    line = page.locator(".st-key-tour_line")
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 900)")
    sync_api.expect(line).to_be_in_viewport(ratio=1)
    sync_api.expect(line).to_contain_text("12 of 12 · Missing: deeper, wider, sharper")
    sync_api.expect(panel(page)).to_be_hidden()
    bar = page.locator("[data-testid=stLayoutWrapper]:has(> .st-key-tour_place)")
    assert bar.bounding_box()["height"] <= 0.15 * 844
    line.get_by_role("button").press("Enter")
    sync_api.expect(panel(page).locator(".st-key-tour_next, .st-key-tour_all")).to_be_in_viewport()
    line.get_by_role("button").press("Enter")
    sync_api.expect(panel(page)).to_be_hidden()
    page.set_viewport_size({"width": 1440, "height": 900})
    sync_api.expect(panel(page)).to_be_visible()
    sync_api.expect(line).to_be_hidden()


def test_a_phrase_sets_the_figure_by_mouse_and_by_keyboard(page):
    open_page(page, page.home + "/scaling")
    phrase = page.get_by_role("button", name="four times deeper", exact=True)
    assert phrase.get_attribute("title") == "Sets the figure"
    phrase.click()
    is_at(page, "phi=2", "alpha=2", "beta=1", "gamma=1")
    said = page.locator("[popover]")
    sync_api.expect(said).to_have_text(re.compile("^Set. It is (above|below), out of sight.$"), timeout=PATIENCE_MS)
    sync_api.expect(said).to_have_role("status")  # read out unasked, as the card of a word is not
    page.get_by_role("button", name="twice as wide", exact=True).press(" ")
    is_at(page, "beta=2")
    page.get_by_role("button", name="256", exact=True).press("Enter")
    is_at(page, "ask=Memory", "images=256")
    settle(page)
    assert "#set" not in page.url


def test_a_phrase_leads_to_another_page_and_its_address_opens_the_same(page):
    open_page(page, page.home + "/scaling")
    page.locator("a[role=button]", has_text="Trade-offs").click()
    is_at(page, "/tradeoffs?", "trade=The+paper%27s+charts", "exhibit=Figure+8+and+Table+7")
    open_page(page, page.url)
    sync_api.expect(page.get_by_test_id("stMain")).to_contain_text("scaling all three wins by")


def test_the_answer_stands_beside_the_guess(page):
    open_page(page, page.home + "/learn?learn=Predict&q=macs-b7")
    assert page.locator(".ef-beside").count() == 0
    page.locator(".st-key-predict").get_by_role("slider").press("End")
    page.get_by_role("button", name="Show the answer").click()
    beside = page.locator(".ef-beside")
    sync_api.expect(beside).to_have_attribute("aria-label", "On one scale: your guess × 1,000, the answer × 97.8", timeout=PATIENCE_MS)
    track, guess, right = (page.locator(place).bounding_box() for place in (".ef-beside > div", ".ef-beside .guess i", ".ef-beside .right i"))

    def place(mark):
        return (mark["x"] + mark["width"] / 2 - track["x"]) / track["width"]

    assert place(guess) == pytest.approx(1, abs=0.01) and place(right) == pytest.approx(1.9905 / 3, abs=0.01)  # log₁₀ 97.8 of log₁₀ 1000
