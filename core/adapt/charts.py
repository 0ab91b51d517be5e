"""Figures of the Customize page: gains with intervals, similar and dissimilar pairs, learning curve."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.adapt.comparison import Gain
from core.adapt.report import CurvePoint, Histograms
from core.figures import LINE_COLOR, band_trace, base_layout, drawn_once, interval_figure, with_axes
from core.palette import COLORS, TEXT_COLOR, Theme

SIMILAR, DISSIMILAR = "Similar pairs", "Dissimilar pairs"
MARGIN = 0.05  # of cosines, beside the outermost bars


@drawn_once
def gain_figure(gains: dict[str, Gain], control: str, theme: Theme) -> go.Figure:
    """The change of each gain with its interval; `control` names the one in grey."""
    rows: list[tuple[str, tuple[float, float, float], bool]] = [
        (name, (gain.difference.value, gain.difference.low, gain.difference.high), name == control)
        for name, gain in gains.items()
    ]
    metric = next(iter(gains.values())).metric
    figure = interval_figure(rows, f"change of {metric}, 95% interval", theme, as_share=False)
    figure.add_vline(x=0, line={"color": LINE_COLOR, "width": 2})
    return figure


@drawn_once
def pair_figure(histograms: Histograms, theme: Theme) -> go.Figure:
    """Shares of similar and dissimilar pairs by cosine, base above and adapter below."""
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.14, subplot_titles=("Base", "Adapter"))
    figure.update_layout(base_layout(theme, 360), bargap=0, barmode="overlay", legend={"orientation": "h", "y": 1.2})
    edges = histograms.edges
    middles = (edges[:-1] + edges[1:]) / 2
    sides = (
        (1, histograms.similar_base, histograms.dissimilar_base),
        (2, histograms.similar_adapted, histograms.dissimilar_adapted),
    )
    for row, similar, dissimilar in sides:
        for name, counts, color in ((DISSIMILAR, dissimilar, COLORS[1]), (SIMILAR, similar, COLORS[0])):
            shares = counts / max(counts.sum(), 1)
            figure.add_bar(
                x=middles, y=shares, width=np.diff(edges), name=name, legendgroup=name, showlegend=row == 1,
                marker={"color": color, "opacity": 0.6, "line": {"width": 0}}, row=row, col=1,
                hovertemplate=f"{name}, cosine %{{x:.2f}}: %{{y:.1%}}<extra></extra>",
            )  # fmt: skip
    total = sum(counts for _, *pair in sides for counts in pair)
    used = np.flatnonzero(total)
    ends = [edges[used[0]] - MARGIN, edges[used[-1] + 1] + MARGIN] if len(used) else [-1, 1]
    figure.update_xaxes(range=ends, showgrid=False, zeroline=False)
    figure.update_xaxes(title={"text": "cosine"}, row=2, col=1)
    figure.update_yaxes(tickformat=".0%", gridcolor=LINE_COLOR, zeroline=False)
    figure.update_annotations(font={"color": TEXT_COLOR[theme], "size": 14})
    figure.update_layout(margin={"t": 56, "b": 44, "l": 48})
    return figure


@drawn_once
def curve_figure(curve: tuple[CurvePoint, ...], theme: Theme) -> go.Figure:
    """The gain on held-out examples by the number of training examples, with 95% intervals."""
    x = np.array([point.rows for point in curve])
    value, low, high = np.array([point.gain.difference for point in curve]).T
    figure = go.Figure(layout=base_layout(theme, 300))
    figure.add_trace(band_trace(x, low, high, COLORS[0], "gain"))
    figure.add_scatter(
        x=x, y=value, mode="lines+markers", line={"color": COLORS[0]}, showlegend=False,
        customdata=np.column_stack([low, high]),
        hovertemplate="%{x:,} examples: %{y:+.3f} (%{customdata[0]:+.3f} to %{customdata[1]:+.3f})<extra></extra>",
    )  # fmt: skip
    with_axes(figure, "training examples", f"change of {curve[-1].gain.metric}")
    figure.add_hline(y=0, line={"color": LINE_COLOR, "width": 2})
    figure.update_xaxes(rangemode="tozero", tickformat=",")
    return figure
