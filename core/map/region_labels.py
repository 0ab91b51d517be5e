"""Names for regions of a layout, to letter the picture with.

The regions are cut from the two dimensions of the drawing, which distort: they tell a reader where on the map to look,
and are no clusters of the texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.corpus.ctfidf import ClusterNamer, short_name

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
    sample, namer = _sampled(at, seed), ClusterNamer(held, vocabulary)
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
