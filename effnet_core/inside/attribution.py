"""How much every channel within a unit adds to a class's logit, to first order: gradient × activation, summed over its map.

For the last map this is no approximation: what the classifier reads is linear in it, and the sums of all channels and the bias are the logit.
Everywhere else it is a tangent: what a small turn of the whole map up or down would do, scaled to the whole map.
"""

from collections.abc import Mapping

import numpy as np
import torch

from ..checkpoints import Pretrained
from .gradients import layer_gradients
from .inspection import Inspection, Opened, tensors
from .probing import chain, operating


def attributed(maps: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Σ over cells of gradient × activation (C H W each → C, float64)."""
    return np.einsum("chw,chw->c", maps, slope, dtype=np.float64)


def attributions(model: Pretrained, seen: Inspection, opened: Opened, slopes: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Layer id, "input" and "output" of an opened unit → what each channel adds (C), in logits.

    `slopes` are the class's gradients at all units (see `gradients`), with the gates of `seen`.
    """
    inner = layer_gradients(model, seen, opened.unit, slopes[opened.unit])
    found = {layer: attributed(opened.layers[layer], slope) for layer, slope in inner.items()}
    return {"input": attributed(opened.input, _before(model, seen, opened.unit, slopes)), **found,
            "output": attributed(opened.output, slopes[opened.unit])}


def _before(model: Pretrained, seen: Inspection, unit: str, slopes: Mapping[str, np.ndarray]) -> np.ndarray:
    """The class's gradient at the unit's input (C H W): that of the unit before it, or of the image."""
    names = [*seen.outputs]
    if place := names.index(unit):
        return slopes[names[place - 1]]
    x = torch.from_numpy(seen.image.copy())[None].requires_grad_()
    with operating(model.network, tensors(seen.operation)), torch.enable_grad():
        return torch.autograd.grad(chain(model.network)[unit](x), x, torch.from_numpy(slopes[unit])[None])[0][0].numpy()
