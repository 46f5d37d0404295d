"""Class lines: what the gates of the selected block do in every class of a data set, and whether the paper's observations hold here."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from effnet_core.figures import classes as draw
from effnet_core.inside import survey_files
from effnet_core.inside.inspection import CLOSED, OPEN
from effnet_core.inside.survey_gates import Statistics
from effnet_core.inside.survey_observations import FACTOR, LAST, MOST, RISING, Observation, classes_part, images_part, saturation
from effnet_core.palette import percent, signed

from .. import html, shell, state, texts
from ..components import picked_block
from ..html import plain
from ..seen import Look, titled
from . import surveying
from .files import button, named, paper

ORDERS = {"By mean gate": "gate", "By number": "channel"}
AMOUNTS = {"50, as in the paper": True, "All": False}
ROOM = "inside_classes"


def show(at: Look) -> None:
    """The selected block class by class, then all blocks over depth."""
    if not at.seen.gates:
        st.info(texts.text("inside", "se_gone"), icon=":material/info:")
        return
    st.markdown(texts.text(ROOM, "lead"))
    found = surveying.choose(at)
    if found.survey is None:
        st.markdown(texts.text(ROOM, "nothing", data=plain(found.source.title)))
        return
    gates = found.survey.gates
    _mind_the_data(at, found)
    _block(at, gates)
    _depth(at, gates)
    _observations(at, gates)


def _mind_the_data(at: Look, found: surveying.Found) -> None:
    """Where the classes are not those that the model tells apart."""
    own = set(at.model.labels)
    if not own.issuperset(found.survey.gates.labels):
        st.caption(texts.text(ROOM, "other_data", data=plain(survey_files.title(found.head.data))))


def _unit(at: Look) -> tuple[str, bool]:
    """The block whose gates are shown, and whether it is the selected one: the stem and the like have none."""
    chosen = state.selected(at.network)
    if chosen in at.seen.gates:
        return chosen, True
    return (next(iter(at.seen.gates)) if chosen in ("stem", "maxpool") else [*at.seen.gates][-1]), False


def _block(at: Look, gates: Statistics) -> None:
    unit, is_chosen = _unit(at)
    st.markdown(titled(at, f"#### Class lines of {unit}"))
    if not is_chosen:
        st.caption(texts.text(ROOM, "no_gates", unit=unit))
    picked, order, sampled, own = _controls(at, gates)
    theme, mine = shell.theme(), at.untouched.gates[unit] if own else None
    st.plotly_chart(paper(draw.lines(gates, unit, picked, theme, order, sampled, mine, at.stamp)), theme=None, key="class_lines",
                    config=button(named(at, unit, "class-lines")),
                    alt=f"Mean gate of every channel of {unit}, one line per class")
    _reading(gates, unit)
    _one_class(at, gates, unit, order, sampled)
    _six(at, gates, picked, order)


def _controls(at: Look, gates: Statistics) -> tuple[list[int], str, bool, bool]:
    """Which classes have colours, the order and number of the channels, and whether this picture's own gates are shown."""
    names = {gates.labels[label]: label for label in gates.seen.tolist()}
    place = st.container()
    order, amount, own = st.columns([3, 4, 3], gap="medium", vertical_alignment="bottom")
    if "class_names" not in st.session_state or not names.keys() >= set(st.session_state["class_names"]):
        st.session_state["class_names"] = _default(at, [*names])
    kept = {"bind": "query-params", "persist_state": "session", "required": True, "width": "stretch"}
    chosen = place.multiselect("Classes in colour", [*names], max_selections=draw.MOST, key="class_names", persist_state="session")
    ordered = ORDERS[order.segmented_control("Order of channels", list(ORDERS), default="By mean gate", key="class_order", **kept)]
    sampled = AMOUNTS[amount.segmented_control("Channels", list(AMOUNTS), default="50, as in the paper", key="class_channels", **kept)]
    shown = own.toggle("This picture", True, key="class_own", persist_state="session", help=texts.text(ROOM, "own"))
    return [names[name] for name in chosen], ordered, sampled, shown


def _default(at: Look, names: list[str]) -> list[str]:
    """The model's best guess where it is among them, then the first ones."""
    best = at.seen.top(1)[0].label
    return sorted(names, key=lambda name: name != best)[: draw.MOST]


def _reading(gates: Statistics, unit: str) -> None:
    means = gates.mean(unit)[gates.seen].astype(np.float64)
    channel = int(means.std(0).argmax())
    low, high = (gates.labels[gates.seen[int(pick(means[:, channel]))]] for pick in (np.argmin, np.argmax))
    st.caption(texts.text(ROOM, "reading", between=f"{gates.between(unit):.4f}", within=f"{gates.within(unit):.4f}", channel=str(channel),
                          low=plain(low), low_gate=f"{means[:, channel].min():.3f}", high=plain(high),
                          high_gate=f"{means[:, channel].max():.3f}"))


def _one_class(at: Look, gates: Statistics, unit: str, order: str, sampled: bool) -> None:
    """Within one class: mean ± standard deviation, as in the paper's second figure."""
    words, which = st.columns([7, 3], gap="medium", vertical_alignment="bottom")
    names = {gates.labels[label]: label for label in gates.seen.tolist()}
    if st.session_state.get("class_within") not in names:
        st.session_state["class_within"] = _default(at, [*names])[0]
    label = names[which.selectbox("Within the class", [*names], key="class_within", persist_state="session")]
    words.markdown(texts.text(ROOM, "within", images=f"{gates.counts[label]:,}"))
    st.plotly_chart(paper(draw.within(gates, unit, label, shell.theme(), order, sampled, at.stamp)), theme=None, key="class_spread",
                    config=button(named(at, unit, "class-spread")),
                    alt=f"Mean gate of every channel of {unit} in one class, and one standard deviation either way")


def _six(at: Look, gates: Statistics, picked: list[int], order: str) -> None:
    st.markdown(titled(at, "#### Six blocks, as in the paper" if len(gates.blocks) >= draw.PANELS else "#### All blocks"))
    st.plotly_chart(paper(draw.panels(gates, picked, shell.theme(), order, at.stamp)), theme=None, key="class_panels",
                    config=button(named(at, "six-blocks")),
                    alt=f"Mean gates of {len(draw.six(gates))} blocks from the first to the last, one line per class")
    st.caption(texts.text(ROOM, "six", channels=str(draw.SAMPLED)))


def _depth(at: Look, gates: Statistics) -> None:
    st.markdown(titled(at, "#### From the first block to the last"))
    st.markdown(texts.text(ROOM, "depth"))
    st.plotly_chart(paper(draw.depth(gates, shell.theme(), state.selected(at.network), at.stamp)), theme=None, key="class_depth",
                    config=button(named(at, "gates-by-depth")),
                    on_select=partial(picked_block, "class_depth", tuple(gates.blocks)), selection_mode="points",
                    alt="How far the gates differ between classes and within a class, and how many are open or closed, block by block")
    with st.expander("The numbers of every block"):
        blocks = [*gates.blocks]
        html.table(("Block", "Channels", "Mean gate", "Between classes", "Within a class", f"Below {CLOSED}", f"Above {OPEN}"),
                   [draw.summary(gates, block) for block in blocks],
                   mark=blocks.index(unit) if (unit := state.selected(at.network)) in blocks else None)


def _growth(found: Observation) -> dict[str, str]:
    ratio = "infinitely" if found.ratio == float("inf") else f"{found.ratio:.1f}"
    return {"answer": found.answer, "rho": signed(found.correlation, 2), "early": f"{found.early:.4f}",
            "late": f"{found.late:.4f}", "ratio": ratio}


def _last(gates: Statistics) -> dict[str, str]:
    """The last blocks' shares in words, and the block whose gates move least."""
    last, calm = saturation(gates), min(gates.blocks, key=gates.within)
    closed, opened = map(percent, gates.shares(calm))
    return {"answer": last.answer, "rows": _each(last.blocks, last.open), "shut": _each(last.blocks, last.closed), "calm": calm,
            "moved": f"{gates.within(calm):.4f}", "calm_open": opened, "calm_closed": closed}


def _each(blocks: Sequence[str], shares: Sequence[float]) -> str:
    return " and ".join(f"{block}: {percent(share)}" for block, share in zip(blocks, shares))


def _observations(at: Look, gates: Statistics) -> None:
    """The paper's three, each with what was measured here."""
    st.markdown(titled(at, "#### Do the paper's observations hold here?"))
    rule = {"rising": f"{RISING:g}", "factor": f"{FACTOR:g}", "open": f"{OPEN:g}", "closed": f"{CLOSED:g}", "most": f"{100 * MOST:.0f} %",
            "last": "last two" if len(gates.blocks) >= LAST else "last"}
    answers = {"observation_classes": _growth(classes_part(gates)), "observation_images": _growth(images_part(gates)),
               "observation_saturation": _last(gates)}
    for column, (section, found) in zip(st.columns(3, gap="large"), answers.items()):
        column.markdown(texts.text(ROOM, section, **rule, **found))
    st.caption(texts.text(ROOM, "rule", **rule))
