"""Rows that contenders disagree on: the ranked list, its file, isolated rows, and one row's neighbors side by side."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.corpus.export import free_name, table_bytes
from core.corpus.label_columns import label_columns, label_strings
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.disagreement.factors import count_words
from core.disagreement.overlap import CHUNK, neighbor_mask, text_codes
from core.disagreement.results import PAIR_COMPARISON, ComparisonQuery
from core.disagreement.service import disagreement, first_clusters
from core.errors import InputError
from core.types import Corpus, CorpusRef
from core.vectors.contenders import Contender, contender_neighbors

MAX_LISTED = 500
CELL = 400  # characters of a text sent to the page
NEIGHBOR_LENGTH = 300
TEXT_LENGTH = 5_000
ISOLATION_K = 10
ISOLATED_SHARE = 0.05  # of the rows, those farthest from their neighbors
Isolation = Literal["all", "only", "without"]


@dataclass(frozen=True)
class RowQuery:
    """What is listed. k: neighbors compared. column, values: rows with any of these values of a column. cluster: its
    name, "" for any. words: minimum and maximum words of a text, None for open. isolated: all rows, only those that are
    isolated under all contenders, or all but those."""

    k: int = 10
    column: str = ""
    values: tuple[str, ...] = ()
    cluster: str = ""
    word_range: tuple[int | None, int | None] = (None, None)
    isolated: Isolation = "all"


@dataclass(frozen=True, eq=False)
class RowTable:
    """table: at most 500 rows, index row ids, highest disagreement first. total: rows that match, of `rows`. mean:
    their mean disagreement; isolated: how many of them are isolated under all contenders."""

    table: pd.DataFrame
    total: int
    rows: int
    mean: float
    isolated: int


@dataclass(frozen=True)
class FilterOptions:
    """What the list can be narrowed to. columns: (name, values, most frequent first). clusters: names of the first
    contender's clusters. max_words: of the longest text."""

    columns: tuple[tuple[str, tuple[str, ...]], ...]
    clusters: tuple[str, ...]
    max_words: int


@dataclass(frozen=True, eq=False)
class NeighborList:
    """One contender's nearest texts. table: columns status ("shared", "lost", "gained"), rank, other_rank (under the
    first contender; in the first one's list under the second; NaN beyond the stored neighbors), cosine, text, label;
    index row ids. percentile: share of the rows, in [0, 100], that are farther from their neighbors than this one."""

    name: str
    table: pd.DataFrame
    percentile: float


@dataclass(frozen=True, eq=False)
class RowComparison:
    """A row under all contenders; the first is the reference. isolated: it is among the 5% of the rows farthest from
    their neighbors under all. copies: rows with the very same text. max_rank: the last rank that is stored."""

    row: int
    text: str
    labels: tuple[tuple[str, str], ...]
    lists: tuple[NeighborList, ...]
    isolated: bool
    copies: int
    max_rank: int


def row_table(query: ComparisonQuery, rows: RowQuery) -> RowTable:
    """The ranked list as far as the page shows it. Raises StorageError where a pair has not been compared."""
    order, scores = row_order(query, rows), disagreement(query, rows.k)
    table = _list_table(query, rows.k, order[:MAX_LISTED], CELL)
    mean = float(scores[order].mean()) if len(order) else float("nan")
    return RowTable(table, len(order), len(scores), mean, int(isolated_rows(query)[order].sum()))


def row_order(query: ComparisonQuery, rows: RowQuery, count: int | None = None) -> np.ndarray:
    """(m,) int64 row ids that match, highest disagreement first, ties by rank-biased overlap; at most `count`."""
    scores, tie_breaks = disagreement(query, rows.k), _rank_biased_disagreement(query)
    ids = np.flatnonzero(np.isfinite(scores) & _matches(query, rows))
    return ids[np.lexsort((ids, -tie_breaks[ids], -scores[ids]))][:count]


@lru_cache(maxsize=8)
def _rank_biased_disagreement(query: ComparisonQuery) -> np.ndarray:
    """1 less the rank-biased overlap of the whole lists, the mean over pairs."""
    overlaps = [PAIR_COMPARISON.get(pair).overlap for pair in query.pairs]
    values = [1 - np.nan_to_num(overlap.rank_biased_at(overlap.depths[-1])) for overlap in overlaps]
    return np.asarray(np.mean(values, axis=0))


def filter_options(query: ComparisonQuery) -> FilterOptions:
    """What the list can be narrowed to."""
    clusters, columns = first_clusters(query), _column_values(query.corpus)
    return FilterOptions(columns, clusters.names if clusters else (), int(word_counts(query.corpus).max(initial=0)))


@lru_cache(maxsize=2)
def word_counts(corpus: CorpusRef) -> np.ndarray:
    """(n,) int64 words of each row's text."""
    return np.array([count_words(text) for text in load_corpus(corpus).texts], np.int64)


def rows_file(query: ComparisonQuery, rows: RowQuery) -> bytes:
    """The ranked list with whole texts, every pair's overlap and the corpus' columns, as CSV."""
    order, corpus = row_order(query, rows), load_corpus(query.corpus)
    table = _list_table(query, rows.k, order, None)
    table.insert(0, "row", order + 1)
    for pair in query.pairs:
        overlap = PAIR_COMPARISON.get(pair).overlap.share_at(rows.k)[order]
        table[free_name(table, f"overlap@{rows.k} of {pair.first.label} and {pair.second.label}")] = overlap
    for name in corpus.table.columns:
        if corpus.roles.text != column_field(str(name)):
            table[free_name(table, str(name))] = corpus.table[name].iloc[order].array
    return table_bytes(table, "csv")


@lru_cache(maxsize=4)
def _column_values(corpus: CorpusRef) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The label columns with their 200 most frequent values."""
    table = load_corpus(corpus).table
    counts = ((name, label_strings(table[name]).value_counts()) for name in label_columns(corpus))
    return tuple((name, tuple(str(value) for value in values.index[:200])) for name, values in counts)


def _matches(query: ComparisonQuery, rows: RowQuery) -> np.ndarray:
    corpus = load_corpus(query.corpus)
    matches = np.ones(len(corpus), bool)
    if rows.column in corpus.table.columns and rows.values:
        matches &= label_strings(corpus.table[rows.column]).isin(rows.values).to_numpy(dtype=bool)
    clusters = first_clusters(query) if rows.cluster else None
    if clusters is not None:
        label = clusters.names.index(rows.cluster) if rows.cluster in clusters.names else -2
        matches &= np.asarray(clusters.labels) == label
    low, high = rows.word_range
    lengths = word_counts(query.corpus)
    matches &= (lengths >= (low or 0)) & (lengths <= (lengths.max(initial=0) if high is None else high))
    if rows.isolated != "all":
        matches &= isolated_rows(query) == (rows.isolated == "only")
    return matches


def _list_table(query: ComparisonQuery, k: int, rows: np.ndarray, length: int | None) -> pd.DataFrame:
    """Columns of the list; index the row ids."""
    corpus = load_corpus(query.corpus)
    shares = [PAIR_COMPARISON.get(pair).overlap.share_at(k)[rows] for pair in query.pairs]
    columns: dict[str, Any] = {
        "disagreement": disagreement(query, k)[rows],
        "shared": np.mean(shares, axis=0) * k,
        "text": np.array([corpus.texts[row][:length] for row in rows], object),
        **_first_label(corpus, rows),
        "words": word_counts(query.corpus)[rows],
        "isolated": isolated_rows(query)[rows],
    }
    return pd.DataFrame(columns, index=rows)


def _first_label(corpus: Corpus, rows: np.ndarray) -> dict[str, np.ndarray]:
    """A column "label" with the rows' values of the first label column, if there is one."""
    name = next(iter(corpus.roles.labels), None)
    return {} if name is None else {"label": corpus.table[name].iloc[rows].astype("str").to_numpy()}


def isolated_rows(query: ComparisonQuery) -> np.ndarray:
    """(n,) bool: rows that under every contender are among the 5% with the lowest mean cosine to their neighbors."""
    under_all = []
    for cosines in (neighbor_cosines(query.corpus, contender) for contender in query.contenders):
        finite = cosines[np.isfinite(cosines)]
        under_all.append(cosines <= (np.quantile(finite, ISOLATED_SHARE) if len(finite) else -np.inf))
    return np.logical_and.reduce(under_all)


@lru_cache(maxsize=10)
def neighbor_cosines(corpus: CorpusRef, contender: Contender) -> np.ndarray:
    """(n,) float64: the mean cosine to the 10 nearest other texts, copies left out; NaN without any."""
    graph, texts = contender_neighbors(corpus, contender), text_codes(corpus)
    means = np.empty(len(texts))
    for start in range(0, len(texts), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(texts)))
        counted = neighbor_mask(np.asarray(graph.ids[rows]), texts, rows)
        counted &= counted.cumsum(axis=1) <= ISOLATION_K
        total = np.where(counted, graph.scores[rows], 0).sum(axis=1, dtype=np.float64)
        count = counted.sum(axis=1)
        means[rows] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


def compare_row(query: ComparisonQuery, row: int, k: int) -> RowComparison:
    """Raises InputError for no such row, StorageError where a graph is missing."""
    corpus, texts = load_corpus(query.corpus), text_codes(query.corpus)
    if not 0 <= row < len(corpus):
        raise InputError(f"There is no row {row + 1:,} among the {len(corpus):,} rows.")
    neighbors = [_neighbors_of(query.corpus, contender, row) for contender in query.contenders]
    ranks = [{int(texts[id_]): rank for rank, id_ in enumerate(ids, start=1)} for ids, _ in neighbors]
    lists = []
    for position, (contender, (ids, cosines)) in enumerate(zip(query.contenders, neighbors, strict=True)):
        others = [ranks[0]] if position else ranks[1:]
        table = _neighbor_table(corpus, ids[:k], cosines[:k], texts[ids[:k]].tolist(), others, k)
        table["status"] = np.where(table.pop("shared"), "shared", "gained" if position else "lost")
        lists.append(NeighborList(contender.label, table, _isolation_percentile(query.corpus, contender, row)))
    labels = tuple((name, str(corpus.table[name].iloc[row])) for name in corpus.roles.labels[:3])
    copies, max_rank = int((texts == texts[row]).sum()) - 1, max((len(ids) for ids, _ in neighbors), default=0)
    isolated = bool(isolated_rows(query)[row])
    return RowComparison(row, corpus.texts[row][:TEXT_LENGTH], labels, tuple(lists), isolated, copies, max_rank)


def _neighbors_of(corpus: CorpusRef, contender: Contender, row: int) -> tuple[np.ndarray, np.ndarray]:
    """The row's nearest texts as row ids, copies left out, and their cosines."""
    graph = contender_neighbors(corpus, contender)
    ids, scores = np.asarray(graph.ids[row : row + 1]), np.asarray(graph.scores[row])
    counted = neighbor_mask(ids, text_codes(corpus), np.array([row]))[0]
    return ids[0][counted], scores[counted]


def _neighbor_table(
    corpus: Corpus, ids: np.ndarray, cosines: np.ndarray, texts: list[int], others: list[dict[int, int]], k: int
) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "shared": np.array([all(ranks.get(text, k + 1) <= k for ranks in others) for text in texts], bool),
        "rank": np.arange(1, len(ids) + 1),
        "other_rank": np.array([others[0].get(text, np.nan) for text in texts], np.float64),
        "cosine": np.asarray(cosines, np.float64),
        "text": [corpus.texts[row][:NEIGHBOR_LENGTH] for row in ids],
        **_first_label(corpus, ids),
    }
    return pd.DataFrame(columns, index=np.asarray(ids, np.int64))


def _isolation_percentile(corpus: CorpusRef, contender: Contender, row: int) -> float:
    cosines = neighbor_cosines(corpus, contender)
    finite = cosines[np.isfinite(cosines)]
    return float((finite < cosines[row]).mean() * 100) if np.isfinite(cosines[row]) else float("nan")
