"""Parameters, MACs, processor time and GPU time of one network, each shared out over its blocks: measured in this session, else recorded."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import cost
from effnet_core.families import published
from effnet_core.figures.four import Timed, four
from effnet_core.lab.recorded import Series

from .. import measured, results, shell, state, texts
from ..components import component, picking
from ..series import shipped

CPU, GPU = "CPU time", "GPU time"


def show(network: Architecture, shown: dict | None) -> None:
    """`shown` is the measurement that the page shows, if any; where it is of `network`, its times come first."""
    timed = [_timed(name, network, shown) for name in (CPU, GPU)]
    st.markdown("##### Where the parameters, the work and the time are")
    component("four")(key="four", data=four(cost(network), network, timed, state.selected(network), str(shell.theme())),
                      on_picked_change=picking("four"), height="content")
    lacking = [one.name for one in timed if one.times is None]
    st.caption(texts.text("latency_one", "four") + " " + (texts.text("latency_one", "lacking", names=" and ".join(lacking)) if lacking else ""))


def _timed(name: str, network: Architecture, shown: dict | None) -> Timed:
    """From this session, of which the measurement that is shown is best, else from a recorded series."""
    rows = [row for row in results.measurements() if row["key"] == results.key_of(network) and row["layers"] and _is(name, row["device"])]
    if rows:
        row = shown if any(row is shown for row in rows) else rows[-1]
        doubt = "" if row["steady"] else "; other work disturbed it"
        return Timed(name, row["layers"], f"measured {results.ago(row['measured'])}: {measured.how(row)}{doubt}")
    batch = shown["batch"] if shown else 1
    found = [(series, layers) for series in shipped().values() if _is(name, series.device) and (layers := _recorded(series, network))]
    if not found:
        return Timed(name, None, "")
    series, layers = min(found, key=lambda one: one[0].batch != batch)
    return Timed(name, layers, f"recorded {series.date}: {measured.how(series._asdict())}")


def _is(name: str, device: str) -> bool:
    return (device == "cpu") == (name == CPU)


def _recorded(series: Series, network: Architecture) -> dict[str, float] | None:
    """The milliseconds of every layer of that network in a series; None where it has not all of them."""
    for name, row in series.times.items():
        layers = row.get("layers") or {}
        if layers and results.key_of(published(name)) == results.key_of(network):
            return layers if all(layer.id in layers for layer in network.layers) else None
    return None
