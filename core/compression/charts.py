"""Charts of compression: curves over sizes, quantization, recall against speed, and capacity plans."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.compression.dimensions import METHOD_NAMES, Curve
from core.compression.planner import Plan
from core.figures import LINE_COLOR, base_layout, drawn_once
from core.palette import COLORS, GREY, Theme
from core.text import chart_label, format_milliseconds

STYLES = {"truncation": (COLORS[0], "circle"), "pca": (COLORS[1], "diamond"), "random": (GREY, "square")}
GRID: dict[str, Any] = {"gridcolor": LINE_COLOR, "zeroline": False}
RING: dict[str, Any] = {"symbol": "circle-open", "color": COLORS[4], "line": {"width": 2}}
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"}


@drawn_once
def size_figure(
    curves: Sequence[Curve],
    sufficient: int | None,
    elbow: int | None,
    title: str,
    theme: Theme = "light",
) -> go.Figure:
    """Values over sizes (powers of two apart) with bands; a line at the smallest size that is enough, and a ring around
    the first curve's elbow."""
    figure = go.Figure(layout=base_layout(theme, 380))
    for curve in curves:
        (color, symbol), name = STYLES[curve.method], METHOD_NAMES[curve.method]
        figure.add_scatter(
            x=[*curve.sizes, *reversed(curve.sizes)], y=[*curve.high, *reversed(curve.low)], fill="toself",
            fillcolor=_faint(color), mode="none", hoverinfo="skip", showlegend=False, legendgroup=curve.method,
        )  # fmt: skip
        points = zip(curve.sizes, curve.values, curve.low, curve.high, strict=True)
        hover = [f"{name}, {size:,} dimensions: {value:.1%} ({a:.1%} to {b:.1%})" for size, value, a, b in points]
        figure.add_scatter(
            x=curve.sizes, y=curve.values, mode="lines+markers", name=name, legendgroup=curve.method, hoverinfo="text",
            line={"color": color, "width": 2}, marker={"symbol": symbol, "size": 7}, hovertext=hover,
        )  # fmt: skip
    _marks(figure, curves[0], sufficient, elbow)
    sizes = sorted({size for curve in curves for size in curve.sizes})
    figure.update_layout(legend=LEGEND, margin={"l": 8, "r": 12, "t": 40, "b": 44})
    figure.update_xaxes(type="log", title={"text": "dimensions"}, showgrid=False, zeroline=False, **_ticks(sizes))
    return figure.update_yaxes(title={"text": title}, tickformat=".0%", **GRID, automargin=True)


def _ticks(values: Sequence[float], format_value: Callable[[float], str] = "{:,}".format) -> dict[str, Any]:
    return {"tickvals": list(values), "ticktext": [format_value(value) for value in values]}


def _marks(figure: go.Figure, curve: Curve, sufficient: int | None, elbow: int | None) -> None:
    if elbow is not None:
        y, text = [curve.values[curve.sizes.index(elbow)]], [f"elbow of the first dimensions: {elbow:,}"]
        marker = {**RING, "size": 18}
        figure.add_scatter(
            x=[elbow], y=y, mode="markers", marker=marker, name="elbow", hovertext=text, hoverinfo="text"
        )
    if sufficient is not None and sufficient < curve.sizes[-1]:
        figure.add_vline(x=sufficient, line={"color": COLORS[2], "width": 2, "dash": "dash"})
        figure.add_annotation(
            x=np.log10(sufficient), y=0.02, yref="paper", yanchor="bottom", showarrow=False, font={"color": COLORS[2]},
            xanchor="right" if sufficient > np.sqrt(curve.sizes[0] * curve.sizes[-1]) else "left",
            text=f"{sufficient:,} are enough",
        )  # fmt: skip


def _faint(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


@drawn_once
def quantization_figure(table: pd.DataFrame, column: str, title: str, theme: Theme = "light") -> go.Figure:
    """A point with its interval for each quantization: bytes across (log scale), `column` up. Hollow points store
    float32 vectors as well, for rescoring."""
    figure = go.Figure(layout=base_layout(theme, 400))
    groups = table["name"].str.split(",").str[0]
    for position, group in enumerate(groups.unique()):
        part = table[groups == group].sort_values(column)
        hover = [
            f"{chart_label(row['name'])}: {row[column]:.1%} at {row['bytes']:,} bytes"
            + (f", {row['rescoring_bytes']:,} more for rescoring" if row["rescoring_bytes"] else "")
            for row in part.to_dict("records")
        ]
        up, down = part[f"{column}_high"] - part[column], part[column] - part[f"{column}_low"]
        symbols = ["circle-open" if extra else "circle" for extra in part["rescoring_bytes"]]
        color = COLORS[position % len(COLORS)]
        figure.add_scatter(
            x=part["bytes"], y=part[column], mode="markers", name=chart_label(group), hovertext=hover, hoverinfo="text",
            error_y={"symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5, "width": 3},
            marker={"color": color, "size": 11, "symbol": symbols, "line": {"width": 2, "color": color}},
        )  # fmt: skip
    sizes = sorted(set(table["bytes"].tolist()))
    figure.update_layout(legend=LEGEND, margin={"l": 8, "r": 12, "t": 60, "b": 44})
    figure.update_xaxes(type="log", title={"text": "bytes per vector"}, **GRID, **_ticks(sizes))
    return figure.update_yaxes(title={"text": title}, tickformat=".0%", **GRID, automargin=True)


@drawn_once
def recall_figure(table: pd.DataFrame, suggested: str, target: float, theme: Theme = "light") -> go.Figure:
    """Queries per second (log scale) over recall@10, one line per index, exact search a star, the suggested one
    ringed."""
    figure = go.Figure(layout=base_layout(theme, 420))
    for position, ((kind, build), part) in enumerate(table.groupby(["kind", "build"], sort=False)):
        name = {"hnsw": f"HNSW, {build} links", "ivf": f"IVF, {build:,} lists", "exact": "exact search"}[str(kind)]
        color = COLORS[position % len(COLORS)]
        symbol, size = {"exact": ("star", 16), "hnsw": ("circle", 7), "ivf": ("diamond", 7)}[str(kind)]
        hover = [
            f"{row['name']}: recall {row['recall']:z.3f} ({row['low']:z.3f} to {row['high']:z.3f}), "
            f"{row['rate']:,.0f} queries per second"
            for row in part.to_dict("records")
        ]
        figure.add_scatter(
            x=part["recall"], y=part["rate"], mode="lines+markers", name=name, hovertext=hover, hoverinfo="text",
            line={"width": 2, "color": color}, marker={"color": color, "size": size, "symbol": symbol},
        )  # fmt: skip
    best, marker = table[table["name"] == suggested].head(1), {**RING, "size": 20}
    figure.add_scatter(
        x=best["recall"], y=best["rate"], mode="markers", marker=marker, name="suggested", hoverinfo="skip"
    )
    figure.add_vline(x=target, line={"color": GREY, "width": 1, "dash": "dash"})
    figure.update_layout(legend=LEGEND, margin={"l": 8, "r": 12, "t": 60, "b": 44})
    figure.update_xaxes(title={"text": "recall@10 (share of the exact ten nearest found)"}, **GRID)
    ticks = _ticks([digit * 10**power for power in range(8) for digit in (1, 2, 5)])
    title = {"text": "queries per second, one thread"}
    return figure.update_yaxes(title=title, type="log", **ticks, **GRID, automargin=True)


@drawn_once
def plan_figure(
    plans: Sequence[tuple[int, Sequence[Plan]]], count: int, what: str, theme: Theme = "light"
) -> go.Figure:
    """Memory ("memory") or milliseconds of a query ("ms") over rows, one line per option, marked at `count`."""
    figure = go.Figure(layout=base_layout(theme, 480))
    format_value = format_bytes if what == "memory" else format_milliseconds
    rows = [n for n, _ in plans]
    for position, option in enumerate(plan.option for plan in plans[0][1]):
        values, name = [getattr(of_rows[position], what) for _, of_rows in plans], chart_label(option.name)
        hover = [f"{name}, {n:,} rows: {format_value(value)}" for n, value in zip(rows, values, strict=True)]
        dash = "solid" if option.kind in ("exact", "scan") else "dash"
        line = {"color": COLORS[position % len(COLORS)], "width": 2, "dash": dash}
        figure.add_scatter(x=rows, y=values, mode="lines", name=name, line=line, hovertext=hover, hoverinfo="text")
    figure.add_vline(x=count, line={"color": GREY, "width": 1, "dash": "dash"})
    below = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "font": {"size": 11}}
    figure.update_layout(legend=below, margin={"l": 8, "r": 12, "t": 12, "b": 44})
    steps = [10.0**power for power in (range(3, 14) if what == "memory" else range(-3, 7))]
    powers = {10**power: f"{10 ** (power % 3)}{'kM'[power // 3 - 1]}" for power in range(3, 9)}
    figure.update_xaxes(type="log", title={"text": "rows"}, **GRID, **_ticks(list(powers), powers.__getitem__))
    return figure.update_yaxes(type="log", **GRID, automargin=True, **_ticks(steps, format_value))


def format_bytes(count: float) -> str:
    """Bytes as "1.5 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"
