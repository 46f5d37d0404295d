"""`python -m tests.bench.counters`: what other tools count for B0 to B7, written to assets/measurements/counters.json.

`python -m tests.bench.counters timm` counts only the networks that timm wrote anew; the versions must then be those of the others' record.

Needs fvcore, torchinfo, ptflops, thop and calflops (with transformers and accelerate, which it imports), beside the tests' requirements;
the app and the tests need none of them. The counts depend on the versions, not on the machine.
"""

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Callable
from datetime import date
from importlib.metadata import version

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from effnet_core import machine
from effnet_core.export import code
from effnet_core.families import published
from effnet_core.lab.counters import RECORDED
from effnet_core.network import build

from ..conftest import declare_torchvision_operators

NETWORKS = tuple(f"b{number}" for number in range(8))
PACKAGES = ("torch", "fvcore", "torchinfo", "ptflops", "thop", "calflops", "torchvision", "timm")
Counted = dict[str, tuple[int, int | None]]  # what the number is called → the number, and the parameters where they are told


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def by_torch(network: nn.Module, side: int) -> Counted:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, side, side))
    return {"torch": (counter.get_total_flops(), None)}


def by_fvcore(network: nn.Module, side: int) -> Counted:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    analysis = FlopCountAnalysis(network, torch.zeros(1, 3, side, side)).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return {"fvcore": (analysis.total(), parameter_count(network)[""])}


def by_torchinfo(network: nn.Module, side: int) -> Counted:
    from torchinfo import summary

    seen = summary(network, (1, 3, side, side), verbose=0)
    return {"torchinfo": (seen.total_mult_adds, seen.total_params)}


def by_ptflops(backend: str) -> Callable[[nn.Module, int], Counted]:
    def count(network: nn.Module, side: int) -> Counted:
        from ptflops import get_model_complexity_info

        name = {"pytorch": "ptflops, modules", "aten": "ptflops, aten"}[backend]
        return {name: get_model_complexity_info(network, (3, side, side), as_strings=False, print_per_layer_stat=False, backend=backend)}

    return count


def by_thop(network: nn.Module, side: int) -> Counted:
    from thop import profile

    return {"thop": profile(network, (torch.zeros(1, 3, side, side),), verbose=False)}


def by_calflops(network: nn.Module, side: int) -> Counted:
    from calflops import calculate_flops

    flops, macs, params = calculate_flops(network, input_shape=(1, 3, side, side), print_results=False, output_as_string=False)
    return {"calflops, MACs": (macs, params), "calflops, FLOPs": (flops, params)}


TOOLS = (by_torch, by_fvcore, by_torchinfo, by_ptflops("pytorch"), by_ptflops("aten"), by_thop, by_calflops)


def taken_home(name: str) -> nn.Module:
    """The network that the exported code makes."""
    made: dict = {"__name__": "taken_home"}
    exec(code.source(published(name)), made)
    return made["Network"]()


def implementations() -> dict[str, Callable[[str], nn.Module]]:
    """Who wrote the network → how it is made from its name."""
    import timm
    import torchvision

    return {
        "this app": lambda name: build(published(name)),
        "take home": taken_home,
        "torchvision": lambda name: getattr(torchvision.models, f"efficientnet_{name}")(),
        "timm": lambda name: timm.create_model(f"efficientnet_{name}"),
        "timm, tf": lambda name: timm.create_model(f"tf_efficientnet_{name}"),
    }


def counted(make: Callable[[str], nn.Module], name: str) -> dict[str, dict[str, int | None]]:
    """What all tools say of one network; each gets a fresh one, since some leave things behind."""
    found: Counted = {}
    for tool in TOOLS:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            found |= tool(make(name).eval(), published(name).scaling.side)
    return {tool: {"count": int(count), "params": None if params is None else int(params)} for tool, (count, params) in found.items()}


def kept(versions: dict[str, str], wanted: list[str]) -> dict[str, dict]:
    """The recorded counts of the others; they must be of the same versions."""
    if set(wanted) == set(implementations()):
        return {}
    before = json.loads(RECORDED.read_text(encoding="utf-8"))
    if before["versions"] != versions:
        raise SystemExit(f"The others were counted with {before['versions']}; count all of them anew.")
    return before["counts"]


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    declare_torchvision_operators()
    versions = {package: version(package).partition("+")[0] for package in PACKAGES}
    wanted = sys.argv[1:] or [*implementations()]
    others = kept(versions, wanted)
    counts: dict[str, dict] = {written: {} if written in wanted else others[written] for written in implementations()}
    for written in wanted:
        for name in NETWORKS:
            counts[written][name] = counted(implementations()[written], name)
            print(written, name, {tool: seen["count"] for tool, seen in counts[written][name].items()}, flush=True)
    record = {"date": date.today().isoformat(), "machine": machine.processor(), "batch": 1, "versions": versions, "counts": counts}
    RECORDED.parent.mkdir(parents=True, exist_ok=True)
    RECORDED.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
