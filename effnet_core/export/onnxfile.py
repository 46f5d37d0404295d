"""A network as an ONNX file: one node after another from the `Architecture`, with the network's weights.

The graph is written, not traced: nodes are called after the layers, weights are called as in the checkpoint, padding is a number, and
nothing of this machine gets into the file. Batches of any size, images of the network's own side; opset 17.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import files, machine
from ..architecture import Architecture, Block, Layer, Shape
from ..blocks import same_padding
from ..cost import cost
from ..errors import UserError
from ..families import to_spec
from ..network import Network
from ..palette import bytes_text

if TYPE_CHECKING:
    import onnx

OPSET, IR = 17, 8  # of 2022: what most runtimes read
LIMIT = 2**31 - 2**20  # bytes of one protobuf message, less what the graph itself takes
COPIES = 3  # of the weights in memory while they are written: the network's, the graph's and the file's
PRODUCER = "EfficientNet, opened"


class Written(NamedTuple):
    """What was written."""

    bytes: int
    nodes: int
    weights: int  # numbers, batch norm's statistics included


def weight_bytes(architecture: Architecture) -> int:
    """Of the tensors in the file: the parameters and batch norm's statistics, 32 bits each."""
    norms = sum(layer.output.channels for layer in architecture.layers if layer.operator in ("conv", "depthwise", "pointwise"))
    return 4 * (cost(architecture).params + 2 * norms)


def check_size(architecture: Architecture) -> None:
    """Raises `UserError` where the network cannot become an ONNX file at all, or not in this machine's memory."""
    needed, free = weight_bytes(architecture), machine.memory_available()
    if needed > LIMIT:
        raise UserError(f"{architecture.name} has weights of {bytes_text(needed)}, and one ONNX file holds 2 GB at most; a smaller network "
                        "would fit. Its table and its code can be taken at any size.")
    if COPIES * needed > free:
        raise UserError(f"Writing {architecture.name} as ONNX takes about {bytes_text(COPIES * needed)} of memory, and {bytes_text(free)} "
                        "are free; a smaller network would fit. Its table and its code can be taken at any size.")


def check_package() -> None:
    """Raises `UserError` where the package that writes ONNX files is missing."""
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise UserError("ONNX files need the package onnx, which is not installed; pip install -r requirements.txt brings it.") from None


class _Graph:
    """Nodes and weights in the order of the data's way."""

    def __init__(self, network: Network) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy = helper, numpy_helper
        self.nodes, self.weights, self.shapes = [], [], []
        self.padding, self.state = network.padding, network.state_dict()
        self.eps = network.stem.norm.eps

    def add(self, operator: str, name: str, inputs: list[str], **attributes) -> str:
        """A node whose output has its name."""
        self.nodes.append(self._helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def weight(self, name: str) -> str:
        self.weights.append(self._numpy.from_array(self.state[name].detach().numpy(), name))
        return name

    def constant(self, name: str, value: float) -> str:
        if all(weight.name != name for weight in self.weights):
            self.weights.append(self._helper.make_tensor(name, 1, (), [value]))
        return name

    def see(self, name: str, shape: Shape) -> None:
        self.shapes.append(self._helper.make_tensor_value_info(name, 1, ["batch", *shape]))

    def activate(self, kind: str | None, x: str, name: str) -> str:
        if kind is None:
            return x
        if kind == "swish":
            return self.add("Mul", name, [x, self.add("Sigmoid", name + "/sigmoid", [x])])
        if kind == "relu6":
            return self.add("Clip", name, [x, self.constant("zero", 0.0), self.constant("six", 6.0)])
        return self.add("Relu", name, [x])

    def pads(self, layer: Layer) -> list[int]:
        """Cells above, left, below and right, as the network's own padding has them at this side."""
        if self.padding == "symmetric":
            return [(layer.kernel - 1) // 2] * 4
        (top, bottom), (left, right) = (same_padding(side, layer.kernel, layer.stride) for side in (layer.input.height, layer.input.width))
        return [top, left, bottom, right]

    def convolution(self, layer: Layer, x: str) -> str:
        name = layer.id
        size = {"kernel_shape": [layer.kernel] * 2, "strides": [layer.stride] * 2, "pads": self.pads(layer)}
        if layer.operator == "maxpool":
            x = self.add("MaxPool", name, [x], **size)
        else:
            x = self.add("Conv", f"{name}/conv", [x, self.weight(f"{name}.conv.weight")], group=layer.groups, **size)
            weights = [self.weight(f"{name}.norm.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
            x = self.activate(layer.activation, self.add("BatchNormalization", f"{name}/norm", [x, *weights], epsilon=self.eps), name)
        self.see(x, layer.output)
        return x

    def gate(self, layer: Layer, x: str) -> str:
        name = layer.id
        z = self.add("GlobalAveragePool", f"{name}/squeeze", [x])
        z = self.add("Conv", f"{name}/reduce", [z, self.weight(f"{name}.reduce.weight"), self.weight(f"{name}.reduce.bias")])
        z = self.activate(layer.activation, z, f"{name}/activation")
        z = self.add("Conv", f"{name}/expand", [z, self.weight(f"{name}.expand.weight"), self.weight(f"{name}.expand.bias")])
        return self.add("Mul", name, [x, self.add("Sigmoid", f"{name}/gate", [z])])

    def block(self, block: Block, x: str) -> str:
        skip, y = x, x
        for layer in block.layers:
            if layer.is_shortcut:
                skip = self.convolution(layer, x)
            else:
                y = self.gate(layer, y) if layer.operator == "se" else self.convolution(layer, y)
        if block.skip:
            y = self.activate(block.after, self.add("Add", f"{block.id}/sum", [skip, y]), f"{block.id}/activation")
            self.see(y, block.output)
        return y

    def network(self, architecture: Architecture) -> None:
        x = "image"
        for layer in architecture.front:
            x = self.convolution(layer, x)
        for block in architecture.blocks:
            x = self.block(block, x)
        if architecture.head is not None:
            x = self.convolution(architecture.head, x)
        x = self.add("Flatten", "pool/flatten", [self.add("GlobalAveragePool", "pool", [x])])
        self.add("Gemm", "logits", [x, self.weight("classifier.weight"), self.weight("classifier.bias")], transB=1)


def model(network: Network, facts: dict[str, str]) -> "onnx.ModelProto":
    """The whole of it: "image" (batch 3 H W, float32, normalised) → "logits" (batch classes). `facts` become its metadata."""
    from onnx import helper

    architecture, graph = network.architecture, _Graph(network)
    graph.network(architecture)
    ends = [helper.make_tensor_value_info("image", 1, ["batch", *architecture.input])], [
        helper.make_tensor_value_info("logits", 1, ["batch", architecture.classes])]
    made = helper.make_graph(graph.nodes, "network", *ends, graph.weights, value_info=graph.shapes)
    whole = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name=PRODUCER)
    helper.set_model_props(whole, facts)
    return whole


def facts_of(network: Network, card: dict | None = None) -> dict[str, str]:
    """What the file says of itself: names, counts and, of a model with a card, its labels, its preprocessing and where it comes from.

    Values are text; what is more than a word is JSON.
    """
    architecture, total = network.architecture, cost(network.architecture)
    known = {"name": architecture.name, "trained": "false", "parameters": str(total.params), "macs": str(total.macs),
             "architecture": json.dumps(to_spec(architecture), ensure_ascii=False), "padding": network.padding,
             "eps": repr(network.stem.norm.eps)}
    if card is None:
        return known | {"note": "Untrained: the weights are random numbers, and what it answers means nothing."}
    rest = {key: value for key, value in card.items() if key not in ("architecture", "labels", "preprocess", "padding", "eps", "machine")}
    return known | {"name": str(card["name"]), "trained": json.dumps(card["trained"] is True),
                    "labels": json.dumps(card["labels"], ensure_ascii=False), "preprocess": json.dumps(card["preprocess"]),
                    "card": json.dumps(rest, ensure_ascii=False)}


def write(path: str | Path, network: Network, card: dict | None = None, on_step: Callable[[str], None] = lambda _: None) -> Written:
    """Writes `network`, in eval mode, to `path`, whole or not at all; `on_step` hears "assembling" and "writing".

    Raises `UserError` where the package is missing, the network is too large, or the file cannot be written.
    """
    check_package()
    check_size(network.architecture)
    on_step("assembling")
    made = model(network, facts_of(network, card))
    nodes, numbers = len(made.graph.node), weight_bytes(network.architecture) // 4
    on_step("writing")
    content = made.SerializeToString()
    files.write(Path(path), content)
    return Written(len(content), nodes, numbers)
