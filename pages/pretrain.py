"""Pretrain: a network learns scenes or photos, live; a trained one is fine-tuned; what is paused goes on; every model can be opened."""

import streamlit as st

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.learning import recipes, runs
from effnet_core.palette import percent, si
from effnet_core.work.jobs import Job
from pages.shared import data, html, learning, networks, results, shelf, shell, state, texts, training, work
from pages.shared.data import Chosen
from pages.shared.networks import Learner
from pages.shared.training import Wish

MOST = 20  # models in the table
TRAINING_POLL_S = 1.0  # between two looks at one that runs
EPOCHS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100)
RATES = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
BATCHES = (4, 8, 16, 32, 64, 128)
NOT_YET = {"imagenette": Chosen("imagenette", 10, 10_000), "own": Chosen("photos", 10, 0)}  # what is known before the photos are there
FEW = 1000  # photos, below which a training has more epochs
LIGHT = "light"  # as the recipe for photos has it
AUGMENTATIONS = {"none": "None", LIGHT: "Light", "strong": "Strong"}


def wishes(chosen: Chosen | None) -> tuple[Wish | None, Learner | None]:
    """The settings, None while there is no data or no network; and the network."""
    st.markdown("#### What learns, and for how long")
    known = chosen or NOT_YET[data.kind()]  # so that all else can be set already
    main, length = st.container(), st.container()
    more = st.expander("More settings")
    learner = networks.choose(known, data.kind(), main, more)
    tuned = networks.kind(data.kind()) == "tuned"
    with length:
        seconds, epochs = _length(known, tuned)
        name = training.name(known)
    with more:
        rest = _more(known, tuned and st.session_state.get("tuned_what") == "all")
    return None if chosen is None or learner is None else Wish(name, chosen, learner, seconds, epochs, *rest), learner


def _length(chosen: Chosen, tuned: bool) -> tuple[int | None, int | None]:
    if chosen.is_scenes:
        return st.segmented_control("How long", list(training.DURATIONS), default=training.DURATION, required=True, key="seconds",
                                    format_func=training.DURATIONS.get, width="stretch", wrap=True, persist_state="session",
                                    help=texts.text("pretrain", "seconds")), None
    few = (chosen.images or 0) < FEW
    usual = (10 if few else 5) if tuned else (30 if few else 10)
    return None, st.select_slider("Epochs, rounds through all photos", EPOCHS, usual, key=f"epochs_{usual}", persist_state="session")


def _more(chosen: Chosen, gentle: bool) -> tuple[float, int, int, str | None, str]:
    recipe = recipes.preset("scenes" if chosen.is_scenes else "photos").recipe
    usual = float(f"{recipe.learning_rate * (recipes.GENTLER if gentle else 1):.3g}")
    rate = st.select_slider("Learning rate at its peak", sorted({*RATES, usual}), usual, key=f"rate_{usual:g}", persist_state="session",
                            format_func=lambda rate: f"{rate:g}")
    most = recipe.batch if chosen.is_scenes else min(recipe.batch, chosen.images // 4)
    size = next((size for size in reversed(BATCHES) if size <= most), BATCHES[0])
    batch = st.select_slider("Batch, images per step", BATCHES, size, key=f"batch_{size}", persist_state="session")
    augment = None
    if not chosen.is_scenes:
        augment = st.segmented_control("Augmentation, random changes of the photos", list(AUGMENTATIONS), default=LIGHT, required=True,
                                       format_func=AUGMENTATIONS.get, key="augment", width="stretch", persist_state="session",
                                       help=texts.text("pretrain", "augmentation"))
    seed = st.number_input("Seed", 0, 9999, 0, key="seed", persist_state="session")
    devices = results.devices().names
    device = st.selectbox("Runs on", list(devices), format_func=devices.get, key="training_device", persist_state="session") if len(devices) > 1 else "cpu"
    return rate, batch, seed, None if augment == LIGHT else augment, device


def network_of(learner: Learner) -> None:
    network = learner.architecture
    shell.strip(network)
    total = cost(network)
    html.tiles([html.Tile("Parameters", si(total.params), f"{total.params:,}"), html.Tile("MACs per image", si(total.macs), f"{total.macs:,}"),
                html.Tile("Image side", f"{network.scaling.side} px", f"{len(network.blocks)} blocks, {network.classes:,} classes")], "network")
    st.caption(texts.text("pretrain", "network"))


def impossible(wish: Wish) -> str | None:
    """Why this training cannot be, as far as that is known before anything is tried."""
    if wish.device != "cpu":  # whose memory the worker looks at
        return None
    shell.boot_torch()
    from effnet_core.learning import pacing

    try:
        pacing.check_memory(wish.learner.architecture, wish.batch)
    except UserError as refused:
        return str(refused)
    return None


def buttons(wish: Wish | None, busy: bool) -> None:
    problem = None if wish is None else impossible(wish)
    stuck = wish is None or problem is not None
    st.button("Start training", type="secondary" if busy else "primary", key="start", icon=":material/play_arrow:", width="stretch",
              disabled=busy or stuck, on_click=training.start, args=(wish,))
    trial = work.mine(work.trials())
    st.button("Try it out first", key="try_out", icon=":material/timer:", width="stretch", on_click=training.try_out, args=(wish,),
              disabled=busy or stuck or trial is not None and trial.active, help=texts.text("pretrain", "try_out"))
    if problem:
        st.warning(html.plain(problem), icon=":material/info:")
    elif wish is None:
        st.caption(texts.text("pretrain", "nothing_yet"))
    learning.estimate(wish)


def course(job: Job | None) -> None:
    """What the latest training of this visit is doing, or how it ended."""
    queue = work.trainings()
    if refused := training.refusal():
        st.warning(html.plain(refused), icon=":material/info:")
    if job is None:
        recorded()
    elif job.active:
        work.watch(queue, job, lambda: (work.bar(queue, job, learning.step, pausable=True), learning.live(job)), every=TRAINING_POLL_S)
    else:
        ending(job)
        learning.live(job)
        if job.result and "card" in job.result:
            learning.confusion(job.result["card"])
    if job is not None:
        learning.inside(job)


def recorded() -> None:
    """Until there is a training of this visit: how the bundled models learnt, which was elsewhere and says so, and others on this machine."""
    st.info(texts.text("pretrain", "ready"), icon=":material/lightbulb:")
    kind = data.kind()
    cards = {entry.name: entry.card for entry in shelf.entries() if entry.bundled and entry.card.get("curve")}
    alike = sorted(cards, key=lambda name: (cards[name]["data"]["name"] == "scenes") != (kind == "scenes"))
    names, key = [*alike, *learning.albums()], f"look_back_{kind}"
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)
    name = st.selectbox("Look back at the training of", names, key=key, persist_state="session")
    if name in cards:
        learning.recorded(cards[name])
    else:
        learning.look_back(name)


def ending(job: Job) -> None:
    name, reason = job.about.name, f"{job.error} " if job.error else ""
    if job.state == "paused":
        st.info(html.plain(reason) + texts.text("pretrain", "paused", name=html.plain(name)), icon=":material/pause_circle:")
        st.button("Go on", type="primary", icon=":material/play_arrow:", key="go_on", on_click=training.resume, args=(name,))
        return
    if job.result is None:
        st.warning(html.plain(job.error or "Stopped before anything was learnt."), icon=":material/info:")
        return
    card = job.result["card"]
    words = texts.text("pretrain", "stopped" if job.result["stopped"] else "finished", name=html.plain(name), **learning.verdict(card))
    st.success(html.plain(reason) + words, icon=":material/check_circle:")
    if st.button("Look inside this model", type="primary", icon=":material/visibility:", key="open"):
        state.put(model=name)
        shell.go("inside")


def unfinished(job: Job | None) -> None:
    """Trainings that were paused or interrupted, with how far they are; each can go on, or go. The one that is shown as `job` is left out."""
    shown = job.about.name if job is not None and job.active else None
    found = [standing for standing in runs.unfinished() if standing.name != shown]
    if found:
        st.markdown("#### Unfinished trainings")
    for standing in found:
        _unfinished(standing)


def _unfinished(standing: runs.Standing) -> None:
    name, busy = standing.name, standing.running or training.active_job(standing.name) is not None
    foreign = training.belongs_to_another(name)
    whose = " · at work now" if busy else " · of another visitor who is here" if foreign else ""
    words, go_on, drop = st.columns([5, 2, 2], gap="small", vertical_alignment="center")
    words.markdown(f"**{html.plain(name)}**{whose}  \n{_progress(standing)}")
    go_on.button("Resume", key=f"resume_{name}", icon=":material/play_arrow:", on_click=training.resume, args=(name,), width="stretch",
                 disabled=busy or foreign or not standing.resumable)
    with drop.popover("Remove", icon=":material/delete:", disabled=busy or foreign, width="stretch"):
        st.markdown(texts.text("pretrain", "remove_run", name=html.plain(name)))
        st.button("Remove for good", key=f"remove_{name}", type="primary", on_click=training.remove, args=(name,))


def _progress(standing: runs.Standing) -> str:
    if standing.problem:
        return html.plain(standing.problem)
    right = "" if standing.accuracy is None else f", {percent(standing.accuracy)} of held-out images right"
    return (f"{html.plain(standing.network)} on {html.plain(standing.data)}: {standing.step:,} of {standing.steps:,} steps, "
            f"{percent(standing.step / max(1, standing.steps))}{right}; saved {results.ago(standing.time)}")


def table() -> None:
    """Every model that can be opened, bundled and trained here, with its card in short."""
    st.markdown("#### Models on this machine")
    shown = ("Learnt from", "Accuracy", "Size", "Trained for", "Date")
    rows = [(entry.name, dict(shelf.facts(entry))) for entry in shelf.entries() if not entry.problem]
    html.table(("Model", *shown), [(name, *(facts[fact] or "–" for fact in shown)) for name, facts in rows[:MOST]])
    if names := training.removable():
        if st.session_state.get("model_to_remove") not in names:
            st.session_state.pop("model_to_remove", None)
        with st.popover("Remove a model", icon=":material/delete:"):
            name = st.selectbox("Model", names, key="model_to_remove")
            st.markdown(texts.text("pretrain", "remove_model"))
            st.button("Remove for good", key="remove_model", type="primary", on_click=training.remove_model, args=(name,))


shell.require("pretrain")
queue = work.trainings()
job = work.mine(queue) or (work.adopt(queue, state.get("job")) if state.get("job") else None)
with shell.refusals():
    top = st.container()
    left, right = st.columns([2, 5], gap="large")
    with top:
        chosen, draw = data.choose()
    settings, below, picture = left.container(), left.container(), left.container()
    wish = learner = None
    with settings, shell.refusals():
        wish, learner = wishes(chosen)
    if learner is not None:
        with picture:
            network_of(learner)
    draw()  # after the controls are there, since these pictures may wait for torch
    with below:
        buttons(wish, job is not None and job.active)
    with right:
        course(job)
        unfinished(job)
    table()
