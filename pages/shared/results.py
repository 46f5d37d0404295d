"""Measurements of this session, by the network that was measured."""

import json

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.families import to_spec


def key_of(network: Architecture) -> str:
    """Networks with equal descriptions are one network, whatever they are called."""
    return json.dumps({name: value for name, value in to_spec(network).items() if name != "name"}, sort_keys=True)


def measurements() -> list[dict]:
    """All measurements of this session, oldest first, as `Latency.to_dict` gives them with `"key"` and `"name"` added."""
    return st.session_state.setdefault("_measurements", [])


def layer_times(network: Architecture) -> dict[str, float] | None:
    """Milliseconds per layer id of the latest measurement of `network` that has them."""
    key = key_of(network)
    return next((row["layers"] for row in reversed(measurements()) if row["key"] == key and row.get("layers")), None)
