"""The rows behind an event: their distinctive terms, their most representative texts, saving and exporting them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.distinctive_terms import ALPHA, DistinctiveItems, distinctive_terms
from core.corpus.export import free_name, table_bytes
from core.corpus.loaders import load_corpus
from core.corpus.selections import SavedSelection, save_selection
from core.corpus.terms import is_informative, load_terms
from core.errors import InputError
from core.store import Workspace
from core.trends.periods import row_times
from core.trends.sentiment import NAMES, UNKNOWN
from core.trends.service import TrendQuery, all_groups, query_sentiments
from core.vectors.loaders import load_vectors

MAX_TERMS = 15
MAX_TYPICAL = 5
MAX_UNCORRECTED = 8  # terms shown where none is significant after correction
CELL = 400  # characters of one text sent to the page


@dataclass(frozen=True)
class RowFilter:
    """Rows of a group (-1: all rows) from `start` on and before `end` (ISO, "" for open), of a sentiment or None."""

    group: int = -1
    start: str = ""
    end: str = ""
    sentiment: int | None = None


@dataclass(frozen=True, eq=False)
class RowDetails:
    """terms: distinctive ones against the other rows; corrected: their bounds hold for all terms tested together,
    else, where none does, for each one by itself. texts: the most representative ones, columns row (id from 0), time,
    sentiment ("" where unknown), cosine (to the rows' mean vector, NaN without vectors), text. rows: how many there
    are; against: how many they are compared with.
    """

    terms: DistinctiveItems
    corrected: bool
    texts: pd.DataFrame
    rows: int
    against: int


def matching_rows(query: TrendQuery, pick: RowFilter) -> np.ndarray:
    """Bool (n,): the rows of a filter. Rows without a time never match."""
    times = row_times(query.corpus, query.time)
    mask = ~np.isnat(times)
    if pick.start:
        mask &= times >= np.datetime64(pick.start, "ns")
    if pick.end:
        mask &= times < np.datetime64(pick.end, "ns")
    if pick.group >= 0:
        mask &= all_groups(query).any_of(slice(pick.group, pick.group + 1))
    if pick.sentiment is not None:
        mask &= query_sentiments(query) == pick.sentiment
    return mask


def row_details(query: TrendQuery, pick: RowFilter, against: RowFilter | None = None) -> RowDetails:
    """Terms and texts of the rows. against: the rows they are compared with; None for all others."""
    inside = matching_rows(query, pick)
    others = ~inside if against is None else matching_rows(query, against) & ~inside
    matrix, vocabulary = load_terms(query.corpus)
    both = np.flatnonzero(inside | others)
    terms, corrected = _distinctive_terms(matrix[both], vocabulary, inside[both])
    return RowDetails(terms, corrected, _typical_texts(query, inside), int(inside.sum()), int(others.sum()))


def _distinctive_terms(matrix: Any, vocabulary: list[str], inside: np.ndarray) -> tuple[DistinctiveItems, bool]:
    """The significant terms; where there are none, a few whose bound holds without correction, and False."""
    contrasts = distinctive_terms(matrix, vocabulary, inside, limit=MAX_TERMS, is_listed=is_informative)
    if contrasts.entries or not contrasts.tests:
        return contrasts, True
    uncorrected = distinctive_terms(
        matrix, vocabulary, inside, limit=MAX_UNCORRECTED, alpha=ALPHA * contrasts.tests, is_listed=is_informative
    )
    note = (
        f"No significant terms among {contrasts.tests:,} tested (Bonferroni). "
        f"These are the strongest, each with an uncorrected {1 - ALPHA:.0%} bound."
    )
    return replace(uncorrected, note=note), False


def _typical_texts(query: TrendQuery, inside: np.ndarray) -> pd.DataFrame:
    """The rows nearest to the mean vector of those inside, equal texts once; in order of time without vectors."""
    loaded, rows = load_corpus(query.corpus), np.flatnonzero(inside)
    times, sentiment = row_times(query.corpus, query.time), query_sentiments(query)
    cosines = np.full(len(rows), np.nan)
    if query.model is not None and len(rows):
        vectors = load_vectors(query.corpus, query.model).rows[rows]
        mean = vectors.mean(axis=0)
        cosines = (vectors @ (mean / max(float(np.linalg.norm(mean)), 1e-12))).astype(np.float64)
    order = np.lexsort((rows, times[rows], -np.nan_to_num(cosines)))
    table = pd.DataFrame({"row": rows[order], "cosine": cosines[order]})
    table["time"] = times[table["row"]]
    table["sentiment"] = ["" if sentiment[row] == UNKNOWN else NAMES[int(sentiment[row])] for row in table["row"]]
    texts = [loaded.texts[row] for row in table["row"]]
    table["text"] = [text if len(text) <= CELL else text[:CELL].rstrip() + " …" for text in texts]
    return table.drop_duplicates("text").head(MAX_TYPICAL).reset_index(drop=True)


def save_rows(query: TrendQuery, pick: RowFilter, name: str) -> SavedSelection:
    """Save the rows as a selection. Raises InputError for a bad or taken name."""
    rows = np.flatnonzero(matching_rows(query, pick))
    return save_selection(Workspace(query.corpus.folder), query.corpus.digest, name, rows)


def rows_file(query: TrendQuery, pick: RowFilter) -> bytes:
    """The rows with all their columns, group and sentiment, in order of time, as CSV. Raises InputError for none."""
    rows = np.flatnonzero(matching_rows(query, pick))
    if not len(rows):
        raise InputError("There are no rows to export.", "Choose another event.")
    loaded, groups, sentiment = load_corpus(query.corpus), all_groups(query), query_sentiments(query)
    rows = rows[np.argsort(row_times(query.corpus, query.time)[rows], kind="stable")]
    table = loaded.table.iloc[rows].copy()
    table.insert(0, free_name(table, "text"), [loaded.texts[row] for row in rows])
    table[free_name(table, "group")] = groups.row_names().to_numpy()[rows]
    table[free_name(table, "sentiment")] = [NAMES.get(int(code), "") for code in sentiment[rows]]
    return table_bytes(table, "csv")
