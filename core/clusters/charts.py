"""Charts of clusters: confusion matrix, parameter sweep, stability."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.figures import LINE_COLOR, TRANSPARENT, base_layout, drawn_once
from core.palette import COLORS, Theme, color_scale
from core.text import chart_label


@drawn_once
def confusion_figure(table: pd.DataFrame, theme: Theme = "light") -> go.Figure:
    """Rows of each cluster (down) with each value (across), shaded by their share of the cluster's counted rows."""
    counts = table.to_numpy(dtype=np.int64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [chart_label(str(name), 24) for name in table.index]
    values = [chart_label(str(name), 22) for name in table.columns]
    hover = [
        [f"{name} · {value}: {counts[i, j]:,} rows, {share[i, j]:.1%} of the cluster" for j, value in enumerate(values)]
        for i, name in enumerate(names)
    ]
    x, y, blue = list(range(len(values))), list(range(len(names))), "#56B4E9" if theme == "dark" else COLORS[0]
    colors = [[0.0, TRANSPARENT], [0.0001, "rgba(0,114,178,0.08)"], [1.0, blue]]
    options = {"hovertext": hover, "hoverinfo": "text", "showscale": False}
    heat = go.Heatmap(z=share, x=x, y=y, colorscale=colors, zmin=0, zmax=1, **options)
    figure = go.Figure(heat, base_layout(theme, 160 + 20 * len(names)))
    figure.update_xaxes(tickvals=x, ticktext=values, tickangle=-90, tickfont={"size": 10})  # upright, to fit a phone
    figure.update_yaxes(tickvals=y, ticktext=names, autorange="reversed")
    return figure.update_xaxes(automargin=True, showgrid=False).update_yaxes(automargin=True, showgrid=False)


@drawn_once
def sweep_figure(
    values: pd.DataFrame, form: str, name: str, theme: Theme = "light", cliff: int | None = None
) -> go.Figure:
    """One figure per setting (across) and seed (down), written into the cells. cliff: index of the setting after which
    a line is drawn."""
    figures = values.to_numpy(dtype=np.float64)
    settings = [f"{column:g}" for column in np.asarray(values.columns, dtype=np.float64)]
    cells = [[format(cell, form) if np.isfinite(cell) else "" for cell in row] for row in figures]
    options = {"texttemplate": "%{text}", "hovertemplate": "%{x}, %{y}: %{text}<extra></extra>", "showscale": False}
    seeds, colors = [f"seed {seed}" for seed in values.index], color_scale("viridis", theme)
    heat = go.Heatmap(z=figures, x=settings, y=seeds, colorscale=colors, text=cells, **options)
    figure = go.Figure(heat, base_layout(theme, 120 + 34 * len(values)))
    figure.update_xaxes(type="category", title={"text": chart_label(name)}, automargin=True, showgrid=False)
    figure.update_yaxes(automargin=True, showgrid=False, autorange="reversed")
    if cliff is not None:
        figure.add_vline(x=cliff + 0.5, line={"color": COLORS[1], "width": 5})
    figure.update_layout(margin={"b": 44})
    return figure


@drawn_once
def stability_figure(recovered: np.ndarray, runs: int, theme: Theme = "light") -> go.Figure:
    """Number of clusters by the number of resamples in which they were recovered."""
    counts = np.bincount(recovered, minlength=runs + 1)
    hover = [f"{count:,} clusters were recovered in {run} of {runs}" for run, count in enumerate(counts)]
    marker = {"color": COLORS[0]}
    bars = go.Bar(x=list(range(runs + 1)), y=counts, marker=marker, hovertext=hover, hoverinfo="text")
    figure = go.Figure(bars, base_layout(theme, 220))
    figure.update_layout(bargap=0.1, margin={"l": 48, "b": 40}, showlegend=False)
    figure.update_xaxes(title={"text": f"resamples (of {runs}) in which a cluster was recovered"}, showgrid=False)
    figure.update_yaxes(title={"text": "clusters"}, gridcolor=LINE_COLOR, rangemode="tozero")
    return figure
