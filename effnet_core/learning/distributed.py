"""Data-parallel training: several processes, started by torchrun, that train as one on batches they share."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..errors import UserError

WORDS = (False, "stop", "pause")


@dataclass(frozen=True)
class World:
    """This process among `size` that train together; rank 0 speaks for all."""

    rank: int = 0
    size: int = 1
    local: int = 0  # rank among the processes of this machine, hence the number of its GPU
    neighbours: int = 1  # processes of this machine
    shared_statistics: bool = True  # batch norm's, of the whole batch; otherwise each process normalises its own rows

    def device(self, wanted: str) -> str:
        """Where this process computes: of several GPUs, its own."""
        return f"cuda:{self.local}" if self.size > 1 and wanted.startswith("cuda") else wanted

    def share(self, network: nn.Module) -> nn.Module:
        """`network`, or what calls it and averages its gradients over all processes."""
        if self.size == 1:
            return network
        if self.shared_statistics:
            share_statistics(network)
        return DistributedDataParallel(network, forward_sync_buffers=False)  # see `align`

    def total(self, counts: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.size > 1:
            home, counts = counts.device, _placed(counts)
            dist.all_reduce(counts)
            counts = counts.to(home)
        return counts

    def agree(self, asked: bool | str, seconds: float) -> tuple[bool | str, float]:
        """What rank 0 was asked, and its clock: all do the same after the same step."""
        if self.size == 1:
            return asked, seconds
        told = _placed(torch.tensor([WORDS.index("stop" if asked is True else asked), seconds], dtype=torch.float64))
        dist.broadcast(told, 0)
        word, seconds = told.tolist()
        return WORDS[int(word)], seconds

    def align(self, network: nn.Module) -> None:
        """Batch norm's statistics become rank 0's, where each process has collected its own: all judge the same network."""
        if self.size > 1 and not self.shared_statistics:
            for buffer in network.buffers():
                dist.broadcast(buffer, 0)


ALONE = World()


def _placed(tensor: Tensor) -> Tensor:
    return tensor.cuda() if dist.get_backend() == "nccl" else tensor


class _Total(torch.autograd.Function):
    """The sum over all processes, through which every process's loss reaches every process's values."""

    @staticmethod
    def forward(_, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_, gradient: Tensor) -> Tensor:
        return _Total.forward(_, gradient)


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch norm whose training statistics are those of the rows of all processes, as if one process had them all.

    `torch.nn.SyncBatchNorm` does this on GPUs and refuses to on processors.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        channels, wide = x.shape[1], x.to(torch.promote_types(x.dtype, self.weight.dtype))
        total, count = _Total.apply(torch.cat([wide.sum((0, 2, 3)), wide.new_tensor([x.numel() / channels])])).split([channels, 1])
        mean = total / count
        centred = wide - mean.view(1, -1, 1, 1)
        variance = _Total.apply(centred.square().sum((0, 2, 3))) / count  # not E[x²] − E[x]², which rounding can make negative
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)).to(x.dtype)


def share_statistics(network: nn.Module) -> None:
    """Every batch norm of `network` from now on uses the statistics of all processes; parameters stay the same tensors."""
    on_gpu = next(network.parameters()).is_cuda
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = nn.SyncBatchNorm if on_gpu else SharedBatchNorm
            if on_gpu:
                module.process_group = None  # all


def is_assistant() -> bool:
    """Whether torchrun started this process beside the one that speaks for all."""
    return os.environ.get("RANK", "0") != "0"


@contextmanager
def one_voice() -> Iterator[None]:
    """What all processes would refuse alike is said once on every machine; the others just end."""
    try:
        yield
    except UserError:
        if is_assistant() and os.environ.get("LOCAL_RANK", "0") != "0":
            raise SystemExit(1) from None
        raise


@contextmanager
def joined(device: str, shared_statistics: bool = True) -> Iterator[World]:
    """The world that torchrun has put this process in, or that of one process where nobody has.

    Of several processes that fail, the first one raises what went wrong and the others just end. Raises `UserError` where the
    processes cannot find each other, or one of them is lost.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    with one_voice():
        world, store = _meet(device, shared_statistics)
    try:
        yield world
    except Exception as failed:
        if not _is_first(store):
            raise SystemExit(1) from None
        if isinstance(failed, RuntimeError) and _is_of_connection(failed):
            raise UserError(f"Another of the {world.size} processes that train together was lost, most likely because memory ran out; "
                            "--resume goes on from the last saved state.") from failed
        raise
    dist.destroy_process_group()


def _meet(device: str, shared_statistics: bool) -> tuple[World, dist.Store]:
    local, neighbours = (int(os.environ.get(name, default)) for name, default in (("LOCAL_RANK", "0"), ("LOCAL_WORLD_SIZE", "1")))
    on_gpu = device.startswith("cuda")
    if on_gpu and neighbours > torch.cuda.device_count():
        raise UserError(f"{neighbours} processes cannot share {torch.cuda.device_count()} GPUs; start one for each.")
    if on_gpu:
        torch.cuda.set_device(local)
    try:
        store, rank, size = next(dist.rendezvous("env://"))
        dist.init_process_group("nccl" if on_gpu else "gloo", store=dist.PrefixStore("training", store), rank=rank, world_size=size)
    except (ValueError, RuntimeError) as apart:
        raise UserError(f"The processes that should train together cannot reach each other ({str(apart).splitlines()[0]}); start them "
                        "with torchrun, and with the same --rdzv-endpoint on every machine.") from apart
    return World(rank, size, local, neighbours, shared_statistics), store


def _is_first(store: dist.Store) -> bool:
    """Whether no other process has failed before; the others are lost or will be told by their connections."""
    try:
        return store.add("failed", 1) == 1
    except RuntimeError:  # it went with the process that kept it
        return False


def _is_of_connection(failed: RuntimeError) -> bool:
    return isinstance(failed, dist.DistError) or "gloo" in str(failed).lower() or "nccl" in str(failed).lower()
