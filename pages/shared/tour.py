"""The guided tour: a slim panel on every page while one is touring. A step is done when the visitor has done it; the address says how far one is."""

import streamlit as st

from . import state, teaching, texts
from .learn import progress as written
from .learn import steps
from .learn.progress import Progress
from .learn.steps import Step
from .learn.telling import say, seen, so_far, values


def progress() -> Progress:
    return written.read(state.get("tour"))


def notice(page: str = "") -> bool:
    """Whether the present step has just become done; then it is noted. `page`: the one that is drawn, if that has changed."""
    st.session_state["_page"] = page or _page()
    now = progress() if state.get("tour") else Progress()
    if not now.at or now.at in now.done or not is_there(now.step, True) or not now.step.done(values()):
        return False
    state.put(tour=now.with_done().write())
    st.session_state["_tour_just"] = now.at
    return True


def after() -> None:
    """At the end of what can run by itself: the panel says what has just been done there, and whether the place is still open."""
    if not state.get("tour") or not (now := progress()).at:
        return
    if notice() or st.session_state.get("_tour_early") or is_there(now.step) != st.session_state.get("_tour_there"):
        st.rerun()


def jump(number: int) -> None:
    """In a callback: to a step, from 1, and to its page."""
    state.put(tour=progress()._replace(at=number).write())
    go()


def _turn(number: int) -> None:
    """In a callback of the panel: to a step, from 1; a page that lists them is drawn anew."""
    state.put(tour=progress()._replace(at=number).write())
    if _page() == "learn":
        st.rerun()


def go() -> None:
    """In a callback, the last thing it does: where the present step is done, with what it needs open."""
    step = progress().step
    st.session_state["_tour_tapped"] = False
    state.put(**step.opens)
    state.address("" if step.page == _page() else step.page, {key: str(value) for key, value in step.opens.items()})
    st.rerun()  # all of it, though the panel runs by itself


def leave() -> None:
    """In a callback: the panel goes; what is done is kept."""
    state.put(tour=progress()._replace(at=0).write())
    st.rerun()


def label() -> str:
    """Of the button that leads into the tour."""
    done = progress().done
    return "Start the tour" if not done else "Go on with the tour" if following() else "What the tour has shown"


def following() -> int:
    """The first step that is not done, from 1; 0 at the end of the tour."""
    return next((number for number in range(1, len(steps.STEPS) + 1) if number not in progress().done), 0)


def begin() -> None:
    """In a callback: the tour begins, or goes on with the first step that is not done; at its end, what it has shown."""
    if place := following():
        jump(place)
    else:
        show_all()


def reset() -> None:
    """In a callback: nothing is done any more, and one is at the beginning."""
    state.put(tour="")
    jump(1)


def _page() -> str:
    return st.session_state.get("_page", "")


def is_there(step: Step, surely: bool = False) -> bool:
    """Whether what the step needs is open; what has not been drawn yet is taken to be, unless it has to be `surely`."""
    return step.page == _page() and all(values().get(key, None if surely else value) == value for key, value in step.opens.items())


def drawn() -> tuple[str, ...]:
    """The panel's fragment, where one is touring: what a selection concerns beside what the page itself names."""
    return ("tour_panel",) if progress().at else ()


def barred(step: Step) -> str:
    """What the step needs and a teacher's link does not let one open; "" where nothing is in the way."""
    held, now = state.fixed(), values()
    return next((value for key, value in step.opens.items()
                 if teaching.lacks(step.page, key, value) or (key in held and now.get(key, value) != value)), "")


def bar(page: str, titles: dict[str, str]) -> None:
    """In the frame of `page`, before it is drawn; `titles` are those of all pages."""
    notice(page)
    if progress().at:
        st.session_state["_tour_early"] = "phi" not in st.session_state  # a session that begins has no controls yet, and no numbers of them
        _panel(titles)


@st.fragment(key="tour_panel")
def _panel(titles: dict[str, str]) -> None:
    """Runs by itself where only a button of its own was pressed."""
    now = progress()
    state.write_address()
    if st.session_state.pop("_tour_just", 0):
        st.toast(f"Step {now.at} of {len(steps.STEPS)} is done.", icon=":material/check_circle:")
    folded, tapped = st.session_state.get("_tour_folded", False), st.session_state.get("_tour_tapped", False)
    _line(now, tapped)
    with st.container(key="tour_whole" if tapped else "tour_hidden"), st.container(key="tour_folded" if folded else "tour_open"):
        _head(now, titles, folded)
        if tapped or not folded:
            _body(now)


def _line(now: Progress, tapped: bool) -> None:
    """Where there is little room the panel is this line, which stays in sight and opens it; the style decides."""
    said = texts.text("tour", "done") if now.at in now.done else "" if st.session_state.get("_tour_early") else (
        _barred(now) or so_far(now.step) or say(now.step, "task"))
    with st.container(key="tour_line"):
        st.button(f"**{now.at} of {len(steps.STEPS)}** · {said or say(now.step, 'title')}", key="tour_tap", type="tertiary", on_click=_tap,
                  icon=":material/expand_less:" if tapped else ":material/expand_more:", width="stretch")


def _head(now: Progress, titles: dict[str, str], folded: bool) -> None:
    done, last, past = now.at in now.done, now.at == len(steps.STEPS), bool(barred(now.step))
    with st.container(key="tour_head", horizontal=True, vertical_alignment="center", gap="small"):
        tick = ":material/check_circle: " if done else ""
        st.markdown(f"{tick}**Step {now.at} of {len(steps.STEPS)}** · {say(now.step, 'title')}")
        there = st.session_state["_tour_there"] = is_there(now.step)
        if not (done or there or past):
            st.button("Open it here" if now.step.page == _page() else f"Go to {titles[now.step.page]}", key="tour_go", on_click=go, type="primary",
                      help=texts.text("tour", "sets") if now.step.opens is steps.FORMULA and values()["source"] != "Formula" else None)
        st.button("Back", key="tour_back", on_click=_turn, args=(now.at - 1,), disabled=now.at == 1, type="tertiary")
        if last:
            st.button("All steps", key="tour_all", on_click=show_all, type="primary" if done or past else "tertiary")
        else:
            st.button("Next", key="tour_next", on_click=_turn, args=(now.at + 1,), type="primary" if done or past else "tertiary")
        st.button("Unfold" if folded else "Fold", key="tour_fold", on_click=_fold, type="tertiary")
        st.button("Leave", key="tour_leave", on_click=leave, type="tertiary", help=texts.text("tour", "leave"))


def _barred(now: Progress) -> str:
    """`barred` in words."""
    away = barred(now.step)
    return away and texts.text("tour", "barred", part=away, onward="All steps" if now.at == len(steps.STEPS) else "Next")


def _body(now: Progress) -> None:
    with st.container(key="tour_body", gap="xsmall"):
        if st.session_state.get("_tour_early"):
            st.markdown("…")
            return
        done = now.at in now.done
        if not done and (away := _barred(now)):
            st.markdown(away)
            return
        st.markdown(f"{say(now.step, 'task')} {so_far(now.step) if not done or now.step.done(values()) else ''}")
        st.markdown(f"**Seen.** {seen(now.step)}" if done else f"**Why.** {say(now.step, 'why')}")


def _tap() -> None:
    st.session_state["_tour_tapped"] = not st.session_state.get("_tour_tapped", False)


def _fold() -> None:
    st.session_state["_tour_folded"] = not st.session_state.get("_tour_folded", False)


def show_all() -> None:
    """In a callback: to the list of all steps."""
    state.put(learn="Tour")
    state.address("" if _page() == "learn" else "learn", {"learn": "Tour"})
    st.rerun()
