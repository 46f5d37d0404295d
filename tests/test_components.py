"""What a browser may send of a click in a chart, and what becomes of it."""

import pytest
import streamlit as st

from pages.shared.components import picked_block

KNOWN = ("stages.1.0", "stages.4.1")


@pytest.mark.parametrize(
    "sent, layer",
    [
        ({"selection": {"points": [{"customdata": ["stages.4.1", 0.5]}]}}, "stages.4.1"),
        ({"selection": {"points": [{}, {"customdata": ["stages.9.9"]}, {"customdata": ["stages.1.0"]}]}}, "stages.1.0"),
        *((sent, None) for sent in (
            None, 3, [], {}, {"selection": None}, {"selection": {"points": 3}}, {"selection": {"points": "x"}}, {"selection": {"points": []}},
            *({"selection": {"points": [point]}} for point in (
                3, None, "x", {}, {"customdata": None}, {"customdata": []}, {"customdata": [3]}, {"customdata": [{}]}, {"customdata": [["x"]]},
                {"customdata": "stages.4.1"}, {"customdata": ["stages.9.9"]}, {"customdata": {"0": "stages.4.1"}})))),
    ],
)
def test_only_a_block_that_there_is_is_selected(sent, layer, monkeypatch):
    session = {"chart": sent}
    monkeypatch.setattr(st, "session_state", session)
    picked_block("chart", KNOWN)
    assert session.get("layer") == layer
