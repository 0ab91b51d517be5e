"""Are clusters found again when the rows are others? Hennig's bootstrap, on the neighbor graph itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.clusters.distinct_rows import distinct_graph, restricted
from core.types import Progress
from core.vectors.communities import by_size, leiden_communities

FOUND = 0.75  # mean Jaccard from which Hennig (2007) calls a cluster valid and stable
SHARE = 0.632  # of the rows in a resample: the share of distinct rows in a bootstrap sample, 1 - 1/e


@dataclass(frozen=True, eq=False)
class Stability:
    """Of c clusters over `runs` resamples. found: (c,) int64, resamples in which a cluster has a Jaccard of at least
    0.75 with some new one; jaccard: (c,) float64 mean of the best Jaccard; looked: (c,) int64 resamples that held any
    of its rows. agreement: (runs,) float64 adjusted mutual information of old and new labels on the rows of each
    resample."""

    found: np.ndarray
    jaccard: np.ndarray
    looked: np.ndarray
    agreement: np.ndarray
    runs: int


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
    labels: np.ndarray, again: Callable[[np.ndarray, int], np.ndarray], runs: int, seed: int, progress: Progress
) -> Stability:
    """How often each cluster of labels (n,) is found again (Hennig, 2007, cluster-wise stability by the Jaccard index).

    again(rows, seed): labels of clustering these rows alone. Resamples are subsets of 63.2% of the rows, as many
    distinct ones as a bootstrap sample has: copies of a row would be nearest neighbors of one another and hold clusters
    together.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    random, count = np.random.default_rng(seed), int(labels.max(initial=-1)) + 1
    size = max(2, round(SHARE * len(labels)))
    best, agreement = np.full((runs, count), np.nan), np.zeros(runs)
    for run in range(runs):
        rows = np.sort(random.choice(len(labels), min(size, len(labels)), replace=False))
        new = again(rows, seed + run + 1)
        best[run] = best_jaccard(labels[rows], new, count)
        agreement[run] = adjusted_mutual_info_score(labels[rows], new)
        progress(run + 1, runs)
    looked = np.isfinite(best).sum(axis=0)
    mean = np.nansum(best, axis=0) / np.maximum(looked, 1)
    return Stability((np.nan_to_num(best) >= FOUND).sum(axis=0), mean, looked, agreement, runs)


def leiden_again(ids: np.ndarray, scores: np.ndarray, resolution: float) -> Callable[[np.ndarray, int], np.ndarray]:
    """Clusters some rows by the kept graph (n, k): each row's nearest neighbors among the rows drawn, k = 100 giving
    about 63 to choose 25 from, so that nothing is searched again."""

    def again(rows: np.ndarray, seed: int) -> np.ndarray:
        graph, _, group = distinct_graph(*restricted(ids, scores, rows, ids.shape[1]))
        return by_size(leiden_communities(graph, resolution, seed)[group])

    return again
