"""Class activation maps, against the logit they add up to and against autograd."""

import numpy as np
import pytest
import torch

from effnet_core.architecture import assemble
from effnet_core.checkpoints import Pretrained
from effnet_core.families import SMALL
from effnet_core.inside.cam import bias, class_map, class_maps, grad_cam, sweep
from effnet_core.inside.gradients import gradients
from effnet_core.inside.inspection import inspect, operate
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


def test_all_classes_come_from_one_pass(model, seen):
    maps = class_maps(model, seen, range(7))
    assert maps.shape == (7, *seen.outputs["head"].shape[1:])
    for label in range(7):
        np.testing.assert_allclose(maps[label], class_map(model, seen, label), rtol=1e-5, atol=1e-6)
        by_hand = sum(float(w) * each.astype(np.float64) for w, each in zip(model.network.classifier.weight[label].detach(), seen.outputs["head"]))
        np.testing.assert_allclose(maps[label], by_hand, rtol=1e-4, atol=1e-5)
        assert bias(model, label) == model.network.classifier.bias[label].item()
    np.testing.assert_allclose(class_maps(model, seen, [5, 2]), maps[[5, 2]], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(maps.mean((1, 2)) + [bias(model, label) for label in range(7)], seen.logits, atol=1e-5)


@pytest.fixture(scope="module")
def whole(model, seen):
    """Unit → its maps and the gradient of logit 3 there, by autograd through the whole network."""
    kept, network = {}, model.network
    handles = [network.get_submodule(unit).register_forward_hook(lambda _, __, out, unit=unit: kept.update({unit: out}))
               for unit in seen.outputs]
    logit = network(torch.from_numpy(seen.image)[None].requires_grad_())[0, 3]
    for handle in handles:
        handle.remove()
    slopes = torch.autograd.grad(logit, [*kept.values()])
    return {unit: (maps[0].detach().double(), slope[0].double()) for (unit, maps), slope in zip(kept.items(), slopes)}


def test_grad_cam_at_the_last_map_is_the_class_map_over_its_cells(model, seen):
    cam = class_map(model, seen, 3)
    np.testing.assert_allclose(sweep(model, seen, 3)["head"], cam / cam.size, rtol=1e-4, atol=1e-7)


def test_the_sweep_is_autograd_s_at_every_unit(model, seen, whole):
    found = sweep(model, seen, 3)
    assert [*found] == [*seen.outputs]
    for unit, (maps, slope) in whole.items():
        expected = sum(slope[channel].mean() * maps[channel] for channel in range(len(maps))).numpy()
        np.testing.assert_allclose(found[unit], expected, rtol=1e-3, atol=1e-6 * np.abs(expected).max() + 1e-7)
    slopes = gradients(model, seen, 3)
    assert all((found[unit] == maps).all() for unit, maps in sweep(model, seen, 3, slopes).items())


def test_evidence_against_the_class_is_not_cut_off(model, seen):
    signed = grad_cam(seen.outputs["stages.3.0"], gradients(model, seen, 3)["stages.3.0"])
    assert signed.min() < 0 < signed.max()


def test_gates_that_are_set_move_the_evidence(model, seen):
    done = operate(model, seen, {"stages.4.1": np.zeros_like(seen.gates["stages.4.1"])})
    cam = class_map(model, done, 3)
    assert not np.allclose(cam, class_map(model, seen, 3))
    assert cam.mean() + bias(model, 3) == pytest.approx(float(done.logits[3]), abs=1e-5)
