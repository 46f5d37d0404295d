"""A part, or a block that was built by hand, as Keras code for exactly its numbers. Maps are height × width × channels there."""

from .code_torch import summary
from .design import Design
from .parts import Filter, Gate, Part

ACTIVATIONS = {"ReLU": 'Activation("relu")', "ReLU6": "ReLU(max_value=6)", "swish": 'Activation("silu")'}
NAMES = {"ReLU": "relu", "ReLU6": "relu6", "swish": "silu"}
IMPORTS = "import keras\nfrom keras import layers"


def _hwc(part: Part) -> str:
    channels, height, width = part.output
    return f"N {height} {width} {channels}"


def _convolution(part: Filter) -> str:
    """The call that makes the convolution; what Keras does by default is left out."""
    layer = part.convolution
    strided = [f"strides={layer.stride}"] * (layer.stride > 1)
    padded = ['padding="same"'] * (layer.padding == "same" and (layer.kernel > 1 or layer.stride > 1))
    options = strided + padded + ["use_bias=False"] * (not part.bias) + [f'name="{part.name}"']
    if part.depthwise:
        return f"layers.DepthwiseConv2D({', '.join([str(layer.kernel), *options])})"
    return f"layers.Conv2D({', '.join([str(layer.outputs), str(layer.kernel), *options])})"


def _filter(part: Filter, came: str) -> list[str]:
    norm = [f'x = layers.BatchNormalization(name="{part.name}_norm")(x)'] * part.norm
    activation = [f"x = layers.{ACTIVATIONS[part.activation]}(x)"] if part.activation else []
    return [f"x = {_convolution(part)}({came})  # {_hwc(part)}", *norm, *activation]


def _gate(part: Gate, came: str) -> list[str]:
    return [
        f"z = layers.GlobalAveragePooling2D(keepdims=True)({came})  # N 1 1 {part.channels}",
        f'z = layers.Conv2D({part.squeeze}, 1, activation="{NAMES[part.activation]}", name="squeeze")(z)  # N 1 1 {part.squeeze}',
        f'z = layers.Conv2D({part.channels}, 1, activation="sigmoid", name="excite")(z)  # N 1 1 {part.channels}, the gates',
        f"x = layers.Multiply()([{came}, z])  # {_hwc(part)}",
    ]


def _lines(part: Part, came: str) -> list[str]:
    return _gate(part, came) if isinstance(part, Gate) else _filter(part, came)


def _file(title: str, made: Part | Design, lines: list[str], buffers: int) -> str:
    channels, height, width = made.input
    begin = [f"inputs = keras.Input(({height}, {width}, {channels}))  # N {height} {width} {channels}"]
    kept = f"; {buffers:,} more that batch norm measures" if buffers else ""
    end = ["model = keras.Model(inputs, x)", f"model.summary()  # {made.params:,} trainable parameters{kept}"]
    return "\n".join([f'"""{title}"""', "", IMPORTS, "", *begin, *lines, *end, ""])


def block(made: Design) -> str:
    """A functional model `model`. Batch norm is Keras' own: ε 0.001, momentum 0.99, as EfficientNet has it."""
    lines = [line for place, part in enumerate(made.layers) for line in _lines(part, "x" if place else "inputs")]
    lines += ["x = layers.Add()([inputs, x])"] * made.joined
    lines += [f"x = layers.{ACTIVATIONS[made.after]}(x)"] if made.after else []
    return _file(f"A block, {summary(made)}.", made, lines, made.buffers)


def module(part: Part) -> str:
    """One module alone, as a functional model `model`."""
    title = "Squeeze-and-excitation" if isinstance(part, Gate) else part.name.capitalize()
    return _file(f"{title}, {summary(part)}.", part, _lines(part, "inputs"), sum(term.value for term in part.buffers))
