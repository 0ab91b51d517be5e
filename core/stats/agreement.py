"""How far annotators agree beyond chance: Cohen's kappa of two, also weighted for ordered grades, and Krippendorff's
alpha of any number with gaps.

Own code, since scikit-learn's kappa has no interval, and neither it nor scipy has alpha.
"""

import numpy as np

from core.stats.interval import Interval
from core.stats.resampling import SEED, bootstrap


def cohen_kappa(one: np.ndarray, other: np.ndarray, seed: int = SEED) -> Interval[float]:
    """Cohen's kappa (1960) of two annotators' codes (m,) of the same rows, with a bootstrap interval over rows. 1: they
    agree on every row; 0: as often as by chance, with the same shares of classes. NaN where both use one class only."""
    if not len(one):
        return Interval(*[float("nan")] * 3)
    return bootstrap(len(one), [lambda weights: kappa(one, other, weights)], seed)[0]


def kappa(one: np.ndarray, other: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The same without an interval, row i counting weights[i] (None: each 1)."""
    codes = np.unique(np.concatenate([one, other]), return_inverse=True)[1]
    weights = np.ones(len(one)) if weights is None else weights
    sides = codes[: len(one)], codes[len(one) :]
    shares = [np.bincount(side, weights, int(codes.max()) + 1) / weights.sum() for side in sides]
    chance, agreed = float(shares[0] @ shares[1]), float(weights[sides[0] == sides[1]].sum() / weights.sum())
    return (agreed - chance) / (1 - chance) if chance < 1 - 1e-12 else float("nan")


def weighted_kappa(one: np.ndarray, other: np.ndarray, classes: int, seed: int = SEED) -> Interval[float]:
    """Cohen's weighted kappa (1968) of two annotators' ordered codes (m,) from 0 to classes - 1, with a bootstrap
    interval over rows. Weights are quadratic: a difference of two grades counts four times that of one. 1: they agree
    on every row; 0: as much as by chance. NaN where both use one class only."""
    if not len(one):
        return Interval(*[float("nan")] * 3)
    penalty = (np.arange(classes)[:, None] - np.arange(classes)) ** 2.0

    def value(weights: np.ndarray) -> float:
        table = np.bincount(one * classes + other, weights, classes**2).reshape(classes, classes) / weights.sum()
        expected = float((np.outer(table.sum(axis=1), table.sum(axis=0)) * penalty).sum())
        return 1 - float((table * penalty).sum()) / expected if expected > 1e-12 else float("nan")

    return bootstrap(len(one), [value], seed)[0]


def krippendorff_alpha(ratings: np.ndarray, seed: int = SEED) -> Interval[float]:
    """Krippendorff's alpha (2004) of nominal codes (annotators, m), -1 where one has not rated a row, with a bootstrap
    interval over rows. 1: no disagreement; 0: as much as by chance. NaN where no row has two ratings, or all ratings
    are one class."""
    classes = int(ratings.max(initial=-1)) + 1
    counts = np.stack([(ratings == code).sum(axis=0) for code in range(classes)], axis=1).astype(np.float64)
    counts = counts[counts.sum(axis=1) > 1] if classes else np.empty((0, 0))
    if not len(counts):
        return Interval(*[float("nan")] * 3)
    rated = counts.sum(axis=1)
    observed = (rated**2 - (counts**2).sum(axis=1)) / (rated - 1)  # disagreeing pairs of a row, by rating

    def alpha(weights: np.ndarray) -> float:
        by_class, total = weights @ counts, float(weights @ rated)
        expected = (total**2 - float((by_class**2).sum())) / max(total - 1, 1e-12)
        return 1 - float(weights @ observed) / expected if expected > 0 else float("nan")

    return bootstrap(len(counts), [alpha], seed)[0]
