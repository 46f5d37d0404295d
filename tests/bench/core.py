"""`python -m tests.bench.core`: counting and building, beside torch's own counter and plain construction."""

import gc

import torch
from torch.utils.flop_counter import FlopCounterMode

from effnet_core.cost import cost
from effnet_core.families import compound, published
from effnet_core.graph import graph
from effnet_core.network import Network, build

from .report import interleaved, show


def counted_by_torch(name: str) -> int:
    architecture = published(name)
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        Network(architecture).eval()(torch.empty(1, *architecture.input))
    return counter.get_total_flops() // 2


def assigned(name: str, state: dict) -> None:
    build(published(name), initialised=False).load_state_dict(state, assign=True)


def main() -> None:
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # as the app does after its imports
    for name in ("b0", "b7"):
        show(f"Counting {name}: architecture and cost from nothing", interleaved({
            "closed form": (lambda: cost(published(name)), 50),
            "closed form, cost alone": (lambda architecture=published(name): cost(architecture), 50),
            "torch FlopCounterMode on the meta device": (lambda: counted_by_torch(name), 1),
        }, rounds=9))
    show("Counting and drawing an absurd network (2,048 blocks)", interleaved({
        "architecture and cost": (lambda: cost(compound(7, 2, 2, 1.5)), 5),
        "Graphviz source, folded": (lambda: graph(compound(7, 2, 2, 1.5)), 5),
    }, rounds=5))
    state = build(published("b7"), seed=0).state_dict()
    show("Building B7", interleaved({
        "with the reference initialisation": (lambda: build(published("b7")), 1),
        "for weights, which are assigned": (lambda: assigned("b7", state), 1),
        "plain construction by PyTorch": (lambda: Network(published("b7")), 1),
    }, rounds=5))


if __name__ == "__main__":
    main()
