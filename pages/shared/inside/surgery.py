"""Gates set by hand: what is done to one block or to all, and the handles of single channels."""

import numpy as np
import streamlit as st

from effnet_core.cost import FLOAT_BYTES
from effnet_core.errors import UserError
from effnet_core.figures import surgery as draw
from effnet_core.inside.ablation import slopes
from effnet_core.inside.handles import taken
from effnet_core.inside.surgery import ALL, Entry, Plan, read
from effnet_core.inside.survey_files import best, title

from .. import choosing, memory, photo, state, texts
from ..components import component
from ..html import plain
from ..seen import Look
from . import channel, effects

KINDS = {"The network's own": "own", "All open (SE off)": "off", "Their mean": "mean", "Another picture's": "photo"}
SORTS = {"Effect": "effect", "Gate": "gate", "Number": "channel"}


def current() -> Plan:
    """What is set; nothing where the address holds no plan."""
    try:
        return read(state.get("surgery"))
    except UserError:
        return Plan()


def _put(plan: Plan) -> None:
    st.session_state.pop("_refused_surgery", None)
    try:
        state.put(surgery=plan.write())
    except UserError as refused:
        st.session_state["_refused_surgery"] = str(refused)


def restore() -> None:
    """Every gate is the network's own again."""
    _put(Plan())


def banner(at: Look) -> None:
    """On every part of the page: whether gates are set by hand, which, and the way back."""
    with st.container(key="operated" if at.surgery else "as_it_is", horizontal=True, vertical_alignment="center"):
        if at.surgery:
            st.markdown(texts.text("inside_surgery", "banner", what=plain(in_words(at.plan))))
            st.button("Restore", icon=":material/undo:", key="restore", on_click=restore)
        elif at.untouched.gates:
            st.caption(texts.text("inside_surgery", "as_it_is"))


def in_words(plan: Plan) -> str:
    """The last things that were set, in a line."""
    words = [_entry_words(entry) for entry in plan.entries]
    return "; ".join(words[-2:]) + (f"; and {len(words) - 2} more" if len(words) > 2 else "")


def _entry_words(entry: Entry) -> str:
    where = "all blocks" if entry.block == ALL else entry.block
    if entry.kind == "set":
        shown = ", ".join(f"{channel} to {gate:g}" for channel, gate in entry.gates[:3])
        more = f" and {len(entry.gates) - 3} more" if len(entry.gates) > 3 else ""
        return f"{where}, channel{'s' * (len(entry.gates) > 1)} {shown}{more}"
    return f"{where}, " + {"off": "all gates 1", "mean": "mean gates", "photo": "another picture's gates", "own": "as it is"}[entry.kind]


def show(at: Look) -> None:
    """The part of the page."""
    if not at.untouched.gates:
        st.info(texts.text("inside_surgery", "no_gates"))
        return
    unit = state.selected(at.network)
    st.markdown(texts.text("inside_surgery", "lead"))
    _whole(at, unit)
    if "_refused_surgery" in st.session_state:
        st.warning(plain(st.session_state["_refused_surgery"]), icon=":material/info:")
    hand, guess = st.columns([7, 4], gap="large")
    with hand:
        _handles(at, unit)
    with guess:
        effects.guesses(at)
    effects.changes(at, unit)
    effects.worth(at, unit)


def _target(unit: str, one: bool) -> str:
    """What is set: `unit`, or all blocks where that was chosen, or it is not `one` that has gates."""
    return unit if one and st.session_state.get("surgery_where") != "All blocks" else ALL


def _set_whole(unit: str, one: bool, shown: str) -> None:
    kind, target = KINDS[st.session_state["surgery_what"]], _target(unit, one)
    _put(current().then(Entry(kind, target, photo.second(shown) if kind == "photo" else "")))


def _whole(at: Look, unit: str) -> None:
    """What is done to all gates of the block, or of all blocks."""
    one = unit in at.untouched.gates
    where, what = st.columns([3, 8], gap="medium")
    if one:
        where.segmented_control("In", ["This block", "All blocks"], default="This block", key="surgery_where", required=True, width="stretch",
                                bind="query-params", persist_state="session")
    else:  # another control, so that the choice is as it was when a block is selected again
        where.segmented_control("In", ["This block", "All blocks"], default="All blocks", key="surgery_everywhere", disabled=True,
                                width="stretch")
    target = _target(unit, one)
    options = [name for name, kind in KINDS.items() if kind != "mean" or at.source.means is not None]
    set_now = at.plan.whole(target)
    st.session_state["surgery_what"] = next(name for name, kind in KINDS.items() if kind == set_now.kind)
    what.segmented_control("Every gate is", options, key="surgery_what", required=True, width="stretch", on_change=_set_whole,
                           args=(unit, one, at.shown), wrap=True, help=texts.text("inside_surgery", "kinds"))
    if set_now.kind == "mean" and (head := best(at.entry)):
        st.caption(texts.text("inside_surgery", "mean_of", images=f"{head.images:,}", data=plain(title(head.data))))
    if set_now.kind == "photo":
        _other(at, set_now, target)


def _other(at: Look, set_now: Entry, target: str) -> None:
    def pick(other: str) -> None:
        state.put(other=other)
        _put(current().then(Entry("photo", target, other)))

    with st.container(key="surgery_other"):
        choosing.choose(set_now.photo, "other", "Whose gates", pick)


def _moved(channels: dict[str, int]) -> None:
    _put(taken(current(), st.session_state["handles"].moved, channels))


def _slopes(at: Look, unit: str) -> np.ndarray:
    """How the logit of the best guess moves with each gate, in the untouched network."""
    bare, label = at.bare, at.untouched.top(1)[0].index
    if not bare.keeps("slopes", unit, label):
        bare.gradients(label)  # before it, so that memory is claimed for one thing at a time
    return bare.kept("slopes", lambda: slopes(at.model, at.untouched, unit, bare.gradients(label)[unit]),
                     FLOAT_BYTES * len(at.untouched.gates[unit]), memory.AUTOGRAD * memory.opened(at.network, unit), unit, label)


def _handles(at: Look, unit: str) -> None:
    """Every channel's gate as a handle."""
    if unit not in at.untouched.gates:
        st.info(texts.text("inside_surgery", "no_handles"))
        return
    sort = SORTS[st.segmented_control("Channels sorted by", list(SORTS), default="Effect", key="surgery_sort", required=True,
                                      bind="query-params", persist_state="session", help=texts.text("inside_surgery", "sorts"))]
    with st.spinner("One pass backwards through the network…"):
        before, slope = at.untouched.gates[unit], _slopes(at, unit) if sort == "effect" else None
    order, picked = draw.sorted_channels(before, slope, sort), channel.taken()
    data = draw.handles(unit, at.seen.gates[unit], before, order, [*at.plan.singles(unit)], at.stamp, slope,
                        picked if picked is not None and picked < len(before) else None)
    known = {unit: len(before)}  # what a callback holds lives as long as the session
    component("handles")(key="handles", data=data, on_moved_change=lambda: _moved(known), height="content")
    st.caption(texts.text("inside_surgery", "handles", channels=f"{len(before):,}", block=unit))
