"""In a real browser: the lessons' own arithmetic is Python's, and their pictures follow the hand."""

from pathlib import Path

import numpy as np
import pytest

from effnet_core.lessons import normals, spiral, stack

from .hand import drag
from .serving import CHROMIUM, open_page, settle, visited
from .spirals import embed

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
ASSETS = Path(__file__).resolve().parent.parent / "assets"
RUN = """([n, activation, seed, scale]) => {
  const { lost, back, best, alive } = spiralRun(n, activation, seed, scale, 60)
  return { lost, back: back.map((axis) => [...axis]), best: best.map((axis) => [...axis]), alive: [...alive] }
}"""
STACKS = """([depth, activation, gain, seed]) => KINDS.map((kind) => {
  const { steps, ...found } = stackRun(stackWeights(depth, gain, seed), kind, activation)
  return found
})"""
TRAIN = """([depth, activation, rate, steps]) => KINDS.map((kind) => {
  let weights = stackWeights(depth, 1, 0)
  const losses = []
  for (let step = 0; step <= steps; step += 1) {
    const found = stackRun(weights, kind, activation, true)
    if (!Number.isFinite(found.loss)) break
    losses.push(found.loss)
    weights = stackDescend(weights, found.steps, rate)
  }
  return losses
})"""


@pytest.fixture()
def bare(browser):
    """An empty page with scripts of the components and nothing else."""
    pages = []

    def new(*names):
        pages.append(browser.new_page())
        pages[-1].add_script_tag(content="\n".join((ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in names))
        return pages[-1]

    yield new
    for page in pages:
        page.close()


def test_random_numbers_are_python_s(bare):
    page = bare("lots", "normals")
    for seed in (0, 7, 999):
        np.testing.assert_allclose(page.evaluate("(seed) => [...normals(seed, 4001)]", seed), normals.normals(seed, 4001), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "relu6", "swish", "linear"])
def test_the_spiral_is_python_s(bare, activation):
    page = bare("curves", "lots", "normals", "spiral_math")
    for n, seed, scale in ((2, 0, 1.0), (3, 41, 8.0), (17, 5, 0.5), (60, 999, 6.0)):
        drawn, made = page.evaluate(RUN, [n, activation, seed, scale]), embed(n, activation, seed, scale)
        assert drawn["alive"] == made.alive.tolist()
        np.testing.assert_allclose(np.array(drawn["back"]).T, made.back, atol=1e-6)
        np.testing.assert_allclose(np.array(drawn["best"]).T, made.best, atol=1e-6)
        assert [drawn["lost"][name][n - 2] for name in spiral.MEASURES] == pytest.approx([made.collapsed, made.inverse, made.by_best], abs=1e-6)


@pytest.mark.parametrize("activation", ["relu", "relu6", "swish", "linear"])
@pytest.mark.parametrize("depth, gain, seed", [(2, 1.6, 4), (20, 0.7, 0), (64, 1.0, 999)])
def test_the_stacks_are_python_s(bare, activation, depth, gain, seed):
    """But for the gradients of 64 linear blocks with norm and no skip, which amplify rounding itself beyond all bounds."""
    page = bare("curves", "lots", "normals", "stack_math")
    given = stack.weights(depth, gain, seed)
    for kind, drawn in zip(stack.KINDS, page.evaluate(STACKS, [depth, activation, gain, seed])):
        if (depth, activation, kind.name) == (64, "linear", "norm"):
            continue
        made = stack.run(given, kind, activation)
        np.testing.assert_allclose(drawn["slope"], made.slope, rtol=1e-6)
        np.testing.assert_allclose(drawn["spread"], made.spread, rtol=1e-6)
        if made.loss < 1e6:  # beyond, rounding of huge logits is all that differs
            assert drawn["loss"] == pytest.approx(made.loss, rel=1e-6) and drawn["right"] == pytest.approx(made.right)


def test_training_is_python_s(bare):
    page = bare("curves", "lots", "normals", "stack_math")
    for kind, losses in zip(stack.KINDS, page.evaluate(TRAIN, [6, "swish", 0.03, 25])):
        np.testing.assert_allclose(losses, stack.train(6, kind, "swish", 1.0, 0, 0.03, 25), rtol=1e-6)


def test_the_lessons_answer_to_the_hand(browser, address):
    with visited(browser, address + "/blocks?lesson=Why+linear&spiral_n=3", 2400) as page:
        open_page(page, page.home)
        caption = page.locator(".spiral figcaption").nth(2)
        sync_api.expect(caption).to_contain_text(f"{100 * embed(3, 'relu', 0).inverse:.1f} %")
        n = int(drag(page, "spiral_n", 60))
        sync_api.expect(caption).to_contain_text(f"{100 * embed(n, 'relu', 0).inverse:.1f} %")  # not let go yet
        assert n > 3
        page.mouse.up()
        settle(page)
        page.locator(".spiral .small").nth(4).press("Enter")
        sync_api.expect(page.locator(".st-key-spiral_n input")).to_have_attribute("value", "30")
        open_page(page, page.home.replace("linear&spiral_n=3", "skip+connections&depth_blocks=6"))
        chart = page.locator(".stack svg.lines").first
        chart.focus()
        chart.press("Home")
        sync_api.expect(page.locator(".stack .readout")).to_contain_text("Before the first block. plain: gradient")
        page.get_by_role("button", name="Train all four").click()
        sync_api.expect(page.locator(".stack_learning .state")).to_have_text("Done after 300 steps", timeout=60_000)
        sync_api.expect(page.locator(".stack_learning .out")).to_contain_text("100.0 % of the points right")
