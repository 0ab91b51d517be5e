"""The scoreboard's scores with their intervals."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout
from core.palette import COLORS, GREY, Theme
from core.text import chart_label

NAME_WIDTH = 48
ROW, LEAST = 46, 230  # pixels a contender, and all of them at least
FAR = 1.0  # how many spans of the intervals away the chance level may lie and still be drawn


def contender_color(place: int) -> str:
    """The color of the contender chosen at this place, the same in all figures."""
    return COLORS[place % len(COLORS)]


def interval_figure(
    names: Sequence[str],
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    places: Sequence[int],
    metric: str,
    chance: float | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """A dot with its interval for each contender, the first at the top, its name above it.

    values, low, high: (m,). places: of the contenders among those chosen, for their colors. chance: drawn as a line
    where it lies near, else told at the edge.
    """
    figure = go.Figure(layout=base_layout(theme, 58 + max(ROW * len(names), LEAST)))
    for at, name in enumerate(names):
        figure.add_trace(_whisker(at, name, values[at], low[at], high[at], contender_color(places[at])))
        figure.add_annotation(
            x=0, xref="paper", y=at - 0.36, text=f"{chart_label(name, NAME_WIDTH)} · {values[at]:.3f}", showarrow=False,
            xanchor="left", font={"size": 12},
        )  # fmt: skip
    ends = np.concatenate([values, low, high])  # of a single query no interval is known
    _chance(figure, chance, np.nanmin(ends), np.nanmax(ends), len(names))
    figure.update_layout(showlegend=False, margin={"l": 8, "r": 16, "t": 22, "b": 36})
    figure.update_yaxes(range=[len(names) - 0.6, -0.75], visible=False, fixedrange=True)
    figure.update_xaxes(title={"text": f"{chart_label(metric)}, higher is better"}, gridcolor=LINE_COLOR,
                        zeroline=False, nticks=6)  # fmt: skip
    return figure


def _whisker(at: int, name: str, value: float, low: float, high: float, color: str) -> go.Scatter:
    return go.Scatter(
        x=[value],
        y=[at],
        mode="markers",
        marker={"color": color, "size": 11},
        error_x={"array": [high - value], "arrayminus": [value - low], "color": color, "thickness": 2, "width": 6},
        hovertext=[f"{chart_label(name, NAME_WIDTH)}: {value:.4f} (95%: {low:.4f} to {high:.4f})"],
        hoverinfo="text",
    )


def _chance(figure: go.Figure, chance: float | None, low: float, high: float, count: int) -> None:
    """The chance level as a line broken where the names stand, or a word at the edge it lies beyond."""
    span = max(high - low, 1e-6)
    near = chance is not None and low - FAR * span <= chance <= high + FAR * span
    ends = [low, high, chance] if near and chance is not None else [low, high]
    figure.update_xaxes(range=[min(ends) - 0.06 * span, max(ends) + 0.06 * span])
    if chance is None:
        return
    words = f"chance {chance:.3f}"
    if near:
        y = [end for at in range(count) for end in (at - 0.16, at + 0.4, None)]
        figure.add_trace(go.Scatter(x=[chance] * len(y), y=y, mode="lines", line={"color": GREY, "width": 2},
                                    hoverinfo="skip"))  # fmt: skip
        figure.add_annotation(
            x=chance, y=1, yref="paper", yanchor="bottom", showarrow=False, text=words, font={"color": GREY},
            xanchor="left" if chance < (low + high) / 2 else "right",
        )  # fmt: skip
        return
    left = chance < low
    figure.add_annotation(
        x=0 if left else 1, xref="paper", y=1, yref="paper", yanchor="bottom", showarrow=False,
        xanchor="left" if left else "right", text=f"← {words}" if left else f"{words} →", font={"color": GREY},
    )  # fmt: skip
