"""Questions about rows that contenders disagree on: the ranked list, its file, and the rows of it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from core.clusters.cluster_set import ClusterSet, default_clusters
from core.clusters.results import CLUSTERS, ClusterQuery
from core.corpus.export import free_name, table_bytes
from core.corpus.label_columns import INTERNAL_COLUMNS, candidate_label_columns, label_strings
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.disagreement.isolated_rows import stand_alone
from core.disagreement.service import Asked
from core.disagreement.stored import kept_overlap, pairs_of
from core.disagreement.texts import count_words
from core.errors import PlanisphereError
from core.types import CorpusRef

MOST_SHOWN = 500
CELL = 400  # characters of a text sent to the page
QUICK = 20_000  # rows that are grouped at once
Alone = Literal["all", "only", "without"]


@dataclass(frozen=True)
class RowQuery:
    """What is listed. k: neighbors compared. column, values: rows with any of these values of a column. group: a
    cluster's name, "" for any. words: fewest and most words of a text, None for open. alone: all rows, only those
    that stand alone under all contenders, or all but those."""

    k: int = 10
    column: str = ""
    values: tuple[str, ...] = ()
    group: str = ""
    words: tuple[int | None, int | None] = (None, None)
    alone: Alone = "all"


@dataclass(frozen=True, eq=False)
class RowTable:
    """table: at most 500 rows, index row ids, those most disagreed on first. total: rows that match, of `rows`.
    mean: their mean disagreement; alone: how many of them stand alone under all contenders."""

    table: pd.DataFrame
    total: int
    rows: int
    mean: float
    alone: int


@dataclass(frozen=True)
class Choices:
    """What the list can be narrowed to. columns: (name, values, most frequent first). groups: names of the first
    contender's clusters. longest: words of the longest text."""

    columns: tuple[tuple[str, tuple[str, ...]], ...]
    groups: tuple[str, ...]
    longest: int


def row_table(asked: Asked, query: RowQuery) -> RowTable:
    """What of the ranked list the page shows. Raises StorageError where a pair has not been compared."""
    order, score = row_order(asked, query), disagreement(asked, query.k)
    table = _table(asked, query.k, order[:MOST_SHOWN], CELL)
    mean = float(score[order].mean()) if len(order) else float("nan")
    return RowTable(table, len(order), len(score), mean, int(stand_alone(asked)[order].sum()))


def row_order(asked: Asked, query: RowQuery) -> np.ndarray:
    """(m,) int64 row ids that match, most disagreed on first; equal ones by rank-biased overlap."""
    score, deep = disagreement(asked, query.k), _second(asked)
    keep = np.isfinite(score) & _matching(asked, query)
    rows = np.flatnonzero(keep)
    return rows[np.lexsort((rows, -deep[rows], -score[rows]))]


@lru_cache(maxsize=8)
def disagreement(asked: Asked, k: int) -> np.ndarray:
    """(n,) float64 in [0, 1], higher is more: 1 less the Jaccard overlap of the k nearest texts, the mean over pairs of
    contenders; NaN for rows all of whose neighbors are copies of them."""
    found = [1 - kept_overlap(asked.corpus, *pair).jaccard(k) for pair in pairs_of(asked.contenders)]
    return np.asarray(np.mean(found, axis=0))


@lru_cache(maxsize=8)
def _second(asked: Asked) -> np.ndarray:
    """What decides between rows of the same score: 1 less the rank-biased overlap of the whole lists."""
    found = [kept_overlap(asked.corpus, *pair) for pair in pairs_of(asked.contenders)]
    return np.asarray(np.mean([1 - np.nan_to_num(each.biased(each.depths[-1])) for each in found], axis=0))


def choices(asked: Asked) -> Choices:
    """What the list can be narrowed to."""
    found, told = groups(asked), _columns(asked.corpus)
    return Choices(told, found.names if found else (), int(words_of(asked).max(initial=0)))


@lru_cache(maxsize=4)
def label_columns(ref: CorpusRef) -> tuple[str, ...]:
    """Columns that can be labels, those chosen as such first."""
    corpus = load_corpus(ref)
    return candidate_label_columns(
        corpus.table, corpus.roles.labels, (*INTERNAL_COLUMNS, corpus.roles.id, corpus.roles.time)
    )


def groups(asked: Asked) -> ClusterSet | None:
    """The default clusters under the first contender's model; None where they can't be made, or take too long now."""
    where = (asked.corpus, asked.contenders[0].model)
    try:
        query = ClusterQuery(*where)
        if len(load_corpus(asked.corpus)) > QUICK and not CLUSTERS.exists(query):
            return None
        return default_clusters(*where)
    except PlanisphereError:
        return None


def words_of(asked: Asked) -> np.ndarray:
    """(n,) int64 words of each row's text."""
    return _words(asked.corpus)


@lru_cache(maxsize=2)
def _words(corpus: CorpusRef) -> np.ndarray:
    return np.array([count_words(text) for text in load_corpus(corpus).texts], np.int64)


def rows_file(asked: Asked, query: RowQuery) -> bytes:
    """The ranked list with whole texts, every pair's overlap and the corpus' columns, as CSV."""
    rows = row_order(asked, query)
    table, corpus = _table(asked, query.k, rows, None), load_corpus(asked.corpus)
    table.insert(0, "row", rows + 1)
    for one, other in pairs_of(asked.contenders):
        overlap = kept_overlap(asked.corpus, one, other).share(query.k)[rows]
        table[free_name(table, f"overlap@{query.k} of {one.label} and {other.label}")] = overlap
    for name in corpus.table.columns:
        if corpus.roles.text != column_field(str(name)):
            table[free_name(table, str(name))] = corpus.table[name].iloc[rows].array
    return table_bytes(table, "csv")


def first_rows(asked: Asked, query: RowQuery, most: int) -> np.ndarray:
    """The row ids of the list's beginning."""
    return row_order(asked, query)[:most]


@lru_cache(maxsize=4)
def _columns(corpus: CorpusRef) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """These columns with their 200 most frequent values."""
    table = load_corpus(corpus).table
    counts = ((name, label_strings(table[name]).value_counts()) for name in label_columns(corpus))
    return tuple((name, tuple(str(value) for value in found.index[:200])) for name, found in counts)


def _matching(asked: Asked, query: RowQuery) -> np.ndarray:
    corpus = load_corpus(asked.corpus)
    keep = np.ones(len(corpus), bool)
    if query.column in corpus.table.columns and query.values:
        keep &= label_strings(corpus.table[query.column]).isin(query.values).to_numpy(dtype=bool)
    found = groups(asked) if query.group else None
    if found is not None:
        keep &= np.asarray(found.labels) == (found.names.index(query.group) if query.group in found.names else -2)
    low, high = query.words
    keep &= words_of(asked) >= (low or 0)
    if high is not None:
        keep &= words_of(asked) <= high
    if query.alone != "all":
        keep &= stand_alone(asked) == (query.alone == "only")
    return keep


def _table(asked: Asked, k: int, rows: np.ndarray, cell: int | None) -> pd.DataFrame:
    """Columns of the list; index the row ids."""
    corpus = load_corpus(asked.corpus)
    found = [kept_overlap(asked.corpus, *pair) for pair in pairs_of(asked.contenders)]
    shared = np.mean([each.share(k)[rows] for each in found], axis=0) if len(rows) else np.zeros(0)
    columns = {
        "disagreement": disagreement(asked, k)[rows],
        "shared": shared * k,
        "text": [corpus.texts[row] if cell is None else corpus.texts[row][:cell] for row in rows],
        "words": words_of(asked)[rows],
        "alone": stand_alone(asked)[rows],
    }
    table = pd.DataFrame({name: np.asarray(values) for name, values in columns.items()}, index=rows)
    for name in corpus.roles.labels[:1]:
        table.insert(3, "label", corpus.table[name].iloc[rows].astype("str").to_numpy())
    return table
