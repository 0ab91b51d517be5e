"""Figures of the Trends page: lines with intervals, stacked areas, one event, a timeline of bursts, changes."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout
from core.palette import COLORS, GREY, Theme
from core.text import chart_label

SENTIMENT_COLORS = {"negative": COLORS[1], "neutral": GREY, "positive": COLORS[0]}
NAME_WIDTH = 36
MAX_LABELED_PERIODS = 3
MAX_UNIT_TICKS = 5  # a count up to this has a line of its own in the picture: Plotly would draw halves


def line_figure(
    names: Sequence[str],
    starts: np.ndarray,
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    few: np.ndarray,
    percent: bool = True,
    theme: Theme = "light",
    height: int = 380,
    legend: bool = True,
    first: int = 0,
    top: float | None = None,
) -> go.Figure:
    """Lines (g, t) over period starts (t,), each with its interval as a band; hollow points where `few` (t,) says that
    a period has few rows. NaN leaves a gap. first: index of the first group's color. top: end of the y-axis."""
    figure = go.Figure(layout=base_layout(theme, height))
    for at, name in enumerate(names):
        color = _color(name, first + at)
        for part in _runs(values[at]):
            figure.add_trace(_band(starts[part], low[at][part], high[at][part], color, name))
        figure.add_trace(_line(name, starts, values[at], low[at], high[at], few, color, percent, legend))
    figure = _over_time(figure, percent, legend, starts)
    return figure.update_yaxes(range=[0, top]) if top else figure


def _line(
    name: str,
    starts: np.ndarray,
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    few: np.ndarray,
    color: str,
    percent: bool,
    legend: bool,
) -> go.Scatter:
    form = (lambda x: f"{x:.1%}") if percent else (lambda x: f"{x:,.0f}")
    hover = [
        f"{chart_label(name, NAME_WIDTH)}: {form(value)}"
        + (f" ({form(a)} to {form(b)})" if b > a else "")
        + (", few rows" if scarce else "")
        if np.isfinite(value)
        else ""
        for value, a, b, scarce in zip(values, low, high, few, strict=True)
    ]
    return go.Scatter(
        x=starts,
        y=values,
        mode="lines+markers",
        name=chart_label(name, NAME_WIDTH),
        legendgroup=name,
        showlegend=legend,
        line={"color": color, "width": 2},
        hovertext=hover,
        hoverinfo="x+text",
        connectgaps=False,
        marker={"color": color, "size": 6, "symbol": ["circle-open" if scarce else "circle" for scarce in few]},
    )


def _band(starts: np.ndarray, low: np.ndarray, high: np.ndarray, color: str, name: str) -> go.Scatter:
    return go.Scatter(
        x=np.concatenate([starts, starts[::-1]]),
        y=np.concatenate([high, low[::-1]]),
        fill="toself",
        mode="lines",
        fillcolor=_with_opacity(color, 0.15),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=name,
    )


def area_figure(
    names: Sequence[str],
    starts: np.ndarray,
    values: np.ndarray,
    percent: bool,
    theme: Theme = "light",
    height: int = 420,
) -> go.Figure:
    """Stacked areas (g, t), the first group at the bottom; periods without rows count as 0."""
    figure = go.Figure(layout=base_layout(theme, height))
    for at, name in enumerate(names):
        color = _color(name, at)
        form = [
            f"{chart_label(name, NAME_WIDTH)}: {v:.1%}" if percent else f"{chart_label(name, NAME_WIDTH)}: {v:,.0f}"
            for v in values[at]
        ]
        figure.add_trace(
            go.Scatter(
                x=starts,
                y=np.nan_to_num(values[at]),
                stackgroup="all",
                mode="lines",
                name=chart_label(name, NAME_WIDTH),
                line={"width": 0.5, "color": color},
                fillcolor=_with_opacity(color, 0.75),
                hovertext=form,
                hoverinfo="x+text",
            )
        )
    return _over_time(figure, percent, True, starts)


def event_figure(
    starts: np.ndarray,
    counts: np.ndarray,
    first: str,
    last: str,
    expected: float,
    theme: Theme = "light",
    height: int = 220,
) -> go.Figure:
    """Bars of rows by period, those from `first` to `last` (ISO) highlighted, with the expected count as a line."""
    inside = (starts >= np.datetime64(first)) & (starts <= np.datetime64(last))
    figure = go.Figure(layout=base_layout(theme, height))
    width = float(np.diff(starts).min() / np.timedelta64(1, "ms")) if len(starts) > 1 else None
    for mask, color in ((~inside, COLORS[0]), (inside, COLORS[1])):
        visible = np.flatnonzero(mask & (counts > 0))
        outline = {"color": color, "width": 1}  # a day among thousands is else too thin to be seen
        marker = {"color": color, "line": outline}
        figure.add_trace(go.Bar(x=starts[visible], y=counts[visible], width=width, offset=0, marker=marker))
    figure.add_hline(y=expected, line={"color": GREY, "width": 1, "dash": "dash"})
    figure = _over_time(figure, False, False, starts)
    figure.update_layout(barmode="overlay", hovermode="closest")
    figure.update_xaxes(range=[str(starts[0]), str(starts[-1])])
    return figure.update_yaxes(dtick=1) if counts.max(initial=1) <= MAX_UNIT_TICKS else figure.update_yaxes(nticks=6)


def timeline_figure(
    names: Sequence[str],
    firsts: Sequence[str],
    ends: Sequence[str],
    weights: Sequence[float],
    x_range: tuple[str, str],
    theme: Theme = "light",
) -> go.Figure:
    """Stretches of time as bars from first to end (ISO), one line a name, the first on top; heavier is more opaque.

    x_range: of the time axis."""
    order = list(dict.fromkeys(names))
    positions = {name: at for at, name in enumerate(order)}
    figure = go.Figure(layout=base_layout(theme, 86 + 28 * len(order)))
    top = max(weights, default=1.0)
    for name, first, end, weight in zip(names, firsts, ends, weights, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[first, end],
                y=[positions[name]] * 2,
                mode="lines",
                showlegend=False,
                hoverinfo="text",
                line={"color": _with_opacity(COLORS[1], 0.35 + 0.65 * weight / top), "width": 14},
                hovertext=f"{chart_label(name, NAME_WIDTH)}: {first[:16]} to {end[:16]}, weight {weight:.1f}",
            )
        )
    figure.update_layout(margin={"l": 8, "t": 8, "b": 48}, hovermode="closest")
    figure.update_xaxes(type="date", gridcolor=LINE_COLOR, range=list(x_range))
    return _name_axis(figure, order)


def change_figure(
    names: Sequence[str], change: np.ndarray, low: np.ndarray, high: np.ndarray, theme: Theme = "light"
) -> go.Figure:
    """Changes of shares with their intervals, the first on top; colored where the interval leaves out 0."""
    positions = list(range(len(names)))
    colors = [COLORS[2] if a > 0 else COLORS[1] if b < 0 else GREY for a, b in zip(low, high, strict=True)]
    points = go.Scatter(
        x=change,
        y=positions,
        mode="markers",
        marker={"color": colors, "size": 9},
        hoverinfo="text",
        hovertext=[
            f"{chart_label(name, NAME_WIDTH)}: {c:+.1%} ({a:+.1%} to {b:+.1%})"
            for name, c, a, b in zip(names, change, low, high, strict=True)
        ],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - change,
            "arrayminus": change - low,
            "color": GREY,
            "width": 3,
        },
    )
    figure = go.Figure(points, base_layout(theme, 80 + 28 * len(names)))
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    figure.update_layout(margin={"l": 8, "t": 8, "b": 44}, hovermode="closest")
    figure.update_xaxes(
        title={"text": "Share in B minus share in A"}, tickformat="+.1~%", gridcolor=LINE_COLOR, zeroline=False
    )
    return _name_axis(figure, names)


def _name_axis(figure: go.Figure, names: Sequence[str]) -> go.Figure:
    """Names on the y-axis, the first on top."""
    ticks = {"tickvals": list(range(len(names))), "ticktext": [chart_label(name, 24) for name in names]}
    return figure.update_yaxes(range=[len(names) - 0.5, -0.5], automargin=True, showgrid=False, zeroline=False, **ticks)


def _over_time(figure: go.Figure, percent: bool, legend: bool, starts: np.ndarray) -> go.Figure:
    figure.update_layout(
        hovermode="x unified" if legend else "closest",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
    )
    figure.update_xaxes(type="date", showgrid=False, automargin=True)
    if len(starts) <= MAX_LABELED_PERIODS:  # else the axis would name hours between days
        figure.update_xaxes(tickvals=starts, ticktext=[str(start)[:16].removesuffix("T00:00") for start in starts])
    figure.update_yaxes(
        gridcolor=LINE_COLOR,
        zeroline=False,
        rangemode="tozero",
        tickformat=".1~%" if percent else ",d",
        automargin=True,
    )
    return figure


def _color(name: str, position: int) -> str:
    """A sentiment's color; grey for the combined others; else by position."""
    if name in SENTIMENT_COLORS:
        return SENTIMENT_COLORS[name]
    return GREY if name.startswith("others (") else COLORS[position % len(COLORS)]


def _runs(values: np.ndarray) -> list[slice]:
    """Stretches without NaN."""
    finite = np.concatenate([[0], np.isfinite(values).astype(int), [0]])
    begins, ends = np.flatnonzero(np.diff(finite) == 1), np.flatnonzero(np.diff(finite) == -1)
    return [slice(int(a), int(b)) for a, b in zip(begins, ends, strict=True)]


def _with_opacity(color: str, opacity: float) -> str:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.2f})"
