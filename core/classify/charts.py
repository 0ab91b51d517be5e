"""Figures of the Classify page."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.classify.calibration import Curve, Reliability
from core.classify.experiments import LearningCurve
from core.classify.zeroshot import ThresholdCurve
from core.figures import TRANSPARENT, band_trace, base_layout, drawn_once, error_bars, with_axes
from core.palette import BACKGROUND, COLORS, GREY, TEXT_COLOR, Theme, color_scale
from core.stats.interval import Interval
from core.text import chart_label

MAX_AXIS_LABEL = 22  # characters
MAX_HORIZONTAL = 3  # characters of labels below cells that are not rotated
CELL_HEIGHT = 30  # pixels


@drawn_once
def confusion_figure(names: Sequence[str], counts: np.ndarray, theme: Theme) -> go.Figure:
    """counts: (m, m) rows, label down, prediction across, colored by the share of the label's rows.

    Markers without color lie on the cells, since Plotly selects points of scatter traces alone; their customdata is
    (label, prediction).
    """
    labels, ticks = [chart_label(name, MAX_AXIS_LABEL) for name in names], list(range(len(names)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = go.Heatmap(
        x=ticks, y=ticks, z=np.where(counts > 0, shares, np.nan), colorscale=color_scale("cividis", theme), zmin=0,
        zmax=1, xgap=2, ygap=2, showscale=False, hoverongaps=False, hoverinfo="skip",
    )  # fmt: skip
    figure = go.Figure(cells, base_layout(theme, 170 + CELL_HEIGHT * len(labels)))
    filled = list(zip(*np.nonzero(counts), strict=True))
    text_colors = [TEXT_COLOR["light"] if shares[i, j] > 0.55 else BACKGROUND["light"] for i, j in filled]
    figure.add_scatter(
        x=[int(j) for _, j in filled], y=[int(i) for i, _ in filled], mode="markers+text", showlegend=False,
        marker={"symbol": "square", "size": CELL_HEIGHT - 2, "color": TRANSPARENT, "line": {"width": 0}},
        text=[f"{counts[i, j]:,}" for i, j in filled], textfont={"color": text_colors},
        unselected={"marker": {"opacity": 1}},
        customdata=[[names[i], names[j]] for i, j in filled],
        hovertext=[
            f"{counts[i, j]:,} labeled {labels[i]},<br>predicted {labels[j]}<br>"
            f"({shares[i, j]:.1%} of the label's rows shown)"
            for i, j in filled
        ],
        hoverinfo="text",
    )  # fmt: skip
    axis = {"tickvals": ticks, "ticktext": labels, "showgrid": False, "zeroline": False, "automargin": True}
    ends = [-0.5, len(labels) - 0.5]
    figure.update_layout(dragmode=False, clickmode="event+select")
    angle = 0 if max(map(len, labels), default=0) <= MAX_HORIZONTAL else -45
    figure.update_xaxes(**axis, range=ends, tickangle=angle, title={"text": "predicted"}, fixedrange=True)
    figure.update_yaxes(**axis, range=ends[::-1], title={"text": "label"}, fixedrange=True)
    return figure


@drawn_once
def reliability_figure(curve: Reliability, theme: Theme) -> go.Figure:
    """Accuracy against confidence in bins, with intervals; the diagonal is perfect calibration."""
    figure = go.Figure(layout=base_layout(theme, 340))
    _add_diagonal(figure, "perfect calibration")
    value, low, high = (np.asarray(part) for part in curve.accuracy)
    figure.add_scatter(
        x=curve.confidence, y=value, mode="lines+markers", name="classifier", line={"color": COLORS[0]},
        marker={"size": 8}, error_y=error_bars(value, low, high, COLORS[0], thickness=1.5), customdata=curve.counts,
        hovertemplate="confidence %{x:.3f}<br>accuracy %{y:.3f}<br>%{customdata:,} rows<extra></extra>",
    )  # fmt: skip
    return with_axes(figure, "mean confidence", "accuracy", unit=True)


@drawn_once
def roc_figure(curve: Curve, theme: Theme) -> go.Figure:
    """True against false positive rate; the diagonal is a random order."""
    figure = go.Figure(layout=base_layout(theme, 340))
    _add_diagonal(figure, "random order")
    _add_curve(figure, curve, "false positive rate", "true positive rate")
    return with_axes(figure, "false positive rate", "true positive rate", unit=True)


@drawn_once
def precision_recall_figure(curve: Curve, theme: Theme) -> go.Figure:
    """Precision against recall; the horizontal line is a random order."""
    figure = go.Figure(layout=base_layout(theme, 340))
    line = {"color": GREY, "dash": "dash", "width": 1}
    figure.add_scatter(x=[0, 1], y=[curve.chance] * 2, mode="lines", name="random order", line=line, hoverinfo="skip")
    _add_curve(figure, curve, "recall", "precision")
    return with_axes(figure, "recall", "precision", unit=True)


@drawn_once
def threshold_figure(curve: ThresholdCurve, threshold: float | None, theme: Theme) -> go.Figure:
    """Precision against recall by cosine threshold; dots mark the best one and, if there is one, the current one."""
    figure = go.Figure(layout=base_layout(theme, 320))
    figure.add_scatter(
        x=curve.recall, y=curve.precision, mode="lines", name="thresholds", line={"color": COLORS[0], "width": 2},
        customdata=np.stack([curve.thresholds, curve.f1], axis=1),
        hovertemplate="threshold %{customdata[0]:.3f}<br>precision %{y:.3f}<br>recall %{x:.3f}"
        "<br>F1 %{customdata[1]:.3f}<extra></extra>",
    )  # fmt: skip
    marks = [("best F1", curve.best, COLORS[1])]
    marks += [("current threshold", threshold, GREY)] if threshold is not None else []
    for name, value, color in marks:
        at = int(np.abs(curve.thresholds - value).argmin())
        figure.add_scatter(
            x=curve.recall[[at]], y=curve.precision[[at]], mode="markers", name=name,
            marker={"color": color, "size": 10}, hovertemplate=f"{name}: {value:.3f}<extra></extra>",
        )  # fmt: skip
    return with_axes(figure, "recall", "precision", unit=True)


@drawn_once
def learning_figure(curves: Sequence[tuple[str, LearningCurve]], theme: Theme) -> go.Figure:
    """Macro F1 by number of training rows, with bands, on a logarithmic axis."""
    figure = go.Figure(layout=base_layout(theme, 380))
    for at, (_, curve) in enumerate(curves):
        color = COLORS[at % len(COLORS)]
        figure.add_trace(band_trace(curve.sizes, curve.score.low, curve.score.high, color, str(at)))
    for at, (name, curve) in enumerate(curves):
        figure.add_scatter(
            x=curve.sizes, y=curve.score.value, mode="lines+markers", name=chart_label(name, 34), legendgroup=str(at),
            line={"color": COLORS[at % len(COLORS)], "width": 2},
            customdata=np.stack([curve.score.low, curve.score.high], 1),
            hovertemplate="%{x:,} training rows<br>macro F1 %{y:.3f}"
            " (%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
        )  # fmt: skip
    figure = with_axes(figure, "training rows (logarithmic)", "macro F1")
    return figure.update_xaxes(type="log", tickformat=",", dtick="D2")


@drawn_once
def number_figure(truth: np.ndarray, predicted: np.ndarray, theme: Theme) -> go.Figure:
    """Predicted against actual numbers; on the diagonal both are equal."""
    figure = go.Figure(layout=base_layout(theme, 380))
    ends = [float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))]
    line = {"color": GREY, "dash": "dash", "width": 1}
    figure.add_scatter(x=ends, y=ends, mode="lines", name="equal", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=truth, y=predicted, mode="markers", name="test rows", marker={"color": COLORS[0], "size": 6, "opacity": 0.6},
        hovertemplate="actual %{x:.4~g}<br>predicted %{y:.4~g}<extra></extra>",
    )  # fmt: skip
    return with_axes(figure, "actual", "predicted")


@drawn_once
def share_figure(
    names: Sequence[str], values: Sequence[float], x_title: str, theme: Theme, as_share: bool
) -> go.Figure:
    """Horizontal bars of counts or of shares in [0, 1], the first at the top."""
    figure = go.Figure(layout=base_layout(theme, 70 + 28 * len(names)))
    figure.add_bar(
        x=list(values), y=list(range(len(names))), orientation="h", marker={"color": COLORS[0]},
        text=[share_text(value) if as_share else f"{value:,d}" for value in values], textposition="outside",
        textangle=0, hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip
    ticks = {"tickvals": list(range(len(names))), "ticktext": [chart_label(name, 32) for name in names]}
    figure.update_yaxes(range=[len(names) - 0.5, -0.5], showgrid=False, zeroline=False, automargin=True, **ticks)
    longest = 1.0 if as_share else max([1, *values])
    figure.update_xaxes(tickformat=".0%" if as_share else ",d", range=[0, (1.25 if as_share else 1.1) * longest])
    if as_share:
        figure.update_xaxes(tickvals=[0, 0.25, 0.5, 0.75, 1])
    return with_axes(figure, x_title, "")


@drawn_once
def prevalence_figure(
    names: Sequence[str], corrected: Interval[np.ndarray], naive: np.ndarray, theme: Theme
) -> go.Figure:
    """Corrected shares (c,) with intervals as dots, those of the predictions as crosses; the first class at the top."""
    figure, ticks = go.Figure(layout=base_layout(theme, 110 + 30 * len(names))), list(range(len(names)))
    value, low, high = corrected
    labels = [chart_label(name, 32) for name in names]
    figure.add_scatter(
        x=naive, y=ticks, mode="markers", name="predicted share", marker={"symbol": "x-thin", "size": 9,
        "line": {"width": 2, "color": GREY}}, cliponaxis=False, hoverinfo="text",
        hovertext=[f"{label}: {share:.1%} predicted" for label, share in zip(labels, naive, strict=True)],
    )  # fmt: skip
    figure.add_scatter(
        x=value, y=ticks, mode="markers", name="corrected share, 95% interval", cliponaxis=False, hoverinfo="text",
        marker={"color": COLORS[0], "size": 9}, error_x=error_bars(value, low, high, COLORS[0], thickness=1.5),
        hovertext=[
            f"{label}: {share:.1%} ({a:.1%} to {b:.1%}) corrected"
            for label, share, a, b in zip(labels, value, low, high, strict=True)
        ],
    )  # fmt: skip
    axis = {"tickvals": ticks, "ticktext": labels, "range": [len(names) - 0.5, -0.5]}
    figure.update_yaxes(**axis, showgrid=False, zeroline=False, automargin=True)
    figure.update_xaxes(tickformat=".1~%", rangemode="tozero")
    return with_axes(figure, "share of rows", "")


def share_text(value: float) -> str:
    """A probability as a percentage, never rounded to certainty."""
    if 0.9995 <= value < 1:
        return ">99.9%"
    return "<0.1%" if 0 < value < 0.0005 else f"{value:.1%}"


def _add_diagonal(figure: go.Figure, name: str) -> None:
    line = {"color": GREY, "dash": "dash", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name=name, line=line, hoverinfo="skip")


def _add_curve(figure: go.Figure, curve: Curve, x_name: str, y_name: str) -> None:
    thresholds = [f"{value:z.3f}" if np.isfinite(value) else "above all" for value in curve.thresholds]
    figure.add_scatter(
        x=curve.x, y=curve.y, mode="lines", name="classifier", line={"color": COLORS[0], "width": 2},
        customdata=thresholds,
        hovertemplate=f"{x_name} %{{x:.3f}}<br>{y_name} %{{y:.3f}}<br>threshold %{{customdata}}<extra></extra>",
    )  # fmt: skip


@drawn_once
def audit_figure(labels: np.ndarray, accuracy: Interval[np.ndarray], theme: Theme) -> go.Figure:
    """Accuracy on the audited rows by number of training labels, with a band."""
    figure = go.Figure(layout=base_layout(theme, 240))
    figure.add_trace(band_trace(labels, accuracy.low, accuracy.high, COLORS[0], "audit"))
    figure.add_scatter(
        x=labels, y=accuracy.value, mode="lines+markers", line={"color": COLORS[0]}, legendgroup="audit",
        showlegend=False, customdata=np.stack([accuracy.low, accuracy.high], axis=1),
        hovertemplate="%{x:,} labels<br>accuracy %{y:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})"
        "<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return with_axes(figure, "training labels", "accuracy")
