"""Figures of the Quality page. A contender has the same color in all of them: that of its place among the chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout
from core.palette import COLORS, GREY, Theme
from core.text import chart_label, clean_line

LINE = 16  # characters of a name below bars
NAME, END = 34, 14  # characters of a contender's name in a legend, and of its end
DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a figure. place: of the contender, for its color; dash: place among DASHES; low, high: a band, empty
    for none. hover: what stands before the values, the name if empty."""

    name: str
    place: int
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    dash: int = 0
    legend: bool = True


def line_figure(
    lines: Sequence[Line],
    x_title: str,
    y_title: str,
    theme: Theme = "light",
    height: int = 320,
    markers: bool = False,
    x_axis: dict[str, Any] | None = None,
    y_axis: dict[str, Any] | None = None,
) -> go.Figure:
    """Lines with their bands, one color a contender. x_axis, y_axis: more settings of Plotly's axes."""
    figure = go.Figure(layout=base_layout(theme, height))
    for line in lines:
        if len(line.low):
            _band(figure, line)
    for line in lines:
        figure.add_scatter(
            x=list(line.x),
            y=list(line.y),
            mode="lines+markers" if markers else "lines",
            name=short(line.name),
            legendgroup=str(line.place),
            showlegend=line.legend,
            line={"color": color(line.place), "width": 2, "dash": DASHES[line.dash]},
            hovertemplate=f"{short(line.name)}<br>%{{x:.4~g}}: %{{y:.4~g}}<extra></extra>",
        )
    _axes(figure, x_title, y_title, x_axis, y_axis)
    return figure


def dot_figure(
    rows: Sequence[str],
    series: Sequence[tuple[str, int, Sequence[tuple[float, float, float] | None]]],
    x_title: str,
    theme: Theme = "light",
    x_axis: dict[str, Any] | None = None,
) -> go.Figure:
    """A line of dots a row, the first at the top; a dot a contender (name, place, (value, low, high) a row)."""
    figure = go.Figure(layout=base_layout(theme, 100 + max(30, 14 * len(series)) * len(rows)))
    for at, (name, place, values) in enumerate(series):
        known = [(row, value) for row, value in enumerate(values) if value is not None]
        off = (at - (len(series) - 1) / 2) * min(0.18, 0.7 / max(len(series), 1))
        figure.add_scatter(
            x=[value[0] for _, value in known],
            y=[row + off for row, _ in known],
            mode="markers",
            name=short(name),
            marker={"color": color(place), "size": 9},
            cliponaxis=False,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [value[2] - value[0] for _, value in known],
                "arrayminus": [value[0] - value[1] for _, value in known],
                "color": color(place),
                "thickness": 1.5,
                "width": 3,
            },
            customdata=[[rows[row], *value[1:]] for row, value in known],
            hovertemplate=f"{short(name)}<br>%{{customdata[0]}}: %{{x:.3~g}}"
            " (%{customdata[1]:.3~g} to %{customdata[2]:.3~g})<extra></extra>",
        )
    _axes(figure, x_title, "", x_axis, None)
    ticks = {"tickvals": list(range(len(rows))), "ticktext": [short(row) for row in rows]}
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], automargin=True, showgrid=False, **ticks)
    figure.update_layout(margin={"l": 8})
    return figure


def group_bars(
    groups: Sequence[str],
    series: Sequence[tuple[str, str, Sequence[float]]],
    y_title: str,
    theme: Theme = "light",
    y_format: str = ",.3~g",
    height: int = 300,
) -> go.Figure:
    """Bars side by side: series (name, color, a value a group)."""
    figure = go.Figure(layout=base_layout(theme, height))
    shown = [short(group) for group in groups]
    ticks = {"tickvals": list(range(len(shown))), "ticktext": [_in_lines(name) for name in shown]}
    for name, paint, values in series:
        figure.add_bar(
            x=list(range(len(shown))),
            y=list(values),
            name=short(name),
            marker={"color": paint},
            customdata=shown,
            hovertemplate=f"%{{customdata}}<br>{short(name)}: %{{y:{y_format}}}<extra></extra>",
        )
    _axes(figure, "", y_title, ticks | {"ticklabeloverflow": "allow"}, {"tickformat": y_format})
    figure.update_layout(bargap=0.25, showlegend=len(series) > 1)
    return figure


def log_ticks(values: Sequence[float]) -> dict[str, Any]:
    """Settings of an axis on a log scale with ticks at 1, 2 and 5 times the powers of ten, written out; of values over
    more than two powers of ten at the powers alone."""
    low, high = max(min(values, default=1.0), 1.0), max(max(values, default=1.0), 1.0)
    steps = (1, 2, 5) if high <= 200 * low else (1,)
    every = [step * 10**power for power in range(10) for step in steps]
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


def _in_lines(name: str) -> str:
    """A name broken between words, so that several stand beside each other on a phone."""
    return "<br>".join(wrap(name, LINE, break_long_words=False, break_on_hyphens=False))


def color(place: int) -> str:
    """The color of the contender at a place among the chosen."""
    return COLORS[place % len(COLORS)]


def _band(figure: go.Figure, line: Line) -> None:
    tint = color(line.place)
    red, green, blue = (int(tint[i : i + 2], 16) for i in (1, 3, 5))
    figure.add_scatter(
        x=[*line.x, *reversed(line.x)],
        y=[*line.high, *reversed(line.low)],
        mode="lines",
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},0.18)",
        line={"width": 0},
        legendgroup=str(line.place),
        showlegend=False,
        hoverinfo="skip",
    )


def _axes(
    figure: go.Figure, x_title: str, y_title: str, x_axis: dict[str, Any] | None, y_axis: dict[str, Any] | None
) -> None:
    figure.update_xaxes(title={"text": x_title}, gridcolor=LINE_COLOR, zeroline=False, **(x_axis or {}))
    figure.update_yaxes(
        title={"text": y_title, "standoff": 10}, gridcolor=LINE_COLOR, zeroline=False, automargin=True, **(y_axis or {})
    )
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    figure.update_layout(margin={"l": 8, "r": 8, "t": 32, "b": 48}, legend=legend)
