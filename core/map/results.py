"""Layouts as a stored result."""

from dataclasses import asdict, dataclass, field, replace

import numpy as np

from core.corpus.loaders import load_text_codes
from core.map.layout import MAX_FITTED, TRUST_K, project
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
PLACED_PER_SECOND = 10_000  # rows beyond the sample that UMAP is computed on
PCA_ROWS_PER_SECOND = 100_000
PREVIEW_ROWS = 20_000  # larger corpora show a PCA map until UMAP is ready
STAGES = {"umap": "Computing the layout", "pca": "Computing a PCA map"}
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
    graph = load_neighbors(*where) if needs_graph(query) else None
    vectors, codes = load_vectors(*where), load_text_codes(*where)
    first = np.unique(codes, return_index=True)[1]
    if len(first) == len(codes):
        return project(vectors, graph, progress=progress, **asdict(params))
    distinct = graph and _distinct_graph(query, graph, codes, first)
    layout = project(replace(vectors, rows=vectors.rows[first]), distinct, progress=progress, **asdict(params))
    trust = replace(layout.trust, per_point=layout.trust.per_point[codes])
    return replace(layout, points=layout.points[codes], trust=trust)


def _distinct_graph(query: LayoutQuery, graph: Neighbors, codes: np.ndarray, first: np.ndarray) -> Neighbors:
    """The graph of the distinct texts; the whole one where a sample's neighbors are selected from it."""
    k = graph.k if len(first) > MAX_FITTED else max(query.params.n_neighbors - 1, TRUST_K)
    ids, scores = nearest_texts(query.corpus, query.model, first, k)
    return Neighbors(codes.astype(np.int32)[ids], scores, graph.recall, graph.checked, graph.method)


def preview(query: LayoutQuery) -> LayoutQuery | None:
    """The PCA map that a large corpus shows until its UMAP map is ready; None for other layouts."""
    if query.params.method == "pca" or _rows(query) <= PREVIEW_ROWS:
        return None
    return replace(query, params=LayoutParams("pca", query.params.dims))


def needs_graph(query: LayoutQuery) -> bool:
    """PCA of a large corpus does not wait for its neighbor graph."""
    return query.params.method != "pca" or _rows(query) <= PREVIEW_ROWS


def _rows(query: LayoutQuery) -> int:
    info = Workspace(query.corpus.folder).info(query.corpus.digest)
    return info.rows if info else 0


def _required(query: LayoutQuery) -> tuple[Step, ...]:
    first = preview(query)
    steps = (Step(LAYOUTS, first),) if first else ()
    return (*steps, Step(NEIGHBORS, ModelQuery(query.corpus, query.model))) if needs_graph(query) else steps


def _seconds(query: LayoutQuery) -> float:
    """From the last UMAP layout of this corpus and model if there is one, else from the number of rows."""
    rows = _rows(query)
    if query.params.method == "pca":
        return rows / PCA_ROWS_PER_SECOND
    factor = REPRODUCIBLE_SLOWDOWN if query.params.reproducible else 1.0
    for record in reversed(list(LAYOUTS.records(query.corpus))):
        params = LayoutParams(**record["inputs"]["params"])
        if params.method == "umap" and record["inputs"]["model"] == query.model.to_dict():
            previous = REPRODUCIBLE_SLOWDOWN if params.reproducible else 1.0
            return float(record["facts"]["facts"]["seconds"]) * factor / previous
    placed = max(rows - MAX_FITTED, 0)
    return 2 + factor * (rows - placed) / ROWS_PER_SECOND + placed / PLACED_PER_SECOND


LAYOUTS = Result(
    "layouts", 3, LayoutQuery, Layout, inputs=lambda query: {**neighbor_inputs(query.model), "params": query.params},
    compute=_compute, seconds=_seconds,
    requires=_required, stage=lambda query: STAGES[query.params.method],
    unit="steps", worker="layout", absence="This layout has not been computed yet.",
    remedy="Compute it on the Map page.",
)  # fmt: skip
