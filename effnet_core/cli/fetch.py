"""`fetch imagenet-b0`, `fetch --list`, `fetch --file own.pth --name my-model`: published weights, and files of one's own."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..cache import cache_folder
from ..errors import UserError
from ..palette import bytes_text
from ..weights.registry import DEFAULTS, ROWS
from .events import add_answers, serve

if TYPE_CHECKING:
    from ..preprocess import Preprocess
    from ..weights.foreign import Foreign

STEP = 0.1  # of a download, between two lines about how far it is
OnProgress = Callable[[int, int, str], None]


def add(commands) -> None:
    parser = commands.add_parser(
        "fetch", help="published ImageNet weights, or a file of your own, as a model of this app",
        epilog="$EFFNET_MIRROR, such as https://mirror.school.example/effnet, is asked instead of the files' own sites where it is set; "
               "every file is verified by its checksum.")
    parser.add_argument("name", nargs="?", metavar="weights",
                        help=f"published weights: {DEFAULTS[0]} … {DEFAULTS[-1]}, or others from --list")
    parser.add_argument("--list", action="store_true", help="all published weights: size, accuracy, source, and what is here")
    own = parser.add_argument_group("your own file", "EfficientNet weights, named as by torchvision, timm, EfficientNet-PyTorch or here")
    own.add_argument("--file", type=Path, help="a PyTorch checkpoint (.pth, no code in it is run) or .safetensors")
    own.add_argument("--name", dest="own_name", metavar="NAME", help="of the model; without it, the file is only described")
    own.add_argument("--eps", type=float, help="batch norm's ε, such as 1e-3 or 1e-5")
    own.add_argument("--padding", choices=("same", "symmetric"), help="of the convolutions")
    own.add_argument("--resize", type=int, help="shorter side after resizing, pixels")
    own.add_argument("--crop", type=int, help="side of the centre square, pixels")
    own.add_argument("--interpolation", choices=("bilinear", "bicubic", "lanczos"), help="of the resizing")
    own.add_argument("--mean", type=float, nargs=3, metavar="M", help="of red, green and blue, 0 to 1")
    own.add_argument("--std", type=float, nargs=3, metavar="S", help="of red, green and blue, 0 to 1")
    own.add_argument("--labels", type=Path, help="a text file, one label a line (default: ImageNet's for 1,000 classes, else class 0 …)")
    own.add_argument("--guess", action="store_true", help="take the most likely answer for whatever is not said")
    own.add_argument("--replace", action="store_true", help="a model of that name")
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    if args.events:
        return serve(lambda events: _do(args, lambda done, total, phase: events.progress(done=done, total=total, phase=phase),
                                        events.stopped))
    from ..downloads import DownloadError

    try:
        record = _do(args, (lambda *_: None) if args.json else Printer())
    except DownloadError as failed:
        raise UserError(f"{failed} The app's cache folder is {cache_folder()}.") from failed
    except KeyboardInterrupt:
        raise UserError("Stopped; the same command goes on from here.") from None
    print(json.dumps(record) if args.json else table(record))
    return None


class Printer:
    """A line on standard error for every tenth of a phase."""

    def __init__(self) -> None:
        self._said = ("", 0)

    def __call__(self, done: int, total: int, phase: str) -> None:
        tenths = int(done / total / STEP) if total else 0  # an empty file
        if (phase, tenths) != self._said:
            self._said = phase, tenths
            print(f"{phase}, {bytes_text(done)} of {bytes_text(total)}" if phase == "downloading" else phase, file=sys.stderr)


def _do(args: argparse.Namespace, tell: OnProgress, should_stop: Callable[[], bool] = lambda: False) -> dict:
    if (args.name is not None) + args.list + (args.file is not None) != 1 or (args.own_name and args.file is None):
        raise UserError("Give one of: the name of published weights, --list, or --file FILE with --name NAME.")
    from .. import checkpoints
    from ..weights import supply  # with torch: seconds, hence only here

    if args.list:
        return {"weights": [listed(name, supply.is_here(name)) for name in ROWS], "cache": str(cache_folder())}
    if args.file is not None and args.own_name is None:
        from ..weights import foreign

        return foreign.examine(args.file).to_dict()
    path = supply.obtain(args.name, tell, should_stop) if args.file is None else _adopt(args, tell)
    return {"name": path.stem, "file": str(path), "bytes": path.stat().st_size, "card": checkpoints.read_card(path)}


def _adopt(args: argparse.Namespace, tell: OnProgress) -> Path:
    from .. import labels
    from ..weights import foreign

    size = args.file.stat().st_size if args.file.is_file() else 1
    tell(0, size, "reading")
    found = foreign.examine(args.file)
    answers = {"eps": args.eps, "padding": args.padding, "preprocess": _preprocess(args, found)}
    if args.guess:
        answers = {field: found.proposals[field].value if value is None and found.proposals else value for field, value in answers.items()}
    names = None if args.labels is None else labels.read(args.labels, found.classes)
    tell(size, size, "converting")
    return foreign.adopt(args.file, args.own_name, **answers, names=names, replace=args.replace)


def _preprocess(args: argparse.Namespace, found: "Foreign") -> "Preprocess | None":
    """What was said of the preprocessing on top of the best guess, or None where nothing was."""
    fields = {field: value for field in ("resize", "crop", "interpolation", "mean", "std") if (value := getattr(args, field)) is not None}
    if not fields or not found.proposals:
        return None
    if "crop" in fields and "resize" not in fields:
        fields["resize"] = fields["crop"]
    fields |= {field: tuple(fields[field]) for field in ("mean", "std") if field in fields}
    return replace(found.proposals["preprocess"].value, **fields)


def listed(name: str, here: bool) -> dict:
    """A row of the registry as JSON values."""
    row = ROWS[name]
    return {"name": name, "network": row.architecture.name, "bytes": row.approximate_bytes, "top1": row.top1, "top1_by": row.top1_by,
            "project": row.project, "recipe": row.recipe, "licence": row.licence, "url": row.url, "here": here,
            **{field: getattr(row, field) for field in ("eps", "padding", "resize", "crop", "interpolation", "mean", "std")}}


def table(record: dict) -> str:
    """What a person wants to see of the JSON object."""
    if "weights" in record:
        head = f"{'name':<32}{'download':>9}{'top-1':>8}  {'here':<5}{'licence':<14}from"
        rows = [f"{row['name']:<32}{bytes_text(row['bytes']):>9}{row['top1']:>7.1f}%  {'yes' if row['here'] else '':<5}"
                f"{row['licence']:<14}{row['project']}, {row['recipe']}" for row in record["weights"]]
        return "\n".join([head, *rows, "", "top-1: of ImageNet's 50,000 validation images, as published for the file; not measured here.",
                          f"Files put into {record['cache']}/downloads by hand are used without the network."])
    if "proposals" in record:
        return _described(record)
    card = record["card"]
    top1 = card.get("published", {}).get("top1")
    said = f", {top1:g} % of ImageNet's validation images by its authors" if top1 else ""
    return (f"{record['name']}: {card['architecture']['name']}, {len(card['labels']):,} classes{said}; "
            f"{bytes_text(record['bytes'])} in {record['file']}")


def _described(record: dict) -> str:
    same = f", the published {record['published']}" if record["published"] else ""
    lines = [f"{record['file']}: {record['network']}, {record['classes']:,} classes, {record['parameters']:,} parameters, "
             f"{record['layout']} layout, {record['precision']}{same}"]
    for field, proposal in record["proposals"].items():
        lines.append(f"  {field:<11}{'' if proposal['sure'] else 'please say, perhaps '}{proposal['value']}: {proposal['reason']}")
    return "\n".join(lines)
