"""A network made ready to run one of the `WAYS`."""

import copy
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..errors import UserError
from ..network import Network
from . import runtimes
from .folded import fold
from .fused import Fused
from .ways import missing

Run = Callable[[Tensor], Tensor]  # images N 3 H W, fp32, on the device → logits N classes, fp32, there
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Cast(nn.Module):
    """A copy of a network in another precision and order; the layer ids are the paths of its modules."""

    def __init__(self, network: Network, dtype: torch.dtype, order: torch.memory_format) -> None:
        super().__init__()
        own = copy.deepcopy(network).eval().to(dtype=dtype, memory_format=order)
        self.architecture, self.dtype, self.order, self.run = network.architecture, dtype, order, own.forward
        for name, module in own.named_children():
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        return self.run(x.to(self.dtype, memory_format=self.order)).float()


def prepare(network: Network, way: str, precision: str, example: Tensor, threads: int) -> Run:
    """`network` made ready to run that way on images like `example` (N 3 H W, fp32), which lies on the network's device.

    The network stays as it is. A callable; of a `layered` way an `nn.Module` in eval mode. Call it in inference mode. Raises `UserError`
    where that way cannot run here.
    """
    if (why := missing(way, str(example.device), precision)) is not None:
        raise UserError(why)
    dtype = DTYPES[precision]
    if way == "plain":
        return Cast(network, dtype, torch.contiguous_format) if precision != "fp32" else copy.deepcopy(network).eval()
    if way == "channels-last":
        return Cast(network, dtype, torch.channels_last)
    if way == "folded":
        return Cast(fold(network), dtype, torch.channels_last)
    if way == "fused":
        return packed(Fused(network, dtype), example)
    if way == "graphed":
        return graphed(Fused(network, dtype), example)
    if way == "compiled":
        return compiled(Cast(network, dtype, torch.channels_last), example)
    return getattr(runtimes, way)(network, precision, example, threads)


def packed(network: Fused, example: Tensor) -> Fused:
    """With its weights made for maps of that size, which it would do at its first pass: neither the time nor the memory are a pass's."""
    network(example)
    return network


def compiled(network: nn.Module, example: Tensor) -> Run:
    """By torch's own compiler, which takes a while at the first pass. Raises `UserError` where it has no compiler to use."""
    torch._dynamo.reset()  # what was compiled for other networks would count against the limit
    run = torch.compile(network)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run(example)
    except (RuntimeError, ImportError, OSError) as refused:
        reason = str(refused).strip().splitlines()[0] if str(refused).strip() else type(refused).__name__
        raise UserError(f"torch.compile could not compile the network here: {reason.rstrip('.')}. It needs a C++ compiler, such as g++.") from None
    return run


def graphed(network: nn.Module, example: Tensor) -> Run:
    """Recorded once as a CUDA graph for batches like `example` and replayed, so that no kernel waits for Python."""
    stream, x, graph = torch.cuda.Stream(example.device), example.clone(), torch.cuda.CUDAGraph()
    with torch.cuda.device(example.device):  # which need not be the first GPU
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # what is chosen or allocated at first passes must not be recorded
            for _ in range(3):
                network(x)
        torch.cuda.current_stream().wait_stream(stream)
        with torch.cuda.graph(graph, stream=stream):
            y = network(x)

    def run(images: Tensor) -> Tensor:
        x.copy_(images)
        graph.replay()
        return y.clone()

    return run
