"""`evaluate CHECKPOINT scenes`: top-1, every class and the confusion matrix on held-out data."""

import argparse
import json

from ..scaling import check_count
from .train import use_threads


def add(commands) -> None:
    parser = commands.add_parser("evaluate", help="the accuracy of a checkpoint on held-out data")
    parser.add_argument("checkpoint", help="the name of a model, or a .safetensors file")
    parser.add_argument("data", help="what it is judged on: scenes")
    parser.add_argument("--images", type=int, default=5000, help="held-out images (default 5000)")
    parser.add_argument("--threads", type=int, help="of the processor (default: all usable cores)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from .. import checkpoints, datasets, evaluation  # with torch: seconds, hence only here

    use_threads(args.threads)
    check_count("The number of held-out images", args.images, evaluation.IMAGES_RANGE)
    pretrained = checkpoints.load(args.checkpoint)
    data = datasets.dataset(args.data, pretrained.network.architecture.input.height, 0)
    evaluation.check_labels(pretrained.labels, data)
    judged = evaluation.evaluate(pretrained.network, data.held_out, args.images)
    record = {"name": pretrained.name, "data": data.name, "labels": list(data.labels), **judged.to_dict()}
    print(json.dumps(record) if args.json else table(record))


def table(record: dict) -> str:
    """Rows are what an image shows, columns what it was called."""
    width = max(map(len, record["labels"])) + 4
    lines = [f"{record['name']}: {record['accuracy']:.2%} of {record['images']:,} held-out images of {record['data']}", ""]
    lines.append(f"{'':<{width}}{'right':>8}  called " + "".join(f"{i:>6}" for i in range(len(record["labels"]))))
    for i, (label, share, row) in enumerate(zip(record["labels"], record["per_class"], record["confusion"])):
        recall = "none" if share is None else f"{share:.1%}"
        lines.append(f"{i:>2} {label:<{width - 3}}{recall:>8}         " + "".join(f"{count or '·':>6}" for count in row))
    return "\n".join(lines)
