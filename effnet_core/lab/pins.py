"""Networks to come back to, as one short text that fits into an address: `f:3,1.2,1.1,1.15;p:b7`.

`f:φ,α,β,γ` is the paper's formula, with a fifth part where the base is not B0; `p:name` is a published network. Whatever else a text
holds is left out, so that a mistyped or hostile address opens what can be opened.
"""

from functools import lru_cache

from ..architecture import Architecture
from ..cost import Cost, cost
from ..errors import UserError
from ..families import BASES, NAMES, PAPER, compound, published, title

MOST = 4
LONGEST = 240  # characters of a text with `MOST` pins
KEPT = 8  # networks in memory, for all visitors


def formula(phi: float, alpha: float, beta: float, gamma: float, base: str = "b0") -> str:
    """The pin of `compound(phi, alpha, beta, gamma, base)`, with six digits a number."""
    numbers = ",".join(f"{value + 0.0:.6g}" for value in (phi, alpha, beta, gamma))
    return f"f:{numbers}" + (f",{base}" if base != "b0" else "")


def named(name: str) -> str:
    """The pin of `published(name)`."""
    return f"p:{name}"


def parse(text: str) -> tuple[str, ...]:
    """The pins in `text` that name a network, each once, at most `MOST`, written as `formula` and `named` write them."""
    found = dict.fromkeys(_canonical(part) for part in text[:LONGEST].split(";"))
    return tuple(pin for pin in found if pin)[:MOST]


def write(pins: tuple[str, ...]) -> str:
    """The inverse of `parse`."""
    return ";".join(pins)


@lru_cache(KEPT)
def network(pin: str) -> Architecture:
    """The network of a pin that `parse`, `formula` or `named` gave. Raises `UserError` for anything else."""
    kind, _, rest = pin.partition(":")
    if kind == "p":
        return published(rest)
    parts = rest.split(",")
    if kind != "f" or len(parts) not in (4, 5):
        raise UserError(f"{pin!r} names no network; f:φ,α,β,γ or p:name would.")
    try:
        numbers = [float(part) for part in parts[:4]]
    except ValueError:
        raise UserError(f"{rest!r} is not four numbers φ, α, β, γ.") from None
    return compound(*numbers, *parts[4:])


@lru_cache(KEPT)
def table(pin: str) -> Cost:
    """What the network of a pin costs."""
    return cost(network(pin))


def label(pin: str) -> str:
    """A short name: `B7`, `φ = 3`, `MobileNetV2, φ = 1, α = 1.4`; what is as the paper found it, and the base B0, are left out."""
    kind, _, rest = pin.partition(":")
    if kind == "p":
        return title(rest).removeprefix("EfficientNet-")
    phi, *others = rest.split(",")
    bases = [title(base).removeprefix("EfficientNet-") for base in others[3:]]
    moved = [f"{letter} = {value}" for letter, value, usual in zip("αβγ", others, PAPER) if float(value) != usual]
    return ", ".join([*bases, f"φ = {phi.replace('-', '−')}", *moved])


def _canonical(text: str) -> str | None:
    kind, _, rest = text.strip().partition(":")
    if kind == "p":
        return named(rest.lower()) if rest.lower() in NAMES else None
    parts = rest.split(",")
    if kind != "f" or len(parts) not in (4, 5) or (parts[4:] and parts[4] not in BASES):
        return None
    try:
        pin = formula(*(float(part) for part in parts[:4]), *parts[4:])
        network(pin)
    except (ValueError, UserError):
        return None
    return pin
