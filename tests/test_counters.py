"""What other tools count: the rules give every recorded number to the unit, and torch's own counter agrees live."""

import json
from itertools import product

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import compound, published
from effnet_core.lab import counters
from effnet_core.network import Network

COUNTS = counters.recorded()["counts"]
EVERY = [(written, name, tool) for written, names in COUNTS.items() for name, tools in names.items() for tool in tools]


def test_all_tools_were_recorded_for_b0_to_b7_by_everybody():
    assert set(EVERY) == set(product(counters.UNSEEN, [f"b{number}" for number in range(8)], counters.RULES))
    assert set(counters.NAMED) == set(counters.RULES) and all(counters.version(tool) for tool in counters.RULES)


@pytest.mark.parametrize("written, name, tool", EVERY)
def test_the_terms_sum_to_the_recorded_number(written, name, tool):
    seen, architecture = COUNTS[written][name][tool], published(name)
    lines = counters.account(architecture, tool, written)
    assert sum(line.count for line in lines) == sum(counters.grouped(lines).values()) == seen["count"]
    assert counters.parameters(architecture, tool, written) == seen["params"]


def test_the_terms_are_distinct_enough_to_be_told_apart():
    """A wrong factor on any term would show: no amount of a published network is zero where a rule uses it."""
    for name in COUNTS["this app"]:
        have = counters.amounts(published(name))
        assert all(have[term] > 0 for rule in counters.RULES.values() for term in rule)


@pytest.mark.parametrize("architecture", [published("b0"), published("lite2"), compound(1.0), published("resnet50"),
                                          published("mnasnet-a1")], ids=lambda architecture: architecture.name)
def test_macs_are_those_of_the_table_and_of_torch(architecture):
    have = counters.amounts(architecture)
    assert sum(have[term] for term in counters.MACS) == cost(architecture).macs
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        Network(architecture).eval()(torch.empty(1, *architecture.input))
    assert counter.get_total_flops() == sum(line.count for line in counters.account(architecture, "torch"))


def test_elementwise_amounts_equal_what_a_network_does():
    """Of norms, activations, gates and sums, seen from inside by hooks on the modules."""
    architecture, seen = published("b0"), {"norm": 0, "activation": 0, "gate": 0}
    with torch.device("meta"):
        network = Network(architecture).eval()
    kinds = {torch.nn.BatchNorm2d: "norm", torch.nn.SiLU: "activation", torch.nn.Sigmoid: "gate"}

    def note(module, inputs, output):
        seen[kinds[type(module)]] += output.numel()

    for module in network.modules():
        if type(module) in kinds:
            module.register_forward_hook(note)
    network(torch.empty(1, *architecture.input, device="meta"))
    have = counters.amounts(architecture)
    assert seen == {term: have[term] for term in seen}
    assert have["sum"] == sum(block.output.elements for block in architecture.blocks if block.skip)


def test_what_escapes_a_tool_is_what_lacks_in_its_number():
    b0 = published("b0")
    assert counters.missed(b0, "thop") == cost(b0).macs - 1_280_000 - sum(
        row.macs for row in cost(b0).layers if row.operator == "se")
    assert counters.missed(b0, "thop", "torchvision") == counters.missed(b0, "fvcore", "timm") == 0
    strided = sum(cost(b0).rows[layer.id].macs for layer in b0.layers if layer.stride > 1)
    assert counters.missed(b0, "ptflops, modules", "timm, tf") == strided


def test_the_network_of_the_sliders_is_known_where_it_was_recorded():
    assert counters.recorded_name(compound(0.0)) == counters.recorded_name(published("b0")) == "b0"
    assert counters.recorded_name(published("b6")) == "b6" and counters.recorded_name(compound(1.0)) is None
    assert counters.recorded_name(published("b0", classes=10)) is None


def test_unknown_names_are_refused():
    for tool, written in (("abacus", "timm"), ("thop", "nobody")):
        with pytest.raises(UserError, match="there are"):
            counters.account(published("b0"), tool, written)


def test_the_record_is_whole_and_dated():
    record = json.loads(counters.RECORDED.read_text(encoding="utf-8"))
    assert {"date", "machine", "versions", "counts", "batch"} == set(record) and len(record["date"]) == 10
