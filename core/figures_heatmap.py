"""A square table of agreement as a heat map with its numbers in the cells."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import base_layout
from core.palette import Theme, scale
from core.text import label


def agreement_figure(
    names: Sequence[str], values: np.ndarray, theme: Theme = "light", low: float = 0.0, height: int = 420
) -> go.Figure:
    """Cells of values (s, s) colored from `low` to 1, the first name at the top; cells without a value stay empty."""
    shown = [label(name, 32) for name in names]
    cells = [["" if np.isnan(value) else f"{value:z.2f}" for value in row] for row in values]
    heat = go.Heatmap(
        z=[[None if np.isnan(value) else float(value) for value in row] for row in values],
        x=list(range(len(shown))),
        y=list(range(len(shown))),
        text=cells,
        texttemplate="%{text}",
        hovertext=[[f"{one} and {other}" for other in shown] for one in shown],
        hovertemplate="%{hovertext}: %{text}<extra></extra>",
        colorscale=scale("cividis", theme),
        zmin=low,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    figure = go.Figure(heat, base_layout(theme, height))
    ticks = {"tickvals": list(range(len(shown))), "ticktext": shown, "showgrid": False, "automargin": True}
    figure.update_xaxes(tickangle=-40, **ticks)
    figure.update_yaxes(autorange="reversed", **ticks)
    return figure
