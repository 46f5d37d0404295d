"""Predict, then see: a question before its answer, with a hint on demand, and no score."""

from collections.abc import Sequence

import streamlit as st

from . import teaching, texts


def ask(page: str, name: str, options: Sequence[str], right: int, *, section: str = "", **numbers: str) -> bool:
    """A question of the text `page` with the `options`, of which number `right`, as computed, holds. True once it is answered.

    Sections: `guess` (the question), `hint` (on demand) and `answer` (why), each with `section` and `_` in front where that is given; what is in braces is filled in from
    `numbers`. The choice is remembered in the session under `name`, and can be changed.
    """
    def say(part: str) -> str:
        return texts.text(page, f"{section}_{part}" if section else part, **numbers)

    with st.container(border=True, key=f"guess_{name}"):
        st.markdown(f"**Your guess first.** {say('guess')}")
        chosen = st.pills("Your guess", range(len(options)), format_func=options.__getitem__, key=f"guessed_{name}", label_visibility="collapsed", wrap=True,
                          persist_state="session")
        st.session_state["_guess"] = st.session_state.get("_guess", False) or chosen is not None
        if chosen is None:
            with st.popover("A hint", icon=":material/lightbulb:", type="tertiary"):
                st.markdown(say("hint"))
            return False
        if teaching.hides("guess-answers"):
            st.markdown(texts.text("teachers", "guessed"))
            return True
        words = "As you expected" if chosen == right else f"It is otherwise: {options[right]}"
        st.markdown(f"**{words}.** {say('answer')}")
    return True
