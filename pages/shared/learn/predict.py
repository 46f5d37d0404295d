"""Questions to predict, one at a time: a guess first, then the answer beside it, computed or measured. No score; guesses can be changed."""

from html import escape

import streamlit as st

from effnet_core.families import published, title
from effnet_core.lessons.questions import QUESTIONS, Question, Times
from effnet_core.lessons.scales import Scale

from .. import guess as guessing
from .. import html, measured, results, series, state, texts
from ..results import Request

PAGE = "predict"
TEXT = {"title": 0, "question": 1, "hint": 2, "answer": 3}  # the paragraphs of a question's section


def say(question: Question, part: str, times: Times | None = None) -> str:
    return texts.paragraphs(PAGE, question.slug)[TEXT[part]].format(**question.facts(times or {}))


def current() -> Question:
    """The one in the address; the first where that names none."""
    return QUESTIONS.get(state.get("q")) or next(iter(QUESTIONS.values()))


def _seen(name: str) -> set[str]:
    """Questions of this session: `_predicted`, answered after a guess; `_unpredicted`, without one; `_guessing`, whose slider was moved."""
    return st.session_state.setdefault(name, set())


def looked_at() -> set[str]:
    """Whose answers this session has seen."""
    return _seen("_predicted") | _seen("_unpredicted")


def show() -> None:
    st.markdown(texts.text(PAGE, "lead"))
    question = current()
    _choice(question)
    with st.container(border=True, key="predict"):
        st.markdown(f"#### {say(question, 'title')}\n{say(question, 'question')}")
        _ask(question)
    st.caption(f"{len(looked_at())} of {len(QUESTIONS)} looked at. The address leads to this question.")


def _go(slug: str) -> None:
    state.put(q=slug)


def _choice(question: Question) -> None:
    """Which question: the one before, any, the one after."""
    slugs = [*QUESTIONS]
    place = slugs.index(question.slug)
    back, pick, on = st.columns([1, 4, 1], vertical_alignment="bottom")
    back.button("Back", key="predict_back", icon=":material/arrow_back:", disabled=place == 0, on_click=_go,
                args=(slugs[max(0, place - 1)],), width="stretch")
    st.session_state["predict_pick"] = question.slug
    pick.selectbox("Question", slugs, format_func=_title, key="predict_pick", on_change=lambda: _go(st.session_state["predict_pick"]))
    on.button("Next", key="predict_next", icon=":material/arrow_forward:", icon_position="right", disabled=place == len(slugs) - 1,
              on_click=_go,
              args=(slugs[min(len(slugs) - 1, place + 1)],), width="stretch")


def _title(slug: str) -> str:
    return f"{[*QUESTIONS].index(slug) + 1}. {say(QUESTIONS[slug], 'title')}"


def _ask(question: Question) -> None:
    guess = _number(question, question.scale) if question.scale else _option(question)
    if question.slug not in looked_at():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Show the answer", key="predict_show", type="primary", disabled=guess is None, on_click=_seen("_predicted").add,
                      args=(question.slug,),
                      help=texts.text(PAGE, "no_guess") if guess is None else None)
            st.button("I’d rather not guess", key="predict_skip", type="tertiary", on_click=_seen("_unpredicted").add,
                      args=(question.slug,))
            with st.popover("A hint", icon=":material/lightbulb:", type="tertiary"):
                st.markdown(say(question, "hint"))
        return
    times = _measured(question)
    if times is not None:
        _answer(question, guess, times)


def _number(question: Question, scale: Scale) -> float | None:
    """The slider has to stand somewhere: only where it was moved to is a guess."""
    stops = scale.stops()
    key = f"predict_{question.slug}"
    if st.session_state.get(key) not in stops:
        st.session_state[key] = stops[len(stops) // 2]
    value = st.select_slider("Your guess", stops, format_func=scale.text, key=key, persist_state="session",
                             on_change=_seen("_guessing").add, args=(question.slug,))
    return value if question.slug in _seen("_guessing") else None


def _option(question: Question) -> int | None:
    options = question.options()
    return st.pills("Your guess", range(len(options)), format_func=options.__getitem__, key=f"predict_{question.slug}", wrap=True,
                    persist_state="session")


def _requests(question: Question) -> dict[str, Request]:
    return {name: Request(published(name), "cpu", 1, 1) for name in question.needs}


def _measured(question: Question) -> Times | None:
    """What the answer needs to have been measured; None, and the way to measure it, where something is missing."""
    requests = _requests(question)
    rows = {name: row for name, request in requests.items() if (row := results.mine(request) or results.offered(request))}
    missing = [requests[name] for name in requests if name not in rows]
    if not missing:
        return rows
    names = " and ".join(title(name).removeprefix("EfficientNet-") for name in requests if name not in rows)
    st.markdown(texts.text(PAGE, "measure", seconds=f"{1.5 * results.SECONDS:g}", networks=names))
    series.measuring(missing, "Measure both now" if len(missing) == 2 else f"Measure {names} now")
    return None


def _answer(question: Question, guess: float | None, times: Times) -> None:
    right = question.answer(times)
    if question.scale:
        _beside(question.scale, guess, right)
        st.markdown(f"**{question.scale.text(right)}.** {say(question, 'answer', times)}")
    else:
        verdict = guessing.verdict(guess, int(right), question.options())
        st.markdown(f"**{verdict}.** {say(question, 'answer', times)}")
    if times:
        device = next(iter(times.values()))["device_name"]
        rows = ", ".join(f"{title(name).removeprefix('EfficientNet-')} {measured.ms(row['median_ms'])} ({results.ago(row['measured'])})"
                         for name, row in times.items())
        st.caption(texts.text(PAGE, "measured", device=html.plain(device), rows=rows))
        if not all(row["steady"] for row in times.values()):
            st.caption(texts.text(PAGE, "doubt"))


def _beside(scale: Scale, guess: float | None, right: float) -> None:
    """Guess and answer on one scale; the answer alone where nothing was guessed."""
    ends = "".join(f"<small>{escape(scale.text(end))}</small>" for end in (scale.low, scale.high))
    told = ([] if guess is None else [("guess", "your guess", guess)]) + [("right", "the answer", right)]
    marks = "".join(_mark(kind, words, scale, value) for kind, words, value in told)
    said = ", ".join(f"{words} {escape(scale.text(value))}" for _, words, value in told)
    st.html(f'<div class="ef-beside" role="img" aria-label="On one scale: {said}">'
            f"<div>{marks}</div><p>{ends}</p></div>")


def _mark(kind: str, words: str, scale: Scale, value: float) -> str:
    place = 100 * scale.place(value)
    return (f'<span class="{kind}" style="left:{place:.2f}%"><i></i>'
            f'<b style="transform:translateX(-{place:.0f}%)">{words}: {escape(scale.text(value))}</b></span>')
