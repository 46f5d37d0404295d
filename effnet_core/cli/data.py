"""`data imagenette`, `data ./photos`, `data --keep photos.zip --name my-photos`: photos to train on, found, unpacked and checked."""

import argparse
from collections.abc import Callable
from pathlib import Path

from ..errors import UserError
from ..palette import bytes_text
from .events import Events, Tell, add_answers, answer


def add(commands) -> None:
    parser = commands.add_parser("data", help="photos to train on: found, downloaded, unpacked, checked and described")
    parser.add_argument("data", nargs="?", help="imagenette, the name of data that was kept, or a folder or archive of photos "
                                                "(./photos, photos.zip); without it, what there is")
    parser.add_argument("--keep", type=Path, metavar="ARCHIVE", help="unpack this .zip or .tar.gz as data of your own")
    parser.add_argument("--name", help="of the data that is kept, such as my-photos")
    parser.add_argument("--remove", metavar="NAME", help="delete data of your own, the unpacked copy of an archive, or that of imagenette")
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    return answer(args, _do, _teller, table, "Stopped; the same command goes on from here.")


def _teller(events: Events) -> Tell:
    from ..data import sources

    return lambda phase, done, total: events.progress(phase=phase, done=done, total=total, unit=sources.UNITS[phase])


def _do(args: argparse.Namespace, tell: Tell, stopped: Callable[[], bool]) -> dict:
    if sum(wish is not None for wish in (args.data, args.keep, args.remove)) > 1 or (args.keep is None) != (args.name is None):
        raise UserError("Give one of: data to look at, --keep ARCHIVE with --name NAME, or --remove NAME.")
    from ..data import folders, sources
    from ..learning import runs

    if args.remove is not None:
        runs.remove_data(args.remove)
    if args.data is None and args.keep is None:
        return {"imagenette": sources.is_here("imagenette"), "own": [{"name": own.name, **own.card} for own in sources.available()],
                "unpacked": [{"name": name, "bytes": size} for name, size in sources.copies().items()]}
    name = args.data if args.keep is None else sources.keep(args.keep, args.name, on_progress=tell, should_stop=stopped)
    return folders.describe(sources.collection(name, on_progress=tell, should_stop=stopped))


def table(record: dict) -> str:
    """What a person wants to see of the JSON object."""
    if "own" in record:
        place = "here" if record["imagenette"] else "fetched (about 99 MB) when first used"
        rows = [("imagenette", f"ten easily told-apart classes of ImageNet, {place}")]
        rows += [(own["name"], f"{len(own['classes'])} classes, {own['images']:,} photos, from {own['from']}") for own in record["own"]]
        rows += [(copy["name"], f"unpacked copy of an archive, {bytes_text(copy['bytes'])}") for copy in record["unpacked"]]
        return "\n".join(f"{name:<25} {what}" for name, what in rows)
    lines = [f"{record['name']}: {record['images']:,} photos of {len(record['classes'])} classes; {record['train']:,} to learn from, "
             f"{record['held_out']:,} held out (split {record['split']})", ""]
    width = max(len(row["label"]) for row in record["classes"]) + 2
    lines += [f"{'class':<{width}}{'learn':>9}{'held out':>10}", *(f"{row['label']:<{width}}{row['train']:>9,}{row['held_out']:>10,}"
                                                                 for row in record["classes"])]
    lines += ["", *record["warnings"]] if record["warnings"] else []
    if (unreadable := record["unreadable"])["count"]:
        lines += ["", f"{unreadable['count']:,} files cannot be used:", *(f"  {line}" for line in unreadable["first"])]
        more = unreadable["count"] - len(unreadable["first"])
        lines += [f"  and {more:,} more"] * (more > 0)
    return "\n".join(lines)
