"""`python -m tests.bench.inference [b0 …]`: our ways to an output beside timm's network, eager and compiled, in one interleaved run.

The ratios are to timm eager, channels first, which is how its users run it. Runtimes are given where they are installed, unless `--torch`:
what they free lets the C library keep memory for all that follows, so that eager networks fetch none from the system and are up to a third
faster beside them than alone.
"""

import argparse
import gc

import torch

from effnet_core.families import published
from effnet_core.network import build
from effnet_core.speed.prepared import prepare
from effnet_core.speed.trusted import TOLERANCE, apart
from effnet_core.speed.ways import WAYS, missing
from effnet_core.timing import threads as threaded

from ..conftest import declare_torchvision_operators
from .report import interleaved, show

ROUNDS = 25


def timms(name: str) -> torch.nn.Module:
    declare_torchvision_operators()
    import timm

    return timm.create_model(f"efficientnet_{name}").eval()


@torch.inference_mode()
def ratios(name: str, batch: int, threads: int, precisions: list[str], compile_too: bool, runtimes: bool) -> None:
    ours, theirs = build(published(name), seed=0).eval(), timms(name)
    x = torch.randn(batch, *ours.architecture.input)
    ways = {"timm eager": theirs}
    if compile_too:
        torch._dynamo.reset()
        ways["timm, torch.compile"] = torch.compile(theirs)
    right = ours(x)
    for precision in precisions:
        for key, way in WAYS.items():
            if missing(key, "cpu", precision) is None and (compile_too or key != "compiled") and (runtimes or not way.package):
                run = prepare(ours, key, precision, x, threads)
                assert apart(right, run(x)) <= TOLERANCE[precision], (key, precision)
                ways[f"{way.name}, {precision}"] = run
    show(f"{name}, batch {batch}, {threads} {'thread' if threads == 1 else 'threads'}", interleaved(
        {label: ((lambda run=run: run(x)), 3) for label, run in ways.items()}, rounds=ROUNDS if name == "b0" and batch == 1 else 9))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inference", description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="*", default=["b0", "b1", "b2", "b3", "b4"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--no-compile", dest="compile", action="store_false", help="it takes a minute for every network and batch")
    parser.add_argument("--torch", action="store_true", help="without ONNX Runtime and OpenVINO")
    asked = parser.parse_args()
    gc.collect()
    gc.freeze()
    for name in asked.networks:
        for batch in asked.batches:
            for threads in asked.threads if batch == 1 else asked.threads[-1:]:
                with threaded(threads):
                    ratios(name, batch, threads, asked.precisions, asked.compile, not asked.torch)


if __name__ == "__main__":
    main()
