"""Figures of the Quality page. A contender has the same color in all of them, by its position in the selection."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, band_trace, base_layout, drawn_once, error_bars, with_opacity
from core.palette import COLORS, GREY, Theme
from core.text import chart_label, clean_line

LINE = 16  # characters of a name below bars
NAME, END = 34, 14  # characters of a contender's name in a legend, and of its end
DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True, eq=False)
class Line:
    """color_index: of the contender; dash: index into DASHES; low, high: a band, empty for none."""

    name: str
    color_index: int
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    dash: int = 0
    legend: bool = True


@drawn_once
def line_figure(
    lines: Sequence[Line], x_title: str, y_title: str, theme: Theme = "light", height: int = 320, markers: bool = False,
    x_axis: dict[str, Any] | None = None, y_axis: dict[str, Any] | None = None,
) -> go.Figure:  # fmt: skip
    """Lines with their bands, one color a contender. x_axis, y_axis: more settings of Plotly's axes."""
    figure = go.Figure(layout=base_layout(theme, height))
    for line in lines:
        if len(line.low):
            tint = color(line.color_index)
            figure.add_trace(band_trace(line.x, line.low, line.high, tint, str(line.color_index), 0.18))
    for line in lines:
        figure.add_scatter(
            x=list(line.x), y=list(line.y), mode="lines+markers" if markers else "lines", name=short(line.name),
            legendgroup=str(line.color_index), showlegend=line.legend,
            line={"color": color(line.color_index), "width": 2, "dash": DASHES[line.dash]},
            hovertemplate=f"{short(line.name)}<br>%{{x:.4~g}}: %{{y:.4~g}}<extra></extra>",
        )  # fmt: skip
    return _with_axes(figure, x_title, y_title, x_axis, y_axis)


@drawn_once
def dot_figure(
    rows: Sequence[str], series: Sequence[tuple[str, int, Sequence[tuple[float, float, float] | None]]], x_title: str,
    theme: Theme = "light", x_axis: dict[str, Any] | None = None,
) -> go.Figure:  # fmt: skip
    """Dots with intervals, the first row at the top; series: (name, color_index, (value, low, high) per row)."""
    figure = go.Figure(layout=base_layout(theme, 100 + max(30, 14 * len(series)) * len(rows)))
    for at, (name, color_index, values) in enumerate(series):
        present = [row for row, value in enumerate(values) if value is not None]
        estimate, low, high = np.reshape([value for value in values if value is not None], (-1, 3)).T
        off = (at - (len(series) - 1) / 2) * min(0.18, 0.7 / max(len(series), 1))
        tint = color(color_index)
        figure.add_scatter(
            x=estimate, y=[row + off for row in present], mode="markers", name=short(name), cliponaxis=False,
            marker={"color": tint, "size": 9}, error_x=error_bars(estimate, low, high, tint, thickness=1.5),
            customdata=[[rows[row], *ends] for row, *ends in zip(present, low, high, strict=True)],
            hovertemplate=f"{short(name)}<br>%{{customdata[0]}}: %{{x:.3~g}}"
            " (%{customdata[1]:.3~g} to %{customdata[2]:.3~g})<extra></extra>",
        )  # fmt: skip
    _with_axes(figure, x_title, "", x_axis)
    ticks = {"tickvals": list(range(len(rows))), "ticktext": [short(row) for row in rows]}
    return figure.update_yaxes(range=[len(rows) - 0.5, -0.5], automargin=True, showgrid=False, **ticks)


@drawn_once
def group_bars(
    groups: Sequence[str], series: Sequence[tuple[str, str, Sequence[float]]], y_title: str, theme: Theme = "light",
    y_format: str = ",.3~g", height: int = 300,
) -> go.Figure:  # fmt: skip
    """Bars side by side: series (name, color, a value a group)."""
    figure = go.Figure(layout=base_layout(theme, height))
    labels, positions = [short(group) for group in groups], list(range(len(groups)))
    wrapped = ["<br>".join(wrap(name, LINE, break_long_words=False, break_on_hyphens=False)) for name in labels]
    for name, paint, values in series:
        hover = f"%{{customdata}}<br>{short(name)}: %{{y:{y_format}}}<extra></extra>"
        options = {"marker": {"color": paint}, "customdata": labels, "hovertemplate": hover}
        figure.add_bar(x=positions, y=list(values), name=short(name), **options)
    ticks = {"tickvals": positions, "ticktext": wrapped, "ticklabeloverflow": "allow"}
    _with_axes(figure, "", y_title, ticks, {"tickformat": y_format})
    return figure.update_layout(bargap=0.25, showlegend=len(series) > 1)


def log_ticks(values: Sequence[float]) -> dict[str, Any]:
    """Settings of an axis on a log scale with ticks at 1, 2 and 5 times the powers of ten, written out; of values over
    more than two powers of ten at the powers alone."""
    low, high = max(min(values, default=1.0), 1.0), max(max(values, default=1.0), 1.0)
    steps = (1, 2, 5) if high <= 200 * low else (1,)
    every = (step * 10**power for power in range(10) for step in steps)
    ticks = [tick for tick in every if low / 1.5 <= tick <= high * 1.5]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,}" for tick in ticks]}


def mark(figure: go.Figure, x: float | None = None, y: float | None = None) -> go.Figure:
    """A thin dotted line at a value of an axis."""
    line = {"color": GREY, "width": 1.5, "dash": "dot"}
    if x is not None:
        figure.add_vline(x=x, line=line)
    if y is not None:
        figure.add_hline(y=y, line=line)
    return figure


def short(name: str) -> str:
    """A name for a legend or tick; of long ones the middle is left out, since variants differ in their ends."""
    line = clean_line(name)
    return chart_label(line if len(line) <= NAME else f"{line[: NAME - END - 1]}…{line[-END:]}", NAME)


def color(color_index: int) -> str:
    """The color of the contender at a position of the selection."""
    return COLORS[color_index % len(COLORS)]


def _with_axes(
    figure: go.Figure, x_title: str, y_title: str, x_axis: dict[str, Any] | None, y_axis: dict[str, Any] | None = None
) -> go.Figure:
    common = {"gridcolor": LINE_COLOR, "zeroline": False}
    figure.update_xaxes(title={"text": x_title}, **common, **(x_axis or {}))
    figure.update_yaxes(title={"text": y_title, "standoff": 10}, automargin=True, **common, **(y_axis or {}))
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 32, "b": 48}, legend=legend)


@drawn_once
def distribution_figure(
    names: Sequence[str], kinds: Sequence[tuple[str, Sequence[np.ndarray | None]]], low: float, high: float,
    x_title: str, theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """A row per contender, a filled outline per kind (name, shares in equal bins of low to high, None where there are
    none). Bins are merged so that some 80 cover what is not empty; outlines in a row have the same height scale."""
    from plotly.subplots import make_subplots

    rows = len(names)
    figure = make_subplots(rows, 1, shared_xaxes=True, vertical_spacing=min(0.05, 0.3 / max(rows, 1)))
    figure.update_layout(base_layout(theme, 90 + 130 * rows))
    present = [share for _, shares in kinds for share in shares if share is not None]
    first, last, step = _span(present)
    width = (high - low) / len(present[0])
    middles = low + width * (first + step * (np.arange((last - first) // step) + 0.5))
    for at, (kind, shares) in enumerate(kinds):
        with_kind = [row for row, share in enumerate(shares) if share is not None]
        for row in with_kind:
            heights = np.asarray(shares[row])[first:last].reshape(-1, step).sum(axis=1)
            figure.add_trace(_outline(kind, at, middles, heights, row == with_kind[0]), row=row + 1, col=1)
    for row, name in enumerate(names):
        axes = {"xref": "paper", "yref": f"y{row + 1 if row else ''} domain", "xanchor": "left", "yanchor": "bottom"}
        figure.add_annotation(text=f"<b>{short(name)}</b>", x=0, y=1, showarrow=False, **axes)
    figure.update_xaxes(gridcolor=LINE_COLOR, zeroline=False)
    figure.update_xaxes(title={"text": x_title}, row=rows, col=1)
    figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, rangemode="tozero")
    legend = {"orientation": "h", "x": 0, "y": 1, "yanchor": "top", "yref": "container", "traceorder": "normal"}
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 64, "b": 44}, legend=legend)


def _outline(kind: str, at: int, middles: np.ndarray, heights: np.ndarray, legend: bool) -> go.Scatter:
    paint = (GREY, *COLORS[:4])[at % 5]
    return go.Scatter(
        x=middles, y=heights, mode="lines", name=short(kind), legendgroup=kind, showlegend=legend,
        line={"color": paint, "width": 1.5, "shape": "hvh", "dash": DASHES[at % 4]},
        fill="tozeroy", fillcolor=with_opacity(paint, 0.15),
        hovertemplate=f"{short(kind)}<br>about %{{x:.2f}}: %{{y:.1%}}<extra></extra>",
    )  # fmt: skip


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
