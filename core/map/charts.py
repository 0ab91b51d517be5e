"""The map of a corpus as a Plotly figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.errors import InputError
from core.figures import base_layout
from core.map.coloring import SCALES, ColorSpec
from core.palette import COLORS, GREY, Theme, color_scale
from core.text import chart_label, hover_texts

LEGEND_WIDTH = 32


def map_figure(
    points: np.ndarray, rows: np.ndarray, color: ColorSpec, texts: Sequence[str], theme: Theme = "light",
    height: int = 640,
) -> go.Figure:  # fmt: skip
    """The map of m drawn rows in 2 or 3 dimensions. In every trace `customdata` holds the row ids, int32.

    points: (m, 2 or 3) coordinates. rows: (m,) row ids. color: for these m rows (ColorSpec.take). texts: m texts, whose
    beginnings show on hovering. Equal inputs, equal figures.
    """
    if not len(points) == len(rows) == len(color) == len(texts):
        raise InputError(f"A map needs equal counts: {len(points)} points, {len(rows)} rows, {len(color)} colors.")
    drawing = _Drawing(points.astype(np.float32), rows.astype(np.int32), hover_texts(texts), _marker_style(len(rows)))
    traces = _category_traces(drawing, color) if color.kind == "category" else _scale_traces(drawing, color, theme)
    figure = go.Figure(traces)
    figure.update_layout(base_layout(theme, height), **_axes(points.shape[1]))
    return figure.update_layout(legend=_legend(color), dragmode="lasso" if points.shape[1] == 2 else "turntable")


@dataclass(frozen=True, eq=False)
class _Drawing:
    points: np.ndarray
    rows: np.ndarray
    hover: list[str]
    style: dict[str, Any]

    def trace(self, at: np.ndarray, **rest: Any) -> Any:
        """A trace of the points at the given positions."""
        rest |= {"customdata": self.rows[at], "hovertext": [self.hover[i] for i in at]}
        rest |= {"hoverinfo": "text", "mode": "markers"}
        rest |= zip("xyz", np.ascontiguousarray(self.points[at].T), strict=False)
        return go.Scattergl(**rest) if self.points.shape[1] == 2 else go.Scatter3d(**rest)


def _marker_style(count: int) -> dict[str, Any]:
    """Smaller and more transparent with more points; size in pixels."""
    magnitude = np.log10(max(count, 1))
    size = float(np.clip(13 - 2.2 * magnitude, 2.5, 9).round(1))
    return {"size": size, "opacity": float(np.clip(1.15 - 0.14 * magnitude, 0.5, 0.95).round(2)), "line": {"width": 0}}


def _category_traces(drawing: _Drawing, color: ColorSpec) -> list[Any]:
    """One trace per category; gray ones first, so that they are below. A row in several categories is in the trace of
    each, the least frequent one above."""
    traces = []
    for i, category in sorted(enumerate(color.categories), key=lambda item: item[1].color != GREY):
        marker = drawing.style | {"color": category.color, "symbol": category.symbol}
        name, rows = f"{chart_label(category.label, LEGEND_WIDTH)} ({category.count:,})", color.in_category(i)
        traces.append(drawing.trace(np.flatnonzero(rows), name=name, marker=marker, legendrank=i, showlegend=True))
    return traces


def _scale_traces(drawing: _Drawing, color: ColorSpec, theme: Theme) -> list[Any]:
    """Rows without a value gray and below, the others on a color scale; a single trace for kind "none"."""
    if color.kind == "none":
        marker = drawing.style | {"color": COLORS[0]}
        return [drawing.trace(np.arange(len(drawing.rows)), name="rows", marker=marker, showlegend=False)]
    missing, measured = np.flatnonzero(np.isnan(color.values)), np.flatnonzero(~np.isnan(color.values))
    scale = {"colorscale": color_scale(SCALES[color.kind], theme), "cmin": color.low, "cmax": color.high}
    marker = drawing.style | scale | {"color": color.values[measured], "colorbar": _colorbar(color)}
    traces = [drawing.trace(measured, name=chart_label(color.name), marker=marker, showlegend=False)]
    if len(missing):
        grey, name = drawing.style | {"color": GREY}, f"{color.missing_label} ({len(missing):,})"
        traces.insert(0, drawing.trace(missing, name=name, marker=grey, showlegend=True))
    return traces


def _colorbar(color: ColorSpec) -> dict[str, Any]:
    bar: dict[str, Any] = {"title": {"text": chart_label(color.name, LEGEND_WIDTH)}, "thickness": 14, "outlinewidth": 0}
    if color.ticks:
        bar |= {"tickvals": [value for value, _ in color.ticks], "ticktext": [text for _, text in color.ticks]}
    elif color.kind == "trust":
        bar |= {"tickformat": ".0%"}
    return bar


def _axes(dims: int) -> dict[str, Any]:
    """Hidden, with equal scales: a map's axes have no meaning, only its distances."""
    hidden = {"visible": False}
    if dims == 2:
        return {"xaxis": hidden, "yaxis": hidden | {"scaleanchor": "x", "scaleratio": 1}}
    return {"scene": {"xaxis": hidden, "yaxis": hidden, "zaxis": hidden, "aspectmode": "data"}}


def _legend(color: ColorSpec) -> dict[str, Any]:
    title = {"text": chart_label(color.name, LEGEND_WIDTH)} if color.kind == "category" else {}
    # a color bar is on the right, so the legend goes below
    position = {} if color.kind in ("category", "none") else {"orientation": "h", "y": -0.02, "x": 0}
    return {"title": title, "itemsizing": "constant", "bgcolor": "rgba(0,0,0,0)"} | position
