"""What the Classify page asks: label columns, the comparison of trained classifiers, and everything about one of them.

Reports are computed from stored classifiers and cached in the worker; pages get tables and summaries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.classify.calibration import Curve, Reliability, precision_recall, reliability, roc
from core.classify.estimators import ESTIMATORS
from core.classify.evaluation import NumberReport, Report, evaluate
from core.classify.experiments import Figure, compare
from core.classify.labels import LabelCheck, TargetKind, check_labels, target_kind
from core.classify.results import (
    LEXICAL,
    TRAINED,
    Settings,
    Trained,
    TrainingQuery,
    lexical_contender,
    settings_labels,
    settings_split,
    training_vectors,
)
from core.classify.training import train
from core.corpus.export import rows_csv
from core.corpus.label_columns import INTERNAL_COLUMNS, find_split_column, label_columns
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.stats.interval import Interval
from core.types import CorpusRef
from core.vectors.contenders import Contender

MAX_MATRIX_CLASSES = 20  # on a side of the heat map
MAX_LISTED = 200
CELL = 400  # characters of a text in a table
MAX_POINTS = 2_000  # of a scatter plot


@dataclass(frozen=True)
class LabelChoice:
    """A column that can be predicted. tasks: what it can be read as, the likeliest first."""

    column: str
    tasks: tuple[TargetKind, ...]


@dataclass(frozen=True)
class SplitChoices:
    """column: with the sides of rows, time: with times; "" where there is none."""

    column: str
    time: str


@dataclass(frozen=True, eq=False)
class ComparedRow:
    """A line of the comparison. figures: by name, with intervals. verdict: against the best of the contenders, "" of
    baselines. parameter: the selected one, such as "C = 10"."""

    name: str
    figures: dict[str, Interval[float]]
    verdict: str = ""
    parameter: str = ""
    is_baseline: bool = False


@dataclass(frozen=True, eq=False)
class Comparison:
    """rows: contenders in the order of the queries, then baselines. sides: training, validation and test rows. missing:
    test rows without a label. total: rows of the corpus. chance: accuracy (micro F1 of sets) of random guesses with the
    same shares, NaN of numbers. warnings: sentences on results no better than chance. notes: on the split. method: how
    significance was tested. classes: how many."""

    rows: tuple[ComparedRow, ...]
    sides: tuple[int, int, int]
    total: int
    chance: float
    best: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    method: str
    split_method: str
    classes: int
    selection: str


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


def label_choices(corpus: CorpusRef) -> tuple[LabelChoice, ...]:
    """Columns of classes, of several labels per row, and of numbers; those with the role of labels first."""
    source = load_corpus(corpus)
    table, classes = source.table, label_columns(corpus)
    excluded = {*INTERNAL_COLUMNS, source.roles.id, source.roles.time}
    others = [str(name) for name in table.columns if name not in classes and name not in excluded]
    choices = [LabelChoice(name, _class_tasks(table[name])) for name in classes]
    choices += [LabelChoice(name, ("sets",)) for name in others if label_sets(table[name]) is not None]
    numbers = [name for name in others if target_kind(table[name]) == "number"]
    return (*choices, *(LabelChoice(name, ("number",)) for name in numbers))


def _class_tasks(column: pd.Series) -> tuple[TargetKind, ...]:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return ("classes",)
    return ("number", "classes") if target_kind(column) == "number" else ("classes", "number")


def split_choices(corpus: CorpusRef) -> SplitChoices:
    """The columns by which rows can be divided."""
    source = load_corpus(corpus)
    time = source.roles.time or ""
    has_times = time in source.table.columns and pd.api.types.is_datetime64_any_dtype(source.table[time])
    return SplitChoices(find_split_column(source.table) or "", time if has_times else "")


def label_notes(corpus: CorpusRef, settings: Settings) -> LabelCheck:
    """What is noteworthy about a column of classes. Raises InputError where it can't be learned."""
    return check_labels(load_corpus(corpus).texts, settings_labels(corpus, settings))


def with_lexical(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """The contenders, and the lexical baseline unless it is one of them."""
    has_lexical = any(contender.model.backend == LEXICAL for contender in contenders)
    return (*contenders,) if has_lexical else (*contenders, lexical_contender())


@lru_cache(maxsize=24)
def report_of(query: TrainingQuery) -> Report | NumberReport:
    """The stored classifier on the test rows. Raises StorageError where it is missing."""
    trained = TRAINED.get(query)
    return evaluate(
        trained.classifier, training_vectors(query.corpus, query.contender),
        settings_labels(query.corpus, query.settings), trained.split.test,
    )  # fmt: skip


def class_report(query: TrainingQuery) -> Report:
    """Raises InputError for a column of numbers."""
    report = report_of(query)
    if not isinstance(report, Report):
        raise InputError("The column has numbers, not classes.", "Read it as classes.")
    return report


def comparison(queries: tuple[TrainingQuery, ...], names: tuple[str, ...], figure: Figure = "macro_f1") -> Comparison:
    """Trained contenders side by side on the same test rows, with baselines."""
    trained = [TRAINED.get(query) for query in queries]
    sides = trained[0].split
    reports = [report_of(query) for query in queries]
    rows = [
        ComparedRow(name, dict(report.intervals), parameter=_parameter(each))
        for name, report, each in zip(names, reports, trained, strict=True)
    ]
    class_reports = {name: report for name, report in zip(names, reports, strict=True) if isinstance(report, Report)}
    best, method, warnings, chance = names[:1], "", [], float("nan")
    if class_reports:
        best, method, verdicts = _verdicts(class_reports, figure)
        rows = [ComparedRow(r.name, r.figures, verdicts.get(r.name, ""), r.parameter) for r in rows]
        warnings = [_chance_warning(name, class_reports[name]) for name in names]
        chance = reports[0].chance if isinstance(reports[0], Report) else chance
    rows += _baselines(queries[0], sides.train, sides.test)
    return Comparison(
        tuple(rows), (len(sides.train), len(sides.validation), len(sides.test)), len(load_corpus(queries[0].corpus)),
        chance, tuple(best), tuple(filter(None, warnings)), sides.notes, method, sides.method,
        len(trained[0].classifier.classes), str(trained[0].classifier.facts["selection"]),
    )  # fmt: skip


def _parameter(trained: Trained) -> str:
    name = ESTIMATORS[trained.classifier.kind].parameter
    return f"{name} = {trained.classifier.facts['value']:g}" if name else ""


def _verdicts(reports: dict[str, Report], figure: Figure) -> tuple[tuple[str, ...], str, dict[str, str]]:
    if len(reports) < 2:
        return tuple(reports), "", {}
    contest = compare(reports, figure)
    best = contest.tied_best()
    leader = max(reports, key=lambda name: reports[name].intervals[figure].value)
    verdicts = {name: "tied with best" if name in best else "significantly lower" for name in reports}
    verdicts[leader] = "best" if len(best) == 1 else "highest, tied"
    return tuple(best), f"{contest.evidence.method} Holm-corrected for all pairs.", verdicts


def _chance_warning(name: str, report: Report) -> str:
    if report.is_above_chance:
        return ""
    return f"{name}: the predictions are no better than chance. The labels can't be learned from these vectors."


def _baselines(query: TrainingQuery, train_rows: np.ndarray, test_rows: np.ndarray) -> list[ComparedRow]:
    """What needs no vectors: the most frequent class, or the median."""
    report = report_of(query)
    if isinstance(report, NumberReport):
        nothing = float("nan")
        return [ComparedRow("Median", {"mae": Interval(report.median_mae, nothing, nothing)}, is_baseline=True)]
    if query.settings.task == "sets":
        return []
    vectors, labels = training_vectors(query.corpus, query.contender), settings_labels(query.corpus, query.settings)
    majority = evaluate(train(vectors, labels, train_rows, "most_frequent", task="classes"), vectors, labels, test_rows)
    return [ComparedRow("Most frequent class", dict(majority.intervals), is_baseline=True)]


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


def check_split(corpus: CorpusRef, settings: Settings) -> tuple[int, int, int]:
    """Rows of the three sides. Raises InputError where the split is not possible."""
    sides = settings_split(corpus, settings)
    return len(sides.train), len(sides.validation), len(sides.test)
