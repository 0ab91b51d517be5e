"""Figure of near-duplicates: rows and groups at every threshold."""

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout
from core.palette import COLORS, GREY, Theme


def threshold_figure(
    thresholds: np.ndarray, rows: np.ndarray, groups: np.ndarray, threshold: float, title: str, theme: Theme = "light"
) -> go.Figure:
    """Counts (t,) over thresholds (t,) as lines, with a line at the selected threshold and a title below the x axis."""
    figure = go.Figure(layout=base_layout(theme, 260))
    for name, counts, color, dash in (("rows in groups", rows, 0, "solid"), ("groups", groups, 1, "dash")):
        line = {"color": COLORS[color], "width": 2, "dash": dash, "shape": "hv"}
        hover = "%{x:.3f}: %{y:,} " + name + "<extra></extra>"
        figure.add_scatter(x=thresholds, y=counts, name=name, mode="lines", line=line, hovertemplate=hover)
    figure.add_vline(x=threshold, line={"color": GREY, "width": 2})
    figure.update_layout(margin={"t": 32, "b": 44, "l": 56}, legend={"orientation": "h", "y": 1.16, "x": 0})
    figure.update_xaxes(title={"text": title}, showgrid=False, zeroline=False)
    figure.update_yaxes(gridcolor=LINE_COLOR, zeroline=False, rangemode="tozero", tickformat=",")
    return figure
