"""Figures of diversity: scores of groups, coverage by number of rows, hubs."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout, drawn_once
from core.palette import COLORS, GREY, Theme
from core.text import chart_label


@drawn_once
def group_figure(
    names: Sequence[str], scores: Sequence[float], errors: Sequence[float], hover: Sequence[str],
    title: str = "", theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """A dot with an error bar for each group, the first name at the top; hover: one line a group."""
    labels, positions = [chart_label(name, 32) for name in names], list(range(len(names)))
    bars = {"type": "data", "array": list(errors), "color": COLORS[0], "thickness": 1.5, "width": 4}
    dots = go.Scatter(
        x=list(scores), y=positions, mode="markers", marker={"color": COLORS[0], "size": 10}, error_x=bars,
        hovertext=[chart_label(line, 200) for line in hover], hoverinfo="text",
    )  # fmt: skip
    figure = go.Figure(dots, base_layout(theme, 70 + 26 * len(labels)))
    figure.update_layout(margin={"l": 8, "t": 8, "b": 44}, showlegend=False)
    figure.update_xaxes(title={"text": chart_label(title)}, gridcolor=LINE_COLOR, zeroline=False, rangemode="tozero")
    ends = [len(labels) - 0.5, -0.5]
    figure.update_yaxes(tickvals=positions, ticktext=labels, range=ends, automargin=True, gridcolor=LINE_COLOR)
    figure.update_yaxes(zeroline=False)
    return figure


@drawn_once
def coverage_figure(
    lines: Sequence[tuple[str, Sequence[float]]], selected: int, title: str = "", theme: Theme = "light",
    number: str = ".0%",
) -> go.Figure:  # fmt: skip
    """Lines (name, values for 1 .. k rows) with the selected number marked; random ones are grey. number: the values'
    d3 format."""
    figure = go.Figure(layout=base_layout(theme, 300))
    for at, (name, values) in enumerate(lines):
        line = {"color": GREY if name == "random" else COLORS[at], "width": 2, "dash": ("solid", "dash", "dot")[at % 3]}
        hover, rows = f"%{{x:,}} rows: %{{y:{number}}}", list(range(1, len(values) + 1))
        figure.add_scatter(x=rows, y=list(values), mode="lines", name=chart_label(name), line=line, hovertemplate=hover)
    longest = max((len(values) for _, values in lines), default=1)
    if selected <= longest:
        figure.add_vline(x=selected, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_layout(margin={"l": 48, "t": 8, "b": 44}, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(title={"text": "rows selected"}, gridcolor=LINE_COLOR, zeroline=False)
    figure.update_yaxes(title={"text": chart_label(title)}, gridcolor=LINE_COLOR, zeroline=False, tickformat=number)
    return figure


@drawn_once
def hub_figure(bins: Sequence[str], rows: Sequence[int], expected: int, theme: Theme = "light") -> go.Figure:
    """Rows (log axis) by their k-occurrence; the bin of the expected number is highlighted.

    bins: "0", "1", "2-3", ... as core.vectors.hubs.occurrence_bins names them.
    """
    bars = go.Bar(
        x=list(range(len(bins))),
        y=[number or None for number in rows],  # a log axis has no 0
        marker={"color": [COLORS[1] if _contains(name, expected) else COLORS[0] for name in bins]},
        text=[f"{number:,}" for number in rows],
        textposition="outside",
        cliponaxis=False,
        hovertext=[f"{number:,} rows: k-occurrence {name}" for name, number in zip(bins, rows, strict=True)],
        hoverinfo="text",
    )
    figure = go.Figure(bars, base_layout(theme, 300))
    figure.update_layout(margin={"l": 56, "t": 24, "b": 44}, bargap=0.15, showlegend=False)
    figure.update_xaxes(
        title={"text": "k-occurrence"}, tickvals=list(range(len(bins))), ticktext=list(bins), type="linear"
    )
    top = np.log10(max([*rows, 1])) + 0.25
    figure.update_yaxes(
        title={"text": "rows (log scale)"}, type="log", dtick=1, range=[-0.3, top], gridcolor=LINE_COLOR
    )
    return figure


def _contains(name: str, number: int) -> bool:
    low, _, high = name.replace(",", "").partition("-")
    return int(low) <= number <= int(high or low)
