"""A part, or a block that was built by hand, as PyTorch code for exactly its numbers. It runs with torch alone."""

from .design import Design
from .parts import Filter, Gate, Part

ACTIVATIONS = {"ReLU": "nn.ReLU()", "ReLU6": "nn.ReLU6()", "swish": "nn.SiLU()"}
FUNCTIONS = {"ReLU": "F.relu", "ReLU6": "F.relu6", "swish": "F.silu"}
SAME = "left, right, top, bottom: TensorFlow's \"same\""
CLASSES = {"depthwise": "Depthwise", "pointwise": "Pointwise", "convolution": "Convolution"}
GATE = '''class SqueezeExcitation(nn.Module):
    """Multiplies every channel by a gate in 0 … 1, made from the means of all channels."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.excite = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        z = x.mean((2, 3), keepdim=True)  # N C 1 1
        s = torch.sigmoid(self.excite($ACTIVATION(self.squeeze(z))))  # N C 1 1, through N S 1 1
        return x * s  # N C H W
'''
TRY = '''if __name__ == "__main__":
    module = $NAME.eval()
    x = torch.randn($INPUT)
    print(tuple(module(x).shape), "comes out")  # ($OUTPUT)
    print(f"{sum(p.numel() for p in module.parameters()):,} parameters")  # $PARAMS
'''


def layers(part: Filter) -> list[str]:
    """The modules of a convolution with what follows it, a line each."""
    layer = part.convolution
    before, after = layer.zeros
    alike = before == after
    options = [f"stride={layer.stride}"] * (layer.stride > 1) + [f"padding={before}"] * (alike and before > 0)
    options += [f"groups={layer.groups}"] * part.depthwise + ["bias=False"] * (not part.bias)
    lines = [] if alike else [f"nn.ZeroPad2d(({before}, {after}, {before}, {after})),  # {SAME}"]
    lines.append(f"nn.Conv2d({', '.join([str(layer.inputs), str(layer.outputs), str(layer.kernel), *options])}),")
    lines += [f"nn.BatchNorm2d({layer.outputs}, eps=1e-3, momentum=0.01),"] * part.norm
    return lines + ([f"{ACTIVATIONS[part.activation]},"] if part.activation else [])


def _made(part: Part) -> list[str]:
    """How a block's `__init__` makes a part."""
    if isinstance(part, Gate):
        return [f"self.{part.name} = SqueezeExcitation({part.channels}, {part.squeeze})"]
    lines = layers(part)
    if len(lines) == 1:
        return [f"self.{part.name} = {lines[0].removesuffix(',')}"]
    return [f"self.{part.name} = nn.Sequential(", *(f"    {line}" for line in lines), ")"]


def _shape(part: Part) -> str:
    return "N {} {} {}".format(*part.output)


def _forward(made: Design) -> list[str]:
    """Line by line, with the shapes."""
    way = [f"y = self.{part.name}({'y' if place else 'x'})  # {_shape(part)}" for place, part in enumerate(made.layers)]
    left = "x + y" if made.joined else "y"
    return [*way, f"return {FUNCTIONS[made.after]}({left})" if made.after else f"return {left}"]


def _file(title: str, body: list[str], name: str, made: Part | Design) -> str:
    """Imports, what defines the module, and a trial of it."""
    body = "\n\n\n".join(text.strip("\n") for text in body)
    functions = "from torch.nn import functional as F\n" if "F." in body else ""
    trial = TRY.replace("$NAME", name).replace("$INPUT", "1, {}, {}, {}".format(*made.input)).replace("$PARAMS", f"{made.params:,}")
    trial = trial.replace("$OUTPUT", "1, {}, {}, {}".format(*made.output))
    return f'"""{title}"""\n\nimport torch\nfrom torch import Tensor, nn\n{functions}\n\n{body}\n\n\n{trial}'


def _gate(part: Gate) -> str:
    return GATE.replace("$ACTIVATION", FUNCTIONS[part.activation])


def summary(made: Part | Design) -> str:
    """`24 × 56 × 56 → 24 × 56 × 56: 10,710 parameters, 25,742,016 MACs`."""
    return f"{made.input} → {made.output}: {made.params:,} parameters, {made.macs:,} MACs"


def _indented(lines: list[str], by: int = 8) -> str:
    return "\n".join(" " * by + line for line in lines)


def block(made: Design) -> str:
    """A module `Block`, and what it needs."""
    came = "N {} {} {}".format(*made.input)
    init = _indented([line for part in made.layers for line in _made(part)])
    own = f'''class Block(nn.Module):
    """{came} → {_shape(made.layers[-1])}."""

    def __init__(self) -> None:
        super().__init__()
{init}

    def forward(self, x: Tensor) -> Tensor:
{_indented(_forward(made))}'''
    gates = [_gate(part) for part in made.layers if isinstance(part, Gate)]
    return _file(f"A block, {summary(made)}.", [*gates, own], "Block()", made)


def module(part: Part) -> str:
    """One module alone: a class of its kind, or `SqueezeExcitation`."""
    if isinstance(part, Gate):
        made = f"SqueezeExcitation({part.channels}, {part.squeeze})"
        return _file(f"Squeeze-and-excitation, {summary(part)}.", [_gate(part)], made, part)
    name = CLASSES[part.name]
    own = f'''class {name}(nn.Sequential):
    """N {part.input.channels} {part.input.height} {part.input.width} → {_shape(part)}."""

    def __init__(self) -> None:
        super().__init__(
{_indented(layers(part), 12)}
        )'''
    text = _file(f"{name}, {summary(part)}.", [own], f"{name}()", part)
    return text.replace("from torch import Tensor, nn", "from torch import nn")
