"""Up to four pinned networks beside the live one: a strip each with one selection for all, their figures, stages and files."""

from functools import lru_cache

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.errors import UserError
from effnet_core.figures import block, stages
from effnet_core.lab import comparison, pins
from effnet_core.lab.comparison import Side
from effnet_core.palette import percent

from .. import html, measured, results, shell, spine, state, texts
from ..components import component, picking

LIVE = "This network"
METRICS = {"MACs": "macs", "Parameters": "params", "Activations": "activations"}
EXAMPLES = ("b0", "b7")


def kept() -> tuple[str, ...]:
    """The pins of this session; what the address had that names no network is gone."""
    found = pins.parse(state.get("pins"))
    state.put(pins=pins.write(found))
    return found


def live() -> str:
    """The pin that the live network would be."""
    if state.get("source") == "Published":
        return pins.named(state.NAMES[state.get("name")])
    return pins.formula(*(state.get(key) for key in state.RANGES), base=state.BASES[state.get("base")])


def show(network: Architecture, total: Cost) -> None:
    chosen = kept()
    _pinning(chosen)
    if not chosen:
        st.markdown(texts.text("pinned", "empty"))
        return
    sides = [_side(LIVE, network, total), *(_side(pins.label(pin), pins.network(pin), pins.table(pin)) for pin in chosen)]
    _strips(sides)
    _figures(sides)
    _unit(sides)
    _stages(sides)
    _files(sides)


def _pinning(chosen: tuple[str, ...]) -> None:
    """The button that pins, and a button for each pin that removes it."""
    with st.container(horizontal=True, key="pins_row"):
        st.button("Pin this network", icon=":material/push_pin:", on_click=_pin, args=((live(),),), key="pin_live")
        for pin in chosen:
            _chip(pin, pins.label(pin))
        if chosen:
            st.button("Unpin all", type="tertiary", on_click=state.put, kwargs={"pins": ""}, key="unpin_all")
        else:
            st.button("Start with B0 and B7", type="tertiary", on_click=_pin, args=(tuple(map(pins.named, EXAMPLES)),), key="pin_examples")
    if refused := st.session_state.pop("_pin_refused", ""):
        st.warning(refused, icon=":material/info:")


def _chip(pin: str, name: str) -> None:
    """A pin: its name brings it back to the sliders, the cross removes it."""
    values = _controls(pin)
    with st.container(horizontal=True, gap=None, width="content", key=f"chip_{pin}"):
        st.button(name, help="Set the controls to this network" if values else "No slider reaches this network", disabled=not values,
                  on_click=state.put, kwargs=values, key=f"show_{pin}")
        st.button(f"Unpin {name}", icon=":material/close:", help=f"Unpin {name}", on_click=_unpin, args=(pin,), key=f"unpin_{pin}")


def _controls(pin: str) -> dict[str, str | float]:
    """The values of the controls that show the network of `pin`; none where a slider does not reach so far."""
    kind, _, rest = pin.partition(":")
    if kind == "p":
        return {"source": "Published", "name": next(shown for shown, name in state.NAMES.items() if name == rest)}
    numbers, base = [float(part) for part in rest.split(",")[:4]], (rest.split(",")[4:] or ["b0"])[0]
    shown = next((word for word, name in state.BASES.items() if name == base), None)
    reached = all(low <= value <= high for value, (low, high) in zip(numbers, state.RANGES.values()))
    return {"source": "Formula", "base": shown, **dict(zip(state.RANGES, numbers))} if shown and reached else {}


def _pin(new: tuple[str, ...]) -> None:
    """Adds pins; where that cannot be, leaves a sentence for the next run."""
    try:
        for pin in new:
            _add(pin)
    except UserError as refused:
        st.session_state["_pin_refused"] = html.plain(str(refused))


def _add(pin: str) -> None:
    chosen, name = pins.parse(state.get("pins")), pins.label(pin)
    if pin in chosen:
        raise UserError(f"{name} is pinned already; move a slider, and there is another network to pin.")
    if len(chosen) == pins.MOST:
        raise UserError(f"{pins.MOST} networks are pinned, which is as many as fit side by side; unpin one, then pin {name}.")
    state.put(pins=pins.write((*chosen, pin)))


def _unpin(pin: str) -> None:
    state.put(pins=pins.write(tuple(other for other in pins.parse(state.get("pins")) if other != pin)))


def _side(name: str, network: Architecture, total: Cost) -> Side:
    row = results.latest(network)
    how = measured.how(row) if row else ""
    return Side(name, network, total, state.selected(network), row["median_ms"] if row else None, how)


@lru_cache(maxsize=64)
def _marks(pin: str, theme: str) -> list[dict]:
    return spine.marks(pins.network(pin), theme)


def _strips(sides: list[Side]) -> None:
    theme, chosen, asked = shell.theme(), kept(), _asked(sides)
    drawn = [spine.marks(sides[0].network, theme), *(_marks(pin, theme) for pin in chosen)]
    strips = [{"name": side.name, "note": _note(side), "chosen": _chosen(side, asked), "marks": marks,
               "selected": spine.shown(side.unit, marks)} for side, marks in zip(sides, drawn)]
    known = {mark["id"] for marks in drawn for mark in marks}
    component("strips")(key="strips", data={"strips": strips}, on_picked_change=picking("strips", known), height="content")
    st.caption(texts.text("pinned", "strips"))


def _note(side: Side) -> str:
    name = f"{side.network.name}, " if side.name == LIVE else ""
    return f"{name}{len(side.network.blocks):,} blocks, input {side.network.input}"


def _asked(sides: list[Side]) -> str:
    """The unit that the visitor chose, where one of the networks has it; otherwise the live network's nearest."""
    wanted = ".".join(state.get("layer").split(".")[:3])
    return wanted if any(side.unit == wanted for side in sides) else sides[0].unit


def _chosen(side: Side, asked: str) -> str:
    return f"selected: {side.unit}" + ("" if side.unit == asked else ", the nearest that it has")


def _figures(sides: list[Side]) -> None:
    """The table; a ratio stands under every figure, and the lowest of what costs something is called so in words."""
    against = st.segmented_control("Ratios to", [LIVE, "The first pin"], default=LIVE, required=True, **state.bound("against"))
    reference = 0 if against == LIVE else 1
    lines = comparison.figures(sides)
    rows = [(line.label, [_cell(line, place, reference, sides) for place in range(len(sides))]) for line in lines]
    html.grid(("", *(side.name for side in sides)), rows, mark=reference)
    if how := {side.how for side in sides if side.how}:
        st.caption(texts.text("pinned", "measured", how="; ".join(sorted(map(html.plain, how)))))
    else:
        st.caption(texts.text("pinned", "unmeasured"))


def _cell(line: comparison.Figure, place: int, reference: int, sides: list[Side]) -> tuple[str, ...]:
    """Three significant digits, the exact figure, the ratio, and whether it is the lowest."""
    ratio = "" if place == reference else comparison.ratio_text(comparison.ratios(line, reference, sides)[place])
    return line.texts[place], line.exacts[place], ratio, "lowest" if line.least == place else ""


def _unit(sides: list[Side]) -> None:
    """The selected unit of every network, or the nearest that it has."""
    st.markdown(f"**The selected unit, {_asked(sides)}, in every network**")
    rows = []
    for side in sides:
        layers, sums = dict(side.network.units())[side.unit], side.total.units[side.unit]
        rows.append((side.name, side.unit, block.name_of(side.network, side.unit), f"{layers[0].input} → {layers[-1].output}",
                     f"{sums.params:,}", f"{sums.macs:,}", percent(sums.macs / side.total.macs), f"{sums.activations:,}",
                     f"{sums.receptive_field:,} px"))
    html.table(("", "Unit", "What it is", "Shape in → out, C × H × W", "Parameters", "MACs", "of its MACs", "Activations",
                "Receptive field"), rows)


def _stages(sides: list[Side]) -> None:
    metric, scale = st.columns(2)
    word = metric.segmented_control("Stage by stage", list(METRICS), default="MACs", required=True, **state.bound("versus"))
    chosen = METRICS[word]
    shared = scale.segmented_control("As", ["Counts", "Shares"], default="Counts", required=True, **state.bound("versus_as"),
                                     help="Shares of each network's own total: small and large networks can be seen together.") == "Shares"
    st.plotly_chart(stages.by_stage(sides, chosen, shared, shell.theme()), theme=None, key="by_stage", config={"displayModeBar": False},
                    alt=f"{chosen} of every stage, {'as shares' if shared else 'counted'}, for {', '.join(side.name for side in sides)}")


def _files(sides: list[Side]) -> None:
    with st.container(horizontal=True):
        st.download_button("CSV", lambda: comparison.as_csv(sides), "comparison.csv", "text/csv", on_click="ignore",
                           icon=":material/download:", key="pins_csv")
        st.download_button("JSON", lambda: comparison.as_json(sides), "comparison.json", "application/json", on_click="ignore",
                           icon=":material/download:", key="pins_json")
