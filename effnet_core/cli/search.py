"""`search`, `search --rule counted`, `search --study mine`: α, β and γ by counting a grid, and by short trainings that processes can share."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict

from ..families import PAPER
from ..palette import si
from ..search import grid, settings
from .events import add_answers, serve
from .search_options import add_options, check_together, grid_of, wanted_of
from .train import Signals, also_on_signals, use_threads

EXAMPLES = """examples:
  search                                                  all of the paper's grid, and the networks that remain once rounded
  search --rule counted --alpha 1 1.6 --beta 1 1.4        the same with counted MACs in place of the formula
  search --study mine                                     six ways to spend twice the work, each trained twice
  search --study mine                                     the same again, from another terminal: joins in, or goes on
  search --study wide --from-grid --seeds 3               every distinct network of the grid
  search --study other --sampler tpe --trials 30          candidates where it looks promising
  search --study mine --storage postgresql://…            shared by several machines
"""
SHOWN = 12  # networks of the short table


def add(commands) -> None:
    parser = commands.add_parser("search", help="α, β and γ: a grid of them counted, or a few of them trained", epilog=EXAMPLES,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    add_answers(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int | None:
    check_together(args)
    if args.study is None:
        work, words = (lambda tell, asked: counted(grid.search(grid_of(args)))), table
    else:
        work, words = (lambda tell, asked: _train(args, tell, asked)), ranked
    if args.events:
        return serve(lambda events: work(lambda event: events.progress(**event), also_on_signals(events)))
    record = work((lambda event: None) if args.json else _Printer(), Signals().heard)
    print(json.dumps(record) if args.json else words(record))
    return None


def counted(found: grid.Found) -> dict:
    """JSON values: every distinct network with its members, in the order of their MACs."""
    def row(network: grid.Distinct) -> dict:
        return {"members": [list(member.coefficients) for member in network.members], "products": [member.product for member in network.members],
                "repeats": list(network.repeats), "channels": list(network.channels), "side": network.side, "macs": network.macs,
                "ratio": network.ratio}

    return {"grid": asdict(found.grid), "tried": found.tried, "candidates": len(found.candidates),
            "networks": [row(network) for network in found.networks], "paper": None if found.paper is None else row(found.paper)}


def table(record: dict) -> str:
    """What a person wants to see of `counted`."""
    networks, ratios = record["networks"], [network["ratio"] for network in record["networks"]]
    lines = [f"{record['tried']:,} combinations, {record['candidates']:,} keep to the budget, and they are {len(networks):,} distinct networks"]
    if networks:
        lines += [f"counted, they cost {min(ratios):.2f} to {max(ratios):.2f} times the base", "",
                  f"{'α, β, γ':<24}{'blocks':>7}{'side':>6}{'MACs':>10}{'× base':>9}  the same network"]
    for network in networks[:SHOWN]:
        first, *others = (", ".join(f"{value:g}" for value in member) for member in network["members"])
        lines.append(f"{first:<24}{sum(network['repeats']):>7}{network['side']:>6}{si(network['macs']):>10}{network['ratio']:>9.3f}  "
                     f"{'; '.join(others)}")
    if len(networks) > SHOWN:
        lines.append(f"and {len(networks) - SHOWN:,} more; --json has all of them")
    paper, name = record["paper"], ", ".join(f"{value:g}" for value in PAPER)
    lines += ["", f"the paper's {name} is not among them" if paper is None else
              f"the paper's {name} costs {paper['ratio']:.3f} times the base" + "".join(
                  f"; the same network: {', '.join(f'{value:g}' for value in member)}" for member in paper["members"] if tuple(member) != PAPER)]
    return "\n".join(lines)


def _train(args: argparse.Namespace, tell: Callable[[dict], None], asked: Callable[[], bool | str]) -> dict:
    settings.path_of(args.study)
    wanted = wanted_of(args)
    tell({"phase": "loading torch"})
    from .. import machine
    from ..search import searching, stores, trials  # with torch and Optuna: seconds, hence only here

    use_threads(1 if args.threads is None else args.threads)
    machine.keep_freed_memory()
    study = stores.begin_or_join(args.study, wanted, args.storage)
    trainer = trials.Trainer(study.setting, tell, asked)
    study.check_data(trainer.fingerprint)
    return searching.carry_out(study, trainer, tell, asked)


class _Printer:
    """A line for every phase and for every training that is over."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, event: dict) -> None:
        if outcome := event.get("outcome"):
            print(f"{event['done']:>4} of {event['total']}: {settings.title(outcome['coefficients'])}, seed {outcome['seed']}: "
                  f"{outcome['accuracy']:.1%} right, {si(outcome['macs'])} MACs, score {outcome['score']:.4f}, {outcome['seconds']:.0f} s",
                  flush=True)
        elif event["phase"] not in (self._said, "training"):
            self._said = event["phase"]
            print(self._said, flush=True)


def ranked(record: dict) -> str:
    """What a person wants to see of `searching.summary`."""
    lines = [f"{'α, β, γ':<32}{'× base':>8}{'score':>9}{'95 % interval':>20}{'best':>8}   accuracies"]
    for place in record["ranking"]:
        sure = place["low"] is not None
        interval, best = (f"{place['low']:.4f} to {place['high']:.4f}", f"{place['best']:.0%}") if sure else ("unknown", "–")
        lines.append(f"{place['title']:<32}{place['ratio']:>8.2f}{place['score']:>9.4f}{interval:>20}{best:>8}   "
                     f"{', '.join(f'{accuracy:.1%}' for accuracy in place['accuracies'])}")
    ending = f"\n\npaused after {record['done']} of {record['total']} trials; the same command goes on" if record["paused"] else ""
    return "\n".join([*lines, "", record["verdict"], *record["problems"]]) + ending
