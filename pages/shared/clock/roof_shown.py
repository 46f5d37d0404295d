"""What a measured roofline shows: the picture, the floor, how far each way to run stays from it, and what holds up each kind of layer."""

import json
from collections.abc import Mapping
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_core.figures import roofline as draw
from effnet_core.palette import percent, si
from effnet_core.speed.intensity import Roof, Share, bound, floor_s, network_floor_s, roof_of, shares, works

from .. import guess, html, shell, state, texts
from ..components import picked_block
from ..measured import KINDS, PLAIN, described, ms, provenance
from .roof_case import WAYS, Case, raced

PAGE = "latency_roof"
OPTIONS = ("The multiplier", "The memory", "Neither, it stays far below both")  # in the order of `HELD`
HELD = {"multiplier": "the multiplier", "memory": "the memory", "neither": "neither roof"}
COMPUTING = {kind: KINDS[kind] for kind in draw.KINDS if kind != "maxpool"}


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
        html.Tile("Multiplies at most", f"{si(roof.rate)} MACs/s", f"fp32 products of up to {max(sides)} × {max(sides)}",
                  explain="The flat roof."),
        html.Tile("Moves at most", si(roof.cache, "B/s"), f"from caches; {si(roof.main_memory, 'B/s')} from main memory",
                  explain="The slanted roofs."),
        html.Tile("Floor of this network", si(case.floor, "s"), f"{si(row['macs'] * row['batch'], 'MACs')} a pass",
                  explain="Layer by layer, nothing could run it faster here in fp32."),
        html.Tile("Our fused path takes", f"{fused / case.floor:.3g} × floor", f"{si(fused, 's')}; plain {si(plain, 's')}"),
    ], "roof")


def doubts(case: Case) -> None:
    row = case.row
    if row["note"]:
        text = row["note"] if row["steady"] else texts.text(PAGE, "doubt", note=row["note"])
        st.info(text, icon=":material/info:") if row["steady"] else st.warning(text, icon=":material/warning:")
    ratios = [1e3 * floor_s(one, case.roof) / times[one.id] for times in case.times.values() for one in case.found]
    if over := [ratio for ratio in ratios if ratio > 1]:
        st.warning(texts.text(PAGE, "beyond", count=f"{len(over)} of {len(ratios)}", most=percent(1 - 1 / max(over))),
                   icon=":material/warning:")


def guessed(case: Case, depthwise: Share) -> bool:
    """The guess, whose answer is the place where the depthwise layers were measured."""
    places = [one.intensity for one in case.found if one.operator == "depthwise"]
    numbers = {"least": f"{min(places):.2g}", "most": f"{max(places):.2g}", "reached": percent(depthwise.reached),
               "factor": f"{1 / depthwise.reached:.2g}", "ridge_cache": f"{case.roof.rate / case.roof.cache:.2g}",
               "ridge_memory": f"{case.roof.rate / case.roof.main_memory:.2g}"}
    why = texts.text(PAGE, f"why_{depthwise.held_up}", **numbers)
    return guess.ask(PAGE, "roof_depthwise", OPTIONS, [*HELD].index(depthwise.held_up), title=html.plain(case.row["name"]),
                     batch=f"{case.row['batch']}", why=why, **numbers)


def picture(case: Case) -> None:
    st.markdown("##### Every layer under the roofs of this machine")
    ways, kinds = chosen()
    shown, unit = {way: case.times[way] for way in ways}, state.selected(case.network)
    key(case, kinds, shown)
    faster = {precision: found.rate for precision in draw.FLAT if (found := roof_of(case.row["roofs"], precision)) is not None}
    figure = draw.roofline(case.network, case.found, case.roof, shown, shell.theme(), unit, kinds, faster)
    st.plotly_chart(figure, theme=None, key="roofline", config=PLAIN, selection_mode="points",
                    on_select=partial(picked_block, "roofline", {name for name, _ in case.network.units()}),
                    alt=f"MACs per second of every layer of {case.row['name']} against its MACs per byte, under the roofs of this machine")
    st.caption(texts.text(PAGE, "read", ways=texts.text(PAGE, "both" if len(shown) == 2 else [*shown][0])) + " " + selected(case, unit))


def chosen() -> tuple[list[str], list[str]]:
    """The ways and the kinds of layers to show."""
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    return some(left, "Ways shown", WAYS, "roof_ways"), some(right, "Kinds of layers shown", COMPUTING, "roof_kinds")


def some(place: DeltaGenerator, label: str, options: Mapping[str, str], key: str) -> list[str]:
    """Those that are chosen; all where none is."""
    found = place.pills(label, [*options], default=[*options], selection_mode="multi", format_func=options.__getitem__, wrap=True,
                        **state.bound(key))
    return [option for option in options if not found or option in found]


def key(case: Case, kinds: list[str], ways: dict) -> None:
    """Shapes are kinds, colours are stages, and full or hollow are the ways."""
    present = {one.operator for one in case.found}
    shapes = [(draw.KINDS[kind][2], draw.KINDS[kind][0]) for kind in kinds if kind in present]
    shapes += [({"plain": "○", "fused": "●"}[way], WAYS[way].lower()) for way in ways]
    words = "".join(f"<span><b aria-hidden='true'>{shape}</b> {name}</span>" for shape, name in shapes)
    stages = draw.stages(case.network, shell.theme())
    colours = "".join(f'<span><i style="background:{colour}"></i>{name}</span>' for name, colour in stages.items())
    st.html(f'<div class="ef-key roof-key">{words}</div><div class="ef-key">{colours}</div>')


def selected(case: Case, unit: str) -> str:
    layers = {layer.id for layer in dict(case.network.units())[unit]}
    mine = [one for one in case.found if one.id in layers]
    times = ", ".join(f"{ms(sum(found[one.id] for one in mine))} {way}" for way, found in case.times.items())
    kinds = ", ".join(f"{one.id.rpartition('.')[2]} {one.intensity:.2g}" for one in mine if one.macs)
    floor = si(network_floor_s(mine, case.roof), "s")
    return texts.text(PAGE, "selected", unit=unit, kinds=f"MACs per byte: {kinds}", floor=floor, times=times)


def floors(case: Case) -> None:
    st.markdown("##### How far each way to run stays from the floor")
    row, others = case.row, raced(case.row)
    lines = [("Floor of this network", "fp32", si(case.floor, "s"), "", "1", "100 %")]
    lines += [line(case, WAYS[way], "fp32", row["ways"][way]["median_ms"], "this run") for way in WAYS]
    lines += [line(case, way["name"], way["precision"], way["median_ms"], "the race") for way in others]
    html.table(("Way to run", "Precision", "Median of a pass", "Measured in", "Times its floor", "Of the limit"), lines, mark=0)
    held = sum(bound(one, case.roof) == "memory" for one in case.found)
    far = network_floor_s(case.found, Roof(case.roof.rate, case.roof.memory[-1:]))
    words = texts.text(PAGE, "floor", rate=si(case.roof.rate), bytes=f"{held}", layer_count=f"{len(case.found)}", far=si(far, "s"))
    st.caption(f"{words} {texts.text(PAGE, 'raced' if others else 'unraced')}")


def line(case: Case, name: str, precision: str, median_ms: float, origin: str) -> tuple[str, ...]:
    roof = roof_of(case.row["roofs"], precision)
    if roof is None:
        return name, precision, ms(median_ms), origin, "no roof measured", ""
    ratio = median_ms / 1e3 / network_floor_s(works(case.network, case.row["batch"], precision), roof)
    return name, precision, ms(median_ms), origin, f"{ratio:.3g}", percent(1 / ratio)


def by_kind(case: Case, kinds: dict[str, Share]) -> None:
    st.markdown("##### Kind by kind: the MACs, the floor and the time")
    html.shares(draw.parts(case.found, case.roof, case.times, shell.theme()))
    plain = shares(case.found, case.roof, case.times["plain"])
    head = ("Kind of layer", "of the MACs", "of the floor", "of the time, plain", "of the time, fused", "Limit reached, plain",
            "Limit reached, fused", "Held up by")
    html.table(head, [(KINDS[kind], percent(one.macs), percent(one.floor), percent(plain[kind].time), percent(one.time),
                       percent(plain[kind].reached), percent(one.reached), HELD[one.held_up]) for kind, one in kinds.items()])
    for kind in ("depthwise", "se"):
        if kind in kinds:
            numbers = {name: percent(getattr(kinds[kind], name)) for name in ("macs", "floor", "time", "reached")}
            st.markdown(texts.text(PAGE, kind, **numbers, fast=percent(kinds["pointwise"].reached)))
    st.markdown(texts.text(PAGE, "fusing", **{way: percent(case.reached(way)) for way in WAYS}))


def caches(case: Case) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("##### The pace of memory has steps")
        figure = draw.memory(case.roof, case.row["roofs"]["movements"], case.found, shell.theme())
        st.plotly_chart(figure, theme=None, key="roof_memory", config=PLAIN,
                        alt="Bytes moved per second against the size of the arrays that are moved")
        st.caption(texts.text(PAGE, "memory"))
    sides = sorted({product["side"] for product in case.row["roofs"]["products"]})
    with right:
        st.markdown("##### What is counted, and what is measured")
        st.markdown(texts.text(PAGE, "assumed", sides=", ".join(map(str, sides))))
        st.download_button("JSON", lambda: as_json(case.row), "roofline.json", "application/json", on_click="ignore",
                           icon=":material/download:", key="roof_json")


def as_json(row: dict) -> str:
    """Everything that was measured."""
    return json.dumps({name: value for name, value in row.items() if name != "job"}, indent=1)
