"""The hierarchy of clusters as the bars of an icicle: coarse at the left, each bar as high as it has rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.clusters.tree import Node
from core.palette import COLORS, GREY
from core.text import clean_line, truncate

LETTERS = 60  # of a cluster's name
MANY = 5  # clusters of a level for it to give the colors
SMALLEST = 0.001  # share of the height below which a bar is not drawn: half a pixel


@dataclass(frozen=True)
class Bar:
    """A node as it is drawn. node: its position among the nodes. top, height: shares of the icicle's height, from the
    top. color, ink: of the bar and of the name on it, as #rrggbb. title: its full description."""

    node: int
    level: int
    top: float
    height: float
    color: str
    ink: str
    name: str
    title: str
    selected: bool


def icicle_bars(nodes: Sequence[Node], selected: int | None = None) -> list[Bar]:
    """The bars of a hierarchy, without those too low to be seen.

    selected: the position of a node. The icicle is drawn to the rows of that node, or to those of the node above it
    where it has none within.
    """
    total = max((node.start + node.rows for node in nodes), default=1)
    low, high = _span(nodes, selected, total)
    colors = _colors(nodes)
    bars = []
    for position, node in enumerate(nodes):
        start, end = max(node.start, low), min(node.start + node.rows, high)
        height = (end - start) / (high - low)
        if height < SMALLEST:
            continue
        name = truncate(clean_line(node.name), LETTERS)
        bars.append(
            Bar(
                node=position,
                level=node.level,
                top=(start - low) / (high - low),
                height=height,
                color=colors[position],
                ink=_contrasting(colors[position]),
                name=name,
                title=f"{name}: {node.rows:,} rows ({node.rows / total:.1%})",
                selected=position == selected,
            )
        )
    return bars


def _span(nodes: Sequence[Node], selected: int | None, total: int) -> tuple[int, int]:
    """The rows that are drawn: of the selected node if there are finer ones within it, else of the node above it."""
    if selected is None:
        return 0, total
    within = any(node.parent == selected for node in nodes)
    outer = selected if within else nodes[selected].parent
    return (0, total) if outer < 0 else (nodes[outer].start, nodes[outer].start + nodes[outer].rows)


def _colors(nodes: Sequence[Node]) -> list[str]:
    """A color for each cluster of the first level that has several, passed on to the finer ones; broader ones are
    grey."""
    by_level = np.bincount([node.level for node in nodes]) if nodes else np.zeros(1, dtype=np.int64)
    level = next((at for at, count in enumerate(by_level) if count >= MANY), len(by_level) - 1)
    colors: list[str] = []
    for node in nodes:
        color = COLORS[node.label % len(COLORS)] if node.level == level else GREY
        colors.append(colors[node.parent] if node.level > level else color)
    return colors


def _contrasting(color: str) -> str:
    """White, or black on colors too light for it (sRGB's relative luminance, about)."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.3 else "#ffffff"
