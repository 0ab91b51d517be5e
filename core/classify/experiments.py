"""What a classifier is compared with: baselines, other contenders, and itself with fewer labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.classify.estimators import ESTIMATORS, Kind
from core.classify.evaluation import Report, evaluate, resampled_figure
from core.classify.labels import Cells, read_target, require_classes
from core.classify.metrics import Counts
from core.classify.training import train
from core.errors import InputError
from core.models.registry import load_embedder
from core.stats.interval import ALPHA, Interval
from core.stats.multiple_testing import holm
from core.stats.resampling import SEED, bootstrap_runs, percentile_interval
from core.stats.significance import PairedEvidence, compare_means, compare_resampled, pair_indices
from core.types import Progress, Vectors
from core.vectors.rows import row_ids, text_codes

Figure = Literal["macro_f1", "accuracy", "micro_f1", "weighted_f1"]
RUNS = 5  # random training sets of each size
SIZES = 8
NEXT_LABELS = 100
EXPONENTS = np.linspace(0.1, 2.0, 39)


def baselines(
    texts: Sequence[str], labels: Cells, train_rows: np.ndarray, test_rows: np.ndarray, kind: Kind = "logistic"
) -> dict[str, Report]:
    """The most frequent class, and a classifier on vectors of words and spelling (core.models.lexical), by name."""
    embedder = load_embedder("lexical")
    vectors = Vectors(embedder.embed(texts), embedder.spec, "")
    kinds: dict[str, Kind] = {"most frequent class": "most_frequent", "lexical": kind}
    models = {name: train(vectors, labels, train_rows, method) for name, method in kinds.items()}
    return {name: _of_classes(evaluate(model, vectors, labels, test_rows)) for name, model in models.items()}


@dataclass(frozen=True, eq=False)
class Contest:
    """Contenders compared on the same rows. evidence: scores, differences and tests of core.stats; p_value: (pairs,)
    corrected for all pairs (Holm), in the order of `core.stats.significance.pair_indices`."""

    names: tuple[str, ...]
    figure: Figure
    evidence: PairedEvidence
    p_value: np.ndarray

    def is_significant(self, one: str, other: str) -> bool:
        """Whether two contenders differ significantly."""
        pair = sorted((self.names.index(one), self.names.index(other)))
        first, second = pair_indices(len(self.names))
        return bool(self.p_value[(first == pair[0]) & (second == pair[1])][0] < ALPHA)

    def tied_best(self) -> list[str]:
        """The best contender, and those that are not significantly different from it."""
        best = self.names[int(np.argmax(self.evidence.scores.value))]
        return [name for name in self.names if name == best or not self.is_significant(best, name)]


def compare(reports: Mapping[str, Report], figure: Figure = "macro_f1", seed: int = SEED) -> Contest:
    """Which contender is significantly better, with the tests of the scoreboard: paired bootstrap over texts, and for
    accuracy paired randomization. Raises InputError unless all reports are on the same rows."""
    every = list(reports.values())
    if len(every) < 2 or any(not np.array_equal(report.rows, every[0].rows) for report in every):
        raise InputError("The classifiers were not evaluated on the same rows.", "Evaluate two or more on one split.")
    if figure == "accuracy":
        right = np.stack([report.right for report in every])
        evidence = compare_means(right.astype(np.float64), every[0].units, "rows", seed)
    else:
        values = np.array([report.intervals[figure].value for report in every])
        resampled = np.stack([resampled_figure(report, figure, seed) for report in every])
        evidence = compare_resampled(values, resampled, int(every[0].units.max()) + 1, "texts", seed=seed)
    return Contest(tuple(reports), figure, evidence, holm(evidence.p_value))


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Macro F1 on the test rows by number of training rows.

    sizes: (s,) training rows, rising. score: (s,) means over `runs` random training sets, with bootstrap intervals
    over sets and test texts. resampled: (b, s) the bootstrap means. next_gain: expected gain of the next 100 labels by
    a power law fitted to the curve (Viering and Loog, 2023), NaN for fewer than three sizes.
    """

    sizes: np.ndarray
    score: Interval[np.ndarray]
    resampled: np.ndarray
    next_gain: Interval[float]
    runs: int

    def labels_needed(self, score: float) -> Interval[float]:
        """Training rows at which the curve reaches a score, interpolated; infinite where it does not within its sizes,
        and an end of the interval is where a curve's resamples do not."""
        reached = [_first_reach(self.sizes, row, score) for row in (self.score.value, *self.resampled)]
        low, high = np.quantile(reached[1:], [ALPHA / 2, 1 - ALPHA / 2], method="nearest")
        return Interval(reached[0], float(low), float(high))


def learning_curve(
    vectors: Vectors, labels: Cells, train_rows: np.ndarray, test_rows: np.ndarray, kind: Kind = "logistic", *,
    sizes: Sequence[int] | None = None, value: float | None = None, seed: int = SEED, progress: Progress | None = None,
) -> LearningCurve:  # fmt: skip
    """Train on growing random parts of the training rows, the same for every contender with the same seed, and test.

    sizes: by default 8, evenly spaced on a logarithmic scale. value: of the kind's parameter, by default the kind's
    own default, so that curves of contenders differ by their vectors alone. Raises InputError as `train`.
    """
    target = read_target(labels, "classes")
    rows = require_classes(target, row_ids(train_rows, len(vectors)))
    test = row_ids(test_rows, len(vectors))
    test = test[target.present[test]]
    classes, points = len(target.names), np.asarray(vectors.rows[test])
    steps = _sizes(len(rows), len(np.unique(target.values[rows])), sizes)
    orders = [_ordered(rows, target.values, seed + run) for run in range(RUNS)]
    truth, units = target.values[test], text_codes(points)
    guesses = np.empty((len(steps), RUNS, len(test)), np.int64)
    position = {name: code for code, name in enumerate(target.names)}
    for at, size in enumerate(steps):
        for run, order in enumerate(orders):
            model = train(vectors, labels, order[:size], kind, value=_value(kind, value), seed=seed, task="classes")
            codes = np.array([position[name] for name in model.classes])
            guesses[at, run] = codes[model.scores(points).argmax(axis=1)]
            if progress:
                progress(at * RUNS + run + 1, len(steps) * RUNS)

    def scores(run: int, weights: np.ndarray) -> list[float]:
        return [float(Counts.of_pairs(truth, guess[run], weights, classes).macro_f1) for guess in guesses]

    means = np.mean([scores(run, np.ones(len(test))) for run in range(RUNS)], axis=0)
    resampled = bootstrap_runs(units, RUNS, scores, seed)
    interval = percentile_interval(means, resampled, int(units.max()) + 1)
    return LearningCurve(steps, interval, resampled, _next_gain(steps, means, resampled, len(rows)), RUNS)


def _of_classes(report: object) -> Report:
    if not isinstance(report, Report):
        raise InputError("Baselines are for classes, not for numbers.", "Compare with the median instead.")
    return report


def _value(kind: Kind, value: float | None) -> float:
    return ESTIMATORS[kind].default if value is None else value


def _sizes(rows: int, classes: int, sizes: Sequence[int] | None) -> np.ndarray:
    if sizes is None:
        sizes = np.geomspace(min(max(2 * classes, 8), rows), rows, SIZES).round().astype(int).tolist()
    return np.unique(np.clip(np.asarray(sizes, np.int64), min(max(classes, 4), rows), rows))


def _ordered(rows: np.ndarray, codes: np.ndarray, seed: int) -> np.ndarray:
    """The rows at random, one of each class first, so that every part has all classes."""
    order = np.random.default_rng(seed).permutation(rows)
    first = np.sort(np.unique(codes[order], return_index=True)[1])
    return np.concatenate([order[first], np.delete(order, first)])


def _first_reach(sizes: np.ndarray, scores: np.ndarray, goal: float) -> float:
    at = int(np.argmax(scores >= goal))
    if scores[at] < goal:
        return float("inf")
    if at == 0:
        return float(sizes[0])
    share = (goal - scores[at - 1]) / (scores[at] - scores[at - 1])
    low, high = np.log(sizes[at - 1]), np.log(sizes[at])  # curves are nearly straight over the logarithm
    return float(np.exp(low + share * (high - low)))


def _next_gain(sizes: np.ndarray, means: np.ndarray, resampled: np.ndarray, rows: int) -> Interval[float]:
    """score = a - b n^-c, b >= 0, by least squares over a grid of c, for the curve and each of its resamples."""
    if len(sizes) < 3:
        return Interval(float("nan"), float("nan"), float("nan"))
    curves = np.vstack([means, resampled]).T  # (s, curves)
    errors, gains = [], []
    for exponent in EXPONENTS:
        columns = np.stack([np.ones(len(sizes)), -(sizes.astype(float) ** -exponent)], axis=1)
        fitted = np.linalg.lstsq(columns, curves, rcond=None)[0]
        errors.append(np.square(curves - columns @ fitted).sum(axis=0))
        gains.append(fitted[1].clip(0) * (rows**-exponent - (rows + NEXT_LABELS) ** -exponent))
    best = np.argmin(errors, axis=0)
    gain = np.array(gains)[best, np.arange(curves.shape[1])]
    low, high = np.quantile(gain[1:], [ALPHA / 2, 1 - ALPHA / 2])
    return Interval(float(gain[0]), float(low), float(high))
