"""What the Graph view asks: columns to choose from, facts of a graph, and corpora and models made of its nodes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.label_columns import INTERNAL_COLUMNS
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.corpus.reading.cells import numbered_name
from core.corpus.reading.template import column_field
from core.corpus.reading.values import RawTable
from core.corpus.service import CreatedCorpus, raw_table, store_table, store_vectors
from core.corpus.staging import ImportSource
from core.errors import InputError
from core.graphs.edges import ROW_NUMBER, EdgeColumns, cell_names, row_names
from core.graphs.graph import Graph
from core.graphs.results import NODE_VECTORS, EdgeSource, NodeQuery, is_of_rows, load_graph
from core.store import CorpusInfo, Workspace
from core.types import Corpus, CorpusRef, ModelSpec, Roles
from core.vectors.communities import leiden_communities
from core.vectors.versions import create_version

MAX_LISTED = 10  # nodes with the most edges
UNIQUE = 0.9  # share of different values from which a column may name rows
NAMED = 0.5  # share of the names of a column that are rows from which it refers to rows


@dataclass(frozen=True)
class JoinColumn:
    """A column of the corpus (or ROW_NUMBER) and the share of the table's names that it has, in [0, 1]."""

    name: str
    source: float
    target: float


@dataclass(frozen=True)
class GraphFacts:
    """kinds: (name, nodes). components: connected ones; largest: nodes of the largest. degrees: edges per node as
    minimum, median, maximum. rows: of the corpus that are nodes; unconnected: rows without an edge; of_rows: whether
    all nodes are rows. listed: (name, kind, edges) of the nodes with the most edges."""

    nodes: int
    edges: int
    kinds: tuple[tuple[str, int], ...]
    components: int
    largest: int
    degrees: tuple[int, float, int]
    rows: int
    unconnected: int
    of_rows: bool
    relations: tuple[str, ...]
    notes: tuple[str, ...]
    listed: tuple[tuple[str, str, int], ...]


def naming_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns of the corpus whose cells may name other rows or shared values: several per cell first, then values that
    repeat or are mostly absent, others last."""
    loaded = load_corpus(corpus)
    text = loaded.roles.text
    columns = [name for name in map(str, loaded.table.columns) if name not in INTERNAL_COLUMNS]
    columns = [name for name in columns if column_field(name) != text]
    several = [name for name in columns if label_sets(loaded.table[name]) is not None]
    distinct = {name: loaded.table[name].nunique() / len(loaded) for name in columns if name not in several}
    return (*several, *sorted(distinct, key=lambda name: not 0 < distinct[name] < UNIQUE))


def guess_key(corpus: CorpusRef, column: str) -> str:
    """The column that names the rows which cells of another one refer to, "" where they name something else."""
    loaded = load_corpus(corpus)
    shares = {}
    for key in _unique_columns(loaded):
        named = cell_names(loaded.table[column], loaded, EdgeColumns("", column, key=key))
        known = set(row_names(loaded, key))
        shares[key] = float(np.mean([name in known for name in named.names])) if named.names and key != column else 0.0
    best = max(shares, key=lambda key: shares[key], default="")
    return best if best and shares[best] >= NAMED else ""


def key_columns(corpus: CorpusRef, column: str = "") -> tuple[str, ...]:
    """Columns that name the rows, the ID column first, and the row number. column: one that they may not be."""
    return tuple(name for name in (*_unique_columns(load_corpus(corpus)), ROW_NUMBER) if name != column)


def join_columns(corpus: CorpusRef, upload: ImportSource, source: str, target: str) -> tuple[JoinColumn, ...]:
    """Columns that the ends of an uploaded table may refer to, those with the most of its names first."""
    loaded, table = load_corpus(corpus), raw_table(corpus.folder, upload).table
    ends = [table[name].astype("string").str.strip().dropna().unique() for name in (source, target)]
    columns = []
    for key in (*_unique_columns(loaded), ROW_NUMBER):
        known = set(row_names(loaded, key))
        shares = [float(np.mean([name in known for name in names])) if len(names) else 0.0 for names in ends]
        columns.append(JoinColumn(key, *shares))
    return tuple(sorted(columns, key=lambda column: -max(column.source, column.target)))


def shared_names(corpus: CorpusRef, upload: ImportSource, source: str, target: str) -> float:
    """Share of the different names of the shorter column that the other one has, too, in [0, 1]: 0 for two kinds."""
    table = raw_table(corpus.folder, upload).table
    one, other = (set(table[name].astype("string").str.strip().dropna().unique()) for name in (source, target))
    return len(one & other) / max(1, min(len(one), len(other)))


def _unique_columns(corpus: Corpus) -> list[str]:
    columns = [name for name in map(str, corpus.table.columns) if name not in INTERNAL_COLUMNS]
    unique = [name for name in columns if corpus.table[name].nunique() > UNIQUE * len(corpus)]
    unique = [name for name in unique if column_field(name) != corpus.roles.text]
    return list(dict.fromkeys([*([corpus.roles.id] if corpus.roles.id else []), *unique]))


def graph_facts(source: EdgeSource) -> GraphFacts:
    graph = load_graph(source)
    degrees, sizes = graph.degrees, np.bincount(graph.components)
    counts = np.bincount(graph.kinds, minlength=len(graph.kind_names))
    kinds = tuple((name, int(of)) for name, of in zip(graph.kind_names, counts, strict=True) if of)
    top = np.argsort(-degrees, kind="stable")[:MAX_LISTED].tolist()
    return GraphFacts(
        len(graph), len(graph.sources), kinds, len(sizes), int(sizes.max()),
        (int(degrees.min()), float(np.median(degrees)), int(degrees.max())), int((graph.rows >= 0).sum()),
        graph.unconnected_rows, is_of_rows(graph), graph.relation_names, graph.notes,
        tuple((graph.names[i], graph.kind_names[graph.kinds[i]], int(degrees[i])) for i in top),
    )  # fmt: skip


def add_to_corpus(query: NodeQuery) -> ModelSpec:
    """Store the node vectors as a model of the corpus. Raises InputError where a row has none, StorageError."""
    graph = load_graph(query.source)
    return store_vectors(Workspace(query.corpus.folder), query.corpus.digest, _row_vectors(query, graph), query.label)


def create_connected_version(query: NodeQuery, name: str, models: tuple[ModelSpec, ...]) -> CreatedCorpus:
    """The corpus without the rows that have no edge, with the node vectors of the others. models: as in
    `create_version`. Raises InputError where all rows have edges, StorageError."""
    graph = load_graph(query.source)
    unconnected = np.setdiff1d(np.arange(graph.corpus_rows), graph.rows)
    info = create_version(query.corpus, unconnected, "rows without an edge", name, models)
    return _with_vectors(query, info, graph)


def _with_vectors(query: NodeQuery, info: CorpusInfo, graph: Graph) -> CreatedCorpus:
    rows = _ordered_by_row(query, graph)
    return CreatedCorpus(info, (), store_vectors(Workspace(query.corpus.folder), info.digest, rows, query.label))


def _row_vectors(query: NodeQuery, graph: Graph) -> np.ndarray:
    if not graph.corpus_rows or graph.unconnected_rows:
        message = (
            f"{graph.unconnected_rows or len(load_corpus(query.corpus)):,} rows of the corpus have no node vector."
        )
        raise InputError(message, "Create a corpus of the rows that have an edge.")
    return _ordered_by_row(query, graph)


def _ordered_by_row(query: NodeQuery, graph: Graph) -> np.ndarray:
    """(r, d) float32 vectors of the nodes that are rows, in the order of the corpus."""
    nodes = np.flatnonzero(graph.rows >= 0)
    order = nodes[np.argsort(graph.rows[nodes])]
    return np.array(NODE_VECTORS.get(query).rows[order], np.float32)


def create_node_corpus(query: NodeQuery, name: str) -> CreatedCorpus:
    """A corpus of all nodes with their vectors: texts of nodes that are rows, names of the others. Raises InputError,
    StorageError."""
    graph, corpus = load_graph(query.source), load_corpus(query.corpus)
    table, roles = _node_table(graph, corpus, query.seed)
    seed, note = f"seed {query.seed}", f"Nodes of {query.source.name}, edges of {corpus.name}."
    rows = np.array(NODE_VECTORS.get(query).rows, np.float32)
    raw = RawTable(
        table, (), (f"{note} Vectors: {query.label}, {rows.shape[1]} dimensions, {seed}.",), rows, query.label
    )
    return store_table(query.corpus.folder, raw, roles, name)


def _node_table(graph: Graph, corpus: Corpus, seed: int) -> tuple[pd.DataFrame, Roles]:
    """A row per node: text, name, kind, numbers of edges, community, component, and labels and time of its row."""
    is_row, relations = graph.rows >= 0, np.asarray(graph.relations)
    kinds = [graph.kind_names[kind] for kind in graph.kinds]
    texts = [corpus.texts[row].strip() if row >= 0 else "" for row in graph.rows.tolist()]
    communities = leiden_communities(graph.matrix(), 1.0, seed) + 1
    columns: dict[str, object] = {
        "text": [text or name for text, name in zip(texts, graph.names, strict=True)], "name": list(graph.names),
        "kind": kinds, "edges": graph.degrees,
        "weight": np.bincount(np.r_[graph.sources, graph.targets], np.r_[graph.weights, graph.weights], len(graph)),
        "community": communities.astype(str), "component": graph.components + 1,
    }  # fmt: skip
    for i, relation in enumerate(graph.relation_names):
        columns[numbered_name(f"edges: {relation}", set(columns))] = relations[:, i]
    table = pd.DataFrame(columns)
    labels = [_copy_column(table, corpus, graph.rows, name) for name in corpus.roles.labels if is_row.any()]
    time = _copy_column(table, corpus, graph.rows, corpus.roles.time) if corpus.roles.time and is_row.all() else None
    several = ("kind",) if len(set(kinds)) > 1 else ()
    return table, Roles("{text}", (*several, *labels, "community"), time)


def _copy_column(table: pd.DataFrame, corpus: Corpus, rows: np.ndarray, name: str) -> str:
    """Copy a column of the corpus to the nodes that are rows; gives its name in the table."""
    new = numbered_name(name, set(table.columns))
    table[new] = corpus.table[name].reindex(np.where(rows >= 0, rows, -1)).to_numpy()
    return new
