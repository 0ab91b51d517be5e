"""Confident learning (Northcutt, Jiang and Chuang 2021, J. Artificial Intelligence Research 70): which labels are
likely wrong, and how many, from out-of-fold probabilities."""

from dataclasses import dataclass

import numpy as np

from core.stats.resampling import RESAMPLES, bootstrap_total

ROUNDING = 1e-6  # differences below this count as none, as in the authors' package


@dataclass(frozen=True)
class Estimate:
    """How many of `rows` labels are wrong. low, high: 95% over `resamples` bootstrap resamples of the texts.

    calibrated: the same if rows the probe is unsure of were wrong as often as those it is sure of; more often too high.
    """

    wrong: int
    low: float
    high: float
    calibrated: float
    rows: int
    resamples: int


def class_thresholds(self_confidence: np.ndarray, given: np.ndarray, classes: int) -> np.ndarray:
    """(classes,) float64: the mean probability of a label over the rows that have it; 2 (never met) for none."""
    count = np.bincount(given, minlength=classes)
    total = np.bincount(given, self_confidence, classes)
    return np.divide(total, count, out=np.full(classes, 2.0), where=count > 0)


def confident_class(probabilities: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """(b,) int32: the class whose probability reaches its threshold, the likeliest where several do, -1 where none."""
    reached = probabilities >= thresholds - ROUNDING
    best = np.where(reached.sum(axis=1) > 1, probabilities.argmax(axis=1), reached.argmax(axis=1))
    return np.where(reached.any(axis=1), best, -1).astype(np.int32)


def wrong_labels(confident: np.ndarray, given: np.ndarray, self_confidence: np.ndarray, best: np.ndarray) -> np.ndarray:
    """(m,) bool: counted to another class than the given one, and that is not (nearly) the likeliest.

    confident: from confident_class. self_confidence, best: (m,) probability of the given and of the likeliest class.
    """
    return (confident >= 0) & (confident != given) & (self_confidence < best - ROUNDING)


def estimate_wrong(
    given: np.ndarray, confident: np.ndarray, wrong: np.ndarray, groups: np.ndarray, classes: int, seed: int = 0
) -> Estimate:
    """How many labels are wrong: those found so, and the mass off the diagonal of the calibrated confident joint.

    groups: (m,) codes of identical texts; the interval resamples texts with all their copies, while probabilities and
    thresholds stay as they are.
    """
    _, low, high = bootstrap_total(wrong, groups, seed)
    calibrated = _off_diagonal(given, confident, classes)
    return Estimate(int(wrong.sum()), low, high, calibrated, len(given), RESAMPLES)


def _off_diagonal(given: np.ndarray, confident: np.ndarray, classes: int) -> float:
    """Of a label's sure rows the share counted to another, times the label's rows; the sum over labels."""
    rows = np.bincount(given, minlength=classes)
    away = np.bincount(given, (confident >= 0) & (confident != given), classes)
    # each label has at least one sure row of its own, as in the authors' package
    stays = np.maximum(np.bincount(given, confident == given, classes), 1)
    return float(np.sum(rows * away / (away + stays)))
