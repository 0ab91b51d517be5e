"""Groups over time: lines with intervals, stacked areas, one series with a stretch marked, bursts, changes."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout
from core.palette import COLORS, GREY, Theme
from core.text import chart_label

MOODS = {"negative": COLORS[1], "neutral": GREY, "positive": COLORS[0]}
NAME_WIDTH = 36
FEW_PERIODS = 3
FEW_COUNTS = 5  # a count up to this has a line of its own in the picture: Plotly would draw halves


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
    a period has few rows. NaN leaves a gap. first: the place of the first group's color. top: where the y axis ends."""
    figure = go.Figure(layout=base_layout(theme, height))
    for at, name in enumerate(names):
        color = _color(name, first + at)
        for part in _unbroken(values[at]):
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
        fillcolor=_clear(color, 0.15),
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
                fillcolor=_clear(color, 0.75),
                hovertext=form,
                hoverinfo="x+text",
            )
        )
    return _over_time(figure, percent, True, starts)


def stretch_figure(
    starts: np.ndarray,
    counts: np.ndarray,
    first: str,
    last: str,
    usual: float,
    theme: Theme = "light",
    height: int = 220,
) -> go.Figure:
    """Bars of rows by period, those from `first` to `last` (ISO) in another color, with what is usual as a line."""
    inside = (starts >= np.datetime64(first)) & (starts <= np.datetime64(last))
    figure = go.Figure(layout=base_layout(theme, height))
    width = float(np.diff(starts).min() / np.timedelta64(1, "ms")) if len(starts) > 1 else None
    for mask, color in ((~inside, COLORS[0]), (inside, COLORS[1])):
        shown = np.flatnonzero(mask & (counts > 0))
        outline = {"color": color, "width": 1}  # a day among thousands is else too thin to be seen
        look = {"color": color, "line": outline}
        figure.add_trace(go.Bar(x=starts[shown], y=counts[shown], width=width, offset=0, marker=look))
    figure.add_hline(y=usual, line={"color": GREY, "width": 1, "dash": "dash"})
    figure = _over_time(figure, False, False, starts)
    figure.update_layout(barmode="overlay", hovermode="closest")
    figure.update_xaxes(range=[str(starts[0]), str(starts[-1])])
    return figure.update_yaxes(dtick=1) if counts.max(initial=1) <= FEW_COUNTS else figure.update_yaxes(nticks=6)


def span_figure(
    names: Sequence[str],
    firsts: Sequence[str],
    ends: Sequence[str],
    weights: Sequence[float],
    whole: tuple[str, str],
    theme: Theme = "light",
) -> go.Figure:
    """Stretches of time as bars from first to end (ISO), one line a name, the first on top; heavier is more opaque.

    whole: where the time axis begins and ends."""
    order = list(dict.fromkeys(names))
    places = {name: at for at, name in enumerate(order)}
    figure = go.Figure(layout=base_layout(theme, 86 + 28 * len(order)))
    top = max(weights, default=1.0)
    for name, first, end, weight in zip(names, firsts, ends, weights, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[first, end],
                y=[places[name]] * 2,
                mode="lines",
                showlegend=False,
                hoverinfo="text",
                line={"color": _clear(COLORS[1], 0.35 + 0.65 * weight / top), "width": 14},
                hovertext=f"{chart_label(name, NAME_WIDTH)}: {first[:16]} to {end[:16]}, weight {weight:.1f}",
            )
        )
    figure.update_layout(margin={"l": 8, "t": 8, "b": 48}, hovermode="closest")
    figure.update_xaxes(type="date", gridcolor=LINE_COLOR, range=list(whole))
    figure.update_yaxes(
        tickvals=list(range(len(order))),
        ticktext=[chart_label(name, 24) for name in order],
        automargin=True,
        showgrid=False,
        range=[len(order) - 0.5, -0.5],
        zeroline=False,
    )
    return figure


def change_figure(
    names: Sequence[str], change: np.ndarray, low: np.ndarray, high: np.ndarray, theme: Theme = "light"
) -> go.Figure:
    """Changes of shares with their intervals, the first on top; colored where the interval leaves out 0."""
    places = list(range(len(names)))
    colors = [COLORS[2] if a > 0 else COLORS[1] if b < 0 else GREY for a, b in zip(low, high, strict=True)]
    points = go.Scatter(
        x=change,
        y=places,
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
    figure.update_yaxes(
        tickvals=places,
        ticktext=[chart_label(name, 24) for name in names],
        automargin=True,
        showgrid=False,
        range=[len(names) - 0.5, -0.5],
        zeroline=False,
    )
    return figure


def _over_time(figure: go.Figure, percent: bool, legend: bool, starts: np.ndarray) -> go.Figure:
    figure.update_layout(
        hovermode="x unified" if legend else "closest",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
    )
    figure.update_xaxes(type="date", showgrid=False, automargin=True)
    if len(starts) <= FEW_PERIODS:  # else the axis would name hours between days
        figure.update_xaxes(tickvals=starts, ticktext=[str(start)[:16].removesuffix("T00:00") for start in starts])
    figure.update_yaxes(
        gridcolor=LINE_COLOR,
        zeroline=False,
        rangemode="tozero",
        tickformat=".1~%" if percent else ",d",
        automargin=True,
    )
    return figure


def _color(name: str, place: int) -> str:
    """A sentiment's own color; grey for the rest together; else by place."""
    if name in MOODS:
        return MOODS[name]
    return GREY if name.startswith("others (") else COLORS[place % len(COLORS)]


def _unbroken(values: np.ndarray) -> list[slice]:
    """Stretches without NaN."""
    known = np.concatenate([[0], np.isfinite(values).astype(int), [0]])
    begins, ends = np.flatnonzero(np.diff(known) == 1), np.flatnonzero(np.diff(known) == -1)
    return [slice(int(a), int(b)) for a, b in zip(begins, ends, strict=True)]


def _clear(color: str, opacity: float) -> str:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.2f})"
