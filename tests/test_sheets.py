"""Lesson sheets: every page and every lesson has one, every blank has its answer, and every number is that of an independent computation."""

import math
import re
from functools import cache
from html import unescape

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from effnet_core.families import compound, published, small
from effnet_core.figures.sheet import blanks
from effnet_core.lab import lesson_sheets, sheets
from effnet_core.lab.sheets import MEASURED
from effnet_core.network import build
from effnet_core.palette import si
from pages.shared import catalogue, glossary, state, texts
from pages.shared.sheets import PAGES as OFFERED
from pages.shared.sheets import document, prepared
from pages.shared.shell import PAGES

from .serving import CHROMIUM
from .test_report import Reader

PARTS = {"aim", "time", "words", "prepare", "tasks", "predict", "discuss", "answers", "sources"}
LESSONS = tuple(f"blocks_{lesson}" for lesson in lesson_sheets.LESSONS)
SHEETS = (*sheets.SHEETS, *LESSONS)
HOME = "http://school.example:8501"


def params(network):
    """Counted by torch."""
    return sum(parameter.numel() for parameter in build(network, initialised=False).parameters())


@cache
def macs(network):
    """Counted by torch, operation by operation, on tensors without numbers."""
    module = build(network, initialised=False).eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(torch.empty(1, *network.input, device="meta"))
    return counter.get_total_flops() // 2


def made(name):
    return document(name, PAGES[name].question if name in PAGES else texts.text(f"lesson_{name.partition('_')[2]}", "question"), HOME)


def test_every_page_and_every_lesson_has_a_sheet():
    assert set(sheets.SHEETS) == set(PAGES) == OFFERED
    assert [prepared(name)["lesson"] for name in LESSONS] == [*catalogue.parts("blocks").values()]


@pytest.mark.parametrize("name", SHEETS)
def test_every_blank_has_its_answer_and_no_answer_is_left_over(name):
    sections = texts.sections(f"sheet_{name}")
    assert set(sections) - {"look"} == PARTS
    used = {name for section in sections.values() for name in re.findall(r"\{=?(\w+)\}", section)}
    assert used - {MEASURED} == set(sheets.numbers(name))
    asked = [line for line in sections["tasks"].splitlines() if re.match(r"\d+\. ", line)]
    assert (4 if name in PAGES else 3) <= len(asked) <= 7 and all(blanks(line) for line in asked)
    assert sections["predict"].count("☐") == (3 if name in PAGES else 6) and sections["discuss"].count("- ") >= (2 if name in PAGES else 1)
    assert set(sections["words"].split(", ")) <= set(glossary.short())


@pytest.mark.parametrize("name", SHEETS)
def test_what_is_measured_is_said_where_to_look_for(name):
    sections = texts.sections(f"sheet_{name}")
    measured = {line.partition(".")[0] for line in sections["tasks"].splitlines() if f"{{{MEASURED}}}" in line}
    assert measured == {line.partition(".")[0] for line in sections.get("look", "").splitlines()}


@pytest.mark.parametrize("name", SHEETS)
def test_the_first_sheet_has_blanks_and_the_second_their_answers(name):
    html = made(name)
    first, second = html.split('<main class="answers">')
    tasks = blanks(texts.sections(f"sheet_{name}")["tasks"])
    known = [blank for blank in tasks if blank != MEASURED]
    assert first.count('<span class="blank"></span>') == len(tasks) + 1  # and the date
    found = [*map(unescape, re.findall(r'<b class="filled">(.*?)</b>', second))]
    assert found[: len(known)] == [sheets.numbers(name)[blank] for blank in known]
    assert second.count('<span class="blank"></span>') == len(tasks) - len(known)
    assert "{" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_is_well_formed_and_fetches_nothing(name):
    html = made(name)
    Reader(html)
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", html)
    page, settings = name.partition("_")[0], prepared(name)
    assert f"{HOME}/{'' if page == 'start' else page}{'?' if settings else '<'}" in html


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_opens_its_page_with_settings_that_are_there(name):
    page, known = name.partition("_")[0], {*state.DEFAULTS, "conv_kernel"}
    assert set(prepared(name)) <= known | catalogue.addressed(page) | {control.key for control in catalogue.controls(page).values()}


def test_numbers_of_start_and_scaling():
    b0, one, three = published("b0"), compound(1.0), compound(3.0)
    start, scaling = sheets.numbers("start"), sheets.numbers("scaling")
    assert start["params"] == f"{params(b0):,}" and start["macs"] == si(macs(b0)) and start["params_1"] == f"{params(one):,}" and start["macs_1"] == si(macs(one))
    assert start["ratio_1"] == f"{macs(one) / macs(b0):.2f}" and start["side_1"] == str(round(224 * 1.15)) and start["blocks_01"] == str(sum((2, 3, 3, 4, 4, 5, 2)))
    assert (start["marks"], start["blocks"], start["channels"], start["cells"]) == ("19", "16", "112", "14")
    assert macs(compound(float(start["tenfold"]))) > 10 * macs(b0) >= macs(compound(float(start["tenfold"]) - 0.1))
    assert [scaling[key] for key in ("depth", "width", "resolution")] == ["1.728", "1.331", "1.521"] and scaling["side"] == str(round(224 * 1.520875))
    assert scaling["promised"] == f"{(1.2 * 1.21 * 1.3225) ** 3:.2f}" and scaling["counted"] == f"{macs(three) / macs(b0):.2f}"
    assert scaling["deeper"] == f"{macs(compound(2.0, 2.0, 1.0, 1.0)) / macs(b0):.2f}" and scaling["sharper"] == f"{macs(compound(1.0, 1.0, 1.0, 2.0)) / macs(b0):.2f}"
    assert scaling["wider"] == f"{macs(compound(1.0, 1.0, 2.0, 1.0)) / macs(b0):.2f}" and scaling["ratio_01"] == f"{macs(compound(0.1)) / macs(b0):.2f}"
    assert scaling["jump"] == f"{100 * (macs(compound(1.0, 1.0, 1.0, 225 / 224)) / macs(b0) - 1):.1f} %" and scaling["product"] == "1.920"
    assert [scaling[key] for key in ("meant_depth", "meant_width", "meant_side")] == [
        f"{math.log(3.1, 1.2):.2f}", f"{math.log(2.0, 1.1):.2f}", f"{math.log(600 / 224, 1.15):.2f}"]


def test_numbers_of_blocks():
    wide, cells, kernel, into, narrow = 112 * 6, 14 * 14, 25, 112, 112 // 4
    expand, depthwise, excite = into * wide * cells, kernel * wide * cells, 2 * wide * narrow
    blocks = sheets.numbers("blocks")
    assert (blocks["wide"], blocks["narrow"], blocks["one_cell"]) == (str(wide), str(narrow), str(kernel))
    assert [blocks[key] for key in ("expand", "project", "depthwise", "excite", "full")] == [
        f"{value:,}" for value in (expand, expand, depthwise, excite, kernel * wide * wide * cells)]
    assert blocks["cheaper"] == str(wide) and blocks["share"] == f"{100 * depthwise / (2 * expand + depthwise + excite):.1f} %"
    assert (blocks["skips"], blocks["blocks"]) == (str(1 + 1 + 2 + 2 + 3), "16")  # a stage's repeats, by the paper's Table 1
    assert [blocks["two"], blocks["three"]] == [str(field(2)), str(field(3))]



def field(depth):
    """How many cells in a row one cell behind `depth` convolutions depends on, by autograd."""
    x = torch.ones(1, 1, 15, 15, requires_grad=True)
    y = x
    for _ in range(depth):
        y = torch.nn.functional.conv2d(y, torch.ones(1, 1, 3, 3), padding=1)
    y[0, 0, 7, 7].backward()
    return int((x.grad[0, 0, 7] != 0).sum())


def test_numbers_of_the_other_pages():
    b0 = macs(published("b0"))
    trade, search, latency, inside, pretrain, learn = map(sheets.numbers, ("tradeoffs", "search", "latency", "inside", "pretrain", "learn"))
    for key, values in (("depth", (2.0, float(trade["depth"]) ** 0.5, 1.0, 1.0)), ("width", (1.0, 1.0, float(trade["width"]), 1.0)), ("phi", (float(trade["phi"]),))):
        assert macs(compound(*values)) / b0 == pytest.approx(4, rel=0.06), key
    assert trade["side"] == "448" and trade["b4"] == si(macs(published("b4"))) and trade["fits"] == "B3" and macs(published("b4")) > 4.2e9 > macs(published("b3"))
    assert trade["b4_off"] == f"{100 * (1 - 4.2e9 / macs(published('b4'))):.1f} %" and (trade["b0"], trade["b7"], trade["gain"]) == ("77.1", "84.3", "7.2")
    assert trade["work"] == f"{macs(published('b7')) / b0:.0f}"
    paper, near = compound(1.0), compound(1.0, 1.25, 1.1, 1.15)
    assert search["macs"] == search["near_macs"] == f"{macs(paper):,}" == f"{macs(near):,}" and search["blocks"] == "23" and search["beta"] == "1.414"
    assert search["more"] == f"{100 * (2 ** 0.07 - 1):.1f} %" and (1 - 0.5 ** 0.07) < 2 ** 0.07 - 1
    assert search["near_product"] == f"{1.25 * 1.21 * 1.3225:.3f}" and search["ratio"] == f"{macs(paper) / b0:.2f}" and search["score"] == f"{100 * (1 - 0.5 ** 0.07):.1f} %"
    steps = [macs(compound(1.0, 1.2, *rest)) for rest in ((1.0, 1.0), (1.1, 1.0), (1.1, 1.15))]
    assert [search[key] for key in ("depth", "width", "resolution")] == [f"{after / before:.2f}" for before, after in zip([b0, *steps], steps)]
    assert (latency["pass"], latency["second"], latency["images"], latency["gpipe"]) == ("20", si(b0 / 0.02, "MAC/s"), str(round(1 / 0.02)), f"{19 / 3.1:.1f}")
    layers = [module for module in build(published("b0")).modules() if isinstance(module, torch.nn.Conv2d)]
    gates = sum(layer.out_channels for layer in layers if layer.groups > 1)
    assert inside["gates"] == f"{gates:,}" and inside["towers"] == str(sum(layer.groups > 1 for layer in layers))
    assert (inside["cells"], inside["step"], inside["channels"], inside["sigmoid_2"]) == (str(160 // 32), "32", "1,280", f"{torch.sigmoid(torch.tensor(2.0)).item():.3f}")
    assert pretrain["guess"] == "10" and pretrain["params"] == f"{params(small()):,}" and pretrain["macs"] == si(macs(small())) and pretrain["classifier"] == f"{1280 * 10 + 10:,}"
    assert pretrain["whole"] == f"{params(published('b0', 10)):,}" and pretrain["loss"] == f"{torch.nn.functional.cross_entropy(torch.zeros(1, 10), torch.tensor([3])).item():.3f}"
    assert learn["flops"] == f"{2 * b0:,}" and learn["bytes"] == si(4 * params(published("b0")), "B") and learn["softmax"] == f"{torch.softmax(torch.tensor([2.0, 1, 0]), 0)[0].item():.3f}"
    assert learn["weights"] == f"{torch.nn.Conv2d(16, 32, 3, bias=False).weight.numel():,}"


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_sheets_print_on_a4_and_nothing_is_cut(browser):
    page = browser.new_page(viewport={"width": 665, "height": 1009})  # A4 within its margins
    page.emulate_media(media="print")
    for name in SHEETS:
        page.set_content(made(name))
        assert page.evaluate("document.documentElement.scrollWidth") <= 665
        assert page.evaluate("() => [...document.querySelectorAll('main *')].every((node) => node.getBoundingClientRect().right <= 666)")
        questions = page.evaluate("() => { const section = document.querySelector('.discuss'); return [section.getBoundingClientRect().bottom, getComputedStyle(section).breakInside] }")
        assert questions[1] == "avoid" and (name in PAGES or questions[0] <= 1009)  # never one by itself; those of a lesson on the first page
        pages = len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True)))
        assert 2 <= pages <= 4
    page.close()
