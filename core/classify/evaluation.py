"""How well predictions agree with labels: figures with intervals, per class, and against chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core.classify.labels import Cells, Target, check_length, read_target
from core.classify.metrics import Counts
from core.classify.training import Classifier
from core.errors import InputError
from core.stats.interval import Interval
from core.stats.proportions import wilson
from core.stats.resampling import (
    SEED,
    compact,
    mean_interval,
    percentile_interval,
    random_blocks,
    resampled_means,
    scalar_interval,
)
from core.types import Vectors
from core.vectors.rows import row_ids, text_codes

FIGURES = ("accuracy", "macro_f1", "micro_f1", "weighted_f1", "kappa")


@dataclass(frozen=True, eq=False)
class Report:
    """Predictions of labeled rows. classes: those of the classifier, then labels that it has never seen.

    rows: (m,) row ids. truth, predicted: (m,) codes of classes; of sets of labels (m, classes) bool. probabilities:
    (m, classes) float32, 0 for unseen classes. units: (m,) codes of identical texts, which are resampled together.
    missing: rows without a label, which are left out. intervals: by figure, 95%, bootstrap over texts.
    confusion: (classes, classes) int64 rows, the label first; of sets (classes, 2, 2) as scikit-learn's.
    per_class: a row for each class; precision, recall, f1 with their ends (_low, _high), support (rows). Precision and
    recall have Wilson's intervals for as many texts as are different; F1 has a bootstrap interval, where it is 0 or 1
    one from Wilson's.
    chance: accuracy (of sets micro F1) of guesses with the same shares; most_frequent: accuracy of always the most
    frequent class, NaN for sets.
    """

    classes: tuple[str, ...]
    rows: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray
    units: np.ndarray
    missing: int
    intervals: dict[str, Interval[float]]
    per_class: pd.DataFrame
    chance: float
    most_frequent: float

    @property
    def accuracy(self) -> float:
        """Share of rows whose prediction is right; of sets, those where every label is."""
        return self.intervals["accuracy"].value

    @property
    def macro_f1(self) -> float:
        return self.intervals["macro_f1"].value

    @property
    def micro_f1(self) -> float:
        return self.intervals["micro_f1"].value

    @property
    def weighted_f1(self) -> float:
        return self.intervals["weighted_f1"].value

    @property
    def right(self) -> np.ndarray:
        """(m,) bool."""
        same = self.truth == self.predicted
        return same.all(axis=1) if same.ndim == 2 else same

    @property
    def is_above_chance(self) -> bool:
        """Whether predictions agree with labels more often than guesses do: the interval of kappa is above 0."""
        return bool(self.intervals["kappa"].low > 0)

    @cached_property
    def confusion(self) -> np.ndarray:
        classes = len(self.classes)
        if self.truth.ndim == 2:
            pairs = [
                [~self.truth & ~self.predicted, ~self.truth & self.predicted],
                [self.truth & ~self.predicted, self.truth & self.predicted],
            ]
            return np.array([[side.sum(axis=0) for side in row] for row in pairs]).transpose(2, 0, 1)
        return np.bincount(self.truth * classes + self.predicted, minlength=classes**2).reshape(classes, classes)

    def cell_rows(self, label: str, predicted: str) -> np.ndarray:
        """The row ids of a cell of the confusion matrix."""
        one, other = self.classes.index(label), self.classes.index(predicted)
        return self.rows[(self.truth == one) & (self.predicted == other)]

    def confident_errors(self, limit: int = 50) -> pd.DataFrame:
        """Wrong predictions, the most confident first: row, label, predicted, confidence, label_probability."""
        wrong = np.flatnonzero(~self.right)
        confidence = self.probabilities[wrong, self.predicted[wrong]]
        wrong = wrong[np.argsort(-confidence, kind="stable")[:limit]]
        names = np.array(self.classes, object)
        return pd.DataFrame(
            {
                "row": self.rows[wrong],
                "label": names[self.truth[wrong]],
                "predicted": names[self.predicted[wrong]],
                "confidence": self.probabilities[wrong, self.predicted[wrong]],
                "label_probability": self.probabilities[wrong, self.truth[wrong]],
            }
        )

    def summary(self) -> str:
        """Accuracy, chance, and a warning where the two do not differ significantly."""
        sets = self.truth.ndim == 2
        value, low, high = self.intervals["micro_f1" if sets else "accuracy"]
        text = (
            f"{'Micro F1' if sets else 'Accuracy'} {value:.3f} ({low:z.3f} to {high:z.3f}) on {len(self.rows):,} rows"
        )
        text += f"; guessing reaches {self.chance:.3f} (chance)"
        text += "." if sets else f", always the most frequent class {self.most_frequent:.3f}."
        if self.is_above_chance:
            return text
        return f"{text} This is no better than chance: agreement with the labels (kappa) is not significantly above 0."


@dataclass(frozen=True, eq=False)
class NumberReport:
    """Predicted numbers. mae: mean absolute error; r2: R squared, at most 1, 0 for predicting the mean; median_mae: of
    always predicting the median of these rows. intervals: of mae and r2, bootstrap over texts."""

    rows: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    missing: int
    median_mae: float
    intervals: dict[str, Interval[float]]

    @property
    def mae(self) -> float:
        return self.intervals["mae"].value

    @property
    def r2(self) -> float:
        return self.intervals["r2"].value


def evaluate(
    model: Classifier, vectors: Vectors, labels: Cells, rows: np.ndarray | None = None, *, separator: str | None = None,
    seed: int = SEED,
) -> "Report | NumberReport":  # fmt: skip
    """Predict the labeled ones of `rows`, which should not be training rows, and compare. labels: one for each row of
    the vectors. Raises InputError for vectors of another model, or where no row has a label."""
    model.check_model(vectors)
    check_length(vectors, labels)
    target, ids = read_target(labels, model.task, separator), row_ids(rows, len(vectors))
    labeled = labeled_rows(target, ids)
    points = np.asarray(vectors.rows[labeled])
    scores, units = model.scores(points), text_codes(points)
    missing = len(ids) - len(labeled)
    if model.task == "number":
        return _number_report(labeled, target.values[labeled], scores[:, 0], units, missing, seed)
    probabilities = model.probabilities(scores)
    predicted = probabilities >= 0.5 if model.task == "sets" else scores.argmax(axis=1)
    return report_predictions(model.classes, target, labeled, predicted, probabilities, units, missing, seed)


def labeled_rows(target: Target, ids: np.ndarray) -> np.ndarray:
    """The rows that have a label. Raises InputError where none has."""
    labeled = ids[target.present[ids]]
    if not len(labeled):
        raise InputError(f"None of the {len(ids):,} rows to evaluate has a label.", "Choose other rows or label some.")
    return labeled


def report_predictions(
    classes: Sequence[str], target: Target, rows: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray,
    units: np.ndarray, missing: int = 0, seed: int = SEED,
) -> Report:  # fmt: skip
    """The report of predictions, however they came about. predicted: (m,) codes of `classes`, or (m, classes) bool."""
    names, truth = _aligned(classes, target, rows)
    unseen = len(names) - probabilities.shape[1]
    probabilities = np.pad(probabilities, ((0, 0), (0, unseen)))
    if predicted.ndim == 2:
        predicted = np.pad(predicted, ((0, 0), (0, unseen)))
    counts, samples, texts = _resampled_counts(truth, predicted, units, len(names), seed)
    right = (truth == predicted).reshape(len(rows), -1).all(axis=1).astype(np.float64)
    intervals = {"accuracy": _accuracy(right, units, seed)}
    for name in FIGURES[1:]:
        value = float(getattr(counts, name))
        intervals[name] = scalar_interval(percentile_interval(value, getattr(samples, name), texts))
    majority = float(counts.true.max() / counts.true.sum()) if truth.ndim == 1 else float("nan")
    per_class = _per_class(names, truth, predicted, units, counts, samples, texts)
    return Report(
        names, rows, truth, predicted, probabilities, units, missing, intervals, per_class, float(counts.chance),
        majority,
    )  # fmt: skip


def resampled_figure(report: Report, figure: str, seed: int = SEED) -> np.ndarray:
    """(b,) the figure over the bootstrap resamples, which all reports on the same rows share."""
    _, samples, _ = _resampled_counts(report.truth, report.predicted, report.units, len(report.classes), seed)
    return np.asarray(getattr(samples, figure))


def _aligned(classes: Sequence[str], target: Target, rows: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes and, after them, labels of the rows that are not among them; the rows' truth in these."""
    values = target.values[rows]
    used = np.unique(values) if target.kind == "classes" else np.flatnonzero(values.any(axis=0))
    names = (*classes, *(target.names[i] for i in used if target.names[i] not in set(classes)))
    position = {name: i for i, name in enumerate(names)}
    if target.kind == "classes":
        codes = np.array([position.get(name, -1) for name in target.names], np.int64)
        return names, codes[values]
    truth = np.zeros((len(rows), len(names)), bool)
    truth[:, [position[target.names[i]] for i in used]] = values[:, used]
    return names, truth


def _resampled_counts(
    truth: np.ndarray, predicted: np.ndarray, units: np.ndarray, classes: int, seed: int
) -> tuple[Counts, Counts, int]:
    """Counts per class of the rows, means of them in every resample of the texts, and the number of texts."""
    codes, texts = compact(units)
    block, blocks = random_blocks(codes, texts, seed)
    if truth.ndim == 2:
        pairs = [np.nonzero(table) for table in (truth & predicted, predicted, truth)]
    else:
        every, right = np.arange(len(truth)), np.flatnonzero(truth == predicted)
        pairs = [(right, truth[right]), (every, predicted), (every, truth)]
    counts = [np.bincount(code * blocks + block[row], minlength=classes * blocks) for row, code in pairs]
    sums = np.stack(counts).reshape(3 * classes, blocks).astype(np.float64)
    _, samples, _ = resampled_means(np.vstack([sums, np.bincount(block, minlength=blocks)]), None, seed)
    right, guessed, true = sums.sum(axis=1).reshape(3, classes)
    whole = Counts(right, guessed, true, np.array(len(truth)))
    parts = samples[:, :-1].reshape(len(samples), 3, classes)
    return whole, Counts(parts[:, 0], parts[:, 1], parts[:, 2], samples[:, -1]), texts


def _accuracy(right: np.ndarray, units: np.ndarray, seed: int) -> Interval[float]:
    return Interval(*(float(part[0]) for part in mean_interval(right[None], units, seed, proportion=True)))


def _per_class(
    names: Sequence[str], truth: np.ndarray, predicted: np.ndarray, units: np.ndarray, counts: Counts, samples: Counts,
    texts: int,
) -> pd.DataFrame:  # fmt: skip
    share = texts / max(len(units), 1)  # copies of a text are no further evidence
    columns: dict[str, np.ndarray] = {}
    for name, total in (("precision", counts.predicted), ("recall", counts.true)):
        interval = wilson(counts.right * share, total * share)
        columns |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    _, low, high = percentile_interval(counts.f1, samples.f1, texts)
    # without an error, or without a hit, all resamples are the same; F1 is 2 J / (1 + J) of the share J of rows that
    # are right among those that are predicted or true
    _, *ends = wilson(counts.right * share, (counts.predicted + counts.true - counts.right) * share)
    constant = (counts.f1 == 0) | (counts.f1 == 1)
    low, high = (np.where(constant, 2 * end / (1 + end), part) for end, part in zip(ends, (low, high), strict=True))
    columns |= {"f1": counts.f1, "f1_low": low.clip(0, 1), "f1_high": high.clip(0, 1)}
    return pd.DataFrame(columns | {"support": counts.true.astype(np.int64)}, index=pd.Index(names, name="class"))


def _number_report(
    rows: np.ndarray, truth: np.ndarray, predicted: np.ndarray, units: np.ndarray, missing: int, seed: int
) -> NumberReport:
    centered, errors = truth - truth.mean(), predicted - truth  # centered: sums of squares lose no digits
    values = np.stack([np.abs(errors), errors**2, centered, centered**2])
    means, samples, texts = resampled_means(values, units, seed)

    def r2(parts: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(1 - parts[..., 1] / (parts[..., 3] - parts[..., 2] ** 2))

    intervals = {
        "mae": scalar_interval(percentile_interval(means[0], samples[:, 0], texts)),
        "r2": scalar_interval(percentile_interval(r2(means), r2(samples), texts)),
    }
    median_mae = float(np.abs(truth - np.median(truth)).mean())
    return NumberReport(rows, truth, predicted, missing, median_mae, intervals)
