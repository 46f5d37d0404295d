"""Milliseconds of B0 to B7, measured on this server or recorded elsewhere; what is missing is measured here, one network after another."""

import streamlit as st

from effnet_core import machine
from effnet_core.architecture import Architecture
from effnet_core.families import published
from effnet_core.lab.budget import RIVALS
from effnet_core.lab.paper import EFFICIENTNETS
from effnet_core.palette import si

from .. import results, series, state
from ..results import Request

HERE = "Measured on this server"
BATCHES = (1, 2, 4, 8, 16, 32)


def ms(value: float) -> str:
    return si(value / 1e3, "s")


def times() -> dict[str, dict]:
    """Figures by `published` name, from what the visitor chooses: this server's measurements, or a recorded series."""
    origins = [HERE, *series.shipped()]
    origin = st.selectbox("Whose times", origins, **state.bound("clock")) if len(origins) > 1 else HERE
    if origin != HERE:
        found = series.shipped()[origin]
        st.caption(series.provenance(found))
        st.session_state["_clock"] = None
        return found.times
    requests = wished()
    st.session_state["_clock"] = next(iter(requests.values()))
    found = {name: row for name, request in requests.items() if (row := results.mine(request) or results.offered(request))}
    series.measuring([request for name, request in requests.items() if name not in found and name not in RIVALS])
    return found


def live(network: Architecture) -> float | None:
    """The milliseconds of the sliders' network under the same settings, where it has been measured here."""
    setting = st.session_state.get("_clock")
    if setting is None:
        return None
    request = setting._replace(network=network)
    row = results.mine(request) or results.offered(request)
    return row and row["median_ms"]


def wished() -> dict[str, Request]:
    """The controls, and what they ask for, network by network: B0 to B7 and those to compare with, where they have been measured."""
    results.devices().watch()
    device, batch, threads = st.columns(3, vertical_alignment="bottom")
    names = results.devices().names
    where = device.selectbox("Device", [*names], format_func=names.__getitem__, **state.bound("device"))
    images = batch.selectbox("Batch size", BATCHES, **state.bound("clock_batch"))
    cores = threads.selectbox("Threads", range(1, machine.cores() + 1), **state.bound("threads"))
    return {key: Request(published(key), where, images, cores) for key in (*(row.key for row in EFFICIENTNETS), *RIVALS)}
