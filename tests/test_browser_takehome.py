"""Taking a network home as a visitor does: clicks, downloads, and what arrives on their disk."""

import ast
import json

import pytest

from effnet_core.cost import cost
from effnet_core.export import code
from effnet_core.families import compound, from_spec

from .serving import open_page

runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime, an independent reference, is not installed")
NETWORK = compound(-2.0)


@pytest.fixture(scope="module")
def page(browser, address):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    open_page(page, f"{address}/scaling?ask=Take+home&phi=-2")
    yield page
    page.close()


def taken(page, name, folder):
    with page.expect_download(timeout=60_000) as caught:
        page.get_by_role("button", name=name).click()
    path = folder / caught.value.suggested_filename
    caught.value.save_as(path)
    return path


def test_the_code_and_the_table_arrive(page, tmp_path):
    python = taken(page, "Python file", tmp_path)
    assert python.name == "b0_scaled_by_phi_minus_2.py" and python.read_text(encoding="utf-8") == code.source(NETWORK)
    assert ast.parse(python.read_text(encoding="utf-8"))
    table = json.loads(taken(page, "JSON", tmp_path).read_text(encoding="utf-8"))
    assert from_spec(table["network"]).layers == NETWORK.layers and table["totals"]["macs"] == cost(NETWORK).macs
    assert len(taken(page, "CSV", tmp_path).read_text(encoding="utf-8").splitlines()) == 1 + len(NETWORK.layers)


def test_the_onnx_file_arrives_and_runs(page, tmp_path):
    page.get_by_role("button", name="Make the ONNX file").click()
    page.get_by_role("button", name="untrained.onnx").wait_for(timeout=120_000)
    session = runtime.InferenceSession(str(taken(page, "untrained.onnx", tmp_path)))
    assert session.get_inputs()[0].shape == ["batch", *NETWORK.input] and session.get_outputs()[0].shape == ["batch", 1000]
    assert session.get_modelmeta().custom_metadata_map["trained"] == "false"
