"""The other families under the same sliders, on every page that shows the network of the sliders."""

import pytest

from effnet_core.cost import cost
from effnet_core.families import compound, published

from .apps import open_app
from .test_page_scaling import shows

RIVALS = {"MobileNetV1": "mobilenetv1", "MobileNetV2": "mobilenetv2", "MnasNet-A1": "mnasnet-a1", "ResNet-50": "resnet50", "ResNet-152": "resnet152"}


@pytest.mark.parametrize("label", RIVALS)
def test_as_published(label):
    app = open_app("scaling", source="Published", name=label)
    assert not app.exception and shows(app, published(RIVALS[label]))
    assert "nothing is scaled" in " ".join(m.value for m in app.markdown)


@pytest.mark.parametrize("label", RIVALS)
@pytest.mark.parametrize("level", ["Stages", "Layers"])
def test_scaled_by_the_sliders(label, level):
    app = open_app("scaling", base=label, phi="1", alpha="1.4", beta="1.2", gamma="1.3", level=level)
    assert not app.exception and shows(app, compound(1, 1.4, 1.2, 1.3, base=RIVALS[label]))


def test_the_selection_finds_its_place_in_another_family():
    app = open_app("scaling", layer="stages.6.0", base="ResNet-50")
    assert not app.exception
    app.selectbox(key="base").set_value("B0").run()
    assert not app.exception and shows(app, published("b0"))


@pytest.mark.parametrize("page", ["start", "latency", "inside", "pretrain"])
@pytest.mark.parametrize("address", [{"base": "ResNet-50", "phi": "1"}, {"source": "Published", "name": "MobileNetV1"}])
def test_other_pages_take_them_too(page, address):
    assert not open_app(page, **address).exception


@pytest.mark.parametrize("base, factors, printed", [
    ("mobilenetv1", (1, 1, 1, 1), 0.6), ("mobilenetv1", (1, 1, 2, 1), 2.2), ("mobilenetv2", (1, 1, 1, 1), 0.3), ("mobilenetv2", (2, 2, 1, 1), 1.2),
    ("mobilenetv2", (1, 1, 2, 1), 1.1), ("mobilenetv2", (1, 1, 1, 2), 1.2), ("resnet50", (1, 1, 1, 1), 4.1), ("resnet50", (1, 1, 1, 2), 16.4)])
def test_rows_of_the_paper_s_table_3_come_out_of_the_formula(base, factors, printed):
    assert round(cost(compound(*factors, base=base)).macs / 1e9, 1) == printed
