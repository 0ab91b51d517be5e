"""Figures of the Trends page: lines with intervals, stacked areas, one event, a timeline of bursts, changes."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, band_trace, base_layout, drawn_once, error_bars, with_opacity
from core.palette import COLORS, GREY, Theme
from core.text import chart_label

SENTIMENT_COLORS = {"negative": COLORS[1], "neutral": GREY, "positive": COLORS[0]}
NAME_WIDTH = 36
MAX_LABELED_PERIODS = 3
MAX_UNIT_TICKS = 5  # a count up to this has a line of its own in the picture: Plotly would draw halves


@drawn_once
def line_figure(
    names: Sequence[str], starts: np.ndarray, values: np.ndarray, low: np.ndarray, high: np.ndarray, few: np.ndarray,
    percent: bool = True, theme: Theme = "light", height: int = 380, legend: bool = True, first: int = 0,
    top: float | None = None,
) -> go.Figure:  # fmt: skip
    """Lines (g, t) over period starts (t,), each with its interval as a band; hollow points where `few` (t,) says that
    a period has few rows. NaN leaves a gap. first: index of the first group's color. top: end of the y-axis."""
    figure = go.Figure(layout=base_layout(theme, height))
    symbols = ["circle-open" if scarce else "circle" for scarce in few]
    for at, name in enumerate(names):
        color = _color(name, first + at)
        for part in np.ma.clump_unmasked(np.ma.masked_invalid(values[at])):
            figure.add_trace(band_trace(starts[part], low[at][part], high[at][part], color, name))
        figure.add_scatter(
            x=starts, y=values[at], mode="lines+markers", name=chart_label(name, NAME_WIDTH), legendgroup=name,
            showlegend=legend, line={"color": color, "width": 2}, connectgaps=False, hoverinfo="x+text",
            hovertext=_hover(name, values[at], low[at], high[at], few, percent),
            marker={"color": color, "size": 6, "symbol": symbols},
        )  # fmt: skip
    figure = _over_time(figure, percent, legend, starts)
    return figure.update_yaxes(range=[0, top]) if top else figure


def add_dashed_lines(
    figure: go.Figure, names: Sequence[str], starts: np.ndarray, values: np.ndarray, label: str, first: int = 0
) -> go.Figure:
    """Add values (g, t) to a `line_figure` as thin dashed lines in the colors of its groups. label: what they are."""
    for at, name in enumerate(names):
        figure.add_scatter(
            x=starts, y=values[at], mode="lines", name=f"{chart_label(name, NAME_WIDTH)}, {label}", legendgroup=name,
            showlegend=False, line={"color": _color(name, first + at), "width": 1.5, "dash": "dot"},
            hoverinfo="x+text", hovertext=[f"{chart_label(name, NAME_WIDTH)}, {label}: {v:.1%}" for v in values[at]],
        )  # fmt: skip
    return figure


def _hover(
    name: str, values: np.ndarray, low: np.ndarray, high: np.ndarray, few: np.ndarray, percent: bool
) -> list[str]:
    form = (lambda x: f"{x:.1%}") if percent else (lambda x: f"{x:,.0f}")
    label = chart_label(name, NAME_WIDTH)
    return [
        f"{label}: {form(value)}{f' ({form(a)} to {form(b)})' if b > a else ''}{', few rows' if scarce else ''}"
        if np.isfinite(value)
        else ""
        for value, a, b, scarce in zip(values, low, high, few, strict=True)
    ]


@drawn_once
def area_figure(
    names: Sequence[str], starts: np.ndarray, values: np.ndarray, percent: bool, theme: Theme = "light",
    height: int = 420,
) -> go.Figure:  # fmt: skip
    """Stacked areas (g, t), the first group at the bottom; periods without rows count as 0."""
    figure = go.Figure(layout=base_layout(theme, height))
    for at, name in enumerate(names):
        color, label = _color(name, at), chart_label(name, NAME_WIDTH)
        figure.add_scatter(
            x=starts, y=np.nan_to_num(values[at]), stackgroup="all", mode="lines", name=label,
            line={"width": 0.5, "color": color}, fillcolor=with_opacity(color, 0.75), hoverinfo="x+text",
            hovertext=[f"{label}: {value:.1%}" if percent else f"{label}: {value:,.0f}" for value in values[at]],
        )  # fmt: skip
    return _over_time(figure, percent, True, starts)


@drawn_once
def event_figure(
    starts: np.ndarray, counts: np.ndarray, first: str, last: str, expected: float, theme: Theme = "light"
) -> go.Figure:
    """Bars of rows by period, those from `first` to `last` (ISO) highlighted, with the expected count as a line."""
    inside = (starts >= np.datetime64(first)) & (starts <= np.datetime64(last))
    figure = go.Figure(layout=base_layout(theme, 220))
    width = float(np.diff(starts).min() / np.timedelta64(1, "ms")) if len(starts) > 1 else None
    for mask, color in ((~inside, COLORS[0]), (inside, COLORS[1])):
        visible = np.flatnonzero(mask & (counts > 0))
        marker = {"color": color, "line": {"color": color, "width": 1}}  # a day among thousands is else too thin
        figure.add_bar(x=starts[visible], y=counts[visible], width=width, offset=0, marker=marker)
    figure.add_hline(y=expected, line={"color": GREY, "width": 1, "dash": "dash"})
    figure = _over_time(figure, False, False, starts)
    figure.update_layout(barmode="overlay", hovermode="closest")
    figure.update_xaxes(range=[str(starts[0]), str(starts[-1])])
    return figure.update_yaxes(dtick=1) if counts.max(initial=1) <= MAX_UNIT_TICKS else figure.update_yaxes(nticks=6)


@drawn_once
def timeline_figure(
    names: Sequence[str], firsts: Sequence[str], ends: Sequence[str], weights: Sequence[float],
    x_range: tuple[str, str], theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """Stretches of time as bars from first to end (ISO), one line a name, the first on top; heavier is more opaque.

    x_range: of the time axis."""
    order = list(dict.fromkeys(names))
    figure = go.Figure(layout=base_layout(theme, 86 + 28 * len(order)))
    top = max(weights, default=1.0)
    for name, first, end, weight in zip(names, firsts, ends, weights, strict=True):
        label = f"{chart_label(name, NAME_WIDTH)}: {first[:16]} to {end[:16]}, weight {weight:.1f}"
        line = {"color": with_opacity(COLORS[1], 0.35 + 0.65 * weight / top), "width": 14}
        y = [order.index(name)] * 2
        figure.add_scatter(x=[first, end], y=y, mode="lines", line=line, hovertext=label, hoverinfo="text")
    figure.update_layout(margin={"l": 8, "t": 8, "b": 48}, hovermode="closest", showlegend=False)
    figure.update_xaxes(type="date", gridcolor=LINE_COLOR, range=list(x_range))
    return _name_axis(figure, order)


@drawn_once
def change_figure(
    names: Sequence[str], change: np.ndarray, low: np.ndarray, high: np.ndarray, theme: Theme = "light"
) -> go.Figure:
    """Changes of shares with their intervals, the first on top; colored where the interval leaves out 0."""
    figure = go.Figure(layout=base_layout(theme, 80 + 28 * len(names)))
    labels = [chart_label(name, NAME_WIDTH) for name in names]
    estimates = zip(labels, change, low, high, strict=True)
    figure.add_scatter(
        x=change, y=list(range(len(names))), mode="markers", error_x=error_bars(change, low, high, GREY),
        marker={"color": np.select([low > 0, high < 0], [COLORS[2], COLORS[1]], GREY).tolist(), "size": 9},
        hoverinfo="text", hovertext=[f"{label}: {c:+z.1%} ({a:+z.1%} to {b:+z.1%})" for label, c, a, b in estimates],
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    figure.update_layout(margin={"l": 8, "t": 8, "b": 44}, hovermode="closest")
    title = {"text": "Share in B minus share in A"}
    figure.update_xaxes(title=title, tickformat="+.1~%", gridcolor=LINE_COLOR, zeroline=False)
    return _name_axis(figure, names)


def _name_axis(figure: go.Figure, names: Sequence[str]) -> go.Figure:
    """Names on the y-axis, the first on top."""
    ticks = {"tickvals": list(range(len(names))), "ticktext": [chart_label(name, 24) for name in names]}
    return figure.update_yaxes(range=[len(names) - 0.5, -0.5], automargin=True, showgrid=False, zeroline=False, **ticks)


def _over_time(figure: go.Figure, percent: bool, legend: bool, starts: np.ndarray) -> go.Figure:
    below = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0}
    figure.update_layout(hovermode="x unified" if legend else "closest", showlegend=legend, legend=below)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8})
    figure.update_xaxes(type="date", showgrid=False, automargin=True)
    if len(starts) <= MAX_LABELED_PERIODS:  # else the axis would name hours between days
        figure.update_xaxes(tickvals=starts, ticktext=[str(start)[:16].removesuffix("T00:00") for start in starts])
    figure.update_yaxes(tickformat=".1~%" if percent else ",d", rangemode="tozero", automargin=True)
    return figure.update_yaxes(gridcolor=LINE_COLOR, zeroline=False)


def _color(name: str, position: int) -> str:
    """A sentiment's color; grey for the combined others; else by position."""
    by_position = GREY if name.startswith("others (") else COLORS[position % len(COLORS)]
    return SENTIMENT_COLORS.get(name, by_position)
