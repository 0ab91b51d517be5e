"""Pictures of groups: the hierarchy, a confusion, a sweep."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.answers.clusters.tree import Node
from core.charts.bars import LINE_COLOR
from core.charts.frame import CLEAR, base_layout
from core.charts.palette import COLORS, GREY, GROUND, INK, Theme, scale
from core.charts.text import label

LETTERS = 68  # of all columns of the hierarchy together
MANY = 5  # groups of a level for it to give the colors
THICK = 3  # pixels of the chosen bar's outline
THIN = 4  # pixels below which a bar has no outline, which would cover it
SMALLEST = 0.012  # share of the height below which a node has no name written in it


def icicle_figure(
    nodes: Sequence[Node],
    theme: Theme = "light",
    height: int = 560,
    chosen: int | None = None,
    heads: Sequence[str] = (),
) -> go.Figure:
    """The hierarchy as an icicle, coarse at the left; each bar is a point that can be selected, by its place.

    chosen: the place of a node, whose bar is outlined; the picture is drawn to it, or to the node above where it has
    none within. heads: names of the levels, written above. Bars, not Plotly's own icicle, whose clicks Streamlit does
    not tell.
    """
    total = max((node.start + node.rows for node in nodes), default=1)
    low, high = _span(nodes, chosen, total)
    starts = [min(max(node.start, low), high) for node in nodes]
    seen = [max(min(node.start + node.rows, high) - start, 0) for node, start in zip(nodes, starts, strict=True)]
    colors, levels = _colors(nodes), max((node.level for node in nodes), default=0) + 1
    outlined = [THICK if place == chosen else 1 if height * rows > THIN * (high - low) else 0
                for place, rows in enumerate(seen)]  # fmt: skip
    bars = go.Bar(
        x=[node.level for node in nodes],
        y=[rows or None for rows in seen],
        base=starts,
        width=1,
        marker={
            "color": colors,
            "opacity": [1.0 if place == chosen else 0.82 for place in range(len(nodes))],
            "line": {
                "color": [INK[theme] if place == chosen else GROUND[theme] for place in range(len(nodes))],
                "width": outlined,
            },
        },
        text=[
            label(node.name, LETTERS // max(levels, 3)) if rows >= SMALLEST * (high - low) else ""
            for node, rows in zip(nodes, seen, strict=True)
        ],
        textposition="inside",
        textangle=0,
        insidetextanchor="middle",
        constraintext="both",
        insidetextfont={"color": [_written(color) for color in colors]},
        selected={"marker": {"opacity": 1.0}},
        unselected={"marker": {"opacity": 0.82}},
        hovertext=[f"{label(node.name, 60)}: {node.rows:,} rows ({node.rows / total:.1%})" for node in nodes],
        hoverinfo="text",
    )
    figure = go.Figure(bars, base_layout(theme, height))
    figure.update_layout(bargap=0, showlegend=False, dragmode=False, clickmode="event+select")
    figure.update_layout(uniformtext={"minsize": 9, "mode": "hide"})
    figure.update_xaxes(
        side="top",
        tickvals=list(range(levels)),
        ticktext=list(heads[:levels]) or [""] * levels,
        ticks="",
        showgrid=False,
        fixedrange=True,
        range=[-0.5, levels - 0.5],
    )
    figure.update_yaxes(visible=False, fixedrange=True, range=[high, low])
    return figure


def _span(nodes: Sequence[Node], chosen: int | None, total: int) -> tuple[int, int]:
    """The rows that are drawn: of the chosen node where there are finer ones within it, else of the node above it."""
    if chosen is None:
        return 0, total
    within = any(node.parent == chosen for node in nodes)
    shown = chosen if within else nodes[chosen].parent
    return (0, total) if shown < 0 else (nodes[shown].start, nodes[shown].start + nodes[shown].rows)


def confusion_figure(table: pd.DataFrame, theme: Theme = "light") -> go.Figure:
    """Rows with each group (down) and value (across), shaded by the share of the group's shown rows."""
    counts = table.to_numpy(dtype=np.int64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names, values = [label(str(name), 24) for name in table.index], [label(str(name), 22) for name in table.columns]
    hover = [
        [
            f"{names[i]} · {values[j]}: {int(counts[i, j]):,} rows, {share[i, j]:.1%} of the group"
            for j in range(len(values))
        ]
        for i in range(len(names))
    ]
    heat = go.Heatmap(
        z=share,
        x=list(range(len(values))),
        y=list(range(len(names))),
        colorscale=_from_ground(theme),
        zmin=0,
        zmax=1,
        hovertext=hover,
        hoverinfo="text",
        showscale=False,
    )
    figure = go.Figure(heat, base_layout(theme, 160 + 20 * len(names)))
    figure.update_xaxes(  # upright, so that they stand beside each other on a phone
        tickvals=list(range(len(values))),
        ticktext=values,
        automargin=True,
        tickangle=-90,
        tickfont={"size": 10},
        showgrid=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, automargin=True, autorange="reversed", showgrid=False
    )
    return figure


def sweep_figure(
    values: pd.DataFrame, form: str, name: str, theme: Theme = "light", cliff: int | None = None
) -> go.Figure:
    """A figure for each setting (across) and seed (down), written into the cells. cliff: the place of the setting
    after which a line is drawn."""
    shown = values.to_numpy(dtype=np.float64)
    heat = go.Heatmap(
        z=shown,
        x=[f"{column:g}" for column in np.asarray(values.columns, dtype=np.float64)],
        y=[f"seed {seed}" for seed in values.index],
        colorscale=scale("viridis", theme),
        text=[[format(cell, form) if np.isfinite(cell) else "" for cell in row] for row in shown],
        texttemplate="%{text}",
        hovertemplate="%{x}, %{y}: %{text}<extra></extra>",
        showscale=False,
    )
    figure = go.Figure(heat, base_layout(theme, 120 + 34 * len(values)))
    figure.update_xaxes(type="category", title={"text": label(name)}, automargin=True, showgrid=False)
    figure.update_yaxes(automargin=True, showgrid=False, autorange="reversed")
    if cliff is not None:
        figure.add_vline(x=cliff + 0.5, line={"color": COLORS[1], "width": 5})
    figure.update_layout(margin={"b": 44})
    return figure


def stability_figure(found: np.ndarray, runs: int, names: Sequence[str], theme: Theme = "light") -> go.Figure:
    """How many groups were found again in how many of the resamples."""
    counts = np.bincount(found, minlength=runs + 1)
    bars = go.Bar(
        x=list(range(runs + 1)),
        y=counts,
        marker={"color": COLORS[0]},
        hovertext=[f"{count:,} groups were found again in {run} of {runs}" for run, count in enumerate(counts)],
        hoverinfo="text",
    )
    figure = go.Figure(bars, base_layout(theme, 220))
    figure.update_layout(bargap=0.1, margin={"l": 48, "b": 40}, showlegend=False)
    figure.update_xaxes(title={"text": f"resamples of {runs} in which a group was found again"}, showgrid=False)
    figure.update_yaxes(title={"text": "groups"}, gridcolor=LINE_COLOR, rangemode="tozero")
    return figure


def _colors(nodes: Sequence[Node]) -> list[str]:
    """A color for each group of the first level that has several, passed on to the finer ones; broader ones are
    grey."""
    by_level = np.bincount([node.level for node in nodes]) if nodes else np.zeros(1, dtype=np.int64)
    level = next((at for at, count in enumerate(by_level) if count >= MANY), len(by_level) - 1)
    colors: list[str] = []
    for node in nodes:
        own = COLORS[node.label % len(COLORS)] if node.level == level else GREY
        colors.append(colors[node.parent] if node.level > level else own)
    return colors


def _written(color: str) -> str:
    """White, or black on colors too light for it (sRGB's relative luminance, about)."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.3 else "#ffffff"


def _from_ground(theme: Theme) -> list[list[float | str]]:
    return [[0.0, CLEAR], [0.0001, "rgba(0,114,178,0.08)"], [1.0, "#56B4E9" if theme == "dark" else COLORS[0]]]
