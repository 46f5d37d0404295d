"""`inspect photo.jpg`: what a model says of a photo, and what its squeeze-and-excitation units let through."""

import argparse
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from .. import files
from ..errors import UserError
from ..palette import percent
from ..photos import MAX_BYTES
from ..scaling import check_count
from .fetch import Printer

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..checkpoints import Pretrained
    from ..inside.inspection import Inspection


EYE = 384  # of the photo in a report, pixels


def add(commands) -> None:
    parser = commands.add_parser("inspect", help="what a model sees in a photo")
    parser.add_argument("photo", type=Path, help="a JPEG, PNG, WebP, GIF, BMP or TIFF file")
    parser.add_argument("--model", help="the name of a model, such as imagenet-b0, or a file of weights (default: the best one that comes "
                                        "with the app)")
    parser.add_argument("--top", type=int, default=5, help="how many guesses (default 5)")
    parser.add_argument("--npz", type=Path, metavar="FILE", help="also write gates, z and all activations, for numpy.load")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write every gate of every block as a table")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a report with pictures that opens offline in any browser")
    parser.add_argument("--unit", default="head", help="the unit that the report opens, such as stages.4.1 (default: head)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    check_count("The number of guesses", args.top, (1, 1_000_000))
    record = _inspect(args)
    print(json.dumps(record) if args.json else table(record))


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)  # one more than is accepted, so that the decoder can refuse
    except OSError as failed:
        raise UserError(f"{path} could not be read ({failed.strerror or failed}); name a photo file.") from failed


def _inspect(args: argparse.Namespace) -> dict:
    data = _read(args.photo)
    from .. import cards, models, photos  # seconds for torch, hence only here
    from ..inside import inspection

    image, model = photos.decode(data), models.load(args.model or cards.best_bundled(), on_progress=Printer())
    unit = model.network.architecture.unit_of(args.unit) if args.html else None  # refused before anything is computed
    seen = inspection.inspect(model, model.preprocess.tensor(image))
    squeezed = {layer.id.removesuffix(".se"): layer.squeeze for layer in model.network.architecture.layers if layer.operator == "se"}
    blocks = [{"id": block, "channels": len(gates), "squeezed": squeezed[block], **inspection.spread(gates)._asdict()}
              for block, gates in seen.gates.items()]
    return {"photo": str(args.photo), "size": list(image.size), "model": model.name, "trained": model.card["trained"] is True,
            "side": model.preprocess.crop, "guesses": [guess._asdict() for guess in seen.top(args.top)], "uncertainty": seen.uncertainty,
            "blocks": blocks, "files": _write(args, model, seen, image, unit)}


def _write(args: argparse.Namespace, model: "Pretrained", seen: "Inspection", image: "Image", unit: str | None) -> list[str]:
    """The files that were asked for; their paths."""
    from ..export import recordings

    if args.npz:
        with files.replacing(args.npz) as file:
            recordings.write_npz(file, recordings.arrays(seen), recordings.head(model, seen, args.photo.name))
    if args.csv:
        files.write(args.csv, recordings.gates_csv(seen).encode())
    if args.html:
        files.write(args.html, _report(args.photo.name, model, seen, image, unit).encode())
    return [str(path) for path in (args.npz, args.csv, args.html) if path]


def _report(title: str, model: "Pretrained", seen: "Inspection", image: "Image", unit: str) -> str:
    from ..figures import inside_report
    from ..inside.inspection import open_unit

    eye, file, trained = image.convert("RGB"), io.BytesIO(), model.card["trained"] is True
    eye.thumbnail((EYE, EYE))
    eye.save(file, "JPEG", quality=88)
    opened = open_unit(model, seen, unit) if unit != "classifier" else None
    facts = [("Model", model.name), ("Network", model.network.architecture.name), ("Classes", f"{len(model.labels):,}"),
             ("Weights", "trained" if trained else "random")]
    stamp = "" if trained else "untrained weights"
    return inside_report.report(inside_report.Seen(model, seen, seen, title, file.getvalue(), model.preprocess.view(image), opened, stamp), facts)


def table(record: dict) -> str:
    """What a person wants to see of the JSON object."""
    width, height = record["size"]
    lines = [f"{record['photo']}, {width} × {height} pixels, seen as {record['side']} × {record['side']} by {record['model']}"
             + ("" if record["trained"] else " (untrained: random weights)"), ""]
    lines += [f"  {percent(guess['probability']):>8}  {guess['label']}" for guess in record["guesses"]]
    lines.append(f"  uncertainty {percent(record['uncertainty'])} (entropy, of that of blind guessing)")
    lines += ["", *(f"written: {path}" for path in record["files"])] if record["files"] else []
    if not record["blocks"]:
        return "\n".join([*lines, "", "This network has no squeeze-and-excitation, hence no gates."])
    lines += ["", f"{'gates of block':<18}{'channels':>9}{'through':>9}{'mean':>8}{'std':>8}{'least':>8}{'greatest':>10}"
                  f"{'< 0.1':>9}{'> 0.9':>9}"]
    lines += [f"{row['id']:<18}{row['channels']:>9,}{row['squeezed']:>9}{row['mean']:>8.3f}{row['std']:>8.3f}{row['least']:>8.3f}"
              f"{row['greatest']:>10.3f}{percent(row['closed']):>9}{percent(row['open']):>9}" for row in record["blocks"]]
    return "\n".join(lines)
