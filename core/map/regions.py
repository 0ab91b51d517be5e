"""Questions about the map's lettering: which regions it has, and where it is dense."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from core.clusters.cluster_set import cluster_set
from core.clusters.methods import ClusterParams
from core.corpus.ctfidf import Namer, short_name
from core.corpus.filters import coded
from core.corpus.loaders import load_corpus
from core.corpus.terms import load_terms
from core.errors import InputError
from core.map.service import LayoutKey, stored_layout
from core.vectors.communities import RESOLUTIONS

SHARES = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
MIN_CONTOUR_ROWS = 30
MAX_VERTICES = 4_000
OUTLYING = 0.001  # share of the rows at each end (two at least) that don't widen the grid, or strays would blur all
MARGIN = 0.15  # of the grid's width, so that the lines close


@dataclass(frozen=True, eq=False)
class Contour:
    """A highest-density region's edge. share: of all rows that lie inside. lines: closed, (k, 2) float32 each, in
    layout units; a line inside another one is a hole or an island (even-odd rule)."""

    share: float
    lines: tuple[np.ndarray, ...]


def density_contours(points: np.ndarray, shares: Sequence[float] = SHARES, cells: int = 128) -> tuple[Contour, ...]:
    """The edges of the smallest areas of points (n, 2) that hold these shares of the rows; outermost last.

    Highest-density regions by the quantiles of the density at the rows (Hyndman, 1996); the density is a histogram of
    cells x cells smoothed by a Gaussian (scipy), the lines are contourpy's (marching squares). All lines together have
    about 4,000 vertices at most. Rows with NaN are left out; nothing for under 30 rows or rows all at one place.
    """
    placed = np.asarray(points[np.isfinite(points).all(axis=1)], dtype=np.float64)
    if len(placed) < MIN_CONTOUR_ROWS or not np.ptp(placed, axis=0).any():
        return ()
    centers, density = _density(placed, cells)
    at_rows = _at(placed, centers, density)
    return _thinned([(share, _lines(centers, density, np.quantile(at_rows, 1 - share))) for share in shares])


def _density(points: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Centers (2, cells) of a grid of square cells, x and y, and the smoothed counts (cells, cells), x first."""
    from scipy.ndimage import gaussian_filter

    trimmed = max(OUTLYING, 2 / len(points))
    low, high = np.quantile(points, [trimmed, 1 - trimmed], axis=0, method="nearest")
    if not (high > low).any():  # nearly all rows at one place
        low, high = points.min(axis=0), points.max(axis=0)
    half = (high - low).max() * (0.5 + MARGIN)
    edges = ((low + high) / 2)[:, None] + np.linspace(-half, half, cells + 1)
    counts = np.histogram2d(points[:, 0], points[:, 1], bins=[edges[0], edges[1]])[0]
    # Scott's (1992) n ** (-1/6), from half the spread that a normal distribution would have: maps have many heaps
    sigma = max(1.0, cells / 12 * len(points) ** (-1 / 6))
    return (edges[:, :-1] + edges[:, 1:]) / 2, gaussian_filter(counts, sigma, mode="constant")


def _at(points: np.ndarray, centers: np.ndarray, density: np.ndarray) -> np.ndarray:
    """The density at each point, linear between cells as the lines are; 0 outside of the grid."""
    from scipy.ndimage import map_coordinates

    step = centers[:, 1] - centers[:, 0]
    return np.asarray(map_coordinates(density, ((points - centers[:, 0]) / step).T, order=1, mode="constant"))


def _lines(centers: np.ndarray, density: np.ndarray, level: float) -> list[np.ndarray]:
    from contourpy import contour_generator

    lines: Any = contour_generator(centers[0], centers[1], density.T).lines(float(level))
    return list(lines)


def _thinned(contours: list[tuple[float, list[np.ndarray]]]) -> tuple[Contour, ...]:
    """Every k-th vertex, the ends kept, so that the total stays in bounds; rings left with no area are dropped."""
    step = ceil(sum(len(line) for _, lines in contours for line in lines) / MAX_VERTICES) or 1
    thin = [(share, [np.concatenate([line[:-1:step], line[-1:]]) for line in lines]) for share, lines in contours]
    return tuple(
        Contour(share, tuple(line.astype(np.float32) for line in lines if len(line) >= 4)) for share, lines in thin
    )


if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

COUNTS = (8, 32, 128)  # regions a level, coarse first
MIN_ROWS = 30  # smaller maps have no regions
ROWS_A_REGION = 15
FINER = 1.5  # a level must have this many times the regions of the one before
SAMPLED = 20_000  # rows the centers are fitted on
MOST_LABELS = 60
LABEL_SHARE = 0.002


@dataclass(frozen=True)
class Region:
    """A label. x, y: the place of a row in the region's densest part, in layout units. level: 0 is the coarsest. rows:
    how many lie in it."""

    text: str
    x: float
    y: float
    level: int
    rows: int


def map_regions(
    points: np.ndarray, terms: "csr_matrix", vocabulary: Sequence[str], counts: Sequence[int] = COUNTS, seed: int = 0
) -> tuple[Region, ...]:
    """Regions of points (n, 2) at up to three levels, named by what their rows say more than others; largest first.

    terms (n, t) of 0 and 1, vocabulary: of document_terms. Regions are the cells of k-means (scikit-learn) on the two
    dimensions, at least 15 rows each on average. Names are the best terms by class-based TF-IDF; a region without any
    has no label, and none repeats the name of the region around it. Rows with NaN are left out.
    """
    placed = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(placed) < MIN_ROWS:
        return ()
    at, held = np.asarray(points[placed], dtype=np.float64), terms[placed]
    sample, namer = _sampled(at, seed), Namer(held, vocabulary)
    found: list[Region] = []
    above, names = np.zeros(len(at), dtype=np.int64), [""]
    for level, count in enumerate(_level_counts(sample, len(at), counts)):
        labels = _kmeans(at, sample, count, seed)
        parents = [names[_most_common(above[labels == each])] for each in range(count)]
        names = namer.names(labels, parents)
        found += _lettered(at, labels, names, level)
        above = labels
    return tuple(found)


def regions_by_label(points: np.ndarray, codes: np.ndarray, names: Sequence[str]) -> tuple[Region, ...]:
    """One label for each category of codes (n,), -1 for missing, at its densest place; all at level 0, largest first.

    The 60 largest categories, of those with at least 3 rows and 0.2% of all. Rows with NaN points are left out.
    """
    placed = np.flatnonzero(np.isfinite(points).all(axis=1))
    at, labels = np.asarray(points[placed], dtype=np.float64), np.asarray(codes)[placed]
    sizes = np.bincount(labels[labels >= 0], minlength=len(names))
    largest = np.argsort(-sizes, kind="stable")[:MOST_LABELS]
    kept = {int(code) for code in largest if sizes[code] >= max(3, LABEL_SHARE * len(at))}
    texts = [short_name(str(name)) if code in kept else "" for code, name in enumerate(names)]
    return tuple(_lettered(at, labels, texts, 0))


def _sampled(at: np.ndarray, seed: int) -> np.ndarray:
    if len(at) <= SAMPLED:
        return at
    return at[np.random.default_rng(seed).choice(len(at), SAMPLED, replace=False)]


def _level_counts(sample: np.ndarray, rows: int, counts: Sequence[int]) -> list[int]:
    """How many regions each level has; a level that would hardly be finer than the one before is left out."""
    # k-means can't make more regions than there are places, and duplicates share one
    most = min(rows // ROWS_A_REGION, len(np.unique(sample, axis=0)))
    levels: list[int] = []
    for count in counts:
        bounded = min(count, most)
        if not levels or bounded >= FINER * levels[-1]:
            levels.append(bounded)
    return levels


def _kmeans(at: np.ndarray, sample: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(n,) the region of each row, by centers fitted on the sample."""
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(count, n_init=1, random_state=seed).fit(sample).predict(at), dtype=np.int64)


def _most_common(labels: np.ndarray) -> int:
    return int(np.bincount(labels).argmax()) if len(labels) else 0


def _lettered(at: np.ndarray, labels: np.ndarray, names: Sequence[str], level: int) -> list[Region]:
    """The named regions, largest first."""
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(len(names) + 1))
    regions = []
    for code, name in enumerate(names):
        members = at[order[starts[code] : starts[code + 1]]]
        if name and len(members):
            x, y = densest_place(members)
            regions.append(Region(name, x, y, level, len(members)))
    return sorted(regions, key=lambda region: -region.rows)


def densest_place(members: np.ndarray) -> tuple[float, float]:
    """The place of one of the members (m, 2), m > 0, near the middle of the fullest part of a coarse histogram."""
    from scipy.ndimage import gaussian_filter

    side = int(np.clip(np.sqrt(len(members) / 5), 1, 32))  # at least 5 members a cell on average
    low, span = members.min(axis=0), np.ptp(members, axis=0)
    cells = ((members - low) / np.where(span > 0, span, 1) * side).astype(np.int64).clip(0, side - 1)
    flat = cells @ np.array([side, 1])
    counts = np.bincount(flat, minlength=side * side).reshape(side, side).astype(np.float64)
    # smoothed, so that the fullest cell is one amid full cells; only cells with members count
    smooth = np.where(counts > 0, gaussian_filter(counts, 1.0, mode="constant"), 0.0)
    middle = np.median(members[flat == smooth.argmax()], axis=0)
    x, y = members[np.square(members - middle).sum(axis=1).argmin()]
    return float(x), float(y)


GROUPS = "\x00groups."  # no column's name: regions are the groups of a level, whose number follows


@lru_cache(maxsize=16)
def regions(place: LayoutKey, column: str = "") -> tuple[Region, ...]:
    """Labels of a kept layout: by the words of its texts, or for each value of a column.

    Raises StorageError where the layout is not kept, InputError for a column that isn't there.
    """
    if column.startswith(GROUPS):
        return _group_regions(place, column.removeprefix(GROUPS))
    if not column:
        return map_regions(_points(place), *load_terms(place.corpus))
    table = load_corpus(place.corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}" to name regions by.', "Choose another.")
    codes, names = coded(table[column])
    return regions_by_label(_points(place), codes, [str(name) for name in names])


@lru_cache(maxsize=8)
def contours(place: LayoutKey) -> tuple[Contour, ...]:
    """Lines around the densest parts of a kept layout. Raises StorageError where it is not kept."""
    return density_contours(_points(place))


def _group_regions(place: LayoutKey, value: str) -> tuple[Region, ...]:
    """The groups of a level, and when zoomed in those of the next finer one."""
    found: list[Region] = []
    chosen = int(value.partition(".")[0])
    for step, level in enumerate((chosen, min(chosen + 1, len(RESOLUTIONS) - 1))):
        if step and level == chosen:
            continue
        told = cluster_set(place.corpus, place.model, ClusterParams(level=level))
        found += [replace(each, level=step) for each in regions_by_label(_points(place), told.labels, told.names)]
    return tuple(found)


def _points(place: LayoutKey) -> np.ndarray:
    return np.asarray(stored_layout(place).points)[:, :2]
