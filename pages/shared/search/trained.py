"""The search by training: what is to be trained, how it goes, and what may be said of the ranking."""

from dataclasses import dataclass

import streamlit as st

from effnet_core.errors import UserError
from effnet_core.figures import search as figures
from effnet_core.palette import percent, si
from effnet_core.search import grid, settings
from effnet_core.search.grid import Grid
from effnet_core.search.settings import KINDS, Setting
from effnet_core.work.jobs import Job

from .. import html, results, shell, texts, work
from . import studies

PLAIN = {"displayModeBar": False}
WAYS = {"kinds": "By name", "grid": "The grid above", "tpe": "Proposed"}
STEPS = (25, 50, 100, 200, 400, 800, 1600)
POLL_S = 2.0
LISTED = 8  # searches on this machine


@dataclass(frozen=True)
class Wish:
    """A search that could begin: its name, its setting, and the options of the terminal command that say the same."""

    name: str
    setting: Setting
    args: tuple[str, ...]


def show(counted: Grid | None) -> None:
    controls, course = st.columns([3, 8], gap="large")
    name = studies.shown()
    job = None if name is None else studies.job_of(name)
    with controls, shell.refusals():
        _begin(_wish(counted), work.mine(studies.searches()))
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


# What is to be trained


def _wish(counted: Grid | None) -> Wish:
    way = st.segmented_control("Candidates", list(WAYS), default="kinds", required=True, format_func=WAYS.get, key="search_way", persist_state="session", width="stretch",
                               help=texts.text("search", "ways"))
    given, args = _candidates(way, counted)
    left, right = st.columns(2)
    seeds = left.selectbox("Seeds", range(1, 6), index=1, key="search_seeds", persist_state="session", help=texts.text("search", "seeds"))
    steps = right.selectbox("Steps", STEPS, index=2, key="search_steps", persist_state="session", help="Of every training; a batch of images each.")
    data = st.selectbox("Learn from", _data(), key="search_data", persist_state="session", format_func=lambda name: "Scenes, drawn as it learns" if name == "scenes" else name)
    with st.expander("The thin base"):
        base = _base()
    setting = Setting(seeds=seeds, steps=steps, data=data, **base, **given)
    st.session_state.setdefault("search_name", studies.suggested())
    name = st.text_input("Name of the search", max_chars=64, key="search_name", persist_state="session", help="Small letters, digits and hyphens.")
    options = {"seeds": seeds, "steps": steps, "data": data, **base}
    return Wish(name, setting, (*args, *(word for key, value in options.items() for word in (f"--{key}", f"{value:g}" if isinstance(value, float) else str(value)))))


def _candidates(way: str, counted: Grid | None) -> tuple[dict, list[str]]:
    """The fields of the setting that say which candidates there are, and the options that do."""
    if way == "tpe":
        trials = st.slider("Candidates to propose", 5, 60, 15, key="search_trials", persist_state="session")
        return {"sampler": "tpe", "candidates": (), "trials": trials}, ["--sampler", "tpe", "--trials", str(trials)]
    if way == "kinds":
        chosen = st.pills("Which", list(KINDS), selection_mode="multi", default=list(KINDS), key="search_kinds", persist_state="session", wrap=True, format_func=lambda name: settings.TITLES.get(name, name), label_visibility="collapsed")
        if not chosen:
            raise UserError("Choose at least one candidate to train.")
        found = [KINDS[name] for name in chosen]
    elif counted is None:
        raise UserError("The grid above cannot be counted; mend it, or choose candidates by name.")
    else:
        found = [network.first.coefficients for network in grid.search(counted).networks]
    return {"candidates": tuple(found)}, [word for candidate in found for word in ("--candidate", ",".join(f"{value:g}" for value in candidate))]


def _data() -> list[str]:
    from effnet_core.data import sources  # a moment; nothing of it needs torch

    return ["scenes", *(["imagenette"] if sources.is_here("imagenette") else []), *(own.name for own in sources.available())]


def _base() -> dict:
    usual = Setting()
    st.caption(texts.text("search", "base"))
    depth = st.number_input("Depth", 0.25, 2.0, usual.depth, 0.25, key="search_depth", persist_state="session", help="Factor on every stage's blocks.")
    width = st.number_input("Width", 0.1, 1.0, usual.width, 0.05, key="search_width", persist_state="session", help="Factor on every channel count.")
    side = st.number_input("Image side, px", 16, 128, usual.side, 4, key="search_side", persist_state="session")
    return {"depth": round(depth, 4), "width": round(width, 4), "side": side}


def _begin(wish: Wish, own: Job | None) -> None:
    setting = wish.setting
    if setting.sampler == "grid":
        most, few = len(setting.candidates), len(setting.trained)
        less = "" if most == few else f" ({most - few} of {most} become the same as another on the thin base)"
        st.caption(texts.text("search", "amount", networks=f"{few}", less=less, seeds=f"{setting.seeds}", trainings=f"{setting.trainings}"))
    else:
        st.caption(texts.text("search", "amount", networks=f"{setting.trials}", less=" at most", seeds=f"{setting.seeds}", trainings=f"{setting.trainings}"))
    busy = own is not None and own.active
    st.button("Start the search", key="start_search", icon=":material/play_arrow:", type="secondary" if busy else "primary", width="stretch", disabled=busy,
              on_click=studies.begin, args=(wish.name, wish.args))
    if busy and own.about != studies.shown():
        st.button(f"Look at {own.about}, which is at work", key="look_own", on_click=studies.look_at, args=(own.about,), width="stretch")


# How it goes


def _course(name: str, job: Job | None) -> None:
    st.markdown(f"##### {html.plain(name)}")
    if job is not None and job.active:
        work.watch(studies.searches(), job, lambda: (work.bar(studies.searches(), job, step, pausable=True), _so_far(name)), every=POLL_S)
        return
    other = studies.active_job(name)
    if other is not None:
        st.fragment(lambda: (st.caption("Started by another visitor who is here."), _so_far(name)), run_every=POLL_S)()
        return
    if job is not None and job.error:
        st.warning(html.plain(job.error), icon=":material/info:")
    if _so_far(name):
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
        st.caption("The first training is not over yet; its time will tell how long all of it takes.")
    else:
        ranked = settings.ranking(setting, outcomes)
        _verdict(found)
        if ranked.places[0].key == KINDS["base"] and len(ranked.places) > 1:
            st.caption(texts.text("search", "base_leads"))
        st.plotly_chart(figures.ranking(ranked, settings.title, 1 / 10 if setting.data == "scenes" else 0.0, shell.theme()), theme=None, key=f"ranking_{name}", config=PLAIN,
                        alt="Every candidate's score with its seeds and interval; the table below has the figures")
        _table(found, ranked)
        facts = {"steps": f"{setting.steps:,}", "images": f"{outcomes[0].images:,}", "base": si(setting.base_macs), "target": si(round(setting.target_macs), "MACs")}
        st.caption(texts.text("search", "ranking_alone", **facts) if ranked.spread is None else
                   texts.text("search", "ranking", **facts, spread=f"{ranked.spread:.4f}", freedom=f"{ranked.freedom}"))
    for problem in found.problems:
        st.caption(f":material/info: {html.plain(problem)}")
    with st.expander("What this can and cannot show, and how others join in"):
        st.markdown(texts.text("search", "proxy"))
        st.markdown(texts.text("search", "join"))
        st.code(f"python -m effnet_core search --study {name}", language="bash", wrap_lines=True)
    return not found.is_complete and not found.running


def _verdict(found) -> None:
    from effnet_core.search import searching

    ranked = settings.ranking(found.setting, found.outcomes)
    words = html.plain(searching.verdict(found.setting, found))
    if found.is_complete and ranked.is_sure:
        st.success(words, icon=":material/check_circle:")
    else:
        st.info(words + ("" if found.is_complete else " The search is not over."), icon=":material/balance:")


def _table(found, ranked) -> None:
    facts = {outcome.coefficients: outcome for outcome in found.outcomes}
    rows = []
    for place in ranked.places:
        outcome = facts[place.key]
        own = sorted((row.seed, row.accuracy) for row in found.outcomes if row.coefficients == place.key)
        sure = place.low is not None
        rows.append((settings.title(place.key), f"{outcome.macs / found.setting.base_macs:.2f}", f"{outcome.side}", " · ".join(percent(accuracy) for _, accuracy in own),
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
        leader = f", leading: {settings.title(ranked[0].key)}" if ranked else ""
        at_work = at_work or bool(found.running)
        said = f"{found.done} of {found.total} trials on {found.setting.data}{leader}; {results.ago(found.latest)}"
        can = not found.is_complete and not at_work
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
