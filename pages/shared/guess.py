"""Predict, then see: a question before its answer, with a hint on demand, and no score.

What would give the answer away waits on the page until then, and says so: `WAITS`.
"""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from . import teaching, texts

WAITS = "after your guess above"  # what stands in the place of what waits; the scripts of components say the same


def ask(page: str, name: str, options: Sequence[str], right: int, *, section: str = "", **numbers: str) -> bool:
    """A question of the text `page` with the `options`, of which number `right`, as computed, holds. True once it is answered or shown.

    Sections: `guess` (the question), `hint` (on demand) and `answer` (why), each with `section` and `_` in front where that is
    given; what is in braces is filled in from `numbers`. The choice is remembered in the session under `name`, and can be changed.
    """
    def say(part: str) -> str:
        return texts.text(page, f"{section}_{part}" if section else part, **numbers)

    with _place(name):
        st.markdown(f"**Your guess first.** {say('guess')}")
        chosen = _choose(name, options)
        if chosen is not None:
            st.session_state["_guess"] = st.session_state.get("lesson", "")
        elif name not in _unguessed():
            _ways(name, say("hint"))
            return False
        if teaching.hides("guess-answers"):
            st.markdown(texts.text("teachers", "guessed"))
            return True
        st.markdown(f"**{verdict(chosen, right, options)}.** {say('answer')}")
    return True


def foretell(page: str, name: str, options: Sequence[str], *, section: str = "", **numbers: str) -> None:
    """The same question while nobody knows the answer yet, such as before a measurement; `ask` of that `name` can tell it afterwards."""
    part = f"{section}_" if section else ""
    with _place(name):
        st.markdown(f"**Your guess first.** {texts.text(page, f'{part}guess', **numbers)}")
        _choose(name, options)
        with st.popover("A hint", icon=":material/lightbulb:", type="tertiary"):
            st.markdown(texts.text(page, f"{part}hint", **numbers))


def guessed(name: str) -> bool:
    """Whether the session has a choice for the question `name`, drawn in this run or not."""
    return st.session_state.get(f"guessed_{name}") is not None


def _choose(name: str, options: Sequence[str]) -> int | None:
    return st.pills("Your guess", range(len(options)), format_func=options.__getitem__, key=f"guessed_{name}", label_visibility="collapsed",
                    wrap=True, persist_state="session")


def _place(name: str) -> DeltaGenerator:
    """In a presenter's type a line until it is opened, so that the picture is near."""
    if teaching.times() == 1:
        return st.container(border=True, key=f"guess_{name}")
    return st.container(key=f"guess_{name}").expander("Your guess first", icon=":material/psychology_alt:")


def verdict(chosen: int | None, right: int, options: Sequence[str]) -> str:
    """What is said first of the answer; of it alone where nothing was chosen."""
    return options[right] if chosen is None else "As you expected" if chosen == right else f"It is otherwise: {options[right]}"


def _unguessed() -> set[str]:
    """Questions whose answer this session has seen without a guess."""
    return st.session_state.setdefault("_unguessed", set())


def _ways(name: str, hint: str) -> None:
    """What helps whoever has no guess yet."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("A hint", icon=":material/lightbulb:", type="tertiary"):
            st.markdown(hint)
        if not teaching.hides("guess-answers"):
            st.button("Show it without a guess", key=f"unguessed_{name}", type="tertiary", on_click=_unguessed().add, args=(name,))
