"""The parts of the code that `code.source` writes: text with the few places that differ between networks as `$NAME`."""

PADDING = '''
def pad(x: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """Pads so that the output has ⌈side / stride⌉ cells; where the total is odd, the extra cell goes after, as in TensorFlow."""
    cells = []
    for side in (x.shape[-1], x.shape[-2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        cells += [total // 2, total - total // 2]
    return F.pad(x, cells, value=value)
'''

CONVOLUTION_SAME = '''
class ConvNormAct(nn.Module):
    """Convolution → batch norm → activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1,
                 activation: type[nn.Module] = $ACTIVATION) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2 if stride == 1 else 0, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=$EPS, momentum=$MOMENTUM)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        if self.stride > 1:  # otherwise the convolution pads alike on both sides
            x = pad(x, self.kernel, self.stride)
        return self.activation(self.norm(self.conv(x)))
'''

CONVOLUTION_SYMMETRIC = '''
class ConvNormAct(nn.Module):
    """Convolution → batch norm → activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1,
                 activation: type[nn.Module] = $ACTIVATION) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=$EPS, momentum=$MOMENTUM)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(self.conv(x)))
'''

MAXPOOL_SAME = '''
class MaxPool(nn.Module):
    """The greatest of 3×3 values at every second cell."""

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(pad(x, 3, 2, -torch.inf), 3, 2)
'''

SQUEEZE_EXCITATION = '''
class SqueezeExcitation(nn.Module):
    """Scales every channel by a gate in 0 … 1, computed from the means of all channels through `squeezed` numbers."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.activation = $ACTIVATION()
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(self.expand(self.activation(self.reduce(self.squeeze(x)))))
'''

STOCHASTIC_DEPTH = '''
class StochasticDepth(nn.Module):
    """In training, drops a residual branch per image with probability `rate` and rescales the kept ones."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0.0:
            return x
        keep = 1.0 - self.rate
        return x * (x.new_empty((x.shape[0], 1, 1, 1)).bernoulli_(keep) / keep)
'''

MBCONV = '''
class MBConv(nn.Module):
    """Inverted residual: $WAY, and the input added where shapes agree."""

    def __init__(self, inputs: int, stage: Stage, stride: int$RATE) -> None:
        super().__init__()
        middle, self.outputs = inputs * stage.expand, stage.channels
        self.expand = nn.Identity() if stage.expand == 1 else ConvNormAct(inputs, middle)
        self.depthwise = ConvNormAct(middle, middle, stage.kernel, stride, groups=middle)
$SE        self.project = ConvNormAct(middle, self.outputs, activation=nn.Identity)
        self.skip = stride == 1 and inputs == self.outputs
$DROP
    def forward(self, x: Tensor) -> Tensor:
        y = self.project($MIDDLE)
        return x + $BRANCH if self.skip else y
'''

SEPARABLE = '''
class Separable(nn.Module):
    """A depthwise convolution, then a pointwise one."""

    def __init__(self, inputs: int, stage: Stage, stride: int$RATE) -> None:
        super().__init__()
        self.outputs = stage.channels
        self.depthwise = ConvNormAct(inputs, inputs, stage.kernel, stride, groups=inputs)
        self.pointwise = ConvNormAct(inputs, self.outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))
'''

BOTTLENECK = '''
class Bottleneck(nn.Module):
    """The residual block: wide → narrow → wide, and the input added, projected where shapes differ."""

    def __init__(self, inputs: int, stage: Stage, stride: int$RATE) -> None:
        super().__init__()
        middle, self.outputs = stage.channels, stage.channels * stage.expand
        same = stride == 1 and inputs == self.outputs
        self.shortcut = nn.Identity() if same else ConvNormAct(inputs, self.outputs, stride=stride, activation=nn.Identity)
        self.reduce = ConvNormAct(inputs, middle)
        self.spatial = ConvNormAct(middle, middle, stage.kernel, stride)
        self.expand = ConvNormAct(middle, self.outputs, activation=nn.Identity)
        self.activation = $ACTIVATION()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.shortcut(x) + self.expand(self.spatial(self.reduce(x))))
'''

INITIALISE = '''
def initialise(module: nn.Module) -> None:
    """Normal with variance 2 / fan-out, where a depthwise kernel's fan is its own area; the classifier uniform in ±1/√classes."""
    if isinstance(module, nn.Conv2d):
        fan = math.prod(module.kernel_size) * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0.0, math.sqrt(2.0 / fan))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        bound = 1.0 / math.sqrt(module.out_features)
        nn.init.uniform_(module.weight, -bound, bound)
        nn.init.zeros_(module.bias)
'''

NETWORK = '''
class Network(nn.Module):
    """Images (N 3 H W) → logits (N $CLASSES)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNormAct(3, STEM, kernel=$STEM_KERNEL, stride=$STEM_STRIDE)
$MAXPOOL        channels, stages = STEM, []
$COUNT        for stage in STAGES:
            blocks = []
            for place in range(stage.repeats):
                blocks.append($BLOCK(channels, stage, stage.stride if place == 0 else 1$DROPPED))
                channels = blocks[-1].outputs
$NEXT            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
$HEAD        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(DROPOUT)
        self.classifier = nn.Linear($TOP, CLASSES)
        self.apply(initialise)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool($FEATURES)
        return self.classifier(self.dropout(x.flatten(1)))
'''

MAIN = '''
if __name__ == "__main__":
    network = Network().eval()
    print(f"{sum(parameter.numel() for parameter in network.parameters()):,} parameters")
    with torch.no_grad():
        print("logits of one grey image:", tuple(network(torch.zeros(1, 3, SIDE, SIDE)).shape))
'''
