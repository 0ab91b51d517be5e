"""Figures of the Recommend page."""

import numpy as np
import plotly.graph_objects as go

from core.figures import base_layout, drawn_once, error_bars, with_axes
from core.palette import COLORS, GREY, Theme
from core.recommend.evaluation import RecommendationEvaluation
from core.stats.interval import Interval
from core.text import chart_label

SHARES = frozenset({"hit_rate", "recall", "head_recall", "tail_recall", "popularity", "coverage"})  # as percentages


def metric_interval(evaluation: RecommendationEvaluation, metric: str) -> Interval[np.ndarray]:
    """(c,) of a metric; the coverage of the catalog has no interval."""
    if metric == "coverage":
        return Interval(evaluation.coverage, evaluation.coverage, evaluation.coverage)
    return evaluation.intervals[metric]


@drawn_once
def trade_off_figure(
    evaluation: RecommendationEvaluation, x: str, y: str, titles: tuple[str, str], text_recommenders: int, theme: Theme
) -> go.Figure:
    """Two metrics of all recommenders with intervals; the first `text_recommenders` in color, baselines in grey."""
    across, up = metric_interval(evaluation, x), metric_interval(evaluation, y)
    figure = go.Figure(layout=base_layout(theme, 380))
    for i, name in enumerate(evaluation.names):
        color = COLORS[i % len(COLORS)] if i < text_recommenders else GREY
        x_ends, y_ends = ([np.array([part[i]]) for part in of] for of in (across, up))
        figure.add_scatter(
            x=x_ends[0], y=y_ends[0], mode="markers+text", text=[chart_label(name, 28)],
            textposition=_label_position(across.value, i),
            marker={"color": color, "size": 11}, showlegend=False, cliponaxis=False,
            error_x=error_bars(x_ends[0], x_ends[1], x_ends[2], color, thickness=1),
            error_y=error_bars(y_ends[0], y_ends[1], y_ends[2], color, thickness=1),
            hovertemplate=f"{chart_label(name)}<br>{_ends(titles[0], x, across, i)}<br>{_ends(titles[1], y, up, i)}"
            "<extra></extra>",
        )  # fmt: skip
    with_axes(figure, *titles)
    figure.update_xaxes(tickformat=".1~%" if x in SHARES else "")
    figure.update_yaxes(tickformat=".1~%" if y in SHARES else "")
    return figure


def _label_position(across: np.ndarray, i: int) -> str:
    """Of a name: towards the middle of the figure, by turns above and below, so that few are cut off or overlap."""
    middle = (np.nanmin(across) + np.nanmax(across)) / 2
    return f"{'bottom' if i % 2 else 'top'} {'left' if across[i] > middle else 'right'}"


def _ends(title: str, metric: str, interval: Interval[np.ndarray], i: int) -> str:
    form = ".1%" if metric in SHARES else ".3f"
    value, low, high = (float(part[i]) for part in interval)
    ends = "" if low == high else f" ({low:{form}} to {high:{form}})"
    return f"{title}: {value:{form}}{ends}"
