"""Inside: picture → prediction, the gates of every block, and the selected unit opened."""

from html import escape

import streamlit as st

from effnet_core.cards import Entry
from effnet_core.palette import percent
from pages.shared import html, shell, state, teaching, texts, tour

shell.require("inside")
shell.boot_torch()

from effnet_core.figures import signed_percent  # noqa: E402  torch waits for the boot
from effnet_core.inside.inspection import UNDECIDED, Guess  # noqa: E402
from pages.shared import choosing, memory, models, photo, shelf, truth  # noqa: E402
from pages.shared.inside import block, cam, cell, classes, exciting, maps, occlusion, pair, skyline, surgery, takehome  # noqa: E402
from pages.shared.seen import Look, look, titled  # noqa: E402
from pages.shared.truth import FEW, Truth  # noqa: E402

PARTS = {  # what the pill says → the part
    "One block": block.show,
    "Maps": maps.show,
    "One cell": cell.show,
    "Where it looks": cam.show,
    "Occlusion": occlusion.show,
    "Surgery": surgery.show,
    "Two photos": pair.show,
    "Classes": classes.show,
    "What excites it": exciting.show,
    "Take home": takehome.show,
}


def bars(at: Look, right: tuple[str, ...]) -> None:
    """The best guesses as labelled bars; a class that the picture really shows is marked. Where gates are set by hand, a line stands at the
    untouched probability, and the difference beside it."""
    rows = "".join(_bar(guess, at.untouched.guess(guess.index).probability if at.surgery else None, guess.label in right)
                   for guess in at.seen.top(5))
    st.html(f'<div class="ef-guesses{" ef-operated" if at.surgery else ""}" role="list">{rows}</div>')
    if at.surgery:
        st.caption(texts.text("inside_surgery", "bars"))


def _bar(guess: Guess, before: float | None, right: bool) -> str:
    then, shift = "", ""
    if before is not None:
        then = f'<u style="left:{100 * before:.2f}%"></u>'
        shift = f'<span class="ef-shift" title="untouched: {before:.6f}">{signed_percent(guess.probability - before).removesuffix(" %")}</span>'
    return (f'<div role="listitem"><span class="ef-word" title="{escape(guess.label)}">{escape(guess.label)}{" ✓" if right else ""}</span>'
            f'<span class="ef-line" aria-hidden="true"><i style="width:{100 * guess.probability:.2f}%"></i>{then}</span>'
            f'<span class="ef-odds" title="{guess.probability:.6f}">{percent(guess.probability)}</span>{shift}</div>')


def verdict(at: Look, shows: Truth | None, guess: str) -> None:
    """What is to be thought of the guesses."""
    if at.stamp:
        st.markdown(texts.text("inside", "untrained"))
        return
    labels = at.model.labels
    if shows is not None:
        known = any(label in labels for label in shows.labels)
        section = ("right" if guess in shows.labels else "wrong") if known else "none"
        st.markdown(texts.text("inside", section, truth=html.plain(shows.words), guess=html.plain(guess), classes=f"{len(labels):,}"))
    if at.seen.uncertainty > UNDECIDED:
        st.markdown(texts.text("inside", "undecided", uncertainty=f"{100 * at.seen.uncertainty:.0f} %"))
    if len(labels) <= FEW:
        st.caption(texts.text("inside", "few", classes=str(len(labels)), labels=", ".join(map(html.plain, labels))))


def moved(at: Look) -> tuple[str, float, float] | None:
    """The best guess of the untouched network, and its probability before and after gates were set by hand."""
    best = at.untouched.top(1)[0]
    return (best.label, best.probability, at.seen.guess(best.index).probability) if at.surgery else None


def prediction(at: Look) -> None:
    surgery.banner(at)
    st.session_state["_moved"] = moved(at)
    eye, model, guess = st.columns([3, 3, 5], gap="medium")
    side, guesses, shows = at.model.preprocess.crop, at.seen.top(5), truth.of(at.shown, at.picture.title, at.entry.card)
    with eye:
        st.image(at.eye, width="stretch", caption=f"The picture: {at.picture.title}", alt=f"The picture: {at.picture.title}")
    with model, st.container(key="as_seen"):
        st.image(at.view, width="stretch", caption=texts.text("inside", "as_seen", side=str(side)),
                 alt=f"The same picture in {side} by {side} pixels")
    with guess:
        st.markdown(titled(at, "#### What the model says"))
        bars(at, () if shows is None or at.stamp else shows.labels)
        verdict(at, shows, guesses[0].label)
        st.markdown(texts.text("inside", "to_parts"))


@st.fragment(key="parts")
def parts(entry: Entry, shown: str, since: tuple[str, ...]) -> None:
    """One part of the page at a time: only what is asked for is computed. A change here leaves the rest of the page alone, unless it is one
    `of_all`, which was `since` when all of it ran. The look itself is asked for anew: a session that held it would keep its memory."""
    if since != of_all():
        st.rerun()
    state.hold()
    with shell.refusals():
        at = look(entry, models.model_of(entry), shown, photo.picture(shown), again=True)
        skyline.chosen(at)
        block.heading(at)
        left = teaching.offered("part", PARTS)
        asked = st.pills("Open below", list(left), default=next(iter(left)), required=True, wrap=True, **state.bound("part"))
        with st.container(key="part_body"):
            PARTS[asked](at)
    state.write_address()
    tour.after()


def of_all() -> tuple[str, ...]:
    """What the whole page is about."""
    return tuple(state.get(key) for key in ("model", "photo", "surgery"))


def own_gates(entry: Entry) -> None:
    """Gates are set for one model; the channels of another one with these numbers are others."""
    before = st.session_state.get("_gates_of", entry.name)
    st.session_state["_gates_of"] = entry.name
    if before != entry.name and state.get("surgery"):
        state.put(surgery="")
        st.toast(texts.text("inside_surgery", "other_model", before=html.plain(before)), icon=":material/undo:")


def page() -> None:
    left, body = st.columns([3, 10], gap="large")
    with left, st.container(key="choosers"):
        entry = models.choose(meanwhile=True)
        shown = photo.chosen(entry.card if entry else {})
        choosing.choose(shown)
    if entry is None:
        body.info(texts.text("inside", "no_model"), icon=":material/model_training:")
        return
    network = shelf.network(entry).architecture
    with body, shell.refusals():
        shell.strip_alone(network)
        if models.may_open(entry, sum(memory.need(network))):
            own_gates(entry)
            at = look(entry, models.model_of(entry), *photo.current(shown))
            prediction(at)
            skyline.show(at)
            parts(entry, at.shown, of_all())
            state.alone("strip", "parts")


page()
