"""Every α, β and γ of a grid that keep to a budget: the surface, the networks that remain, and the way to the sliders."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.families import PAPER, compound
from effnet_core.figures import search as figures
from effnet_core.palette import si
from effnet_core.search import grid
from effnet_core.search.grid import Distinct, Found, Grid

from .. import html, shell, state, texts
from ..components import component

PLAIN = {"displayModeBar": False}
PICTURES = {"surface": "Surface, to be turned", "promises": "Promise and count"}
RULES = {"formula": "The formula", "counted": "Counted MACs"}
BOUNDS = {"alpha": "α, depth", "beta": "β, width", "gamma": "γ, resolution"}
REACH = (1.0, 2.0)  # of the sliders of the other pages too
FINEST = 0.01  # step that the page offers; a terminal takes smaller ones
MOST = 100  # rows of the table
SAME = 20  # combinations that become one network, in words


def wish() -> Grid:
    """The grid that the controls describe. Raises `UserError` where it is impossible."""
    rule = st.segmented_control("What has to be about the target", list(RULES), default="formula", required=True, format_func=RULES.get,
                                width="stretch", help=texts.text("search", "rule"), **state.bound("rule"))
    usual = Grid()
    bounds = {key: tuple(map(float, st.slider(words, *REACH, getattr(usual, key), 0.05, format="%.2f", key=f"bounds_{key}", persist_state="session")))
              for key, words in BOUNDS.items()}
    left, right = st.columns(2)
    step = left.number_input("Step", FINEST, grid.STEP_RANGE[1], usual.step, 0.005, format="%.3f", **state.bound("step"),
                             help="Between neighbouring values of α, β and γ.")
    tolerance = right.number_input("Tolerance", *grid.TOLERANCE_RANGE, usual.tolerance, 0.05, format="%.2f", **state.bound("tolerance"),
                                   help="How far from the target a combination may be.")
    target = left.number_input("Target", *grid.TARGET_RANGE, usual.target, 0.1, format="%.1f", **state.bound("target"),
                               help="How many times the work of the base, for every unit of φ. The paper asks for 2.")
    phi = right.number_input("φ", *grid.PHI_RANGE, usual.phi, 0.5, format="%.1f", **state.bound("search_phi"),
                             help="The paper searches at φ = 1. A larger φ rounds less away.")
    base = st.selectbox("Base network", list(state.BASES), help="What is scaled, and counted as 1.", **state.bound("search_base"))
    numbers = {"step": step, "target": target, "tolerance": tolerance, "phi": phi}
    return Grid(**bounds, **{key: round(value, 4) for key, value in numbers.items()}, rule=rule, base=state.BASES[base])


def show() -> Grid | None:
    """The whole of it, the strip of the chosen network at the top included; returns the grid, None where that was refused."""
    controls, picture = st.columns([3, 8], gap="large")
    with controls:
        wanted = wish()
    chosen = counted = None
    with picture, shell.refusals():
        with st.spinner("Counting…", show_time=False):
            found = grid.search(wanted)
        _numbers(found)
        if found.networks:
            chosen = _picture(found)
        else:
            st.info(texts.text("search", "none"), icon=":material/info:")
        counted = wanted
    shell.strip(_scaled(wanted, chosen))
    return counted


def _scaled(wanted: Grid, network: Distinct | None) -> Architecture:
    """The chosen network, or the base of the grid where there is none."""
    if network is None:
        return compound(0.0, base=wanted.base)
    return compound(wanted.phi, *network.first.coefficients, base=wanted.base)


def _numbers(found: Found) -> None:
    ratios = [network.ratio for network in found.networks]
    span = f"{ratios[0]:.2f} to {ratios[-1]:.2f}" if ratios else "–"
    paper = found.paper
    html.tiles([
        html.Tile("Tried", f"{found.tried:,}", "combinations of α, β, γ"),
        html.Tile("Keep to the budget", f"{len(found.candidates):,}", f"{_what(found.grid)} = {found.grid.target:g} ± {found.grid.tolerance:g}"),
        html.Tile("Distinct networks", f"{len(ratios):,}", "once rounded"),
        html.Tile("Counted cost", span, "times the base's MACs"),
        html.Tile("The paper's", "–" if paper is None else f"{paper.ratio:.3f}", "not among them" if paper is None else "times the base, counted"),
    ], "search")


def _what(wanted: Grid) -> str:
    """What has to be about the target."""
    if wanted.rule == "formula":
        return "α·β²·γ²"
    return "MACs" if wanted.phi == 1 else "MACs per unit of φ"


def _picture(found: Found) -> Distinct:
    """Returns the network that is chosen in it."""
    names = {figures.name(network.first.coefficients): network for network in figures.drawn(found)}
    chosen = names[_chosen(names, found)]
    kind = st.segmented_control("Picture", list(PICTURES), default="surface", required=True, format_func=PICTURES.get, label_visibility="collapsed",
                                **state.bound("picture"))
    if kind == "surface":
        component("surface")(key="surface", data=figures.surface(found, chosen), on_picked_change=lambda: _picked(names), height="content")
    else:
        st.plotly_chart(figures.promises(found, chosen, shell.theme()), theme=None, key="promises", config=PLAIN,
                        on_select=lambda: _clicked(names), selection_mode="points",
                        alt="What the formula promises for each candidate beside its counted MACs; the table below has them all")
    st.caption(texts.text("search", "surface_counted" if kind == "surface" and found.grid.rule == "counted" else kind))
    return _network(found, names)


def _chosen(names: dict[str, Distinct], found: Found) -> str:
    """What the select box below says, or will say: the visitor's choice while it is there, the paper's, or the first."""
    if st.session_state.get("candidate") not in names:
        usual = found.paper or found.networks[0]
        st.session_state["candidate"] = figures.name(usual.first.coefficients)
    return st.session_state["candidate"]


def _picked(names: dict[str, Distinct]) -> None:
    name = st.session_state["surface"].picked
    if isinstance(name, str) and name in names:  # a browser may send anything
        st.session_state["candidate"] = name


def _clicked(names: dict[str, Distinct]) -> None:
    for point in st.session_state["promises"].selection.points[:1]:
        told = point.get("customdata") if isinstance(point, dict) else None
        if isinstance(told, list) and len(told) == 2 and told[1] in names:  # a browser may send anything
            st.session_state["candidate"] = told[1]


def _network(found: Found, names: dict[str, Distinct]) -> Distinct:
    """One network: its members, what it is, and the way to the sliders."""
    def words(name: str) -> str:
        network = names[name]
        others = len(network.members) - 1
        same = f", the same as {others} other{'s' if others > 1 else ''}" if others else ""
        return f"{name}{' (the paper’s)' if network is found.paper else ''}: {network.ratio:.3f} × the base{same}"

    pick, go = st.columns([5, 3], vertical_alignment="bottom")
    name = pick.selectbox("A network, by its α, β, γ", list(names), format_func=words, key="candidate")
    network = names[name]
    if go.button("Open on the Scaling page", key="open_scaling", icon=":material/open_in_full:", width="stretch", on_click=_load,
                 args=(found.grid, network)):
        shell.go("scaling")
    first = network.first
    same = [figures.name(member.coefficients) for member in network.members[: SAME + 1] if member != first][:SAME]
    others = "; ".join(same) + (f" and {len(network.members) - 1 - len(same):,} more" if len(network.members) - 1 > len(same) else "")
    stem, *stages, top = network.channels
    html.facts({"The same network": others or "no other combination of this grid",
                "Blocks": f"{network.blocks}: {' + '.join(map(str, network.repeats))}",
                "Channels": f"stem {stem}, stages {' '.join(map(str, stages))}, last map {top}", "Image side": f"{network.side} px",
                "MACs": f"{network.macs:,}, {network.ratio:.3f} times the base's", "α·β²·γ²": f"{first.product:.4f}"}.items())
    with st.expander(f"All {len(found.networks):,} distinct networks and their {len(found.candidates):,} combinations"):
        _table(found)
    return network


def _load(wanted: Grid, network: Distinct) -> None:
    title = next(title for title, name in state.BASES.items() if name == wanted.base)
    state.put(source="Formula", base=title, phi=wanted.phi, **dict(zip(("alpha", "beta", "gamma"), network.first.coefficients)))


def _table(found: Found) -> None:
    rows = [("; ".join(figures.name(member.coefficients) for member in network.members[:4]) + (" and others" if len(network.members) > 4 else ""),
             f"{len(network.members)}", f"{network.blocks}", f"{network.side}", si(network.macs), f"{network.ratio:.3f}",
             f"{network.first.product:.3f}")
            for network in found.networks[:MOST]]
    mark = next((place for place, network in enumerate(found.networks[:MOST]) if network is found.paper), None)
    more = f"; the {MOST} cheapest of {len(found.networks):,}" if len(found.networks) > MOST else ""
    html.table(("α, β, γ", "combinations", "blocks", "side, px", "MACs", "× base", "α·β²·γ²"), rows, mark=mark,
               caption=f"In the order of their MACs{more}" + ("" if mark is None else f"; marked is the paper's {figures.name(PAPER)}"))
