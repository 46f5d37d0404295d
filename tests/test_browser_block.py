"""In a real browser: the two lessons count as Python counts, follow the hand, and can be walked with the keyboard."""

import json
import random
import re
from pathlib import Path

import pytest

from effnet_core.lessons.convolution import Convolution
from effnet_core.lessons.design import RANGES, SHAPES, STEPS, Design, design
from effnet_core.lessons.parts import ACTIVATIONS, Filter, Gate, sampled, symmetric
from effnet_core.palette import three

from .hand import drag
from .serving import CHROMIUM, open_page, settle, visited

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
ASSETS = Path(__file__).resolve().parent.parent / "assets"
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def bare(browser):
    """An empty page with nothing but the counting scripts."""
    page = browser.new_page()
    page.set_content("<title>block</title>")
    for name in ("tags", "digits", "numerals", "counting", "block_design", "solids", "volumes", "block_scene", "block_scene_tall", "padding", "built", "modules"):
        page.add_script_tag(content=re.sub(r"export default function[\s\S]*", "", (ASSETS / f"{name}.js").read_text(encoding="utf-8")).replace("function draw(", f"function draw_{name}("))
    yield page
    page.close()


def told(part):
    """As the browser has it."""
    found = {"name": part.name, "params": part.params, "macs": part.macs, "activations": part.activations, "input": [*part.input], "output": [*part.output],
             "terms": [[*term] for term in part.terms], "buffers": [[*term] for term in part.buffers], "activation": part.activation}
    return found | ({"squeeze": part.squeeze} if isinstance(part, Gate) else {"zeros": [*part.convolution.zeros]})


TELL = """(part) => ({
  name: part.name, params: part.params, macs: part.macs, activations: part.activations, input: [part.inputs, part.side, part.side],
  output: [part.outputs, part.cells, part.cells], terms: part.terms.map((t) => [t.name, t.symbols, t.numbers, t.value]),
  buffers: part.buffers.map((t) => [t.name, t.symbols, t.numbers, t.value]), activation: part.activation ?? null,
  ...part.kind === "gate" ? { squeeze: part.squeeze } : { zeros: [part.before, part.after] },
})"""


def drawn_numbers(generator):
    return {name: generator.randrange(low, high + 1, by) for name, (low, high, by) in RANGES.items()}


def test_blocks_are_counted_as_python_counts_them(bare):
    generator = random.Random(7)
    many = [Design(**drawn_numbers(generator), shape=generator.choice(SHAPES), activation=generator.choice(ACTIVATIONS),
                   **{name: generator.random() < 0.5 for name in ("skip", "depthwise", "norm", "linear", "se")}) for _ in range(400)]
    fields = [{name: getattr(made, name) for name in Design.__dataclass_fields__} for made in many]
    found = bare.evaluate(f"(many) => many.map((made) => {{ const b = designOf(made); return {{ ...b, layers: b.layers.map({TELL}) }} }})", fields)
    for made, block in zip(many, found, strict=True):
        assert block["layers"] == json.loads(json.dumps([told(layer) for layer in made.layers]))
        assert all(block[name] == getattr(made, name) for name in ("params", "macs", "activations", "joined", "after"))


def test_all_steps_are_those_of_python(bare):
    numbers = {"inputs": 40, "outputs": 40, "expand": 4, "kernel": 5, "stride": 1, "side": 28, "ratio": 25}
    data = {"hand": {f"built_{name}": number for name, number in numbers.items()}, "steps": [step._asdict() for step in STEPS], "own": None}
    found = bare.evaluate("(data) => designsOf(data).made.map((b) => [b.params, b.macs, b.activations])", data)
    assert found == [[made.params, made.macs, made.activations] for made in (design(step, **numbers) for step in range(len(STEPS)))]


def test_modules_and_the_cells_where_kernels_stop_are_those_of_python(bare):
    generator = random.Random(8)
    for _ in range(150):
        kind, padding = generator.choice(["depthwise", "pointwise", "convolution", "se"]), generator.choice(["same", "valid"])
        inputs, outputs, side, ratio = generator.randrange(4, 641, 4), generator.randrange(4, 641, 4), generator.randrange(7, 225), generator.randrange(1, 33)
        kernel, stride, bias, norm = generator.choice([1, 3, 5, 7]), generator.randrange(1, 4), generator.random() < 0.5, generator.random() < 0.5
        hand = {"module_inputs": inputs, "module_outputs": outputs, "module_kernel": kernel, "module_stride": stride, "module_side": side, "module_ratio": ratio}
        sent = {"hand": hand, "kind": kind, "padding": padding, "bias": bias, "norm": norm}
        if kind == "se":
            made = Gate("se", inputs, max(1, inputs // ratio), side)
        else:
            shape = (1, side, 1, "same") if kind == "pointwise" else (kernel, side, stride, padding)
            depthwise = kind == "depthwise"
            made = Filter(kind, Convolution(inputs, inputs if depthwise else outputs, *shape, inputs if depthwise else 1), bias, norm)
        assert bare.evaluate(f"(data) => ({TELL})(moduleOf(data))", sent) == json.loads(json.dumps(told(made)))
        layer = {"kernel": kernel, "side": side, "stride": stride}
        zeros = [Convolution(1, 1, kernel, side, stride).zeros, symmetric(kernel), (0, 0)]
        assert bare.evaluate("(layer) => paddingKinds.map(([, , pad]) => { const { before, after } = pad(layer); return [before, after, sampledOf(layer, before, after)] })", layer) == [
            [*each, sampled(side, kernel, stride, each)] for each in zeros]


def test_words_of_the_drawing_do_not_cover_each_other(bare):
    """In both layouts, of all steps, small and large: words next to each other on a line keep apart."""
    texts = {"prefixes": [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]], "symbols": []}
    for numbers in ({"inputs": 24, "outputs": 24, "expand": 6, "side": 56, "stride": 1}, {"inputs": 640, "outputs": 8, "expand": 8, "side": 336, "stride": 2},
                    {"inputs": 8, "outputs": 640, "expand": 1, "side": 4, "stride": 1}):
        data = {"hand": {f"built_{name}": number for name, number in {**numbers, "kernel": 3, "ratio": 25}.items()}, "steps": [step._asdict() for step in STEPS], "own": None}
        scenes = bare.evaluate("""([data, texts, side]) => {
          const { si } = textsOf(texts), steps = designsOf(data).made
          const made = [...steps, ...steps.map((block) => designOf({ ...block.made, se: true, skip: false }))]
          return made.flatMap((block, place) => [wideOf, tallOf].map((make) => make(block, made[place - 1], scaleOf(made, side, 84, 84), si)))
        }""", [data, texts, numbers["side"]])
        for scene in scenes:
            said = [(x - {"start": 0, "middle": 0.5, "end": 1}[anchor] * 6 * len(text), 6 * len(text), y, text) for part in scene["parts"] for text, x, y, anchor, _ in part["words"]]
            assert all(0 <= y <= scene["height"] and -2 <= x and x + width <= scene["width"] + 2 for x, width, y, _ in said)
            for place, (x, width, y, text) in enumerate(said):
                assert not [other for ox, wide, oy, other in said[:place] if abs(oy - y) < 11 and ox < x + width and x < ox + wide], (text, scene["width"])


@pytest.fixture(scope="module")
def page(browser, address):
    with visited(browser, address + "/blocks", height=1600) as page:
        yield page


def opened(page, query):
    open_page(page, f"{page.home}?{query}")


def test_the_block_follows_the_hand_and_agrees_when_it_lets_go(page):
    opened(page, "lesson=The+block%2C+step+by+step&built_step=Swish")
    image = page.locator(".built svg[role=img]")
    sync_api.expect(image).to_have_attribute("aria-label", re.compile("144 channels of 56 by 56"), timeout=PATIENCE_MS)
    ratio = int(drag(page, "built_expand", -120))
    made = design(7, expand=ratio)
    page.wait_for_function("(n) => document.querySelector('.st-key-built [data-testid=stBidiComponentIsolated]').shadowRoot.querySelector('svg').ariaLabel.includes(n)", arg=f"{24 * ratio} channels")
    figure = page.locator(".built .rung.chosen .figure").first
    assert figure.get_attribute("title").startswith(f"{made.params:,} parameters") and "built_expand" not in page.url
    page.mouse.up()
    settle(page)
    assert figure.get_attribute("title").startswith(f"{made.params:,} parameters") and f"built_expand={ratio}" in page.url
    sync_api.expect(page.locator("[data-testid=stCode]").first).to_contain_text(f"{made.params:,} parameters", timeout=PATIENCE_MS)


def test_factors_of_the_ladder_are_written_out_as_python_writes_them(bare):
    factors = [made.macs / before.macs for before, made in zip(*(map(lambda step: design(step, inputs=40, outputs=24, side=28), steps) for steps in (range(8), range(1, 9))))]
    factors += [1 / factor for factor in factors] + [999.4, 999.6, 1236.72, 123_456.7, 2.5e17]
    assert max(factors) > 1000 and bare.evaluate("(all) => all.map(three)", factors) == [three(factor) for factor in factors]


def test_the_ladder_is_walked_with_the_keyboard_and_phrases_act(page):
    opened(page, "lesson=The+block%2C+step+by+step&built_step=Linear")
    row = page.locator(".built .rung.chosen")
    sync_api.expect(row).to_contain_text("Linear", timeout=PATIENCE_MS)
    fifth = page.locator(".built .rung").nth(5).locator(".figure").nth(1)  # the first one is the head
    sync_api.expect(fifth).to_contain_text("after your guess above")
    page.locator(".st-key-unguessed_built button").press("Enter")
    sync_api.expect(fifth).to_contain_text("÷ 23.6", timeout=PATIENCE_MS)
    settle(page)
    row.focus()
    for name in ("Swish", "SE"):
        page.keyboard.press("ArrowDown")
        sync_api.expect(page.locator(".built .rung[aria-current=step]")).to_contain_text(name, timeout=PATIENCE_MS)
    settle(page)
    assert "built_step=SE" in page.url
    page.get_by_text("Take the depthwise convolution away").click()
    sync_api.expect(page.locator(".built .rung.chosen")).to_contain_text("Your own", timeout=PATIENCE_MS)
    settle(page)
    assert "built_depthwise_9=false" in page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_module_follows_the_hand(page):
    opened(page, "lesson=Modules&module_side=16")
    strips = page.locator(".modules .strips svg")
    sync_api.expect(page.locator(".modules .waits")).to_have_text("Where the zeros go: after your guess above.", timeout=PATIENCE_MS)
    page.locator(".st-key-unguessed_modules button").press("Enter")
    sync_api.expect(strips).to_have_attribute("aria-label", re.compile("0 zeros before, 1 after"), timeout=PATIENCE_MS)
    kernel = int(drag(page, "module_kernel", 60))
    before, after = Convolution(1, 1, kernel, 16, 2).zeros
    sync_api.expect(strips).to_have_attribute("aria-label", re.compile(f"{before} zeros before, {after} after"), timeout=PATIENCE_MS)
    sync_api.expect(page.locator(".modules .account .sum").first).to_contain_text(f"{96 * kernel**2 + 192:,}")
    page.mouse.up()
    settle(page)
    sync_api.expect(page.locator(".modules .account .sum").first).to_contain_text(f"{96 * kernel**2 + 192:,}")
