"""In a real browser: everything follows the hand while a slider is dragged, and the graph answers mouse, keyboard and wheel."""

import io
import re
import xml.etree.ElementTree as tree

import pytest
from PIL import Image

from effnet_core.cost import cost
from effnet_core.families import compound, published
from effnet_core.figures import bars, lab, strip
from effnet_core.graph import graph

from .hand import take, value
from .serving import CHROMIUM, settle
from .test_browser import PATIENCE_MS, Visit

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
SELECTED = "stages.4.1"
COUNT = """() => {
  const seen = window.__seen = { texts: new Set(), draws: 0, frames: 0, moves: 0 }
  const tick = () => { seen.frames += 1; requestAnimationFrame(tick) }
  requestAnimationFrame(tick)
  new MutationObserver(() => { seen.moves += 1 }).observe(document.querySelector('.st-key-phi input'), { attributes: true, attributeFilter: ['value'] })
  const tiles = document.querySelector('.st-key-tiles [data-testid=stBidiComponentIsolated]').shadowRoot
  const graph = document.querySelector('.st-key-graph [data-testid=stBidiComponentIsolated]').shadowRoot
  let last = null
  window.effnetLive.subscribe(() => {
    const text = tiles.querySelector('dl').textContent + graph.querySelector('svg').getAttribute('aria-label')
    if (text !== last) seen.draws += 1
    last = text
    seen.texts.add(text)
  })
}"""


@pytest.fixture()
def visit(browser, address):
    visits = []

    def new(path="/scaling", prepare=None, **options):
        here = Visit(browser, address, **options)
        visits.append(here)
        if prepare:
            prepare(here.page)
        here.open(path)
        settle(here.page, 600)
        return here

    yield new
    for here in visits:
        assert not here.page.get_by_test_id("stException").count() and not here.outside
        here.page.close()


def has_numbers(page, network):
    total = cost(network)
    sync_api.expect(page.locator(".st-key-tiles .exact").nth(0)).to_have_text(f"{total.params:,}", timeout=PATIENCE_MS)
    sync_api.expect(page.locator(".st-key-tiles .exact").nth(1)).to_have_text(f"{total.macs:,}", timeout=PATIENCE_MS)


def has_pictures(page, network, level="block", metric="macs"):
    """The spine, the graph and the bars are those of `network`: texts, colours and marks."""
    total, selected = cost(network), network.nearest(SELECTED)
    drawn, line = lab.picture(network, total, level, metric, (), "light", selected), strip.strip(network, "light", selected)
    sync_api.expect(page.locator(".graph svg.drawing")).to_have_attribute("aria-label", re.compile("^" + re.escape(drawn["title"] + ".")), timeout=PATIENCE_MS)
    found = page.locator(".graph .world > g:not(.fold)").evaluate_all(
        "marks => marks.map((m) => [m.dataset.id ?? m.dataset.key, m.querySelector('.body').getAttribute('fill') ?? '', [...m.querySelectorAll('text')].map((t) => t.textContent)])")
    assert [(key, fill) for key, fill, _ in found] == [(node["key"], node["fill"]) for node in drawn["nodes"]]
    assert all(node["figure"] in texts for node, (_, _, texts) in zip(drawn["nodes"], found) if node["figure"])
    assert page.locator(".spine .mark").evaluate_all("marks => marks.map((m) => [m.dataset.id, m.getAttribute('aria-label')])") == [
        [mark["id"], mark["label"]] for mark in line["marks"]]
    assert page.locator(".bars .mark").evaluate_all("marks => marks.map((m) => m.getAttribute('aria-label'))") == [
        bar["label"] for bar in bars.by_unit(total, network, metric, "light", selected)["bars"]]


@pytest.mark.parametrize("key, reach", [("phi", (18, 55, -25)), ("alpha", (-14, 12)), ("beta", (-10, 22)), ("gamma", (9, 19))])
def test_all_follows_the_hand_before_it_lets_go(visit, key, reach):
    sent = []

    def listen(page):
        page.on("websocket", lambda socket: socket.on("framesent", lambda _: sent.append(1)))

    here = visit("/scaling?phi=2", listen)
    x, y = take(here.page, key)
    before = len(sent)
    for far in reach:
        start = value(here.page, key)
        here.page.mouse.move(x + far, y, steps=4)
        here.page.wait_for_function("([key, start]) => Number(document.querySelector(`.st-key-${key} input`).getAttribute('value')) !== start", arg=[key, start])
        sliders = {name: value(here.page, name) for name in ("phi", "alpha", "beta", "gamma")}
        network = compound(**sliders)
        has_numbers(here.page, network)
        has_pictures(here.page, network)
    assert len(sent) == before  # the server has not heard of it
    assert here.page.locator(".ef-away .st-key-formula").count() == 1  # whose own words stand faint
    here.page.mouse.up()
    here.is_at(f"{key}={value(here.page, key):g}")
    settle(here.page, 500)
    has_numbers(here.page, network)
    has_pictures(here.page, network)
    sync_api.expect(here.page.locator(".ef-away")).to_have_count(0, timeout=PATIENCE_MS)


def test_a_drag_is_drawn_as_often_as_the_browser_offers_frames_and_never_queues(visit):
    here = visit()
    x, y = take(here.page, "phi")
    here.page.evaluate(COUNT)
    for far in (100, 5, 110, 0):
        here.page.mouse.move(x + far, y, steps=60)
    seen = here.page.evaluate("({ ...window.__seen, texts: window.__seen.texts.size })")
    assert seen["texts"] >= 20  # distinct pictures, before the hand has let go
    assert 0.5 * min(seen["frames"], seen["moves"]) <= seen["draws"] <= seen["frames"] + 1
    has_numbers(here.page, compound(value(here.page, "phi")))  # the newest, with nothing left behind
    here.page.mouse.up()


def test_late_answers_do_not_overwrite_the_hand(visit):
    held, holding = [], []

    def slow(page):
        def between(route):
            upstream = route.connect_to_server()
            upstream.on_message(lambda message: held.append((route, message)) if holding else route.send(message))

        page.route_web_socket(re.compile("_stcore/stream"), between)

    here = visit(prepare=slow)
    holding.append(True)
    here.slider("phi").press("ArrowRight")  # a commit, whose answer is late
    has_numbers(here.page, compound(0.1))
    x, y = take(here.page, "phi")
    here.page.mouse.move(x + 60, y, steps=4)
    here.page.wait_for_function("() => Number(document.querySelector('.st-key-phi input').getAttribute('value')) > 1")
    now = compound(value(here.page, "phi"))
    has_numbers(here.page, now)
    while len(held) < 5:
        here.page.wait_for_timeout(50)
    holding.clear()
    for route, message in held:
        route.send(message)
    sync_api.expect(here.page.locator("[data-testid=stMarkdown] .katex").first).to_contain_text("0.1", timeout=PATIENCE_MS)  # it has come
    settle(here.page, 600)
    has_numbers(here.page, now)
    has_pictures(here.page, now)
    here.page.mouse.up()
    settle(here.page, 600)
    has_numbers(here.page, now)


@pytest.mark.parametrize("path, tiles", [("/", True), ("/latency", False)])
def test_other_pages_follow_too(visit, path, tiles):
    here = visit(path)
    x, y = take(here.page, "phi")
    here.page.mouse.move(x + 40, y, steps=4)
    here.page.wait_for_function("() => Number(document.querySelector('.st-key-phi input').getAttribute('value')) > 1")
    network = compound(value(here.page, "phi"))
    sync_api.expect(here.page.locator(".spine .caption")).to_contain_text(network.name, timeout=PATIENCE_MS)
    assert here.page.locator(".spine .mark").count() == len([*network.units()])
    if tiles:
        has_numbers(here.page, network)
    here.page.mouse.up()


def test_a_dragged_absurdity_is_refused_in_words_and_the_way_back_is_there(visit):
    here = visit("/scaling?phi=6")
    x, y = take(here.page, "gamma")
    here.page.mouse.move(x + 160, y, steps=4)
    refusal = here.page.locator(".st-key-tiles .refusal")
    sync_api.expect(refusal).to_contain_text("it must be a number from 8 to 8192 pixels.", timeout=PATIENCE_MS)
    here.page.mouse.up()  # the server refuses it too, and the pictures stay for the way back
    sync_api.expect(here.page.get_by_test_id("stAlert")).to_contain_text("8 to 8192 pixels", timeout=PATIENCE_MS)
    settle(here.page, 500)
    sync_api.expect(refusal).to_contain_text("it must be a number from 8 to 8192 pixels.", timeout=PATIENCE_MS)
    sync_api.expect(here.page.locator(".graph.refused .drawing")).to_have_count(1, timeout=PATIENCE_MS)
    x, y = take(here.page, "gamma")
    here.page.mouse.move(x - 150, y, steps=4)
    sync_api.expect(refusal).to_have_text("", timeout=PATIENCE_MS)
    has_numbers(here.page, compound(6.0, gamma=value(here.page, "gamma")))
    here.page.mouse.up()


def test_a_value_between_the_places_of_the_slider_is_kept(visit):
    here = visit("/scaling?phi=2.55")  # the thumb stands at 2.5
    has_numbers(here.page, compound(2.55))
    x, y = take(here.page, "beta")
    here.page.mouse.move(x + 10, y, steps=4)
    here.page.wait_for_function("() => Number(document.querySelector('.st-key-beta input').getAttribute('value')) > 1.1")
    has_numbers(here.page, compound(2.55, beta=value(here.page, "beta")))
    here.page.mouse.up()


def test_a_released_network_is_not_computed_in_the_browser(visit):
    here = visit("/scaling?source=Published&name=B3")
    has_numbers(here.page, published("b3"))


def node(here, key):
    return here.page.locator(f'.graph .mark[data-id="{key}"]')


def has_chosen(here, key):
    sync_api.expect(here.page.locator(f'.graph .mark.chosen[data-id="{key}"]')).to_have_count(1, timeout=PATIENCE_MS)


def transform(here):
    return here.page.locator(".graph .world").get_attribute("transform")


def test_a_click_selects_on_every_page(visit):
    here = visit()
    node(here, "stages.2.0").click()
    has_chosen(here, "stages.2.0")
    here.marks("stages.2.0")
    here.is_at("layer=stages.2.0")
    here.go("Latency")
    here.marks("stages.2.0")


def test_repeats_unfold_and_fold_in_the_picture(visit):
    here = visit("/scaling?opened=1")
    here.page.locator('.graph [data-id="fold stages.5"]').click()
    has = [sync_api.expect(node(here, f"stages.5.{block}")).to_have_count(1, timeout=PATIENCE_MS) for block in range(4)]
    here.is_at("opened=1%2C5")
    assert len(has) == 4 and not node(here, "stages.5.1-3").count()
    there = visit(here.page.url.removeprefix(here.address))
    sync_api.expect(node(there, "stages.5.3")).to_have_count(1, timeout=PATIENCE_MS)
    here.page.locator('.graph [data-id="fold stages.5"]').click()
    sync_api.expect(node(here, "stages.5.1-3")).to_have_count(1, timeout=PATIENCE_MS)


def test_the_keyboard_walks_selects_unfolds_and_zooms(visit):
    here = visit()
    has_chosen(here, "stages.4.1-2")
    node(here, "stages.4.1-2").focus()
    for key in ("ArrowRight", "ArrowDown"):  # over the button to the next node
        here.page.keyboard.press(key)
    assert here.page.evaluate("document.querySelector('.st-key-graph [data-testid=stBidiComponentIsolated]').shadowRoot.activeElement.dataset.id") == "stages.5.0"
    sync_api.expect(here.page.locator(".graph .tooltip")).to_contain_text(f"{cost(published('b0')).units['stages.5.0'].macs:,}", timeout=PATIENCE_MS)
    here.page.keyboard.press("Enter")
    has_chosen(here, "stages.5.0")
    for key in ("ArrowRight", "ArrowRight"):
        here.page.keyboard.press(key)
    here.page.keyboard.press("Enter")
    sync_api.expect(node(here, "stages.5.3")).to_have_count(1, timeout=PATIENCE_MS)
    before = transform(here)
    here.page.keyboard.press("+")
    assert transform(here) != before
    here.page.keyboard.press("0")
    here.page.keyboard.press("-")
    here.page.keyboard.press("0")
    assert float(re.search(r"scale\(([\d.]+)", transform(here))[1]) <= 1


def test_the_wheel_belongs_to_the_page_and_with_ctrl_to_the_picture(visit):
    here = visit()
    box = here.page.locator(".graph .window").bounding_box()
    here.page.mouse.move(box["x"] + 200, box["y"] + 60)
    before, scrolled = transform(here), "document.querySelector('[data-testid=stMain]').scrollTop"
    here.page.mouse.wheel(0, 240)
    here.page.wait_for_function(f"() => {scrolled} > 100")
    assert transform(here) == before
    here.page.keyboard.down("Control")
    here.page.mouse.wheel(0, -240)
    here.page.wait_for_function("before => document.querySelector('.st-key-graph [data-testid=stBidiComponentIsolated]').shadowRoot.querySelector('.world').getAttribute('transform') !== before", arg=before)
    here.page.keyboard.up("Control")
    here.page.get_by_role("button", name="Show the whole network").click()
    assert transform(here) == before


def test_a_drag_moves_the_picture_and_selects_nothing(visit):
    here = visit()
    box, before = node(here, "stages.1.0").bounding_box(), transform(here)
    here.page.mouse.move(box["x"] + 20, box["y"] + 10)
    here.page.mouse.down()
    here.page.mouse.move(box["x"] + 90, box["y"] + 40, steps=5)
    here.page.mouse.up()
    moved = node(here, "stages.1.0").bounding_box()
    assert transform(here) != before and moved["x"] - box["x"] == pytest.approx(70, abs=6) and moved["y"] - box["y"] == pytest.approx(30, abs=6)
    settle(here.page, 500)
    has_chosen(here, "stages.4.1-2")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_hover_shows_all_costs_inside_the_picture(visit, width):
    here = visit()
    here.page.set_viewport_size({"width": width, "height": 900})
    settle(here.page, 500)
    for key in ("stages.4.0", "stages.6.0"):
        node(here, key).hover()
        tip = here.page.locator(".graph .tooltip")
        sums = cost(published("b0")).units[key]
        for text in (f"{sums.params:,}", f"{sums.macs:,}", f"{sums.activations:,}", f"{sums.receptive_field:,} px"):
            sync_api.expect(tip).to_contain_text(text, timeout=PATIENCE_MS)
        inner, outer = tip.bounding_box(), here.page.locator(".graph .window").bounding_box()
        assert outer["x"] <= inner["x"] and inner["x"] + inner["width"] <= outer["x"] + outer["width"]
        assert outer["y"] <= inner["y"] and inner["y"] + inner["height"] <= outer["y"] + outer["height"]


def test_of_a_huge_drawing_what_is_near_the_window_is_there_and_the_file_has_all(visit):
    here = visit("/scaling?phi=7&level=Layers&opened=0,1,2,3,4,5,6")
    network = compound(7.0)
    drawn = lab.picture(network, cost(network), "layer", "macs", [stage.id for stage in network.stages], "light", SELECTED)
    sync_api.expect(node(here, "stages.4.1.project")).to_have_count(1, timeout=PATIENCE_MS)
    shown = here.page.locator(".graph .world .body").count()
    assert 20 < shown < len(drawn["nodes"]) / 2
    assert not node(here, "stages.6.0.project").count()
    _, data = saved(here, here.page.get_by_role("button", name="Download as SVG").click)
    texts = [element.text for element in tree.fromstring(data).iter("{http://www.w3.org/2000/svg}text")]
    assert sum(texts.count(figure) for figure in {node["figure"] for node in drawn["nodes"] if node["figure"]}) >= len([n for n in drawn["nodes"] if n["figure"]])
    here.page.get_by_role("button", name="Show the whole network").click()
    sync_api.expect(node(here, "stages.6.0.project")).to_have_count(1, timeout=PATIENCE_MS)


def saved(here, press):
    with here.page.expect_download(timeout=PATIENCE_MS) as waiting:
        press()
    with open(waiting.value.path(), "rb") as file:
        return waiting.value.suggested_filename, file.read()


@pytest.mark.parametrize("scheme, paper", [("light", "rgb(255, 255, 255)"), ("dark", "rgb(16, 21, 27)")])
def test_downloads_stand_alone(visit, scheme, paper):
    here = visit("/scaling?phi=1", color_scheme=scheme)
    name, data = saved(here, here.page.get_by_role("button", name="Download as SVG").click)
    assert name == "b0-scaled-by-φ-=-1-by-block.svg"
    root = tree.fromstring(data)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    network = compound(1.0)
    drawn = lab.picture(network, cost(network), "block", "macs", (), scheme, SELECTED)
    assert all(node["figure"] in texts for node in drawn["nodes"] if node["figure"])
    assert all(element.get("font-size") and element.get("fill") for element in root.iter("{http://www.w3.org/2000/svg}text"))
    assert not any(element.get("class") or "var(" in str(element.attrib) for element in root.iter())
    background = root.find("{http://www.w3.org/2000/svg}rect").get("fill")
    shade = tuple(int(part) for part in re.findall(r"\d+", paper))
    assert background.lower() in (paper, "#{:02x}{:02x}{:02x}".format(*shade))
    name, data = saved(here, here.page.get_by_role("button", name="Download as PNG").click)
    with Image.open(io.BytesIO(data)) as image:
        assert name.endswith(".png") and image.width == pytest.approx(2 * float(root.get("width")), abs=1)
        assert image.convert("RGB").getpixel((2, 2)) == shade and len(image.convert("RGB").getcolors(1 << 24)) > 30
    name, data = saved(here, here.page.get_by_role("button", name="DOT").click)
    assert name == "network.dot" and data.decode() == graph(network, "block", "macs", theme=scheme, selected=SELECTED).source
