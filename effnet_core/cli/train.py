"""`train --name my-scenes`, `train --preset photos`, `train --data ./photos --from imagenet-b0 --frozen`: learns, with breaks."""

import argparse
import json
import os
import signal
import threading
from collections.abc import Callable

from .. import machine
from ..errors import UserError
from ..scaling import check_count
from .events import Events, serve
from .train_options import add_options, place_of, plan_of

THREADS_RANGE = (1, 1024)
EXAMPLES = """examples:
  train --name my-scenes --seconds 60                     a small network on scenes that are drawn while it learns
  train --preset photos --name my-b0                      EfficientNet-B0 on Imagenette, from scratch
  train --data ./photos --from imagenet-b0 --frozen       a new classifier on published weights, for photos of your own
  train --preset photos --name my-b0 --trial              only measure: time per epoch and memory
  train --name my-b0 --resume                             go on after Ctrl-C, a crash or a power cut
  torchrun --nproc-per-node 2 -m effnet_core train …      several processes or GPUs that train as one
"""


def add(commands) -> None:
    parser = commands.add_parser("train", help="train a network on scenes, Imagenette or photos of your own", epilog=EXAMPLES,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    if os.environ.get("RANK", "0") != "0":
        return _assist(args)
    if args.events:
        return serve(lambda events: _train(args, lambda event: events.progress(**event), also_on_signals(events)))
    asked = Signals()
    record = _train(args, (lambda event: None) if args.json else _Printer(), asked.heard)
    print(json.dumps(record) if args.json else _summary(record))
    return None


def _assist(args: argparse.Namespace) -> int:
    """One of several processes: it says nothing unless it is the first that fails, and goes on until the first process says pause."""
    Signals()
    try:
        _train(args, lambda event: None, lambda: False)
    except UserError as refused:
        if not args.events:
            raise
        Events().emit("error", message=str(refused))
        return 1
    return 0


class Signals:
    """Ctrl-C, or the system's wish that the process ends, asks to pause; a second one ends the program as usual."""

    def __init__(self) -> None:
        self._word: bool | str = False
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._hear)

    def _hear(self, number: int, _) -> None:
        self._word = "pause"
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    def heard(self) -> bool | str:
        return self._word


def also_on_signals(events: Events) -> Callable[[], bool | str]:
    """What a worker was asked for, by its input or by a signal."""
    signals = Signals()
    return lambda: events.asked() or signals.heard()


def use_threads(wanted: int | None) -> int:
    """Gives torch `wanted` threads, or all usable cores where neither that nor the environment says less; returns how many."""
    import torch

    threads = min(torch.get_num_threads(), machine.cores()) if wanted is None else wanted
    torch.set_num_threads(check_count("The number of threads", threads, THREADS_RANGE))
    return threads


def _train(args: argparse.Namespace, tell: Callable[[dict], None], asked: Callable[[], bool | str]) -> dict:
    tell({"phase": "loading torch"})
    from .. import devices
    from ..learning import distributed, pacing, plans, preparation, trainings  # with torch: seconds, hence only here

    with distributed.one_voice():
        use_threads(args.threads)
        machine.keep_freed_memory()
        plan = plans.unfinished(*place_of(args)) if args.resume else plan_of(args)
        device = devices.find_device(plan.device).key
    with distributed.joined(device, plan.shared_statistics) as world:
        if args.trial:
            return pacing.trial(preparation.prepare(plan, tell, asked, world, resume=args.resume), tell, asked, world)
        return trainings.carry_out(plan, tell, asked, resume=args.resume, anew=args.anew, world=world)


class _Printer:
    """A line for every phase, every quarter of a long one, and every evaluation."""

    def __init__(self) -> None:
        self._said = ("", 0)

    def __call__(self, event: dict) -> None:
        if "phase" in event:
            quarters = 4 * event.get("done", 0) // event["total"] if event.get("total") else 0
            if (event["phase"], quarters) != self._said:
                self._said = event["phase"], quarters
                print(event["phase"] + (f", {quarters / 4:.0%}" if quarters else ""), flush=True)
        elif "accuracy" in event:
            print(f"{event['step']:>7} of {event['steps']} steps: {event['accuracy']:.1%} of {event['held_out_images']} held-out images",
                  flush=True)


def _summary(record: dict) -> str:
    if "images_per_second" in record:
        epochs = "" if record["epochs"] is None else (f"{record['seconds_per_epoch']:,.0f} s per epoch of {record['images_per_epoch']:,} "
                                                      f"images, {record['epochs']:,.3g} epochs, ")
        return (f"{record['images_per_second']:,.0f} images a second, {epochs}{record['steps']:,} steps: about {record['seconds']:,.0f} s; "
                f"{record['memory_bytes'] / 1e9:.2f} GB of memory")
    if record.get("paused"):
        return f"paused after {record['step']:,} of {record['steps']:,} steps; the same name or file with --resume goes on"
    card, verdict = record["card"], record["card"]["evaluation"]
    return (f"{verdict['accuracy']:.2%} of {verdict['images']:,} held-out images after {card['steps']:,} steps and {card['seconds']:.0f} s "
            f"({card['seconds_since_start']:.0f} s since the start) on {card['threads']} threads; stored as {record['file']}")
