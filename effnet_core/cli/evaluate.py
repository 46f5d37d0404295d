"""`evaluate b0-imagenette imagenette`, `evaluate CHECKPOINT DATA`: top-1, top-5, every class and the confusion matrix on held-out images."""

import argparse
import json
from dataclasses import replace

from ..errors import UserError
from ..scaling import check_count
from .fetch import Printer
from .train import use_threads


def add(commands) -> None:
    parser = commands.add_parser("evaluate", help="the accuracy of a checkpoint on held-out data")
    parser.add_argument("checkpoint", help="the name of a model, such as b0-imagenette, or a file of weights")
    parser.add_argument("data", help="what it is judged on: scenes, imagenette, data kept by the app, or a folder of class folders or its archive")
    parser.add_argument("--images", type=int, help="held-out images (default: all photos, or 5000 scenes)")
    parser.add_argument("--side", type=int, help="evaluate at this side instead of the model's own, pixels")
    parser.add_argument("--device", default="cpu", help="cpu (the default), cuda or mps")
    parser.add_argument("--threads", type=int, help="of the processor (default: all usable cores)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from .. import devices, models
    from ..data import pictures
    from ..learning import evaluation  # with torch: seconds, hence only here
    from ..speed.output import Output

    use_threads(args.threads)
    check_count("The number of held-out images", 5000 if args.images is None else args.images, evaluation.IMAGES_RANGE)
    device = devices.find_device(args.device).key
    pretrained = models.load(args.checkpoint, on_progress=Printer())
    prepared = pretrained.preprocess if args.side is None else _at(pretrained.preprocess, args.side)
    held_out = pictures.held_out(args.data, prepared)
    evaluation.check_labels(pretrained.labels, held_out)
    if held_out.images is not None and args.images is not None and args.images > held_out.images:
        raise UserError(f"{args.images:,} images were asked for, and {held_out.name} holds out {held_out.images:,}.")
    wanted = args.images or held_out.images or 5000
    judged = evaluation.evaluate(Output(pretrained.network.to(device)), held_out, wanted, device)
    record = {"name": pretrained.name, "data": held_out.name, "side": prepared.crop, "labels": list(held_out.labels), **judged.to_dict()}
    print(json.dumps(record) if args.json else table(record))


def _at(preprocess, side: int):
    return replace(preprocess, resize=round(preprocess.resize * side / preprocess.crop), crop=side)


def table(record: dict) -> str:
    """Rows are what an image shows, columns what it was called."""
    width = max(map(len, record["labels"])) + 4
    lines = [f"{record['name']}: top-1 {record['accuracy']:.2%}, top-5 {record['top5']:.2%} of {record['images']:,} held-out images of "
             f"{record['data']} at {record['side']} px", ""]
    lines.append(f"{'':<{width}}{'right':>8}  called " + "".join(f"{i:>6}" for i in range(len(record["labels"]))))
    for i, (label, share, row) in enumerate(zip(record["labels"], record["per_class"], record["confusion"])):
        recall = "none" if share is None else f"{share:.1%}"
        lines.append(f"{i:>2} {label:<{width - 3}}{recall:>8}         " + "".join(f"{count or '·':>6}" for count in row))
    return "\n".join(lines)
