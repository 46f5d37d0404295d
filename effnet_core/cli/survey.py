"""`survey b0-imagenette imagenette`: what a model's gates do in every class of a data set, and what excites each channel most."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from ..scaling import check_count
from .events import Events, Tell, add_answers, answer
from .train import use_threads

STEP_S = 0.5  # between two events about how far it is


def add(commands) -> None:
    parser = commands.add_parser("survey", help="the gates of a model in every class of a data set, and what excites each channel")
    parser.add_argument("model", help="its name, such as b0-imagenette, or a file of weights")
    parser.add_argument("data", help="scenes, imagenette, data kept by the app, or a folder of class folders or its archive; what it "
                                     "holds out is looked at")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images (default: all photos, or 5000 scenes)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the gates' statistics, without places in images, as .npz")
    parser.add_argument("--again", action="store_true", help="even if it has been made before")
    parser.add_argument("--threads", type=int, help="of the processor (default: all usable cores)")
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    return answer(args, _do, _teller, table, "Stopped; nothing was kept.")


def _teller(events: Events) -> Tell:
    """At most one event every half second, but every phase from its beginning to its end."""
    start, said = time.monotonic(), ("", 0.0)

    def tell(phase: str, done: int, total: int | None) -> None:
        nonlocal said
        now = time.monotonic()
        if phase != said[0] or done == total or now - said[1] >= STEP_S:
            said = phase, now
            events.progress(phase=phase, done=done, total=total, fraction=done / total if total else 0.0, elapsed_s=round(now - start, 2))

    return tell


def _do(args: argparse.Namespace, tell: Tell, stopped: Callable[[], bool]) -> dict:
    limit = None if args.limit is None else check_count("The number of images", args.limit, (1, 10_000_000))
    tell("loading torch", 0, None)
    from .. import cards, models  # with torch: seconds, hence only here
    from ..inside import survey, survey_files, survey_pictures

    use_threads(args.threads)
    model = models.load(args.model)
    options = {} if args.data == "scenes" else {"on_progress": tell, "should_stop": stopped}
    pictures = survey_pictures.pictures(args.data, model.preprocess, **options)
    weights = survey_files.digest(cards.find(args.model))
    path = survey_files.place(weights, pictures.name, limit)
    before = None if args.again else survey_files.load(path)
    if before is None or before.gates.head["data"]["fingerprint"] != pictures.fingerprint:
        before = survey.survey(model, pictures, limit, facts={"weights": weights}, tell=lambda done, total: tell("looking", done, total),
                               should_stop=stopped)
        survey_files.save(path, before)
    if args.out is not None:
        survey_files.save(args.out, survey_files.Survey(before.gates, None))
    return record_of(before)


def record_of(survey) -> dict:
    """JSON values: what was looked at, and of every block how far classes differ, images of a class differ, and gates saturate."""
    gates = survey.gates
    rows = [{"block": block, "channels": channels, "mean": float(gates.overall(block).mean()), "between": gates.between(block),
             "within": gates.within(block), **dict(zip(("closed", "open"), gates.shares(block)))}
            for block, channels in gates.blocks.items()]
    classes = [{"label": label, "images": int(count)} for label, count in zip(gates.labels, gates.counts)]
    return {**gates.head, "classes": classes, "gates": rows}


def table(record: dict) -> str:
    """What a person wants to see of the JSON object."""
    data = record["data"]
    lines = [f"{record['model']} on {data['images']:,} held-out images of {data['name']} at {record['side']} px", ""]
    lines.append(f"{'block':<14}{'channels':>9}{'mean gate':>11}{'between':>10}{'within':>9}{'< 0.1':>8}{'> 0.9':>8}")
    lines += [f"{row['block']:<14}{row['channels']:>9,}{row['mean']:>11.3f}{row['between']:>10.4f}{row['within']:>9.4f}"
              f"{row['closed']:>8.1%}{row['open']:>8.1%}" for row in record["gates"]]
    if not record["gates"]:
        lines.append("This network has no squeeze-and-excitation, hence no gates.")
    return "\n".join([*lines, "", "between: standard deviation over classes of the mean gate; within: that over the images of one class."])
