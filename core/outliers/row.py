"""Why a row is odd: its percentile by every score, its nearest rows, and what they have in common."""

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
from core.outliers.score_info import SCORES
from core.outliers.service import score_of
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_neighbors

WORDS = 8
EVERYWHERE = 0.15  # share of all rows from which a word says nothing
COMMON = 0.3  # share of the nearest rows that must hold a word for it to be theirs
LONGEST = 5_000  # characters of the text sent to the page


@dataclass(frozen=True, eq=False)
class RowWhy:
    """One row. scores: title, value, percentile and what the score sees, isolation forest left out. near: index row
    ids; columns cosine, then Text and the corpus' labels, time and id. shared: the row's words that at least two of
    its nearest rows hold; theirs: words that 30% of them hold and it does not; own: its words that none of them
    holds; rarest in the corpus first, words of over 15% of all rows and of grammar left out. labels: (column, the
    row's value, the nearest rows' commonest value, how many hold it).
    """

    row: int
    text: str
    scores: pd.DataFrame
    near: pd.DataFrame
    shared: tuple[str, ...]
    theirs: tuple[str, ...]
    own: tuple[str, ...]
    labels: tuple[tuple[str, str, str, int], ...]


def row_why(corpus: CorpusRef, model: ModelSpec, row: int, k: int, count: int = 10) -> RowWhy:
    """Raises InputError for no such row, StorageError where the graph is missing."""
    whole = load_corpus(corpus)
    if not 0 <= row < len(whole):
        raise InputError(f"There is no row {row + 1:,} among the {len(whole):,} rows.")
    graph = load_neighbors(corpus, model)
    ids = np.asarray(graph.ids[row, :count])
    near = texts_and_roles(whole, ids)
    near.insert(0, "cosine", np.asarray(graph.scores[row, :count], dtype=np.float64), allow_duplicates=True)
    words = _words(corpus, whole.texts[row], row, ids)
    labels = tuple(found for name in whole.roles.labels if (found := _label(whole.table[name], row, ids)))
    return RowWhy(row, whole.texts[row][:LONGEST], _by_score(corpus, model, row, k), near, *words, labels)


def _by_score(corpus: CorpusRef, model: ModelSpec, row: int, k: int) -> pd.DataFrame:
    told = []
    for info in SCORES.values():
        if info.name != "forest":  # it may take long, and nobody asked for it here
            score = score_of(corpus, model, info.name, k)
            told.append((info.title, float(percentiles(score)[row]), float(score[row]), info.sees))
    return pd.DataFrame(told, columns=["Score", "Percentile", "Value", "What it sees"])


def _words(
    corpus: CorpusRef, text: str, row: int, near: np.ndarray
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Words shared with the nearest rows, words of theirs, and words of its own; rarest in the corpus first."""
    matrix, vocabulary = load_terms(corpus)
    spread = np.asarray(matrix.sum(axis=0)).ravel()
    held = np.asarray(matrix[near].sum(axis=0)).ravel() if len(near) else np.zeros(len(vocabulary))
    here = np.zeros(len(vocabulary), dtype=bool)
    here[matrix[row].indices] = True
    telling = spread <= max(EVERYWHERE * matrix.shape[0], 3)
    shared = _rarest(np.flatnonzero(here & telling & (held >= 2)), spread, vocabulary)
    theirs = _rarest(np.flatnonzero(~here & telling & (held >= max(2, COMMON * len(near)))), spread, vocabulary)
    known = set(vocabulary)
    unusual = [word for word in document_terms([text], min_rows=1)[1] if word not in known and _is_word(word)]
    own = _rarest(np.flatnonzero(here & telling & (held == 0)), spread, vocabulary)
    return shared, theirs, tuple([*filter(is_informative, unusual), *own][:WORDS])


def _is_word(term: str) -> bool:
    """A single word that is no number and no lone letter."""
    return " " not in term and len(term) > 1 and not term.isdecimal()


def _rarest(places: np.ndarray, spread: np.ndarray, vocabulary: list[str]) -> tuple[str, ...]:
    ordered = (vocabulary[place] for place in places[np.argsort(spread[places], kind="stable")])
    return tuple(islice(filter(is_informative, ordered), WORDS))


def _label(values: pd.Series, row: int, near: np.ndarray) -> tuple[str, str, str, int] | None:
    counts: Any = values.iloc[near].dropna().astype(str).value_counts()
    if counts.empty:
        return None
    own = "" if pd.isna(values.iloc[row]) else str(values.iloc[row])
    return str(values.name), own[:PREVIEW_LENGTH], str(counts.index[0])[:PREVIEW_LENGTH], int(counts.iloc[0])
