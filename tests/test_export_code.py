"""The network as code: run by a Python that knows nothing of this project, it has the same counts, names and outputs."""

import ast
import json
import re
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.export import code, tables
from effnet_core.families import NAMES, compound, from_spec, published, small
from effnet_core.network import build

from .serving import ROOT

NETWORKS = {  # name → architecture, padding, ε, side of the images that both are shown
    "b0": (published("b0"), "same", 1e-3, 49),
    "b1": (published("b1"), "same", 1e-3, 48),
    "b2": (published("b2"), "symmetric", 1e-5, 48),
    "b3": (published("b3", classes=7), "same", 1e-3, 50),
    "lite2": (published("lite2"), "same", 1e-3, 45),
    "formula": (compound(-1.7, 1.3, 1.2, 1.1), "symmetric", 1e-3, 47),
    "small": (small(), "same", 1e-3, 48),
    "mobilenetv1": (published("mobilenetv1"), "same", 1e-3, 46),
    "mobilenetv2": (compound(-1, base="mobilenetv2"), "symmetric", 1e-3, 41),
    "mnasnet": (published("mnasnet-a1"), "same", 1e-3, 48),
    "resnet50": (compound(-0.5, base="resnet50"), "same", 1e-5, 52),
    "resnet50-symmetric": (compound(-2, base="resnet50"), "symmetric", 1e-3, 49),
}
STRANGER = '''
import json, runpy, sys
import torch
from torch.utils.flop_counter import FlopCounterMode
folder, names = sys.argv[1], sys.argv[2:]
torch.set_num_threads(1)
found = {}
for name in names:
    code = runpy.run_path(f"{folder}/{name}.py")
    given = torch.load(f"{folder}/{name}.pt")
    with torch.device("meta"):
        network = code["Network"]().eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, code["SIDE"], code["SIDE"], device="meta"))
    network.load_state_dict(given["state"], assign=True)
    with torch.no_grad():
        logits = network(given["images"])
    fresh = code["Network"]().stages[0][0].depthwise.conv.weight.std().item() if name == "b0" else None
    found[name] = {"params": sum(p.numel() for p in network.parameters()), "flops": counter.get_total_flops(),
                   "keys": list(network.state_dict()), "difference": (logits - given["logits"]).abs().max().item(),
                   "rates": [m.rate for m in network.modules() if hasattr(m, "rate")], "dropout": network.dropout.p, "fresh": fresh}
assert "effnet_core" not in sys.modules
try:
    import effnet_core
    raise SystemExit("effnet_core is within reach")
except ImportError:
    print(json.dumps(found))
'''


def alive(network):
    """Weights and statistics as after some training: nothing is 1 or 0 where it matters, and logits differ between images."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
                module.weight.uniform_(0.7, 1.3, generator=generator)
                module.bias.uniform_(-0.3, 0.3, generator=generator)
        network(torch.randn(2, 3, 48, 48, generator=generator))
    return network.eval()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a Python without this project found out about the code of all networks."""
    folder, threads = tmp_path_factory.mktemp("code"), torch.get_num_threads()
    torch.set_num_threads(1)  # as there: sums are then made in the same order
    for name, (architecture, padding, eps, side) in NETWORKS.items():
        (folder / f"{name}.py").write_text(code.source(architecture, padding=padding, eps=eps), encoding="utf-8")
        network, images = alive(build(architecture, padding=padding, eps=eps, seed=3)), torch.randn(2, 3, side, side)
        with torch.no_grad():
            torch.save({"state": network.state_dict(), "images": images, "logits": network(images)}, folder / f"{name}.pt")
    torch.set_num_threads(threads)
    (folder / "stranger.py").write_text(STRANGER, encoding="utf-8")
    command = [sys.executable, "-I", str(folder / "stranger.py"), str(folder), *NETWORKS]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_has_the_same_counts_names_and_outputs(found, name):
    architecture, padding, eps, _ = NETWORKS[name]
    seen, total = found[name], cost(architecture)
    assert (seen["params"], seen["flops"]) == (total.params, total.flops)
    assert seen["keys"] == list(build(architecture, padding=padding, eps=eps, initialised=False).state_dict())
    assert seen["difference"] <= 1e-6
    assert seen["dropout"] == architecture.scaling.dropout


def test_it_drops_the_same_branches_in_training(found):
    for name in ("b0", "b3", "formula", "lite2"):
        wanted = [block.drop_rate for block in NETWORKS[name][0].blocks if block.skip]
        kept = [rate for rate, block in zip(found[name]["rates"], NETWORKS[name][0].blocks) if block.skip]
        assert kept == wanted
    assert not found["resnet50"]["rates"] and not found["mnasnet"]["rates"]  # what does not drop has no module for it


def test_a_fresh_network_is_initialised_as_ours(found):
    assert found["b0"]["fresh"] == pytest.approx((2 / 9) ** 0.5, rel=0.25)


@pytest.mark.parametrize("padding", code.PADDINGS)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_readable_python(name, padding):
    text = code.source(published(name), padding=padding)
    tree = ast.parse(text)
    assert published(name).name in ast.get_docstring(tree) and f"{cost(published(name)).params:,}" in ast.get_docstring(tree)
    assert "$" not in text and "\t" not in text and text.endswith("\n") and not text.endswith("\n\n") and "\n\n\n\n" not in text
    assert max(map(len, text.splitlines())) <= 140 and len(text.splitlines()) < 200
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    made = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    made |= {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    assert made <= used  # nothing stands there unused
    imported = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    assert imported <= used and not re.search(r" +$", text, re.MULTILINE)


def test_it_runs_by_itself(tmp_path):
    path = tmp_path / "network.py"
    path.write_text(code.source(small()), encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", str(path)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and f"{cost(small()).params:,} parameters" in done.stdout and "(1, 10)" in done.stdout


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=300))
def test_a_name_of_anybodys_never_becomes_code(name, note):
    spec = {"name": name, "family": "small", "depth": 0.5, "width": 0.3, "side": 32, "dropout": 0.0, "classes": 3}
    pair = ((name, (note,)), ("plain", ()))
    named, plain = (ast.parse(code.source(from_spec({**spec, "name": some}), notes=notes)) for some, notes in pair)
    assert [ast.dump(node) for node in named.body[1:]] == [ast.dump(node) for node in plain.body[1:]]


def test_an_unknown_padding_is_refused():
    with pytest.raises(UserError, match="'valid'; it must be one of same, symmetric"):
        code.source(published("b0"), padding="valid")


def test_code_and_tables_need_no_torch():
    program = ("import sys; from effnet_core.export import code, tables; from effnet_core.families import compound\n"
               "code.source(compound(7)); tables.as_json(compound(7)); assert not {'torch', 'numpy', 'onnx'} & set(sys.modules)")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("architecture", [published("b0"), published("b7"), compound(1.3), published("resnet152"), published("mnasnet-a1")],
                         ids=lambda architecture: architecture.name)
def test_the_tables_hold_every_layer_to_the_unit(architecture):
    table, total = tables.as_dict(architecture), cost(architecture)
    assert from_spec(table["network"]).layers == architecture.layers
    assert [row["layer"] for row in table["layers"]] == [layer.id for layer in architecture.layers]
    for key in ("params", "macs", "activations"):
        assert sum(row[key] for row in table["layers"]) == table["totals"][key] == getattr(total, key)
    assert json.loads(tables.as_json(architecture)) == json.loads(json.dumps(table))


def test_the_csv_is_the_same_table():
    import csv
    import io

    rows = [*csv.DictReader(io.StringIO(tables.as_csv(published("b0"))))]
    assert rows == [{key: str(value) for key, value in row.items()} for row in tables.rows(published("b0"))]
    assert rows[0]["layer"] == "stem" and (rows[0]["macs"], rows[0]["output_channels"], rows[0]["kernel"]) == ("10838016", "32", "3")


@pytest.mark.parametrize("name, file", [("EfficientNet-B0", "b0"), ("B0 scaled by φ = -1.5", "b0-scaled-by-phi-minus-1.5"),
                                        ("../../etc", "etc"), ("日本", "network"), ("", "network"), ("x" * 300, "x" * 80)])
def test_names_become_file_names(name, file):
    assert tables.slug(name) == file
