"""B0 to B7 against a budget: a bar each on a logarithmic scale, full where it fits, hatched where it does not."""

import math
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from ..lab.budget import Rung
from ..palette import ACCENT, INK, MUTED, PAGE, mix, themed
from . import SIZE, axis, figure, logarithmic, note


def chart(rungs: Sequence[Rung], amount: float, text: Callable[[float], str], tick: Callable[[float], str], unit: str,
          live: float | None = None, theme: str = "light") -> go.Figure:
    """The needs of the rungs, cheapest on top, and the budget as a line; `live` is what the sliders' network needs, a dashed line.

    `text` writes an amount, `tick` writes it along the axis, which `unit` names.
    """
    accent, page = themed(ACCENT, theme), PAGE[theme]
    needs = [rung.need for rung in rungs]
    scale = logarithmic([*needs, amount, *([live] if live else [])], tick)
    low, high = scale["range"]
    fits = [need <= amount for need in needs]
    lengths = [max(0.0, math.log10(need) - low) for need in needs]
    bars = {"type": "bar", "orientation": "h", "y": [*range(len(rungs))], "base": low, "x": lengths,
            "marker": {"color": [accent if ok else mix(page, MUTED[theme], 0.35) for ok in fits], "line": {"width": 0},
                       "pattern": {"shape": ["" if ok else "/" for ok in fits], "size": 6, "solidity": 0.35, "fgcolor": MUTED[theme]}},
            "customdata": [_hover(rung, text, ok) for rung, ok in zip(rungs, fits)],
            "hovertemplate": "%{customdata}<extra></extra>"}
    words = [*_column(rungs, text, theme), *_words(amount, live, text, (low, high), theme)]
    ticks = {"tickvals": [math.log10(value) for value in scale["tickvals"]], "ticktext": scale["ticktext"]}
    return figure([bars], theme, 90 + 34 * max(1, len(rungs)), bargap=0.3, margin={"l": 8, "r": 128, "t": 44, "b": 8},
                  shapes=_lines(amount, live, theme), annotations=words, xaxis=axis(theme, unit, range=[low, high], **ticks),
                  yaxis=axis(theme, "", showgrid=False, range=[len(rungs) - 0.4, -0.6], tickvals=[*range(len(rungs))],
                             ticktext=[rung.name for rung in rungs], tickfont={"size": SIZE, "color": INK[theme]}))


def _hover(rung: Rung, text: Callable[[float], str], fits: bool) -> str:
    need = f"{rung.need:,}" if isinstance(rung.need, int) else f"{rung.need:.4g}"
    verdict = "fits" if fits else "does not fit"
    return f"<b>{rung.name}</b> needs {text(rung.need)} ({need})<br>top-1 {rung.top1} % (published)<br>{verdict}"


def _lines(amount: float, live: float | None, theme: str) -> list[dict]:
    places = [(amount, "solid", 2.5), *([(live, "dash", 1.5)] if live else [])]
    return [{"type": "line", "x0": math.log10(x), "x1": math.log10(x), "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": INK[theme], "width": width, "dash": dash}} for x, dash, width in places]


def _column(rungs: Sequence[Rung], text: Callable[[float], str], theme: str) -> list[dict]:
    """What each needs, and its top-1, right of the bars."""
    return [note(f"{text(rung.need)} · {rung.top1} %", theme, xref="paper", x=1, xanchor="left", xshift=6, y=i)
            for i, rung in enumerate(rungs)]


def _words(amount: float, live: float | None, text: Callable[[float], str], span: tuple[float, float], theme: str) -> list[dict]:
    """Above the lines, turned inwards, in two rows."""
    said = [(amount, f"<b>budget {text(amount)}</b>", 0), *([(live, f"the sliders: {text(live)}", 17)] if live else [])]
    found = []
    for x, words, up in said:
        left = 2 * math.log10(x) < sum(span)
        found.append(note(words, theme, x=math.log10(x), yref="paper", y=1, yanchor="bottom", yshift=up, xshift=-3 if left else 3,
                          xanchor="left" if left else "right"))
    return found
