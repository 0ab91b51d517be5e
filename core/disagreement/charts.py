"""Pairwise similarity, overlap by k, odds ratios, ranks under each contender, and the result of votes."""

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures import LINE_COLOR, base_layout
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


def similarity_figure(
    names: Sequence[str], values: np.ndarray, low: np.ndarray, high: np.ndarray, percent: bool, theme: Theme = "light"
) -> go.Figure:
    """A square of values (s, s), at most 1, the first name at the top, with intervals on hover; cells without a
    value stay empty. The scale starts at 0, or at the lowest value below."""
    labels, format_value = [short_name(name) for name in names], _percent if percent else _number
    finite = values[np.isfinite(values)]
    heat = go.Heatmap(
        z=[[None if np.isnan(value) else float(value) for value in row] for row in values],
        x=list(range(len(labels))),
        y=list(range(len(labels))),
        text=[["" if np.isnan(value) else format_value(value) for value in row] for row in values],
        texttemplate="%{text}",
        hovertext=[
            [_hover_text(labels, i, j, values[i, j], low[i, j], high[i, j], format_value) for j in range(len(labels))]
            for i in range(len(labels))
        ],
        hoverinfo="text",
        colorscale=color_scale("cividis", theme),
        zmin=min(0.0, float(finite.min(initial=0))),
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    figure = go.Figure(heat, base_layout(theme, 200 + 48 * len(labels)))
    ticks = {"tickvals": list(range(len(labels))), "ticktext": labels, "showgrid": False, "zeroline": False}
    figure.update_xaxes(tickangle=-35, automargin=True, **ticks)
    return figure.update_yaxes(autorange="reversed", automargin=True, **ticks)


def _hover_text(
    labels: list[str], i: int, j: int, value: float, low: float, high: float, format_value: Callable[[float], str]
) -> str:
    if i == j:
        return f"{labels[i]}<br>itself"
    interval = f" ({format_value(low)} to {format_value(high)})" if np.isfinite(low) else ""
    text = format_value(value) if np.isfinite(value) else "undefined"
    return f"{labels[i]}<br>and {labels[j]}:<br>{text}{interval}"


def _percent(value: float) -> str:
    return f"{value:.1%}" if value < 0.1 else f"{value:.0%}"


def _number(value: float) -> str:
    return f"{value:.2f}"


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
    figure = go.Figure(layout=base_layout(theme, PLOT + LEGEND_LINE * (len(names) + 1)))
    for at, name in enumerate(names):
        figure.add_scatter(
            x=list(depths),
            y=values[at],
            mode="lines+markers",
            name=chart_label(name, 60),
            line={"color": COLORS[at % len(COLORS)], "dash": DASHES[at // len(COLORS) % len(DASHES)]},
            error_y={"array": high[at] - values[at], "arrayminus": values[at] - low[at], "thickness": 1, "width": 0},
            hovertext=[
                f"{chart_label(name, 60)}<br>k = {k}: {value:.1%} ({a:.1%} to {b:.1%})"
                for k, value, a, b in zip(depths, values[at], low[at], high[at], strict=True)
            ],
            hoverinfo="text",
        )
    figure.add_scatter(
        x=list(depths),
        y=chance,
        mode="lines",
        name="Chance level",
        line={"color": GREY, "dash": "dot"},
        hovertext=[f"Chance level: {value:.2%}" for value in chance],
        hoverinfo="text",
    )
    figure.add_vline(x=selected, line={"color": GREY, "width": 1})
    below = {"orientation": "v", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
    figure.update_layout(margin={"l": 8, "t": 8, "b": 56 + LEGEND_LINE * (len(names) + 1)}, legend=below)
    figure.update_xaxes(
        type="log", tickvals=list(depths), ticktext=[str(k) for k in depths], showgrid=False,
        title={"text": "k (nearest texts compared)"},
    )  # fmt: skip
    top = max(1.0, float(np.nanmax(high, initial=1.0)))
    return figure.update_yaxes(tickformat=".0%", range=[0, top * 1.02], gridcolor=LINE_COLOR, automargin=True)


def odds_figure(names: Sequence[str], single: np.ndarray, adjusted: np.ndarray, theme: Theme = "light") -> go.Figure:
    """Odds ratios on a log scale, the first name at the top. single, adjusted: (s, 3) ratio and ends of its interval,
    single and adjusted for the other factors, NaN where there is none."""
    labels = [chart_label(name, 44) for name in names]
    figure = go.Figure(layout=base_layout(theme, 110 + 34 * max(len(labels), 1)))
    for values, name, color, symbol, offset in (
        (single, "Single factor", COLORS[0], "circle", -0.13),
        (adjusted, "Adjusted for the others", COLORS[1], "diamond", 0.13),
    ):
        clipped = np.clip(values, 1 / LARGEST, LARGEST)
        figure.add_scatter(
            x=clipped[:, 0],
            y=np.arange(len(labels)) + offset,
            mode="markers",
            name=name,
            marker={"color": color, "symbol": symbol, "size": 9},
            error_x={
                "array": clipped[:, 2] - clipped[:, 0],
                "arrayminus": clipped[:, 0] - clipped[:, 1],
                "thickness": 2,
            },
            hovertext=[
                f"{labels[i]}<br>{name}: odds ratio {ratio:,.3g} ({low:,.3g} to {high:,.3g})"
                for i, (ratio, low, high) in enumerate(values)
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=1, line={"color": GREY, "width": 1})
    figure.update_layout(margin={"l": 8, "t": 8, "b": 40}, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(type="log", title={"text": "odds ratio (log scale)"}, gridcolor=LINE_COLOR)
    return figure.update_yaxes(
        tickvals=list(range(len(labels))), ticktext=labels, autorange="reversed", automargin=True, showgrid=False
    )


def bump_figure(
    names: Sequence[str], texts: Sequence[str], ranks: np.ndarray, k: int, theme: Theme = "light"
) -> go.Figure:
    """Ranks (t, s) of texts under contenders, one line per text; ranks beyond k are drawn together below the last."""
    labels = [short_name(name, 24 if len(names) < 4 else 14) for name in names]
    clipped = np.minimum(ranks, k + 1)
    figure = go.Figure(layout=base_layout(theme, 120 + 30 * (k + 1)))
    for at, text in enumerate(texts):
        figure.add_scatter(
            x=list(range(len(labels))),
            y=clipped[at],
            mode="lines+markers",
            line={"color": COLORS[at % len(COLORS)], "width": 2},
            marker={"size": 10, "symbol": ["circle" if rank <= k else "circle-open" for rank in ranks[at]]},
            hovertext=[f"{chart_label(text, 70)}<br>{labels[i]}: rank {rank:,}" for i, rank in enumerate(ranks[at])],
            hoverinfo="text",
            showlegend=False,
        )
    figure.update_layout(margin={"l": 8, "r": 60, "t": 8, "b": 8})
    figure.update_xaxes(
        tickvals=list(range(len(labels))),
        ticktext=labels,
        range=[-0.45, len(labels) - 0.55],
        side="top",
        showgrid=False,
        zeroline=False,
        automargin=True,
        ticklabeloverflow="allow",  # else one at the edge vanishes
    )  # fmt: skip
    tick_labels = [*(str(rank) for rank in range(1, k + 1)), "lower"]
    step = 1 if k <= 20 else 5
    ticks = [rank for rank in range(1, k + 1) if rank == 1 or rank % step == 0] + [k + 1]
    return figure.update_yaxes(
        tickvals=ticks, ticktext=[tick_labels[rank - 1] for rank in ticks], range=[k + 1.6, 0.4], gridcolor=LINE_COLOR,
        zeroline=False, title={"text": "rank"}, automargin=True,
    )  # fmt: skip


def votes_figure(
    names: Sequence[str], share: np.ndarray, low: np.ndarray, high: np.ndarray, colors: Sequence[int],
    theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """Shares (s,) with intervals, one point per contender; a line at an even split."""
    labels = [short_name(name) for name in names]
    figure = go.Figure(layout=base_layout(theme, 90 + 40 * len(labels)))
    figure.add_scatter(
        x=share,
        y=list(range(len(labels))),
        mode="markers",
        marker={"size": 11, "color": [COLORS[color % len(COLORS)] for color in colors]},
        error_x={"array": high - share, "arrayminus": share - low, "thickness": 2, "color": GREY},
        hovertext=[f"{n}: {s:.0%} ({a:.0%} to {b:.0%})" for n, s, a, b in zip(labels, share, low, high, strict=True)],
        hoverinfo="text",
        showlegend=False,
    )
    figure.add_vline(x=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_layout(margin={"l": 8, "t": 8, "b": 40})
    figure.update_xaxes(range=[0, 1], tickformat=".0%", gridcolor=LINE_COLOR, zeroline=False)
    return figure.update_yaxes(
        tickvals=list(range(len(labels))), ticktext=labels, range=[len(labels) - 0.5, -0.5], automargin=True,
        showgrid=False, zeroline=False,
    )  # fmt: skip
