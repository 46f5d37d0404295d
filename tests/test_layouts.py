"""Key layouts in both directions, and what a file is recognised as, from names and shapes alone."""

import random

import pytest
import torch

from effnet_core.architecture import assemble
from effnet_core.errors import UserError
from effnet_core.families import PUBLISHED, SMALL, compound, published, small
from effnet_core.network import build
from effnet_core.scaling import Scaling
from effnet_core.weights.layouts import COUNTER, LAYOUTS, OURS, differences, from_ours, key_map, shapes, to_ours
from effnet_core.weights.recognition import recognise

from .test_network import BN_ONE, assert_same_logits, randomised


def named(architecture, layout):
    """Shapes under the names of `layout`."""
    return dict(zip(key_map(architecture, layout).values(), shapes(architecture).values()))


@pytest.mark.parametrize("architecture", [*map(published, PUBLISHED), compound(-2.5, base="lite0"), compound(1.3, classes=7), small()],
                         ids=lambda architecture: architecture.name)
def test_shapes_are_those_of_the_tensors(architecture):
    with torch.device("meta"):
        state = build(architecture, initialised=False).state_dict()
    assert {key: tuple(tensor.shape) for key, tensor in state.items()} == shapes(architecture)
    assert list(state) == list(shapes(architecture))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["b0", "b1", "lite3"])
def test_there_and_back_is_the_same(name, layout):
    architecture = published(name, classes=11)
    state = randomised(build(architecture, seed=2)).state_dict()
    theirs = from_ours(state, architecture, layout)
    back = to_ours(dict(random.Random(1).sample(list(theirs.items()), len(theirs))), architecture, layout)  # in whatever order
    assert list(back) == list(state) and all(back[key] is state[key] for key in state)
    without = {key: tensor for key, tensor in theirs.items() if not key.endswith(COUNTER)}
    assert list(to_ours(without, architecture, layout)) == [key for key in state if not key.endswith(COUNTER)]


def changed(kind, state):
    first = next(iter(state))
    if kind == "lacking":
        del state[first]
    elif kind == "foreign":
        state["extra.weight"] = torch.zeros(2)
    else:
        state[first] = state[first][:, :1]
    return state


@pytest.mark.parametrize(("kind", "said"), [("lacking", "1 tensors of EfficientNet-B0 in the layout 'timm' are lacking, such as conv_stem.weight"),
                                            ("foreign", "1 tensors do not belong to EfficientNet-B0 in the layout 'timm', such as extra.weight"),
                                            ("misshaped", r"another shape, such as conv_stem.weight: \(32, 1, 3, 3\) instead of \(32, 3, 3, 3\)")])
def test_what_does_not_fit_is_a_sentence(kind, said):
    architecture = published("b0")
    with torch.device("meta"):
        state = build(architecture, initialised=False).state_dict()
    with pytest.raises(UserError, match=said):
        to_ours(changed(kind, from_ours(state, architecture, "timm")), architecture, "timm")
    with pytest.raises(UserError, match="in the layout 'ours'"):
        from_ours(changed(kind, dict(state)), architecture, "timm")


def test_differences_are_counted_by_kind():
    architecture = published("b0")
    found = named(architecture, "timm")
    assert differences(found, architecture, "timm") == ([], [], [])
    lacking, foreign, misshaped = differences(named(published("b1"), "timm"), architecture, "timm")
    assert not lacking and len(foreign) == 508 - 360 and not misshaped
    assert [len(kind) for kind in differences({}, architecture, "timm")] == [311, 0, 0]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_variant_is_recognised_in_every_layout(name, layout):
    architecture = published(name, classes=1000 if name != "b3" else 37)
    found = recognise(named(architecture, layout))
    assert (found.layout, found.variant, found.architecture) == (layout, name, architecture)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module.backbone.net."])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_prefixes_counters_and_leftovers_do_not_matter(layout, prefix):
    names = {prefix + key: shape for key, shape in named(published("b0"), layout).items() if not key.endswith(COUNTER)}
    found = recognise({**names, f"{prefix}total_ops": (1,), "criterion.weight": (1000,)})
    assert (found.layout, found.variant) == (layout, "b0")
    assert list(found.pick({**names, "criterion.weight": 0}).values()) == list(names.values())


@pytest.mark.parametrize(("layout", "head"), [("torchvision", "classifier"), ("torchvision", "classifier.0"), ("timm", "classifier.1"),
                                              ("timm", "fc"), ("lukemelas", "_fc.1"), ("lukemelas", "classifier")])
def test_a_new_linear_classifier_under_another_name_is_found(layout, head):
    regular = {"torchvision": "classifier.1", "timm": "classifier", "lukemelas": "_fc"}[layout]
    architecture = published("b2", classes=5)
    names = {key.replace(f"{regular}.", f"{head}.") if key.startswith(f"{regular}.") else key: shape
             for key, shape in named(architecture, layout).items()}
    found = recognise(names)
    assert found.architecture == architecture and found.keys[f"{regular}.weight"] == f"{head}.weight"


@pytest.mark.parametrize("architecture", [compound(phi, base=base, classes=3) for phi in (-3, -0.7, 0.5, 2.2, 5) for base in ("b0", "lite0")]
                         + [assemble(SMALL, Scaling(0.1, 0.05, 16, 0.0), 2, "tiny"), small(classes=4)], ids=lambda architecture: architecture.name)
def test_our_own_names_tell_any_depth_and_width(architecture):
    found = recognise(shapes(architecture))
    assert (found.layout, found.variant) == (OURS, None)
    assert shapes(found.architecture) == shapes(architecture) and found.architecture.classes == architecture.classes
    if architecture == small(classes=4):
        assert found.architecture == architecture


def without(*starts):
    return lambda names: {key: shape for key, shape in names.items() if not key.startswith(starts)}


@pytest.mark.parametrize(("change", "said"), [
    (without("classifier"), "looks like EfficientNet-B0 in the layout 'timm', but has no classifier"),
    (lambda names: {**names, "conv_stem.weight": (32, 1, 3, 3)}, r"conv_stem.weight: \(32, 1, 3, 3\) instead of \(32, 3, 3, 3\)"),
    (without("blocks.3.1."), "tensors of EfficientNet-B0 in the layout 'timm' are lacking, such as blocks.3.1"),
    (lambda names: {**names, "attention.q": (3, 3)}, "1 tensors do not belong to EfficientNet-B0"),
    (lambda names: {**names, "classifier.weight": (0, 1280)}, r"its classifier has the shape \(0, 1280\)"),
    (lambda names: {**names, "classifier.weight": (10**9, 1280)}, "1 to 100,000 classes"),
    (lambda names: {**names, "classifier.weight": ()}, r"its classifier has the shape \(\)"),
    (lambda names: {**names, **{f"teacher.{key}": shape for key, shape in names.items()}}, "holds 2 networks, under '', 'teacher.'"),
    (lambda names: {}, "it holds 0 tensors such as none"),
])  # fmt: skip
def test_what_is_almost_an_efficientnet_is_a_sentence(change, said):
    with pytest.raises(UserError, match=said):
        recognise(change(named(published("b0"), "timm")))


@pytest.mark.parametrize("shape", [(), (0,), (1,) * 9, (10**12, 3, 3, 3), (-1, 3, 3, 3)])
@pytest.mark.parametrize("key", ["stem.conv.weight", "stages.0.0.project.conv.weight", "head.conv.weight", "classifier.weight"])
def test_impossible_shapes_are_a_sentence(key, shape):
    with pytest.raises(UserError):
        recognise({**shapes(published("b0")), key: shape})
    with pytest.raises(UserError):
        recognise({**shapes(compound(0.5)), key: shape})


@pytest.mark.parametrize(("model", "said"), [
    ("resnet18", "a ResNet"), ("mobilenet_v2", "a MobileNetV2"), ("mobilenet_v3_small", "a MobileNet"), ("efficientnet_v2_s", "EfficientNet"),
    ("vit_b_16", "a vision transformer"), ("densenet121", "a DenseNet"), ("vgg11", "a VGG"),
])  # fmt: skip
def test_other_networks_of_torchvision_are_named(torchvision, model, said):
    with torch.device("meta"):
        state = getattr(torchvision.models, model)().state_dict()
    with pytest.raises(UserError, match=f"none of the EfficientNets that are known here: .*{said}|in the layout 'torchvision'"):
        recognise({key: tuple(tensor.shape) for key, tensor in state.items()})


@pytest.mark.parametrize("model", ["resnet18", "mobilenetv3_small_050", "tf_efficientnetv2_b0", "efficientnet_es", "mixnet_s", "efficientnet_b1_pruned"])
def test_other_networks_of_timm_are_refused(timm, model):
    with torch.device("meta"):
        state = timm.create_model(model).state_dict()
    with pytest.raises(UserError, match="none of the EfficientNets|in the layout 'timm'"):
        recognise({key: tuple(tensor.shape) for key, tensor in state.items()})


@pytest.mark.parametrize(("name", "model", "padding"), [("b0", "efficientnet_b0", "symmetric"), ("b1", "tf_efficientnet_b1", "same"),
                                                        ("b3", "efficientnet_b3", "symmetric"), ("lite1", "tf_efficientnet_lite1", "same")])
def test_timm_s_own_tensors_give_timm_s_logits(timm, name, model, padding):
    theirs = randomised(timm.create_model(model), seed=6)
    state = theirs.state_dict()
    found = recognise({key: tuple(tensor.shape) for key, tensor in state.items()})
    assert (found.layout, found.variant) == ("timm", name)
    ours = build(published(name), padding=padding, initialised=False, **({} if padding == "same" else BN_ONE))
    ours.load_state_dict(to_ours(found.pick(state), found.architecture, "timm"), assign=True)
    assert_same_logits(ours, theirs, 65)


@pytest.mark.parametrize("name", ["b0", "b1"])
def test_torchvision_s_own_tensors_give_torchvision_s_logits(torchvision, name):
    theirs = randomised(getattr(torchvision.models, f"efficientnet_{name}")(), seed=7)
    state = theirs.state_dict()
    found = recognise({key: tuple(tensor.shape) for key, tensor in state.items()})
    assert (found.layout, found.variant) == ("torchvision", name)
    ours = build(published(name), padding="symmetric", initialised=False, **BN_ONE)
    ours.load_state_dict(to_ours(state, found.architecture, "torchvision"), assign=True)
    assert_same_logits(ours, theirs, 64)
