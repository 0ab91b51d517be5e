"""Charts of clusters: confusion matrix, parameter sweep, stability."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures import LINE_COLOR, TRANSPARENT, base_layout
from core.palette import COLORS, Theme, color_scale
from core.text import chart_label


def confusion_figure(table: pd.DataFrame, theme: Theme = "light") -> go.Figure:
    """Rows of each cluster (down) with each value (across), shaded by their share of the cluster's counted rows."""
    counts = table.to_numpy(dtype=np.int64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names, values = (
        [chart_label(str(name), 24) for name in table.index],
        [chart_label(str(name), 22) for name in table.columns],
    )
    hover = [
        [
            f"{names[i]} · {values[j]}: {int(counts[i, j]):,} rows, {share[i, j]:.1%} of the cluster"
            for j in range(len(values))
        ]
        for i in range(len(names))
    ]
    heat = go.Heatmap(
        z=share,
        x=list(range(len(values))),
        y=list(range(len(names))),
        colorscale=_blue_scale(theme),
        zmin=0,
        zmax=1,
        hovertext=hover,
        hoverinfo="text",
        showscale=False,
    )
    figure = go.Figure(heat, base_layout(theme, 160 + 20 * len(names)))
    figure.update_xaxes(  # upright, to fit a phone
        tickvals=list(range(len(values))),
        ticktext=values,
        automargin=True,
        tickangle=-90,
        tickfont={"size": 10},
        showgrid=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, automargin=True, autorange="reversed", showgrid=False
    )
    return figure


def sweep_figure(
    values: pd.DataFrame, form: str, name: str, theme: Theme = "light", cliff: int | None = None
) -> go.Figure:
    """One figure per setting (across) and seed (down), written into the cells. cliff: index of the setting after which
    a line is drawn."""
    figures = values.to_numpy(dtype=np.float64)
    heat = go.Heatmap(
        z=figures,
        x=[f"{column:g}" for column in np.asarray(values.columns, dtype=np.float64)],
        y=[f"seed {seed}" for seed in values.index],
        colorscale=color_scale("viridis", theme),
        text=[[format(cell, form) if np.isfinite(cell) else "" for cell in row] for row in figures],
        texttemplate="%{text}",
        hovertemplate="%{x}, %{y}: %{text}<extra></extra>",
        showscale=False,
    )
    figure = go.Figure(heat, base_layout(theme, 120 + 34 * len(values)))
    figure.update_xaxes(type="category", title={"text": chart_label(name)}, automargin=True, showgrid=False)
    figure.update_yaxes(automargin=True, showgrid=False, autorange="reversed")
    if cliff is not None:
        figure.add_vline(x=cliff + 0.5, line={"color": COLORS[1], "width": 5})
    figure.update_layout(margin={"b": 44})
    return figure


def stability_figure(recovered: np.ndarray, runs: int, theme: Theme = "light") -> go.Figure:
    """Number of clusters by the number of resamples in which they were recovered."""
    counts = np.bincount(recovered, minlength=runs + 1)
    bars = go.Bar(
        x=list(range(runs + 1)),
        y=counts,
        marker={"color": COLORS[0]},
        hovertext=[f"{count:,} clusters were recovered in {run} of {runs}" for run, count in enumerate(counts)],
        hoverinfo="text",
    )
    figure = go.Figure(bars, base_layout(theme, 220))
    figure.update_layout(bargap=0.1, margin={"l": 48, "b": 40}, showlegend=False)
    figure.update_xaxes(title={"text": f"resamples (of {runs}) in which a cluster was recovered"}, showgrid=False)
    figure.update_yaxes(title={"text": "clusters"}, gridcolor=LINE_COLOR, rangemode="tozero")
    return figure


def _blue_scale(theme: Theme) -> list[list[float | str]]:
    return [[0.0, TRANSPARENT], [0.0001, "rgba(0,114,178,0.08)"], [1.0, "#56B4E9" if theme == "dark" else COLORS[0]]]
