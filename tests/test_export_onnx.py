"""The ONNX file: another runtime computes what torch computes, for any batch, untrained and trained, and the file says what it is."""

import json
from collections import Counter

import numpy as np
import pytest
import torch

from effnet_core import machine
from effnet_core.architecture import assemble
from effnet_core.blocks import KINDS
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.export import onnxfile
from effnet_core.families import FAMILIES, compound, from_spec, published
from effnet_core.models import load
from effnet_core.network import build
from effnet_core.photos import samples
from effnet_core.scaling import Scaling

onnx = pytest.importorskip("onnx", reason="onnx, a requirement of the app, is not installed")
runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime, an independent reference, is not installed")


def alive(network):
    """Statistics as after some training, so that the outputs of an untrained network are not all but zero."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
                module.weight.uniform_(0.7, 1.3, generator=generator)
                module.bias.uniform_(-0.3, 0.3, generator=generator)
        network(torch.randn(4, *network.architecture.input, generator=generator))
    return network.eval()


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small networks need no more, and many would wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def answers(path, images):
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    assert [node.name for node in session.get_inputs()] == ["image"] and [node.name for node in session.get_outputs()] == ["logits"]
    return session.run(None, {"image": images.numpy()})[0]


def tiny(family, side):
    return assemble(FAMILIES[family], Scaling(0.25, 0.5, side, 0.0), 11, f"{family} at {side}")


@pytest.mark.parametrize("side, padding", [(64, "same"), (75, "same"), (64, "symmetric")])
@pytest.mark.parametrize("family", FAMILIES)
def test_another_runtime_gives_the_same_logits(family, side, padding, tmp_path):
    network = alive(build(tiny(family, side), padding=padding, seed=1))
    written = onnxfile.write(tmp_path / "network.onnx", network)
    assert written.bytes == (tmp_path / "network.onnx").stat().st_size
    for batch in (1, 3):
        images = torch.randn(batch, 3, side, side)
        with torch.no_grad():
            wanted = network(images).numpy()
        assert np.ptp(wanted) > 0.1  # alive
        np.testing.assert_allclose(answers(tmp_path / "network.onnx", images), wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())


def test_a_network_of_the_formula_at_its_own_side(tmp_path):
    network = alive(build(compound(-1.4), seed=2))
    onnxfile.write(tmp_path / "network.onnx", network)
    images = torch.randn(2, *network.architecture.input)
    with torch.no_grad():
        wanted = network(images).numpy()
    np.testing.assert_allclose(answers(tmp_path / "network.onnx", images), wanted, rtol=1e-3, atol=1e-4)


def test_the_trained_b0_sees_the_same_in_photos(tmp_path):
    model = load("b0-imagenette")
    onnxfile.write(tmp_path / "model.onnx", model.network, model.card)
    images = torch.cat([model.preprocess.tensor(sample.open()) for sample in samples().values()])
    with torch.no_grad():
        wanted = model.network(images).numpy()
    np.testing.assert_allclose(answers(tmp_path / "model.onnx", images), wanted, rtol=1e-3, atol=1e-4)
    facts = runtime.InferenceSession(str(tmp_path / "model.onnx")).get_modelmeta().custom_metadata_map
    assert json.loads(facts["labels"]) == list(model.labels) and json.loads(facts["preprocess"]) == model.preprocess.to_dict()
    assert facts["trained"] == "true" and facts["name"] == "b0-imagenette" and "note" not in facts
    assert from_spec(json.loads(facts["architecture"])).layers == model.network.architecture.layers


@pytest.fixture(scope="module")
def b0():
    return onnxfile.model(network := build(published("b0"), seed=0).eval(), onnxfile.facts_of(network))


def test_the_file_keeps_to_the_standard(b0):
    onnx.checker.check_model(b0, full_check=True)
    assert (b0.opset_import[0].version, b0.ir_version) == (onnxfile.OPSET, onnxfile.IR)


def test_the_graph_is_clean_and_named_after_the_layers(b0):
    """A node per operation and nothing else, and every weight of the checkpoint under its own name."""
    architecture = published("b0")
    kinds = Counter(node.op_type for node in b0.graph.node)
    convolutions = sum(layer.operator in ("conv", "depthwise", "pointwise") for layer in architecture.layers)
    se, swish = sum(layer.operator == "se" for layer in architecture.layers), sum(bool(layer.activation) for layer in architecture.layers)
    assert kinds == {"Conv": convolutions + 2 * se, "BatchNormalization": convolutions, "Sigmoid": swish + se, "Mul": swish + se,
                     "GlobalAveragePool": se + 1, "Add": sum(block.skip for block in architecture.blocks), "Flatten": 1, "Gemm": 1}
    state = build(architecture, initialised=False).state_dict()
    assert {weight.name for weight in b0.graph.initializer} == {name for name in state if not name.endswith("num_batches_tracked")}
    assert all(any(node.name.startswith(layer.id) for node in b0.graph.node) for layer in architecture.layers[:-1])


def test_its_shapes_and_macs_are_those_of_the_table(b0):
    """Counted from the file alone, by ONNX's own shape inference."""
    graph = onnx.shape_inference.infer_shapes(b0, strict_mode=True).graph
    values = (*graph.value_info, *graph.output)
    shapes = {value.name: [place.dim_value or 1 for place in value.type.tensor_type.shape.dim] for value in values}
    sizes = {weight.name: list(weight.dims) for weight in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    macs = sum(int(np.prod(sizes[node.input[1]])) * int(np.prod(shapes[node.output[0]][2:])) for node in convolutions)
    macs += next(int(np.prod(sizes[node.input[1]])) for node in graph.node if node.op_type == "Gemm")
    assert macs == cost(published("b0")).macs
    learnt = sum(int(np.prod(size)) for name, size in sizes.items() if "running" not in name)
    assert learnt == cost(published("b0")).params
    assert 4 * sum(int(np.prod(size)) for size in sizes.values()) == onnxfile.weight_bytes(published("b0"))


def test_an_untrained_file_says_so_and_nothing_of_this_machine(b0):
    facts = {entry.key: entry.value for entry in b0.metadata_props}
    assert facts["trained"] == "false" and "random" in facts["note"] and facts["parameters"] == "5288548"
    content = b0.SerializeToString()
    for path in (onnxfile.__file__.rpartition("/effnet_core/")[0], torch.__file__.rpartition("/torch/")[0]):
        assert path.encode() not in content


def test_what_is_too_large_is_refused_before_anything_is_built(monkeypatch):
    with pytest.raises(UserError, match="has weights of 4.38 GB, and one ONNX file holds 2 GB at most"):
        onnxfile.check_size(compound(8.0, 1.2, 1.28, 1.0))
    monkeypatch.setattr(machine, "memory_available", lambda: 50_000_000)
    with pytest.raises(UserError, match="64.0 MB of memory, and 50.0 MB are free"):
        onnxfile.check_size(published("b0"))


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(UserError, match="need the package onnx"):
        onnxfile.write(tmp_path / "x.onnx", build(tiny("small", 32)).eval())


def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="could not be written"):
        onnxfile.write(tmp_path / "file" / "x.onnx", build(tiny("small", 32)).eval())


def test_every_kind_of_block_is_among_the_families():
    assert {row.kind for family in FAMILIES.values() for row in family.rows} == set(KINDS)
