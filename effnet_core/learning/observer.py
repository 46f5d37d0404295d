"""Looks at a network in training: what it makes of one photo, the same every time."""

import io

import torch
from PIL import Image
from torch import Tensor

from ..data.datasets import Data
from ..network import Network
from .evaluation import normalise
from .snapshots import Album, Snapshot


class Observer:
    """Keeps snapshots of a network that learns `data` in an `album`; the photo is the first of those held out."""

    def __init__(self, album: Album, data: Data) -> None:
        held_out = data.held_out
        pixels, labels = held_out.batch(0, 1)  # 1 3 H W
        self.album, self._input = album, normalise(pixels, held_out)
        album.start(_png(pixels[0]), int(labels[0]), held_out.labels)

    def look(self, network: Network, step: int, epoch: float | None, accuracy: float | None) -> int:
        """One forward pass; returns how many snapshots there are then."""
        gates, logits = seen(network, self._input)
        filters, probabilities = network.stem.conv.weight.detach(), logits.softmax(1)[0]
        arrays = {layer: gate.numpy() for layer, gate in gates.items()}, filters.cpu().numpy(), probabilities.cpu().numpy()
        return self.album.keep(Snapshot(step, *arrays, epoch, accuracy))


@torch.inference_mode()
def seen(network: Network, x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """The gates of every SE unit for the first image of `x` (N 3 H W), C each, and the logits; no activation is kept."""
    gates: dict[str, Tensor] = {}
    layers = [layer.id for layer in network.architecture.layers if layer.operator == "se"]

    def keep(layer: str):
        def hook(_, __, output: Tensor) -> None:
            gates[layer] = output[0].flatten().float().cpu()

        return hook

    handles = [network.get_submodule(layer).gate.register_forward_hook(keep(layer)) for layer in layers]
    was_training = network.training
    try:
        network.eval()
        logits = network(x.to(network.classifier.weight.device))
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
    return gates, logits


def _png(pixels: Tensor) -> bytes:
    """Of an image, 3 H W in 0 … 1."""
    file = io.BytesIO()
    Image.fromarray(pixels.mul(255).round().byte().permute(1, 2, 0).numpy()).save(file, "PNG")
    return file.getvalue()
