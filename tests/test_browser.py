"""The whole app in a real browser: what only a browser shows."""

import re

import pytest

from effnet_core.cost import cost
from effnet_core.families import compound, published
from effnet_core.photos import samples
from pages.shared.shell import PAGES

from .serving import CHROMIUM, open_page, server, settle

PATIENCE_MS = 60_000  # nothing here takes that long; it turns a hang into a failure
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


class Visit:
    """A browser window with what went wrong in it."""

    def __init__(self, browser, address, **options):
        self.page = browser.new_page({"width": 1440, "height": 900}, **options)
        self.address, self.errors, self.outside = address, [], []
        self.page.on("console", self._complain)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note)

    def _complain(self, message):
        where = (message.location or {}).get("url", "")
        replaced = "404" in message.text and ("/media/" in where or "/_stcore/" in where)  # a picture that a newer run has replaced while it was on its way
        if message.type == "error" and not replaced:
            self.errors.append(f"{message.text} {where}")

    def _note(self, request):
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, path="/"):
        open_page(self.page, self.address + path)
        return self

    def go(self, title):
        self.page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
        settle(self.page)

    def shows(self, *words):
        """Waits until the page shows all `words`; a busy machine takes its time."""
        main = self.page.get_by_test_id("stMain")
        for text in words:
            sync_api.expect(main).to_contain_text(text, timeout=PATIENCE_MS)

    def is_at(self, *parts):
        """Waits until the address has all `parts`."""
        for part in parts:
            sync_api.expect(self.page).to_have_url(re.compile(re.escape(part)), timeout=PATIENCE_MS)

    def marks(self, unit):
        """Waits until the spine marks `unit` as the selected one."""
        sync_api.expect(self.page.locator(f'.spine .mark.chosen[data-id="{unit}"]')).to_have_count(1, timeout=PATIENCE_MS)

    def slider(self, key):
        return self.page.locator(f".st-key-{key}").get_by_role("slider")


@pytest.fixture()
def visit(browser, address):
    visits = []

    def new(path="/", **options):
        visits.append(Visit(browser, address, **options))
        return visits[-1].open(path)

    yield new
    for one in visits:
        one.page.close()


def exact(network):
    total = cost(network)
    return f"{total.params:,}", f"{total.macs:,}"


def test_the_main_job(visit):
    here = visit()
    here.shows(*exact(published("b0")))
    here.go("Scaling")
    here.shows("The selected unit")
    for _ in range(10):
        here.slider("phi").press("ArrowRight")
    here.shows(*exact(compound(1.0)))
    here.is_at("phi=1")

    here.page.get_by_role("radio", name="Published").click()
    here.shows("one row of the released table")
    here.page.locator(".st-key-name input").click()
    here.page.get_by_role("option", name="B7", exact=True).click()
    here.shows(*exact(published("b7")))
    here.is_at("source=Published", "name=B7")

    here.go("Inside")
    here.shows("Every gate at once")
    here.page.locator(".st-key-photo_source").get_by_text("Yours").click()
    here.page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(samples()["cat"].path)
    here.is_at("photo=upload-")
    here.shows("The picture: your photo", "All that it can say, whatever the picture shows: tench, English springer")
    sync_api.expect(here.page.locator(".st-key-skyline canvas")).to_have_count(1, timeout=PATIENCE_MS)  # every gate of the network
    here.page.locator(".st-key-part").get_by_text("Maps", exact=True).click()
    here.shows(f"{published('b0').blocks[10].output.channels} channels")  # of the selected block, stages.4.1
    here.page.locator(".st-key-all_maps canvas").first.wait_for()
    assert not here.page.get_by_test_id("stException").count()
    assert not here.errors and not here.outside, (here.errors, here.outside)


def test_a_deep_link_on_a_cold_server_reaches_the_right_page(browser, tmp_path):
    with server(tmp_path) as cold:
        here = Visit(browser, cold).open("/scaling?phi=2.5&layer=stages.4.2")
        here.shows("How does one number scale", *exact(compound(2.5)))
        here.marks("stages.4.2")
        assert here.page.get_by_test_id("stTopNavLink").count() == len(PAGES)
        assert "2.5" in here.page.locator(".st-key-phi").inner_text()
        here.page.close()


def test_one_state_on_all_pages_and_in_the_address(visit):
    here = visit("/scaling?phi=3")
    here.page.locator('.spine .mark[data-id="stages.4.2"]').click()
    here.is_at("phi=3", "layer=stages.4.2")
    for title in ("Inside", "Pretrain", "Search", "Latency", "Start", "Scaling"):
        here.go(title)
        here.is_at("/?" if title == "Start" else f"/{title.lower()}?", "phi=3", "layer=stages.4.2")
    here.marks("stages.4.2")
    there = visit(here.page.url.removeprefix(here.address))
    there.shows(*exact(compound(3.0)))
    there.marks("stages.4.2")


def test_the_spine_answers_the_keyboard(visit):
    here = visit()
    here.marks("stages.4.1")
    here.page.locator(".spine .mark.chosen").focus()
    here.page.keyboard.press("ArrowRight")
    here.page.keyboard.press("Enter")
    here.marks("stages.4.2")


def test_nonsense_in_the_address_is_ignored(visit):
    here = visit("/scaling?phi=99&layer=../../etc&source=magic&name=B99&model=" + "x" * 300)
    here.shows(*exact(published("b0")))
    assert not here.page.get_by_test_id("stException").count()


def test_absurd_sliders_get_a_sentence(visit):
    here = visit("/scaling?phi=8&gamma=2")
    here.shows("must be a number from 8 to 8192 pixels")
    assert not here.page.get_by_test_id("stException").count()
    assert here.slider("phi").count() == 1  # and the way back is there
