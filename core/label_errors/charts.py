"""Heat map of current against suggested labels."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import TRANSPARENT, base_layout
from core.palette import BACKGROUND, TEXT_COLOR, Theme, color_scale
from core.text import chart_label

MAX_AXIS_LABEL = 22  # characters


def label_confusion_figure(names: Sequence[str], counts: np.ndarray, theme: Theme = "light") -> go.Figure:
    """counts: (m, m) rows, current label down, suggested label across. Cells without rows are left clear."""
    labels, ticks = [chart_label(name, MAX_AXIS_LABEL) for name in names], list(range(len(names)))
    values = np.where(counts > 0, counts.astype(float), np.nan)
    hover = [
        [f"{number:,} labeled {labels[i]},<br>{labels[j]} suggested" for j, number in enumerate(row)]
        for i, row in enumerate(counts)
    ]
    highest = max(1, int(counts.max(initial=0)))
    cells = go.Heatmap(
        x=ticks, y=ticks, z=values, colorscale=color_scale("cividis", theme), zmin=0, zmax=highest,
        xgap=2, ygap=2, showscale=False, hoverongaps=False, text=hover, hoverinfo="text",
    )  # fmt: skip
    figure = go.Figure(cells, base_layout(theme, 170 + 30 * len(labels)))
    style = {"showarrow": False, "bgcolor": TRANSPARENT, "captureevents": False}
    for i, j in zip(*np.nonzero(counts), strict=True):
        color = TEXT_COLOR["light"] if counts[i, j] / highest > 0.55 else BACKGROUND["light"]  # dark on light cells
        figure.add_annotation(x=int(j), y=int(i), text=f"{counts[i, j]:,}", font={"color": color}, **style)
    axis = {"tickvals": ticks, "ticktext": labels, "showgrid": False, "zeroline": False, "automargin": True}
    ends = [-0.5, len(labels) - 0.5]
    figure.update_xaxes(**axis, range=ends, tickangle=-45, title={"text": "suggested label"})
    figure.update_yaxes(**axis, range=ends[::-1], title={"text": "current label"})
    return figure
