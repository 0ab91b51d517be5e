"""When a reply of an FAQ may be trusted: a rule on two features, and its threshold for a precision."""

from dataclasses import dataclass, replace

import numpy as np

from core.stats.interval import Interval
from core.stats.proportions import wilson, wilson_share

STEPS = 200  # coverages that are examined
FLOOR = 0.005  # share of right replies that may lie below the lowest score at which the FAQ replies


@dataclass(frozen=True, eq=False)
class Evidence:
    """Replies whose truth is known. scores: (q,) of the best answer; margins: (q,) to the next one, >= 0;
    is_right: (q,) bool. description: what was asked."""

    scores: np.ndarray
    margins: np.ndarray
    is_right: np.ndarray
    description: str

    def __len__(self) -> int:
        return len(self.is_right)


@dataclass(frozen=True)
class Rule:
    """Confidence in a reply: 1 / (1 + exp(-(intercept + score_weight * score + margin_weight * margin))).

    floor: no reply below this score, whatever the margin: questions that far from the known ones were hardly ever
    right in the calibration, and a logistic curve should not be trusted there.
    """

    intercept: float
    score_weight: float
    margin_weight: float
    floor: float

    def confidence(self, scores: np.ndarray, margins: np.ndarray) -> np.ndarray:
        """(q,) float64 in [0, 1], 0 below the floor."""
        logits = self.intercept + self.score_weight * np.asarray(scores, np.float64) + self.margin_weight * margins
        return np.where(np.asarray(scores) >= self.floor, 1 / (1 + np.exp(-np.clip(logits, -500, 500))), 0.0)

    def accepts(self, scores: np.ndarray, margins: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """(q,) bool, which replies are given, and (q,) their confidence."""
        confidence = self.confidence(scores, margins)
        return (confidence >= threshold) & (confidence > 0), confidence


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on the confidence, infinite where none will do, and what it reaches: of `total` calibration questions
    `accepted` get a reply, `right` of them a right one. is_assured: the lower end of the precision's interval reaches
    what was requested. coverage, precision: shares with Wilson's intervals, NaN where nothing is accepted."""

    threshold: float
    accepted: int
    right: int
    total: int
    is_assured: bool

    @property
    def coverage(self) -> Interval[float]:
        return wilson_share(self.accepted, self.total)

    @property
    def precision(self) -> Interval[float]:
        return wilson_share(self.right, self.accepted)


@dataclass(frozen=True, eq=False)
class Curve:
    """(t,) float64 each, coverage rising: thresholds, share of questions with a reply, share of right ones among these
    with Wilson's interval."""

    threshold: np.ndarray
    coverage: np.ndarray
    precision: np.ndarray
    low: np.ndarray
    high: np.ndarray


def fit_rule(evidence: Evidence) -> Rule:
    """Logistic regression of whether a reply is right; rising with the score where all replies are, or none is."""
    right = evidence.is_right
    floor = float(np.quantile(evidence.scores[right], FLOOR)) if right.any() else float("inf")
    if right.all() or not right.any():
        return Rule(0.0, 1.0, 0.0, floor)
    from sklearn.linear_model import LogisticRegression

    features = np.column_stack([evidence.scores, evidence.margins])
    scale = features.std(axis=0) + 1e-9
    model = LogisticRegression(C=100.0).fit(features / scale, right)
    weights = model.coef_[0] / scale
    return Rule(float(model.intercept_[0]), float(weights[0]), float(weights[1]), floor)


def measure_curve(evidence: Evidence, rule: Rule) -> Curve:
    """At most STEPS thresholds at evenly spaced coverages; equal confidences are accepted together."""
    confidence = rule.confidence(evidence.scores, evidence.margins)
    order = np.argsort(-confidence, kind="stable")
    ordered, right = confidence[order], np.cumsum(evidence.is_right[order])
    last = np.flatnonzero(np.append(ordered[:-1] != ordered[1:], True) & (ordered > 0))  # ends of equal confidences
    positions = np.linspace(0, len(last) - 1, min(STEPS, len(last))).round().astype(int) if len(last) else last
    ends = last[np.unique(positions)]
    precision = wilson(right[ends], ends + 1)
    return Curve(ordered[ends], (ends + 1) / len(evidence), precision.value, precision.low, precision.high)


def choose_point(curve: Curve, total: int, min_precision: float) -> OperatingPoint:
    """The threshold of the highest coverage whose precision is at least `min_precision`. total: calibration questions.

    Thresholds are tested from low coverages to higher ones, and the last one before the first failure is chosen
    (fixed-sequence testing, as in Learn then Test, Angelopoulos et al., 2021): the chance of a lower true precision
    stays that of a single test, 2.5%. The test is the lower end of Wilson's interval, and the first coverage the lowest
    that passes it with half the errors allowed. Where none passes, the measured precision is compared instead.
    """
    tested = _testable(np.rint(curve.coverage * total), min_precision)
    passed = curve.low[tested] >= min_precision
    if count := len(passed) if passed.all() else int(passed.argmin()):
        return _point(curve, int(tested[count - 1]), total, True)
    measured = np.flatnonzero(curve.precision >= min_precision)
    if len(measured):
        return _point(curve, int(measured[-1]), total, False)
    return OperatingPoint(float("inf"), 0, 0, total, False)


def point_at(curve: Curve, total: int, threshold: float) -> OperatingPoint:
    """What a threshold reaches: the point of the curve with the highest coverage whose threshold is not lower. A
    threshold that a person selects is not tested, hence never assured."""
    allowed = np.flatnonzero(curve.threshold >= threshold)
    if not len(allowed):
        return OperatingPoint(float(threshold), 0, 0, total, False)
    return replace(_point(curve, int(allowed[-1]), total, False), threshold=float(threshold))


def _testable(accepted: np.ndarray, min_precision: float) -> np.ndarray:
    """Positions among rising numbers of accepted questions from which the test passes with half the errors allowed,
    or else without an error."""
    for precision in ((1 + min_precision) / 2, 1.0):
        able = np.flatnonzero(wilson(accepted * precision, accepted).low >= min_precision)
        if len(able):
            return able
    return np.empty(0, np.int64)


def _point(curve: Curve, at: int, total: int, is_assured: bool) -> OperatingPoint:
    accepted = round(float(curve.coverage[at]) * total)
    right = round(float(curve.precision[at]) * accepted)
    return OperatingPoint(float(curve.threshold[at]), accepted, right, total, is_assured)
