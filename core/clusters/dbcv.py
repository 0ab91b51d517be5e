"""DBCV: are the clusters of a density method denser inside than the gaps between them?"""

from dataclasses import dataclass

import numpy as np

PER_CLUSTER = 2_000  # rows of a cluster that are looked at: its distances fill 32 MB
NEAR = 30  # clusters, nearest by their means, from which a cluster's gap is measured


@dataclass(frozen=True, eq=False)
class Validity:
    """Density-based cluster validation. overall: float in [-1, 1], higher is better, clusters weighed by their rows
    and noise counted as 0; clusters: (c,) float64 likewise, NaN for a single row. Both NaN where there are fewer than
    two clusters. looked: rows looked at, of `clustered` rows in clusters; seed: that drew them."""

    overall: float
    clusters: np.ndarray
    looked: int
    clustered: int
    seed: int


@dataclass(frozen=True, eq=False)
class _Inside:
    """A cluster's inner points (those with two neighbors or more in its spanning tree), their core distances, and the
    longest edge between them."""

    points: np.ndarray
    cores: np.ndarray
    sparseness: float


def dbcv(
    points: np.ndarray, labels: np.ndarray, seed: int = 0, per_cluster: int = PER_CLUSTER, near: int = NEAR
) -> Validity:
    """Density-based cluster validation (Moulavi, Jaskowiak, Campello, Zimek and Sander, 2014), as hdbscan counts it.

    points: (n, d) the space that was clustered, Euclidean; labels: (n,), -1 for noise. A cluster's value is
    (gap - sparseness) / larger of both: sparseness, the longest inner edge of its minimum spanning tree of mutual
    reachability distances; gap, the shortest such distance to an inner point of another cluster. Of larger clusters
    `per_cluster` rows are drawn by the seed; gaps are looked for in the `near` clusters with the nearest means: both
    exact where there are fewer. Where distances tie, spanning trees differ, and values with them.
    """
    wide, count = np.asarray(points, dtype=np.float64), int(labels.max(initial=-1)) + 1
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    rows = _drawn(labels, count, per_cluster, np.random.default_rng(seed))
    looked = sum(map(len, rows))
    values = np.full(count, np.nan)
    if (sizes > 0).sum() < 2:
        return Validity(float("nan"), values, looked, int(sizes.sum()), seed)
    inside = [_inside(wide[rows[label]]) for label in np.flatnonzero(sizes)]
    gaps = _gaps(inside, near)
    values[sizes > 0] = [_value(gap, each) for gap, each in zip(gaps, inside, strict=True)]
    values[sizes == 1] = np.nan
    overall = float(np.nansum(values * sizes) / len(labels))
    return Validity(overall, values, looked, int(sizes.sum()), seed)


def _drawn(labels: np.ndarray, count: int, most: int, random: np.random.Generator) -> list[np.ndarray]:
    """Row ids of each cluster, sorted, at most so many."""
    known = np.flatnonzero(labels >= 0)
    order = known[np.argsort(labels[known], kind="stable")]
    groups = np.split(order, np.cumsum(np.bincount(labels[known], minlength=count))[:-1]) if count else []
    return [rows if len(rows) <= most else np.sort(random.choice(rows, most, replace=False)) for rows in groups]


def _inside(points: np.ndarray) -> _Inside:
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial.distance import cdist

    if len(points) < 2:
        return _Inside(points, np.zeros(len(points)), 0.0)
    distances = cdist(points, points)
    cores = _core_distances(distances, points.shape[1])
    reach = np.maximum(distances, np.maximum(cores[:, None], cores[None, :]))
    np.fill_diagonal(reach, 0)
    tree = minimum_spanning_tree(reach, overwrite=True).tocoo()
    inner = np.bincount(np.concatenate([tree.row, tree.col]), minlength=len(points)) > 1
    inner[0] |= not inner.any()  # two points have no inner edge: one of them and the edge there is, as hdbscan does
    edges = tree.data[inner[tree.row] & inner[tree.col]]
    longest = (edges if len(edges) else tree.data).max(initial=0.0)
    return _Inside(points[inner], cores[inner], float(longest))


def _core_distances(distances: np.ndarray, dims: int) -> np.ndarray:
    """(m,) all-points core distances, definition 1; rows at the same place are left out, as in hdbscan."""
    with np.errstate(divide="ignore"):
        closeness = np.where(distances > 0, 1 / distances, 0) ** dims
        mean = closeness.sum(axis=1) / (len(distances) - 1)
        return np.asarray(np.where(mean > 0, mean ** (-1 / dims), 0.0))


def _gaps(inside: list[_Inside], near: int) -> np.ndarray:
    """(c,) the shortest mutual reachability distance from each cluster's inner points to another's."""
    from scipy.spatial import KDTree
    from scipy.spatial.distance import cdist

    means, gaps = np.stack([each.points.mean(axis=0) for each in inside]), np.full(len(inside), np.inf)
    nearest = KDTree(means).query(means, min(near + 1, len(inside)))[1]
    pairs = {(min(own, int(other)), max(own, int(other))) for own, row in enumerate(nearest) for other in row}
    for first, second in sorted(pair for pair in pairs if pair[0] != pair[1]):
        one, two = inside[first], inside[second]
        reach = np.maximum(cdist(one.points, two.points), np.maximum(one.cores[:, None], two.cores[None, :])).min()
        gaps[[first, second]] = np.minimum(gaps[[first, second]], reach)
    return gaps


def _value(gap: float, inside: _Inside) -> float:
    larger = max(gap, inside.sparseness)
    return (gap - inside.sparseness) / larger if larger > 0 else 0.0
