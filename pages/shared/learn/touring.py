"""The steps of the tour in a list, with what is done."""

import streamlit as st

from .. import shell, texts, tour
from .progress import Progress
from .steps import STEPS, learnt
from .telling import say


def show() -> None:
    now = tour.progress()
    st.markdown(texts.text("tour", "lead", steps=str(len(STEPS))))
    if over := not tour.following():
        with st.container(border=True, key="tour_end"):
            st.markdown(texts.text("tour", "end", **learnt()))
    with st.container(horizontal=True, vertical_alignment="center"):
        if not over:
            st.button(tour.label(), key="tour_start", type="primary", icon=":material/route:", on_click=tour.jump,
                      args=(now.at or tour.following(),))
        if now.done:
            st.button("Start again", key="tour_again", type="secondary" if over else "tertiary", on_click=tour.reset,
                      help=texts.text("tour", "again"))
        st.markdown(f"{len(now.done)} of {len(STEPS)} steps done." if now.done else "")
    with st.container(key="tour_list"):
        for number, step in enumerate(STEPS, 1):
            _row(number, now)


def _row(number: int, now: Progress) -> None:
    step, done = STEPS[number - 1], number in now.done
    with st.container(horizontal=True, vertical_alignment="center", key=f"tour_row_{number}"):
        st.button(f"{number}. {say(step, 'title')}", key=f"tour_step_{number}", type="tertiary", on_click=tour.jump, args=(number,),
                  icon=f":material/{'check_circle' if done else 'arrow_forward' if number == now.at else 'radio_button_unchecked'}:")
        st.markdown(shell.PAGES[step.page].title + (", done" if done else ", here" if number == now.at else ""))
