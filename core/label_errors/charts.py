"""Which labels are given where which others are suggested, as a heat map."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import TRANSPARENT, base_layout
from core.palette import BACKGROUND, TEXT_COLOR, Theme, color_scale
from core.text import chart_label

WIDTH = 22  # characters of a label on an axis


def confusion_figure(names: Sequence[str], counts: np.ndarray, theme: Theme = "light") -> go.Figure:
    """counts: (m, m) rows, given label down, suggested label across. Cells without rows are left clear."""
    shown, at = [chart_label(name, WIDTH) for name in names], list(range(len(names)))
    filled = np.where(counts > 0, counts.astype(float), np.nan)
    hover = [
        [f"{each:,} labeled {shown[i]},<br>more like {shown[j]}" for j, each in enumerate(row)]
        for i, row in enumerate(counts)
    ]
    cells = go.Heatmap(
        x=at, y=at, z=filled, colorscale=color_scale("cividis", theme), zmin=0, zmax=max(1, int(counts.max(initial=0))),
        xgap=2, ygap=2, showscale=False, hoverongaps=False, text=hover, hoverinfo="text",
    )  # fmt: skip
    figure = go.Figure(cells, base_layout(theme, 170 + 30 * len(shown)))
    _numbers(figure, counts, theme)
    ticks = {"tickvals": at, "ticktext": shown, "showgrid": False, "zeroline": False, "automargin": True}
    ends = [-0.5, len(shown) - 0.5]
    figure.update_xaxes(**ticks, range=ends, tickangle=-45, title={"text": "suggested label"})
    figure.update_yaxes(**ticks, range=ends[::-1], title={"text": "given label"})
    return figure


def _numbers(figure: go.Figure, counts: np.ndarray, theme: Theme) -> None:
    """The counts in their cells, dark on the light end of the scale and the other way round."""
    most = max(1, int(counts.max(initial=0)))
    for i, j in zip(*np.nonzero(counts), strict=True):
        color = TEXT_COLOR["light"] if counts[i, j] / most > 0.55 else BACKGROUND["light"]
        text = f"{counts[i, j]:,}"
        figure.add_annotation(
            x=int(j),
            y=int(i),
            text=text,
            showarrow=False,
            font={"color": color},
            bgcolor=TRANSPARENT,
            captureevents=False,
        )
