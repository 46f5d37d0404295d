"""Why is B7 not α⁷? The released networks beside the formula: the φ that they mean, what rounding does, and the gap."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.families import EFFICIENTNET
from effnet_core.figures import formula as drawn
from effnet_core.lab import formula
from effnet_core.lab.formula import Comparison, Reading
from effnet_core.lab.rounding import RULES, Part, Rounded, parts

from .. import html, shell, state, texts

PLACES = {"Its nearest φ": "nearest", "The number in its name": "number", "The sliders' φ": "sliders"}
SHORT = {"exact": "", "up": "↑", "down": "↓", "0.9": "↑ 10 % rule", "ceiling": "⌈ ⌉", "fixed": "not scaled"}  # RULES, in a table's cell
FACTORS = ("", "φ", *(head for name in ("depth", "width", "side") for head in (f"{name}, formula", "table", "means φ")))
COSTS = ("", "φ", *(head for name in ("parameters", "MACs") for head in (f"{name}, formula", "table", "gap")))
PARTS = ("Part", "Table 1 row", "channels of B0", "formula", "table", "blocks of B0", "formula", "table", "sides, formula", "table")


def show(network: Architecture, total: Cost) -> None:
    sliders = state.get("source") == "Formula"
    bases = tuple(state.get(key) for key in ("alpha", "beta", "gamma"))
    near = formula.comparisons(*bases)
    st.markdown(texts.text("formula", "lead", **_lead(near)))
    if network.family is not EFFICIENTNET:
        st.caption(texts.text("formula", "other_base", base=network.name))
    place = st.container()
    at, chosen = _choices()
    figure = drawn.implied(near, shell.theme(), state.get("phi") if sliders else None, chosen)
    place.plotly_chart(figure, theme=None, key="implied", config={"displayModeBar": False},
                       alt="The φ that depth, width and resolution of every released network mean, and the φ with the nearest MACs")
    _numbers(formula.comparisons(*bases, at), formula.RELEASED.index(chosen))


def _numbers(rows: tuple[Comparison, ...], mark: int) -> None:
    """The tables below the picture; `mark` is the place of the chosen network."""
    factors, costs, rounding, example = st.tabs(["Factors", "Parameters and MACs", "Rounding, part by part", "B7, stage 4, three ways"])
    with factors:
        html.table(FACTORS, [_factors(row) for row in rows], mark=mark, caption=texts.text("formula", "factors"))
    with costs:
        html.table(COSTS, [_costs(row) for row in rows], mark=mark, caption=texts.text("formula", "costs"))
    with rounding:
        _stages(rows[mark])
    with example:
        _worked()


def _lead(rows: tuple[Comparison, ...]) -> dict[str, str]:
    """How far apart the three φ of B7 are, and of the two networks that agree and disagree most."""
    b7 = next(row for row in rows if row.name == "b7")
    known = {row.name.upper(): [phi for phi in row.implied if phi is not None] for row in rows if row.name != "b0"}
    ranges = {name: (min(values), max(values)) for name, values in known.items() if values}
    numbers = {f"phi_{name}": _number(value) for name, value in zip("dwr", b7.implied)} | {"near": _number(b7.nearest and b7.nearest.phi)}
    for word, choose in (("best", min), ("worst", max)):
        name = choose(ranges, key=lambda name: ranges[name][1] - ranges[name][0], default="")
        numbers |= {word: name or "none", f"{word}_range": " to ".join(_number(phi) for phi in ranges.get(name, ()))}
    return numbers


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def _choices() -> tuple[str | float, str]:
    """At which φ the formula stands beside the table, and the network that is looked at."""
    place, which = st.columns([4, 6], vertical_alignment="bottom")
    at = place.segmented_control("Formula at", list(PLACES), default="Its nearest φ", required=True, width="stretch", wrap=True,
                                 help=texts.text("formula", "at"), **state.bound("formula_at"))
    names = [name.upper() for name in formula.RELEASED]
    name = which.pills("Released network", names, default="B7", required=True, wrap=True, **state.bound("released"))
    wanted = PLACES.get(at, "nearest")  # an address may leave it empty
    return state.get("phi") if wanted == "sliders" else wanted, (name or "B7").lower()


def _factors(row: Comparison) -> tuple[str, ...]:
    ours = (None, None, None) if row.formula is None else (row.formula.scaling.depth, row.formula.scaling.width, row.formula.scaling.side)
    s, means = row.released.scaling, [_number(value) for value in row.implied]
    return (row.name.upper(), _number(row.phi), _number(ours[0]), f"{s.depth:g}", means[0], _number(ours[1]), f"{s.width:g}", means[1],
            _number(ours[2], 0), f"{s.side}", means[2])


def _gap(ours: int, theirs: int) -> str:
    return "equal" if ours == theirs else f"{100 * (ours / theirs - 1):+.1f} %".replace("-", "−")


def _costs(row: Comparison) -> tuple[str, ...]:
    cells = [row.name.upper(), _number(row.phi)]
    for figure in ("params", "macs"):
        theirs, ours = getattr(row.theirs, figure), row.ours and getattr(row.ours, figure)
        cells += [f"{ours:,}" if ours else "–", f"{theirs:,}", _gap(ours, theirs) if ours else "–"]
    return tuple(cells)


def _rounded(value: Rounded | None) -> str:
    if value is None:
        return ""
    if value.rule == "exact":
        return f"{value.value}"
    return f"{value.exact:.2f} → {value.value} {SHORT[value.rule]}"


def _stages(row: Comparison) -> None:
    """Every row of the paper's Table 1 under the formula's factors and the released ones."""
    theirs = parts(EFFICIENTNET, row.released.scaling)
    ours: list[Part | None] = parts(EFFICIENTNET, row.formula.scaling) if row.formula else [None] * len(theirs)
    lines = []
    for place, (a, b) in enumerate(zip(ours, theirs)):
        lines.append((b.id, f"{place + 1}", f"{b.channels.base}", _rounded(a and a.channels), _rounded(b.channels),
                      f"{b.repeats.base}" if b.repeats else "", _rounded(a and a.repeats), _rounded(b.repeats),
                      _sides(row.formula, b.id), _sides(row.released, b.id)))
    at = f"the formula at φ = {_number(row.phi)}" if row.formula else "no formula here"
    html.table(PARTS, lines, caption=f"{row.name.upper()}, part by part: {at} and the released table; exact value → what is built. "
                       f"{'; '.join(f'{SHORT[rule]}: {words}' for rule, words in RULES.items() if rule in _used(ours, theirs))}.")


def _used(*tables: list[Part | None]) -> set[str]:
    numbers = [number for table in tables for part in table if part for number in (part.channels, part.repeats) if number]
    return {number.rule for number in numbers} - {"exact"}


def _sides(network: Architecture | None, part: str) -> str:
    if network is None:
        return "–"
    if part in ("stem", "head"):
        layer = getattr(network, part)
        return f"{layer.input.height} → {layer.output.height}"
    blocks = network.stages[int(part.rpartition(".")[2])].blocks
    return f"{blocks[0].input.height} → {blocks[-1].output.height}"


def _worked() -> None:
    ways = formula.readings()
    rows = [
        ("Rounded", *("no" if way.channels[1] is None else "yes" for way in ways)),
        ("Image side, px", *(_exact(way.side) for way in ways)),
        ("Side that enters", *(_exact(way.enters) for way in ways)),
        ("Side that leaves it", *(_exact(way.leaves) for way in ways)),
        ("Channels", *(_pair(way.channels) for way in ways)),
        ("Blocks", *(_pair(way.repeats) for way in ways)),
    ]
    html.table(("", *(way.title for way in ways)), rows, caption="Row 4 of the paper's Table 1")
    st.markdown(texts.text("formula", "worked", **_words(*ways)))


def _words(rough: Reading, built: Reading, table: Reading) -> dict[str, str]:
    """The numbers of the text below the example."""
    base = formula.released()["b0"][0].stages[2]
    first = {"row_side": base.blocks[0].input.height, "row_channels": base.row.channels, "row_repeats": base.row.repeats,
             "rough_gamma": rough.gamma, "gamma": built.gamma, "r_exact": table.repeats[0],
             "depth": formula.released()["b7"][0].scaling.depth}
    exact = {"enters": rough.enters, "channels": rough.channels[0], "repeats": rough.repeats[0]}
    whole = {f"{letter}_{name}": value for letter, way in (("b", built), ("r", table)) for name, value in (
        ("enters", way.enters), ("leaves", way.leaves), ("channels", way.channels[1]), ("repeats", way.repeats[1]))}
    return {name: f"{value:g}" for name, value in (first | whole).items()} | {name: f"{value:.2f}" for name, value in exact.items()}


def _exact(value: float) -> str:
    return f"{value}" if isinstance(value, int) else f"{value:.2f}"


def _pair(value: tuple[float, int | None]) -> str:
    exact, built = value
    return f"{exact:.2f}" if built is None else f"{built}" if abs(exact - built) < 1e-9 else f"{exact:.2f} → {built}"
