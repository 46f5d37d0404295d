"""Gates set by hand: what is done to one block or to all, the handles of single channels, and what the network then says and sees."""

from html import escape

import numpy as np
import streamlit as st

from effnet_core.errors import UserError
from effnet_core.figures import maps
from effnet_core.figures import surgery as draw
from effnet_core.inside.ablation import one_at_a_time, slopes
from effnet_core.inside.cam import class_map
from effnet_core.inside.surgery import ALL, Entry, Plan, read
from effnet_core.inside.survey_files import best, title
from effnet_core.palette import percent

from .. import choosing, memory, photo, shell, state, texts
from ..components import component
from ..gallery import Tile, gallery
from ..html import plain
from ..seen import Look
from . import maps as atlas
from .cam import last_grid
from .overlay import Panel, Words, overlay, picture, reach_of

PLAIN = {"displayModeBar": False}
KINDS = {"The network's own": "own", "All open (SE off)": "off", "Their mean": "mean", "Another picture's": "photo"}
SORTS = {"Effect": "effect", "Gate": "gate", "Number": "channel"}
PLACES = {"This block's output": "block", "The last map": "last"}
CHANGED = 8  # maps shown before and after


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
            st.button("Restore", icon=":material/undo:", key="restore", on_click=restore, help="Gives every gate back to the network.")
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
        return f"{where}, channel{'s' * (len(entry.gates) > 1)} {shown}{' …' * (len(entry.gates) > 3)}"
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
        _guesses(at)
    _changes(at, unit)
    _worth(at, unit)


def _target(unit: str) -> str:
    return ALL if st.session_state.get("surgery_where") == "All blocks" else unit


def _set_whole(unit: str, shown: str) -> None:
    kind, target = KINDS[st.session_state["surgery_what"]], _target(unit)
    _put(current().then(Entry(kind, target, photo.second(shown) if kind == "photo" else "")))


def _whole(at: Look, unit: str) -> None:
    """What is done to all gates of the block, or of all blocks."""
    one = unit in at.untouched.gates
    where, what = st.columns([3, 8], gap="medium")
    if not one:
        st.session_state["surgery_where"] = "All blocks"
    where.segmented_control("In", ["This block", "All blocks"], default="This block", key="surgery_where", required=True, disabled=not one,
                            width="stretch", **({"bind": "query-params", "persist_state": "session"}))
    target = _target(unit)
    options = [name for name, kind in KINDS.items() if kind != "mean" or at.source.means is not None]
    set_now = at.plan.whole(target)
    st.session_state["surgery_what"] = next(name for name, kind in KINDS.items() if kind == set_now.kind)
    what.segmented_control("Every gate is", options, key="surgery_what", required=True, width="stretch", on_change=_set_whole,
                           args=(unit, at.shown), wrap=True, help=texts.text("inside_surgery", "kinds"))
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


def _moved(at: Look) -> None:
    """A browser may send anything."""
    sent = st.session_state["handles"].moved
    if not isinstance(sent, dict) or sent.get("block") not in at.untouched.gates or not isinstance(sent.get("gates"), list):
        return
    plan, block = current(), sent["block"]
    for pair in sent["gates"]:
        channel, gate = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
        if type(channel) is not int or not 0 <= channel < len(at.untouched.gates[block]):
            continue
        if gate is None:
            plan = plan.without(block, channel)
        elif isinstance(gate, int | float) and 0 <= gate <= 1:
            plan = plan.then(Entry("set", block, "", ((channel, round(float(gate), 2)),)))
    _put(plan)


def _slopes(at: Look, unit: str) -> np.ndarray:
    """How the logit of the best guess moves with each gate, in the untouched network."""
    bare, label = at.bare, at.untouched.top(1)[0].index
    size = memory.opened(at.network, unit)
    return bare.kept("slopes", lambda: slopes(at.model, at.untouched, unit, bare.gradients(label)[unit]), 4 * len(at.untouched.gates[unit]),
                     4 * size, unit, label)


def _handles(at: Look, unit: str) -> None:
    """Every channel's gate as a handle."""
    if unit not in at.untouched.gates:
        st.info(texts.text("inside_surgery", "no_handles"))
        return
    sort = SORTS[st.segmented_control("Channels sorted by", list(SORTS), default="Effect", key="surgery_sort", required=True,
                                      bind="query-params", persist_state="session", help=texts.text("inside_surgery", "sorts"))]
    before, slope = at.untouched.gates[unit], _slopes(at, unit) if sort == "effect" else None
    data = draw.handles(unit, at.seen.gates[unit], before, draw.sorted_channels(before, slope, sort), [*at.plan.singles(unit)], at.stamp, slope)
    component("handles")(key="handles", data=data, on_moved_change=lambda: _moved(at), height="content")
    st.caption(texts.text("inside_surgery", "handles", channels=f"{len(before):,}", block=unit))


def _guesses(at: Look) -> None:
    """The most probable classes before and after, and the logit of the best guess."""
    was = at.untouched.top(1)[0]
    st.markdown("**What the model says, before and after**" + (f" ({at.stamp})" if at.stamp else ""))
    rows = "".join(_row(pair) for pair in draw.pairs(at.untouched, at.seen))
    st.html(f'<div class="ef-pairs" role="list">{rows}</div>')
    now = at.seen.guess(was.index)
    st.markdown(texts.text("inside_surgery", "logit", label=plain(was.label), before=_signed(was.logit), after=_signed(now.logit),
                           change=_signed(now.logit - was.logit, ".3g")))


def _signed(value: float, digits: str = ".3f") -> str:
    return f"{value:+{digits}}".replace("-", "−")


def _row(pair: draw.Pair) -> str:
    change = f"{100 * (pair.after - pair.before):+.1f}".replace("-", "−")
    return (f'<div role="listitem"><span class="ef-word" title="{escape(pair.label)}">{escape(pair.label)}</span>'
            f'<span class="ef-two" aria-hidden="true"><i class="ef-then" style="width:{100 * pair.before:.2f}%"></i>'
            f'<i style="width:{100 * pair.after:.2f}%"></i></span>'
            f'<span class="ef-odds" title="before: {pair.before:.6f}, logit {pair.logit_before:.4f}; after: {pair.after:.6f}, logit '
            f'{pair.logit_after:.4f}"><small>{percent(pair.before)}</small>{percent(pair.after)}</span>'
            f'<b class="ef-shift">{"±0.0" if change in ("+0.0", "−0.0") else change}</b></div>')


def _changes(at: Look, unit: str) -> None:
    """Maps and class activation map before and after."""
    st.markdown("#### What it does to the maps")
    which, scale = st.columns([7, 4], gap="large")
    kept = {"required": True, "bind": "query-params", "persist_state": "session"}
    place = PLACES[which.segmented_control("Maps of", list(PLACES), default="This block's output", key="surgery_maps", **kept)]
    together = scale.segmented_control("One colour scale for", ["Both", "Each"], default="Both", key="surgery_scale", **kept) == "Both"
    left, right = st.columns([7, 4], gap="large")
    with left:
        _maps(at, at.network.last_unit if place == "last" or unit == "classifier" else unit, together)
    with right:
        _evidence(at, at.untouched.top(1)[0].index, together)


def _maps(at: Look, place: str, together: bool) -> None:
    before, after = at.untouched.outputs[place], at.seen.outputs[place]
    channels, moved = draw.changed(before, after, CHANGED)
    if not len(channels):
        st.caption(texts.text("inside_surgery", "unmoved" if at.surgery else "nothing_set", place=place))
        return
    both = np.concatenate([before[channels], after[channels]])
    reach = maps.tops(both, "map")
    reach = np.tile(np.maximum(*np.split(reach, 2)), 2) if together else reach
    sheet = maps.mosaic(both, reach, shell.theme())
    tiles = [Tile(int(c), [k, k + len(channels)], f"channel {c}", f"mean change {much:.3g}",
                  f"channel {c}: mean |after − before| {much:.5g}; colours to ±{reach[k]:.4g} and ±{reach[k + len(channels)]:.4g}")
             for k, (c, much) in enumerate(zip(channels, moved))]
    gallery("changed", f"Maps of {place} that change most", atlas.sheet_of(sheet), tiles, size=150, pixelated=True)
    st.caption(texts.text("inside_surgery", "maps", place=place, shown=str(len(channels)), count=f"{len(before):,}"))


def _evidence(at: Look, label: int, together: bool) -> None:
    """The class activation map of the untouched network's best guess, before and after."""
    name = at.model.labels[label]
    found = {"before": (at.untouched, class_map(at.model, at.untouched, label)), "after": (at.seen, class_map(at.model, at.seen, label))}
    most = reach_of([values for _, values in found.values()])
    panels = [Panel(when, when, f"logit {seen.logits[label]:.3f}".replace("-", "−"), values, last_grid(at), most if together else reach_of([values]))
              for when, (seen, values) in found.items()]
    st.markdown(f"**Where it sees “{plain(name)}”**" + (f" ({at.stamp})" if at.stamp else ""))
    overlay("surgery_cam", f"Evidence for {name}, before and after", panels, [picture(at)], Words("evidence of a cell", share=f"the logit of “{name}”"),
            size=140, most=260, common=together)
    st.caption(texts.text("inside_surgery", "cam"))


def _picked() -> None:
    for point in st.session_state["worth"]["selection"]["points"]:
        if isinstance(foot := point.get("customdata"), list) and isinstance(foot[0], str):
            state.select(foot[0])


def _worth(at: Look, unit: str) -> None:
    """Squeeze-and-excitation off in one block at a time, on the untouched network."""
    bare, best = at.bare, at.untouched.top(1)[0]
    st.markdown("#### What is each block's squeeze-and-excitation worth here?")
    words = {"label": plain(best.label), "blocks": str(len(at.untouched.gates)), "probability": percent(best.probability)}
    st.markdown(texts.text("inside_surgery", "worth", **words))
    if st.session_state.get("_worth_of") != (at.entry.path, at.shown):
        if not st.button(f"Switch it off block by block ({len(at.untouched.gates)} passes)", key="worth_go", icon=":material/play_arrow:"):
            return
        st.session_state["_worth_of"] = at.entry.path, at.shown
    rows = bare.kept("worth", lambda: _measured(at, best.index), 400 * len(at.untouched.gates), memory.need(at.network).kept + memory.need(at.network).extra)
    st.plotly_chart(draw.worth(rows, at.untouched, best.index, shell.theme(), unit, at.stamp), theme=None, key="worth", config=PLAIN,
                    on_select=_picked, selection_mode="points",
                    alt=f"Change of the probability of {best.label} with squeeze-and-excitation off in one block, for every block")
    st.caption(texts.text("inside_surgery", "worth_read", **words))


def _measured(at: Look, label: int) -> list:
    total, rows = len(at.untouched.gates), []
    bar = st.progress(0.0, "One pass per block…")
    for row in one_at_a_time(at.model, at.untouched, label):
        rows.append(row)
        bar.progress(len(rows) / total, f"{row.block}: {len(rows)} of {total}")
    bar.empty()
    return rows
