"""`latency … --record FILE`: a series of measurements, each network in a process of its own, to be shipped in assets/measurements/.

To be made on an idle machine. The file names the processor or GPU and the versions, neither the host nor who uses it.
"""

import argparse
import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from ..errors import UserError
from ..families import published
from ..files import write
from ..lab import recorded
from ..work import jobs, workers


def add_recording(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--record", type=Path, metavar="FILE",
                        help=f"measure the named networks, or {' '.join(recorded.NETWORKS)}, one after another, and write them as one series")


def record(args: argparse.Namespace) -> int:
    """Measures the networks that `args` name; the file is there from the first one on, so that whoever stops keeps what there is.

    What cannot be measured is told and left out; the status is 1 where that is anything. Raises `UserError` where nothing was measured,
    and for what no series can have.
    """
    records: dict[str, dict] = {}
    names = _names(args)
    _check_place(args.record)
    for name in names:
        try:
            found = records[name] = _measure(name, args)
        except UserError as refused:
            print(f"{name:<12}{refused}", file=sys.stderr, flush=True)
            continue
        except KeyboardInterrupt:
            raise UserError(f"Stopped at {name}; {args.record.name} has what was measured before: {', '.join(records) or 'nothing'}.") from None
        doubt = "" if found["steady"] else f"   {found['note']}"
        print(f"{name:<12}{found['median_ms']:>12.2f} ms{doubt}", file=sys.stderr, flush=True)
        write(args.record, recorded.dumps(_series(records)).encode())
    if not records:
        raise UserError(f"None of {', '.join(names)} could be measured, so {args.record.name} was not written.")
    print(json.dumps(_series(records)._asdict()) if args.json else f"{args.record}: {_series(records).title}, {len(records)} of {len(names)} networks")
    return int(len(records) < len(names))


def _names(args: argparse.Namespace) -> list[str]:
    """The networks to be measured, each once."""
    if args.events:
        raise UserError("--record tells what it does in words; leave --events out.")
    if args.phi is not None or args.spec or args.classes != 1000:
        raise UserError("A series has released networks with their 1000 classes; name them, and leave --phi, --spec and --classes out.")
    names = [*dict.fromkeys(args.name or recorded.NETWORKS)]
    for name in names:
        published(name)
    return names


def _check_place(path: Path) -> None:
    """Before anything is measured."""
    if path.is_dir() or (path.parent.exists() and not path.parent.is_dir()):
        raise UserError(f"{path} cannot be a file; name one such as latency-here.json.")


def _series(records: dict[str, dict]) -> recorded.Series:
    return recorded.from_records(records, datetime.now(timezone.utc).date().isoformat())


def _measure(name: str, args: argparse.Namespace) -> dict:
    """As the command itself measures it, in a process of its own. Raises `UserError` where that refuses or fails."""
    told = {"--device": args.device, "--batch": args.batch, "--threads": args.threads, "--seconds": args.seconds, "--way": args.way,
            "--precision": args.precision}
    options = [part for option, value in told.items() if value is not None for part in (option, str(value))]
    command = [*jobs.COMMAND, "latency", name, *options, *([] if args.layers else ["--no-layers"]), "--json"]
    done = subprocess.run(command, cwd=workers.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        refused = done.returncode == 1 and "Traceback" not in done.stderr
        raise UserError(last if refused else workers.explain_exit(done.returncode, last))
    return json.loads(done.stdout)
