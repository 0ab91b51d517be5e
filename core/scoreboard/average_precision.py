"""Average precision of cosines against pairs that are marked the same or not: MTEB's figure for pair classification."""

import numpy as np

from core.stats.resampling import bootstrap_runs


def is_two_valued(given: np.ndarray) -> bool:
    return len(np.unique(given)) == 2


def average_precisions(
    cosines: np.ndarray, given: np.ndarray, units: np.ndarray, seed: int = 0
) -> tuple[float, np.ndarray, float]:
    """Average precision as scikit-learn's, in [0, 1], higher is better; the same of resampled units, (b,); and what a
    random order reaches, the share of pairs that are the same.

    cosines: (q,); given: (q,) of two values, the greater one meaning the same. units: (q,) codes from 0.
    """
    same = (given == given.max()).astype(np.float64)
    order = np.argsort(-cosines, kind="stable")
    last = np.append(np.diff(cosines[order]) != 0, True)  # equal cosines pass a threshold together

    def score(_: int, weights: np.ndarray) -> list[float]:
        hits, passed = np.cumsum((weights * same)[order])[last], np.cumsum(weights[order])[last]
        gained = np.diff(hits, prepend=0.0)
        precision = np.divide(hits, passed, out=np.zeros_like(hits), where=passed > 0)
        return [float((gained * precision).sum() / hits[-1]) if hits[-1] else 0.0]

    return score(0, np.ones(len(given)))[0], bootstrap_runs(units, 1, score, seed)[:, 0], float(same.mean())
