"""A race between ways to run a network, as it is shown: ratios, table, and what the numbers say."""

import json

import streamlit as st

from effnet_core.figures import ways as draw
from effnet_core.palette import percent

from .. import html, measured, shell, texts
from ..measured import PLAIN, ms, span

PAGE = "latency_ways"


def label(row: dict) -> str:
    return f"{row['name']}, {row['precision']}"


def ran(record: dict) -> list[dict]:
    """The rows of the ways that were timed, as they were asked for."""
    return [row for row in record["ways"] if row["error"] is None]


def best(record: dict) -> dict:
    return min(ran(record), key=lambda row: row["ratio"])


def described(record: dict) -> str:
    return f"{measured.scaled(record['network'])}, batch {record['batch']}, {measured.threads_text(record['threads'])} on {record['device_name']}"


def outcome(record: dict) -> None:
    """The figures of one race."""
    rows = ran(record)
    st.markdown(f"#### {html.plain(described(record))}")
    st.caption(measured.provenance(record))
    if record["note"]:
        st.warning(texts.text("latency", "doubt", note=html.plain(record["note"])), icon=":material/warning:")
    st.plotly_chart(draw.ratios(rows, shell.theme()), theme=None, key="ways_ratios", config=PLAIN,
                    alt="Time of every way to run, over that of the plain one: " + ", ".join(f"{label(row)} {row['ratio']:.2f}" for row in rows))
    st.markdown(verdict(record))
    table(record)
    st.download_button("JSON", lambda: json.dumps({key: value for key, value in record.items() if key != "job"}, indent=1), "ways.json",
                       "application/json", on_click="ignore", icon=":material/download:", key="ways_json")


def rivals(record: dict) -> list[dict]:
    """The others whose medians the passes of the quickest reach too, from 10 % to 90 % of them: one more race may order these anew."""
    quickest = best(record)
    return [row for row in ran(record) if row is not quickest and row["median_ms"] <= quickest["p90_ms"]]


def verdict(record: dict) -> str:
    """What the numbers say: the quickest of all, and what each step of ours brings."""
    rows = {(row["way"], row["precision"]): row for row in ran(record)}
    quickest = best(record)
    words = texts.text(PAGE, "verdict" if quickest["way"] != "plain" or quickest["precision"] != "fp32" else "verdict_plain",
                       best=html.plain(label(quickest)), share=percent(quickest["ratio"]), times=f"{1 / quickest['ratio']:.2f}",
                       plain=ms(rows["plain", "fp32"]["median_ms"]), median=ms(quickest["median_ms"]))
    if close := rivals(record):
        words += " " + texts.text(PAGE, "rivals", names=html.plain("; ".join(map(label, close))))
    steps = [rows.get((way, "fp32")) for way in ("channels-last", "folded", "fused")]
    if all(steps):
        words += " " + texts.text(PAGE, "steps", **{name: f"{row['ratio']:.2f}" for name, row in zip(("order", "folded", "fused"), steps)})
    return words


def table(record: dict) -> None:
    """A line for every way that was asked for; of one that did not run, why."""
    lines, reasons, quickest = [], [], best(record)
    for row in record["ways"]:
        if row["error"]:
            reasons.append(f"- **{html.plain(label(row))}**: {html.plain(row['error'])}")
            continue
        lines.append((label(row), f"{row['ratio']:.2f}", ms(row["median_ms"]), span(row["p10_ms"], row["p90_ms"]), f"{row['difference']:.1e}",
                      f"{row['tolerance']:.0e}", f"{row['prepare_s']:.1f} s"))
    html.table(("Way to run", "Ratio to plain", "Median", "10 % to 90 %", "Logits differ by", "allowed", "Made ready in"), lines,
               mark=ran(record).index(quickest))
    if reasons:
        st.markdown("\n".join(["Not timed:", "", *reasons]))
    st.caption(texts.text(PAGE, "table"))
