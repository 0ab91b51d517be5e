"""Scores that have no parts, over texts and runs drawn again."""

from collections.abc import Callable

import numpy as np

RESAMPLES = 500


def resample_runs(
    texts: np.ndarray, runs: int, score: Callable[[int, np.ndarray], list[float]], seed: int
) -> np.ndarray:
    """(RESAMPLES, k) the mean of k scores over `runs` runs drawn with replacement, each over texts drawn with
    replacement: how both would vary. The same draws for every contender.

    texts: (m,) codes of identical texts, from 0. score(run, weights): k scores where row i counts weights[i].
    """
    rng = np.random.default_rng(seed)
    count = int(texts.max()) + 1
    values = []
    for _ in range(RESAMPLES):
        weights = np.bincount(rng.integers(0, count, count), minlength=count)[texts].astype(float)
        drawn, times = np.unique(rng.integers(0, runs, runs), return_counts=True)
        values.append(np.average([score(int(run), weights) for run in drawn], axis=0, weights=times))
    return np.array(values)
