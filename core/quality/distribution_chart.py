"""Distributions of several kinds of pairs as outlines, a row a contender."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout
from core.palette import COLORS, GREY, Theme
from core.quality.charts import DASHES, short


def distribution_figure(
    names: Sequence[str],
    kinds: Sequence[tuple[str, Sequence[np.ndarray | None]]],
    low: float,
    high: float,
    x_title: str,
    theme: Theme = "light",
) -> go.Figure:
    """A row a contender, a filled outline a kind (name, shares in equal bins of low to high, None where
    there is none). Bins are joined so that some 80 cover what is not empty; each outline is drawn to the same height
    scale within a row."""
    from plotly.subplots import make_subplots

    rows = len(names)
    figure = make_subplots(rows, 1, shared_xaxes=True, vertical_spacing=min(0.05, 0.3 / max(rows, 1)))
    figure.update_layout(base_layout(theme, 90 + 130 * rows))
    first, last, step = _span([share for _, shares in kinds for share in shares if share is not None])
    width = (high - low) / _bins(kinds)
    for at, (kind, shares) in enumerate(kinds):
        shown = False
        for row, share in enumerate(shares):
            if share is None:
                continue
            heights = share[first:last].reshape(-1, step).sum(axis=1)
            middles = low + width * (first + step * (np.arange(len(heights)) + 0.5))
            figure.add_trace(_outline(kind, at, middles, heights, not shown), row=row + 1, col=1)
            shown = True
    for row, name in enumerate(names):
        text = f"<b>{short(name)}</b>"
        axes = {"xref": "paper", "yref": f"y{row + 1 if row else ''} domain"}
        figure.add_annotation(text=text, x=0, y=1, xanchor="left", yanchor="bottom", showarrow=False, **axes)
    figure.update_xaxes(gridcolor=LINE_COLOR, zeroline=False)
    figure.update_xaxes(title={"text": x_title}, row=rows, col=1)
    figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, rangemode="tozero")
    legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "top", "yref": "container", "traceorder": "normal"}
    figure.update_layout(margin={"l": 8, "r": 8, "t": 64, "b": 44}, legend=legend)
    return figure


def _outline(kind: str, at: int, middles: np.ndarray, heights: np.ndarray, legend: bool) -> go.Scatter:
    paint = (GREY, *COLORS[:4])[at % 5]
    red, green, blue = (int(paint[i : i + 2], 16) for i in (1, 3, 5))
    return go.Scatter(
        x=middles,
        y=heights,
        mode="lines",
        name=short(kind),
        legendgroup=kind,
        showlegend=legend,
        line={"color": paint, "width": 1.5, "shape": "hvh", "dash": DASHES[at % 4]},
        fill="tozeroy",
        fillcolor=f"rgba({red},{green},{blue},0.15)",
        hovertemplate=f"{short(kind)}<br>about %{{x:.2f}}: %{{y:.1%}}<extra></extra>",
    )


def _span(shares: Sequence[np.ndarray]) -> tuple[int, int, int]:
    """First and last bin to draw, and how many are joined: (last - first) is a multiple of it."""
    used = np.flatnonzero(np.sum([share > 0 for share in shares], axis=0))
    first, last = int(used[0]), int(used[-1]) + 1
    step = max(1, (last - first) // 80)
    size = len(shares[0])
    while (last - first) % step and last < size:
        last += 1
    while (last - first) % step:
        first -= 1
    return first, last, step


def _bins(kinds: Sequence[tuple[str, Sequence[np.ndarray | None]]]) -> int:
    return next(len(share) for _, shares in kinds for share in shares if share is not None)
