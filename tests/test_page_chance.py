"""The lesson "Norm and chance": its three parts."""

import pytest
import torch

from effnet_core import load, published
from effnet_core.lessons import chance as core
from effnet_core.lessons import normals
from effnet_core.palette import fixed
from pages.shared import phrases
from pages.shared.lessons import norms

from .apps import open_app
from .test_page_activations import htmls, sent

LESSON = {"lesson": "Norm and chance"}


def test_batch_norm_is_folded_and_measured():
    app = open_app("blocks", **LESSON)
    assert not app.exception and not app.warning
    assert sent(app, "fold")["hand"] == {"norm_gamma": 1.2, "norm_beta": 0.3, "norm_mean": 0.5, "norm_variance": 0.6, "norm_eps": -3}
    network = load("b0-imagenette").network
    learnt = sum(part.numel() for part in network.parameters())
    channels = sum(part.numel() for name, part in network.named_buffers() if name.endswith("running_mean"))
    assert f"<td>{learnt:,}</td><td>{2 * channels:,}</td><td>{learnt - channels:,}</td>" in htmls(app)


def test_the_sliders_take_the_numbers_of_a_real_channel():
    app = open_app("blocks", **LESSON)
    channel = next(part for each in app.markdown for part in [each.value] if "in its channel" in part).split("channel ")[1].split(" ")[0]
    app.button(key="norm_real").click().run()
    norm = load("b0-imagenette").network.get_submodule("stages.4.1.expand.norm")
    hand = sent(app, "fold")["hand"]
    for key, part in zip(hand, (norm.weight, norm.bias, norm.running_mean, norm.running_var)):
        assert hand[key] == pytest.approx(float(part[int(channel)].detach()))
    assert 10.0 ** hand["norm_eps"] == pytest.approx(norm.eps)


@pytest.mark.parametrize("name, most", [("B0", 0.2), ("B7", 0.2), ("MobileNetV2", 0.0), ("ResNet-50", 0.0)])
def test_blocks_are_left_out_of_any_network(name, most):
    app = open_app("blocks", **LESSON, chance_part="Stochastic depth", source="Published", name=name)
    assert not app.exception
    data = sent(app, "chance")
    assert len(data["blocks"]) == len(published(name.lower().replace("resnet-", "resnet")).blocks)
    assert any("without stochastic depth" in each.value for each in app.caption) == (most == 0.0)


def test_dropout_lists_the_released_rates():
    app = open_app("blocks", **LESSON, chance_part="Dropout", chance_rate="0.5", chance_mode="Inference")
    data = sent(app, "dropout")
    assert (data["count"], data["training"], data["hand"]["chance_rate"]) == (1280, False, 0.5)
    for name, rate in core.B_TABLE.items():
        assert f'<th scope="row">{name.upper()}</th><td>{rate:g}</td><td>{published(name).classifier.input.channels:,}</td>' in htmls(app)


def test_what_gives_a_guess_away_waits_for_it():
    app = open_app("blocks", **LESSON, chance_part="Stochastic depth")
    assert not sent(app, "chance")["guessed"]
    app.button_group(key="guessed_chance_depth").set_value(0).run()
    assert sent(app, "chance")["guessed"] and any("It is otherwise: 15.0" in each.value for each in app.markdown)
    app.button_group(key="chance_part").set_value("Dropout").run()
    factor = fixed(1 / (1 - core.B_TABLE["b0"]))
    assert not sent(app, "dropout")["guessed"] and factor not in htmls(app) and "after your guess above" in htmls(app)
    app.button(key="unguessed_chance_dropout").click().run()
    assert sent(app, "dropout")["guessed"] and factor in htmls(app) and "after your guess above" not in htmls(app)


@pytest.mark.parametrize("query", [
    {"chance_part": "x"}, {"norm_eps": "7"}, {"norm_variance": "-1"}, {"norm_momentum": "0"}, {"norm_batch": "1"},
    {"chance_part": "Stochastic depth", "chance_most": "1"}, {"chance_part": "Stochastic depth", "chance_seed": "-5"},
    {"chance_part": "Dropout", "chance_rate": "nan"}, {"chance_part": "Stochastic depth", "chance_most": "0"},
])
def test_a_bad_address_is_no_trouble(query):
    app = open_app("blocks", **LESSON, **query)
    assert not app.exception and not app.warning


def test_phrases_open_a_part_and_set_it():
    wanted = {"chance_part": "Stochastic depth", "chance_most": 0.5}
    assert phrases.read("chance_part=Stochastic+depth&chance_most=0.5").settings == wanted


def test_one_number_is_normalised_by_each_batch():
    app = open_app("blocks", **LESSON, norm_momentum="0.5", norm_batch="4")
    batches = normals.batches(norms.STEPS, 4, norms.MEAN, norms.SPREAD, norms.SEED)
    for batch in batches[-2:]:
        x = torch.tensor(batch, dtype=torch.float64)
        mean, variance = x.mean(), x.var(correction=0)
        assert fixed(float((norms.PROBE - mean) / (variance + norms.EPS).sqrt())) in htmls(app)
    assert "with the running averages" in htmls(app)
