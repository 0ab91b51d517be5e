"""Stability of clusters under resampling of the rows (Hennig, 2007)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.clusters import methods
from core.clusters.methods import ClusterParams, Method, distinct_graph
from core.results import no_progress
from core.types import Neighbors, Progress, Vectors
from core.vectors.communities import DEFAULT_LEVEL, RESOLUTIONS, by_size, leiden_communities
from core.vectors.graph_sample import restrict_graph

STABLE_JACCARD = 0.75  # mean Jaccard from which Hennig (2007) calls a cluster valid and stable
SAMPLE_SHARE = 0.632  # of the rows in a resample: the share of distinct rows in a bootstrap sample, 1 - 1/e
RUNS: dict[Method, int] = {"leiden": 50, "hdbscan": 50, "kmeans": 20, "evoc": 10}
MANY_ROWS, FEWER_RUNS = 50_000, 20  # runs for more rows
LEVEL_RUNS = 8  # resamples for choosing a level
REAL_JACCARD = (
    0.8  # of a level's clusters; in simulations, cuts of one-dimensional noise reach 0.74, of random vectors 0.5
)
PATTERN_JACCARD = 0.6  # below it, Hennig (2007) would not trust a cluster
MIN_ROWS = 50  # fewer do not tell whether there are clusters


@dataclass(frozen=True, eq=False)
class Stability:
    """Of c clusters over `runs` resamples. recovered: (c,) int64 resamples in which a cluster has a Jaccard index of at
    least 0.75 with some new one; jaccard: (c,) float64 mean of the best Jaccard; resamples: (c,) int64 that held any
    of its rows. agreement: (runs,) float64 adjusted mutual information of old and new labels on the rows of each
    resample."""

    recovered: np.ndarray
    jaccard: np.ndarray
    resamples: np.ndarray
    agreement: np.ndarray
    runs: int


@dataclass(frozen=True, eq=False)
class LevelStability:
    """Of each level of Leiden's hierarchy, up to the default one: jaccard (levels,) float64, mean best Jaccard index of
    its clusters over resamples, weighted by rows; half_width (levels,) float64 of its 95% t interval; clusters
    (levels,) int64. rows: all rows."""

    jaccard: np.ndarray
    half_width: np.ndarray
    clusters: np.ndarray
    rows: int

    @property
    def level(self) -> int:
        """The finest level of several clusters that are not significantly below 0.6 (Hennig, 2007); without one, the
        default level."""
        trusted = np.flatnonzero((self.clusters > 1) & (self._upper >= PATTERN_JACCARD))
        return int(trusted[-1]) if self.has_structure and len(trusted) else DEFAULT_LEVEL

    @property
    def stable_level(self) -> int | None:
        """The finest level of several stable clusters (0.8), None where there is none."""
        stable = np.flatnonzero(self._stable)
        return int(stable[-1]) if len(stable) else None

    @property
    def has_structure(self) -> bool:
        """False where no level has several stable clusters; too few rows are given the benefit of the doubt."""
        return self.rows < MIN_ROWS or bool(self._stable.any())

    @property
    def best(self) -> float:
        """The highest Jaccard index of a level with several clusters, 0 without such a level."""
        return float(np.where(self.clusters > 1, self.jaccard, 0.0).max(initial=0.0))

    @property
    def _upper(self) -> np.ndarray:
        return np.asarray(self.jaccard + self.half_width)

    @property
    def _stable(self) -> np.ndarray:
        return np.asarray((self.clusters > 1) & (self.jaccard >= REAL_JACCARD))


def level_stability(levels: np.ndarray, neighbors: Neighbors, seed: int, progress: Progress) -> LevelStability:
    """levels: (l, n) nested labels, coarse to fine. Each resample's graph is clustered at every level's resolution."""
    from scipy.stats import t as student_t

    rows, runs = levels.shape[1], LEVEL_RUNS if levels.shape[1] <= MANY_ROWS else 3
    used, random = levels[: DEFAULT_LEVEL + 1], np.random.default_rng(seed)
    values = np.zeros((runs, len(used)))
    for run in range(runs):
        sample = np.sort(random.choice(rows, min(rows, max(2, round(SAMPLE_SHARE * rows))), replace=False))
        graph, _, group = distinct_graph(
            *restrict_graph(neighbors.ids, neighbors.scores, sample, neighbors.ids.shape[1])
        )
        for level, labels in enumerate(used[:, sample]):
            new = by_size(leiden_communities(graph, RESOLUTIONS[level], seed + run + 1)[group])
            jaccard = best_jaccard(labels, new, int(labels.max(initial=0)) + 1)
            values[run, level] = jaccard[labels].mean()
        progress(run + 1, runs)
    half_width = student_t.ppf(0.975, runs - 1) * values.std(axis=0, ddof=1) / np.sqrt(runs)
    return LevelStability(values.mean(axis=0), half_width, used.max(axis=1).astype(np.int64) + 1, rows)


def best_jaccard(old: np.ndarray, new: np.ndarray, count: int) -> np.ndarray:
    """(count,) float64 in [0, 1]: for each label of old (n,) the highest Jaccard index with any label of new (n,).

    NaN for labels without rows; -1 is no cluster in either.
    """
    from scipy.sparse import csr_matrix

    both = (old >= 0) & (new >= 0)
    width = int(new.max(initial=-1)) + 1
    old_sizes = np.bincount(old[old >= 0], minlength=count).astype(np.float64)
    new_sizes = np.bincount(new[new >= 0], minlength=max(width, 1)).astype(np.float64)
    shared = csr_matrix((np.ones(both.sum()), (old[both], new[both])), shape=(count, max(width, 1))).tocoo()
    index = shared.data / (old_sizes[shared.row] + new_sizes[shared.col] - shared.data)
    best = np.zeros(count)
    np.maximum.at(best, shared.row, index)
    return np.where(old_sizes > 0, best, np.nan)


def stability(
    labels: np.ndarray, recluster: Callable[[np.ndarray, int], np.ndarray], runs: int, seed: int, progress: Progress
) -> Stability:
    """How often each cluster of labels (n,) is recovered (Hennig, 2007, cluster-wise stability by the Jaccard index).

    recluster(rows, seed): labels of clustering only these rows. Resamples are subsets of 63.2% of the rows, the share
    of distinct rows in a bootstrap sample: duplicates would be nearest neighbors of one another and hold clusters
    together.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    random, count = np.random.default_rng(seed), int(labels.max(initial=-1)) + 1
    size = max(2, round(SAMPLE_SHARE * len(labels)))
    best, agreement = np.full((runs, count), np.nan), np.zeros(runs)
    for run in range(runs):
        rows = np.sort(random.choice(len(labels), min(size, len(labels)), replace=False))
        new = recluster(rows, seed + run + 1)
        best[run] = best_jaccard(labels[rows], new, count)
        agreement[run] = adjusted_mutual_info_score(labels[rows], new)
        progress(run + 1, runs)
    resamples = np.isfinite(best).sum(axis=0)
    mean = np.nansum(best, axis=0) / np.maximum(resamples, 1)
    return Stability((np.nan_to_num(best) >= STABLE_JACCARD).sum(axis=0), mean, resamples, agreement, runs)


def leiden_resampler(ids: np.ndarray, scores: np.ndarray, resolution: float) -> Callable[[np.ndarray, int], np.ndarray]:
    """Clusters some rows by the stored graph (n, k): of each row's 100 neighbors about 63 are in the resample, more
    than the 25 that are needed, so that nothing is searched again."""

    def recluster(rows: np.ndarray, seed: int) -> np.ndarray:
        graph, _, group = distinct_graph(*restrict_graph(ids, scores, rows, ids.shape[1]))
        return by_size(leiden_communities(graph, resolution, seed)[group])

    return recluster


def resample_runs(method: Method, rows: int) -> int:
    """Resamples, fewer for slow methods and for many rows."""
    return RUNS[method] if rows <= MANY_ROWS else min(RUNS[method], FEWER_RUNS)


def resampler(
    vectors: Vectors, neighbors: Neighbors, params: ClusterParams
) -> tuple[Callable[[np.ndarray, int], np.ndarray], int]:
    """A function (rows, seed) -> labels of only these rows, and the number of resamples for this method.

    hdbscan: the five UMAP dimensions are those of all rows; only the clustering is repeated.
    """
    runs, total = resample_runs(params.method, len(vectors)), max(len(vectors), 1)

    def min_size(rows: np.ndarray) -> int:
        return max(2, round(params.min_size * len(rows) / total))  # in proportion to the rows of a resample

    if params.method == "leiden":
        return leiden_resampler(neighbors.ids, neighbors.scores, RESOLUTIONS[params.level]), runs
    if params.method == "hdbscan":
        points = methods.umap_points(vectors, neighbors, params.seed, no_progress)
        return lambda rows, seed: methods.density_clusters(points[rows], min_size(rows)), runs
    if params.method == "kmeans":
        return lambda rows, seed: methods.k_means(vectors.rows[rows], min(params.k, len(rows)), seed), runs

    def recluster(rows: np.ndarray, seed: int) -> np.ndarray:
        part = Vectors(np.ascontiguousarray(vectors.rows[rows]), vectors.model, vectors.corpus)
        nothing = Neighbors(np.zeros((len(rows), 0), np.int32), np.zeros((len(rows), 0), np.float32), 1.0, 0, "none")
        smaller = replace(params, min_size=min_size(rows), seed=seed)
        return methods.cluster(part, nothing, [""] * len(rows), smaller).labels

    return recluster, runs
