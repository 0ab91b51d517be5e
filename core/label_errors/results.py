"""Label errors of a column as a stored result."""

from dataclasses import dataclass

from core.corpus.label_columns import FOLDS, column_labels
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.label_errors.label_errors import NEAREST, Doubts, find_doubts
from core.results import Result, Step
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.linear_probe import DIMENSIONS
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors, load_vectors, neighbor_inputs

SECONDS_A_CELL = 1e-8  # of a row, a label, a component and a fold of the probe, on one core


@dataclass(frozen=True)
class LabelQuery:
    """The labels of one column, judged by one model's vectors."""

    corpus: CorpusRef
    model: ModelSpec
    column: str


def _inputs(query: LabelQuery) -> dict[str, object]:
    settings = {"column": query.column, "nearest": NEAREST, "folds": FOLDS, "seed": 0}
    return neighbor_inputs(query.model) | settings


def _compute(query: LabelQuery, progress: Progress) -> Doubts:
    folder, corpus = query.corpus.folder, query.corpus.digest
    labels = column_labels(CorpusRef(folder, corpus), query.column)
    groups = distinct_texts(load_corpus(CorpusRef(folder, corpus)).texts)[0]
    vectors = load_vectors(CorpusRef(folder, corpus), query.model).rows
    return find_doubts(
        vectors, load_neighbors(CorpusRef(folder, corpus), query.model), labels, groups, progress=progress
    )


def _seconds(query: LabelQuery) -> float:
    """On one core. Raises InputError for a column that can't be judged."""
    labels = column_labels(query.corpus, query.column)
    rows, dimensions = load_vectors(query.corpus, query.model).rows.shape
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
