"""Layouts as a stored result."""

from dataclasses import asdict, dataclass, field, replace

import numpy as np

from core.corpus.loaders import load_text_codes
from core.map.layout import TRUST_K, project
from core.results import Result, Step
from core.store import Workspace
from core.types import CorpusRef, Layout, LayoutParams, ModelSpec, Neighbors, Progress
from core.vectors.loaders import (
    NEIGHBORS,
    ModelQuery,
    load_neighbors,
    load_vectors,
    nearest_texts,
    neighbor_inputs,
)

ROWS_PER_SECOND = 2_500  # of a fast layout on two cores, used until a layout of this corpus was timed
PCA_ROWS_PER_SECOND = 100_000
REPRODUCIBLE_SLOWDOWN = 2.0  # a reproducible layout runs on one thread


@dataclass(frozen=True)
class LayoutQuery:
    """Names a layout of one model's vectors."""

    corpus: CorpusRef
    model: ModelSpec
    params: LayoutParams = field(default_factory=LayoutParams)


def _compute(query: LayoutQuery, progress: Progress) -> Layout:
    """Of the distinct texts: copies would only be each other's neighbors, and now have the point of their text."""
    where, params = (query.corpus, query.model), query.params
    vectors, graph, codes = load_vectors(*where), load_neighbors(*where), load_text_codes(*where)
    first = np.unique(codes, return_index=True)[1]
    if len(first) == len(codes):
        return project(vectors, graph, progress=progress, **asdict(params))
    ids, scores = nearest_texts(*where, first, max(params.n_neighbors - 1, TRUST_K))
    distinct = Neighbors(codes[ids].astype(np.int32), scores, graph.recall, graph.checked, graph.method)
    layout = project(replace(vectors, rows=vectors.rows[first]), distinct, progress=progress, **asdict(params))
    trust = replace(layout.trust, per_point=layout.trust.per_point[codes])
    return replace(layout, points=layout.points[codes], trust=trust)


def _seconds(query: LayoutQuery) -> float:
    """From the last UMAP layout of this corpus and model if there is one, else from the number of rows."""
    info = Workspace(query.corpus.folder).info(query.corpus.digest)
    rows = info.rows if info else 0
    if query.params.method == "pca":
        return rows / PCA_ROWS_PER_SECOND
    factor = REPRODUCIBLE_SLOWDOWN if query.params.reproducible else 1.0
    for record in reversed(list(LAYOUTS.records(query.corpus))):
        params = LayoutParams(**record["inputs"]["params"])
        if params.method == "umap" and record["inputs"]["model"] == query.model.to_dict():
            previous = REPRODUCIBLE_SLOWDOWN if params.reproducible else 1.0
            return float(record["facts"]["facts"]["seconds"]) * factor / previous
    return 2 + factor * rows / ROWS_PER_SECOND


LAYOUTS = Result(
    "layouts", 3, LayoutQuery, Layout, inputs=lambda query: {**neighbor_inputs(query.model), "params": query.params},
    compute=_compute, seconds=_seconds,
    requires=lambda query: (Step(NEIGHBORS, ModelQuery(query.corpus, query.model)),), stage="Computing the layout",
    unit="steps", worker="layout", absence="This layout has not been computed yet.",
    remedy="Compute it on the Map page.",
)  # fmt: skip
