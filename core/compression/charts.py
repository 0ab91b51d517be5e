"""Charts of compression: curves over sizes, quantization, recall against speed, and capacity plans."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.compression.dimensions import METHOD_NAMES, Curve
from core.compression.planner import Plan
from core.figures import LINE_COLOR, base_layout
from core.palette import COLORS, GREY, Theme
from core.text import chart_label

STYLES = {"truncation": (COLORS[0], "circle"), "pca": (COLORS[1], "diamond"), "random": (GREY, "square")}
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"}


def size_figure(
    curves: Sequence[Curve],
    sufficient: int | None,
    elbow: int | None,
    title: str,
    theme: Theme = "light",
    height: int = 380,
) -> go.Figure:
    """Values over sizes (powers of two apart) with bands; a line at the smallest size that is enough, and a ring around
    the first curve's elbow."""
    figure = go.Figure(layout=base_layout(theme, height))
    for curve in curves:
        color, symbol = STYLES[curve.method]
        x = [*curve.sizes, *reversed(curve.sizes)]
        band = go.Scatter(
            x=x, y=[*curve.high, *reversed(curve.low)], fill="toself", fillcolor=_faint(color), mode="none",
            hoverinfo="skip", showlegend=False, legendgroup=curve.method,
        )  # fmt: skip
        figure.add_trace(band)
        hover = [
            f"{METHOD_NAMES[curve.method]}, {size:,} dimensions: {value:.1%} ({low:.1%} to {high:.1%})"
            for size, value, low, high in zip(curve.sizes, curve.values, curve.low, curve.high, strict=True)
        ]
        line = go.Scatter(
            x=curve.sizes, y=curve.values, mode="lines+markers", name=METHOD_NAMES[curve.method],
            legendgroup=curve.method, line={"color": color, "width": 2}, marker={"symbol": symbol, "size": 7},
            hovertext=hover, hoverinfo="text",
        )  # fmt: skip
        figure.add_trace(line)
    _marks(figure, curves[0], sufficient, elbow, theme)
    sizes = sorted({size for curve in curves for size in curve.sizes})
    figure.update_layout(legend=LEGEND, margin={"l": 8, "r": 12, "t": 40, "b": 44})
    ticks = {"tickvals": sizes, "ticktext": [f"{size:,}" for size in sizes]}
    figure.update_xaxes(type="log", title={"text": "dimensions"}, showgrid=False, zeroline=False, **ticks)
    figure.update_yaxes(title={"text": title}, tickformat=".0%", gridcolor=LINE_COLOR, zeroline=False, automargin=True)
    return figure


def _marks(figure: go.Figure, curve: Curve, sufficient: int | None, elbow: int | None, theme: Theme) -> None:
    if elbow is not None:
        at = curve.sizes.index(elbow)
        ring = {"symbol": "circle-open", "size": 18, "color": COLORS[4], "line": {"width": 2}}
        text = [f"elbow of the first dimensions: {elbow:,}"]
        figure.add_trace(
            go.Scatter(x=[elbow], y=[curve.values[at]], mode="markers", marker=ring, name="elbow", hovertext=text,
                       hoverinfo="text")
        )  # fmt: skip
    if sufficient is not None and sufficient < curve.sizes[-1]:
        figure.add_vline(x=sufficient, line={"color": COLORS[2], "width": 2, "dash": "dash"})
        note = {
            "text": f"{sufficient:,} are enough",
            "yref": "paper",
            "y": 0.02,
            "yanchor": "bottom",
            "showarrow": False,
        }
        side = "right" if sufficient > np.sqrt(curve.sizes[0] * curve.sizes[-1]) else "left"
        figure.add_annotation(x=np.log10(sufficient), xanchor=side, font={"color": COLORS[2]}, **note)


def _faint(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"


def quantization_figure(
    table: pd.DataFrame, column: str, title: str, theme: Theme = "light", height: int = 400
) -> go.Figure:
    """A point with its interval for each quantization: bytes across (log scale), `column` up. Hollow points store
    float32 vectors as well, for rescoring."""
    figure = go.Figure(layout=base_layout(theme, height))
    groups = table["name"].str.split(",").str[0]
    for position, group in enumerate(groups.unique()):
        part = table[groups == group].sort_values(column)
        hover = [
            f"{chart_label(row['name'])}: {row[column]:.1%} at {row['bytes']:,} bytes"
            + (f", {row['rescoring_bytes']:,} more for rescoring" if row["rescoring_bytes"] else "")
            for row in part.to_dict("records")
        ]
        error = {
            "type": "data", "symmetric": False, "array": part[f"{column}_high"] - part[column],
            "arrayminus": part[column] - part[f"{column}_low"], "thickness": 1.5, "width": 3,
        }  # fmt: skip
        symbols = ["circle-open" if extra else "circle" for extra in part["rescoring_bytes"]]
        marker = {"color": COLORS[position % len(COLORS)], "size": 11, "symbol": symbols}
        marker["line"] = {"width": 2, "color": marker["color"]}
        figure.add_trace(
            go.Scatter(x=part["bytes"], y=part[column], error_y=error, mode="markers", marker=marker,
                       name=chart_label(group), hovertext=hover, hoverinfo="text")
        )  # fmt: skip
    sizes = sorted(set(table["bytes"].tolist()))
    ticks = {"tickvals": sizes, "ticktext": [f"{size:,}" for size in sizes]}
    figure.update_layout(legend=LEGEND, margin={"l": 8, "r": 12, "t": 60, "b": 44})
    figure.update_xaxes(type="log", title={"text": "bytes per vector"}, gridcolor=LINE_COLOR, zeroline=False, **ticks)
    figure.update_yaxes(title={"text": title}, tickformat=".0%", gridcolor=LINE_COLOR, zeroline=False, automargin=True)
    return figure


def recall_figure(
    table: pd.DataFrame, suggested: str, target: float, theme: Theme = "light", height: int = 420
) -> go.Figure:
    """Queries per second (log scale) over recall@10, one line per index, exact search a star, the suggested one
    ringed."""
    figure = go.Figure(layout=base_layout(theme, height))
    for position, ((kind, build), part) in enumerate(table.groupby(["kind", "build"], sort=False)):
        name = {"hnsw": f"HNSW, {build} links", "ivf": f"IVF, {build:,} lists", "exact": "exact search"}[str(kind)]
        color = COLORS[position % len(COLORS)]
        symbol = {"exact": "star", "hnsw": "circle", "ivf": "diamond"}[str(kind)]
        marker = {"color": color, "size": 16 if kind == "exact" else 7, "symbol": symbol}
        hover = [
            f"{row['name']}: recall {row['recall']:.3f} ({row['low']:.3f} to {row['high']:.3f}), "
            f"{row['rate']:,.0f} queries per second"
            for row in part.to_dict("records")
        ]
        figure.add_trace(
            go.Scatter(x=part["recall"], y=part["rate"], mode="lines+markers", name=name, marker=marker,
                       line={"width": 2, "color": color}, hovertext=hover, hoverinfo="text")
        )  # fmt: skip
    best = table[table["name"] == suggested].iloc[0]
    ring = {"symbol": "circle-open", "size": 20, "color": COLORS[4], "line": {"width": 2}}
    figure.add_trace(
        go.Scatter(
            x=[best["recall"]], y=[best["rate"]], mode="markers", marker=ring, name="suggested", hoverinfo="skip"
        )
    )
    figure.add_vline(x=target, line={"color": GREY, "width": 1, "dash": "dash"})
    figure.update_layout(legend=LEGEND, margin={"l": 8, "r": 12, "t": 60, "b": 44})
    figure.update_xaxes(
        title={"text": "recall@10 (share of the exact ten nearest found)"}, gridcolor=LINE_COLOR, zeroline=False
    )
    steps = [digit * 10**power for power in range(8) for digit in (1, 2, 5)]
    ticks = {"tickvals": steps, "ticktext": [f"{step:,}" for step in steps]}
    rate = {"title": {"text": "queries per second, one thread"}, "type": "log"}
    figure.update_yaxes(**rate, **ticks, gridcolor=LINE_COLOR, zeroline=False, automargin=True)
    return figure


def plan_figure(
    plans: Sequence[tuple[int, Sequence[Plan]]], count: int, what: str, theme: Theme = "light"
) -> go.Figure:
    """Memory ("memory") or milliseconds of a query ("ms") over rows, one line per option, marked at `count`."""
    figure = go.Figure(layout=base_layout(theme, 480))
    for position, first in enumerate(plans[0][1]):
        values = [of_rows[position].memory if what == "memory" else of_rows[position].ms for _, of_rows in plans]
        name, format_value = chart_label(first.option.name), format_bytes if what == "memory" else format_milliseconds
        hover = [
            f"{name}, {rows:,} rows: {format_value(value)}" for (rows, _), value in zip(plans, values, strict=True)
        ]
        dash = "solid" if first.option.kind in ("exact", "scan") else "dash"
        line = {"color": COLORS[position % len(COLORS)], "width": 2, "dash": dash}
        rows = [count for count, _ in plans]
        figure.add_trace(
            go.Scatter(x=rows, y=values, mode="lines", name=name, line=line, hovertext=hover, hoverinfo="text")
        )
    figure.add_vline(x=count, line={"color": GREY, "width": 1, "dash": "dash"})
    below = {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "font": {"size": 11}}
    figure.update_layout(legend=below, margin={"l": 8, "r": 12, "t": 12, "b": 44})
    steps = [10.0**power for power in (range(3, 14) if what == "memory" else range(-3, 7))]
    format_value = format_bytes if what == "memory" else format_milliseconds
    ticks = {"tickvals": steps, "ticktext": [format_value(step) for step in steps]}
    powers = {10**power: f"{10 ** (power % 3)}{'kM'[power // 3 - 1]}" for power in range(3, 9)}
    figure.update_xaxes(
        type="log", title={"text": "rows"}, gridcolor=LINE_COLOR, zeroline=False, tickvals=list(powers),
        ticktext=list(powers.values()),
    )  # fmt: skip
    figure.update_yaxes(type="log", gridcolor=LINE_COLOR, zeroline=False, automargin=True, **ticks)
    return figure


def format_bytes(count: float) -> str:
    """Bytes as "1.5 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def format_milliseconds(milliseconds: float) -> str:
    """Milliseconds as "0.02 ms", "1.5 s"."""
    return f"{milliseconds:.3g} ms" if milliseconds < 999.5 else f"{milliseconds / 1000:,.3g} s"
