"""Class activation maps: how much every cell of the last map adds to a class's logit. Exact, since pooling and a linear layer are all that follow."""

import numpy as np

from ..checkpoints import Pretrained
from .inspection import Inspection


def class_map(model: Pretrained, seen: Inspection, label: int) -> np.ndarray:
    """CAM of class `label`, H W: Σ_c w_c · map_c (Zhou et al., arXiv 1512.04150, eq. 2); its mean and the bias are the logit."""
    weights = model.network.classifier.weight[label].detach().numpy()
    return np.tensordot(weights, seen.outputs[model.network.architecture.last_unit], 1)
