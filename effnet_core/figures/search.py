"""The search for α, β and γ: the surface that the constraint makes, what it promises beside what is counted, and how sure a ranking is."""

from collections.abc import Callable, Hashable

import numpy as np
import plotly.graph_objects as go

from ..palette import ACCENT, GRID, INK, MUTED, PAGE, colour_scale, percent, si, themed
from ..search.grid import Candidate, Distinct, Found
from ..search.scores import Ranking
from . import SIZE, axis, figure, note

FINE = 33  # places along each side of the surface
ROW = 46  # pixels that a candidate has in the ranking
COORDINATES = "%{customdata[0]}"


def _told(found: Found) -> list[tuple[Candidate, Distinct]]:
    return [(member, network) for network in found.networks for member in network.members]


def name(coefficients: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in coefficients)


def _hover(member: Candidate, network: Distinct) -> str:
    others = [name(other.coefficients) for other in network.members if other != member]
    same = f"<br>the same network as {'; '.join(others[:3])}{' and others' if len(others) > 3 else ''}" if others else ""
    return (f"<b>α, β, γ = {name(member.coefficients)}</b><br>α·β²·γ² = {member.product:.3f}<br>counted: {member.ratio:.3f} × the base, "
            f"{si(network.macs, 'MACs')}<br>{network.blocks} blocks, {network.side} px{same}")


def _marks(rows: list[tuple[Candidate, Distinct]], theme: str) -> dict:
    """Colours by the counted ratio, with their scale."""
    ratios = [member.ratio for member, _ in rows]
    bar = {"title": {"text": "counted MACs,<br>× the base", "font": {"size": 12}}, "thickness": 12, "len": 0.7, "x": 1.0, "xpad": 4, "outlinewidth": 0,
           "tickfont": {"size": 12, "color": MUTED[theme]}}
    return {"color": ratios, "colorscale": colour_scale(), "colorbar": bar, "line": {"color": INK[theme], "width": 1}}


def surface(found: Found, chosen: Distinct | None = None, theme: str = "light") -> go.Figure:
    """α = target / (β²·γ²) over β and γ, to be turned; the candidates as balls, coloured by what they cost once counted.

    Candidates that are one network are tied by a line; the paper's is a diamond with its name, the members of `chosen` have rings.
    """
    ink, rows = themed(INK, theme), _told(found)
    balls = {"type": "scatter3d", "mode": "markers", **_places([member for member, _ in rows]), "marker": {**_marks(rows, theme), "size": 5},
             "customdata": [[_hover(*row)] for row in rows], "hovertemplate": f"{COORDINATES}<extra></extra>"}
    rings = {"type": "scatter3d", "mode": "markers", **_places(list(chosen.members) if chosen else []), "hoverinfo": "skip",
             "marker": {"size": 11, "symbol": "circle-open", "color": ink, "line": {"color": ink, "width": 3}}}
    traces = [_sheet(found, theme), _ties(found, theme), balls, rings, *_paper(found, theme)]
    titles = {"xaxis": "β, width", "yaxis": "γ, resolution", "zaxis": "α, depth"}
    looks = {"gridcolor": GRID[theme], "backgroundcolor": "rgba(0,0,0,0)", "color": MUTED[theme], "tickfont": {"size": 12}, "nticks": 5}
    scene = {key: {**looks, "title": {"text": title, "font": {"size": SIZE, "color": ink}}} for key, title in titles.items()}
    camera = {"eye": {"x": 1.55, "y": 1.35, "z": 0.75}, "center": {"x": 0, "y": 0, "z": -0.12}}
    return figure(traces, theme, 500, margin={"l": 0, "r": 0, "t": 0, "b": 0}, scene={**scene, "aspectmode": "cube", "camera": camera})


def _places(members: list[Candidate]) -> dict:
    return {"x": [m.beta for m in members], "y": [m.gamma for m in members], "z": [m.alpha for m in members]}


def _sheet(found: Found, theme: str) -> dict:
    """The surface itself, inside the bounds of α."""
    grid = found.grid
    beta, gamma = np.linspace(*grid.beta, FINE), np.linspace(*grid.gamma, FINE)
    alpha = grid.target / (beta[None, :] ** 2 * gamma[:, None] ** 2)
    alpha[(alpha < grid.alpha[0] - 0.02) | (alpha > grid.alpha[1] + 0.02)] = np.nan
    return {"type": "surface", "x": beta, "y": gamma, "z": alpha, "opacity": 0.45, "showscale": False, "hoverinfo": "skip",
            "colorscale": [[0, ACCENT[theme]], [1, ACCENT[theme]]], "lighting": {"diffuse": 0.6, "specular": 0.05},
            "contours": {"z": {"show": True, "color": PAGE[theme], "width": 1}}}


def _ties(found: Found, theme: str) -> dict:
    groups = [network.members for network in found.networks if len(network.members) > 1]
    lines = {key: [] for key in "xyz"}
    for members in groups:
        for key, values in _places(list(members)).items():
            lines[key] += [*values, None]
    return {"type": "scatter3d", "mode": "lines", **lines, "line": {"color": INK[theme], "width": 4}, "hoverinfo": "skip"}


def _paper(found: Found, theme: str) -> list[dict]:
    if found.paper is None:
        return []
    member = found.paper.first
    return [{"type": "scatter3d", "mode": "markers+text", **_places([member]), "text": ["the paper's"], "textposition": "top center",
             "textfont": {"size": SIZE, "color": INK[theme]}, "customdata": [[_hover(member, found.paper)]],
             "hovertemplate": f"<b>the paper's</b><br>{COORDINATES}<extra></extra>",
             "marker": {"symbol": "diamond", "size": 8, "color": PAGE[theme], "line": {"color": INK[theme], "width": 3}}}]


def promises(found: Found, chosen: Distinct | None = None, theme: str = "light") -> go.Figure:
    """Every candidate by what α·β²·γ² promises and what its network costs once counted; on the dotted line both agree."""
    ink, rows, power = themed(INK, theme), _told(found), found.grid.phi
    data = [[_hover(*row), place] for place, network in enumerate(found.networks) for row in [(member, network) for member in network.members]]
    points = {"type": "scatter", "mode": "markers", "x": [member.product**power for member, _ in rows], "y": [member.ratio for member, _ in rows],
              "marker": {**_marks(rows, theme), "size": 10, "showscale": False}, "customdata": data,
              "hovertemplate": f"{COORDINATES}<extra></extra>", "unselected": {"marker": {"opacity": 1}}}
    members = list(chosen.members) if chosen else []
    rings = {"type": "scatter", "mode": "markers", "x": [m.product**power for m in members], "y": [m.ratio for m in members], "hoverinfo": "skip",
             "marker": {"symbol": "circle-open", "size": 17, "color": ink, "line": {"width": 2.5}}}
    traces, words = [points, rings], []
    if found.paper is not None:
        member = found.paper.first
        traces.append({"type": "scatter", "mode": "markers", "x": [member.product**power], "y": [member.ratio], "hoverinfo": "skip",
                       "marker": {"symbol": "diamond", "size": 13, "color": PAGE[theme], "line": {"color": ink, "width": 2.5}}})
        words.append(note("<b>the paper's</b>", theme, x=member.product**power, y=member.ratio, xanchor="left", xshift=11))
    low, high = _span([value for member, _ in rows for value in (member.product**power, member.ratio)])
    line = {"type": "line", "x0": low, "x1": high, "y0": low, "y1": high, "line": {"color": MUTED[theme], "width": 1.5, "dash": "dot"}}
    across, up = _span([member.product**power for member, _ in rows]), (low, high)
    return figure(traces, theme, 430, shapes=[line], annotations=words, clickmode="event+select",
                  xaxis=axis(theme, "promised by α·β²·γ², × the base" if power == 1 else "promised by (α·β²·γ²)^φ, × the base", range=across, nticks=7),
                  yaxis=axis(theme, "counted MACs, × the base", range=up, nticks=7))


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values, default=1.0), max(values, default=2.0)
    room = 0.07 * (high - low) or 0.1
    return low - room, high + room


def ranking(ranked: Ranking, title: Callable[[Hashable], str], guess: float, theme: str = "light") -> go.Figure:
    """A line per candidate, the best on top: every seed's score, their mean and the interval of 95 % around it.

    Those that cannot be told apart from the best are in the accent's colour with a filled mark, the others muted and open. `guess` is
    the accuracy of guessing.
    """
    strong, weak, places = themed(ACCENT, theme), MUTED[theme], ranked.places
    tied = {place.key for place in ranked.tied}
    colours = [strong if place.key in tied else weak for place in places]
    rows = [*range(len(places))]
    hover = [_place_words(place, title) for place in places]
    means = {"type": "scatter", "mode": "markers", "x": [place.mean for place in places], "y": rows, "customdata": [[words] for words in hover],
             "hovertemplate": "%{customdata[0]}<extra></extra>",
             "marker": {"size": 13, "color": colours, "symbol": ["diamond" if place.key in tied else "diamond-open" for place in places], "line": {"width": 2, "color": colours}}}
    seeds = {"type": "scatter", "mode": "markers", "x": [score for place in places for score in place.scores],
             "y": [row for row, place in zip(rows, places) for _ in place.scores], "hovertemplate": "one seed: score %{x:.4f}<extra></extra>",
             "marker": {"size": 9, "symbol": "line-ns-open", "color": [colour for colour, place in zip(colours, places) for _ in place.scores], "line": {"width": 2}}}
    spans = [{"type": "line", "x0": place.low, "x1": place.high, "y0": row, "y1": row, "line": {"color": colour, "width": 3}, "opacity": 0.5}
             for row, place, colour in zip(rows, places, colours) if place.low is not None]
    words = [note(f"{row + 1}. {title(place.key)}", theme, xref="paper", x=0, xanchor="left", y=row, yanchor="bottom", yshift=8) for row, place in zip(rows, places)]
    ends = [value for place in places for value in (*place.scores, place.low, place.high) if value is not None]
    low, high = _span([*ends, *([guess] if ends and min(ends) < 1.5 * guess else [])])
    lines = [{"type": "line", "x0": guess, "x1": guess, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": weak, "width": 1.5, "dash": "dot"}}] if low < guess < high else []
    return figure([means, seeds], theme, 70 + ROW * max(1, len(places)), shapes=spans + lines, annotations=words, margin={"l": 8, "r": 16, "t": 8, "b": 8},
                  xaxis=axis(theme, "score: accuracy · (MACs / target)^−0.07", range=[max(low, -0.05), high], nticks=7),
                  yaxis=axis(theme, "", range=[len(places) - 0.6, -0.85], showticklabels=False, showgrid=False))


def _place_words(place, title: Callable[[Hashable], str]) -> str:
    sure = "" if place.low is None else f"<br>95 % interval {place.low:.4f} to {place.high:.4f}<br>the best with a probability of {percent(place.best)}"
    return f"<b>{title(place.key)}</b><br>mean score {place.mean:.4f} of {len(place.scores)} seed{'s' if len(place.scores) > 1 else ''}{sure}"
