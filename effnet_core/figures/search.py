"""The search for α, β and γ: the surface that the constraint makes, what it promises beside what is counted, and how sure a ranking is."""

import math
from collections.abc import Callable, Hashable
from itertools import pairwise, product

import plotly.graph_objects as go

from ..families import PAPER
from ..palette import ACCENT, INK, MUTED, PAGE, colour_scale, percent, sequential, si, themed
from ..search.grid import Candidate, Distinct, Found
from ..search.scores import Ranking
from . import axis, figure, note

PIECES = 14  # of the surface, along each side
DRAWN = 1500  # points
ROW = 46  # pixels that a candidate has in the ranking
COORDINATES = "%{customdata[0]}"


def drawn(found: Found) -> tuple[Distinct, ...]:
    """The networks that pictures show and a chooser offers: all, or where there are more than `DRAWN` an even choice with the paper's."""
    if len(found.networks) <= DRAWN:
        return found.networks
    few = set(range(0, len(found.networks), math.ceil(len(found.networks) / DRAWN)))
    return tuple(network for place, network in enumerate(found.networks) if place in few or network is found.paper)


def _told(found: Found) -> list[tuple[Candidate, Distinct]]:
    """The combinations that are drawn, all of them or one for each network."""
    if len(found.candidates) <= DRAWN:
        return [(member, network) for network in found.networks for member in network.members]
    return [(network.first, network) for network in drawn(found)]


def name(coefficients: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in coefficients)


def _hover(member: Candidate, network: Distinct) -> str:
    others = [name(other.coefficients) for other in network.members[:4] if other != member]
    same = f"<br>the same network as {'; '.join(others[:3])}{' and others' if len(network.members) > 4 else ''}" if others else ""
    return (f"<b>α, β, γ = {name(member.coefficients)}</b><br>α·β²·γ² = {member.product:.3f}<br>counted: {member.ratio:.3f} × the base, "
            f"{si(network.macs, 'MACs')}<br>{network.blocks} blocks, {network.side} px{same}")


def _marks(rows: list[tuple[Candidate, Distinct]], theme: str) -> dict:
    """Colours by the counted ratio."""
    return {"color": [member.ratio for member, _ in rows], "colorscale": colour_scale(), "line": {"color": INK[theme], "width": 1}}


def surface(found: Found, chosen: Distinct | None = None) -> dict:
    """α = target / (β²·γ²) over β and γ and the candidates near it, as plain data for the page's own drawing, which can be turned.

    Places are shares of the bounds, β, γ, α. `points` have the id of their network, the colour of its counted ratio and whether they
    belong to `chosen`; `ties` are pairs of points that are one network; `scale` says what the colours mean. Where there are more than
    `DRAWN` combinations, each network has one point.
    """
    bounds = (found.grid.beta, found.grid.gamma, found.grid.alpha)
    rows, alone = _told(found), len(found.candidates) > DRAWN
    low, high = (f(network.ratio for network in found.networks) for f in (min, max))
    points = [{"id": name(network.first.coefficients), "at": _shares((m.beta, m.gamma, m.alpha), bounds), "label": _label(m, network),
               "colour": sequential((m.ratio - low) / ((high - low) or 1)), "chosen": network is chosen, "paper": m.coefficients == PAPER}
              for m, network in rows]
    places = {member: place for place, (member, _) in enumerate(rows)}
    ties = [] if alone else [[places[a], places[b]] for network in found.networks for a, b in pairwise(network.members)]
    axes = [{"title": title, "ticks": _ticks(*bound)} for title, bound in zip(("β, width", "γ, resolution", "α, depth"), bounds)]
    scale = {"colours": [sequential(step / 8) for step in range(9)], "low": f"{low:.2f}", "high": f"{high:.2f}",
             "title": "counted MACs, × the base"}
    title = f"The surface on which α·β²·γ² is {found.grid.target:g}, and {len(points):,} candidates near it"
    return {"title": title, "axes": axes, "sheet": _sheet(found, bounds), "points": points, "ties": ties, "scale": scale}


def _shares(values: tuple[float, ...], bounds: tuple[tuple[float, float], ...]) -> list[float]:
    return [round((value - low) / ((high - low) or 1), 5) for value, (low, high) in zip(values, bounds)]


def _ticks(low: float, high: float) -> list[dict]:
    """About three to five round values between the bounds."""
    step = next((step for step in (0.05, 0.1, 0.2, 0.5, 1.0) if (high - low) / step <= 5.01), 1.0)
    values = [round(step * place, 6) for place in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)] or [low]
    return [{"at": round((value - low) / ((high - low) or 1), 5), "text": f"{value:g}"} for value in values]


def _sheet(found: Found, bounds: tuple[tuple[float, float], ...]) -> list[list[list[float]]]:
    """Four-cornered pieces of the surface, cut off at the bounds of α."""
    (beta_low, beta_high), (gamma_low, gamma_high), (low, high) = bounds
    if beta_low == beta_high or gamma_low == gamma_high or low == high:
        return []
    betas, gammas = ([a + (b - a) * place / PIECES for place in range(PIECES + 1)] for a, b in ((beta_low, beta_high), (gamma_low, gamma_high)))
    pieces = []
    for b, c in product(pairwise(betas), pairwise(gammas)):
        corners = [(x, y, found.grid.target / (x * x * y * y)) for x, y in ((b[0], c[0]), (b[1], c[0]), (b[1], c[1]), (b[0], c[1]))]
        if all(z < low for *_, z in corners) or all(z > high for *_, z in corners):
            continue
        pieces.append([_shares((x, y, min(high, max(low, z))), bounds) for x, y, z in corners])
    return pieces


def _label(member: Candidate, network: Distinct) -> str:
    """One candidate in words."""
    others, more = [name(other.coefficients) for other in network.members[:3] if other != member], len(network.members) - 3
    same = f"; the same network as {' and '.join(others[:2])}{f' and {more} more' if more > 0 else ''}" if others else ""
    return (f"{name(member.coefficients)}{', the paper’s' if member.coefficients == PAPER else ''}: promised {member.product:.3f}, "
            f"counted {member.ratio:.3f} × the base{same}")


def promises(found: Found, chosen: Distinct | None = None, theme: str = "light") -> go.Figure:
    """Every candidate by what α·β²·γ² promises and what its network costs once counted; on the dotted line both agree."""
    ink, rows, power = themed(INK, theme), _told(found), found.grid.phi
    data = [[_hover(member, network), name(network.first.coefficients)] for member, network in rows]
    points = {"type": "scatter", "mode": "markers", "x": [member.product**power for member, _ in rows], "y": [member.ratio for member, _ in rows],
              "marker": {**_marks(rows, theme), "size": 10}, "customdata": data,
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
    across, up = (_span([value for row in rows for value in (of(row[0]), *ends)]) for of, ends in (
        (lambda member: member.product**power, ()), (lambda member: member.ratio, (found.grid.target**power,))))
    low, high = max(across[0], up[0]), min(across[1], up[1])
    line = {"type": "line", "x0": low, "x1": high, "y0": low, "y1": high, "line": {"color": MUTED[theme], "width": 1.5, "dash": "dot"}}
    return figure(traces, theme, 430, shapes=[line], annotations=words, clickmode="event+select",
                  xaxis=axis(theme, f"promised by {'α·β²·γ²' if power == 1 else '(α·β²·γ²)^φ'}, × the base", range=across, nticks=7),
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
             "marker": {"size": 13, "color": colours, "line": {"width": 2, "color": colours},
                        "symbol": ["diamond" if place.key in tied else "diamond-open" for place in places]}}
    seeds = {"type": "scatter", "mode": "markers", "x": [score for place in places for score in place.scores],
             "y": [row for row, place in zip(rows, places) for _ in place.scores], "hovertemplate": "one seed: score %{x:.4f}<extra></extra>",
             "marker": {"size": 9, "symbol": "line-ns-open", "line": {"width": 2},
                        "color": [colour for colour, place in zip(colours, places) for _ in place.scores]}}
    spans = [{"type": "line", "x0": place.low, "x1": place.high, "y0": row, "y1": row, "line": {"color": colour, "width": 3}, "opacity": 0.5}
             for row, place, colour in zip(rows, places, colours) if place.low is not None]
    words = [note(f"{'' if ranked.spread is None else f'{row + 1}. '}{title(place.key)}", theme, xref="paper", x=0, xanchor="left", y=row, yanchor="bottom", yshift=8)
             for row, place in zip(rows, places)]
    ends = [value for place in places for value in (*place.scores, place.low, place.high) if value is not None]
    low, high = _span([*ends, *([guess] if ends and min(ends) < 1.5 * guess else [])])
    line = {"type": "line", "x0": guess, "x1": guess, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": weak, "width": 1.5, "dash": "dot"}}
    shapes = [*spans, line] if low < guess < high else spans
    if low < guess < high:
        words.append(note("guessing", theme, x=guess, xanchor="left", xshift=3, yref="paper", y=0, yanchor="bottom"))
    return figure([means, seeds], theme, 70 + ROW * max(1, len(places)), shapes=shapes, annotations=words,
                  margin={"l": 8, "r": 16, "t": 8, "b": 8},
                  xaxis=axis(theme, "score: accuracy · (MACs / target)⁻⁰·⁰⁷", range=[max(low, -0.05), high], nticks=7),
                  yaxis=axis(theme, "", range=[len(places) - 0.6, -0.85], showticklabels=False, showgrid=False, ticks=""))


def _place_words(place, title: Callable[[Hashable], str]) -> str:
    sure = "" if place.low is None else (f"<br>95 % interval {place.low:.4f} to {place.high:.4f}<br>"
                                         f"the best with a probability of {percent(place.best)}")
    return f"<b>{title(place.key)}</b><br>mean score {place.mean:.4f} of {len(place.scores)} seed{'s' if len(place.scores) > 1 else ''}{sure}"
