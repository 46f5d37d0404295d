"""What is shown of networks against others: the chart, the ratios beside the paper's, and why their pace differs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from effnet_core.figures import against as draw
from effnet_core.lab import against
from effnet_core.lab.against import Part, Point
from effnet_core.lab.paper import SOURCE, TABLE_4_RATIOS
from effnet_core.palette import percent, si, three

from .. import html, measured, shell, texts
from ..measured import PLAIN, ms

if TYPE_CHECKING:
    from .against import Beside

PAGE = "latency_against"
UNKNOWN = "–"


def times(value: float | None) -> str:
    return UNKNOWN if value is None else f"× {three(value)}"


def only(keys: Sequence[str], points: Mapping[str, Point]) -> list[Point]:
    return [points[key] for key in against.NETWORKS if key in keys and key in points]


def picture(keys: Sequence[str], here: Mapping[str, Point], rows: Mapping[str, dict], other: "Beside | None", told: str) -> None:
    mine, theirs = only(keys, here), only(keys, other.points) if other else []
    st.markdown("##### Multiply-adds and time, one image")
    if not mine and not theirs:
        st.container(key="against_empty", border=True).markdown(texts.text(PAGE, "empty"))
        return
    names = ", ".join(f"{point.name} {ms(point.ms)}" for point in mine or theirs)
    st.plotly_chart(draw.chart(mine, theirs, shell.theme()), theme=None, key="against", config=PLAIN,
                    alt=f"Time for one image against multiply-adds, {'measured here' if mine else other.title}: {names}")
    if mine:
        latest = max((rows[point.key] for point in mine), key=lambda row: row["measured"])
        st.caption(texts.text(PAGE, "filled", told=told, provenance=measured.provenance(latest)))
    if theirs:
        doubts = [point.name for point in theirs if not point.steady]
        st.caption(texts.text(PAGE, "hollow", source=other.source) + doubtful(doubts))
    if doubts := [point.name for point in mine if not point.steady]:
        st.warning(texts.text(PAGE, "doubt", names=", ".join(doubts)), icon=":material/warning:")


def doubtful(names: Sequence[str]) -> str:
    return f" Disturbed by other work, so not to be trusted: {', '.join(names)}." if names else ""


def ratios(here: Mapping[int, Mapping[str, Point]], other: "Beside | None") -> None:
    """How many times one network is of another: in MACs, in time here, in time elsewhere, in the paper."""
    columns = {f"Time here, batch {batch}": points for batch, points in here.items()}
    if other and other.rows:
        columns[f"Time {other.short}"] = other.points
    st.markdown("##### How many times as much work, how many times as long")
    html.table(("Networks", "MACs", *columns, "Time in the paper"), [
        (f"{against.short(of)} ÷ {against.short(to)}", times(against.macs_ratio(of, to)),
         *(times(against.time_ratio(of, to, points)) for points in columns.values()), times(against.printed_ratio(of, to)))
        for of, to in against.PAIRS])
    claim = ("resnet152", "b1")
    found = {name.removeprefix("Time "): against.time_ratio(*claim, points) for name, points in columns.items()}
    said = ", ".join(f"**{three(ratio)}** ({name})" for name, ratio in found.items() if ratio) or "neither has been measured here"
    st.markdown(texts.text(PAGE, "ratios", printed=f"{TABLE_4_RATIOS[claim]:g}", found=said, source=SOURCE,
                           gpipe=f"{TABLE_4_RATIOS['gpipe', 'b7']:g}"))


def reasons(keys: Sequence[str], rows: Mapping[str, dict], batch: int, other: "Beside | None") -> None:
    """The pace of each network, where its time goes, and what that has to do with it: from one's own measurements, or those beside them."""
    own = only(keys, against.points(rows, batch))
    points = own or (only(keys, other.points) if other else [])
    if not points:
        return
    found, images = (rows, batch) if own else (other.rows, other.batch)
    split = {point.key: against.parts(point.key, found[point.key]["layers"])
             for point in points if found.get(point.key, {}).get("layers")}
    st.markdown(f"##### Why some networks do more multiply-adds a second{'' if own else f': {other.short}'}")
    html.table(("Network", "MACs", "Time an image", "MACs per second", "of B0’s", "MACs per number written", "convolutions, MACs/s", "depthwise, MACs/s"),
               [line(point, points, split.get(point.key), images) for point in points])
    if split:
        st.markdown("###### Where the time of the layers goes")
        html.shares(draw.shares({against.short(key): parts for key, parts in split.items()}, shell.theme()))
    st.markdown("\n\n".join(explained(points, split, images)))


def line(point: Point, points: Sequence[Point], parts: Mapping[str, Part] | None, images: int) -> tuple[str, ...]:
    base = next((one.pace for one in points if one.key == "b0"), None)
    rates = [si(parts[kind].pace(images)) if parts and kind in parts else UNKNOWN for kind in ("dense", "depthwise")]
    return (point.name, si(point.macs), ms(point.ms), si(point.pace), times(point.pace / base if base else None),
            three(against.reuse(point.key)), *rates)


def explained(points: Sequence[Point], split: Mapping[str, Mapping[str, Part]], images: int) -> list[str]:
    """In words, as far as it was measured."""
    said = []
    slow, fast = min(points, key=lambda point: point.pace), max(points, key=lambda point: point.pace)
    if fast.pace > 1.1 * slow.pace:  # else there is nothing to explain
        reuse = {"slow_reuse": three(against.reuse(slow.key)), "fast_reuse": three(against.reuse(fast.key))}
        names = {"slow": slow.name, "fast": fast.name}
        said.append(texts.text(PAGE, "pace", ratio=three(fast.pace / slow.pace), **names))
        said += [texts.text(PAGE, "reuse", **names, **reuse)] if against.reuse(fast.key) > against.reuse(slow.key) else []
    if parts := split.get("b0"):
        macs = against.counted("b0").macs
        said.append(texts.text(
            PAGE, "parts", time=percent(parts["depthwise"].share), macs=percent(parts["depthwise"].macs / macs),
            slow=si(parts["depthwise"].pace(images)), fast=si(parts["dense"].pace(images)), se=percent(parts["se"].share),
            se_macs=percent(parts["se"].macs / macs)))
    paces = {key: split[key]["dense"].pace(images) for key in ("resnet50", "b0") if key in split}
    if len(paces) == 2 and paces["resnet50"] > paces["b0"]:
        counts = {f"{key}_layers": f"{len(against.counted(key).layers)}" for key in paces}
        said.append(texts.text(PAGE, "dense", **{key: si(pace) for key, pace in paces.items()}, **counts))
    if not split:
        said.append(texts.text(PAGE, "unsplit"))
    return said
