"""Frozen results as Plotly figures (graph_objects only: express takes half a second to import)."""

from core.charts.bars import bar_figure, histogram_figure
from core.charts.coloring import Category, ColorKind, ColorSpec, color_spec
from core.charts.frame import save_html
from core.charts.map import map_figure
from core.charts.palette import Theme
from core.charts.text import hover_texts

__all__ = [
    "Category", "ColorKind", "ColorSpec", "Theme", "bar_figure", "color_spec", "histogram_figure",
    "hover_texts", "map_figure", "save_html",
]  # fmt: skip
