"""What a measured roofline shows: the picture, the floor and how far each way to run stays from it, and what holds up each kind of layer."""

import json
from functools import partial
from typing import NamedTuple

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.families import from_spec
from effnet_core.figures import roofline as draw
from effnet_core.palette import percent, si
from effnet_core.speed.intensity import Roof, Share, Work, bound, floor_s, network_floor_s, roof_of, shares, works

from .. import guess, html, results, shell, state, texts
from ..answers import Answers
from ..components import picked_block
from ..measured import KINDS, PLAIN, described, ms, provenance

PAGE = "latency_roof"
HELD = {"multiplier": "the multiplier", "memory": "the memory", "neither": "neither roof"}
COMPUTING = [kind for kind in draw.KINDS if kind != "maxpool"]
WAYS = {"plain": "Plain", "fused": "Our fused path"}


class Case(NamedTuple):
    """A record of `roofline.measure` with what follows from it, in fp32."""

    row: dict
    network: Architecture
    roof: Roof
    found: tuple[Work, ...]
    floor: float  # seconds
    times: dict[str, dict[str, float]]  # way → milliseconds per layer id

    @classmethod
    def of(cls, row: dict) -> "Case":
        network, roof = from_spec(row["network"]), roof_of(row["roofs"])
        found = works(network, row["batch"])
        return cls(row, network, roof, found, network_floor_s(found, roof), {way: row["ways"][way]["layers"] for way in WAYS})

    def reached(self, way: str) -> float:
        """The floor of all layers over their measured time."""
        return 1e3 * self.floor / sum(self.times[way].values())


def outcome(row: dict) -> None:
    case = Case.of(row)
    st.markdown(f"#### {described(row)}")
    tiles(case)
    st.caption(provenance(row))
    doubts(case)
    kinds = shares(case.found, case.roof, case.times["fused"])
    if "depthwise" in kinds and not guessed(case, kinds["depthwise"]):
        st.caption(f"The roofline, the floor and what holds up each kind of layer: {guess.WAITS}.")
        return
    picture(case)
    floors(case)
    by_kind(case, kinds)
    caches(case)


def tiles(case: Case) -> None:
    row, roof = case.row, case.roof
    sides = [product["side"] for product in row["roofs"]["products"] if product["precision"] == "fp32"]
    fused, plain = (row["ways"][way]["median_ms"] / 1e3 for way in ("fused", "plain"))
    html.tiles([
        html.Tile("Multiplies at most", f"{si(roof.rate)} MACs/s", f"fp32 products of up to {max(sides)} × {max(sides)}", explain="The flat roof."),
        html.Tile("Moves at most", si(roof.cache, "B/s"), f"from caches; {si(roof.main_memory, 'B/s')} from main memory", explain="The slanted roofs."),
        html.Tile("Floor of this network", si(case.floor, "s"), f"{si(case.row['macs'] * case.row['batch'], 'MACs')} a pass", explain="Layer by layer, nothing could run it faster here in fp32."),
        html.Tile("Our fused path takes", f"{fused / case.floor:.3g} × floor", f"{si(fused, 's')}; plain {si(plain, 's')}"),
    ], "roof")


def doubts(case: Case) -> None:
    row = case.row
    if row["note"]:
        text = row["note"] if row["steady"] else texts.text(PAGE, "doubt", note=row["note"])
        st.info(text, icon=":material/info:") if row["steady"] else st.warning(text, icon=":material/warning:")
    ratios = [1e3 * floor_s(one, case.roof) / times[one.id] for times in case.times.values() for one in case.found]
    if over := [ratio for ratio in ratios if ratio > 1]:
        st.warning(texts.text(PAGE, "beyond", count=f"{len(over)} of {len(ratios)}", most=percent(1 - 1 / max(over))), icon=":material/warning:")


def guessed(case: Case, depthwise: Share) -> bool:
    """The guess, whose answer is the place where the depthwise layers were measured."""
    places = [one.intensity for one in case.found if one.operator == "depthwise"]
    numbers = {"least": f"{min(places):.2g}", "most": f"{max(places):.2g}", "reached": percent(depthwise.reached), "factor": f"{1 / depthwise.reached:.2g}"}
    ridges = {name: f"{case.roof.rate / pace:.2g}" for name, pace in (("ridge_cache", case.roof.cache), ("ridge_memory", case.roof.main_memory))}
    return guess.ask(PAGE, "roof_depthwise", ("The multiplier", "The memory", "Neither, it stays far below both"), [*HELD].index(depthwise.held_up),
                     title=html.plain(case.row["name"]), batch=f"{case.row['batch']}", why=texts.text(PAGE, f"why_{depthwise.held_up}", **numbers), **numbers, **ridges)


def picture(case: Case) -> None:
    st.markdown("##### Every layer under the roofs of this machine")
    operators = [kind for kind in draw.KINDS if any(one.operator == kind and one.macs for one in case.found)]
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    ways = left.pills("Ways shown", [*WAYS], default=[*WAYS], selection_mode="multi", format_func=WAYS.__getitem__, wrap=True, **state.bound("roof_ways")) or [*WAYS]
    kinds = right.pills("Kinds of layers shown", COMPUTING, default=COMPUTING, selection_mode="multi", format_func=KINDS.__getitem__, wrap=True,
                        **state.bound("roof_kinds")) or operators
    shown = {way: case.times[way] for way in WAYS if way in ways}
    key(case, [kind for kind in operators if kind in kinds], shown)
    unit = state.selected(case.network)
    faster = {precision: found.rate for precision in ("bf16", "fp16") if (found := roof_of(case.row["roofs"], precision)) is not None}
    figure = draw.roofline(case.network, case.found, case.roof, shown, shell.theme(), unit, kinds, faster)
    st.plotly_chart(figure, theme=None, key="roofline", config=PLAIN, selection_mode="points",
                    on_select=partial(picked_block, "roofline", {name for name, _ in case.network.units()}),
                    alt=f"Multiply-adds per second of every layer of {case.row['name']} against its multiply-adds per byte, under the roofs of this machine")
    st.caption(texts.text(PAGE, "read", ways=texts.text(PAGE, "both" if len(shown) == 2 else [*shown][0])) + " " + selected(case, unit))


def key(case: Case, kinds: list[str], ways: dict) -> None:
    """Shapes are kinds, colours are stages, and full or hollow are the ways."""
    shapes = [(draw.KINDS[kind][2], draw.KINDS[kind][0]) for kind in kinds] + [({"plain": "○", "fused": "●"}[way], WAYS[way].lower()) for way in ways]
    words = "".join(f"<span><b aria-hidden='true'>{shape}</b> {name}</span>" for shape, name in shapes)
    colours = "".join(f'<span><i style="background:{colour}"></i>{name}</span>' for name, colour in draw.stages(case.network, shell.theme()).items())
    st.html(f'<div class="ef-key roof-key">{words}</div><div class="ef-key roof-key">{colours}</div>')


def selected(case: Case, unit: str) -> str:
    layers = {layer.id for layer in dict(case.network.units())[unit]}
    mine = [one for one in case.found if one.id in layers]
    times = ", ".join(f"{ms(sum(found[one.id] for one in mine))} {way}" for way, found in case.times.items())
    kinds = ", ".join(f"{one.id.rpartition('.')[2]} {one.intensity:.2g}" for one in mine if one.macs)
    return texts.text(PAGE, "selected", unit=unit, kinds=f"MACs per byte: {kinds}", floor=si(network_floor_s(mine, case.roof), "s"), times=times)


def floors(case: Case) -> None:
    st.markdown("##### How far each way to run stays from the floor")
    row, raced = case.row, race(case.row)
    lines = [("Floor of this network", "fp32", si(case.floor, "s"), "", "1", "100 %")]
    lines += [line(case, WAYS[way], "fp32", row["ways"][way]["median_ms"], "this run") for way in WAYS]
    lines += [line(case, way["name"], way["precision"], way["median_ms"], "the race") for way in raced]
    html.table(("Way to run", "Precision", "Median of a pass", "Measured in", "Times its floor", "Of the limit"), lines, mark=0)
    held = sum(bound(one, case.roof) == "memory" for one in case.found)
    far = network_floor_s(case.found, Roof(case.roof.rate, case.roof.memory[-1:]))
    st.caption(texts.text(PAGE, "floor", rate=si(case.roof.rate), bytes=f"{held}", layer_count=f"{len(case.found)}", far=si(far, "s"))
               + " " + texts.text(PAGE, "raced" if raced else "unraced"))


def line(case: Case, name: str, precision: str, median_ms: float, origin: str) -> tuple[str, ...]:
    roof = roof_of(case.row["roofs"], precision)
    if roof is None:
        return name, precision, ms(median_ms), origin, "no roof measured", ""
    ratio = median_ms / 1e3 / network_floor_s(works(case.network, case.row["batch"], precision), roof)
    return name, precision, ms(median_ms), origin, f"{ratio:.3g}", percent(1 / ratio)


def race(row: dict) -> list[dict]:
    """The ways that this session's last race of the same network and settings has timed."""
    kind, same = Answers.of("ways"), results.Request(from_spec(row["network"]), row["device"], row["batch"], row["threads"])
    rows = [] if kind is None else [other for other in kind.rows() if same.answered_by(other)]
    return [way for way in rows[-1]["ways"] if way.get("median_ms")] if rows else []


def by_kind(case: Case, kinds: dict[str, Share]) -> None:
    st.markdown("##### Kind by kind: the MACs, the floor and the time")
    html.shares(draw.parts(case.found, case.roof, case.times, shell.theme()))
    plain = shares(case.found, case.roof, case.times["plain"])
    html.table(("Kind of layer", "of the MACs", "of the floor", "of the time, plain", "of the time, fused", "Limit reached, plain", "Limit reached, fused", "Held up by"), [
        (KINDS[kind], percent(one.macs), percent(one.floor), percent(plain[kind].time), percent(one.time), percent(plain[kind].reached), percent(one.reached),
         HELD[one.held_up]) for kind, one in kinds.items()])
    for kind in ("depthwise", "se"):
        if kind in kinds:
            numbers = {name: percent(getattr(kinds[kind], name)) for name in ("macs", "floor", "time", "reached")}
            st.markdown(texts.text(PAGE, kind, **numbers, fast=percent(kinds["pointwise"].reached)))
    st.markdown(texts.text(PAGE, "fusing", **{way: percent(case.reached(way)) for way in WAYS}))


def caches(case: Case) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("##### The pace of memory has steps")
        st.plotly_chart(draw.memory(case.roof, case.row["roofs"]["movements"], case.found, shell.theme()), theme=None, key="roof_memory", config=PLAIN,
                        alt="Bytes moved per second against the size of the arrays that are moved")
        st.caption(texts.text(PAGE, "memory"))
    sides = sorted({product["side"] for product in case.row["roofs"]["products"]})
    with right:
        st.markdown("##### What is counted, and what is measured")
        st.markdown(texts.text(PAGE, "assumed", sides=", ".join(map(str, sides))))
        st.download_button("JSON", lambda: json.dumps({name: value for name, value in case.row.items() if name != "job"}, indent=1), "roofline.json", "application/json",
                           on_click="ignore", icon=":material/download:", key="roof_json")
