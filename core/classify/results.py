"""Trained classifiers and learning curves as stored results."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from core.classify.estimators import ESTIMATORS, Kind
from core.classify.experiments import RUNS, SIZES, LearningCurve, learning_curve
from core.classify.labels import TargetKind, merge_labels
from core.classify.splits import TEST, VALIDATION, Split, split
from core.classify.training import Classifier, train
from core.corpus.added_columns import column_inputs
from core.corpus.annotations import read_log
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.models.registry import find_spec, load_embedder
from core.results import Result
from core.stats.interval import Interval
from core.store import Workspace, vector_inputs
from core.types import CorpusRef, Progress, Vectors
from core.vectors.contenders import Contender, contender_rows

SplitMethod = Literal["random", "column", "time", "audit"]
LEXICAL = "lexical"
# seconds for a row, a class and a dimension of one fit, on one core; measured on banking77 with 384 dimensions
SECONDS_PER_CELL: dict[str, float] = {
    "logistic": 2e-9, "svm": 1e-8, "knn": 2e-10, "forest": 2e-8, "boosting": 1e-6, "ridge": 1e-8,
}  # fmt: skip
OVERHEAD = 0.03  # seconds of a fit
SELECTION = 1.5  # cost of selecting the parameter, in fits for each of its values
CURVE_SHARE = 0.35  # mean size of the training sets of a learning curve


@dataclass(frozen=True)
class SplitPlan:
    """How rows are divided. column: of the sides or times, "" for other methods. validation, test: shares of the texts.
    audit: the audit sample of a column that was labeled here is the test."""

    method: SplitMethod = "random"
    column: str = ""
    seed: int = 0
    validation: float = VALIDATION
    test: float = TEST


@dataclass(frozen=True)
class Settings:
    """What is learned and how, for every contender alike. merged: labels that differ only by case or spaces are one."""

    column: str
    task: TargetKind
    kind: Kind
    plan: SplitPlan = SplitPlan()
    balanced: bool = False
    merged: bool = False


@dataclass(frozen=True)
class TrainingQuery:
    """A classifier on one contender's vectors."""

    corpus: CorpusRef
    contender: Contender
    settings: Settings


@dataclass(frozen=True, eq=False)
class Trained:
    """A classifier with what it was trained on, so that it can be listed. split: row ids and how they were chosen."""

    classifier: Classifier
    split: Split
    contender: Contender
    settings: Settings


@dataclass(frozen=True, eq=False)
class StoredCurve:
    """A `LearningCurve` as arrays. score: (3, s) values, low and high ends. next_gain: value, low, high."""

    sizes: np.ndarray
    score: np.ndarray
    resampled: np.ndarray
    next_gain: tuple[float, float, float]
    runs: int
    test_rows: int

    @property
    def curve(self) -> LearningCurve:
        return LearningCurve(self.sizes, Interval(*self.score), self.resampled, Interval(*self.next_gain), self.runs)


def settings_labels(corpus: CorpusRef, settings: Settings) -> pd.Series:
    """The label column of n rows. Raises InputError where there is no such column."""
    table = load_corpus(corpus).table
    if settings.column not in table.columns:
        raise InputError(f'There is no column "{settings.column}".', "Choose another column.")
    return merge_labels(table[settings.column]) if settings.merged else table[settings.column]


def audited_rows(corpus: CorpusRef, column: str) -> np.ndarray:
    """(a,) int64 ids, ascending, of the rows of a column that were drawn at random while it was labeled here; empty
    for other columns. No strategy has suggested these, nor the rest of that sample."""
    version = dict(corpus.columns).get(column)
    labels = read_log(corpus.folder, corpus.digest, column, version).labels(audit_only=True) if version else {}
    rows = np.array(sorted(labels), np.int64)
    return rows[rows < len(load_corpus(corpus))]


def settings_split(corpus: CorpusRef, settings: Settings) -> Split:
    """Raises InputError where the column can't be learned or a side would be empty."""
    plan, source = settings.plan, load_corpus(corpus)
    if settings.merged:
        source = replace(source, table=source.table.assign(**{settings.column: settings_labels(corpus, settings)}))
    return split(
        source, settings.column, plan.seed, validation=plan.validation, test=plan.test,
        by_column=plan.column if plan.method == "column" else None,
        by_time=plan.column if plan.method == "time" else None,
        test_rows=audited_rows(corpus, settings.column) if plan.method == "audit" else None, kind=settings.task,
    )  # fmt: skip


def lexical_contender() -> Contender:
    """The baseline of words and spelling."""
    return Contender(find_spec(LEXICAL))


@lru_cache(maxsize=4)
def training_vectors(corpus: CorpusRef, contender: Contender) -> Vectors:
    """A contender's vectors. The lexical baseline's are computed where they are not stored. Raises StorageError where
    the corpus is not embedded with another model."""
    stored = {model.key for model in Workspace(corpus.folder).models(corpus.digest)}
    if contender.model.key == lexical_contender().model.key and contender.model.key not in stored:
        embedder = load_embedder(LEXICAL)
        return Vectors(embedder.embed(load_corpus(corpus).texts), embedder.spec, corpus.digest)
    return Vectors(contender_rows(corpus, contender), contender.model, corpus.digest)


def _compute(query: TrainingQuery, progress: Progress) -> Trained:
    settings, sides = query.settings, settings_split(query.corpus, query.settings)
    classifier = train(
        training_vectors(query.corpus, query.contender), settings_labels(query.corpus, settings), sides.train,
        settings.kind, validation=sides.validation, balanced=settings.balanced, task=settings.task,
        seed=settings.plan.seed, progress=progress,
    )  # fmt: skip
    return Trained(classifier, sides, query.contender, settings)


def _compute_curve(query: TrainingQuery, progress: Progress) -> StoredCurve:
    settings, sides = query.settings, settings_split(query.corpus, query.settings)
    curve = learning_curve(
        training_vectors(query.corpus, query.contender), settings_labels(query.corpus, settings), sides.train,
        sides.test, settings.kind, seed=settings.plan.seed, progress=progress,
    )  # fmt: skip
    low, middle, high = curve.next_gain.low, curve.next_gain.value, curve.next_gain.high
    return StoredCurve(
        curve.sizes, np.stack(curve.score), curve.resampled, (middle, low, high), curve.runs, len(sides.test)
    )


def _fit_seconds(query: TrainingQuery) -> float:
    """One fit on the training rows. Raises InputError for a column that can't be learned."""
    sides = settings_split(query.corpus, query.settings)
    labels = settings_labels(query.corpus, query.settings)
    classes = 1 if query.settings.task == "number" else labels.iloc[sides.train].nunique()
    dimensions = query.contender.dimensions or query.contender.model.dimensions or 384
    return len(sides.train) * classes * dimensions * SECONDS_PER_CELL[query.settings.kind] + OVERHEAD


def _seconds(query: TrainingQuery) -> float:
    candidates = len(ESTIMATORS[query.settings.kind].grid)
    return _fit_seconds(query) * (1 + SELECTION * candidates)


def _curve_seconds(query: TrainingQuery) -> float:
    return _fit_seconds(query) * CURVE_SHARE * RUNS * SIZES


def _inputs(query: TrainingQuery) -> dict[str, object]:
    variant = {"dimensions": query.contender.dimensions, "bits": query.contender.bits}
    columns = column_inputs(query.corpus, query.settings.column, query.settings.plan.column)
    return vector_inputs(query.contender.model) | variant | {"settings": query.settings} | columns


def _stage(query: TrainingQuery) -> str:
    return f"Training: {query.contender.label}"


TRAINED = Result(
    "trained", 1, TrainingQuery, Trained, inputs=_inputs, compute=_compute, seconds=_seconds, stage=_stage,
    unit="fits", absence="This classifier has not been trained yet.",
    remedy="Train it on the Classify page, under Train and evaluate.",
)  # fmt: skip
LEARNING_CURVE = Result(
    "learning_curve", 1, TrainingQuery, StoredCurve, inputs=_inputs, compute=_compute_curve, seconds=_curve_seconds,
    stage=lambda query: f"Learning curve: {query.contender.label}", unit="fits",
    absence="This learning curve has not been computed yet.",
    remedy="Compute it on the Classify page, under Train and evaluate.",
)  # fmt: skip
