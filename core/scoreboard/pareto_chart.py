"""Quality against what it costs: dominated contenders grey, the frontier joined."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout
from core.palette import GREY, Theme
from core.scoreboard.charts import NAME_WIDTH, contender_color
from core.text import chart_label

ABOVE, PLOT, BELOW, LEGEND_ROW = 12, 300, 62, 20  # pixels; below the plot its axis, and a row a contender


def pareto_figure(
    names: Sequence[str],
    cost: np.ndarray,
    quality: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    best: np.ndarray,
    places: Sequence[int],
    cost_title: str,
    metric: str,
    theme: Theme = "light",
) -> go.Figure:
    """Quality (m,) with its interval against cost (m,), lower being better; the frontier `best` (m,) bool joined.

    The others are grey. Numbers in the points are the order of `names`, told in the legend. The cost axis is
    logarithmic where costs above 0 span a factor of ten or more.
    """
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
            color = contender_color(places[at]) if best[at] else GREY
            figure.add_trace(_point(at, name, cost[at], quality[at], low[at], high[at], color, bool(best[at])))
    logarithmic = spans_decades(cost)
    figure.update_xaxes(
        title={"text": chart_label(cost_title)},
        type="log" if logarithmic else "linear",
        gridcolor=LINE_COLOR,
        zeroline=False,
    )
    most = float(np.nanmax(cost)) or 1.0
    # from below 0, so that a point of what is free stands whole
    figure.update_xaxes(**_round_ticks(cost) if logarithmic else {"range": [-0.06 * most, 1.08 * most]})
    figure.update_yaxes(title={"text": chart_label(metric)}, gridcolor=LINE_COLOR, zeroline=False, automargin=True)
    legend = {"orientation": "v", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
    legend |= {"itemclick": False, "itemdoubleclick": False}
    figure.update_layout(legend=legend, margin={"l": 8, "r": 16, "t": ABOVE, "b": below})
    return figure


def spans_decades(cost: np.ndarray) -> bool:
    """Whether a logarithmic axis is called for: all known costs above 0, the largest ten times the least."""
    known = np.asarray(cost)[np.isfinite(cost)]
    return bool(len(known) and known.min() > 0 and known.max() >= 10 * known.min())


def _round_ticks(cost: np.ndarray) -> dict[str, list[float] | list[str]]:
    """1, 2 and 5 times powers of ten over a logarithmic axis; powers alone where they are many."""
    known = np.log10(cost[np.isfinite(cost)])
    powers = range(int(np.floor(known.min())) - 1, int(np.ceil(known.max())) + 2)
    ticks = [step * 10.0**power for power in powers for step in ((1, 2, 5) if np.ptp(known) < 2.5 else (1,))]
    return {"tickvals": ticks, "ticktext": [f"{tick:,.6g}" for tick in ticks]}


def _point(
    at: int, name: str, cost: float, quality: float, low: float, high: float, color: str, best: bool
) -> go.Scatter:
    shown = chart_label(name, NAME_WIDTH)
    return go.Scatter(
        x=[cost],
        y=[quality],
        mode="markers+text",
        name=f"{at + 1} {shown}",
        legendrank=int(at) + 1,
        text=[str(at + 1)],
        textfont={"color": "#ffffff", "size": 11},
        marker={"color": color, "size": 20},
        error_y={"array": [high - quality], "arrayminus": [quality - low], "color": color, "thickness": 1.5},
        hovertext=[f"{shown}<br>{quality:.4f} (95%: {low:.4f} to {high:.4f})<br>cost {cost:,.4g}"
                   + ("" if best else "<br>another is no worse in both, and better in one")],
        hoverinfo="text",
    )  # fmt: skip
