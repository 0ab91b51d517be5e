"""Labels, scored pairs, and queries with relevant rows or clicks as examples, checked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.adapt.examples import Examples, Ranked, ScoredPairs
from core.corpus.label_columns import label_codes
from core.corpus.label_sets import label_sets
from core.errors import InputError
from core.types import Vectors, unit_rows
from core.vectors.rows import text_codes

MAX_GROUP = 0.5  # share of the pairs in one group beyond which pairs are grouped by their first text alone
Labels = pd.Series | Sequence[Any] | np.ndarray
Pairs = pd.DataFrame | np.ndarray | Sequence[tuple[int, int, float]]
Judgments = tuple[Vectors | np.ndarray, Sequence[Sequence[int] | Mapping[int, float]]]


@dataclass(frozen=True, eq=False)
class Supervision:
    """examples: of distinct texts. of_source: (n,) int64 the example of each labeled row, pair or query as it was
    passed, -1 for those left out. missing: how many were left out. unit: what the source counts, such as "rows"."""

    examples: Examples
    of_source: np.ndarray
    missing: int
    unit: str


def used_rows(
    supervision: Supervision, ids: np.ndarray, pairs: Pairs | None, judgments: Judgments | None
) -> np.ndarray:
    """The rows, ascending, that some examples (ids) consist of: labeled rows, both rows of pairs, or relevant rows."""
    sources = np.flatnonzero(np.isin(supervision.of_source, ids))
    if pairs is not None:
        return np.unique(np.asarray(pairs, np.float64)[sources, :2].astype(np.int64))
    if judgments is not None:
        return np.unique(np.array([row for query in sources.tolist() for row in judgments[1][query]], np.int64))
    return sources


def read(
    vectors: Vectors, labels: Labels | None = None, pairs: Pairs | None = None, judgments: Judgments | None = None
) -> Supervision:
    """The examples of exactly one kind. Raises InputError where nothing can be learned from them."""
    if sum(kind is not None for kind in (labels, pairs, judgments)) != 1:
        raise InputError("Training needs labels, pairs or judgments.", "Pass exactly one of the three.")
    if labels is not None:
        return from_labels(vectors, labels)
    return from_pairs(vectors, pairs) if pairs is not None else from_judgments(vectors, *judgments)  # type: ignore[misc]


def from_labels(vectors: Vectors, labels: Labels) -> Supervision:
    """Texts that share a label are similar. labels: n cells; several labels a row as lists, JSON lists or divided, see
    core.corpus.label_sets. A text whose copies have different labels has all of them."""
    from scipy.sparse import csr_matrix

    column = pd.Series(labels, dtype=None if len(labels) else object).reset_index(drop=True)
    if len(column) != len(vectors):
        message = f"There are {len(column):,} labels for {len(vectors):,} rows."
        raise InputError(message, "Pass a column of the table that was embedded.")
    rows, codes = _memberships(column)
    labeled, position = np.unique(rows, return_inverse=True)
    texts, first = _distinct(vectors.rows[labeled])
    shape = len(first), int(codes.max(initial=-1)) + 1
    table = csr_matrix((np.ones(len(rows), np.float32), (texts[position], codes)), shape=shape)
    table.data[:] = 1
    _check_labels(np.bincount(table.indices, minlength=shape[1]), len(column))
    points = vectors.rows[labeled[first]]
    of_source = np.full(len(column), -1)
    of_source[labeled] = texts
    return Supervision(Ranked(points, points, table, table, True), of_source, len(column) - len(labeled), "rows")


def from_pairs(vectors: Vectors, pairs: Pairs) -> Supervision:
    """Pairs of rows with the similarity that people or clicks gave them. pairs: (p, 3) row, row, score. Left out are
    pairs without a score and those of identical texts, whose cosine is always 1."""
    table = np.asarray(pairs, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != 3 or not len(table):
        raise InputError("Pairs need three columns: row, row, score.", "Pass a table with a line for each pair.")
    ids, scores = table[:, :2], table[:, 2]
    if not ((ids == np.floor(ids)) & (ids >= 0) & (ids < len(vectors))).all():
        raise InputError(f"Some pairs name rows outside of the {len(vectors):,} rows.", "Row ids count from 0.")
    ids = ids.astype(np.int64)
    texts = text_codes(vectors.rows)[ids]
    usable = np.flatnonzero(np.isfinite(scores) & (texts[:, 0] != texts[:, 1]))
    if len(np.unique(scores[usable])) < 2:
        raise InputError("All pairs have the same score.", "Add pairs that are less, or more, similar.")
    first, second = vectors.rows[ids[usable, 0]], vectors.rows[ids[usable, 1]]
    of_source = np.full(len(table), -1)
    of_source[usable] = np.arange(len(usable))
    examples = ScoredPairs(first, second, scores[usable], _groups(texts[usable]))
    return Supervision(examples, of_source, len(table) - len(usable), "pairs")


def from_judgments(
    vectors: Vectors, queries: Vectors | np.ndarray, relevant: Sequence[Sequence[int] | Mapping[int, float]]
) -> Supervision:
    """Queries with their relevant rows. queries: (q, d) vectors of the same model. relevant: for each query its rows,
    or {row: weight} such as clicks; rows of weight 0 do not count. Queries without relevant rows are left out."""
    from scipy.sparse import csr_matrix

    scaled = unit_rows(queries.rows if isinstance(queries, Vectors) else queries)
    rows = queries.rows if isinstance(queries, Vectors) else scaled
    if len(rows) != len(relevant) or rows.shape[1:] != vectors.rows.shape[1:]:
        message = f"{len(relevant):,} lists of relevant rows for {len(rows):,} queries of {rows.shape[1]} dimensions."
        remedy = f"Pass a list for each query, and queries of {vectors.rows.shape[1]} dimensions."
        raise InputError(message, remedy)
    judged = _judged_rows(relevant, len(vectors))
    documents, first = _distinct(vectors.rows)
    answered = np.unique(judged[:, 0]).astype(np.int64)
    texts, first_query = _distinct(rows[answered])
    of_source = np.full(len(rows), -1)
    of_source[answered] = texts
    where = of_source[judged[:, 0].astype(np.int64)], documents[judged[:, 1].astype(np.int64)]
    table = csr_matrix((judged[:, 2].astype(np.float32), where), shape=(len(first_query), len(first)))
    ones = csr_matrix((np.ones(len(first), np.float32), (np.arange(len(first)),) * 2))
    selected = answered[first_query]
    own = _own_candidates(scaled[selected], unit_rows(vectors.rows[first]), table)
    examples = Ranked(rows[selected], vectors.rows[first], table, ones, False, own)
    return Supervision(examples, of_source, len(rows) - len(answered), "queries")


def _own_candidates(queries: np.ndarray, candidates: np.ndarray, judged: Any) -> np.ndarray | None:
    """(q,) the candidate with the same vector as each query, -1 where there is none or it is judged relevant."""
    codes = text_codes(np.concatenate([candidates, queries]))
    own = np.where(codes[len(candidates) :] < len(candidates), codes[len(candidates) :], -1)
    present = np.flatnonzero(own >= 0)
    if not len(present):
        return None
    is_relevant = np.asarray(judged[present, own[present]]).ravel() > 0
    own[present[is_relevant]] = -1
    return own if (own >= 0).any() else None


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m,) codes of identical texts, and the first row of each."""
    codes = text_codes(rows)
    return codes, np.unique(codes, return_index=True)[1]


def _memberships(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """(p,) rows and (p,) codes of their labels."""
    if column.dtype == object and column.map(lambda cell: isinstance(cell, list | tuple | set | np.ndarray)).any():
        column = column.map(_as_json).astype("str").where(column.notna())
    sets = label_sets(column)
    if sets is not None:
        return sets.rows, sets.codes
    codes = label_codes(column)[0]
    rows = np.flatnonzero(codes >= 0)
    return rows, codes[rows].astype(np.int64)


def _as_json(cell: Any) -> Any:
    """A list of labels as a JSON list of strings; missing cells unchanged."""
    names = [cell] if isinstance(cell, str) else cell
    is_list = isinstance(names, list | tuple | set | np.ndarray)
    return json.dumps(sorted(map(str, names)), ensure_ascii=False) if is_list else cell


def _check_labels(texts: np.ndarray, total: int) -> None:
    """texts: (labels,) distinct texts with each label."""
    labels = len(texts)
    if labels < 2:
        number = "one label only" if labels else "no labels"
        raise InputError(f"The {total:,} rows have {number}.", "Choose a column with two labels or more.")
    if texts.max() < 2:
        message = f"None of the {labels:,} labels is on two different texts, so no two texts are similar."
        raise InputError(message, "Choose a column whose labels repeat, or a coarser version of it.")


def _judged_rows(relevant: Sequence[Sequence[int] | Mapping[int, float]], total: int) -> np.ndarray:
    """(j, 3) float64: query, row, weight."""
    lines = [
        (query, row, weight)
        for query, judged in enumerate(relevant)
        for row, weight in (judged.items() if isinstance(judged, Mapping) else ((row, 1.0) for row in judged))
    ]
    table = np.array(lines, np.float64).reshape(-1, 3)
    ids, weights = table[:, 1], table[:, 2]
    if not ((ids == np.floor(ids)) & (ids >= 0) & (ids < total)).all():
        raise InputError(f"Some relevant rows are outside of the {total:,} rows there are.", "Row ids count from 0.")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise InputError("Some weights of relevant rows are negative or missing.", "Pass the number of clicks.")
    table = table[weights > 0]
    if not len(table):
        raise InputError("No query has a relevant row.", "Pass queries with the ids of the rows that answer them.")
    return table


def _groups(texts: np.ndarray) -> np.ndarray:
    """(p,) codes of connected pairs. texts: (p, 2). Where one group would be most of the pairs, by the first text."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = int(texts.max()) + 1
    graph = coo_matrix((np.ones(len(texts)), (texts[:, 0], texts[:, 1])), shape=(size, size))
    groups = connected_components(graph, directed=False)[1][texts[:, 0]]
    is_connected = np.bincount(groups).max() > MAX_GROUP * len(texts)
    return np.asarray(texts[:, 0] if is_connected else groups, np.int64)
