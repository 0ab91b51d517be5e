"""Graphs that were read, node vectors, and what they know of held-out edges, as stored results."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from core.corpus.added_columns import column_inputs
from core.corpus.loaders import load_corpus
from core.corpus.service import raw_table
from core.corpus.staging import ImportSource
from core.errors import InputError
from core.graphs.edges import ROW_NUMBER, EdgeColumns, read_edges
from core.graphs.graph import Graph
from core.graphs.link_prediction import LinkPrediction, predict_links
from core.graphs.spectral import spectral_vectors
from core.graphs.walks import LENGTH, PLAIN, ROUNDS, Bias, walk_vectors
from core.results import Result, Step
from core.store import vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import load_vectors

Method = Literal["walks", "spectral"]
NAMES: dict[Method, str] = {"walks": "node2vec", "spectral": "spectral"}
SECONDS_PER_STEP = 3.5e-6  # of a walk; measured on one core
SECONDS_PER_CELL = 5e-6  # of the eigenvectors, for a node and a dimension


@dataclass(frozen=True)
class EdgeSource:
    """Where edges come from: a staged table, or the corpus' own (upload None)."""

    corpus: CorpusRef
    upload: ImportSource | None
    columns: EdgeColumns

    @property
    def name(self) -> str:
        return self.upload.files[0].name if self.upload else self.columns.target


@dataclass(frozen=True)
class NodeQuery:
    """The vectors of a graph's nodes. bias: of the walks; it does not count under the spectral method."""

    corpus: CorpusRef
    source: EdgeSource
    method: Method = "walks"
    dimensions: int = 64
    bias: Bias = PLAIN
    seed: int = 0

    @property
    def label(self) -> str:
        return f"{NAMES[self.method]} {self.dimensions}d · {self.source.name}"


@dataclass(frozen=True, eq=False)
class NodeVectors:
    """rows: (n, d) float32 unit rows, of the nodes of the graph."""

    rows: np.ndarray


@dataclass(frozen=True)
class LinkQuery:
    """Link prediction by node vectors; text: a model of the corpus to compare with, where all nodes are rows."""

    corpus: CorpusRef
    nodes: NodeQuery
    text: ModelSpec | None = None


@dataclass(frozen=True, eq=False)
class LinkQuality:
    """prediction: None where the graph is too small or too dense; message: why."""

    prediction: LinkPrediction | None
    message: str = ""


def _read(source: EdgeSource, progress: Progress) -> Graph:
    corpus = load_corpus(source.corpus)
    table = raw_table(source.corpus.folder, source.upload).table if source.upload else corpus.table
    return read_edges(table, corpus, source.columns)


def _source_inputs(source: EdgeSource) -> dict[str, object]:
    upload, columns = source.upload, source.columns
    own = (columns.target if upload is None else "", "" if columns.key == ROW_NUMBER else columns.key)
    return {
        "files": [(staged.key, staged.size) for staged in upload.files] if upload else [],
        "options": [upload.options, upload.day_first] if upload else [], "columns": columns,
        **column_inputs(source.corpus, *own),
    }  # fmt: skip


def _compute_vectors(query: NodeQuery, progress: Progress) -> NodeVectors:
    return NodeVectors(_vectors(query, GRAPH.get(query.source), progress))


def _vectors(query: NodeQuery, graph: Graph, progress: Progress) -> np.ndarray:
    if query.method == "spectral":
        return spectral_vectors(graph, query.dimensions, query.seed)
    return walk_vectors(graph, query.dimensions, query.bias, query.seed, progress)


def _compute_quality(query: LinkQuery, progress: Progress) -> LinkQuality:
    graph, text = GRAPH.get(query.nodes.source), None
    if query.text is not None and is_of_rows(graph):
        text = np.asarray(load_vectors(query.corpus, query.text).rows)[graph.rows]
    try:
        return LinkQuality(predict_links(graph, lambda train: _vectors(query.nodes, train, progress), text))
    except InputError as error:
        return LinkQuality(None, str(error))


def is_of_rows(graph: Graph) -> bool:
    """Whether all nodes are rows of the corpus."""
    return bool((graph.rows >= 0).all())


def _node_inputs(query: NodeQuery) -> dict[str, object]:
    bias = query.bias if query.method == "walks" else PLAIN
    return {
        "source": GRAPH.stored_inputs(query.source), "method": query.method, "dimensions": query.dimensions,
        "bias": bias, "seed": query.seed,
    }  # fmt: skip


def _link_inputs(query: LinkQuery) -> dict[str, object]:
    text = vector_inputs(query.text) if query.text else None
    return {"nodes": NODE_VECTORS.stored_inputs(query.nodes), "text": text}


def _seconds(query: NodeQuery) -> float:
    graph = GRAPH.load(query.source)
    nodes = len(graph) if graph else 10_000
    if query.method == "spectral":
        return 0.5 + SECONDS_PER_CELL * nodes * query.dimensions
    return 1 + SECONDS_PER_STEP * nodes * ROUNDS * LENGTH


GRAPH = Result(
    "graph", 1, EdgeSource, Graph, inputs=_source_inputs, compute=_read,
    seconds=lambda source: 0.5 if source.upload is None else 0.5 + source.upload.files[0].size / 1e7,
    stage="Reading edges", absence="These edges have not been read yet.", remedy="Choose them on the Customize page.",
)  # fmt: skip
NODE_VECTORS = Result(
    "node_vectors", 1, NodeQuery, NodeVectors, inputs=_node_inputs, compute=_compute_vectors, seconds=_seconds,
    requires=lambda query: (Step(GRAPH, query.source),), stage="Computing node vectors", unit="walks",
    absence="These node vectors have not been computed yet.", remedy="Compute them on the Customize page.",
)  # fmt: skip
LINK_QUALITY = Result(
    "link_quality", 1, LinkQuery, LinkQuality, inputs=_link_inputs, compute=_compute_quality,
    seconds=lambda query: _seconds(query.nodes) + 1, requires=lambda query: (Step(NODE_VECTORS, query.nodes),),
    stage="Predicting held-out edges", unit="walks",
)  # fmt: skip


@lru_cache(maxsize=2)
def load_graph(source: EdgeSource) -> Graph:
    """A stored graph. Raises StorageError where it has not been read."""
    return GRAPH.get(source)
