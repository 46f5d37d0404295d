"""Class activation maps, against the logit they add up to and against autograd."""

import numpy as np
import pytest
import torch

from effnet_core.architecture import assemble
from effnet_core.checkpoints import Pretrained
from effnet_core.families import SMALL
from effnet_core.inside.cam import class_map
from effnet_core.inside.inspection import inspect
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling


@pytest.fixture(scope="module")
def model():
    network = build(assemble(SMALL, Scaling(0.5, 0.35, 64, 0.0), 7, "tiny"), seed=4).eval()
    generator = torch.Generator().manual_seed(1)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif name == "classifier.bias":
            tensor.normal_(generator=generator)
    return Pretrained("tiny", network, Preprocess(64, 64), tuple("abcdefg"), {})


@pytest.fixture(scope="module")
def seen(model):
    return inspect(model, torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("label", range(7))
def test_a_class_map_and_the_bias_are_the_logit(model, seen, label):
    cam, bias = class_map(model, seen, label), model.network.classifier.bias[label].item()
    assert cam.shape == seen.outputs["head"].shape[1:] and cam.std() > 0
    assert cam.mean() + bias == pytest.approx(float(seen.logits[label]), abs=1e-5)
