"""Cluster validity: silhouette, cohesion, separation, neighbor purity, and DBCV for density-based methods."""

from dataclasses import dataclass

import numpy as np

BLOCK_CELLS = 20_000_000  # of rows by clusters at once
PURITY_K = 15  # nearest neighbors of a row
PER_CLUSTER = 2_000  # rows sampled of a cluster: their distances fill 32 MB
NEAREST_CLUSTERS = 30  # clusters, nearest by their means, from which a cluster's gap is measured


def sums(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(c, d) float64: the sum of each cluster's vectors."""
    from scipy.sparse import csr_matrix

    clustered = np.flatnonzero(labels >= 0)
    shape = (int(labels.max(initial=-1)) + 1, len(labels))
    member = csr_matrix((np.ones(len(clustered), dtype=np.float32), (labels[clustered], clustered)), shape=shape)
    return np.asarray(member @ rows, dtype=np.float64)


def centers(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(c, d) float32, unit length: the direction of each cluster's mean vector."""
    totals = sums(rows, labels)
    return (totals / np.maximum(np.linalg.norm(totals, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def silhouettes(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float32 in [-1, 1], higher is better: Rousseeuw's silhouette (1987) with cosine distance; NaN for noise.

    Exact for all rows: the mean cosine distance of a unit vector to a cluster is 1 minus its dot product with the
    cluster's mean vector, so n x c products suffice. A singleton cluster has 0, as in scikit-learn; all have
    0 where there are fewer than two clusters.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=max(int(labels.max(initial=-1)) + 1, 1)).astype(np.float64)
    if (sizes > 0).sum() < 2:
        return np.where(labels >= 0, 0.0, np.nan).astype(np.float32)
    totals, values = sums(rows, labels), np.full(len(labels), np.nan, dtype=np.float32)
    clustered, block = np.flatnonzero(labels >= 0), max(1, BLOCK_CELLS // len(sizes))
    for start in range(0, len(clustered), block):
        part = clustered[start : start + block]
        values[part] = _silhouette_block(rows[part], labels[part], totals, sizes)
    return values


def _silhouette_block(rows: np.ndarray, labels: np.ndarray, totals: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    to_sums, position, singleton = rows.astype(np.float64) @ totals.T, np.arange(len(rows)), sizes[labels] < 2
    # the row itself, at distance 0, is not counted among its cluster
    inner = 1 - (to_sums[position, labels] - 1) / np.where(singleton, 1, sizes[labels] - 1)
    outer = 1 - to_sums / np.where(sizes > 0, sizes, np.nan)
    outer[position, labels] = np.nan
    nearest = np.nanmin(outer, axis=1)
    larger = np.maximum(inner, nearest)
    return np.where(singleton | (larger <= 0), 0.0, (nearest - inner) / np.where(larger > 0, larger, 1))


@dataclass(frozen=True, eq=False)
class ClusterTrust:
    """Figures of c clusters in the original space, each (c,); all over all rows, none sampled.

    sizes: int64 rows. cohesion: float64 mean cosine of two different rows of the cluster, NaN for a single row.
    nearest: int64 the cluster whose center is nearest; separation: float64 cosine of the two centers, lower is better
    separated. silhouette: float64 mean in [-1, 1], higher is better. purity: float64 share of rows' 15 nearest
    neighbors that are in the same cluster. overall_silhouette, overall_purity: means over all rows that are in a
    cluster; noise: rows in none.
    """

    sizes: np.ndarray
    cohesion: np.ndarray
    nearest: np.ndarray
    separation: np.ndarray
    silhouette: np.ndarray
    purity: np.ndarray
    overall_silhouette: float
    overall_purity: float
    noise: int
    k: int


def cluster_trust(rows: np.ndarray, ids: np.ndarray, labels: np.ndarray) -> ClusterTrust:
    """rows: (n, d) unit vectors; ids: (n, k) the neighbor graph; labels: (n,), -1 for noise."""
    clustered, count = labels >= 0, int(labels.max(initial=-1)) + 1
    sizes, totals = np.bincount(labels[clustered], minlength=count), sums(rows, labels)
    nearest, separation = _nearest(totals)
    values, near = silhouettes(rows, labels), ids[:, : min(PURITY_K, ids.shape[1])]
    purity = neighbor_purity(near, labels)
    means = (_means(values, labels, sizes), _means(purity, labels, sizes))
    both = (values[clustered], purity[clustered])
    silhouette, inner = (float(np.mean(measure)) if clustered.any() else float("nan") for measure in both)
    counts = (int((~clustered).sum()), near.shape[1])
    return ClusterTrust(sizes, _cohesion(totals, sizes), nearest, separation, *means, silhouette, inner, *counts)


def neighbor_purity(near: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float64: the share of each row's neighbors near (n, k) that have its label; 0 for noise."""
    if not near.shape[1]:
        return np.ones(len(labels))
    same = (labels[near] == labels[:, None]) & (labels >= 0)[:, None] & (near >= 0)
    return np.asarray(same.mean(axis=1))


def _cohesion(totals: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The mean over pairs from the length of the sum alone: |s|^2 = m + the sum of all m (m - 1) ordered cosines."""
    squared = np.einsum("ij,ij->i", totals, totals)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sizes > 1, (squared - sizes) / (sizes * (sizes - 1.0)), np.nan)


def _nearest(totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(totals) < 2:
        return np.full(len(totals), -1), np.full(len(totals), np.nan)
    directions = totals / np.maximum(np.linalg.norm(totals, axis=1, keepdims=True), 1e-12)
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -np.inf)
    return cosines.argmax(axis=1), cosines.max(axis=1)


def _means(values: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    clustered = labels >= 0
    total = np.bincount(labels[clustered], weights=values[clustered].astype(np.float64), minlength=len(sizes))
    return np.asarray(total / np.maximum(sizes, 1))


@dataclass(frozen=True, eq=False)
class DensityValidity:
    """Density-based cluster validation. overall: float in [-1, 1], higher is better, clusters weighed by their rows
    and noise counted as 0; clusters: (c,) float64 likewise, NaN for a single row. Both NaN where there are fewer than
    two clusters. sampled: rows used, of `clustered` rows in clusters; seed: of the sample."""

    overall: float
    clusters: np.ndarray
    sampled: int
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
    points: np.ndarray, labels: np.ndarray, seed: int = 0, per_cluster: int = PER_CLUSTER, near: int = NEAREST_CLUSTERS
) -> DensityValidity:
    """Density-based cluster validation (Moulavi, Jaskowiak, Campello, Zimek and Sander, 2014), as implemented in
    hdbscan.

    points: (n, d) the space that was clustered, Euclidean; labels: (n,), -1 for noise. A cluster's value is
    (gap - sparseness) / larger of both: sparseness, the longest inner edge of its minimum spanning tree of mutual
    reachability distances; gap, the shortest such distance to an inner point of another cluster. Of larger clusters
    `per_cluster` rows are sampled by the seed; gaps are searched in the `near` clusters with the nearest means: both
    exact where there are fewer. Where distances tie, spanning trees differ, and values with them.
    """
    wide, count = np.asarray(points, dtype=np.float64), int(labels.max(initial=-1)) + 1
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    rows = _sample_rows(labels, count, per_cluster, np.random.default_rng(seed))
    sampled = sum(map(len, rows))
    values = np.full(count, np.nan)
    if (sizes > 0).sum() < 2:
        return DensityValidity(float("nan"), values, sampled, int(sizes.sum()), seed)
    inside = [_inside(wide[rows[label]]) for label in np.flatnonzero(sizes)]
    gaps = _gaps(inside, near)
    sparseness = np.array([cluster.sparseness for cluster in inside])
    larger = np.maximum(gaps, sparseness)
    values[sizes > 0] = np.where(larger > 0, (gaps - sparseness) / np.where(larger > 0, larger, 1), 0.0)
    values[sizes == 1] = np.nan
    overall = float(np.nansum(values * sizes) / len(labels))
    return DensityValidity(overall, values, sampled, int(sizes.sum()), seed)


def _sample_rows(labels: np.ndarray, count: int, limit: int, random: np.random.Generator) -> list[np.ndarray]:
    """Row ids of each cluster, sorted, at most `limit`."""
    clustered = np.flatnonzero(labels >= 0)
    order = clustered[np.argsort(labels[clustered], kind="stable")]
    groups = np.split(order, np.cumsum(np.bincount(labels[clustered], minlength=count))[:-1]) if count else []
    return [rows if len(rows) <= limit else np.sort(random.choice(rows, limit, replace=False)) for rows in groups]


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
    """(m,) all-points core distances (definition 1); duplicates are left out, as in hdbscan."""
    with np.errstate(divide="ignore"):
        closeness = np.where(distances > 0, 1 / distances, 0) ** dims
        mean = closeness.sum(axis=1) / (len(distances) - 1)
        return np.asarray(np.where(mean > 0, mean ** (-1 / dims), 0.0))


def _gaps(inside: list[_Inside], near: int) -> np.ndarray:
    """(c,) the shortest mutual reachability distance from each cluster's inner points to another's."""
    from scipy.spatial import KDTree
    from scipy.spatial.distance import cdist

    means, gaps = np.stack([cluster.points.mean(axis=0) for cluster in inside]), np.full(len(inside), np.inf)
    nearest = KDTree(means).query(means, min(near + 1, len(inside)))[1]
    pairs = {(min(label, int(other)), max(label, int(other))) for label, row in enumerate(nearest) for other in row}
    for first, second in sorted(pair for pair in pairs if pair[0] != pair[1]):
        one, two = inside[first], inside[second]
        reach = np.maximum(cdist(one.points, two.points), np.maximum(one.cores[:, None], two.cores[None, :])).min()
        gaps[[first, second]] = np.minimum(gaps[[first, second]], reach)
    return gaps
