"""What a worker caches in memory: a few models, vectors, neighbor graphs and search indexes of a corpus.

All are identified by workspace folder and digests and never change.
"""

import logging
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.corpus.loaders import load_text_codes
from core.errors import StorageError
from core.models.adapted import AdaptedEmbedder
from core.models.base import Embedder
from core.models.registry import default_folder, load_embedder
from core.results import Result, no_progress
from core.secret import Secret
from core.store import Workspace, vector_inputs
from core.types import CorpusRef, ModelSpec, Neighbors, Progress, Vectors
from core.vectors.adapters import cached_map
from core.vectors.cache import VectorCache
from core.vectors.index import Index, build_index, exact_search
from core.vectors.index_kinds import without_self
from core.vectors.neighbors import build_neighbors

_LOG = logging.getLogger(__name__)
GRAPH_K = 100
BLOCK = 65_536  # rows of the graph read at once
FEW = 64  # queries that are searched one by one
INDEX_VERSION = 2
PAIRS_A_SECOND = 4e7  # of 384 dimensions, compared exactly
ROWS_A_SECOND = 4_000  # beyond, by an index


@lru_cache(maxsize=5)
def cached_embedder(folder: str, spec: ModelSpec, secret: Secret | None = None, threads: int | None = None) -> Embedder:
    """threads: of a local model, None for all cores; job workers, one per core, use one.

    An adapted model shares the embedder of its base.
    A server's model stored without its dimensions must give vectors as long as those cached, or fail.
    """
    if spec.adapter:
        return AdaptedEmbedder(cached_embedder(folder, spec.base, secret, threads), spec, cached_map(folder, spec))
    if spec.base_url and spec.dimensions is None and (width := vector_cache(folder, spec).width()):
        spec = replace(spec, dimensions=width, probed=True)
    models = models_folder(folder)
    return load_embedder(spec, models_folder=models, api_key=secret, threads=threads, workspace=folder)


def models_folder(folder: str) -> Path:
    """Where exported and distilled models are stored: in the user's cache folder, else in the workspace."""
    shared = default_folder()
    return shared if shared.is_dir() and os.access(shared, os.W_OK) else Path(folder) / "models"


def vector_cache(folder: str, spec: ModelSpec) -> VectorCache:
    """The cache of a model; that of its base for an adapted one, whose vectors are not cached."""
    return VectorCache.of(Path(folder), spec.base)


@lru_cache(maxsize=8)
def load_vectors(corpus: CorpusRef, spec: ModelSpec) -> Vectors:
    """Raises StorageError where the corpus is not embedded with this model."""
    vectors = Workspace(corpus.folder).load_vectors(corpus.digest, spec)
    if vectors is None:
        raise StorageError(f"This corpus has no vectors of {spec.label}.", "Run the model on the Embed page.")
    return vectors


@lru_cache(maxsize=8)
def load_neighbors(corpus: CorpusRef, spec: ModelSpec) -> Neighbors:
    """Raises StorageError where the graph has not been built."""
    return NEIGHBORS.get(ModelQuery(corpus, spec))


def nearest_texts(corpus: CorpusRef, spec: ModelSpec, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """(m, k') ids (int32) and cosines of the nearest rows with other texts, nearest first, the first row of each text.

    rows: (m,) ids. From the stored graph; exact where copies leave too few in it. k' is lower where there are fewer
    texts."""
    graph, codes = load_neighbors(corpus, spec), load_text_codes(corpus, spec)
    first = np.unique(codes, return_index=True)[1]
    k = min(k, graph.k, len(first) - 1)
    ids, cosines = np.empty((len(rows), k), np.int32), np.empty((len(rows), k), np.float32)
    short = [np.empty(0, np.int64)]
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        texts, cosines[block], usable = _nearest_in_graph(graph, codes, rows[block], k)
        ids[block] = first[texts]
        short.append(start + np.flatnonzero(usable < k))
    if len(few := np.concatenate(short)):
        ids[few], cosines[few] = exact_nearest_texts(corpus, spec, rows[few], k)
    return ids, cosines


def exact_nearest_texts(corpus: CorpusRef, spec: ModelSpec, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same by exact search, without a graph."""
    vectors, codes = load_vectors(corpus, spec).rows, load_text_codes(corpus, spec)
    first = np.unique(codes, return_index=True)[1]
    if len(rows) > FEW:
        texts, cosines = exact_search(vectors[first], vectors[rows], min(k + 1, len(first)))
    else:  # without a copy of the vectors
        ids, cosines = exact_search(vectors, vectors[rows], k + 1, first)
        texts = codes[ids]
    texts, cosines = without_self(texts, cosines, codes[rows])
    return first[texts], cosines


def _nearest_in_graph(
    graph: Neighbors, codes: np.ndarray, rows: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes (m, k) of other texts among each row's neighbors, their cosines, and how many there are: further columns
    have any text."""
    near, scores = np.asarray(graph.ids[rows]), np.asarray(graph.scores[rows])
    texts = np.where(near >= 0, codes[near], -1)
    order = np.argsort(texts, axis=1, kind="stable")
    ordered = np.take_along_axis(texts, order, axis=1)
    usable = np.zeros(near.shape, dtype=bool)
    new = np.diff(ordered, axis=1, prepend=-1) != 0
    np.put_along_axis(usable, order, new & (ordered != codes[rows][:, None]), axis=1)
    nearest = np.argsort(~usable, axis=1, kind="stable")[:, :k]
    cosines = np.take_along_axis(scores, nearest, axis=1)
    return np.take_along_axis(texts, nearest, axis=1), cosines, usable.sum(axis=1)


@lru_cache(maxsize=8)
def load_index(corpus: CorpusRef, spec: ModelSpec) -> Index:
    """The stored search index; built and stored where it is missing."""
    return _stored_index(corpus, spec, no_progress)


def store_index(corpus: CorpusRef, spec: ModelSpec, progress: Progress = no_progress) -> None:
    """Build and store the search index, so that the first search need not. progress: rows added to it."""
    _stored_index(corpus, spec, progress)


def _stored_index(corpus: CorpusRef, spec: ModelSpec, progress: Progress) -> Index:
    inputs = {**vector_inputs(spec), "index": INDEX_VERSION}
    path = Workspace(corpus.folder).result_folder("index", corpus.digest, inputs)
    rows = load_vectors(corpus, spec)
    try:
        return Index.load(path, rows)
    except StorageError:  # none yet, or one that can't be read
        index = build_index(rows, progress=progress)
    try:
        index.save(path)
    except StorageError as error:  # it serves searches all the same
        _LOG.warning("search index not stored: %s", error)
    return index


@dataclass(frozen=True)
class ModelQuery:
    """A result of one model's vectors of a corpus."""

    corpus: CorpusRef
    model: ModelSpec


def neighbor_inputs(spec: ModelSpec) -> dict[str, object]:
    """Identifies a neighbor graph, and what is computed from it."""
    return {**vector_inputs(spec), "k": GRAPH_K, "neighbors": 1}


def expected_graph_seconds(corpus: CorpusRef, dimensions: int | None) -> float:
    """About how long a neighbor graph takes: every pair, or with an index where that is quicker."""
    info = Workspace(corpus.folder).info(corpus.digest)
    rows = info.rows if info else 0
    full = min(rows * rows / PAIRS_A_SECOND, 10 + rows / ROWS_A_SECOND)
    return full * (dimensions or 384) / 384


NEIGHBORS = Result(
    "neighbors",
    1,
    ModelQuery,
    Neighbors,
    inputs=lambda query: neighbor_inputs(query.model),
    compute=lambda query, progress: build_neighbors(
        load_vectors(query.corpus, query.model), GRAPH_K, progress=progress
    ),
    seconds=lambda query: expected_graph_seconds(query.corpus, query.model.dimensions),
    stage="Finding neighbors",
    unit="rows",
    absence="The neighbor graph of this model is missing.",
    remedy="Run the model again on the Embed page.",
)
