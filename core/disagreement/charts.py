"""How alike contenders are, how that grows with the neighbors asked for, odds ratios, ranks, and what votes say."""

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


def short_name(name: str, most: int = NAME) -> str:
    """A contender's name with its middle left out, since variants of a model differ at the end; escaped."""
    flat = clean_line(name)
    if len(flat) > most:
        end = most // 2
        flat = f"{flat[: most - end - 1].rstrip()}…{flat[-end:].lstrip()}"
    return chart_label(flat, most + 2)


def likeness_figure(
    names: Sequence[str], values: np.ndarray, low: np.ndarray, high: np.ndarray, percent: bool, theme: Theme = "light"
) -> go.Figure:
    """A square of values (s, s), at most 1, the first name at the top, with intervals beside the pointer; cells
    without a value stay empty. The scale begins at 0, or at the least value below."""
    shown, form = [short_name(name) for name in names], _percent if percent else _number
    known = values[np.isfinite(values)]
    heat = go.Heatmap(
        z=[[None if np.isnan(value) else float(value) for value in row] for row in values],
        x=list(range(len(shown))),
        y=list(range(len(shown))),
        text=[["" if np.isnan(value) else form(value) for value in row] for row in values],
        texttemplate="%{text}",
        hovertext=[
            [_told(shown, i, j, values[i, j], low[i, j], high[i, j], form) for j in range(len(shown))]
            for i in range(len(shown))
        ],
        hoverinfo="text",
        colorscale=color_scale("cividis", theme),
        zmin=min(0.0, float(known.min(initial=0))),
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    figure = go.Figure(heat, base_layout(theme, 200 + 48 * len(shown)))
    ticks = {"tickvals": list(range(len(shown))), "ticktext": shown, "showgrid": False, "zeroline": False}
    figure.update_xaxes(tickangle=-35, automargin=True, **ticks)
    return figure.update_yaxes(autorange="reversed", automargin=True, **ticks)


def _told(shown: list[str], i: int, j: int, value: float, low: float, high: float, form: Callable[[float], str]) -> str:
    if i == j:
        return f"{shown[i]}<br>with itself"
    between = f" ({form(low)} to {form(high)})" if np.isfinite(low) else ""
    found = form(value) if np.isfinite(value) else "not known"
    return f"{shown[i]}<br>and {shown[j]}:<br>{found}{between}"


def _percent(value: float) -> str:
    return f"{value:.1%}" if value < 0.1 else f"{value:.0%}"


def _number(value: float) -> str:
    return f"{value:.2f}"


def depth_figure(
    names: Sequence[str],
    depths: Sequence[int],
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    chance: np.ndarray,
    chosen: int,
    theme: Theme = "light",
) -> go.Figure:
    """Lines (p, depths) over the number of neighbors, with error bars; dashed in grey what chance gives; the depth that
    is chosen is marked."""
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
                f"{chart_label(name, 60)}<br>{k} nearest: {value:.1%} ({a:.1%} to {b:.1%})"
                for k, value, a, b in zip(depths, values[at], low[at], high[at], strict=True)
            ],
            hoverinfo="text",
        )
    figure.add_scatter(
        x=list(depths),
        y=chance,
        mode="lines",
        name="by chance",
        line={"color": GREY, "dash": "dot"},
        hovertext=[f"by chance: {value:.2%}" for value in chance],
        hoverinfo="text",
    )
    figure.add_vline(x=chosen, line={"color": GREY, "width": 1})
    below = {"orientation": "v", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0}
    figure.update_layout(margin={"l": 8, "t": 8, "b": 56 + LEGEND_LINE * (len(names) + 1)}, legend=below)
    figure.update_xaxes(
        type="log", tickvals=list(depths), ticktext=[str(k) for k in depths], showgrid=False,
        title={"text": "nearest texts compared"},
    )  # fmt: skip
    top = max(1.0, float(np.nanmax(high, initial=1.0)))
    return figure.update_yaxes(tickformat=".0%", range=[0, top * 1.02], gridcolor=LINE_COLOR, automargin=True)


def odds_figure(names: Sequence[str], alone: np.ndarray, held: np.ndarray, theme: Theme = "light") -> go.Figure:
    """Odds ratios on a log scale, the first name at the top. alone, held: (s, 3) ratio and ends of its interval, by
    itself and with other factors held equal, NaN where there is none."""
    shown = [chart_label(name, 44) for name in names]
    figure = go.Figure(layout=base_layout(theme, 110 + 34 * max(len(shown), 1)))
    for values, name, color, symbol, shift in (
        (alone, "by itself", COLORS[0], "circle", -0.13), (held, "others held equal", COLORS[1], "diamond", 0.13),
    ):  # fmt: skip
        drawn = np.clip(values, 1 / LARGEST, LARGEST)
        figure.add_scatter(
            x=drawn[:, 0],
            y=np.arange(len(shown)) + shift,
            mode="markers",
            name=name,
            marker={"color": color, "symbol": symbol, "size": 9},
            error_x={"array": drawn[:, 2] - drawn[:, 0], "arrayminus": drawn[:, 0] - drawn[:, 1], "thickness": 2},
            hovertext=[
                f"{shown[i]}<br>{name}: {ratio:,.3g} times the odds ({low:,.3g} to {high:,.3g})"
                for i, (ratio, low, high) in enumerate(values)
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=1, line={"color": GREY, "width": 1})
    figure.update_layout(margin={"l": 8, "t": 8, "b": 40}, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(type="log", title={"text": "times the odds, log scale"}, gridcolor=LINE_COLOR)
    return figure.update_yaxes(
        tickvals=list(range(len(shown))), ticktext=shown, autorange="reversed", automargin=True, showgrid=False
    )


def bump_figure(
    names: Sequence[str], texts: Sequence[str], ranks: np.ndarray, k: int, theme: Theme = "light"
) -> go.Figure:
    """Ranks (t, s) of texts under contenders, a line a text; ranks beyond k lie together below the last."""
    shown = [short_name(name, 24 if len(names) < 4 else 14) for name in names]
    places = np.minimum(ranks, k + 1)
    figure = go.Figure(layout=base_layout(theme, 120 + 30 * (k + 1)))
    for at, text in enumerate(texts):
        figure.add_scatter(
            x=list(range(len(shown))),
            y=places[at],
            mode="lines+markers",
            line={"color": COLORS[at % len(COLORS)], "width": 2},
            marker={"size": 10, "symbol": ["circle" if rank <= k else "circle-open" for rank in ranks[at]]},
            hovertext=[f"{chart_label(text, 70)}<br>{shown[i]}: rank {rank:,}" for i, rank in enumerate(ranks[at])],
            hoverinfo="text",
            showlegend=False,
        )
    figure.update_layout(margin={"l": 8, "r": 60, "t": 8, "b": 8})
    figure.update_xaxes(
        tickvals=list(range(len(shown))),
        ticktext=shown,
        range=[-0.45, len(shown) - 0.55],
        side="top",
        showgrid=False,
        zeroline=False,
        automargin=True,
        ticklabeloverflow="allow",  # else one at the edge vanishes
    )  # fmt: skip
    told = [*(str(rank) for rank in range(1, k + 1)), "lower"]
    step = 1 if k <= 20 else 5
    ticks = [rank for rank in range(1, k + 1) if rank == 1 or rank % step == 0] + [k + 1]
    return figure.update_yaxes(
        tickvals=ticks, ticktext=[told[rank - 1] for rank in ticks], range=[k + 1.6, 0.4], gridcolor=LINE_COLOR,
        zeroline=False, title={"text": "rank"}, automargin=True,
    )  # fmt: skip


def votes_figure(
    names: Sequence[str], share: np.ndarray, low: np.ndarray, high: np.ndarray, colors: Sequence[int],
    theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """Shares (s,) with intervals, a point a contender; a line where both sides of a vote would be equal."""
    shown = [short_name(name) for name in names]
    figure = go.Figure(layout=base_layout(theme, 90 + 40 * len(shown)))
    figure.add_scatter(
        x=share,
        y=list(range(len(shown))),
        mode="markers",
        marker={"size": 11, "color": [COLORS[color % len(COLORS)] for color in colors]},
        error_x={"array": high - share, "arrayminus": share - low, "thickness": 2, "color": GREY},
        hovertext=[f"{n}: {s:.0%} ({a:.0%} to {b:.0%})" for n, s, a, b in zip(shown, share, low, high, strict=True)],
        hoverinfo="text",
        showlegend=False,
    )
    figure.add_vline(x=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_layout(margin={"l": 8, "t": 8, "b": 40})
    figure.update_xaxes(range=[0, 1], tickformat=".0%", gridcolor=LINE_COLOR, zeroline=False)
    return figure.update_yaxes(
        tickvals=list(range(len(shown))), ticktext=shown, range=[len(shown) - 0.5, -0.5], automargin=True,
        showgrid=False, zeroline=False,
    )  # fmt: skip
