"""How a training is shown while it waits and runs, what it would take, and what came of it."""

from pathlib import Path

import streamlit as st

from effnet_core import machine
from effnet_core.figures import curves
from effnet_core.learning import runs
from effnet_core.palette import bytes_text, percent, si
from effnet_core.work.jobs import Job

from . import growth, html, shell, texts, work
from .training import About, Wish
from .work import Step, span

PLAIN = {"displayModeBar": False}
PHASES = {"loading torch": "Loading PyTorch", "reading the saved state": "Reading what was saved",
          "finding the pace": "Finding out how fast this machine is", "judging what is stored": "Judging the stored model on held-out images"}
MATRIX = 30  # classes of which a matrix can still be read
PAIRS = 12  # most frequent mistakes, of more classes


def step(job: Job) -> Step:
    """How far a running training is."""
    now, about = job.latest("progress") or {"phase": "loading torch"}, job.about
    name = f"**{html.plain(about.name)}**"
    if "phase" in now:
        return Step(0.99 if now["phase"].startswith("judging") else 0.0, f"{name} · {_phase(now)}")
    now = next((event for event in reversed(job.events) if "seconds_left" in event), now)  # what was saved or judged since matters less
    place = f"epoch {now['epoch']:.1f} of {now['epochs']:.0f}" if "epochs" in now else f"step {now['step']:,} of {now['steps']:,}"
    return Step(now["step"] / now["steps"], f"{name} · {place}", now.get("seconds_left"))


def _phase(now: dict) -> str:
    """What a worker does before and after the steps, and how far that is."""
    words, total = PHASES.get(now["phase"], now["phase"][:1].upper() + now["phase"][1:]), now.get("total")
    if not total or now.get("unit") == "parts":
        return words
    done = f"{bytes_text(now['done'])} of {bytes_text(total)}" if now.get("unit") == "bytes" else f"{now['done']:,} of {total:,}"
    return f"{words}, {done}"


def rows(job: Job) -> list[dict]:
    """The course of a training: what its worker has said, after what an earlier one had."""
    said = [event for event in job.events if "step" in event and ("loss" in event or "accuracy" in event)]
    return [row for row in job.about.earlier if not said or row["step"] < said[0]["step"]] + said


def live(job: Job) -> None:
    """The numbers and the curves of a training so far."""
    course, about = rows(job), job.about
    losses, tests = [row for row in course if "loss" in row], [row for row in course if "accuracy" in row]
    last = losses[-1] if losses else {}
    html.tiles([
        html.Tile("Accuracy, held out", percent(tests[-1]["accuracy"]) if tests else "–", _judged(tests, about)),
        html.Tile("Loss", f"{last['loss']:.3f}" if last else "–", "mean of the last batches"),
        html.Tile("Learning rate", f"{last['lr']:.2g}" if "lr" in last else "–", "one cycle: up, then down"),
        html.Tile("Images per second", si(last["images_per_second"]) if "images_per_second" in last else "–", "training speed"),
        _place(last),
    ], "training")
    if job.active:
        st.caption(pace(job, last) or texts.text("pretrain", "pace"))
    steps = course[-1].get("steps") if course else None
    st.plotly_chart(curves.training(course, about.classes, shell.theme(), steps), theme=None, key="curves", config=PLAIN,
                    alt="Loss and accuracy over the steps of the training")


def inside(job: Job) -> None:
    """How the inside of the network of a training changes, or did."""
    growth.album(job.about.name, job.about.looks if job.active or job.state == "paused" else 0, live=job.active)


def albums() -> list[str]:
    """The trainings on this machine that can be looked back at, the latest first."""
    found = [(_time(path), path.parent.name) for path in runs.folder().glob("*/plan.json")]
    return [name for _, name in sorted(found, reverse=True) if growth.is_shown(name)]


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # removed a moment ago
        return 0.0


def recorded(card: dict) -> None:
    """The training of a model that comes with the app, from its card: where it was, its curves and its mistakes."""
    threads, processes = card["threads"], card.get("processes", 1)
    hands = f"{threads} threads" if processes == 1 else f"{processes} processes"
    words = texts.text("pretrain", "recorded", name=card["name"], machine=card["machine"]["processor"], hands=hands, date=card["date"][:10],
                       **verdict(card))
    st.caption(words)
    for note in card.get("notes", ()):
        st.caption(html.plain(note))
    st.plotly_chart(curves.training(card["curve"], len(card["labels"]), shell.theme(), card["steps"]), theme=None, key="recorded", config=PLAIN,
                    alt=f"Loss and accuracy over the steps of the training of {card['name']}, recorded")
    confusion(card)


def look_back(name: str) -> None:
    """An earlier training once more: its curves, and what became of its inside."""
    with shell.refusals():
        kept, classes = runs.run(name).kept, len(runs.run(name).album.labels)
        st.plotly_chart(curves.training(kept.get("curve", []), classes, shell.theme(), kept.get("steps")), theme=None, key="curves", config=PLAIN,
                        alt=f"Loss and accuracy over the steps of the training of {name}")
        growth.album(name)


def _judged(tests: list[dict], about: About) -> str:
    images = tests[-1].get("held_out_images") if tests else None
    return f"of {images:,} unseen {about.things}" if images else "judged again and again"


def _place(last: dict) -> html.Tile:
    if "epochs" in last:
        return html.Tile("Epoch", f"{last['epoch']:.1f}", f"of {last['epochs']:.0f}; step {last['step']:,}")
    return html.Tile("Step", f"{last['step']:,}" if last else "–", f"of about {last['steps']:,}" if "steps" in last else "one batch each")


def pace(job: Job, last: dict) -> str:
    """How long it takes at the speed so far, and the memory that it takes, once they are known."""
    if "seconds_left" not in last:
        return ""
    left, memory = last["seconds_left"], job.worker.memory if job.worker else None
    holds = f" Its process holds {bytes_text(memory)} of memory." if memory else ""
    if "epochs" not in last or last["epoch"] >= last["epochs"]:
        return holds.strip()
    total = job.seconds + left
    late = texts.text("pretrain", "too_long", limit=span(work.TRAINING_LIMIT_S)) if total > work.TRAINING_LIMIT_S else ""
    return f"At the speed so far, an epoch takes {span(left / (last['epochs'] - last['epoch']))}, and all of it {span(total)}.{holds} {late}"


# Before it starts


def estimate(wish: Wish | None) -> None:
    """What a trial is doing, or has found out, and whether that still holds for `wish`."""
    job = work.mine(work.trials())
    if job is None:
        return
    if job.active:
        work.watch(work.trials(), job, lambda: work.bar(work.trials(), job, _trying))
    elif job.result is None:
        if job.state != "stopped":
            st.warning(html.plain(job.error or "The trial ended without a result."), icon=":material/info:")
    elif wish is None or job.about != wish.settings:
        st.caption(texts.text("pretrain", "trial_old"))
    else:
        _found(wish, job.result)


def _trying(job: Job) -> Step:
    return Step(0.0, _phase(job.latest("progress") or {"phase": "loading torch"}))


def _found(wish: Wish, found: dict) -> None:
    speed = f"{si(found['images_per_second'])} images a second"
    memory = f"{bytes_text(round(found['memory_bytes']))} of memory; {bytes_text(machine.memory_available())} are free"
    if wish.epochs is None:
        facts = {"Speed": speed, "In that time": f"{si(found['images_per_second'] * max(0.0, wish.seconds - found['evaluation_seconds']))} images", "Memory": memory}
    else:
        facts = {"Speed": speed, "An epoch": f"{span(found['seconds_per_epoch'])}, {found['images_per_epoch']:,} photos",
                 "All of it": f"{span(found['seconds'])}, {span(found['evaluation_seconds'])} of it judging", "Memory": memory}
    html.facts(facts.items())
    st.caption(texts.text("pretrain", "trial"))
    if found["seconds"] > work.TRAINING_LIMIT_S:
        st.warning(texts.text("pretrain", "trial_long", total=span(found["seconds"]), limit=span(work.TRAINING_LIMIT_S)), icon=":material/info:")


# Afterwards


def verdict(card: dict) -> dict[str, str]:
    """What a text about a trained model's accuracy needs."""
    judged, classes = card["evaluation"], len(card["labels"])
    five = f", and for {percent(judged['top5'])} the right class is among its first five guesses (top-5)" if classes > 5 and "top5" in judged else ""
    return {"accuracy": percent(judged["accuracy"]), "images": f"{judged['images']:,}", "guess": percent(1 / classes), "five": five,
            "steps": f"{card['steps']:,}", "time": span(card["seconds_since_start"]),
            "things": "scenes" if card["data"]["name"] == "scenes" else "photos"}


def confusion(card: dict) -> None:
    """Which classes a trained model takes for which."""
    counts, labels = card["evaluation"]["confusion"], card["labels"]
    thing = "scene" if card["data"]["name"] == "scenes" else "photo"
    st.markdown("#### What it still confuses")
    if len(labels) <= MATRIX:
        st.plotly_chart(curves.confusion(counts, labels, shell.theme(), thing), theme=None, key="confusion", config=PLAIN,
                        alt=f"Confusion matrix of the trained model on held-out {thing}s")
        st.caption(texts.text("pretrain", "confusion", thing=thing))
        return
    pairs = sorted(((count, i, j) for i, row in enumerate(counts) for j, count in enumerate(row) if i != j and count), reverse=True)[:PAIRS]
    html.table((f"The {thing} shows", "the network says", "times"), [(labels[i], labels[j], f"{count:,} of {sum(counts[i]):,}") for count, i, j in pairs])
    st.caption(texts.text("pretrain", "mistakes"))
