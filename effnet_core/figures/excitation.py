"""One channel's squeeze-and-excitation as formulas with its numbers substituted, and all that assets/excitation.js draws of it.

What is printed can be checked with a pocket calculator: as many digits are shown as it takes for the printed parts to give the printed
result.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache

from ..inside.excitation import Activation, Neuron, Work, sigmoid
from ..inside.inspection import Excitation
from ..palette import ACCENT, SIGNED, themed
from .gates import levels
from .maps import LEVELS as SIGNED_LEVELS
from .maps import colours, tops
from .packing import pack

LEAST, MOST = 4, 14  # decimals
DIGITS = 3  # significant ones of a small number

Lines = list[str]  # of a formula: each is one more step of it; "_{…}" is written low


def decimals(value: float) -> int:
    """At least `LEAST`, and more of a small number."""
    return max(LEAST, min(12, DIGITS - 1 - math.floor(math.log10(abs(value))))) if value and math.isfinite(value) else LEAST


def number(value: float, digits: int | None = None) -> str:
    """With so many decimals; else with those that its size asks for."""
    digits = decimals(value) if digits is None else digits
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if not float(text) else text.replace("-", "−")


def _prints(value: float, rounded: float, digits: int) -> bool:
    """Whether `value` is printed as `rounded`, and is no tie that could be rounded either way."""
    return abs(value - rounded) < 0.499 * 10**-digits


def closing(parts: Sequence[float], finish: Callable[[float], float], result: float) -> tuple[int, int, int]:
    """Decimals of the parts, of their sum and of the result, with which the printed numbers hold: the rounded parts add up to the rounded
    sum, and `finish` of that, rounded, is the rounded result. The most decimals where there are none, as for what is not finite."""
    total, least = math.fsum(parts), decimals(result)
    for shown in range(least, min(least + 4, MOST)):
        for middle in range(max(shown, decimals(total)), MOST):
            if not _prints(finish(round(total, middle)), round(result, shown), shown):
                continue
            for digits in range(middle, MOST + 1):
                if _prints(math.fsum(round(part, digits) for part in parts), round(total, middle), middle):
                    return digits, middle, shown
    return MOST, MOST, least


def _signed(values: Sequence[float], digits: int) -> str:
    """`0.3754 − 0.1203 + …`, from the first value on."""
    first, *rest = values
    return number(first, digits) + "".join(f" {'−' if value < 0 else '+'} {number(abs(value), digits)}" for value in rest)


def squeeze_lines(work: Work) -> Lines:
    """z = 1 / (H · W) · Σ x."""
    cells, c = work.height * work.width, work.channel
    digits, _, shown = closing((work.sum,), lambda total: total / cells, work.z)
    return [f"z_{{{c}}} = 1 / ({work.height} · {work.width}) · Σ x_{{{c}}}", f"= {number(work.sum, digits)} / {cells:,}",
            f"= {number(work.z, shown)}"]


def neuron_lines(neuron: Neuron, names: tuple[str, str, str], function: str, finish: Callable[[float], float]) -> Lines:
    """A neuron called names[0] with weights names[1] and inputs names[2]: in symbols, with its factors, with its products, their sum, and
    its value."""
    (out, weight, value), place = names, neuron.place
    digits, middle, shown = closing(neuron.parts, finish, neuron.value)
    many = f" + {neuron.others:,} more" if neuron.others else ""
    symbols = " + ".join(f"{weight}_{{{place},{term.place}}} · {value}_{{{term.place}}}" for term in neuron.terms)
    factors = " + ".join(f"{_bracketed(term.weight)} · {_bracketed(term.value)}" for term in neuron.terms)
    inner = (f"{factors}{many} + {_bracketed(neuron.bias)}", _signed(neuron.parts, digits), number(neuron.total, middle))
    return [f"{out}_{{{place}}} = {function}({symbols}{many} + b_{{{place}}})", *(f"= {function}({line})" for line in inner),
            f"= {number(neuron.value, shown)}"]


def _bracketed(value: float) -> str:
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def formulas(work: Work, activation: Activation) -> dict:
    """The lines of every step: "squeeze", "hidden" (those of each neuron that is worked out), "gate"."""
    return {
        "squeeze": squeeze_lines(work),
        "hidden": [neuron_lines(each, ("h", "w", "z"), activation.name, activation.of) for each in work.hidden],
        "gate": neuron_lines(work.gate, ("s", "v", "h"), "σ", sigmoid),
    }


@cache
def _signed_colours(theme: str) -> tuple[str, ...]:
    """From the least to the greatest value of a map, `#rrggbb`."""
    table = colours(theme)
    return tuple("#" + table[3 * place : 3 * place + 3].hex() for place in range(SIGNED_LEVELS))


def _neuron(neuron: Neuron) -> dict:
    return {"place": neuron.place, "terms": [term.place for term in neuron.terms], "total": neuron.total, "value": neuron.value}


def packed(work: Work, excitation: Excitation, activation: Activation, order: str, theme: str = "light", **words: str) -> bytes:
    """For assets/excitation.js. Behind the head, float32: the map before (H W), z, s and the network's own gates (C each), h (S), the rows
    of W₁ of the neurons that are worked out (C each), the channel's row of W₂ (S)."""
    before = excitation.before[work.channel]
    signed = themed(SIGNED, theme)
    head = {
        "channel": work.channel, "height": work.height, "width": work.width, "channels": len(excitation.z),
        "squeezed": len(excitation.hidden), "order": order, "s": work.s, "set": work.s != work.gate.value and math.isfinite(work.s),
        "hidden": [_neuron(each) for each in work.hidden], "gate": _neuron(work.gate),
        "reach": float(tops(before[None], "map")[0]), "formulas": formulas(work, activation), "down": signed[1], "up": signed[-2],
        "activation": activation.name, "accent": ACCENT[theme], "signed": _signed_colours(theme), "gates": levels(), **words,
    }
    return pack(head, before, excitation.z, excitation.s, excitation.own, excitation.hidden, work.first, work.second)
