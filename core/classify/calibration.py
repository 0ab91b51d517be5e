"""Whether probabilities mean what they say, temperature scaling, and curves over a threshold."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.stats.interval import Interval
from core.stats.proportions import wilson
from core.stats.resampling import SEED, bootstrap, compact, mean_interval, percentile_interval, resampled_means

BINS = 10
MIN_GAIN = 0.005  # in log loss, below which temperature scaling does not help
MAX_CURVE_POINTS = 500


def softmax(scores: np.ndarray) -> np.ndarray:
    """(m, c) float64, rows sum to 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(scores: np.ndarray, truth: np.ndarray) -> float:
    """The temperature that scores (m, classes) are divided by for the least log loss (Guo et al., 2017). truth: (m,)
    codes, or sets (m, classes) bool, whose labels have logistic probabilities. 1.0 without rows."""
    from scipy.optimize import minimize_scalar

    if not len(scores):
        return 1.0
    result = minimize_scalar(lambda log: log_loss(scores / np.exp(log), truth), bounds=(-4, 4), method="bounded")
    return float(np.exp(result.x))


def improves(scores: np.ndarray, truth: np.ndarray, seed: int = SEED) -> bool:
    """Whether temperature scaling lowers the log loss of rows it was not fitted to, both ways between two halves."""
    order = np.random.default_rng(seed).permutation(len(scores))
    halves = order[::2], order[1::2]
    if not all(len(half) for half in halves):
        return False
    before = log_loss(scores, truth)
    after = [
        log_loss(scores[judged] / fit_temperature(scores[fitted], truth[fitted]), truth[judged])
        for fitted, judged in (halves, halves[::-1])
    ]
    return float(np.mean(after)) < before - MIN_GAIN


def log_loss(scores: np.ndarray, truth: np.ndarray) -> float:
    """Mean negative logarithm of the probability of the truth; of sets the mean over labels, too."""
    if truth.ndim == 2:
        return float(np.logaddexp(0, np.where(truth, -scores, scores)).mean())
    top = scores.max(axis=1, keepdims=True)
    logs = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(truth)), truth].mean())


@dataclass(frozen=True, eq=False)
class Reliability:
    """Bins of the probability of the predicted class, those without rows left out.

    confidence, counts: (bins,) mean probability and rows; accuracy: (bins,) with Wilson's intervals. error: expected
    calibration error (Naeini et al., 2015), the mean of |accuracy - confidence| over rows; in [0, 1], lower is better.
    With few rows it is above 0 even for perfect probabilities. brier: the mean squared distance of the probabilities
    from the truth, as scikit-learn's, in [0, 2], of two classes in [0, 1]; lower is better. Both with bootstrap
    intervals over texts.
    """

    confidence: np.ndarray
    accuracy: Interval[np.ndarray]
    counts: np.ndarray
    error: Interval[float]
    brier: Interval[float]


def reliability(probabilities: np.ndarray, truth: np.ndarray, units: np.ndarray | None = None) -> Reliability:
    """How well probabilities (m, classes) are calibrated. truth: (m,) codes; of classes that have no probability they
    are beyond the last column. units: (m,) codes of identical texts."""
    guess = probabilities.argmax(axis=1)
    confidence, right = probabilities.max(axis=1).astype(np.float64), (guess == truth).astype(np.float64)
    of_row = np.minimum((confidence * BINS).astype(int), BINS - 1)
    codes = np.arange(len(truth)) if units is None else compact(units)[0]
    gaps, samples, count = resampled_means((of_row == np.arange(BINS)[:, None]) * (confidence - right), codes)
    error = percentile_interval(np.abs(gaps).sum(), np.abs(samples).sum(axis=1), count)
    known = truth < probabilities.shape[1]
    hit = probabilities[np.arange(len(truth)), np.where(known, truth, 0)] * known
    squares = np.square(probabilities, dtype=np.float64).sum(axis=1) - 2 * hit + 1
    brier = mean_interval((squares / (2 if probabilities.shape[1] == 2 else 1))[None], codes)
    counts = np.bincount(of_row, minlength=BINS)
    some = counts > 0
    sums = [np.bincount(of_row, values, BINS)[some] for values in (confidence, right)]
    return Reliability(
        sums[0] / counts[some], wilson(sums[1], counts[some]), counts[some],
        Interval(*(float(part) for part in error)), Interval(*(float(part[0]) for part in brier)),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Curve:
    """x, y: (p,) false and true positive rate, or recall and precision, at falling thresholds (p,). area: under it,
    with a bootstrap interval over texts; of recall and precision it is the average precision. chance: of a random
    order. NaN where all rows are of the class, or none."""

    x: np.ndarray
    y: np.ndarray
    thresholds: np.ndarray
    area: Interval[float]
    chance: float


def roc(scores: np.ndarray, positive: np.ndarray, units: np.ndarray | None = None) -> Curve:
    """The receiver operating characteristic of scores (m,), higher for the class; positive: (m,) bool."""
    ranked = _Ranked(scores, positive, units)
    true, false = ranked.cumulative(np.ones(len(scores)))
    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = np.append(0, false) / false[-1], np.append(0, true) / true[-1]
    return _thinned(x, y, np.append(np.inf, ranked.thresholds), ranked.area(_roc_area), 0.5)


def precision_recall(scores: np.ndarray, positive: np.ndarray, units: np.ndarray | None = None) -> Curve:
    """Recall (x) and precision (y) at every threshold. area: scikit-learn's average precision."""
    ranked = _Ranked(scores, positive, units)
    true, false = ranked.cumulative(np.ones(len(scores)))
    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = true / true[-1], true / (true + false)
    return _thinned(x, y, ranked.thresholds, ranked.area(_average_precision), float(np.mean(positive)))


class _Ranked:
    """Rows by falling score, equal scores together, sorted once for all resamples."""

    def __init__(self, scores: np.ndarray, positive: np.ndarray, units: np.ndarray | None) -> None:
        order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
        ordered = np.asarray(scores, np.float64)[order]
        self.ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
        self.order, self.positive, self.thresholds = order, np.asarray(positive, bool)[order], ordered[self.ends]
        self.units, self.count = compact(np.arange(len(scores)) if units is None else units)

    def cumulative(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums of the weights (m,) of positive and of negative rows down to each threshold."""
        ordered = weights[self.order]
        return np.cumsum(ordered * self.positive)[self.ends], np.cumsum(ordered * ~self.positive)[self.ends]

    def area(self, measure: Callable[[np.ndarray, np.ndarray], float]) -> Interval[float]:
        return bootstrap(self.count, [lambda weights: measure(*self.cumulative(weights[self.units]))])[0]


def _roc_area(true: np.ndarray, false: np.ndarray) -> float:
    if not (true[-1] > 0 and false[-1] > 0):
        return float("nan")
    heights = (np.append(0, true[:-1]) + true) / 2
    return float((np.diff(false, prepend=0) * heights).sum() / (true[-1] * false[-1]))


def _average_precision(true: np.ndarray, false: np.ndarray) -> float:
    if not true[-1] > 0:
        return float("nan")
    precision = true / np.maximum(true + false, 1e-12)
    return float((np.diff(true, prepend=0) * precision).sum() / true[-1])


def _thinned(x: np.ndarray, y: np.ndarray, thresholds: np.ndarray, area: Interval[float], chance: float) -> Curve:
    """At most MAX_CURVE_POINTS points of a curve, evenly spaced among its thresholds, with both ends."""
    at = np.unique(np.linspace(0, len(x) - 1, min(len(x), MAX_CURVE_POINTS)).round().astype(int))
    return Curve(x[at], y[at], thresholds[at], area, chance)
