"""Why about 2? What α·β²·γ² promises of one step of φ, what was counted, and the stairs that rounding makes of both."""

from functools import lru_cache

import streamlit as st

from effnet_core.architecture import Architecture, Family
from effnet_core.cost import Cost
from effnet_core.errors import UserError
from effnet_core.families import EFFICIENTNET
from effnet_core.figures import formula as drawn
from effnet_core.figures import staircase
from effnet_core.lab import exponents, rounding
from effnet_core.palette import percent
from effnet_core.scaling import Compound, Scaling

from .. import html, shell, state, texts
from ..html import Tile

FINE = 30  # points for one step of φ
KINDS = {"stem": "Stem", "expand": "Expand, 1×1", "depthwise": "Depthwise", "se": "Squeeze-and-excitation", "project": "Project, 1×1",
         "head": "Head, 1×1", "classifier": "Classifier", "pointwise": "Pointwise, 1×1", "reduce": "Reduce, 1×1",
         "spatial": "Convolution, 3×3", "shortcut": "Shortcut, 1×1", "all": "The whole network"}
HEAD = ("Kind of layer", "of the base's MACs", "of this network's", "2 × depth", "2 × width", "2 × side", "the rule d · w² · r²")
RAISED = str.maketrans("0123456789.-", "⁰¹²³⁴⁵⁶⁷⁸⁹·⁻")
PLOT = {"theme": None, "config": {"displayModeBar": False}}


def show(network: Architecture, total: Cost) -> None:
    family, law = network.family, Compound(*(state.get(key) for key in state.RANGES))
    base = rounding.macs(family, Scaling(1.0, 1.0, family.side), network.classes)
    st.markdown(texts.text("constraint", "lead"))
    _step(family, law)
    html.tiles(_tiles(network, total, law, base), key="constraint")
    st.markdown("##### Why width and resolution are squared")
    _kinds(family, total)
    st.markdown("##### The stairs")
    _stairs(network, total, law, base)


def _step(family: Family, law: Compound) -> None:
    try:
        strides = exponents.one_step(family, law.alpha, law.beta, law.gamma)
    except UserError:
        st.info("One step of φ with these α, β, γ leaves the range of networks that can be counted.", icon=":material/info:")
        return
    st.plotly_chart(drawn.step(strides, shell.theme()), key="step", alt="What one step of φ promises and costs, by dimension", **PLOT)
    numbers = {"alpha": f"{law.alpha:g}", "beta": f"{law.beta:g}", "gamma": f"{law.gamma:g}", "product": f"{law.constraint:.3f}"}
    st.caption(texts.text("constraint", "step", verdict=_verdict(law.constraint), **numbers))


def _verdict(product: float) -> str:
    if 1.9 <= product <= 2.1:
        return "close to 2, as the paper asks"
    return f"{'above' if product > 2 else 'below'} the 2 that the paper asks for"


def _times(ratio: float) -> str:
    return f"×{ratio:,.0f}" if ratio >= 1000 else f"×{ratio:.3g}"


def _tiles(network: Architecture, total: Cost, law: Compound, base: int) -> list[Tile]:
    formula = state.get("source") == "Formula"
    found = [Tile("α·β²·γ²", f"{law.constraint:.3f}", f"{law.alpha:g} · {law.beta:g}² · {law.gamma:g}²",
                  explain="What one step of φ promises to multiply the MACs by.")]
    found += [_one_unit(network, law, start) for start in sorted({0.0, law.phi if formula else 0.0})]
    if formula:
        power = f"{law.constraint:.3f} to the power {law.phi:g}".replace("-", "−")
        found.append(Tile("Promised from the base to here", _times(law.promised), power))
    found.append(Tile("Counted from the base to here", _times(total.macs / base), f"{base:,} → {total.macs:,}"))
    found.append(_pixel(network))
    return found


def _one_unit(network: Architecture, law: Compound, start: float) -> Tile:
    counts = [macs for _, _, macs in rounding.over_phi(network.family, law.alpha, law.beta, law.gamma, (start, start + 1))]
    label = f"Counted, φ = {start:g} → {start + 1:g}".replace("-", "−")
    if len(counts) < 2:
        return Tile(label, "–", "out of range")
    return Tile(label, _times(counts[1] / counts[0]), f"{counts[0]:,} → {counts[1]:,}")


def _pixel(network: Architecture) -> Tile:
    side = network.scaling.side
    try:
        grown = rounding.next_step(network.family, network.scaling)
    except UserError:
        return Tile("One pixel more", "–", "the largest side")
    return Tile("One pixel more", staircase.growth(grown), f"{side} → {side + 1} px, MACs")


def _kinds(family: Family, total: Cost) -> None:
    here = exponents.kind_sums(total)
    rows, breaking, all_here = [], 0.0, here["all"]
    for kind in exponents.doublings(family):
        share = here.get(kind.kind, 0) / all_here
        breaking += share if kind.breaks and kind.kind != "all" else 0.0
        powers = (_power(letter, exponent) for letter, exponent in zip("dwr", kind[2:]))
        verdict = f"breaks in {', '.join(kind.breaks)}" if kind.breaks else "follows"
        rows.append((KINDS[kind.kind], percent(kind.share), percent(share), *powers, verdict))
    html.table(HEAD, rows, mark=len(rows) - 1,
               caption="Counted: the base network with one dimension doubled; the factor on the MACs, as a power of the dimension")
    st.markdown(texts.text("constraint", "kinds", breaking=percent(breaking)))


def _power(letter: str, exponent: float) -> str:
    return f"×{2**exponent:.2f} = {letter}{f'{exponent + 0.0:.2f}'.translate(RAISED)}"


@lru_cache(maxsize=64)
def _line(family: Family, alpha: float, beta: float, gamma: float) -> tuple[tuple[float, int, int], ...]:
    low, high = state.RANGES["phi"]
    phis = (low + place / FINE for place in range(int((high - low) * FINE) + 1))
    return tuple(rounding.over_phi(family, alpha, beta, gamma, phis))


def _stairs(network: Architecture, total: Cost, law: Compound, base: int) -> None:
    line = _line(network.family, law.alpha, law.beta, law.gamma)
    here = (law.phi, total.macs) if state.get("source") == "Formula" else None
    st.plotly_chart(staircase.over_phi(line, base, law.constraint, here, shell.theme()), key="over_phi",
                    alt="MACs along φ, counted and promised, and their ratio", **PLOT)
    st.markdown(texts.text("constraint", "stairs_phi"))
    side = network.scaling.side
    sides = rounding.over_side(network.family, network.scaling, max(48, side // 4))
    st.plotly_chart(staircase.over_side(sides, side, shell.theme()), key="over_side", alt="MACs of this network by image side", **PLOT)
    b0 = dict(rounding.over_side(EFFICIENTNET, Scaling(1.0, 1.0, 224), 1))
    jump = f"{100 * (b0[225] / b0[224] - 1):.1f}"
    st.markdown(texts.text("constraint", "stairs_side", jump=jump, before=f"{b0[224]:,}", after=f"{b0[225]:,}"))
