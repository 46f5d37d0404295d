"""`train --steps 1000 --name my-scenes`: a small EfficientNet learns the procedural scenes, in minutes on two cores."""

import argparse
import json
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import psutil

from .. import machine
from ..errors import UserError
from ..families import SCENES, small
from ..scaling import Scaling, check_count
from .events import serve

THREADS_RANGE = (1, 1024)
CURVE = 200  # points of the loss that a card keeps
MOMENTUM = 0.1  # of batch norm: a run of minutes cannot wait for the reference's 0.01


def add(commands) -> None:
    parser = commands.add_parser("train", help="train a small model on procedural scenes")
    parser.add_argument("--data", default="scenes", help="what to learn (default scenes)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="how long, in steps (default 1000)")
    length.add_argument("--seconds", type=float, help="how long, in seconds; the steps that fit are tried out first")
    parser.add_argument("--width", type=float, default=SCENES.width, help=f"factor on every channel count (default {SCENES.width:g})")
    parser.add_argument("--depth", type=float, default=SCENES.depth, help=f"factor on every stage's blocks (default {SCENES.depth:g})")
    parser.add_argument("--side", type=int, default=SCENES.side, help=f"of the images, pixels (default {SCENES.side})")
    parser.add_argument("--dropout", type=float, default=SCENES.dropout, help=f"before the classifier (default {SCENES.dropout:g})")
    parser.add_argument("--batch", type=int, help="images per step (default 32)")
    parser.add_argument("--learning-rate", type=float, help="at the peak of its cycle (default 0.008)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, scenes and dropout (default 0)")
    parser.add_argument("--held-out", type=int, default=2000, help="images for the final accuracy (default 2000)")
    parser.add_argument("--precision", choices=("float32", "float16"), default="float16", help="of the stored weights")
    parser.add_argument("--threads", type=int, help="of the processor (default: all usable cores)")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--name", default="my-scenes", help="of the model, which the app then offers (default my-scenes); replaces an older one")
    place.add_argument("--out", type=Path, help="a .safetensors file to write instead")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON object at the end")
    shape.add_argument("--events", action="store_true", help="JSON lines while it runs; ends on the line stop, or the end, of its input")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    if args.events:
        return serve(lambda events: _train(args, lambda event: events.progress(**event), events.stopped))
    record = _train(args, (lambda event: None) if args.json else _print, _interrupted())
    print(json.dumps(record) if args.json else _summary(record))
    return None


def _interrupted() -> Callable[[], bool]:
    """Ctrl-C asks to stop; a second one ends the program as usual."""
    asked = threading.Event()

    def ask(*_) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, ask)
    return asked.is_set


def use_threads(wanted: int | None) -> int:
    """Gives torch `wanted` threads, or all usable cores where neither that nor the environment says less; returns how many."""
    import torch

    threads = min(torch.get_num_threads(), machine.cores()) if wanted is None else wanted
    torch.set_num_threads(check_count("The number of threads", threads, THREADS_RANGE))
    return threads


def _train(args: argparse.Namespace, tell: Callable[[dict], None], should_stop: Callable[[], bool]) -> dict:
    tell({"phase": "loading torch"})
    import torch  # seconds, hence only here

    from .. import checkpoints, contention, evaluation, network, pacing, training

    threads = use_threads(args.threads)
    machine.keep_freed_memory()
    path = checkpoints.path_of(args.name) if args.out is None else _file(args.out)
    data, architecture, recipe = _plan(args)
    learner = network.build(architecture, momentum=MOMENTUM, seed=recipe.seed)
    training.start_gently(learner, recipe.seed)
    if args.seconds is not None:
        tell({"phase": "finding the pace"})
        recipe = pacing.within(args.seconds, learner, data, recipe)
    curve: list[dict] = []

    def hear(event: dict) -> None:
        curve.append({key: round(event[key], 4) for key in ("step", "loss", "accuracy") if key in event})
        tell(event)

    def save(judged: network.Network, verdict: evaluation.Evaluation, **facts: object) -> dict:
        card = checkpoints.make_card(
            path.stem, judged, data.labels, data.preprocess, trained=True, **facts, evaluation=verdict.to_dict(),
            data={"name": data.name, "side": data.side, "seed": data.seed}, recipe=asdict(recipe), momentum=MOMENTUM,
            threads=threads, torch=torch.__version__, machine=machine.describe(), date=datetime.now(UTC).isoformat(timespec="seconds"))
        checkpoints.save(path, judged, card, args.precision)
        return card

    def keep(judged: network.Network, step: int, verdict: evaluation.Evaluation) -> None:
        save(judged, verdict, steps=step, finished=False)
        tell({"step": step, "steps": recipe.steps, "checkpoint": path.stem})

    before = contention.read()
    result = training.train(learner, data, recipe, on_event=hear, should_stop=should_stop, on_evaluation=keep)
    conditions = contention.between(before, contention.read())
    tell({"phase": "judging what is stored"})
    stored = checkpoints.load(path).network  # with the rounding of its precision
    verdict = evaluation.evaluate(stored, data.held_out, recipe.held_out_images if result.stopped else args.held_out)
    since_start = time.time() - psutil.Process().create_time()
    card = save(stored, verdict, steps=result.steps, finished=not result.stopped, seconds=round(result.seconds, 1),
                seconds_since_start=round(since_start, 1), conditions=conditions, curve=thinned(curve))
    return {"name": path.stem, "file": str(path), "accuracy": verdict.accuracy, "stopped": result.stopped, "card": card}


def thinned(curve: list[dict]) -> list[dict]:
    """All accuracies, and at most `CURVE` of the losses, evenly spaced."""
    losses = [row for row in curve if "accuracy" not in row]
    kept = {id(row) for row in losses[:: -(-len(losses) // CURVE) or 1]}
    return [row for row in curve if "accuracy" in row or id(row) in kept]


def _plan(args: argparse.Namespace) -> tuple:
    """The data, the architecture and the recipe that `args` describe. Raises `UserError` where they are impossible."""
    from .. import datasets, evaluation, pacing, training

    data = datasets.dataset(args.data, args.side, args.seed)
    architecture = small(Scaling(args.depth, args.width, args.side, args.dropout), len(data.labels))
    given = {"steps": args.steps, "batch": args.batch, "learning_rate": args.learning_rate, "seed": args.seed}
    recipe = training.Recipe(**{key: value for key, value in given.items() if value is not None})
    check_count("The number of held-out images", args.held_out, evaluation.IMAGES_RANGE)
    pacing.check_memory(architecture, recipe.batch)
    return data, architecture, recipe


def _file(path: Path) -> Path:
    if path.suffix != ".safetensors" or path.is_dir():
        raise UserError(f"{path.name!r} cannot be written as a checkpoint; give a file name that ends in .safetensors.")
    return path


def _print(event: dict) -> None:
    if "phase" in event:
        print(event["phase"], flush=True)
    elif "accuracy" in event:
        print(f"{event['step']:>7} of {event['steps']} steps: {event['accuracy']:.1%} of {event['held_out_images']} held-out images",
              flush=True)


def _summary(record: dict) -> str:
    card, verdict = record["card"], record["card"]["evaluation"]
    return (f"{verdict['accuracy']:.2%} of {verdict['images']:,} held-out images after {card['steps']:,} steps and {card['seconds']:.0f} s "
            f"({card['seconds_since_start']:.0f} s since the start) on {card['threads']} threads; stored as {record['file']}")
