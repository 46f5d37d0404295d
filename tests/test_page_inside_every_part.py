"""What holds of every part of the page "Inside": weights that learnt nothing are labelled so, and hostile ones end no part."""

import ast
import json
import re
import threading

import pytest
import torch

from effnet_core import checkpoints
from effnet_core.families import SMALL

from .apps import open_app
from .serving import ROOT
from .test_page_inside import figures, folders, models, save  # noqa: F401  fixtures among them
from .test_page_inside_classes import made

PATIENCE_S = 60.0  # nothing here takes that long; it turns a hang into a failure
STAMP = "untrained weights"
FILES = {"#### A report", "#### Arrays", "#### Tables"}  # headings of what is downloaded
PICTURES = {"One scene of each class", "Sample photos", "A grey patch on the photo"}  # what is chosen and moved, no figure of a model
OTHERS = {"One block": ("stem", "classifier"), "Maps": ("stem", "classifier"), "One cell": ("stem", "head"), "Surgery": ("head",)}
BEGUN = {"Occlusion": ("occlude", "occlusion_stop"), "Surgery": ("worth_go", "worth_stop")}  # buttons that begin and stop
BY_HAND = "set:4.1:3=0,5=0.5"


def _parts():
    tree = ast.parse((ROOT / "pages" / "inside.py").read_text(encoding="utf-8"))
    made = next(node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "PARTS")
    return [key.value for key in made.keys]


CASES = [(part, unit) for part in _parts() for unit in ("stages.4.1", *OTHERS.get(part, ()))]  # those that are otherwise elsewhere


@pytest.fixture(scope="module", autouse=True)
def hostile(folders):  # noqa: F811
    """Finite weights with which gates and logits are no numbers any more."""
    path = folders[1] / "models" / "wild.safetensors"
    save(path.parent, "wild", SMALL, False)
    model = checkpoints.load(path)
    with torch.no_grad():
        for key, tensor in model.network.state_dict().items():
            if key.endswith("conv.weight"):
                tensor.mul_(1e25)
    checkpoints.save(path, model.network, model.card)


def whole(part, **query):
    """The page with that part, and what its button begins, done."""
    app = open_app("inside", part=part, surgery=BY_HAND, **query)
    assert not app.exception
    begin, stop = BEGUN.get(part, ("", ""))
    if begin in [button.key for button in app.button]:  # it is not where another unit was selected before
        app.button(key=begin).click().run()
    clock = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        assert not app.exception
        if stop not in [button.key for button in app.button]:
            return app
        clock.wait(0.05)
        app.run()
    raise AssertionError("It never ended.")


def heads(app):
    """What components get as JSON, by name."""
    found = [element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes]
    texts = [data[4 : 4 + int.from_bytes(data[:4])].decode() for data in found]
    return [(json.loads(text).get("name"), text) for text in texts]


@pytest.mark.parametrize("part, unit", CASES)
def test_an_untrained_model_is_labelled_on_every_figure(part, unit, models):  # noqa: F811
    if part in ("Classes", "What excites it"):
        made("raw", limit=20)
    app = whole(part, model="raw", layer=unit)
    headings = [text.value for text in app.markdown if re.fullmatch("#{3,} .*", text.value)]  # of one line: no text that has more
    figured = [text for text in headings if text not in FILES and not re.match("### (Block|The) ", text)]  # which names what is open
    assert len(figured) > 1 and [text for text in figured if STAMP not in text] == []
    assert [name for name, text in heads(app) if STAMP not in text and name not in PICTURES] == []
    assert [spec for spec in figures(app) if STAMP not in json.dumps(spec["layout"])] == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy says of every such sum that it is none
@pytest.mark.parametrize("part, unit", CASES)
def test_weights_that_give_no_finite_numbers_end_no_part(part, unit, models):  # noqa: F811
    if part in ("Classes", "What excites it"):
        made("wild", limit=20)
    app = whole(part, model="wild", layer=unit)
    for name, text in heads(app):
        json.loads(text, parse_constant=lambda constant: pytest.fail(f"{name} has {constant}, which is no JSON"))
