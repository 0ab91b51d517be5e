"""Pairwise similarity, overlap by k, odds ratios, ranks under each contender, and the result of votes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout, drawn_once
from core.palette import COLORS, GREY, Theme, color_scale
from core.text import chart_label, clean_line

NAME = 26
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
LARGEST = 1_000.0  # of an odds ratio that is drawn
PLOT, LEGEND_LINE = 300, 20  # pixels


def short_name(name: str, max_length: int = NAME) -> str:
    """A contender's name with its middle left out, since variants of a model differ at the end; escaped."""
    flat = clean_line(name)
    if len(flat) > max_length:
        end = max_length // 2
        flat = f"{flat[: max_length - end - 1].rstrip()}…{flat[-end:].lstrip()}"
    return chart_label(flat, max_length + 2)


@drawn_once
def similarity_figure(
    names: Sequence[str], values: np.ndarray, low: np.ndarray, high: np.ndarray, percent: bool, theme: Theme = "light"
) -> go.Figure:
    """A square of values (s, s), at most 1, the first name at the top, with intervals on hover; cells without a
    value stay empty. The scale starts at 0, or at the lowest value below."""
    labels, format_value = [short_name(name) for name in names], _percent if percent else "{:.2f}".format
    ids, missing = list(range(len(labels))), np.isnan(values)
    hover = [[_hover_text(labels, i, j, values, low, high, format_value) for j in ids] for i in ids]
    heat = go.Heatmap(
        x=ids, y=ids, z=[[None if missing[i, j] else float(values[i, j]) for j in ids] for i in ids],
        text=[["" if missing[i, j] else format_value(values[i, j]) for j in ids] for i in ids],
        texttemplate="%{text}", hovertext=hover, hoverinfo="text", colorscale=color_scale("cividis", theme),
        zmin=min(0.0, float(values[~missing].min(initial=0))), zmax=1, showscale=False, xgap=2, ygap=2,
    )  # fmt: skip
    figure = go.Figure(heat, base_layout(theme, 200 + 48 * len(labels)))
    figure.update_xaxes(tickangle=-35, **_name_axis(labels))
    return figure.update_yaxes(autorange="reversed", **_name_axis(labels))


def _hover_text(
    labels: list[str],
    i: int,
    j: int,
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    format_value: Callable[[float], str],
) -> str:
    if i == j:
        return f"{labels[i]}<br>itself"
    interval = f" ({format_value(low[i, j])} to {format_value(high[i, j])})" if np.isfinite(low[i, j]) else ""
    text = format_value(values[i, j]) if np.isfinite(values[i, j]) else "undefined"
    return f"{labels[i]}<br>and {labels[j]}:<br>{text}{interval}"


def _percent(value: float) -> str:
    return f"{value:.1%}" if value < 0.1 else f"{value:.0%}"


def _name_axis(labels: list[str]) -> dict[str, Any]:
    """An axis with one name at each whole number."""
    ticks = {"tickvals": list(range(len(labels))), "ticktext": labels}
    return {**ticks, "showgrid": False, "zeroline": False, "automargin": True}


@drawn_once
def overlap_by_k_figure(
    names: Sequence[str],
    depths: Sequence[int],
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    chance: np.ndarray,
    selected: int,
    theme: Theme = "light",
) -> go.Figure:
    """Lines (p, depths) over the number of neighbors, with error bars; dashed in grey the chance level; the selected
    depth is marked."""
    legend_height = LEGEND_LINE * (len(names) + 1)
    figure = go.Figure(layout=base_layout(theme, PLOT + legend_height))
    for at, name in enumerate(chart_label(name, 60) for name in names):
        line = {"color": COLORS[at % len(COLORS)], "dash": DASHES[at // len(COLORS) % len(DASHES)]}
        error = {"array": high[at] - values[at], "arrayminus": values[at] - low[at], "thickness": 1, "width": 0}
        points = zip(depths, values[at], low[at], high[at], strict=True)
        hover = [f"{name}<br>k = {k}: {value:.1%} ({a:.1%} to {b:.1%})" for k, value, a, b in points]
        figure.add_scatter(
            x=list(depths), y=values[at], mode="lines+markers", name=name, line=line, error_y=error, hovertext=hover
        )
    hover = [f"Chance level: {value:.2%}" for value in chance]
    line = {"color": GREY, "dash": "dot"}
    figure.add_scatter(x=list(depths), y=chance, mode="lines", name="Chance level", line=line, hovertext=hover)
    figure.update_traces(hoverinfo="text")
    figure.add_vline(x=selected, line={"color": GREY, "width": 1})
    below = {"orientation": "v", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
    figure.update_layout(margin={"l": 8, "t": 8, "b": 56 + legend_height}, legend=below)
    ticks, title = {"tickvals": list(depths), "ticktext": [str(k) for k in depths]}, "k (nearest texts compared)"
    figure.update_xaxes(type="log", showgrid=False, title={"text": title}, **ticks)
    top = max(1.0, float(np.nanmax(high, initial=1.0)))
    return figure.update_yaxes(tickformat=".0%", range=[0, top * 1.02], gridcolor=LINE_COLOR, automargin=True)


@drawn_once
def odds_figure(names: Sequence[str], single: np.ndarray, adjusted: np.ndarray, theme: Theme = "light") -> go.Figure:
    """Odds ratios on a log scale, the first name at the top. single, adjusted: (s, 3) ratio and ends of its interval,
    single and adjusted for the other factors, NaN where there is none."""
    labels = [chart_label(name, 44) for name in names]
    figure = go.Figure(layout=base_layout(theme, 110 + 34 * max(len(labels), 1)))
    for values, name, color, symbol, offset in (
        (single, "Single factor", COLORS[0], "circle", -0.13),
        (adjusted, "Adjusted for the others", COLORS[1], "diamond", 0.13),
    ):
        ratio, low, high = np.clip(values, 1 / LARGEST, LARGEST).T
        y, marker = np.arange(len(labels)) + offset, {"color": color, "symbol": symbol, "size": 9}
        error = {"array": high - ratio, "arrayminus": ratio - low, "thickness": 2}
        hover = [
            f"{label}<br>{name}: odds ratio {row[0]:,.3g} ({row[1]:,.3g} to {row[2]:,.3g})"
            for label, row in zip(labels, values, strict=True)
        ]
        figure.add_scatter(
            x=ratio, y=y, mode="markers", name=name, marker=marker, error_x=error, hovertext=hover, hoverinfo="text"
        )
    figure.add_vline(x=1, line={"color": GREY, "width": 1})
    figure.update_layout(margin={"l": 8, "t": 8, "b": 40}, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(type="log", title={"text": "odds ratio (log scale)"}, gridcolor=LINE_COLOR)
    return figure.update_yaxes(autorange="reversed", **_name_axis(labels))


@drawn_once
def bump_figure(
    names: Sequence[str], texts: Sequence[str], ranks: np.ndarray, k: int, theme: Theme = "light"
) -> go.Figure:
    """Ranks (t, s) of texts under contenders, one line per text; ranks beyond k are drawn together below the last."""
    labels = [short_name(name, 24 if len(names) < 4 else 14) for name in names]
    clipped, x = np.minimum(ranks, k + 1), list(range(len(labels)))
    figure = go.Figure(layout=base_layout(theme, 120 + 30 * (k + 1)))
    for at, text in enumerate(texts):
        line = {"color": COLORS[at % len(COLORS)], "width": 2}
        marker = {"size": 10, "symbol": ["circle" if rank <= k else "circle-open" for rank in ranks[at]]}
        hover = [f"{chart_label(text, 70)}<br>{labels[i]}: rank {rank:,}" for i, rank in enumerate(ranks[at])]
        figure.add_scatter(x=x, y=clipped[at], mode="lines+markers", line=line, marker=marker, hovertext=hover)
    figure.update_traces(hoverinfo="text", showlegend=False)
    figure.update_layout(margin={"l": 8, "r": 60, "t": 8, "b": 8})
    # without "allow", a label at the edge vanishes
    figure.update_xaxes(range=[-0.45, len(labels) - 0.55], side="top", ticklabeloverflow="allow", **_name_axis(labels))
    step = 1 if k <= 20 else 5
    ticks = [rank for rank in range(1, k + 1) if rank == 1 or rank % step == 0]
    return figure.update_yaxes(
        tickvals=[*ticks, k + 1], ticktext=[*map(str, ticks), "lower"], range=[k + 1.6, 0.4], gridcolor=LINE_COLOR,
        zeroline=False, title={"text": "rank"}, automargin=True,
    )  # fmt: skip


@drawn_once
def votes_figure(
    names: Sequence[str], share: np.ndarray, low: np.ndarray, high: np.ndarray, colors: Sequence[int],
    theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """Shares (s,) with intervals, one point per contender; a line at an even split."""
    labels = [short_name(name) for name in names]
    figure = go.Figure(layout=base_layout(theme, 90 + 40 * len(labels)))
    marker = {"size": 11, "color": [COLORS[color % len(COLORS)] for color in colors]}
    error = {"array": high - share, "arrayminus": share - low, "thickness": 2, "color": GREY}
    hover = [f"{n}: {s:.0%} ({a:.0%} to {b:.0%})" for n, s, a, b in zip(labels, share, low, high, strict=True)]
    y = list(range(len(labels)))
    figure.add_scatter(x=share, y=y, mode="markers", marker=marker, error_x=error, hovertext=hover, hoverinfo="text")
    figure.add_vline(x=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_layout(margin={"l": 8, "t": 8, "b": 40}, showlegend=False)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", gridcolor=LINE_COLOR, zeroline=False)
    return figure.update_yaxes(range=[len(labels) - 0.5, -0.5], **_name_axis(labels))
