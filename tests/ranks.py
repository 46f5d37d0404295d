"""What two processes that train together do for tests/test_distributed.py: started twice with torchrun's variables, each writes what it found."""

import copy
import os
import sys
from dataclasses import dataclass, replace

import torch

from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import small
from effnet_core.learning import distributed, evaluation, learner, training
from effnet_core.learning.distributed import SharedBatchNorm
from effnet_core.learning.recipe import Recipe
from effnet_core.network import build
from effnet_core.scaling import Scaling


@dataclass(frozen=True)
class Exact:
    """Scenes in float64: whatever rounding differs between one process and two stays far below what Adam, which divides by the size
    of a gradient, would blow up."""

    scenes: Scenes

    def __getattr__(self, name: str):
        return getattr(self.scenes, name)

    @property
    def held_out(self) -> "Exact":
        return Exact(self.scenes.held_out)

    def batch(self, *place) -> tuple[torch.Tensor, torch.Tensor]:
        pixels, labels = self.scenes.batch(*place)
        return pixels.double(), labels


DATA = Exact(Scenes(side=16, seed=1))
RECIPE = Recipe(steps=6, batch=8, evaluations=2, held_out_images=100, learning_rate=1e-3)
CHANNELS = 3


def plain(seed: int = 0):
    """A tiny network without anything random in training."""
    network = build(small(Scaling(0.3, 0.25, 16, 0.0)), momentum=0.1, seed=seed)
    learner.start_gently(network, seed)
    for block in (block for stage in network.stages for block in stage):
        block.drop.rate = 0.0
    return network.double()


def rows(rank: int, size: int) -> torch.Tensor:
    """Of eight images, those of one process; far from zero mean."""
    return (3 + torch.randn(8, CHANNELS, 4, 4, generator=torch.Generator().manual_seed(5)))[rank::size].requires_grad_()


def weights_of(images: torch.Tensor) -> torch.Tensor:
    """Something to differentiate by that is different everywhere."""
    return images.detach().sin()


def normalised(norm: torch.nn.Module, x: torch.Tensor) -> dict:
    """Two passes forward and one backward through a batch norm."""
    norm.weight.data = torch.tensor([0.5, 1.0, 2.0])
    norm(x)
    y = norm(x)
    (y * weights_of(x)).sum().backward()
    return {"y": y.detach(), "x": x.grad, "weight": norm.weight.grad, "bias": norm.bias.grad, "mean": norm.running_mean,
            "var": norm.running_var, "count": norm.num_batches_tracked}


def body(network) -> dict:
    return {key: value.clone() for key, value in network.state_dict().items() if not key.startswith("classifier.")}


def find(world) -> None:
    """Everything that goes well, and at last one process that refuses while the other waits for it."""
    found: dict = {"norm": normalised(SharedBatchNorm(CHANNELS), rows(world.rank, world.size))}

    states, events = [], []
    result = training.train(plain(), DATA, RECIPE, on_event=events.append, world=world,
                            on_state=lambda state: states.append(copy.deepcopy(state)))
    found["trained"], found["accuracy"], found["events"] = result.network.state_dict(), result.evaluation.accuracy, events
    if world.rank == 0:  # alone: nothing here may wait for the other process
        found["judged alone"] = evaluation.evaluate(result.network, DATA.held_out, RECIPE.held_out_images).accuracy
        torch.save(states[0], sys.argv[1] + ".state")
    torch.distributed.barrier()
    found["resumed"] = training.train(plain(), DATA, RECIPE, world=world, resume=lambda: torch.load(sys.argv[1] + ".state", weights_only=True)
                                      ).network.state_dict()

    frozen = plain()
    learner.freeze(frozen)
    before = body(frozen)
    after = training.train(frozen, DATA, replace(RECIPE, steps=2), world=world).network
    found["frozen"] = all(torch.equal(value, before[key]) for key, value in body(after).items())
    found["learnt"] = after.classifier.weight.detach()

    own = training.train(plain(), DATA, replace(RECIPE, steps=2), world=replace(world, shared_statistics=False))
    found["own statistics"] = own.network.state_dict()
    try:
        training.Trainer(plain(), DATA, replace(RECIPE, batch=9), world=world)
    except UserError as refused:
        found["uneven"] = str(refused)
    asked = iter((False, "pause"))
    found["paused"] = training.train(plain(), DATA, RECIPE, should_stop=lambda: next(asked), world=world).steps
    torch.save(found, f"{sys.argv[1]}.{world.rank}")
    torch.distributed.barrier()
    if world.rank == 1:
        raise UserError("The second process cannot go on.")
    world.total(torch.zeros(1))  # waits for the other one


def die(world) -> None:
    """One is gone without a word, as when memory runs out."""
    if world.rank == 1:
        os._exit(9)
    world.total(torch.zeros(1))


if __name__ == "__main__":
    torch.set_num_threads(1)
    try:
        with distributed.joined("cpu") as world:
            {"find": find, "die": die}[sys.argv[2]](world)
    except UserError as refused:
        raise SystemExit(f"sentence: {refused}") from None
