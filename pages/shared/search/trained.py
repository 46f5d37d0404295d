"""The search by training: how it goes, what may be said of the ranking, and the searches on this machine."""

from pathlib import PurePath
from typing import TYPE_CHECKING

import streamlit as st

from effnet_core.errors import UserError
from effnet_core.figures import search as figures
from effnet_core.palette import percent, si
from effnet_core.search import settings
from effnet_core.search.grid import Grid
from effnet_core.search.scores import Ranking
from effnet_core.search.settings import KINDS
from effnet_core.work.jobs import Job

from .. import html, results, shell, texts, work
from ..data import SCENES
from ..looks import again
from . import studies, wishes

if TYPE_CHECKING:  # it needs Optuna
    from effnet_core.search.studies import Standing

PLAIN = {"displayModeBar": False}
POLL_S = 2.0
LISTED = 8  # searches on this machine


def show(counted: Grid | None) -> None:
    controls, course = st.columns([3, 8], gap="large")
    name = studies.shown()
    job = None if name is None else studies.job_of(name)
    with controls, shell.refusals():
        wishes.show(counted)
    with course:
        if refused := studies.refusal():
            st.warning(html.plain(refused), icon=":material/info:")
        if name is None:
            st.info(texts.text("search", "ready"), icon=":material/lightbulb:")
            st.markdown(texts.text("search", "proxy"))
        else:
            with shell.refusals():
                _course(name, job)
    _list(name)


# How it goes


def _course(name: str, job: Job | None) -> None:
    st.markdown(f"##### {html.plain(name)}")
    if job is not None and job.active:
        work.watch(studies.searches(), job, lambda: (work.bar(studies.searches(), job, step, pausable=True), _so_far(name)), every=POLL_S)
        return
    other = studies.active_job(name)
    if other is not None:
        again("search", lambda: (st.caption("Started by another visitor who is here."), _so_far(name)), POLL_S)
        return
    if job is not None and job.error:
        st.warning(html.plain(job.error), icon=":material/info:")
    if _so_far(name):
        found = studies.standing(name)
        st.caption(texts.text("search", "paused", done=f"{found.done}", total=f"{found.total}"))
        st.button("Go on", type="primary", icon=":material/play_arrow:", key="go_on_search", on_click=studies.go_on, args=(name,))


def step(job: Job) -> work.Step:
    """How far a running search is."""
    now = job.latest("progress") or {"phase": "loading torch"}
    if "total" not in now or "unit" in now:
        return work.Step(0.0, {"loading torch": "Loading PyTorch"}.get(now["phase"], now["phase"].capitalize()))
    if now["phase"] != "training":
        return work.Step(now["done"] / now["total"], f"{now['done']} of {now['total']} trials are over")
    fraction = (now["done"] + now["step"] / now["steps"]) / now["total"]
    words = f"Trial {now['done'] + 1} of {now['total']}: {html.plain(now['candidate'])}, seed {now['seed']}, step {now['step']:,} of {now['steps']:,}"
    return work.Step(fraction, words, now["seconds_left"])


def _so_far(name: str) -> bool:
    """What is known of a search; returns whether it can go on."""
    try:
        found = studies.standing(name)
    except UserError as refused:
        job = studies.active_job(name)
        if job is None:
            raise
        st.skeleton(240) if job.latest("error") is None else st.warning(html.plain(str(refused)))
        return False
    outcomes, setting = found.outcomes, found.setting
    if not outcomes:
        st.caption("No training is over yet; the first will tell how long all of it takes.")
    else:
        ranked = settings.ranking(setting, outcomes)
        _verdict(found)
        if ranked.places[0].key == KINDS["base"] and len(ranked.places) > 1:
            st.caption(texts.text("search", "base_leads"))
        guess = 1 / SCENES.classes if setting.data == SCENES.name else 0.0
        st.plotly_chart(figures.ranking(ranked, settings.title, guess, shell.theme()), theme=None, key=f"ranking_{name}", config=PLAIN,
                        alt="Every candidate's score with its seeds and interval; the table below has the figures")
        _table(found, ranked)
        facts = {"steps": f"{setting.steps:,}", "images": f"{outcomes[0].images:,}", "base": si(setting.base_macs),
                 "target": si(round(setting.target_macs), "MACs")}
        st.caption(texts.text("search", "ranking_alone", **facts) if ranked.spread is None else
                   texts.text("search", "ranking", **facts, spread=f"{ranked.spread:.4f}", freedom=f"{ranked.freedom}",
                              error=f"{settings.judging_error(setting, outcomes):.4f}"))
    for problem in found.problems:
        st.caption(f":material/info: {html.plain(problem)}")
    with st.expander("What this can and cannot show, and how others join in"):
        st.markdown(texts.text("search", "proxy"))
        st.markdown(texts.text("search", "join"))
        st.code(f"python -m effnet_core search --study {name}", language=None, wrap_lines=True)
    return not found.is_complete and not found.running


def _verdict(found: "Standing") -> None:
    from effnet_core.search import searching

    ranked = settings.ranking(found.setting, found.outcomes)
    words = html.plain(searching.verdict(found.setting, found))
    if found.is_complete and ranked.is_sure:
        st.success(words, icon=":material/check_circle:")
    else:
        st.info(words + ("" if found.is_complete else " The search is not over."), icon=":material/balance:")


def _table(found: "Standing", ranked: Ranking) -> None:
    known, rows = settings.by_network(found.setting, found.outcomes), []
    for place in ranked.places:
        outcome = known[place.key][0]
        sure = place.low is not None
        rows.append((settings.title(place.key), f"{outcome.macs / found.setting.base_macs:.2f}", f"{outcome.side}",
                     " · ".join(percent(row.accuracy) for row in known[place.key]),
                     f"{place.mean:.4f}", f"{place.low:.4f} to {place.high:.4f}" if sure else "–", percent(place.best) if sure else "–"))
    html.table(("Candidate (α, β, γ)", "× base", "side, px", "accuracy, seed by seed", "mean score", "95 % interval", "is the best"), rows)


# Searches on this machine


def _list(shown: str | None) -> None:
    names = [name for name in settings.names() if name != shown][:LISTED]
    if not names and shown is None:
        return
    if names:
        st.markdown("#### Other searches on this machine" if shown else "#### Searches on this machine")
    for name in names:
        _row(name)
    if shown and studies.may_remove(shown) and studies.active_job(shown) is None and shown in settings.names():
        with st.popover(f"Remove {shown}", icon=":material/delete:"):
            st.markdown(f"All that **{html.plain(shown)}** has found out is deleted.")
            st.button("Remove for good", key="remove_shown", type="primary", on_click=studies.remove, args=(shown,))


def _row(name: str) -> None:
    at_work = studies.active_job(name) is not None
    try:
        found = studies.standing(name)
        ranked = settings.ranking(found.setting, found.outcomes).places if found.outcomes else ()
        leader = f", leading: {settings.title(ranked[0].key)}" if ranked and ranked[0].best is not None else ""
        at_work = at_work or bool(found.running)
        said = f"{found.done} of {found.total} trials on {PurePath(found.setting.data).name}{leader}; {results.ago(found.latest)}"
        can = not found.is_complete and not at_work and not studies.belongs_to_another(name)
    except UserError as problem:
        said, can = str(problem), False
    words, buttons = st.columns([5, 4], gap="small", vertical_alignment="center")
    words.markdown(f"**{html.plain(name)}**{' · at work now' if at_work else ''}  \n{html.plain(said)}")
    with buttons.container(horizontal=True, horizontal_alignment="right"):
        st.button("Show", key=f"show_{name}", icon=":material/visibility:", on_click=studies.look_at, args=(name,))
        st.button("Go on", key=f"resume_{name}", icon=":material/play_arrow:", on_click=studies.go_on, args=(name,), disabled=not can)
        with st.popover("Remove", icon=":material/delete:", disabled=at_work or not studies.may_remove(name)):
            st.markdown(f"All that **{html.plain(name)}** has found out is deleted.")
            st.button("Remove for good", key=f"remove_{name}", type="primary", on_click=studies.remove, args=(name,))
