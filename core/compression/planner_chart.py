"""What more rows would take: memory and time over rows, on logarithmic axes."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.compression.planner import Plan
from core.figures import LINE_COLOR, base_layout
from core.palette import COLORS, GREY, Theme
from core.text import chart_label


def plan_figure(
    plans: Sequence[tuple[int, Sequence[Plan]]], count: int, what: str, theme: Theme = "light"
) -> go.Figure:
    """Memory ("memory") or milliseconds of a query ("ms") over rows, a line an option, marked at `count`."""
    figure = go.Figure(layout=base_layout(theme, 480))
    for place, first in enumerate(plans[0][1]):
        values = [each[place].memory if what == "memory" else each[place].ms for _, each in plans]
        name, words = chart_label(first.option.name), memory_words if what == "memory" else time_words
        hover = [f"{name}, {rows:,} rows: {words(value)}" for (rows, _), value in zip(plans, values, strict=True)]
        dash = "solid" if first.option.kind in ("exact", "scan") else "dash"
        line = {"color": COLORS[place % len(COLORS)], "width": 2, "dash": dash}
        rows = [each for each, _ in plans]
        figure.add_trace(
            go.Scatter(x=rows, y=values, mode="lines", name=name, line=line, hovertext=hover, hoverinfo="text")
        )
    figure.add_vline(x=count, line={"color": GREY, "width": 1, "dash": "dash"})
    below = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "font": {"size": 11}}
    figure.update_layout(legend=below, margin={"l": 8, "r": 12, "t": 12, "b": 44})
    steps = [10.0**power for power in (range(3, 14) if what == "memory" else range(-3, 7))]
    words = memory_words if what == "memory" else time_words
    ticks = {"tickvals": steps, "ticktext": [words(step) for step in steps]}
    powers = {10**power: f"{10 ** (power % 3)}{'kM'[power // 3 - 1]}" for power in range(3, 9)}
    figure.update_xaxes(
        type="log", title={"text": "rows"}, gridcolor=LINE_COLOR, zeroline=False, tickvals=list(powers),
        ticktext=list(powers.values()),
    )  # fmt: skip
    figure.update_yaxes(type="log", gridcolor=LINE_COLOR, zeroline=False, automargin=True, **ticks)
    return figure


def memory_words(count: float) -> str:
    """Bytes as "1.5 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def time_words(milliseconds: float) -> str:
    """Milliseconds as "0.02 ms", "1.5 s"."""
    return f"{milliseconds:.3g} ms" if milliseconds < 999.5 else f"{milliseconds / 1000:,.3g} s"
