"""Figures of a fine-tuning: loss and validation score over the steps."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures import LINE_COLOR, base_layout, drawn_once
from core.finetune.checkpoints import Trace
from core.palette import COLORS, GREY, Theme


@drawn_once
def trace_figure(trace: Trace, theme: Theme) -> go.Figure:
    """The score of the validation examples above, the loss below; a dotted line marks the base, a ring the best."""
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.1)
    figure.update_layout(base_layout(theme, 340), showlegend=False)
    steps, scores = _columns(trace.scores)
    figure.add_scatter(
        x=steps, y=scores, mode="lines+markers", line={"color": COLORS[0]}, marker={"size": 6}, row=1, col=1,
        hovertemplate=f"step %{{x}}: %{{y:.3f}} {trace.metric}<extra></extra>",
    )  # fmt: skip
    if scores:
        figure.add_hline(y=scores[0], line={"color": GREY, "dash": "dot", "width": 1}, row=1, col=1)
        figure.add_scatter(
            x=[trace.best], y=[trace.best_score], mode="markers", hoverinfo="skip", row=1, col=1,
            marker={"size": 13, "symbol": "circle-open", "color": COLORS[0], "line": {"width": 2}},
        )  # fmt: skip
    steps, losses = _columns(trace.losses)
    figure.add_scatter(
        x=steps, y=losses, mode="lines+markers", line={"color": COLORS[1]}, marker={"size": 6}, row=2, col=1,
        hovertemplate="step %{x}: loss %{y:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(range=[-0.02 * trace.steps, max(1.02 * trace.steps, 1)], showgrid=False, zeroline=False)
    figure.update_xaxes(title={"text": "step"}, row=2, col=1)
    figure.update_yaxes(gridcolor=LINE_COLOR, zeroline=False, nticks=5)
    figure.update_yaxes(title={"text": trace.metric}, row=1, col=1)
    figure.update_yaxes(title={"text": "loss"}, row=2, col=1)
    figure.update_layout(margin={"t": 12, "b": 44, "l": 56})
    return figure


def _columns(points: tuple[tuple[int, float], ...]) -> tuple[list[int], list[float]]:
    return [step for step, _ in points], [value for _, value in points]
