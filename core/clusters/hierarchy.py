"""The hierarchy of a clustering as nodes, and as the bars of an icicle chart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.clusters.methods import ClusterParams
from core.clusters.service import cluster_set
from core.palette import COLORS, GREY
from core.text import clean_line, truncate
from core.types import CorpusRef, ModelSpec

NAME_LENGTH = 60  # of a cluster's name
MIN_COLORED = 5  # clusters of the coarsest level that is colored
MIN_HEIGHT = 0.001  # share of the height below which a bar is not drawn: half a pixel


@dataclass(frozen=True)
class Node:
    """A cluster in the hierarchy. parent: its index among the nodes, -1 for a root. start: offset of its rows."""

    level: int
    label: int
    parent: int
    name: str
    rows: int
    start: int


def hierarchy(corpus: CorpusRef, model: ModelSpec, params: ClusterParams) -> tuple[Node, ...]:
    """The levels from the coarsest to the selected one as nodes, siblings together, larger ones first."""
    clusters = cluster_set(corpus, model, params)
    if clusters.levels is None:
        stack, names = clusters.labels[None], [clusters.names]
    else:
        stack = clusters.levels[: params.level + 1]
        upper = [replace(params, level=level) for level in range(params.level)]
        names = [*(cluster_set(corpus, model, coarser).names for coarser in upper), clusters.names]
    return _nodes(stack, names)


def _nodes(stack: np.ndarray, names: list[tuple[str, ...]]) -> tuple[Node, ...]:
    """Nodes level by level; each parent's children lie within its span, the larger ones first."""
    nodes: list[Node] = []
    above = {-1: (-1, 0)}  # label -> (its index among the nodes, offset of its rows)
    parents = np.full(stack.shape[1], -1)
    for level, labels in enumerate(stack):
        clustered = labels >= 0
        sizes = np.bincount(labels[clustered])
        first = np.full(len(sizes), -1)
        first[labels[clustered]] = parents[clustered]
        here, filled = {}, {parent: start for parent, (_, start) in above.items()}
        for label in np.argsort(-sizes, kind="stable"):
            parent = int(first[label])
            here[int(label)] = (len(nodes), filled[parent])
            name, rows = names[level][label], int(sizes[label])
            nodes.append(Node(level, int(label), above[parent][0], name, rows, filled[parent]))
            filled[parent] += rows
        above, parents = here, labels
    return tuple(nodes)


@dataclass(frozen=True)
class Bar:
    """A drawn node. node: its index among the nodes. top, height: shares of the icicle's height, from the
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
    """The bars of a hierarchy, without those too low to see.

    selected: the position of a node. The icicle is zoomed to the rows of that node, or of its parent where it has no
    children.
    """
    total = max((node.start + node.rows for node in nodes), default=1)
    (low, high), colors, bars = _span(nodes, selected, total), _colors(nodes), []
    for position, node in enumerate(nodes):
        start, end = max(node.start, low), min(node.start + node.rows, high)
        height = (end - start) / (high - low)
        if height < MIN_HEIGHT:
            continue
        top, color, name = (start - low) / (high - low), colors[position], truncate(clean_line(node.name), NAME_LENGTH)
        title = f"{name}: {node.rows:,} rows ({node.rows / total:.1%})"
        texts = (color, _contrasting(color), name, title)
        bars.append(Bar(position, node.level, top, height, *texts, selected=position == selected))
    return bars


def _span(nodes: Sequence[Node], selected: int | None, total: int) -> tuple[int, int]:
    """The rows that are drawn: of the selected node where it has children, else of its parent."""
    if selected is None:
        return 0, total
    within = any(node.parent == selected for node in nodes)
    outer = selected if within else nodes[selected].parent
    return (0, total) if outer < 0 else (nodes[outer].start, nodes[outer].start + nodes[outer].rows)


def _colors(nodes: Sequence[Node]) -> list[str]:
    """A color for each cluster of the first level with several, inherited by the finer ones; coarser ones are grey."""
    by_level = np.bincount([node.level for node in nodes]) if nodes else np.zeros(1, dtype=np.int64)
    level = next((at for at, count in enumerate(by_level) if count >= MIN_COLORED), len(by_level) - 1)
    colors: list[str] = []
    for node in nodes:
        color = COLORS[node.label % len(COLORS)] if node.level == level else GREY
        colors.append(colors[node.parent] if node.level > level else color)
    return colors


def _contrasting(color: str) -> str:
    """White, or black on colors too light for it (sRGB's relative luminance, about)."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return "#000000" if 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2 > 0.3 else "#ffffff"
