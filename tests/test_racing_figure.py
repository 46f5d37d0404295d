"""Figures of a race: every bar and marker where its number is."""

import plotly.graph_objects as go
import pytest

from effnet_core.errors import UserError
from effnet_core.figures import racing

WAYS = {
    "standard": {"macs": 1000, "bytes": 100, "median_ms": 2.0, "p10_ms": 1.0, "p90_ms": 4.0, "macs_per_s": 5e5 * 2},
    "depthwise": {"macs": 50, "bytes": 100, "median_ms": 0.5, "p10_ms": 0.4, "p90_ms": 0.8, "macs_per_s": 1e5 * 2},
    "pointwise": {"macs": 100, "bytes": 50, "median_ms": 0.25, "p10_ms": 0.2, "p90_ms": 0.5, "macs_per_s": 4e5 * 2},
    "pair": {"macs": 150, "bytes": 150, "median_ms": 3.0, "p10_ms": 2.5, "p90_ms": 5.0, "macs_per_s": 5e4 * 2},
}
RECORD = {"ways": WAYS, "batch": 2, "copied_per_s": 1e6}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_are_the_pairs_parts(theme):
    drawn = racing.parts(RECORD, theme)
    go.Figure(drawn.to_plotly_json())  # valid for Plotly
    (bars,) = drawn.data
    assert dict(zip(bars.y, bars.x)) == {"MACs": 0.15, "bytes to move": 1.5, "time measured": 1.5}
    assert dict(zip(bars.y, bars.error_x.array))["time measured"] == 1.0 and dict(zip(bars.y, bars.error_x.arrayminus))["time measured"] == 0.25
    assert drawn.layout.xaxis.range[1] > 2.5  # the whisker's end


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_markers_are_at_work_per_byte_and_per_second(theme):
    drawn = racing.paces(RECORD, theme)
    go.Figure(drawn.to_plotly_json())
    *markers, roof = drawn.data
    assert [(mark.x[0], mark.y[0]) for mark in markers] == [(20.0, 1e6), (1.0, 2e5), (4.0, 8e5), (2.0, 1e5)]
    assert len({mark.marker.symbol for mark in markers}) == 4  # never colour alone
    assert markers[0].error_y.array[0] == 1e3 * 2 * 1000 / 1.0 - 1e6 and markers[0].error_y.arrayminus[0] == 1e6 - 1e3 * 2 * 1000 / 4.0
    assert all(y == pytest.approx(1e6 * x) for x, y in zip(roof.x, roof.y))


def test_an_unknown_theme_is_refused():
    with pytest.raises(UserError, match="no theme"):
        racing.parts(RECORD, "sepia")
