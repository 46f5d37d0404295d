"""What gates that are set by hand do: to what the model says, to the maps, to the evidence; and what each block's gates are worth."""

from collections.abc import Callable, Hashable
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from effnet_core.figures import maps, signed_percent
from effnet_core.figures import surgery as draw
from effnet_core.inside.ablation import Ablated, one_at_a_time
from effnet_core.inside.cam import class_map
from effnet_core.palette import fixed, four, percent, signed

from .. import memory, shell, texts, work
from ..components import picked_block
from ..gallery import Tile, gallery, sheet_of
from ..html import plain
from ..seen import Look, passed, titled
from .evidence import last_grid
from .files import button, named, paper
from .overlay import Panel, Words, overlay, picture, reach_of
from .turns import Stopped
from .waiting import light, progress, turns

PLACES = {"This block's output": "block", "The last map": "last"}
ROW = 400  # bytes of what is known of one block
CHANGED = 8  # maps shown before and after


def guesses(at: Look) -> None:
    """The most probable classes before and after, and the logit of the best guess."""
    was = at.untouched.top(1)[0]
    st.markdown(titled(at, "**What the model says, before and after**"))
    rows = "".join(_row(pair) for pair in draw.pairs(at.untouched, at.seen))
    st.html(f'<div class="ef-pairs" role="list">{rows}</div>')
    now = at.seen.guess(was.index)
    change = now.logit - was.logit
    st.markdown(texts.text("inside_surgery", "logit", label=plain(was.label), before=signed(was.logit), after=signed(now.logit),
                           change=f"{'+' * (change > 0)}{four(change)}"))


def _row(pair: draw.Pair) -> str:
    change = signed_percent(pair.after - pair.before).removesuffix(" %")
    return (f'<div role="listitem"><span class="ef-word" title="{escape(pair.label)}">{escape(pair.label)}</span>'
            f'<span class="ef-two" aria-hidden="true"><i class="ef-then" style="width:{100 * pair.before:.2f}%"></i>'
            f'<i style="width:{100 * pair.after:.2f}%"></i></span>'
            f'<span class="ef-odds" title="before: {pair.before:.6f}, logit {pair.logit_before:.4f}; after: {pair.after:.6f}, logit '
            f'{pair.logit_after:.4f}"><small>{percent(pair.before)}</small>{percent(pair.after)}</span>'
            f'<b class="ef-shift">{change}</b></div>')


def changes(at: Look, unit: str) -> None:
    """Maps and class activation map before and after."""
    st.markdown(titled(at, "#### What it does to the maps"))
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
    gallery("changed", titled(at, f"Maps of {place} that change most"), sheet_of(sheet), tiles, size=150, pixelated=True,
            file=named(at, place, "changed"))
    st.caption(texts.text("inside_surgery", "maps", place=place, shown=str(len(channels)), count=f"{len(before):,}"))


def _evidence(at: Look, label: int, together: bool) -> None:
    """The class activation map of the untouched network's best guess, before and after."""
    name = at.model.labels[label]
    found = {"before": (at.untouched, class_map(at.model, at.untouched, label)), "after": (at.seen, class_map(at.model, at.seen, label))}
    most = reach_of([values for _, values in found.values()])
    panels = [Panel(when, when, f"logit {fixed(seen.logits[label], 3)}", values, last_grid(at),
                    most if together else reach_of([values])) for when, (seen, values) in found.items()]
    st.markdown(titled(at, f"**Where it sees “{plain(name)}”**"))
    overlay("surgery_cam", titled(at, f"Evidence for {name}, before and after"), panels, [picture(at)],
            Words("evidence of a cell", share=f"the logit of “{name}”"), size=140, most=260, common=together, stamp=at.stamp,
            file=named(at, "surgery", "evidence", name))
    st.caption(texts.text("inside_surgery", "cam"))


def worth(at: Look, unit: str) -> None:
    """Squeeze-and-excitation off in one block at a time, on the untouched network: what it does where it is known, how far it is where it is
    being measured, else the button that measures it."""
    first, blocks = at.untouched.top(1)[0], len(at.untouched.gates)
    st.markdown(titled(at, "#### What is each block's squeeze-and-excitation worth here?"))
    words = {"label": plain(first.label), "blocks": str(blocks), "probability": percent(first.probability)}
    st.markdown(texts.text("inside_surgery", "worth", **words))
    turn = turns().find(_key(at))
    if turn is not None and turn.active:
        progress(turn, "worth", lambda turn: f"{turn.done} of {turn.total} blocks")
    elif turn is not None and turn.state == "done":
        st.plotly_chart(paper(draw.worth(turn.result, at.untouched, first.index, shell.theme(), unit, at.stamp)), theme=None, key="worth",
                        config=button(named(at, "ablation")),
                        on_select=partial(picked_block, "worth", tuple(at.untouched.gates)), selection_mode="points",
                        alt=f"Change of the probability of {first.label} with squeeze-and-excitation off in one block, for every block")
        st.caption(texts.text("inside_surgery", "worth_read", **words))
    else:
        _offer(at, turn.error if turn is not None else "", blocks)


def _key(at: Look) -> Hashable:
    return "worth", at.entry.path, at.entry.version, at.shown


def _offer(at: Look, error: str, blocks: int) -> None:
    if error:
        st.warning(plain(error), icon=":material/info:")
    if st.button(f"Switch it off block by block ({blocks} passes)", key="worth_go", icon=":material/play_arrow:"):
        with shell.refusals():
            _begin(at, blocks)
            st.rerun()


def _begin(at: Look, blocks: int) -> None:
    few, label, need = light(at.bare), at.untouched.top(1)[0].index, memory.need(at.network)

    def made(go_on: Callable[[int], bool]) -> list[Ablated]:
        here = passed(few.entry, few.model, few.shown, few.picture)  # the pass is remembered, or run again
        return here.kept("worth", lambda: _measured(here, label, go_on), ROW * blocks, need.kept + need.extra)

    turns().begin(_key(at), work.owner(), blocks, made)


def _measured(at: Look, label: int, go_on: Callable[[int], bool]) -> list[Ablated]:
    rows = []
    for row in one_at_a_time(at.model, at.untouched, label):
        rows.append(row)
        if not go_on(len(rows)):
            raise Stopped
    return rows
