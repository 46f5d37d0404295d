"""`python -m tests.bench.recording`: what looking costs over a plain forward pass, and what opening, operating and gradients take."""

import gc

import torch

from effnet_core import load, published
from effnet_core.checkpoints import Pretrained
from effnet_core.inside.gradients import gradients
from effnet_core.inside.inspection import inspect, open_unit, operate
from effnet_core.inside.probing import probe
from effnet_core.network import build
from effnet_core.preprocess import Preprocess

from .report import interleaved, show


def models() -> dict[str, Pretrained]:
    bundled = load("b0-imagenette")
    labels = tuple(map(str, range(1000)))
    made = {name: Pretrained(name, build(published(name), seed=0).eval(), Preprocess(side, side), labels, {})
            for name, side in (("b0", 224), ("b4", 380))}
    return {"b0-imagenette at 160": bundled, "B0 at 224": made["b0"], "B4 at 380": made["b4"]}


@torch.inference_mode()
def plain(model: Pretrained, x: torch.Tensor) -> torch.Tensor:
    return model.network(x)


def main() -> None:
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    for title, model in models().items():
        x = torch.randn(1, 3, model.preprocess.crop, model.preprocess.crop)
        seen = inspect(model, x)
        off = {block: gates * 0 + 1 for block, gates in seen.gates.items() if block.startswith("stages.5")}
        show(f"{title}, one image, one thread", interleaved({
            "plain forward pass": (lambda: plain(model, x), 1),
            "kept to be looked at": (lambda: inspect(model, x), 1),
            "every layer recorded": (lambda: probe(model.network, x), 1),
            "block stages.4.1 opened": (lambda: open_unit(model, seen, "stages.4.1"), 1),
            "gates of stage 6 set to 1": (lambda: operate(model, seen, off), 1),
            "gradients at all units": (lambda: gradients(model, seen, 0), 1),
        }, rounds=25 if model.preprocess.crop < 300 else 9))


if __name__ == "__main__":
    main()
