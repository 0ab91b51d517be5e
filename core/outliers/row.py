"""Why a row is an outlier: its percentile by every score, its nearest rows, and the terms they share."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.export import PREVIEW_LENGTH, texts_and_roles
from core.corpus.loaders import load_corpus
from core.corpus.terms import document_terms, is_informative, load_terms
from core.errors import InputError
from core.outliers.consensus import percentiles
from core.outliers.scores import SCORES
from core.outliers.service import outlier_scores
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_neighbors

MAX_TERMS = 8
FREQUENT = 0.15  # share of all rows above which a term is uninformative
COMMON = 0.3  # share of the nearest rows that must contain a term for it to be typical of them
MAX_CHARACTERS = 5_000  # of the text sent to the page


@dataclass(frozen=True, eq=False)
class RowExplanation:
    """One row. scores: title, percentile, value and what the score detects, isolation forest left out. neighbors: index
    row ids; columns cosine, then Text and the corpus' labels, time and id. shared_terms: the row's terms that at least
    two of its nearest rows contain; missing_terms: terms that 30% of them contain and it does not; unique_terms: its
    terms that none of them contains; rarest in the corpus first, terms of over 15% of all rows and function words left
    out. labels: (column, the row's value, the nearest rows' most common value, how many have it).
    """

    row: int
    text: str
    scores: pd.DataFrame
    neighbors: pd.DataFrame
    shared_terms: tuple[str, ...]
    missing_terms: tuple[str, ...]
    unique_terms: tuple[str, ...]
    labels: tuple[tuple[str, str, str, int], ...]


def explain_row(corpus: CorpusRef, model: ModelSpec, row: int, k: int, count: int = 10) -> RowExplanation:
    """Raises InputError for no such row, StorageError where the graph is missing."""
    data = load_corpus(corpus)
    if not 0 <= row < len(data):
        raise InputError(f"There is no row {row + 1:,} among the {len(data):,} rows.")
    graph = load_neighbors(corpus, model)
    ids = np.asarray(graph.ids[row, :count])
    neighbors = texts_and_roles(data, ids)
    neighbors.insert(0, "cosine", np.asarray(graph.scores[row, :count], dtype=np.float64), allow_duplicates=True)
    terms = _compare_terms(corpus, data.texts[row], row, ids)
    labels = tuple(label for name in data.roles.labels if (label := _label(data.table[name], row, ids)))
    scores = _score_table(corpus, model, row, k)
    return RowExplanation(row, data.texts[row][:MAX_CHARACTERS], scores, neighbors, *terms, labels)


def _score_table(corpus: CorpusRef, model: ModelSpec, row: int, k: int) -> pd.DataFrame:
    """Without the isolation forest, which may take long."""
    rows = [
        (SCORES[name].title, float(percentiles(score)[row]), float(score[row]), SCORES[name].detects)
        for name, score in outlier_scores(corpus, model, k).items()
    ]
    return pd.DataFrame(rows, columns=["Score", "Percentile", "Value", "Detects"])


def _compare_terms(
    corpus: CorpusRef, text: str, row: int, neighbors: np.ndarray
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Terms shared with the nearest rows, only in them, and only in this row; rarest in the corpus first."""
    matrix, vocabulary = load_terms(corpus)
    frequency = np.asarray(matrix.sum(axis=0)).ravel()
    in_neighbors = np.asarray(matrix[neighbors].sum(axis=0)).ravel() if len(neighbors) else np.zeros(len(vocabulary))
    in_row = np.zeros(len(vocabulary), dtype=bool)
    in_row[matrix[row].indices] = True
    informative = frequency <= max(FREQUENT * matrix.shape[0], 3)
    common = in_neighbors >= max(2, COMMON * len(neighbors))
    shared, missing, unique = (
        _rarest(np.flatnonzero(informative & mask), frequency, vocabulary)
        for mask in (in_row & (in_neighbors >= 2), ~in_row & common, in_row & (in_neighbors == 0))
    )
    indexed = set(vocabulary)
    unindexed = [term for term in document_terms([text], min_rows=1)[1] if term not in indexed and _is_word(term)]
    return shared, missing, tuple([*filter(is_informative, unindexed), *unique][:MAX_TERMS])


def _is_word(term: str) -> bool:
    """A single word that is no number and no single letter."""
    return " " not in term and len(term) > 1 and not term.isdecimal()


def _rarest(columns: np.ndarray, frequency: np.ndarray, vocabulary: list[str]) -> tuple[str, ...]:
    ordered = (vocabulary[column] for column in columns[np.argsort(frequency[columns], kind="stable")])
    return tuple(islice(filter(is_informative, ordered), MAX_TERMS))


def _label(values: pd.Series, row: int, neighbors: np.ndarray) -> tuple[str, str, str, int] | None:
    counts: Any = values.iloc[neighbors].dropna().astype(str).value_counts()
    if counts.empty:
        return None
    value = "" if pd.isna(values.iloc[row]) else str(values.iloc[row])
    return str(values.name), value[:PREVIEW_LENGTH], str(counts.index[0])[:PREVIEW_LENGTH], int(counts.iloc[0])
