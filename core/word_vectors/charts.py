"""Figures of the word vectors."""

import numpy as np
import plotly.graph_objects as go

from core.figures import base_layout, drawn_once
from core.palette import COLORS, Theme
from core.text import chart_label
from core.word_vectors.layout import WordMap

MAX_LABELS = 80  # words that are named on the map, the others on hover
CHARACTER, LINE, SIDE = 6.5, 13.0, 420.0  # pixels: of a label, and of the map on a narrow screen
MIN_SIZE, MAX_SIZE = 5.0, 16.0  # pixels


@drawn_once
def word_map_figure(words: WordMap, theme: Theme, highlighted: frozenset[str] = frozenset()) -> go.Figure:
    """Words as dots, larger where more frequent; the most frequent and the highlighted ones are named."""
    marked = [word in highlighted for word in words.words]
    named = _named(words, marked)
    counts = np.sqrt(np.maximum(words.counts, 1))
    sizes = MIN_SIZE + (MAX_SIZE - MIN_SIZE) * counts / counts.max()
    hover = [f"{chart_label(word)}{_count(int(n))}" for word, n in zip(words.words, words.counts, strict=True)]
    dots = go.Scatter(
        x=words.points[:, 0], y=words.points[:, 1], mode="markers+text", hovertext=hover, hoverinfo="text",
        text=[chart_label(word, 24) if name else "" for word, name in zip(words.words, named, strict=True)],
        textposition="top center", textfont={"size": 11}, customdata=list(range(len(words.words))),
        marker={"size": sizes, "color": [COLORS[1] if mark else COLORS[0] for mark in marked], "opacity": 0.75},
        selected={"marker": {"opacity": 0.75}}, unselected={"marker": {"opacity": 0.75}},
    )  # fmt: skip
    figure = go.Figure(dots, base_layout(theme, 560))
    hidden = {"showgrid": False, "zeroline": False, "showticklabels": False}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(scaleanchor="x", **hidden)
    figure.update_layout(showlegend=False, dragmode="pan", clickmode="event+select")
    return figure


def _named(words: WordMap, marked: list[bool]) -> list[bool]:
    """Which words get a label: the marked ones, then the most frequent ones whose labels cover no other."""
    side = float(np.ptp(words.points, axis=0).max()) or 1.0
    centers = words.points * (SIDE / side)
    widths = np.array([CHARACTER * len(word) for word in words.words])
    chosen = list[int]()
    for i in sorted(range(len(words.words)), key=lambda i: not marked[i]):
        apart = np.abs(centers[chosen] - centers[i])
        covers = (apart[:, 0] < (widths[chosen] + widths[i]) / 2) & (apart[:, 1] < LINE)
        if len(chosen) < MAX_LABELS and not covers.any():
            chosen.append(i)
    return [i in chosen for i in range(len(words.words))]


def _count(count: int) -> str:
    return f": {count:,} times" if count else ""
