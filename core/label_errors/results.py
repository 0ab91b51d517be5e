"""Label errors of a column as a stored result."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.corpus.added_columns import column_inputs
from core.corpus.label_columns import FOLDS, column_labels
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.label_errors.label_errors import NEAREST, LabelErrors, find_label_errors
from core.label_errors.label_set_errors import LabelSetErrors, find_label_set_errors
from core.results import Result, Step
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.linear_probe import DIMENSIONS
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors, load_vectors, neighbor_inputs

SECONDS_PER_CELL = 1e-8  # of a row, a label, a component and a fold of the probe, on one core
SECONDS_PER_SET_CELL = 3e-8  # the same of one-vs-rest


@dataclass(frozen=True)
class LabelQuery:
    """The labels of one column, checked by one model's vectors."""

    corpus: CorpusRef
    model: ModelSpec
    column: str


MAX_CHECKED = 100  # labels of rows that may have several, the most frequent ones


@dataclass(frozen=True, eq=False)
class CheckedLabels:
    """The labels of a column whose rows may have several, as checked. labels: (n, k) bool. names: the k most frequent
    labels on FOLDS or more texts, at most 100. rare: (label, rows) of those on fewer. others: labels beyond the first
    100. unlabeled: rows without any of the labels."""

    labels: np.ndarray
    names: tuple[str, ...]
    rare: tuple[tuple[str, int], ...]
    others: int
    unlabeled: int


@lru_cache(maxsize=4)
def checked_labels(corpus: CorpusRef, column: str) -> CheckedLabels:
    """Raises InputError where the column has no several labels a row, or fewer than two on enough texts."""
    loaded = load_corpus(corpus)
    sets = label_sets(loaded.table[column]) if column in loaded.table.columns else None
    if sets is None:
        raise InputError(f'There is no column "{column}" with several labels per row.', "Choose another.")
    groups = distinct_texts(loaded.texts)[0]
    pairs = np.unique(np.stack([sets.codes, groups[sets.rows]]), axis=1)
    texts = np.bincount(pairs[0], minlength=len(sets.names))
    common = np.flatnonzero(texts >= FOLDS)
    if len(common) < 2:
        message = f'Of the {len(sets.names):,} labels in the column "{column}", {len(common)} are on at least {FOLDS} '
        raise InputError(f"{message}different texts; two are needed.", "Choose another column, or add more rows.")
    rare = tuple((sets.names[i], int(sets.counts[i])) for i in np.flatnonzero(texts < FOLDS))
    checked = common[:MAX_CHECKED]
    labels = sets.indicator()[:, checked].toarray() > 0
    unlabeled, others = int((~labels.any(axis=1)).sum()), len(common) - len(checked)
    return CheckedLabels(labels, tuple(sets.names[i] for i in checked), rare, others, unlabeled)


def _compute(query: LabelQuery, progress: Progress) -> LabelErrors:
    labels = column_labels(query.corpus, query.column)
    groups = distinct_texts(load_corpus(query.corpus).texts)[0]
    vectors, graph = load_vectors(query.corpus, query.model).rows, load_neighbors(query.corpus, query.model)
    return find_label_errors(vectors, graph, labels, groups, progress=progress)


def _seconds(query: LabelQuery) -> float:
    """On one core. Raises InputError for a column that can't be checked."""
    labels = column_labels(query.corpus, query.column)
    rows, dimensions = load_vectors(query.corpus, query.model).rows.shape
    return rows * len(labels.names) * min(dimensions, DIMENSIONS) * FOLDS * SECONDS_PER_CELL


def _compute_sets(query: LabelQuery, progress: Progress) -> LabelSetErrors:
    checked = checked_labels(query.corpus, query.column)
    groups = distinct_texts(load_corpus(query.corpus).texts)[0]
    vectors, graph = load_vectors(query.corpus, query.model).rows, load_neighbors(query.corpus, query.model)
    return find_label_set_errors(vectors, graph, checked.labels, groups, progress=progress)


def _set_seconds(query: LabelQuery) -> float:
    """On one core. Raises InputError for a column that can't be checked."""
    labels = checked_labels(query.corpus, query.column)
    rows, dimensions = load_vectors(query.corpus, query.model).rows.shape
    return rows * len(labels.names) * min(dimensions, DIMENSIONS) * FOLDS * SECONDS_PER_SET_CELL


def _inputs(query: LabelQuery) -> dict[str, Any]:
    settings = {"column": query.column, "nearest": NEAREST, "folds": FOLDS, "seed": 0}
    return neighbor_inputs(query.model) | settings | column_inputs(query.corpus, query.column)


LABEL_ERRORS = Result(
    "label_errors", 3, LabelQuery, LabelErrors,
    inputs=_inputs,
    compute=_compute, seconds=_seconds,
    requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),), stage="Checking labels",
    unit="folds", absence="The labels of this column have not been checked yet.",
    remedy="Check them under Label errors on the Anomalies page.",
)  # fmt: skip
LABEL_SET_ERRORS = Result(
    "label_set_errors", 1, LabelQuery, LabelSetErrors,
    inputs=_inputs,
    compute=_compute_sets, seconds=_set_seconds,
    requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),), stage="Checking labels",
    unit="folds", absence="The labels of this column have not been checked yet.",
    remedy="Check them under Label errors on the Anomalies page.",
)  # fmt: skip
