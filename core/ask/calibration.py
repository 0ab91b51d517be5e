"""When a reply of an FAQ may be trusted: a rule on two features, and its threshold for a precision."""

from dataclasses import dataclass

import numpy as np

from core.stats.interval import Interval
from core.stats.proportions import wilson

STEPS = 200  # coverages that are examined
FLOOR = 0.005  # share of right replies that may lie below the lowest cosine at which the FAQ replies


@dataclass(frozen=True, eq=False)
class Evidence:
    """Replies whose truth is known. cosines: (q,) of the nearest question; margins: (q,) to the next answer, >= 0;
    is_right: (q,) bool. description: what was asked."""

    cosines: np.ndarray
    margins: np.ndarray
    is_right: np.ndarray
    description: str

    def __len__(self) -> int:
        return len(self.is_right)


@dataclass(frozen=True)
class Rule:
    """Confidence in a reply: 1 / (1 + exp(-(intercept + cosine_weight * cosine + margin_weight * margin))).

    floor: no reply below this cosine, whatever the margin: questions that far from the known ones were hardly ever
    right in the calibration, and a logistic curve should not be trusted there.
    """

    intercept: float
    cosine_weight: float
    margin_weight: float
    floor: float

    def confidence(self, cosines: np.ndarray, margins: np.ndarray) -> np.ndarray:
        """(q,) float64 in [0, 1], 0 below the floor."""
        scores = self.intercept + self.cosine_weight * np.asarray(cosines, np.float64) + self.margin_weight * margins
        return np.where(np.asarray(cosines) >= self.floor, 1 / (1 + np.exp(-np.clip(scores, -500, 500))), 0.0)

    def accepts(self, cosines: np.ndarray, margins: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """(q,) bool, which replies are given, and (q,) their confidence."""
        confidence = self.confidence(cosines, margins)
        return (confidence >= threshold) & (confidence > 0), confidence


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on the confidence, infinite where none will do, and what it reaches. is_assured: the lower end of the
    precision's interval reaches what was requested."""

    threshold: float
    coverage: Interval[float]
    precision: Interval[float]
    is_assured: bool


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
    """Logistic regression of whether a reply is right; a constant on the cosine where all replies are, or none is."""
    right = evidence.is_right
    floor = float(np.quantile(evidence.cosines[right], FLOOR)) if right.any() else float("inf")
    if right.all() or not right.any():
        return Rule(0.0, 1.0, 0.0, floor)
    from sklearn.linear_model import LogisticRegression

    features = np.column_stack([evidence.cosines, evidence.margins])
    scale = features.std(axis=0) + 1e-9
    model = LogisticRegression(C=100.0).fit(features / scale, right)
    weights = model.coef_[0] / scale
    return Rule(float(model.intercept_[0]), float(weights[0]), float(weights[1]), floor)


def measure_curve(evidence: Evidence, rule: Rule) -> Curve:
    """At most STEPS thresholds at evenly spaced coverages; equal confidences are accepted together."""
    confidence = rule.confidence(evidence.cosines, evidence.margins)
    order = np.argsort(-confidence, kind="stable")
    ordered, right = confidence[order], np.cumsum(evidence.is_right[order])
    last = np.flatnonzero(np.append(ordered[:-1] != ordered[1:], True) & (ordered > 0))  # ends of equal confidences
    wanted = np.linspace(0, len(last) - 1, min(STEPS, len(last))).round().astype(int) if len(last) else last
    ends = last[np.unique(wanted)]
    precision = wilson(right[ends], ends + 1)
    return Curve(ordered[ends], (ends + 1) / len(evidence), precision.value, precision.low, precision.high)


def choose_point(evidence: Evidence, rule: Rule, min_precision: float) -> OperatingPoint:
    """The threshold of the highest coverage whose precision is at least `min_precision`.

    Thresholds are tested from the first coverage at which the test can succeed towards higher ones, and the last one
    before the first failure is chosen (fixed-sequence testing, as in Learn then Test, Angelopoulos et al., 2021): the
    chance of a lower true precision stays that of a single test, 2.5%. The test is the lower end of Wilson's interval.
    Where there are too few questions for any to succeed, the measured precision is compared instead.
    """
    curve = measure_curve(evidence, rule)
    accepted = np.rint(curve.coverage * len(evidence))
    can_succeed = np.flatnonzero(wilson(accepted, accepted).low >= min_precision)
    for is_assured, values, start in (
        (True, curve.low, can_succeed),
        (False, curve.precision, np.arange(len(accepted))),
    ):
        passed = values[start] >= min_precision
        count = len(passed) if passed.all() else int(passed.argmin())
        if not is_assured and passed.any():
            count = int(np.flatnonzero(passed)[-1]) + 1
        if count:
            return _point(curve, int(start[count - 1]), len(evidence), is_assured)
    return OperatingPoint(float("inf"), _share(0, len(evidence)), _share(0, 0), False)


def _point(curve: Curve, at: int, total: int, is_assured: bool) -> OperatingPoint:
    accepted = round(float(curve.coverage[at]) * total)
    precision = Interval(float(curve.precision[at]), float(curve.low[at]), float(curve.high[at]))
    return OperatingPoint(float(curve.threshold[at]), _share(accepted, total), precision, is_assured)


def _share(count: int, total: int) -> Interval[float]:
    return Interval(*(float(part) for part in wilson(np.array(count), np.array(total))))
