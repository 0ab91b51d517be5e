"""Figures of the scoreboard: scores with intervals, and quality against cost with the Pareto frontier."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout, drawn_once
from core.palette import COLORS, GREY, Theme
from core.text import chart_label

NAME_WIDTH = 48
ROW, MIN_HEIGHT = 46, 230  # pixels per contender, and of the plot at least
ABOVE, PLOT, BELOW, LEGEND_ROW = 12, 300, 62, 20  # pixels; below the plot its axis, and a legend row per contender
FAR = 1.0  # spans of the intervals up to which the chance level is drawn as a line


def contender_color(index: int) -> str:
    """The color of the contender at this index of the selection, the same in all figures."""
    return COLORS[index % len(COLORS)]


@drawn_once
def interval_figure(
    names: Sequence[str], values: np.ndarray, low: np.ndarray, high: np.ndarray, order: Sequence[int], metric: str,
    chance: float | None = None, theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """A dot with its interval for each contender, the first at the top, its name above it. values, low, high: (m,).
    order: indices of the contenders in the selection, for their colors. chance: a line where it is near, else a note at
    the edge."""
    figure = go.Figure(layout=base_layout(theme, 58 + max(ROW * len(names), MIN_HEIGHT)))
    for at, name in enumerate(names):
        color, interval = contender_color(order[at]), f"{low[at]:z.4f} to {high[at]:z.4f}"
        error = {"array": [high[at] - values[at]], "arrayminus": [values[at] - low[at]], "color": color, "thickness": 2}
        hover = f"{chart_label(name, NAME_WIDTH)}: {values[at]:z.4f} (95%: {interval})"
        figure.add_trace(go.Scatter(x=[values[at]], y=[at], mode="markers", marker={"color": color, "size": 11},
                                    error_x=error | {"width": 6}, hovertext=[hover], hoverinfo="text"))  # fmt: skip
        figure.add_annotation(
            x=0, xref="paper", y=at - 0.36, text=f"{chart_label(name, NAME_WIDTH)} · {values[at]:.3f}", showarrow=False,
            xanchor="left", font={"size": 12},
        )  # fmt: skip
    ends = np.concatenate([values, low, high])  # a single query has no interval
    _chance(figure, chance, np.nanmin(ends), np.nanmax(ends), len(names))
    figure.update_layout(showlegend=False, margin={"l": 8, "r": 16, "t": 22, "b": 36})
    figure.update_yaxes(range=[len(names) - 0.6, -0.75], visible=False, fixedrange=True)
    figure.update_xaxes(title={"text": f"{chart_label(metric)}, higher is better"}, gridcolor=LINE_COLOR,
                        zeroline=False, nticks=6)  # fmt: skip
    return figure


def _chance(figure: go.Figure, chance: float | None, low: float, high: float, count: int) -> None:
    """The chance level as a line with gaps for the names, or a note at the edge."""
    span = max(high - low, 1e-6)
    near = chance is not None and low - FAR * span <= chance <= high + FAR * span
    ends = [low, high, chance] if near and chance is not None else [low, high]
    figure.update_xaxes(range=[min(ends) - 0.06 * span, max(ends) + 0.06 * span])
    if chance is None:
        return
    caption = f"chance {chance:.3f}"
    note: dict[str, Any] = {"y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"color": GREY}}
    if near:
        y = [end for at in range(count) for end in (at - 0.16, at + 0.4, None)]
        figure.add_trace(go.Scatter(x=[chance] * len(y), y=y, mode="lines", line={"color": GREY, "width": 2},
                                    hoverinfo="skip"))  # fmt: skip
        figure.add_annotation(x=chance, text=caption, xanchor="left" if chance < (low + high) / 2 else "right", **note)
    elif chance < low:
        figure.add_annotation(x=0, xref="paper", xanchor="left", text=f"← {caption}", **note)
    else:
        figure.add_annotation(x=1, xref="paper", xanchor="right", text=f"{caption} →", **note)


@drawn_once
def pareto_figure(
    names: Sequence[str], cost: np.ndarray, quality: np.ndarray, low: np.ndarray, high: np.ndarray, best: np.ndarray,
    order: Sequence[int], cost_title: str, metric: str, theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """Quality (m,) with its interval against cost (m,), lower being better; the frontier `best` (m,) bool joined. The
    others are grey. Numbers in the points are those of the legend, in the order of `names`. The cost axis is
    logarithmic where costs above 0 span a factor of ten or more."""
    below = BELOW + LEGEND_ROW * int(np.isfinite(cost).sum())
    figure = go.Figure(layout=base_layout(theme, ABOVE + PLOT + below))
    front = np.flatnonzero(best)[np.argsort(np.asarray(cost)[best], kind="stable")]
    figure.add_trace(
        go.Scatter(x=cost[front], y=quality[front], mode="lines", line={"color": GREY, "width": 1.5, "dash": "dot"},
                   hoverinfo="skip", showlegend=False)
    )  # fmt: skip
    for at in np.argsort(best, kind="stable"):  # grey ones first, so that they hide none of the frontier
        name = names[at]
        if np.isfinite(cost[at]):
            color = contender_color(order[at]) if best[at] else GREY
            figure.add_trace(_point(at, name, cost[at], quality[at], low[at], high[at], color, bool(best[at])))
    logarithmic = spans_decades(cost)
    scale = "log" if logarithmic else "linear"
    figure.update_xaxes(title={"text": chart_label(cost_title)}, type=scale, gridcolor=LINE_COLOR, zeroline=False)
    largest = float(np.nanmax(cost)) or 1.0
    # from below 0, so that points at 0 are not cut
    figure.update_xaxes(**_round_ticks(cost) if logarithmic else {"range": [-0.06 * largest, 1.08 * largest]})
    figure.update_yaxes(title={"text": chart_label(metric)}, gridcolor=LINE_COLOR, zeroline=False, automargin=True)
    legend = {"orientation": "v", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
    legend |= {"itemclick": False, "itemdoubleclick": False}
    figure.update_layout(legend=legend, margin={"l": 8, "r": 16, "t": ABOVE, "b": below})
    return figure


def spans_decades(cost: np.ndarray) -> bool:
    """Whether to use a logarithmic axis: all known costs above 0, the largest ten times the smallest."""
    finite = np.asarray(cost)[np.isfinite(cost)]
    return bool(len(finite) and finite.min() > 0 and finite.max() >= 10 * finite.min())


def _round_ticks(cost: np.ndarray) -> dict[str, list[float] | list[str]]:
    """1, 2 and 5 times powers of ten over a logarithmic axis; powers alone where there are many."""
    exponents = np.log10(cost[np.isfinite(cost)])
    powers = range(int(np.floor(exponents.min())) - 1, int(np.ceil(exponents.max())) + 2)
    ticks = [step * 10.0**power for power in powers for step in ((1, 2, 5) if np.ptp(exponents) < 2.5 else (1,))]
    return {"tickvals": ticks, "ticktext": [f"{tick:,.6g}" for tick in ticks]}


def _point(
    at: int, name: str, cost: float, quality: float, low: float, high: float, color: str, best: bool
) -> go.Scatter:
    short_name = chart_label(name, NAME_WIDTH)
    hover = f"{short_name}<br>{quality:z.4f} (95%: {low:z.4f} to {high:z.4f})<br>cost {cost:,.4g}"
    return go.Scatter(
        x=[cost], y=[quality], mode="markers+text", name=f"{at + 1} {short_name}", legendrank=int(at) + 1,
        text=[str(at + 1)], textfont={"color": "#ffffff", "size": 11}, marker={"color": color, "size": 20},
        error_y={"array": [high - quality], "arrayminus": [quality - low], "color": color, "thickness": 1.5},
        hovertext=[hover if best else f"{hover}<br>dominated: another contender is at least as good on both"],
        hoverinfo="text",
    )  # fmt: skip
