"""Figures of the word vectors."""

import numpy as np
import plotly.graph_objects as go

from core.figures import base_layout
from core.palette import COLORS, Theme
from core.text import chart_label
from core.word_vectors.layout import WordMap

LABELED = 60  # words that are named on the map, the others on hover
MIN_SIZE, MAX_SIZE = 5.0, 16.0  # pixels


def word_map_figure(words: WordMap, theme: Theme, highlighted: frozenset[str] = frozenset()) -> go.Figure:
    """Words as dots, larger where more frequent; the most frequent and the highlighted ones are named."""
    marked = [word in highlighted for word in words.words]
    named = [i < LABELED or mark for i, mark in enumerate(marked)]
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


def _count(count: int) -> str:
    return f": {count:,} times" if count else ""
