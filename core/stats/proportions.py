"""Shares with intervals: Wilson's for one, Newcombe's for the difference of two, Bonett and Price's for a paired one;
Rogan and Gladen's correction for a classifier's errors.

Own code, since scipy has Wilson's for one share at a time, and the others not at all.
"""

from collections.abc import Sequence

import numpy as np

from core.stats.interval import Interval, normal_quantile


def wilson(counts: np.ndarray, totals: np.ndarray) -> Interval[np.ndarray]:
    """Shares and their score interval (Wilson, 1927), float64, shape of the arguments; NaN where the total is 0."""
    k, n = np.asarray(counts, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    z = normal_quantile()
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1))


def wilson_share(count: int, total: int) -> Interval[float]:
    """One share, see `wilson`."""
    return Interval(*(float(part) for part in wilson(np.array(count), np.array(total))))


def rounded_percentages(counts: Sequence[float], decimals: int = 1) -> list[float]:
    """Percentages of counts or shares in their sum, rounded so that they add up to 100: the largest remainders are
    rounded up (Hamilton's method). 0 where all counts are 0."""
    whole = 100 * 10**decimals
    exact = np.asarray(counts, dtype=np.float64) * whole / (sum(counts) or 1)
    units = np.floor(exact + 1e-9)
    missing = round(exact.sum() - units.sum())
    units[np.argsort(units - exact, kind="stable")[:missing]] += 1
    return [float(unit) for unit in units / 10**decimals]


def newcombe(
    first: np.ndarray, first_total: np.ndarray, second: np.ndarray, second_total: np.ndarray
) -> Interval[np.ndarray]:
    """second share minus first share, and its interval from the two Wilson intervals (Newcombe, 1998, method 10). Above
    0: the second is higher. NaN where a total is 0."""
    one, one_low, one_high = wilson(first, first_total)
    two, two_low, two_high = wilson(second, second_total)
    change = two - one
    low = change - np.sqrt((two - two_low) ** 2 + (one_high - one) ** 2)
    high = change + np.sqrt((two_high - two) ** 2 + (one - one_low) ** 2)
    return Interval(change, low, high)


def paired_difference(
    more: np.ndarray, fewer: np.ndarray, totals: np.ndarray, population: float = np.inf
) -> Interval[np.ndarray]:
    """The difference of two shares of the same items, and its interval (Bonett and Price, 2012: Laplace-adjusted Wald,
    about the difference itself). more, fewer: counts of the items that are in the first share alone, and in the second
    alone, of `totals`. population: how many items those were drawn from without replacement, for which the difference
    is estimated; its whole has no error. NaN where the total is 0."""
    b, c, n = (np.asarray(part, np.float64) for part in (more, fewer, totals))
    one, two = (b + 1) / (n + 2), (c + 1) / (n + 2)
    variance = (one + two - (one - two) ** 2) / (n + 2) * np.clip(1 - n / population, 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = (b - c) / n
    half = normal_quantile() * np.sqrt(variance)
    return Interval(difference, difference - half, difference + half)


def rogan_gladen(
    naive: np.ndarray, predicted: np.ndarray, labels: np.ndarray, texts: int | None = None
) -> Interval[np.ndarray]:
    """(naive + specificity - 1) / (sensitivity + specificity - 1) of each class (Rogan and Gladen, 1978), with the
    interval of Lang and Reiczigel (2014), which has a width also where no error was seen.

    naive: (..., c) shares of the predictions of all rows, which have no error of their own, such as of several periods,
    for which sensitivity and specificity are taken to be the same. predicted, labels: (n, c) bool of the audited rows.
    texts: how many of those are different. NaN where the classifier is no better than chance for a class.
    """
    cells = (labels & predicted, ~labels & ~predicted, labels, ~labels)
    weight = 1.0 if texts is None else texts / len(labels)
    hits, rejected, positive, negative = (weight * cell.sum(axis=0) for cell in cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity, specificity = hits / positive, rejected / negative
        youden = sensitivity + specificity - 1
        value = (naive + specificity - 1) / youden
        sensitivity, specificity = (hits + 1) / (positive + 2), (rejected + 1) / (negative + 2)
        share = ((naive + specificity - 1) / (sensitivity + specificity - 1)).clip(0, 1)
        miss = share * sensitivity * (1 - sensitivity) / (positive + 2)
        false = (1 - share) * specificity * (1 - specificity) / (negative + 2)
        z = normal_quantile()
        half = z * np.sqrt(share * miss + (1 - share) * false) / np.abs(sensitivity + specificity - 1)
    middle = share + 2 * z**2 * (miss - false)
    is_better = (youden > 0) & (sensitivity + specificity > 1)
    value = value.clip(0, 1)
    low, high = np.minimum(middle - half, value), np.maximum(middle + half, value)
    return Interval(*(np.where(is_better, part.clip(0, 1), np.nan) for part in (value, low, high)))
