"""Pretrain: a small EfficientNet learns procedural scenes, live; its model can be opened at once."""

import streamlit as st

from effnet_core.cost import cost
from effnet_core.families import SCENES
from effnet_core.figures import curves
from effnet_core.jobs import Job
from effnet_core.palette import percent, si
from pages.shared import html, shell, state, texts, training, work
from pages.shared.training import PLAIN, RATES, Wish

MOST = 20  # models in the table


def wishes() -> Wish:
    st.markdown("#### What to train")
    seconds = st.segmented_control("How long", list(training.DURATIONS), default=training.DURATION, required=True, format_func=training.DURATIONS.get, key="seconds",
                                   width="stretch", wrap=True, persist_state="session",
                                   help="The number of steps that fit into this time is found by a short trial before the start.")
    name = st.text_input("Name of the model", training.suggested_name(), max_chars=64, help="Small letters, digits and hyphens.")
    with st.expander("More settings"):
        width = st.slider("Width factor, on every channel count", 0.25, 1.0, SCENES.width, 0.05, key="width", persist_state="session")
        depth = st.slider("Depth factor, on every stage's blocks", 0.5, 2.0, SCENES.depth, 0.25, key="depth", persist_state="session")
        rate = st.select_slider("Learning rate at its peak", RATES, 0.008, key="rate", persist_state="session")
        seed = st.number_input("Seed", 0, 9999, 0, key="seed", persist_state="session")
    return Wish(name, seconds, width, depth, rate, seed)


def network_of(wish: Wish) -> None:
    network = wish.network
    shell.strip(network)
    total = cost(network)
    html.tiles([html.Tile("Parameters", si(total.params), f"{total.params:,}"), html.Tile("MACs per image", si(total.macs), f"{total.macs:,}"),
                html.Tile("Image side", f"{network.scaling.side} px", f"{len(network.blocks)} blocks")], "network")
    st.caption(texts.text("pretrain", "network"))


def scenes() -> None:
    st.markdown("#### What there is to learn")
    with st.container(key="scenes"):
        shell.boot_torch()
        columns = st.columns(10, gap="small")
        for column, (label, picture) in zip(columns, training.sheet(144, 3)):
            column.image(picture, caption=label, width="stretch", alt=f"A scene of the class {label}")
    st.caption(texts.text("pretrain", "scenes"))


def course(job: Job | None) -> None:
    """What the latest training of this visit is doing, or how it ended."""
    queue = work.trainings()
    if refused := training.refusal():
        st.warning(html.plain(refused), icon=":material/info:")
    if job is None:
        recorded()
    elif job.active:
        work.watch(queue, job, lambda: (work.bar(queue, job, training.step), training.live(job)))
    else:
        ending(job)
        training.live(job)


def recorded() -> None:
    """Until there is a training of this visit: how the bundled model learnt, which was elsewhere and says so."""
    from effnet_core import checkpoints

    st.info(texts.text("pretrain", "ready"), icon=":material/lightbulb:")
    card = checkpoints.read_card(checkpoints.find(state.CARRIED["model"]))
    verdict, made = card["evaluation"], card["machine"]
    st.caption(texts.text("pretrain", "recorded", name=card["name"], machine=made["processor"], threads=str(card["threads"]), date=card["date"][:10],
                          seconds=f"{card['seconds_since_start']:.0f}", steps=f"{card['steps']:,}", accuracy=percent(verdict["accuracy"]),
                          images=f"{verdict['images']:,}"))
    st.plotly_chart(curves.training(card["curve"], len(card["labels"]), shell.theme(), card["steps"]), theme=None, key="recorded", config=PLAIN,
                    alt="Loss and accuracy over the steps of the training of the bundled model, recorded")


def ending(job: Job) -> None:
    if job.result is None:
        st.warning(html.plain(job.error or "Stopped before anything was learnt."), icon=":material/info:")
        return
    card = job.result["card"]
    verdict = card["evaluation"]
    words = texts.text("pretrain", "stopped" if job.result["stopped"] else "finished", name=job.result["name"],
                       accuracy=percent(verdict["accuracy"]), images=f"{verdict['images']:,}", steps=f"{card['steps']:,}",
                       seconds=f"{card['seconds_since_start']:.0f} seconds", guess=percent(1 / len(card["labels"])))
    st.success(words, icon=":material/check_circle:")
    if st.button("Look inside this model", type="primary", icon=":material/visibility:", key="open"):
        state.put(model=job.result["name"])
        st.switch_page(shell.PAGES["inside"].file)


def table() -> None:
    """Every model that can be opened, bundled and trained here, with its card in short."""
    from pages.shared import models

    st.markdown("#### Models on this machine")
    shown = ("Learnt from", "Accuracy", "Size", "Trained for", "Date")
    rows = [(entry.name, dict(models.facts(entry))) for entry in models.entries() if not entry.problem]
    html.table(("Model", *shown), [(name, *(facts[fact] or "–" for fact in shown)) for name, facts in rows[:MOST]])


def confusion(job: Job | None) -> None:
    if job is None or job.result is None:
        return
    card = job.result["card"]
    st.markdown("#### What it still confuses")
    st.plotly_chart(curves.confusion(card["evaluation"]["confusion"], card["labels"], shell.theme()), theme=None, key="confusion", config=PLAIN,
                    alt="Confusion matrix of the trained model on held-out scenes")
    st.caption(texts.text("pretrain", "confusion"))


shell.require("pretrain")
queue = work.trainings()
job = work.mine(queue) or (work.adopt(queue, state.get("job")) if state.get("job") else None)
with shell.refusals():
    top = st.container()  # filled below, since its pictures wait for torch
    left, right = st.columns([2, 5], gap="large")
    with left:
        wish = wishes()
        busy = job is not None and job.active
        st.button("Start training", type="secondary" if busy else "primary", key="start", icon=":material/play_arrow:", width="stretch",
                  disabled=busy, on_click=training.start, args=(wish,))
        network_of(wish)
    with top:
        scenes()
    with right:
        course(job)
        confusion(job)
    table()
