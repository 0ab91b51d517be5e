"""Label errors of a column as a stored result."""

from dataclasses import dataclass

from core.corpus.added_columns import column_inputs
from core.corpus.label_columns import FOLDS, column_labels
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.label_errors.label_errors import NEAREST, LabelErrors, find_label_errors
from core.results import Result, Step
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.linear_probe import DIMENSIONS
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors, load_vectors, neighbor_inputs

SECONDS_PER_CELL = 1e-8  # of a row, a label, a component and a fold of the probe, on one core


@dataclass(frozen=True)
class LabelQuery:
    """The labels of one column, checked by one model's vectors."""

    corpus: CorpusRef
    model: ModelSpec
    column: str


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


LABEL_ERRORS = Result(
    "label_errors", 3, LabelQuery, LabelErrors,
    inputs=lambda query: (
        neighbor_inputs(query.model)
        | {"column": query.column, "nearest": NEAREST, "folds": FOLDS, "seed": 0}
        | column_inputs(query.corpus, query.column)
    ),
    compute=_compute, seconds=_seconds,
    requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),), stage="Checking labels",
    unit="folds", absence="The labels of this column have not been checked yet.",
    remedy="Check them under Label errors on the Anomalies page.",
)  # fmt: skip
