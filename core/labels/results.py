"""Label errors of a column as a stored result."""

from dataclasses import dataclass
from functools import lru_cache

from core import opened
from core.embedding import distinct
from core.errors import InputError
from core.labels.columns import FOLDS, Labels, read_labels
from core.labels.doubts import NEAREST, Doubts, find_doubts
from core.labels.probe import DIMENSIONS
from core.opened import NEIGHBORS, ModelQuery, neighbor_inputs
from core.results import Result, Step
from core.types import CorpusRef, ModelSpec, Progress

SECONDS_A_CELL = 1e-8  # of a row, a label, a component and a fold of the probe, on one core


@dataclass(frozen=True)
class LabelQuery:
    """The labels of one column, judged by one model's vectors."""

    corpus: CorpusRef
    model: ModelSpec
    column: str


@lru_cache(maxsize=4)
def column_labels(corpus: CorpusRef, column: str) -> Labels:
    """A corpus' column read as labels. Raises InputError."""
    source = opened.corpus(corpus)
    if column not in source.table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another.")
    return read_labels(source.table[column], distinct(source.texts)[0], column)


def _inputs(query: LabelQuery) -> dict[str, object]:
    settings = {"column": query.column, "nearest": NEAREST, "folds": FOLDS, "seed": 0}
    return neighbor_inputs(query.model) | settings


def _compute(query: LabelQuery, progress: Progress) -> Doubts:
    folder, corpus = query.corpus.folder, query.corpus.digest
    labels = column_labels(CorpusRef(folder, corpus), query.column)
    groups = distinct(opened.corpus(CorpusRef(folder, corpus)).texts)[0]
    vectors = opened.vectors(CorpusRef(folder, corpus), query.model).rows
    return find_doubts(
        vectors, opened.neighbors(CorpusRef(folder, corpus), query.model), labels, groups, progress=progress
    )


def _seconds(query: LabelQuery) -> float:
    """On one core. Raises InputError for a column that can't be judged."""
    labels = column_labels(query.corpus, query.column)
    rows, dimensions = opened.vectors(query.corpus, query.model).rows.shape
    return rows * len(labels.names) * min(dimensions, DIMENSIONS) * FOLDS * SECONDS_A_CELL


LABEL_ERRORS = Result(
    "label_errors",
    1,
    LabelQuery,
    Doubts,
    inputs=_inputs,
    compute=_compute,
    seconds=_seconds,
    requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),),
    stage="Checking labels",
    unit="folds",
    absence="The labels of this column have not been checked yet.",
    remedy="Start it in the section on label errors of the Anomalies page.",
)
