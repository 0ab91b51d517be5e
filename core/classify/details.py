"""Everything about one trained classifier: its classes, confusion matrix, calibration, curves, errors, and numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.classify.calibration import Curve, Reliability, precision_recall, reliability, roc
from core.classify.evaluation import NumberReport, Report
from core.classify.results import TRAINED, TrainingQuery
from core.classify.service import report_of
from core.corpus.export import rows_csv
from core.corpus.loaders import load_corpus
from core.errors import InputError

MAX_MATRIX_CLASSES = 20  # on a side of the heat map
MAX_LISTED = 200
CELL = 400  # characters of a text in a table
MAX_POINTS = 2_000  # of a scatter plot


@dataclass(frozen=True, eq=False)
class Confusion:
    """counts: (m, m) test rows by label (first) and prediction, of the `names` with the most errors. cells: (label,
    prediction, rows) of all classes, errors first, most rows first. counted: rows in `counts`, of `total`."""

    names: tuple[str, ...]
    counts: np.ndarray
    cells: tuple[tuple[str, str, int], ...]
    counted: int
    total: int
    classes: int


@dataclass(frozen=True, eq=False)
class NumberPoints:
    """Actual and predicted numbers of at most 2,000 test rows (m,), of `total`."""

    rows: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    total: int


def class_report(query: TrainingQuery) -> Report:
    """Raises InputError for a column of numbers."""
    report = report_of(query)
    if not isinstance(report, Report):
        raise InputError("The column has numbers, not classes.", "Read it as classes.")
    return report


def per_class(query: TrainingQuery) -> pd.DataFrame:
    """Precision, recall and F1 with the ends of their intervals (_low, _high), and support; index the classes."""
    return class_report(query).per_class


def confusion(query: TrainingQuery) -> Confusion:
    """Which labels are predicted as which, for the classes with the most errors."""
    report = class_report(query)
    matrix, names = report.confusion, report.classes
    wrong = matrix - np.diag(np.diag(matrix))
    errors = wrong.sum(axis=0) + wrong.sum(axis=1)
    chosen = np.argsort(-(errors + matrix.sum(axis=1) / 1e9), kind="stable")[:MAX_MATRIX_CLASSES]
    chosen = np.sort(chosen)
    counts = matrix[np.ix_(chosen, chosen)]
    filled = [(int(i), int(j)) for i, j in zip(*np.nonzero(matrix), strict=True)]
    filled.sort(key=lambda cell: (cell[0] == cell[1], -matrix[cell]))
    cells = tuple((names[i], names[j], int(matrix[i, j])) for i, j in filled)
    return Confusion(
        tuple(names[i] for i in chosen), counts, cells, int(counts.sum()), int(matrix.sum()), len(names)
    )  # fmt: skip


def cell_rows(query: TrainingQuery, label: str, predicted: str) -> np.ndarray:
    """Row ids of a cell of the confusion matrix. Raises InputError for unknown classes."""
    report = class_report(query)
    if label not in report.classes or predicted not in report.classes:
        raise InputError("There is no such cell in the confusion matrix.", "Select another cell.")
    return report.cell_rows(label, predicted)


def cell_table(query: TrainingQuery, label: str, predicted: str) -> pd.DataFrame:
    """Text, label, prediction and confidence of the first 200 rows of a cell, the most confident first."""
    return _prediction_table(query, cell_rows(query, label, predicted)).head(MAX_LISTED)


def _prediction_table(query: TrainingQuery, rows: np.ndarray) -> pd.DataFrame:
    report, corpus = class_report(query), load_corpus(query.corpus)
    at = np.flatnonzero(np.isin(report.rows, rows))
    confidence = report.probabilities[at, report.predicted[at]]
    at = at[np.argsort(-confidence, kind="stable")]
    names = np.array(report.classes, object)
    columns = {
        "text": [corpus.texts[row][:CELL] for row in report.rows[at]],
        "label": names[report.truth[at]],
        "predicted": names[report.predicted[at]],
        "confidence": report.probabilities[at, report.predicted[at]],
    }
    return pd.DataFrame(columns, index=report.rows[at])


def confident_errors(query: TrainingQuery) -> tuple[pd.DataFrame, int]:
    """The 50 most confident wrong predictions (index: row ids), and how many wrong ones there are."""
    report = class_report(query)
    errors = report.confident_errors(50).set_index("row")
    errors.insert(0, "text", [load_corpus(query.corpus).texts[row][:CELL] for row in errors.index])
    return errors, int((~report.right).sum())


def predictions_file(query: TrainingQuery) -> bytes:
    """All test rows with label and prediction, as CSV."""
    report, corpus = report_of(query), load_corpus(query.corpus)
    if isinstance(report, NumberReport):
        return rows_csv(corpus, report.rows, {"label": report.truth, "predicted": report.predicted})
    columns = {"row": report.rows + 1, "label": _names(report, report.truth)}
    columns |= {"predicted": _names(report, report.predicted)}
    if report.truth.ndim == 1:
        columns["confidence"] = report.probabilities[np.arange(len(report.rows)), report.predicted].round(4)
    return rows_csv(corpus, report.rows, columns)


def _names(report: Report, codes: np.ndarray) -> np.ndarray:
    names = np.array(report.classes, object)
    if codes.ndim == 1:
        return names[codes]
    return np.array(["; ".join(names[row]) for row in codes], object)


def calibration(query: TrainingQuery) -> Reliability:
    """Of the predicted class's probabilities on the test rows."""
    report = class_report(query)
    return reliability(report.probabilities, report.truth, report.units)


def temperature_of(query: TrainingQuery) -> float:
    """What scores are divided by before the softmax; 1 where scaling did not help."""
    return TRAINED.get(query).classifier.temperature


def class_curves(query: TrainingQuery, name: str) -> tuple[Curve, Curve, int]:
    """ROC and precision-recall of one class against all others, and how many test rows have it."""
    report = class_report(query)
    if name not in report.classes:
        raise InputError("There is no such class among the test rows.", "Choose another class.")
    at = report.classes.index(name)
    positive = report.truth[:, at] if report.truth.ndim == 2 else report.truth == at
    scores = report.probabilities[:, at]
    positive = np.asarray(positive, bool)
    return roc(scores, positive, report.units), precision_recall(scores, positive, report.units), int(positive.sum())


def number_points(query: TrainingQuery) -> NumberPoints:
    """Actual against predicted numbers of the test rows. Raises InputError for a column of classes."""
    report = report_of(query)
    if not isinstance(report, NumberReport):
        raise InputError("The column has classes, not numbers.", "Read it as a number.")
    at = np.arange(len(report.rows))
    if len(at) > MAX_POINTS:
        at = np.sort(np.random.default_rng(query.settings.plan.seed).choice(at, MAX_POINTS, replace=False))
    return NumberPoints(report.rows[at], report.truth[at], report.predicted[at], len(report.rows))


def largest_errors(query: TrainingQuery) -> pd.DataFrame:
    """The 50 test rows whose predicted number is farthest off, index row ids."""
    report, corpus = report_of(query), load_corpus(query.corpus)
    error = np.abs(np.asarray(report.predicted, float) - np.asarray(report.truth, float))
    at = np.argsort(-error, kind="stable")[:50]
    columns = {
        "text": [corpus.texts[row][:CELL] for row in report.rows[at]], "actual": report.truth[at],
        "predicted": report.predicted[at], "error": error[at],
    }  # fmt: skip
    return pd.DataFrame(columns, index=report.rows[at])
