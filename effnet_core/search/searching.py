"""A search by training, from this process's side: takes trials from a study until all are done, and says how it goes.

`train(candidate, seed, tell, asked)` gives the `Outcome` of one training; it is the only thing here that could need a network.
"""

import time
from collections.abc import Callable

import optuna

from ..cost import cost
from ..errors import UserError
from ..palette import percent
from .settings import Coefficients, Outcome, Setting, by_network, ranking, title
from .studies import Standing, Study

POLL_S = 0.5  # between two looks whether the trials of others have ended

Tell = Callable[[dict], None]
Asked = Callable[[], bool | str]
Train = Callable[[Coefficients, int, Tell, Asked], Outcome]


class Interrupted(Exception):
    """Raised by `Train` once something is asked: nothing of that training counts."""


def carry_out(study: Study, train: Train, tell: Tell = lambda event: None, asked: Asked = lambda: False) -> dict:
    """Takes trials until the search is complete or something is asked; returns what `summary` says, and whether it is `paused`.

    Events have `done` and `total` trials; while one is trained also `candidate`, `seed`, `step`, `steps` and, once it can be told,
    `seconds_left` of the whole search; after it `outcome`.
    """
    while not asked():
        if study.open_points():
            try:
                study.take(lambda trial: _objective(study, trial, train, tell, asked))
            except Interrupted:
                break
        elif study.standing().is_complete:
            break
        else:
            tell({"phase": "waiting for the trainings of others", **_where(study.standing())})
            time.sleep(POLL_S)
    found = study.standing()
    return {**summary(found), "paused": not found.is_complete}


def _objective(study: Study, trial: optuna.Trial, train: Train, tell: Tell, asked: Asked) -> float:
    candidate, seeds = study.claim(trial)
    outcomes = []
    for seed in seeds:
        known = _known(study.standing(), candidate, seed)
        try:
            outcomes.append(known or train(candidate, seed, _teller(study, candidate, seed, tell), asked))
        except Interrupted:
            trial.set_user_attr("interrupted", True)
            raise
        except UserError as refused:
            trial.set_user_attr("problem", f"{title(candidate)} could not be trained: {refused}")
            raise optuna.TrialPruned from refused
    trial.set_user_attr("outcomes", [outcome._asdict() for outcome in outcomes])
    where = _where(study.standing())
    for outcome in outcomes:
        tell({"phase": "judged", **where, "done": where["done"] + 1, "outcome": outcome._asdict() | {"score": outcome.score(study.setting)}})
    return sum(outcome.score(study.setting) for outcome in outcomes) / len(outcomes)


def _known(found: Standing, candidate: Coefficients, seed: int) -> Outcome | None:
    """What was found out about the same network and seed before, where a sampler proposes what rounding makes equal."""
    own = found.setting.identity(candidate)
    return next((outcome._replace(coefficients=candidate) for outcome in found.outcomes
                 if outcome.seed == seed and found.setting.identity(outcome.coefficients) == own), None)


def _where(found: Standing) -> dict:
    return {"done": found.done, "total": found.total}


def _teller(study: Study, candidate: Coefficients, seed: int, tell: Tell) -> Tell:
    """Turns what a training says into what the search says."""
    found = study.standing()
    place = {"phase": "training", **_where(found), "candidate": title(candidate), "seed": seed}
    own = cost(study.setting.network(candidate)).macs

    def hear(event: dict) -> None:
        if "seconds_left" in event:
            left = seconds_left(found, own, event["seconds_left"])
            tell({**place, "step": event["step"], "steps": event["steps"], "seconds_left": left, "loss": event["loss"]})
        elif "phase" in event:
            tell({**_where(found), **event})

    return hear


def seconds_left(found: Standing, macs: int, own: float) -> float | None:
    """Of the whole search, `own` seconds of the current training included: at the pace per MAC of the trainings that are over, with as
    many processes as are at it now; None while none is over."""
    if not found.outcomes:
        return None
    pace = sum(outcome.seconds for outcome in found.outcomes) / sum(outcome.macs for outcome in found.outcomes)
    return max(own, (own + pace * max(0.0, _macs_left(found) - macs)) / max(1, len(found.running)))


def _macs_left(found: Standing) -> float:
    """Of all trainings that are not over, the current one included, counted for one image each."""
    setting = found.setting
    if setting.sampler == "tpe":
        return (found.total - found.done) * setting.seeds * setting.target_macs
    every = sum(cost(setting.network(candidate)).macs for candidate in setting.trained) * setting.seeds
    return every - sum(outcome.macs for outcome in found.outcomes)


def summary(found: Standing) -> dict:
    """JSON values: the setting, what was trained, and the ranking with how sure it is."""
    setting, places = found.setting, []
    ranked = ranking(setting, found.outcomes)
    known = by_network(setting, found.outcomes)
    for place in ranked.places:
        outcome, accuracies = known[place.key][0], [row.accuracy for row in known[place.key]]
        places.append({"alpha": place.key[0], "beta": place.key[1], "gamma": place.key[2], "title": title(place.key), "macs": outcome.macs,
                       "ratio": outcome.macs / setting.base_macs, "side": outcome.side, "accuracies": accuracies, "scores": list(place.scores),
                       "score": place.mean, "low": place.low, "high": place.high, "best": place.best, "behind": place.behind})
    return {"name": found.name, "setting": setting.to_dict(), "done": found.done, "total": found.total, "problems": list(found.problems),
            "spread": ranked.spread, "freedom": ranked.freedom, "verdict": verdict(setting, found), "ranking": places}


def verdict(setting: Setting, found: Standing) -> str:
    """What may be said of the ranking, as a sentence."""
    ranked = ranking(setting, found.outcomes)
    if len(ranked.places) < 2:
        return "Nothing can be compared before two candidates have been trained."
    if ranked.spread is None:
        return "With one seed each nobody knows how much chance is in these scores: they cannot be ranked. Two seeds or more would tell."
    first = title(ranked.places[0].key)
    if ranked.is_sure:
        return f"Ahead is {first}: with a probability of {percent(ranked.places[0].best)} no other candidate is better."
    names = [title(place.key) for place in ranked.tied]
    return (f"Cannot tell apart: {'; '.join(names[:6])}{' and others' if len(names) > 6 else ''}. The highest mean has {first}, and with these seeds "
            f"that is the best with a probability of {percent(ranked.places[0].best)}.")
