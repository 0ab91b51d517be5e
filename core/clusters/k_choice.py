"""k-means, and how many clusters it might be asked for."""

import numpy as np

from core.clusters.silhouette import silhouettes
from core.types import Progress

SAMPLED = 20_000  # rows the sweep is made on
STARTS = 3


def k_means(rows: np.ndarray, k: int, seed: int) -> np.ndarray:
    """(n,) int32 labels of k-means (scikit-learn) on unit vectors, the best of three starts."""
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(k, n_init=STARTS, random_state=seed).fit_predict(rows), dtype=np.int32)


def suggested_k(rows: np.ndarray, seed: int, most: int, progress: Progress) -> tuple[int, list[tuple[int, float]]]:
    """The k with the highest mean silhouette (Rousseeuw, 1987) of cosine distances among some twelve, with all of them.

    Over at most 20,000 rows, drawn by the seed; one start a k.
    """
    from sklearn.cluster import KMeans

    sample = rows
    if len(rows) > SAMPLED:
        sample = rows[np.sort(np.random.default_rng(seed).choice(len(rows), SAMPLED, replace=False))]
    distinct = len(np.unique(sample, axis=0))
    most = min(most, distinct - 1, max(2, len(sample) // 5))
    if most < 2:
        return min(1, len(rows)), []
    tried = np.unique(np.geomspace(2, most, 12).round().astype(int))
    found: list[tuple[int, float]] = []
    for done, k in enumerate(tried):
        labels = KMeans(int(k), n_init=1, random_state=seed).fit_predict(sample)
        found.append((int(k), float(silhouettes(sample, labels).mean())))
        progress(done + 1, len(tried))
    return max(found, key=lambda pair: pair[1])[0], found
