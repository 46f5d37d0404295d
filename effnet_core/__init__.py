"""EfficientNet, whole: networks as data, their exact cost, the PyTorch modules, and what happens inside them.

The public names are resolved on first use: counting and drawing a network never imports torch.
"""

from importlib import import_module

from .cost import Cost, cost
from .errors import UserError
from .families import compound, published
from .graph import graph

_LAZY = {
    "Network": "network", "build": "network",
    "Pretrained": "checkpoints", "load": "models",
    "Record": "inside.probing", "probe": "inside.probing",
    "Latency": "latency", "measure": "latency",
}
__all__ = ["Cost", "UserError", "compound", "cost", "graph", "published", *_LAZY]


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
