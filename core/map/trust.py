"""How well a layout preserves neighborhoods (trustworthiness, kNN preservation), and alignment of layouts."""

import numpy as np

from core.errors import InputError
from core.types import Neighbors, Trust, Vectors
from core.vectors.pca import all_cores

MAX_ROWS = 200_000  # preservation is measured on all rows up to this many, else on a sample of as many
MAX_PAIRS = 100_000_000  # similarities ranked for trustworthiness: one to two seconds
MIN_SAMPLE = 300
BLOCK_PAIRS = 25_000_000  # similarities held at once: 100 MB


def measure_trust(
    vectors: Vectors, neighbors: Neighbors | None, points: np.ndarray, k: int = 15, sample: int = 3000, seed: int = 0
) -> Trust:
    """Trustworthiness and kNN preservation of points (n, dims) against cosine in the original space.

    Trustworthiness (Venna and Kaski 2001), as scikit-learn's: for `Trust.sample` rows drawn with `seed`, ranked
    against all n (at most `sample`, fewer where n is large). Preservation: the share of each row's k nearest
    neighbors, from the shared graph, among its k nearest in the layout, over all rows up to 200,000, else over
    as many drawn ones; `per_point` holds it. neighbors: None measures both on `Trust.sample` rows, by exact search.
    k is lowered to what n and the graph allow: k < n / 2. Of 1 or 2 rows
    every neighborhood is preserved. Raises InputError unless vectors, neighbors and points have as many rows.
    """
    n = len(vectors)
    graph_rows = len(points) if neighbors is None else len(neighbors.ids)
    if not n == graph_rows == len(points):
        raise InputError(f"{n:,} vectors, {graph_rows:,} neighbor rows and {len(points):,} points don't match.")
    k = min(k, (n - 1) // 2, n if neighbors is None else neighbors.k)
    if k < 1:
        return Trust(1.0, 1.0, 1.0, max(n - 1, 0), n, n, np.ones(n, np.float32))
    rng = np.random.default_rng(seed)
    measured = min(n, MAX_ROWS)
    size = min(measured, sample, max(MIN_SAMPLE, MAX_PAIRS // n))
    rows = np.sort(rng.choice(n, size if neighbors is None else measured, replace=False))
    near = layout_neighbors(points, rows, k, seed)
    original = _nearest(vectors.rows, rows, k) if neighbors is None else neighbors.ids[rows, :k]
    per_point = np.full(n, np.nan, np.float32)
    per_point[rows] = neighbor_preservation(original, near)
    drawn = np.sort(rng.choice(len(rows), size, replace=False))
    trustworthiness = _trustworthiness(vectors.rows, rows[drawn], near[drawn])
    return Trust(trustworthiness, float(np.mean(per_point[rows], dtype=float)), k / (n - 1), k, size, n, per_point)


def layout_neighbors(points: np.ndarray, rows: np.ndarray, k: int, seed: int = 0) -> np.ndarray:
    """(len(rows), k) ids of the nearest other points of each of `rows`, nearest first, by a k-d tree."""
    from scipy.spatial import cKDTree

    points = _without_ties(np.asarray(points, np.float64), seed)
    ids = cKDTree(points).query(points[rows], k=k + 1, workers=-1)[1]
    keep = ids != rows[:, None]
    keep[keep.all(axis=1), -1] = False
    return ids[keep].reshape(len(rows), k)


def neighbor_preservation(original: np.ndarray, layout: np.ndarray) -> np.ndarray:
    """(q,) float32, the share of each row's original neighbors (q, k) among its layout neighbors (q, k)."""
    hits = np.zeros(original.shape, bool)
    for column in layout.T:
        hits |= original == column[:, None]
    return hits.mean(axis=1, dtype=np.float32)


def _nearest(vectors: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """(len(rows), k) ids of the nearest other rows of each of `rows`, in any order, by exact search."""
    nearest, size = np.empty((len(rows), k), np.int64), max(1, BLOCK_PAIRS // len(vectors))
    with all_cores():
        for start in range(0, len(rows), size):
            block = rows[start : start + size]
            similar = vectors[block] @ vectors.T
            similar[np.arange(len(block)), block] = -np.inf
            nearest[start : start + size] = [np.argpartition(line, -k)[-k:] for line in similar]
    return nearest


def _without_ties(points: np.ndarray, seed: int) -> np.ndarray:
    """Points that coincide get tiny random offsets: ties are fair, and the tree stays fast."""
    if len(np.unique(points, axis=0)) == len(points):
        return points
    span = float(np.ptp(points, axis=0).max()) or 1.0
    return points + np.random.default_rng(seed).normal(scale=1e-7 * span, size=points.shape)


def _trustworthiness(vectors: np.ndarray, rows: np.ndarray, near: np.ndarray) -> float:
    """1 less the mean excess rank, scaled, of layout neighbors that are no neighbors in the original space."""
    n, k = len(vectors), near.shape[1]
    with all_cores():
        size = max(1, BLOCK_PAIRS // n)
        blocks = range(0, len(rows), size)
        excess = sum(_excess(vectors, rows[i : i + size], near[i : i + size]) for i in blocks)
    return 1.0 - 2.0 * excess / (len(rows) * k * (2.0 * n - 3.0 * k - 1.0))


def _excess(vectors: np.ndarray, rows: np.ndarray, near: np.ndarray) -> int:
    """Sum over layout neighbors of their rank in the original space beyond k (rank 1 is the nearest)."""
    similar = vectors[rows] @ vectors.T
    similar[np.arange(len(rows)), rows] = np.inf  # always counted, so that the nearest other row has rank 1
    neighbor_similarities = np.take_along_axis(similar, near, axis=1)
    # counting beats sorting: each line stays in the processor's cache
    pairs = zip(similar, neighbor_similarities, strict=True)
    ranks = [np.count_nonzero(line > value) for line, values in pairs for value in values]
    return int(np.maximum(np.array(ranks) - near.shape[1], 0).sum())


def align(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """(n, 2) float32: `moving` translated and scaled (both axes alike) to the center and the spread of `fixed`, then
    rotated or mirrored to lie closest to it.

    Orthogonal Procrustes (Schönemann, 1966) of layouts brought to one size, the root mean square distance from their
    centers (as Gower, 1975): the least squares' own scale would shrink a map the more it differs. Rows with NaN are
    ignored in the fit and transformed with the rest. Where all points of one coincide, or the two are uncorrelated,
    there is no best rotation: then it is translated only.
    """
    source, target = (np.asarray(points, dtype=np.float64) for points in (moving, fixed))
    finite = np.isfinite(source).all(axis=1) & np.isfinite(target).all(axis=1)
    if not finite.any():
        return source.astype(np.float32)
    source_center, target_center = source[finite].mean(axis=0), target[finite].mean(axis=0)
    transform = _rotation_and_scale(source[finite] - source_center, target[finite] - target_center)
    return ((source - source_center) @ transform + target_center).astype(np.float32)


def _rotation_and_scale(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The rotation or reflection (2, 2) that takes centered rows closest to centered rows, scaled to their size."""
    from scipy.linalg import orthogonal_procrustes

    rotation, common = orthogonal_procrustes(source, target)  # common: the sum of the singular values of source' target
    source_size, target_size = np.linalg.norm(source), np.linalg.norm(target)
    if common <= 1e-9 * max(source_size * target_size, np.finfo(np.float64).tiny):
        return np.eye(source.shape[1])
    return np.asarray(rotation * (target_size / source_size))
