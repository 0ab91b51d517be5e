"""Plotly figures shared by features: base layout, histograms, bars, agreement heat maps, and export as HTML."""

import base64
import hashlib
import html
import re
from collections.abc import Callable, Sequence
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec

import numpy as np
import plotly.graph_objects as go

from core.digest import digest_value
from core.palette import BACKGROUND, COLORS, GREY, TEXT_COLOR, Theme, color_scale
from core.text import chart_label, clean_line

P = ParamSpec("P")
KEPT_FIGURES = 200
TRANSPARENT = "rgba(0,0,0,0)"
LINE_COLOR = "rgba(138,143,152,0.3)"
CONFIG = {"displaylogo": False, "scrollZoom": True, "responsive": True}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
html, body {{ margin: 0; height: 100%; background: {ground}; color: {ink}; font-family: system-ui, sans-serif; }}
body {{ display: flex; flex-direction: column; }}
h1 {{ font-size: 1rem; margin: 0.75rem 1rem 0; }}
p {{ font-size: 0.85rem; margin: 0.25rem 1rem 0.5rem; overflow-wrap: anywhere; }}
main {{ flex: 1; min-height: 0; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{subtitle}</p>
<main>{figure}</main>
</body>
</html>
"""


def drawn_once(draw: Callable[P, go.Figure]) -> Callable[P, go.Figure]:
    """Decorates a function of plain values, arrays and tables: for equal arguments the last figures are kept, and each
    call gets a copy of its own. Plotly checks each property of a new figure, which takes 20 times as long."""

    @wraps(draw)
    def copy_or_draw(*args: P.args, **kwargs: P.kwargs) -> go.Figure:
        try:
            key = digest_value([draw.__module__, draw.__qualname__, args, kwargs])
        except TypeError:
            return draw(*args, **kwargs)
        with _figures_lock:
            parts = _figures.pop(key, None)
        if parts is None:
            figure = draw(*args, **kwargs)
            layout = figure.layout.to_plotly_json()
            parts = {"data": [trace.to_plotly_json() for trace in figure.data], "layout": layout}
        with _figures_lock:
            _figures[key] = parts
            while len(_figures) > KEPT_FIGURES:
                del _figures[next(iter(_figures))]
        return go.Figure(parts, _validate=False)

    return copy_or_draw


_figures: dict[str, dict[str, Any]] = {}  # by function and arguments, the last used at the end
_figures_lock = Lock()


def base_layout(theme: Theme, height: int) -> dict[str, Any]:
    """Transparent background and readable text; `uirevision` preserves zoom and legend."""
    return {
        "template": "none",
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "font": {"color": TEXT_COLOR[theme]},
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "uirevision": "kept",
        "hoverlabel": {"align": "left"},
    }


def with_opacity(color: str, opacity: float) -> str:
    """A color "#rrggbb" in CSS' rgba notation."""
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.2f})"


def band_trace(
    x: np.ndarray | Sequence[float],
    low: np.ndarray | Sequence[float],
    high: np.ndarray | Sequence[float],
    color: str,
    group: str,
    opacity: float = 0.15,
) -> go.Scatter:
    """The area between two lines, shown and hidden with the traces of its legend group."""
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([high, low[::-1]]), mode="lines", line={"width": 0},
        fill="toself", fillcolor=with_opacity(color, opacity), legendgroup=group, showlegend=False, hoverinfo="skip",
    )  # fmt: skip


def error_bars(values: np.ndarray, low: np.ndarray, high: np.ndarray, color: str, **options: Any) -> dict[str, Any]:
    """Plotly's `error_x` or `error_y` for the ends of intervals."""
    bars = {"type": "data", "symmetric": False, "array": high - values, "arrayminus": values - low}
    return bars | {"color": color, "width": 3} | options


def figure_html(figure: go.Figure, title: str, theme: Theme = "light", subtitle: str = "") -> bytes:
    """A self-contained HTML page, UTF-8, that works offline (about 5 MB with plotly.js) and can fetch nothing.

    subtitle: plain text on the corpus, the model, the date and the number of rows.
    """
    page = go.Figure(figure)
    page.update_layout(height=None, autosize=True)
    parts: dict[str, Any] = {"full_html": False, "include_plotlyjs": True, "include_mathjax": False}
    inner = page.to_html(config=CONFIG, default_height="100%", **parts).encode("utf-8", "replace").decode()
    safe = {name: html.escape(clean_line(text)) for name, text in (("title", title), ("subtitle", subtitle))}
    colors = {"ground": BACKGROUND[theme], "ink": TEXT_COLOR[theme]}
    policy = content_policy(inner, compiles=any(trace.type.endswith("gl") for trace in page.data))
    text = PAGE.format(policy=policy, figure=inner, **safe, **colors)
    return text.encode("utf-8", "replace")


def content_policy(body: str, compiles: bool) -> str:
    """A Content-Security-Policy under which the scripts in `body` run, by their hashes, and nothing is fetched.

    Plotly's styles are inline, its images (PNG, hidden canvases) are data and blob addresses, and its "gl" traces are
    drawn by regl, which compiles functions. compiles: whether there are such traces.
    """
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", body, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    sources = " ".join(f"'sha256-{digest}'" for digest in digests)
    rules = {
        "script-src": sources + (" 'unsafe-eval'" if compiles else ""),
        "style-src": "'unsafe-inline'",
        "img-src": "data: blob:",
    }
    locked = ("default-src", "base-uri", "form-action")
    return "; ".join([*(f"{name} 'none'" for name in locked), *(f"{name} {value}" for name, value in rules.items())])


@drawn_once
def histogram_figure(
    counts: np.ndarray,
    edges: np.ndarray,
    marks: Sequence[tuple[float, str]] = (),
    title: str = "",
    theme: Theme = "light",
    height: int = 220,
) -> go.Figure:
    """Bars of counts (b,) between edges (b + 1,), with lines at marks (value, name) and a title below the x axis."""
    edges = np.asarray(edges, dtype=np.float64)
    hover = [f"{low:.4g} to {high:.4g}: {count:,}" for low, high, count in zip(edges, edges[1:], counts, strict=False)]
    middles, marker = (edges[:-1] + edges[1:]) / 2, {"color": COLORS[0], "line": {"width": 0}}
    style = {"width": np.diff(edges), "marker": marker, "hovertext": hover, "hoverinfo": "text"}
    bars = go.Bar(x=middles, y=np.asarray(counts), **style)
    figure = go.Figure(bars, base_layout(theme, height))
    figure.update_layout(bargap=0, margin={"t": 28, "b": 40, "l": 48}, showlegend=False)
    figure.update_xaxes(title={"text": chart_label(title)}, showgrid=False, zeroline=False)
    figure.update_yaxes(gridcolor=LINE_COLOR, zeroline=False, rangemode="tozero")
    for i, (value, name) in enumerate(marks):
        line = {"color": COLORS[1], "width": 2, "dash": ("solid", "dash", "dot")[i % 3]}
        figure.add_vline(x=value, line=line, annotation={"text": chart_label(name), "yref": "paper", "y": 1.0})
    return figure


@drawn_once
def agreement_figure(
    names: Sequence[str], values: np.ndarray, theme: Theme = "light", low: float = 0.0, height: int = 420
) -> go.Figure:
    """Cells of values (s, s) colored from `low` to 1, the first name at the top; cells without a value are empty."""
    labels = [chart_label(name, 32) for name in names]
    cells = [["" if np.isnan(value) else f"{value:z.2f}" for value in row] for row in values]
    heat = go.Heatmap(
        z=[[None if np.isnan(value) else float(value) for value in row] for row in values],
        x=list(range(len(labels))),
        y=list(range(len(labels))),
        text=cells,
        texttemplate="%{text}",
        hovertext=[[f"{one} and {other}" for other in labels] for one in labels],
        hovertemplate="%{hovertext}: %{text}<extra></extra>",
        colorscale=color_scale("cividis", theme),
        zmin=low,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    figure = go.Figure(heat, base_layout(theme, height))
    ticks = {"tickvals": list(range(len(labels))), "ticktext": labels, "showgrid": False, "automargin": True}
    figure.update_xaxes(tickangle=-40, **ticks)
    figure.update_yaxes(autorange="reversed", **ticks)
    return figure


@drawn_once
def interval_figure(
    rows: Sequence[tuple[str, tuple[float, float, float], bool]], x_title: str, theme: Theme, as_share: bool
) -> go.Figure:
    """Dots with intervals, the first row at the top; rows: (name, (value, low, high), whether it is a baseline,
    in grey). as_share: as percentages."""
    figure, form = go.Figure(layout=base_layout(theme, 80 + 34 * len(rows))), ".1%" if as_share else ".4g"
    for at, (name, (middle, low, high), is_baseline) in enumerate(rows):
        color, value = GREY if is_baseline else COLORS[0], np.array([middle])
        figure.add_scatter(
            x=value, y=[at], mode="markers", marker={"color": color, "size": 10}, showlegend=False, cliponaxis=False,
            error_x=error_bars(value, np.array([low]), np.array([high]), color, thickness=1.5),
            hovertemplate=f"{chart_label(name)}: {middle:{form}} ({low:{form}} to {high:{form}})<extra></extra>",
        )  # fmt: skip
    ticks = {"tickvals": list(range(len(rows))), "ticktext": [chart_label(name, 32) for name, *_ in rows]}
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], showgrid=False, zeroline=False, automargin=True, **ticks)
    figure.update_xaxes(tickformat=".0%" if as_share else "")
    return with_axes(figure, x_title, "")


def with_axes(figure: go.Figure, x_title: str, y_title: str, unit: bool = False) -> go.Figure:
    """Titles and grid lines; unit: both axes from 0 to 1."""
    figure.update_layout(
        margin={"l": 56 if y_title else 8, "b": 48, "t": 24, "r": 16},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )  # fmt: skip
    figure.update_xaxes(title={"text": chart_label(x_title)}, gridcolor=LINE_COLOR, zeroline=False)
    if y_title:
        figure.update_yaxes(title={"text": chart_label(y_title)}, gridcolor=LINE_COLOR, zeroline=False)
    if unit:
        figure.update_xaxes(range=[-0.02, 1.02])
        figure.update_yaxes(range=[-0.02, 1.02])
    return figure
