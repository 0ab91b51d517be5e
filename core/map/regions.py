"""Region labels and density contours of a layout.

Regions are cut from the two dimensions that are drawn, which distort: they help a reader to navigate, and are no
clusters of the texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import Any

import numpy as np

from core.clusters.service import ClusterParams, cluster_set
from core.corpus.ctfidf import NAME_COVERAGE, ClusterNamer, short_name
from core.corpus.filters import factorize_texts
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.corpus.terms import load_terms
from core.errors import InputError
from core.map.service import LayoutKey, stored_layout
from core.vectors.communities import RESOLUTIONS

CLUSTER_LABELS = "\x00groups."  # no column is called so; the clusters' level follows
COUNTS = (8, 32, 128)  # regions a level, coarse first
MIN_ROWS = 30  # smaller maps have no regions
ROWS_PER_REGION = 15
MIN_REFINEMENT = 1.5  # a level must have this many times the regions of the one before
MAX_SAMPLE = 20_000  # rows the centers are fitted on
MAX_LABELS = 60
MIN_LABEL_SHARE = 0.002
SHARES = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
MIN_CONTOUR_ROWS = 30
MAX_VERTICES = 4_000
OUTLYING_SHARE = 0.001  # rows at each end (two at least) that don't widen the grid, or outliers would blur it
MARGIN = 0.15  # of the grid's width, so that the lines close


@dataclass(frozen=True)
class Region:
    """A label. x, y: position of a row in the region's densest part, in layout units. level: 0 is the coarsest. rows:
    how many lie in it."""

    text: str
    x: float
    y: float
    level: int
    rows: int


@dataclass(frozen=True, eq=False)
class Contour:
    """A highest-density region's edge. share: of all rows that lie inside. lines: closed, (k, 2) float32 each, in
    layout units; a line inside another one is a hole or an island (even-odd rule)."""

    share: float
    lines: tuple[np.ndarray, ...]


@lru_cache(maxsize=16)
def layout_regions(layout_key: LayoutKey, column: str = "") -> tuple[Region, ...]:
    """Region labels of a stored layout: by distinctive terms, or one for each value of a column or cluster.

    Raises StorageError where the layout is not stored, InputError for a column that isn't there.
    """
    if column.startswith(CLUSTER_LABELS):
        return _cluster_regions(layout_key, column.removeprefix(CLUSTER_LABELS))
    if not column:
        return map_regions(_points(layout_key), *load_terms(layout_key.corpus))
    table = load_corpus(layout_key.corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}" to name regions by.', "Choose another.")
    if sets := label_sets(table[column]):
        return regions_by_label(_points(layout_key)[sets.rows], sets.codes, sets.names)
    codes, names = factorize_texts(table[column])
    return regions_by_label(_points(layout_key), codes, [str(name) for name in names])


@lru_cache(maxsize=8)
def layout_contours(layout_key: LayoutKey) -> tuple[Contour, ...]:
    """Density contours of a stored layout. Raises StorageError where it is not stored."""
    return density_contours(_points(layout_key))


def _cluster_regions(layout_key: LayoutKey, value: str) -> tuple[Region, ...]:
    """The clusters of a level, and for zooming in those of the next finer one."""
    labels: list[Region] = []
    selected_level = int(value.partition(".")[0])
    for depth, level in enumerate(sorted({selected_level, min(selected_level + 1, len(RESOLUTIONS) - 1)})):
        clusters = cluster_set(layout_key.corpus, layout_key.model, ClusterParams(level=level))
        regions = regions_by_label(_points(layout_key), clusters.labels, clusters.names)
        labels += [replace(region, level=depth) for region in regions]
    return tuple(labels)


def _points(layout_key: LayoutKey) -> np.ndarray:
    return np.asarray(stored_layout(layout_key).points)[:, :2]


def map_regions(
    points: np.ndarray, terms: Any, vocabulary: Sequence[str], counts: Sequence[int] = COUNTS, seed: int = 0
) -> tuple[Region, ...]:
    """Regions of points (n, 2) at up to three levels, named by their distinctive terms; largest first.

    terms (n, t) sparse, vocabulary: of document_terms. Regions are the cells of k-means (scikit-learn) on the two
    dimensions, at least 15 rows each on average. Names are the best terms by class-based TF-IDF; a region without any
    has no label, and none repeats the name of the region around it. Rows with NaN are left out.
    """
    finite = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(finite) < MIN_ROWS:
        return ()
    located, row_terms = np.asarray(points[finite], dtype=np.float64), terms[finite]
    sample, namer = _sampled(located, seed), ClusterNamer(row_terms, vocabulary)
    named: list[Region] = []
    parent_labels, names = np.zeros(len(located), dtype=np.int64), [""]
    for level, count in enumerate(_level_counts(sample, len(located), counts)):
        labels = _kmeans(located, sample, count, seed)
        inside = (parent_labels[labels == region] for region in range(count))
        parents = [names[np.bincount(parent_label, minlength=1).argmax()] for parent_label in inside]
        # an island without a name would look like a fault: the coarsest regions are named by whatever is distinctive
        names = namer.names(labels, parents, 0.0 if level == 0 else NAME_COVERAGE)
        named += _named_regions(located, labels, names, level)
        parent_labels = labels
    return tuple(named)


def regions_by_label(points: np.ndarray, codes: np.ndarray, names: Sequence[str]) -> tuple[Region, ...]:
    """One label for each category of codes (n,), -1 for missing, at its densest point; all at level 0, largest first.

    The 60 largest categories, of those with at least 3 rows and 0.2% of all. Rows with NaN points are left out.
    """
    finite = np.flatnonzero(np.isfinite(points).all(axis=1))
    located, labels = np.asarray(points[finite], dtype=np.float64), np.asarray(codes)[finite]
    sizes = np.bincount(labels[labels >= 0], minlength=len(names))
    largest = np.argsort(-sizes, kind="stable")[:MAX_LABELS]
    labeled = {int(code) for code in largest if sizes[code] >= max(3, MIN_LABEL_SHARE * len(located))}
    texts = [short_name(str(name)) if code in labeled else "" for code, name in enumerate(names)]
    return tuple(_named_regions(located, labels, texts, 0))


def _sampled(points: np.ndarray, seed: int) -> np.ndarray:
    if len(points) <= MAX_SAMPLE:
        return points
    return points[np.random.default_rng(seed).choice(len(points), MAX_SAMPLE, replace=False)]


def _level_counts(sample: np.ndarray, rows: int, counts: Sequence[int]) -> list[int]:
    """How many regions each level has; a level that would hardly be finer than the one before is left out."""
    # k-means can't make more regions than there are distinct points
    max_regions = min(rows // ROWS_PER_REGION, len(np.unique(sample, axis=0)))
    levels: list[int] = []
    for count in counts:
        bounded = min(count, max_regions)
        if not levels or bounded >= MIN_REFINEMENT * levels[-1]:
            levels.append(bounded)
    return levels


def _kmeans(points: np.ndarray, sample: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(n,) the region of each row, by centers fitted on the sample."""
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(count, n_init=1, random_state=seed).fit(sample).predict(points), dtype=np.int64)


def _named_regions(points: np.ndarray, labels: np.ndarray, names: Sequence[str], level: int) -> list[Region]:
    """The named regions, largest first."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(len(names) + 1))
    regions = []
    for code, name in enumerate(names):
        members = points[order[starts[code] : starts[code + 1]]]
        if name and len(members):
            x, y = densest_point(members)
            regions.append(Region(name, x, y, level, len(members)))
    return sorted(regions, key=lambda region: -region.rows)


def densest_point(members: np.ndarray) -> tuple[float, float]:
    """One of the points (m, 2), m > 0, near the median of the fullest part of a coarse histogram."""
    from scipy.ndimage import gaussian_filter

    side = int(np.clip(np.sqrt(len(members) / 5), 1, 32))  # at least 5 members a cell on average
    low, span = members.min(axis=0), np.ptp(members, axis=0)
    cells = ((members - low) / np.where(span > 0, span, 1) * side).astype(np.int64).clip(0, side - 1)
    flat = cells @ np.array([side, 1])
    counts = np.bincount(flat, minlength=side * side).reshape(side, side).astype(np.float64)
    # smoothed, so that the fullest cell lies among full cells; only cells with points count
    smooth = np.where(counts > 0, gaussian_filter(counts, 1.0, mode="constant"), 0.0)
    middle = np.median(members[flat == smooth.argmax()], axis=0)
    x, y = members[np.square(members - middle).sum(axis=1).argmin()]
    return float(x), float(y)


def density_contours(points: np.ndarray, shares: Sequence[float] = SHARES, cells: int = 128) -> tuple[Contour, ...]:
    """The edges of the smallest areas of points (n, 2) that hold these shares of the rows; outermost last.

    Highest-density regions by the quantiles of the density at the rows (Hyndman, 1996); the density is a histogram of
    cells x cells smoothed by a Gaussian (scipy), the lines are contourpy's (marching squares). All lines together have
    about 4,000 vertices at most. Rows with NaN are ignored; none for fewer than 30 rows or identical points.
    """
    finite = np.asarray(points[np.isfinite(points).all(axis=1)], dtype=np.float64)
    if len(finite) < MIN_CONTOUR_ROWS or not np.ptp(finite, axis=0).any():
        return ()
    centers, density = _density(finite, cells)
    at_rows = _density_at(finite, centers, density)
    return _simplified([(share, _lines(centers, density, np.quantile(at_rows, 1 - share))) for share in shares])


def _density(points: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Centers (2, cells) of a grid of square cells, x and y, and the smoothed counts (cells, cells), x first."""
    from scipy.ndimage import gaussian_filter

    trimmed = max(OUTLYING_SHARE, 2 / len(points))
    low, high = np.quantile(points, [trimmed, 1 - trimmed], axis=0, method="nearest")
    if not (high > low).any():  # nearly all points coincide
        low, high = points.min(axis=0), points.max(axis=0)
    half = (high - low).max() * (0.5 + MARGIN)
    edges = ((low + high) / 2)[:, None] + np.linspace(-half, half, cells + 1)
    counts = np.histogram2d(points[:, 0], points[:, 1], bins=[edges[0], edges[1]])[0]
    # Scott's (1992) n ** (-1/6), from half the spread that a normal distribution would have: layouts have many modes
    sigma = max(1.0, cells / 12 * len(points) ** (-1 / 6))
    return (edges[:, :-1] + edges[:, 1:]) / 2, gaussian_filter(counts, sigma, mode="constant")


def _density_at(points: np.ndarray, centers: np.ndarray, density: np.ndarray) -> np.ndarray:
    """The density at each point, linear between cells as the lines are; 0 outside of the grid."""
    from scipy.ndimage import map_coordinates

    step = centers[:, 1] - centers[:, 0]
    return np.asarray(map_coordinates(density, ((points - centers[:, 0]) / step).T, order=1, mode="constant"))


def _lines(centers: np.ndarray, density: np.ndarray, level: float) -> list[np.ndarray]:
    from contourpy import contour_generator

    lines: Any = contour_generator(centers[0], centers[1], density.T).lines(float(level))
    return list(lines)


def _simplified(contours: list[tuple[float, list[np.ndarray]]]) -> tuple[Contour, ...]:
    """Every k-th vertex and the ends, so that the total stays bounded; rings without area are dropped."""
    step = ceil(sum(len(line) for _, lines in contours for line in lines) / MAX_VERTICES) or 1
    simplified: list[Contour] = []
    for share, lines in contours:
        thinned = [np.concatenate([line[:-1:step], line[-1:]]).astype(np.float32) for line in lines]
        simplified.append(Contour(share, tuple(line for line in thinned if len(line) >= 4)))
    return tuple(simplified)
