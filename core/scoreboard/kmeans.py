"""V-measure of k-means against the labels, with its uncertainty."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.stats.resampling import bootstrap_runs
from core.types import Progress

SEEDS = 10
BATCH = 500  # rows of a mini-batch, as MTEB


@dataclass(frozen=True, eq=False)
class KMeansScore:
    """v_measure: mean over SEEDS clusterings. seeds: (SEEDS,) of each. resampled: (b,) over resampled texts and
    clusterings. chance: of random clusters of the same sizes."""

    v_measure: float
    seeds: np.ndarray
    resampled: np.ndarray
    chance: float


def v_measures(
    points: np.ndarray, codes: np.ndarray, texts: np.ndarray, seed: int = 0, progress: Progress | None = None
) -> KMeansScore:
    """k-means with as many clusters as labels on unit rows (m, d), by MTEB's recipe for clustering (Muennighoff et al.,
    2023): scikit-learn's mini-batch k-means with batches of 500, one start per seed.

    codes: (m,) labels from 0. texts: (m,) codes from 0 of identical texts, which are resampled together, with `seed`.
    """
    clusterings = np.stack([_cluster_labels(points, codes, seed + i, progress, i) for i in range(SEEDS)])
    scores = np.array([v_measure(codes, groups) for groups in clusterings])
    rng = np.random.default_rng(seed)
    draws = bootstrap_runs(texts, SEEDS, lambda run, weights: [v_measure(codes, clusterings[run], weights)], seed)
    shuffled = [v_measure(codes, rng.permutation(groups)) for groups in clusterings]
    return KMeansScore(float(scores.mean()), scores, draws[:, 0], float(np.mean(shuffled)))


def v_measures_of_sets(
    points: np.ndarray, codes: np.ndarray, texts: np.ndarray, sets: np.ndarray,
    seed: int = 0, progress: Progress | None = None,
) -> KMeansScore:  # fmt: skip
    """The mean over sets of rows, each clustered separately into as many clusters as it has labels, as MTEB has it for
    files of several sets. sets: (m,) which set a row is of; sets of one label are left out."""
    parts = [rows for number in np.unique(sets) if len(np.unique(codes[rows := np.flatnonzero(sets == number)])) > 1]
    scores = []
    for part in parts:
        label, text = (np.unique(values[part], return_inverse=True)[1].astype(np.int32) for values in (codes, texts))
        scores.append(v_measures(points[part], label, text, seed, progress if len(parts) == 1 else None))
        if progress and len(parts) > 1:
            progress(len(scores), len(parts))
    return KMeansScore(
        float(np.mean([score.v_measure for score in scores])),
        np.mean([score.seeds for score in scores], axis=0),
        np.mean([score.resampled for score in scores], axis=0),
        float(np.mean([score.chance for score in scores])),
    )


def v_measure(codes: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Harmonic mean of homogeneity and completeness (Rosenberg and Hirschberg, 2007), each row counting its weight;
    equal to 2 I(labels; groups) / (H(labels) + H(groups)), and 1.0 where both are constant."""
    width = int(groups.max()) + 1
    table = np.bincount(codes.astype(np.int64) * width + groups, weights, (int(codes.max()) + 1) * width)
    table = table.reshape(-1, width) / table.sum()
    one, two, both = _entropy(table.sum(axis=1)), _entropy(table.sum(axis=0)), _entropy(table)
    return float(2 * (one + two - both) / (one + two)) if one + two > 0 else 1.0


def quietly(function: Callable[..., Any], *arguments: Any) -> Any:
    """The call's result, without warnings (iterations used up, fewer distinct points than clusters)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


def _entropy(shares: np.ndarray) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())


def _cluster_labels(
    points: np.ndarray, codes: np.ndarray, seed: int, progress: Progress | None, number: int
) -> np.ndarray:
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    model = MiniBatchKMeans(int(codes.max()) + 1, batch_size=BATCH, n_init=1, random_state=seed)
    with threadpool_limits(1):  # contenders are scored in parallel, one per core
        labels = quietly(model.fit, points).labels_
    if progress:
        progress(number + 1, SEEDS)
    return np.asarray(labels)
