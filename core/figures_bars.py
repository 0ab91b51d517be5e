"""Histograms and bars."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import base_layout
from core.palette import COLORS, Theme
from core.text import label

LINE_COLOR = "rgba(138,143,152,0.3)"


def histogram_figure(
    counts: np.ndarray,
    edges: np.ndarray,
    marks: Sequence[tuple[float, str]] = (),
    title: str = "",
    theme: Theme = "light",
    height: int = 220,
) -> go.Figure:
    """Bars of counts (b,) between edges (b + 1,), with lines at marks (value, name) and a title below the x axis."""
    wide = np.asarray(edges, dtype=np.float64)
    hover = [f"{low:.4g} to {high:.4g}: {count:,}" for low, high, count in zip(wide, wide[1:], counts, strict=False)]
    bars = go.Bar(
        x=(wide[:-1] + wide[1:]) / 2,
        y=np.asarray(counts),
        width=np.diff(wide),
        marker={"color": COLORS[0], "line": {"width": 0}},
        hovertext=hover,
        hoverinfo="text",
    )
    figure = go.Figure(bars, base_layout(theme, height))
    figure.update_layout(bargap=0, margin={"t": 28, "b": 40, "l": 48}, showlegend=False)
    figure.update_xaxes(title={"text": label(title)}, showgrid=False, zeroline=False)
    figure.update_yaxes(gridcolor=LINE_COLOR, zeroline=False, rangemode="tozero")
    for i, (value, name) in enumerate(marks):
        line = {"color": COLORS[1], "width": 2, "dash": ("solid", "dash", "dot")[i % 3]}
        figure.add_vline(x=value, line=line, annotation={"text": label(name), "yref": "paper", "y": 1.0})
    return figure


def bar_figure(
    names: Sequence[str], counts: Sequence[int], title: str = "", theme: Theme = "light", height: int | None = None
) -> go.Figure:
    """Horizontal bars, the first name at the top, with their counts written beside them."""
    shown = [label(name, 40) for name in names]
    bars = go.Bar(
        x=list(counts),
        y=list(range(len(shown))),  # by position, so that equal names after cutting stay apart
        orientation="h",
        marker={"color": COLORS[0]},
        text=[f"{count:,}" for count in counts],
        hovertext=[f"{name}: {count:,}" for name, count in zip(shown, counts, strict=True)],
        hoverinfo="text",
    )
    figure = go.Figure(bars, base_layout(theme, height or 60 + 26 * len(shown)))
    figure.update_layout(margin={"l": 8, "t": 8, "b": 40}, showlegend=False)
    figure.update_xaxes(title={"text": label(title)}, gridcolor=LINE_COLOR, zeroline=False)
    figure.update_yaxes(
        tickvals=list(range(len(shown))), ticktext=shown, autorange="reversed", automargin=True, showgrid=False
    )
    return figure
