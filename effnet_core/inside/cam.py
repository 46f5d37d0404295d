"""Class activation maps: where on the picture the evidence for a class lies.

Of the last map it is exact, since pooling and one linear layer are all that follow. Further inside, Grad-CAM weighs the maps of a unit by
how much the logit would change with them.
"""

from collections.abc import Sequence

import numpy as np

from ..checkpoints import Pretrained
from .gradients import gradients
from .inspection import Inspection


def class_map(model: Pretrained, seen: Inspection, label: int) -> np.ndarray:
    """CAM of class `label`, H W: Σ_c w_c · map_c (Zhou et al., arXiv 1512.04150, eq. 2); its mean and the bias are the logit."""
    return _weighed(model.network.classifier.weight[label].detach().numpy(), seen.outputs[model.network.architecture.last_unit])


def class_maps(model: Pretrained, seen: Inspection, labels: Sequence[int]) -> np.ndarray:
    """The same for several classes at once, len(labels) H W."""
    return _weighed(model.network.classifier.weight[[*labels]].detach().numpy(), seen.outputs[model.network.architecture.last_unit])


def bias(model: Pretrained, label: int) -> float:
    """What the classifier adds for class `label`, whatever the picture shows."""
    return model.network.classifier.bias[label].item()


def grad_cam(maps: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Σ_c α_c · map_c, H W, with α_c the mean of the logit's gradient over map c (Selvaraju et al., arXiv 1610.02391, eq. 1).

    `maps` and `slope` are C H W. It is not cut off at zero as in their eq. 2, so that evidence against the class shows too.
    """
    return _weighed(slope.mean((1, 2)), maps)


def sweep(model: Pretrained, seen: Inspection, label: int, slopes: dict[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    """Grad-CAM of class `label` at every unit before the classifier (unit id → H W), from one backward pass.

    `slopes` are the gradients at the units, where they are known already.
    """
    slopes = gradients(model, seen, label) if slopes is None else slopes
    return {unit: grad_cam(maps, slopes[unit]) for unit, maps in seen.outputs.items()}


def _weighed(weights: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Σ_c weights[…, c] · maps[c]."""
    return np.tensordot(weights, maps, 1)
