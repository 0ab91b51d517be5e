"""The same query under several contenders: ranks of all texts, and how similar the lists are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.export import free_name, table_bytes
from core.corpus.loaders import load_corpus
from core.disagreement.cka_rsa import linkage_order
from core.disagreement.overlap import RBO_P, positions_in, rank_biased, text_codes
from core.disagreement.results import ComparisonQuery
from core.errors import InputError, PlanisphereError
from core.models.registry import capabilities
from core.secret import Secret
from core.vectors.contenders import Contender, contender_rows, quantize
from core.vectors.index import similarities
from core.vectors.text_vectors import embedded_query

CELL = 300
Secrets = tuple[tuple[str, Secret], ...]
"""API keys by a server's address, "" for OpenAI's."""


@dataclass(frozen=True)
class SearchQuery:
    """text: a query, or ""; row: an id from 0, -1 for none; one of the two is set. k: how long the lists are."""

    text: str = ""
    row: int = -1
    k: int = 10


@dataclass(frozen=True, eq=False)
class Ranking:
    """rows: (t,) int64 row ids of all texts but the query's, nearest first. cosines: (t,) float32, descending."""

    rows: np.ndarray
    cosines: np.ndarray


@dataclass(frozen=True, eq=False)
class QueryRankings:
    """table: all texts among the k nearest of any, best mean rank first, index row ids; columns text, label (where
    there are labels), only (the one contender that has it, ""). ranks: (t, s) int64 from 1, of that table's texts under
    each contender, beyond k too. positions: of the contenders that can answer; left_out: (name, reason). similarity:
    (s, s) rank-biased overlap of the lists. query: its text. total: texts ranked."""

    table: pd.DataFrame
    ranks: np.ndarray
    cosines: np.ndarray
    positions: tuple[int, ...]
    left_out: tuple[tuple[str, str], ...]
    similarity: np.ndarray
    query: str
    total: int

    @property
    def order(self) -> list[int]:
        """Positions among those that answer, by average-linkage clustering of their lists."""
        return linkage_order(self.similarity)


def rank_by_contender(query: ComparisonQuery, search: SearchQuery, secrets: Secrets = ()) -> QueryRankings:
    """Raises InputError where there is no query, or where no contender can answer it."""
    corpus, texts = load_corpus(query.corpus), text_codes(query.corpus)
    _check(search, len(corpus))
    excluded = int(texts[search.row]) if search.row >= 0 else -1
    rankings, positions, left_out = [], [], []
    for position, contender in enumerate(query.contenders):
        try:
            vector = query_vector(query, contender, search, secrets)
        except PlanisphereError as error:
            left_out.append((contender.label, str(error)))
            continue
        rankings.append(rank_texts(similarities(contender_rows(query.corpus, contender), vector), texts, excluded))
        positions.append(position)
    if not rankings:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out)
        raise InputError("No contender can answer this query.", reasons)
    lists = [texts[ranking.rows[: search.k]] for ranking in rankings]
    union = np.unique(np.concatenate(lists))
    ranks = np.stack([ranks_by_text(ranking, texts)[union] for ranking in rankings], axis=1)
    order = np.lexsort((ranks.min(axis=1), np.minimum(ranks, search.k + 1).mean(axis=1)))
    ranks = ranks[order]
    cosines = np.stack([ranking.cosines[ranks[:, i] - 1] for i, ranking in enumerate(rankings)], axis=1)
    rows = np.unique(texts, return_index=True)[1][union[order]]
    names = [query.contenders[position].label for position in positions]
    similarity = np.array([[list_similarity(one, other) for other in lists] for one in lists])
    text = corpus.texts[search.row] if search.row >= 0 else search.text
    table = _hit_table(query, rows, ranks <= search.k, names)
    total = len(rankings[0].rows)
    return QueryRankings(table, ranks, cosines, tuple(positions), tuple(left_out), similarity, text[:CELL], total)


def query_vector(query: ComparisonQuery, contender: Contender, search: SearchQuery, secrets: Secrets) -> np.ndarray:
    """(d,) float32 unit vector of the query as a contender sees it. Raises ModelError where it can't embed a text.

    A typed text is cut to the contender's dimensions, and to signs or half precision where its rows are; for rows of
    int8, whose steps follow from all rows, it stays as it is.
    """
    if search.row >= 0:
        return np.asarray(contender_rows(query.corpus, contender)[search.row], np.float32)
    secret = dict(secrets).get(capabilities(contender.model).key_name)
    vector, _ = embedded_query(query.corpus.folder, contender.model, search.text, secret)
    if contender.is_model:
        return vector
    return quantize(vector[None, :], contender.dimensions, "float32" if contender.bits == "int8" else contender.bits)[0]


def rankings_file(query: ComparisonQuery, search: SearchQuery, secrets: Secrets = ()) -> bytes:
    """The table with whole texts, ranks and cosines, as CSV."""
    rankings, texts = rank_by_contender(query, search, secrets), load_corpus(query.corpus).texts
    table = rankings.table.assign(text=[texts[row] for row in rankings.table.index])
    table.insert(0, "row", table.index + 1)
    for column, position in enumerate(rankings.positions):
        name = query.contenders[position].label
        table[free_name(table, f"rank under {name}")] = rankings.ranks[:, column]
        table[free_name(table, f"cosine under {name}")] = rankings.cosines[:, column]
    return table_bytes(table, "csv")


def rank_texts(cosines: np.ndarray, texts: np.ndarray, excluded: int = -1) -> Ranking:
    """All texts by cosine (n,) to a query; of copies the nearest row counts. excluded: a text's code to leave out."""
    order = np.lexsort((np.arange(len(cosines)), -cosines))
    first = np.sort(np.unique(texts[order], return_index=True)[1])
    rows = order[first]
    rows = rows[texts[rows] != excluded]
    return Ranking(rows.astype(np.int64), np.asarray(cosines[rows], np.float32))


def ranks_by_text(ranking: Ranking, texts: np.ndarray) -> np.ndarray:
    """(number of texts,) int64: each text's rank from 1 by its code; 0 for the one left out."""
    ranks = np.zeros(int(texts.max(initial=-1)) + 1, np.int64)
    ranks[texts[ranking.rows]] = np.arange(1, len(ranking.rows) + 1)
    return ranks


def list_similarity(first: np.ndarray, second: np.ndarray, p: float = RBO_P) -> float:
    """Rank-biased overlap (Webber, Moffat and Zobel, 2010), extrapolated, of two lists (k,) of codes; NaN if empty."""
    width = min(len(first), len(second))
    if not width:
        return float("nan")
    common_from = np.maximum(np.arange(width), positions_in(first[None, :width], second[None, :width])[0])
    both = np.bincount(common_from, minlength=width + 1)[:width].cumsum()
    return float(rank_biased(both[None, :], p)[0, -1])


def _hit_table(query: ComparisonQuery, rows: np.ndarray, is_hit: np.ndarray, names: list[str]) -> pd.DataFrame:
    """is_hit: (t, s) which contender has a text among its k nearest."""
    corpus = load_corpus(query.corpus)
    is_unique = (is_hit.sum(axis=1) == 1) & (len(names) > 1)
    only = np.where(is_unique, np.array(names, dtype=object)[is_hit.argmax(axis=1)], "")
    table = pd.DataFrame({"text": [corpus.texts[row][:CELL] for row in rows], "only": only}, index=rows)
    for name in corpus.roles.labels[:1]:
        table["label"] = corpus.table[name].iloc[rows].astype("str").to_numpy()
    return table


def _check(search: SearchQuery, total: int) -> None:
    if search.row >= total:
        raise InputError(f"There is no row {search.row + 1:,} among the {total:,} rows.", "Enter a smaller number.")
    if search.row < 0 and not search.text.strip():
        raise InputError("There is no query.", "Type a text, or enter a row's number.")
