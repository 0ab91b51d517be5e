"""Charts of the Ask page."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures import LINE_COLOR, band_trace, base_layout, drawn_once
from core.palette import COLORS, GREY, TEXT_COLOR, Theme
from core.stats.interval import Interval

FEW = 0.05  # coverage below which intervals are too wide to set the range of the axis


@drawn_once
def coverage_figure(
    curve: pd.DataFrame,
    coverage: Interval[float],
    precision: Interval[float],
    min_precision: float | None,
    theme: Theme,
) -> go.Figure:
    """Precision by coverage with its 95% interval, the selected threshold, and the requested precision as a line.

    curve: threshold, coverage, precision, low, high. coverage, precision: of the selected threshold, NaN for none.
    """
    figure = go.Figure(layout=base_layout(theme, 360))
    x, low, high = (curve[name].to_numpy() for name in ("coverage", "low", "high"))
    figure.add_trace(band_trace(x, low, high, COLORS[0], "precision"))
    figure.add_scatter(
        x=x, y=curve["precision"], mode="lines", line={"color": COLORS[0], "width": 2}, legendgroup="precision",
        name="precision, 95% interval", customdata=curve[["low", "high", "threshold"]].to_numpy(),
        hovertemplate="coverage %{x:.1%}<br>precision %{y:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})"
        "<br>threshold %{customdata[2]:.3f}<extra></extra>",
    )  # fmt: skip
    if min_precision is not None:
        line = {"color": GREY, "dash": "dash", "width": 1}
        figure.add_scatter(x=[0, 1], y=[min_precision] * 2, mode="lines", name="minimum precision", line=line,
                           hoverinfo="skip")  # fmt: skip
    if np.isfinite(precision.value):
        marker = {"color": COLORS[1], "size": 12, "line": {"color": TEXT_COLOR[theme], "width": 1}}
        figure.add_scatter(
            x=[coverage.value], y=[precision.value], mode="markers", name="selected threshold", marker=marker,
            hovertemplate="coverage %{x:.1%}<br>precision %{y:.1%}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        margin={"l": 56, "b": 48, "t": 64, "r": 16},
        legend={"orientation": "h", "y": 1, "yanchor": "top", "yref": "container", "x": 0},
    )
    lowest = min([*curve["precision"], *low[x >= FEW], min_precision or 1.0])
    figure.update_xaxes(title={"text": "coverage: share of questions with a reply"}, gridcolor=LINE_COLOR,
                        zeroline=False, tickformat=".0%", range=[0, 1.01])  # fmt: skip
    figure.update_yaxes(title={"text": "precision: share of right replies"}, gridcolor=LINE_COLOR, zeroline=False,
                        tickformat=".0%", range=[max(lowest - 0.02, 0), 1.003])  # fmt: skip
    return figure
