"""How a sweep is shown: its curves, what they say in words, its table, and what to take home."""

import re
from datetime import datetime, timedelta, timezone

import streamlit as st

from effnet_core.figures import sweep as draw
from effnet_core.palette import bytes_text, si
from effnet_core.speed import plan, reading
from pages.shared import html, results, shell, texts
from pages.shared.measured import PLAIN, ms, span, threads_text

PAGE = "latency_sweep"
SHARED = 0.85  # of the time that so many more images would take by themselves: below that, some of it is shared
SIGNS = ("■", "◆", "▲")  # as `figures.sweep` draws them
HEADS = {"batch": "Batch", "phi": "φ", "side": "Side"}


def named(over: str, value: float) -> str:
    """"batch 8", "φ = 1.5", "224 px"."""
    text = f"{value:g}".replace("-", "−")
    return {"batch": f"batch {text}", "phi": f"φ = {text}", "side": f"{text} px"}[over]


def network_name(row: dict) -> str:
    """What all points have in common."""
    ending = {"batch": "$", "phi": r" scaled by φ = [^,]+", "side": r" at \d+ px$"}[row["over"]]
    return re.sub(ending, "", row["points"][0]["name"])


def described(row: dict) -> str:
    low, high = min(row["values"]), max(row["values"])
    batch = "" if row["over"] == "batch" else f", batch {row['points'][0]['batch']}"
    span = f"{low:g} … {high:g}".replace("-", "−")
    what = {"batch": f"over batches of {span}", "phi": f"over φ = {span}", "side": f"over images of {span} px"}[row["over"]]
    return f"{network_name(row)} {what}{batch}, {threads_text(row['threads'])} on {row['device_name']}"


def curves(row: dict | None, beside: list[tuple[str, dict]]) -> None:
    """The three panels; in their place something grey before the first point is there."""
    with st.container(key="sweep_curves"):
        columns = st.columns(3, gap="medium")
        for place, column in enumerate(columns):
            if row is None:
                column.skeleton(320)
                continue
            name = draw.OF[row["over"]][place]
            what = draw.PANELS[name]
            column.markdown(f"##### {what.title}")
            column.plotly_chart(draw.panel(row, name, shell.theme(), beside), theme=None, key=f"sweep_{place}", config=PLAIN,
                                alt=f"{what.title} over {plan.OVER[row['over']]}: " + "; ".join(map(said, reading.measured(row))))


def chosen(row: dict, others: list[dict]) -> list[tuple[str, dict]]:
    """The latest others, to be drawn beside `row` or not, with what to call them."""
    latest = {other["job"]: other for other in others[: -1 - len(draw.BESIDE) : -1]}
    if not latest:
        return []
    labels = {job: f"{sign} {apart(other, row)}" for sign, (job, other) in zip(SIGNS, latest.items())}
    kept = st.pills("Beside it", [*latest], format_func=labels.__getitem__, default=[*latest], selection_mode="multi",
                    key=f"sweep_beside_{row['job']}", help=texts.text(PAGE, "beside"))
    return [(labels[job], latest[job] if job in kept else {**latest[job], "points": []}) for job in latest]


def apart(row: dict, other: dict) -> str:
    """`row` in the words in which it differs from `other`."""
    words = [(network_name(row), network_name(other)), (threads_text(row["threads"]), threads_text(other["threads"])),
             (row["device_name"], other["device_name"])]
    if row["over"] != "batch":
        words.append(tuple(f"batch {one['points'][0]['batch']}" for one in (row, other)))
    return ", ".join(mine for mine, theirs in words if mine != theirs) or f"the same, {results.ago(row['measured'])}"


def said(point: dict) -> str:
    return f"{point['value']:g}: {ms(point['median_ms'])} a pass, {si(point['images_per_second'])} images per second"


def growing(row: dict | None) -> None:
    curves(row, [])


def outcome(row: dict, alike: list[dict]) -> None:
    """One sweep, and how it compares with the session's others of the same quantity."""
    st.markdown(f"#### {described(row)}")
    st.caption(provenance(row))
    doubts(row)
    curves(row, chosen(row, [other for other in alike if other is not row]))
    words(row)
    table(row)
    st.download_button("CSV", lambda: reading.as_csv(row), "sweep.csv", "text/csv", on_click="ignore",
                       icon=":material/download:", key="sweep_csv")


def provenance(row: dict) -> str:
    seen, offset = row["machine"], st.context.timezone_offset
    zone = None if offset is None else timezone(timedelta(minutes=-offset))  # the visitor's
    gpu = "" if row["device"] == "cpu" else f"{row['device_name']}, beside "
    return (f"Measured on {gpu}{seen['processor']} with {row['threads']} of {seen['cores']} cores, {seen['system']}, torch "
            f"{row['versions']['torch']}, {datetime.fromtimestamp(row['measured'], zone):%d %B %Y, %H:%M}"
            f"{', by another visitor' if row['shared'] else ''}.")


def doubts(row: dict) -> None:
    """What is missing, and what cannot be trusted."""
    points = reading.measured(row)
    shaky = [point for point in points if not point["steady"]]
    if len(row["points"]) < len(row["values"]):
        st.info(texts.text(PAGE, "partial", done=str(len(row["points"])), count=str(len(row["values"]))), icon=":material/info:")
    if shaky:
        st.warning(texts.text(PAGE, "doubt", shaky=str(len(shaky)), count=str(len(points)), note=shaky[-1]["note"]),
                   icon=":material/warning:")


def words(row: dict) -> None:
    """What the curves say, from their own numbers."""
    points = reading.measured(row)
    if len(points) < 2:
        return
    st.markdown("##### What these curves say")
    time = of_batches(points) if row["over"] == "batch" else [of_growth(row, points)]
    shaky = "" if all(point["steady"] for point in points) else texts.text(PAGE, "shaky")
    st.markdown("\n\n".join(filter(None, [shaky, *time, of_memory(row, points)])))


def of_batches(points: list[dict]) -> list[str]:
    """The floor of the smallest batch, and where a larger one stops paying."""
    first, last, stop = points[0], points[-1], reading.pays_until(points)
    figures = {"first": named("batch", first["batch"]), "first_ms": ms(first["median_ms"]), "first_rate": si(first["images_per_second"]),
               "last": f"{last['batch']}", "last_ms": ms(last["median_ms"]), "last_rate": si(last["images_per_second"]),
               "stop": f"{stop['batch']}", "stop_ms": ms(stop["median_ms"]), "stop_rate": si(stop["images_per_second"]),
               "gain": f"{stop['images_per_second'] / first['images_per_second']:.3g}"}
    kind = "never" if stop is first else "still" if stop is last else "until"
    return [of_floor(points, figures), texts.text(PAGE, f"pays_{kind}", **figures)]


def of_floor(points: list[dict], figures: dict[str, str]) -> str:
    first, second, free = points[0], points[1], reading.rides_along(points)
    if free is not first:
        return texts.text(PAGE, "floor_flat", **figures, free=f"{free['batch']}", times=f"{free['median_ms'] / first['median_ms']:.3g}")
    images, times = second["batch"] / first["batch"], second["median_ms"] / first["median_ms"]
    return texts.text(PAGE, "floor_none" if times > SHARED * images else "floor_some", **figures, second=f"{second['batch']}",
                      images=f"{images:.3g}", times=f"{times:.3g}")


def of_growth(row: dict, points: list[dict]) -> str:
    grown = reading.growth(points)
    kind = "less" if grown.pace > 1.1 else "more" if grown.pace < 1 / 1.1 else "alike"
    first, last = (named(row["over"], point["value"]) for point in (points[0], points[-1]))
    return texts.text(PAGE, f"grew_{kind}", small="networks" if row["over"] == "phi" else "images", first=first, last=last,
                      work=f"{grown.work:.3g}", time=f"{grown.time:.3g}", slow=si(reading.pace(points[0])),
                      fast=si(reading.pace(points[-1])))


def of_memory(row: dict, points: list[dict]) -> str:
    first, last = points[0], points[-1]
    if reading.held(first) is None or reading.held(last) is None:
        return ""
    figures = {"first": named(row["over"], first["value"]), "last": named(row["over"], last["value"]),
               "low": bytes_text(reading.held(first)), "high": bytes_text(reading.held(last)), "weights": bytes_text(last["weights"])}
    if (more := reading.an_image_more(points)) is not None:
        counted = dict(zip(row["values"], row["counted"]))
        each = (counted[last["value"]] - counted[first["value"]]) / (last["batch"] - first["batch"])
        return texts.text(PAGE, "memory_batch", **figures, more=bytes_text(round(more)), counted=bytes_text(round(each)))
    return texts.text(PAGE, "memory_other", **figures)


def table(row: dict) -> None:
    head = (HEADS[row["over"]], "Time of a pass", "10 % to 90 %", "An image", "Images/s", "MACs/s", "Memory", "of it weights", "Note")
    html.table(head, [line(row["over"], point) for point in row["points"]])


def line(over: str, point: dict) -> tuple[str, ...]:
    value = named(over, point["value"]).replace("batch ", "").replace("φ = ", "")
    if point["error"]:
        return (value, "left out", *[""] * 6, point["error"])
    held = reading.held(point)
    return (value, ms(point["median_ms"]), span(point["p10_ms"], point["p90_ms"]), ms(point["median_ms"] / point["batch"]),
            si(point["images_per_second"]), si(reading.pace(point)), "" if held is None else bytes_text(held), bytes_text(point["weights"]),
            "" if point["steady"] else "disturbed")


def closing(over: str) -> None:
    """What a batch does, and the memory, explained beneath."""
    with st.expander("What a batch does, and why a GPU gains most" if over == "batch" else "Why time does not follow the MACs"):
        st.markdown(texts.text(PAGE, "explained_batch" if over == "batch" else "explained_size"))
    with st.expander("What the memory is taken by"):
        st.markdown(texts.text(PAGE, "explained_memory"))
