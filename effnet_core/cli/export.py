"""`export b0 --code b0.py`, `export b0-imagenette --onnx b0.onnx`: a network or a model as code, as an ONNX file, as a table."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .. import files
from ..architecture import Architecture
from ..cost import cost
from ..errors import UserError
from ..export import code, tables
from ..families import NAMES
from ..palette import bytes_text
from .cost import add_network, network_named
from .events import Events, add_answers, serve

SEED = 0
FORMS = {"code": "PyTorch code", "onnx": "ONNX", "csv": "a table"}


def add(commands) -> None:
    parser = commands.add_parser(
        "export", help="a network as PyTorch code, ONNX or a table",
        epilog="Instead of a published network, a model by its name or file, such as b0-imagenette, is taken with its trained weights "
               "(--onnx) or as it was built for them (--code). Without a FILE, --json prints the table as one JSON object.")
    add_network(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--code", metavar="FILE", help="Python code that needs torch and nothing else")
    form.add_argument("--onnx", metavar="FILE", help="an ONNX file, for any batch size; with random weights unless it is a model's")
    form.add_argument("--csv", metavar="FILE", help="every layer with its shapes, parameters, MACs, activations and receptive field")
    add_answers(parser)
    parser.set_defaults(run=run)


class Source(NamedTuple):
    """What is to be taken home; `card` where it is a model."""

    architecture: Architecture
    card: dict | None = None


def run(args: argparse.Namespace) -> int | None:
    if args.events:
        if not args.onnx:
            raise UserError("--events is for --onnx FILE, which takes a while; everything else is there at once.")
        return serve(lambda events: _onnx(args, _teller(events), events.stopped))
    form = next((form for form in FORMS if getattr(args, form) is not None), None)
    if form is None and not args.json:
        raise UserError("Say what to take home: --code FILE, --onnx FILE, --csv FILE or --json.")
    if form is None:
        print(json.dumps(tables.as_dict(_source(args).architecture), ensure_ascii=False))
        return None
    record = _onnx(args) if form == "onnx" else _text(args, form)
    print(json.dumps(record, ensure_ascii=False) if args.json else f"{record['file']}: {FORMS[form]} of {record['network']}, "
          f"{record['parameters']:,} parameters, {record['macs']:,} MACs; {bytes_text(record['bytes'])}")
    return None


def _teller(events: Events) -> Callable[[str], None]:
    return lambda phase: events.progress(phase=phase)


def _source(args: argparse.Namespace) -> Source:
    """A published name or a formula as everywhere; any other name is that of a model, whose card is read, not its weights."""
    if args.name is None or args.name in NAMES or args.phi is not None or args.spec:
        return Source(network_named(args))
    from .. import cards
    from ..families import from_spec
    from ..weights.registry import ROWS

    known = [entry.name for entry in cards.available()]
    if args.name not in (*known, *ROWS) and os.sep not in args.name and "/" not in args.name and not args.name.endswith(cards.SUFFIX):
        raise UserError(f"There is no network or model called {args.name[:80]!r}; published networks are {', '.join(NAMES)}; "
                        f"models here are {', '.join(known) or 'none yet'}.")
    card = cards.read_card(cards.find(args.name))
    return Source(from_spec(card["architecture"]), card)


def _target(text: str) -> Path:
    path = Path(text)
    if not path.name or path.is_dir():
        raise UserError(f"{text!r} is no name of a file; name the file to be written, such as network.onnx.")
    return path


def _record(path: Path, source: Source, size: int, **more) -> dict:
    total = cost(source.architecture)
    name = source.architecture.name if source.card is None else str(source.card["name"])
    return {"file": str(path), "bytes": size, "network": name, "trained": source.card is not None and source.card["trained"] is True,
            "parameters": total.params, "macs": total.macs, **more}


def _text(args: argparse.Namespace, form: str) -> dict:
    source, path = _source(args), _target(getattr(args, form))
    content = (code_of(source) if form == "code" else tables.as_csv(source.architecture)).encode()
    files.write(path, content)
    return _record(path, source, len(content))


def code_of(source: Source) -> str:
    """The code; of a model, padded as it was trained, with how photos become its input."""
    if source.card is None:
        return code.source(source.architecture)
    card = source.card
    seen = card["preprocess"]
    notes = (f"Model: {card['name']}, {'trained' if card['trained'] is True else 'untrained'}",
             f"Photos: shorter side to {seen['resize']} pixels ({seen['interpolation']}), the middle {seen['crop']} × {seen['crop']},",
             f"    divided by 255, less {seen['mean']}, divided by {seen['std']}")
    return code.source(source.architecture, padding=card["padding"], eps=card["eps"], notes=notes)


def _onnx(args: argparse.Namespace, tell: Callable[[str], None] = lambda _: None, stopped: Callable[[], bool] = lambda: False) -> dict:
    path, source = _target(args.onnx), _source(args)
    tell("loading torch")
    from .. import checkpoints, network  # seconds, hence only here
    from ..export import onnxfile

    def step(phase: str) -> None:
        if stopped():
            raise UserError("The export was stopped before it was complete.")
        tell(phase)

    onnxfile.check_package()
    onnxfile.check_size(source.architecture)
    step("building")
    built = network.build(source.architecture, seed=SEED).eval() if source.card is None else checkpoints.load(args.name).network
    written = onnxfile.write(path, built, source.card, step)
    return _record(path, source, written.bytes, nodes=written.nodes, numbers=written.weights)
