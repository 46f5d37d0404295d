"""One convolution, counted: where its kernel stands, its parameters, multiply-adds and the bytes that it has to move."""

from dataclasses import dataclass

from ..errors import UserError
from ..speed.intensity import moved

PADDINGS = ("same", "valid")


@dataclass(frozen=True)
class Convolution:
    """M × D × D → N × D′ × D′ with kernels of D_r × D_r in `groups` groups; without bias, counted for one image.

    `padding` is "same" (TensorFlow's: ⌈D / stride⌉ cells, an odd zero goes after) or "valid" (none: the kernel stays within the map).
    Raises `UserError` where a number is no count, channels do not divide into groups, or a valid kernel is larger than its map.
    """

    inputs: int  # M
    outputs: int  # N
    kernel: int  # D_r
    side: int  # D, of the map that comes in
    stride: int = 1
    padding: str = "same"
    groups: int = 1  # 1: every channel meets every kernel; M: depthwise

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs", "kernel", "side", "stride", "groups"):
            if not isinstance(value := getattr(self, name), int) or isinstance(value, bool) or value < 1:
                raise UserError(f"The {name} of a convolution must be a whole number from 1 on, not {value!r}.")
        if self.padding not in PADDINGS:
            raise UserError(f"The padding is {self.padding!r}; it must be one of {', '.join(PADDINGS)}.")
        if self.inputs % self.groups or self.outputs % self.groups:
            raise UserError(f"{self.inputs} channels in and {self.outputs} out do not divide into {self.groups} groups; "
                            "both must be multiples of the groups.")
        if self.padding == "valid" and self.kernel > self.side:
            raise UserError(f"Without padding, a kernel of {self.kernel} × {self.kernel} does not fit into a map of "
                            f"{self.side} × {self.side}; a smaller kernel, a larger map or padding would do.")

    @property
    def cells(self) -> int:
        """D′, the side of the map that goes out."""
        return -(-self.side // self.stride) if self.padding == "same" else (self.side - self.kernel) // self.stride + 1

    @property
    def zeros(self) -> tuple[int, int]:
        """Zeros before and after, along one side."""
        if self.padding == "valid":
            return 0, 0
        total = max((self.cells - 1) * self.stride + self.kernel - self.side, 0)
        return total // 2, total - total // 2

    @property
    def params(self) -> int:
        return self.kernel**2 * (self.inputs // self.groups) * self.outputs

    @property
    def macs(self) -> int:
        """Multiply-adds; those with padded zeros count, as in the paper."""
        return self.params * self.cells**2

    @property
    def bytes(self) -> int:
        """Least traffic in 32-bit numbers: input and kernels read once, output written once."""
        return moved(self.inputs * self.side**2 + self.outputs * self.cells**2, self.params)

    @property
    def intensity(self) -> float:
        """Arithmetic intensity: multiply-adds per byte moved."""
        return self.macs / self.bytes
