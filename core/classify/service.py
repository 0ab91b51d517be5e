"""What the Classify page asks: columns that can be learned, and the comparison of trained classifiers.

Reports are computed from stored classifiers and cached in the worker; pages get tables and summaries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.classify.corpus_shares import FEW_AUDITED, GroupShares, SharesQuery, group_shares
from core.classify.estimators import ESTIMATORS
from core.classify.evaluation import NumberReport, Report, evaluate
from core.classify.experiments import Figure, compare
from core.classify.labels import LabelCheck, TargetKind, check_labels, target_kind
from core.classify.results import (
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
from core.corpus.added_columns import added_columns
from core.corpus.label_columns import INTERNAL_COLUMNS, find_split_column, label_columns
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.stats.interval import Interval
from core.types import CorpusRef
from core.vectors.contenders import Contender

__all__ = [
    "FEW_AUDITED", "ComparedRow", "Comparison", "GroupShares", "LabelChoice", "SharesQuery", "SplitChoices",
    "check_split", "comparison", "group_shares", "label_choices", "label_notes", "predicted_columns", "report_of",
    "split_choices", "with_lexical",
]  # fmt: skip


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


def label_choices(corpus: CorpusRef) -> tuple[LabelChoice, ...]:
    """Columns of classes, of several labels per row, and of numbers; those with the role of labels first, predicted
    ones last."""
    source = load_corpus(corpus)
    table, classes = source.table, label_columns(corpus)
    excluded = {*INTERNAL_COLUMNS, source.roles.id, source.roles.time}
    others = [str(name) for name in table.columns if name not in classes and name not in excluded]
    choices = [LabelChoice(name, _class_tasks(table[name])) for name in classes]
    choices += [LabelChoice(name, ("sets", "classes")) for name in others if label_sets(table[name]) is not None]
    numbers = [name for name in others if target_kind(table[name]) == "number"]
    choices += [LabelChoice(name, ("number",)) for name in numbers]
    predicted = predicted_columns(corpus)
    return tuple(sorted(choices, key=lambda choice: choice.column in predicted))


def predicted_columns(corpus: CorpusRef) -> frozenset[str]:
    """Columns whose labels were predicted by a classifier or by zero-shot classification."""
    columns = added_columns(corpus.folder, corpus.digest)
    return frozenset(column.name for column in columns if column.kind in ("predictions", "zero_shot"))


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
    lexical = lexical_contender()
    has_lexical = any(contender.model.key == lexical.model.key for contender in contenders)
    return (*contenders,) if has_lexical else (*contenders, lexical)


@lru_cache(maxsize=24)
def report_of(query: TrainingQuery) -> Report | NumberReport:
    """The stored classifier on the test rows. Raises StorageError where it is missing."""
    trained = TRAINED.get(query)
    return evaluate(
        trained.classifier, training_vectors(query.corpus, query.contender),
        settings_labels(query.corpus, query.settings), trained.split.test,
    )  # fmt: skip


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
    reason = "Its vectors do not separate the labels, or there are too few labeled rows."
    return f"{name}: not significantly better than chance (kappa). {reason}"


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


def check_split(corpus: CorpusRef, settings: Settings) -> tuple[int, int, int]:
    """Rows of the three sides. Raises InputError where the split is not possible."""
    sides = settings_split(corpus, settings)
    return len(sides.train), len(sides.validation), len(sides.test)
