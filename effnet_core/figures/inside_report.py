"""The report of one picture's way through one model: what the page "Inside" shows, as a file of its own."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..architecture import Architecture
from ..checkpoints import Pretrained
from ..inside.cam import bias, class_map
from ..inside.excitation import activation, work
from ..inside.geometry import grids, spread_out
from ..inside.inspection import CLOSED, OPEN, Excitation, Inspection, Opened, spread
from ..palette import fixed, percent
from . import cam, maps
from .excitation import formulas
from .gates import ordered
from .report import Bar, Picture, Section, Table, document
from .skyline import skyline_svg

SIDE = 320  # of a picture with evidence over it, pixels
BEST = 5
EXTREMES = 8  # channels most and least open
MOST_MAPS = 64
NAMED = 12  # channels of them
_LOW, LOWERED = re.compile(r"_\{([^}]*)\}"), r"[\1]"  # an index as formulas write it, and as plain text does


class Seen(NamedTuple):
    """What the report is of. `eye` is the picture for people (a file), `view` what the model gets; `opened` is the selected unit, None for
    the classifier; `stamp` is what every figure says of weights that learnt nothing."""

    model: Pretrained
    seen: Inspection
    untouched: Inspection
    title: str
    eye: bytes
    view: Image.Image
    opened: Opened | None = None
    stamp: str = ""
    remarks: tuple[str, ...] = ()  # what is to be thought of the guesses
    channel: int | None = None  # of the unit's squeeze-and-excitation; the strongest before it

    @property
    def network(self) -> Architecture:
        return self.model.network.architecture


def report(at: Seen, facts: Sequence[tuple[str, str]], closing: str = "") -> str:
    """One HTML file that opens offline. `facts` say what is known of the model; `closing` when and with what it was made."""
    sections = [_prediction(at), *([_surgery(at)] if at.seen.operation else []), *([_skyline(at)] if at.seen.gates else []),
                *([_unit(at)] if at.opened else []), _evidence(at)]
    stamp = f" ({at.stamp})" if at.stamp else ""
    return document(f"What {at.model.name} sees in {at.title}{stamp}", facts, sections, closing)


def _titled(at: Seen, title: str) -> str:
    return f"{title} ({at.stamp})" if at.stamp else title


def _prediction(at: Seen) -> Section:
    side = at.seen.image.shape[-1]
    pictures = (Picture(at.eye, at.title, 300),
                Picture(_png(np.asarray(at.view)), f"What the model gets: {side} × {side} pixels", 300, True))
    before = at.untouched.probabilities
    bars = tuple(Bar(guess.label, guess.probability, f"(untouched {percent(before[guess.index])})" if at.seen.operation else "")
                 for guess in at.seen.top(BEST))
    sentence = f"The spread of the probabilities is {100 * at.seen.uncertainty:.0f} % of the way from certain to blind guessing (entropy)."
    return Section(_titled(at, "What the model says"), (sentence, *at.remarks), pictures, bars)


def _surgery(at: Seen) -> Section:
    rows = []
    for block, gates in at.seen.operation.items():
        found = gates[~np.isnan(gates)]
        rows.append((block, f"{len(found):,} of {len(gates):,}", fixed(found.mean(), 3) if len(found) else ""))
    return Section("Gates set by hand", ("All numbers of this report are those of the network with these gates.",),
                   tables=(Table(("Block", "Gates set", "Their mean"), rows),))


def _skyline(at: Seen) -> Section:
    drawing = skyline_svg(at.seen.gates, stamp=at.stamp, operated=tuple(at.seen.operation))
    rows = []
    for block, gates in at.seen.gates.items():
        row = spread(gates)
        numbers = (row.mean, row.std, row.least, row.greatest, row.distance)
        rows.append((block, f"{len(gates):,}", *(fixed(value, 3) for value in numbers), percent(row.closed), percent(row.open)))
    head = ("Block", "Channels", "Mean gate", "Standard deviation", "Least", "Greatest", "Mean |1 − s|", f"Below {CLOSED}", f"Above {OPEN}")
    mark = [*at.seen.gates].index(at.opened.unit) if at.opened and at.opened.unit in at.seen.gates else None
    words = ("One tower per block, one window per channel, its colour the gate: the number by which squeeze-and-excitation multiplies the "
             "channel's map.")
    picture = Picture(drawing, "The gates of all blocks, the lowest at the foot of each tower")
    return Section(_titled(at, "Every gate at once"), (words,), (picture,), tables=(Table(head, rows, mark),))


def _unit(at: Seen) -> Section:
    """The selected unit's strongest maps, and what squeeze-and-excitation did in it."""
    opened = at.opened
    pictures, tables, lines = [_strongest(opened)], [], ()
    if se := opened.excitation:
        order = ordered(se.s, "gate")
        few = min(EXTREMES, len(order) // 2)
        chosen = np.concatenate([order[::-1][:few], order[:few]])
        pictures.append(_extremes(se, chosen, few))
        rows = [(str(c), fixed(se.z[c]), fixed(se.s[c]), fixed(se.s[c] * se.z[c])) for c in chosen]
        tables.append(Table(("Channel", "z, mean before", "gate s", "s · z, mean after"), rows))
        lines = _steps(at, se)
    return Section(_titled(at, f"Inside {opened.unit}"), lines, tuple(pictures), tables=tuple(tables))


def _steps(at: Seen, se: Excitation) -> tuple[str, ...]:
    """Of one channel, every formula with its numbers: a sentence each."""
    chosen = at.channel if at.channel is not None and at.channel < len(se.s) else int(np.abs(se.before).mean((1, 2)).argmax())
    unit, network = at.opened.unit, at.model.network
    found = formulas(work(network, unit, se, chosen), activation(network, unit))
    names = (f"Channel {chosen} through squeeze-and-excitation, its mean:", "The hidden numbers that matter most to its gate:", "Its gate:")
    joined = (found["squeeze"], *([line for lines in found["hidden"] for line in lines],), found["gate"])
    said = [f"{name} {_LOW.sub(LOWERED, ' '.join(lines))}" for name, lines in zip(names, joined)]
    return (*said, f"It was set to {fixed(float(se.s[chosen]))} by hand.") if se.s[chosen] != se.own[chosen] else tuple(said)


def _strongest(opened: Opened) -> Picture:
    strength = np.abs(opened.output).mean((1, 2))
    shown = np.argsort(-strength, kind="stable")[:MOST_MAPS]
    sheet = maps.mosaic(opened.output[shown], maps.tops(opened.output[shown], "map"))
    names = ", ".join(map(str, shown[:NAMED])) + ("…" if len(shown) > NAMED else "")
    return Picture(sheet.png, f"The {len(shown)} strongest of {len(strength):,} maps of {opened.unit}, row by row: channels {names}. Orange is "
                              "above zero, blue below, each map on its own scale.", 560, True)


def _extremes(se: Excitation, chosen: np.ndarray, few: int) -> Picture:
    """The first `few` of `chosen` have the highest gates, the others the lowest."""
    halves = [se.before[chosen[:few]], se.after(chosen[:few]), se.before[chosen[few:]], se.after(chosen[few:])]
    reach = np.concatenate([np.tile(maps.tops(half, "map"), 2) for half in halves[::2]])
    pairs = maps.png(maps.layout(maps.indexes(np.concatenate(halves), reach), few))
    return Picture(pairs, "Rows 1 and 2: the channels with the highest gates before and after recalibration; rows 3 and 4: those with the "
                          "lowest.", 560, True)


def _evidence(at: Seen) -> Section:
    grid = grids(at.network, at.model.network.padding, at.seen.image.shape[-1])[at.network.last_unit]
    found = {guess: class_map(at.model, at.seen, guess.index) for guess in at.seen.top(BEST)}
    top = max(float(np.abs(values).max()) for values in found.values())
    photo = np.asarray(at.view.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    pictures = tuple(Picture(_png(cam.blend(photo, spread_out(values, grid, SIDE), top)),
                             f"{guess.label}: {percent(guess.probability)}, logit {fixed(guess.logit, 2)}", 190)
                     for guess, values in found.items())
    rows = [(guess.label, fixed(values.mean()), fixed(bias(at.model, guess.index)), fixed(guess.logit)) for guess, values in found.items()]
    words = (f"Class activation maps of the {len(found)} best guesses, all on one scale: orange speaks for the class, blue against it. They are "
             f"exact: the mean of a map plus the bias is the class's logit. Each of the {grid.cells} × {grid.cells} cells can see {grid.reach:,} "
             "pixels, so such a map says where evidence arrives, not which pixels caused it.")
    table = Table(("Class", "Mean of its map", "Bias", "Logit"), rows)
    return Section(_titled(at, "Where the evidence lies"), (words,), pictures, tables=(table,))


def _png(pixels: np.ndarray) -> bytes:
    return cam.sheet([pixels], 1).png
