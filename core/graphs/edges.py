"""Edges from a table, or from a column of the corpus that names other rows or shared values, as a graph."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.label_columns import parse_numbers
from core.corpus.label_sets import LISTS, SEPARATORS, LabelSets, label_sets, split_labels
from core.errors import InputError
from core.graphs.graph import Graph
from core.types import Corpus

EXAMPLES = 3  # of what was left out, in a note
MAX_RELATIONS = 8  # that are counted for each node
ROW_NUMBER = "row number"  # in place of a column: rows counted from 1
ROW, OTHER, NODE = "row", "other", "node"  # kinds of nodes
_SAMPLE = 2_000  # cells that decide on a separator


@dataclass(frozen=True)
class EdgeColumns:
    """source, target: columns of a table of edges. source "": `target` is a column of the corpus itself, whose cells
    name one or several others of its row. weight, relation: columns, "" for none. key: what names are joined with, a
    column of the corpus or ROW_NUMBER; "" where they name no rows. outside: whether names without a row are nodes, too.
    directed: whether random walks follow the direction of edges. bipartite: sources and targets are two kinds of nodes,
    such as users and items, although names may be equal."""

    source: str
    target: str
    weight: str = ""
    relation: str = ""
    key: str = ""
    outside: bool = True
    directed: bool = False
    bipartite: bool = False

    @property
    def has_two_kinds(self) -> bool:
        return self.bipartite if self.source else not self.key


def read_edges(table: pd.DataFrame, corpus: Corpus, columns: EdgeColumns) -> Graph:
    """The graph of a table of edges, or of the corpus' own table. Equal edges are summed; edges from a node to itself,
    without an end, or without a weight above 0 are left out, counted in `notes`. Raises InputError for missing columns
    and where no edge is left."""
    _check_columns(table, columns)
    notes: list[str] = []
    edges = _table_edges(table, columns, notes) if columns.source else _column_edges(table, corpus, columns)
    is_complete = edges["source"].notna() & edges["target"].notna()
    _note(notes, int((~is_complete).sum()), "Edges left out, without a source or a target: {:,}.")
    edges = edges[is_complete & (edges["weight"] > 0)].reset_index(drop=True)
    nodes, source, target = _nodes(edges, corpus, columns)
    if not columns.outside:
        keep = ~nodes["is_unknown"].to_numpy(bool)
        inside = keep[source] & keep[target]
        edges, source, target = edges[inside], source[inside], target[inside]
    _note_unknown(nodes, columns, notes)
    differ = source != target
    _note(notes, int((~differ).sum()), "Edges left out, from a node to itself: {:,}.")
    if not differ.any():
        raise InputError(" ".join(["No edge between two nodes is left.", *notes]), "Check the columns of the edges.")
    return _graph(nodes, edges[differ], source[differ], target[differ], corpus, columns, notes)


def _check_columns(table: pd.DataFrame, columns: EdgeColumns) -> None:
    for name in filter(None, (columns.source, columns.target, columns.weight, columns.relation)):
        if name not in table.columns:
            listed = ", ".join(map(str, table.columns[:20]))
            raise InputError(f'There is no column "{name}".', f"Choose one of: {listed}.")
    if not len(table):
        raise InputError("The table of edges has no rows.", "Use one with a source and a target in each row.")
    if columns.source == columns.target:
        raise InputError("Source and target are the same column.", "Choose two columns.")


def _table_edges(table: pd.DataFrame, columns: EdgeColumns, notes: list[str]) -> pd.DataFrame:
    """source, target, weight and relation of each row of a table."""
    weights = np.ones(len(table))
    if columns.weight:
        numbers = parse_numbers(table[columns.weight]).to_numpy(np.float64)
        weights = np.where(np.isfinite(numbers), numbers, 0.0)
        _note(
            notes, int((weights <= 0).sum()), f'Edges left out, without a number above 0 in "{columns.weight}": {{:,}}.'
        )
    relation = _names(table[columns.relation]).fillna("") if columns.relation else ""
    ends = {"source": _names(table[columns.source]), "target": _names(table[columns.target])}
    return pd.DataFrame({**ends, "weight": weights, "relation": relation})


def _column_edges(table: pd.DataFrame, corpus: Corpus, columns: EdgeColumns) -> pd.DataFrame:
    """An edge from each row to each name in its cell."""
    sets = cell_names(table[columns.target], corpus, columns)
    own = row_names(corpus, columns.key)[sets.rows]
    other = np.array(sets.names, dtype=object)[sets.codes]
    return pd.DataFrame({"source": own, "target": other, "weight": 1.0, "relation": ""})


def cell_names(column: pd.Series, corpus: Corpus, columns: EdgeColumns) -> LabelSets:
    """What each cell names: labels where the column has them, else by the separator with the most names of rows."""
    if (sets := label_sets(column)) is not None:
        return sets
    cells = _names(column)
    if not columns.key:
        return split_labels(cells, "\n")
    keys, sample = set(row_names(corpus, columns.key)), cells.dropna().iloc[:_SAMPLE]
    counts = {}
    for mark in ("\n", *SEPARATORS, " ", LISTS):
        of = split_labels(sample, mark)
        counts[mark] = int(np.isin(of.codes, [i for i, name in enumerate(of.names) if name in keys]).sum())
    return split_labels(cells, max(counts, key=lambda mark: counts[mark]))


def row_names(corpus: Corpus, key: str) -> np.ndarray:
    """(n,) different names of all rows: values of the key column, else "row 12", also for repeated and missing values;
    plain numbers from 1 for ROW_NUMBER."""
    numbers = np.arange(1, len(corpus) + 1)
    if key == ROW_NUMBER:
        return numbers.astype(str).astype(object)
    numbered = pd.Series([f"row {number}" for number in numbers], dtype="string")
    if not key:
        return numbered.to_numpy(object)
    if key not in corpus.table.columns:
        raise InputError(f'The corpus has no column "{key}".', "Choose another column to join nodes with.")
    names = _names(corpus.table[key])
    return names.mask(names.isna() | names.duplicated(), numbered).to_numpy(object)


def _names(column: pd.Series) -> pd.Series:
    """Cells as text, missing where they are blank; 12.0 is 12, since IDs with gaps are read as decimals."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    names = column.astype("string").str.strip()
    return names.mask(names == "").reset_index(drop=True)


def _nodes(
    edges: pd.DataFrame, corpus: Corpus, columns: EdgeColumns
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:  # fmt: skip
    """A table of nodes (name, side, row, is_unknown), and the nodes of the two ends of each edge. side: 0 for sources,
    1 for targets; 0 for all where they are of one kind."""
    count = len(edges)
    both = pd.DataFrame({"name": pd.concat([edges["source"], edges["target"]], ignore_index=True).astype(object)})
    both["side"] = np.repeat([0, int(columns.has_two_kinds)], count)
    codes = both.groupby(["side", "name"], sort=False).ngroup().to_numpy()
    nodes = both.iloc[np.unique(codes, return_index=True)[1]].reset_index(drop=True)
    nodes["row"], nodes["is_unknown"] = _join(nodes, corpus, columns)
    return nodes, codes[:count], codes[count:]


def _join(nodes: pd.DataFrame, corpus: Corpus, columns: EdgeColumns) -> tuple[np.ndarray, np.ndarray]:
    """(nodes,) row of the corpus of each node or -1, and which nodes should be rows but are none. Of two kinds only the
    one with more matches is joined: the others may have equal names by chance."""
    none = np.full(len(nodes), -1), np.zeros(len(nodes), bool)
    if columns.source and not columns.key:
        return none
    rows_of = pd.Series(np.arange(len(corpus)), index=row_names(corpus, columns.key))
    rows = nodes["name"].map(rows_of).fillna(-1).to_numpy(np.int64)
    if not columns.has_two_kinds:
        return rows, rows < 0
    side = nodes["side"].to_numpy()
    joined = int(columns.source != "" and (rows[side == 1] >= 0).sum() > (rows[side == 0] >= 0).sum())
    return np.where(side == joined, rows, -1), (side == joined) & (rows < 0)


def _note_unknown(nodes: pd.DataFrame, columns: EdgeColumns, notes: list[str]) -> None:
    unknown = nodes["name"][nodes["is_unknown"]]
    if len(unknown):
        treatment = "they are nodes without text" if columns.outside else "their edges are left out"
        examples = ", ".join(map(str, unknown[:EXAMPLES]))
        notes.append(f"Names that are no row of the corpus: {len(unknown):,}, such as {examples}; {treatment}.")


def _graph(
    nodes: pd.DataFrame, edges: pd.DataFrame, source: np.ndarray, target: np.ndarray, corpus: Corpus,
    columns: EdgeColumns, notes: list[str],
) -> Graph:  # fmt: skip
    """The graph of the nodes that have an edge. source, target: (edges,) of different nodes."""
    connected, ends = np.unique(np.r_[source, target], return_inverse=True)
    source, target = ends[: len(source)], ends[len(source) :]
    selected, names = nodes.iloc[connected], nodes["name"]
    kinds, kind_names = _kinds(selected, columns)
    relations, relation_names = _relations(edges["relation"], source, target, len(connected))
    starts, stops, weights = _summed(source, target, edges["weight"].to_numpy(np.float64), columns.directed)
    _note(notes, len(source) - len(starts), "Edges that repeat a pair: {:,}; weights are summed.")
    rows = selected["row"].to_numpy(np.int64)
    is_joined = bool(columns.key) or not columns.source
    lost = int((nodes["row"] < 0).sum() - (rows < 0).sum() - (0 if columns.outside else nodes["is_unknown"].sum()))
    _note(notes, lost, "Names left out, without an edge to another node: {:,}.")
    return Graph(
        tuple(map(str, names.iloc[connected])), kinds, kind_names, rows, starts, stops, weights, columns.directed,
        columns.has_two_kinds, relations, relation_names, len(corpus) if is_joined else 0, tuple(notes),
    )  # fmt: skip


def _kinds(nodes: pd.DataFrame, columns: EdgeColumns) -> tuple[np.ndarray, tuple[str, ...]]:
    if columns.has_two_kinds:
        return nodes["side"].to_numpy(np.int64), (columns.source or ROW, columns.target)
    if not columns.key:
        return np.zeros(len(nodes), np.int64), (NODE,)
    return (nodes["row"].to_numpy() < 0).astype(np.int64), (ROW, OTHER)


def _relations(
    relation: pd.Series, source: np.ndarray, target: np.ndarray, nodes: int
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """(nodes, r) int64 edges of each node by relation, the most frequent first; None without relations."""
    names = [str(name) for name in relation[relation != ""].value_counts().index[:MAX_RELATIONS]]
    if not names:
        return None, ()
    counts = [
        np.bincount(np.r_[source[of], target[of]], minlength=nodes)
        for of in ((relation == name).to_numpy(bool) for name in names)
    ]
    return np.stack(counts, axis=1), tuple(names)


def _summed(
    source: np.ndarray, target: np.ndarray, weights: np.ndarray, directed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each pair once with the sum of its weights."""
    if not directed:
        source, target = np.minimum(source, target), np.maximum(source, target)
    size = int(target.max()) + 1
    pairs, codes = np.unique(source.astype(np.int64) * size + target, return_inverse=True)
    return pairs // size, pairs % size, np.bincount(codes, weights)


def _note(notes: list[str], count: int, text: str) -> None:
    if count > 0:
        notes.append(text.format(count))
