"""Profile of a corpus, a stored result: text lengths, duplicates, languages, and a summary of each column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api import types as kinds

from core.corpus.filters import column_kind
from core.corpus.language import detect_languages
from core.corpus.loaders import load_corpus
from core.corpus.preprocess import is_blank
from core.results import Result
from core.types import Corpus, CorpusRef

Kind = Literal["number", "time", "yes/no", "category", "text", "other"]
EXAMPLES = 3
EXAMPLE_LENGTH = 80  # characters
MAX_CATEGORIES = 50
CATEGORY_SHARE = 0.5  # maximum share of distinct values of a category; above it strings are texts
BIN_EDGES = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)  # edges of the length histogram within each power of ten
LANGUAGE_SAMPLE = 2_000
ROWS_PER_SECOND = 50_000


@dataclass(frozen=True)
class Lengths:
    """Characters per text, of the texts that are not blank."""

    total: int
    mean: float
    median: float
    p95: float
    shortest: int
    longest: int


@dataclass(frozen=True)
class ColumnSummary:
    """missing: cells without a value, or an empty or blank string. distinct: different values among the others.
    examples: the first few different values as strings, cut at EXAMPLE_LENGTH characters."""

    name: str
    kind: Kind
    missing: int
    distinct: int
    examples: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Profile:
    """missing: rows whose text is empty or blank. exact_duplicates: rows that repeat the text of an earlier row,
    without blank ones. histogram_counts: (b,) int64 texts by length; histogram_edges: (b + 1,) int64 characters,
    bin i holds lengths from edge i up to, but without, edge i + 1; finer for short texts than for long ones.
    languages: texts of each ISO 639-1 code in a sample of `languages_sample` texts that are not blank; "und" where it
    is uncertain.
    """

    rows: int
    missing: int
    exact_duplicates: int
    lengths: Lengths
    histogram_counts: np.ndarray
    histogram_edges: np.ndarray
    languages: dict[str, int]
    languages_sample: int
    columns: tuple[ColumnSummary, ...]


def profile_corpus(corpus: Corpus, seed: int = 0) -> Profile:
    """The profile of a corpus; languages on a sample drawn with `seed`."""
    return replace(profile_texts(corpus.texts, seed), columns=summarize_columns(corpus.table))


def profile_texts(texts: Sequence[str], seed: int = 0, language_sample: int = LANGUAGE_SAMPLE) -> Profile:
    """The profile of texts without columns."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    blank = np.fromiter(map(is_blank, texts), bool, len(texts))
    duplicated = pd.Series(texts, dtype=object).duplicated().to_numpy()
    counts, edges = length_histogram(lengths[~blank])
    filled = [text for text, empty in zip(texts, blank, strict=True) if not empty]
    detected = detect_languages(filled, sample=language_sample, seed=seed)
    return Profile(
        len(texts), missing=int(blank.sum()), exact_duplicates=int((duplicated & ~blank).sum()),
        lengths=_lengths(lengths[~blank]), histogram_counts=counts, histogram_edges=edges,
        languages=detected.counts, languages_sample=detected.sampled, columns=(),
    )  # fmt: skip


def summarize_columns(table: pd.DataFrame) -> tuple[ColumnSummary, ...]:
    """One summary per column, in the table's order; names may repeat."""
    return tuple(_summarize(table.iloc[:, position]) for position in range(table.shape[1]))


def _summarize(column: pd.Series) -> ColumnSummary:
    values = column[~_missing(column)]
    # lists and other cells that can't be hashed are compared as strings
    comparable = values.astype(str) if values.dtype == object else values
    distinct = comparable.drop_duplicates()
    examples = tuple(_short(str(value)) for value in distinct.iloc[:EXAMPLES])
    kind = _kind(comparable, len(distinct)) if len(values) else "other"
    return ColumnSummary(str(column.name), kind, len(column) - len(values), len(distinct), examples)


def _missing(column: pd.Series) -> pd.Series:
    missing = column.isna()
    if column.dtype == object or kinds.is_string_dtype(column.dtype):
        blank = column.map(lambda value: isinstance(value, str) and not value.strip())
        missing |= blank.fillna(False).astype(bool)
    return missing


def _kind(values: pd.Series, distinct: int) -> Kind:
    kind = column_kind(values)
    if kind != "text":
        return "yes/no" if kind == "bool" else kind
    repeated = distinct <= MAX_CATEGORIES and (distinct <= CATEGORY_SHARE * len(values) or distinct == 1)
    return "category" if repeated else "text"


def _short(text: str) -> str:
    return text if len(text) <= EXAMPLE_LENGTH else text[: EXAMPLE_LENGTH - 1] + "…"


def length_histogram(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b,) counts and (b + 1,) edges, int64, that start and end at the bins in use; empty for no lengths."""
    if not len(lengths):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    top = int(np.log10(max(1, lengths.max()))) + 2
    edges = np.unique(np.array([0, *(int(step * 10**power) for power in range(top) for step in BIN_EDGES)], np.int64))
    first, last = np.searchsorted(edges, (lengths.min(), lengths.max()), side="right")
    edges = edges[first - 1 : last + 1]
    bins = np.searchsorted(edges, lengths, side="right") - 1
    return np.bincount(bins, minlength=len(edges) - 1).astype(np.int64), edges


def _lengths(lengths: np.ndarray) -> Lengths:
    if not len(lengths):
        return Lengths(0, 0.0, 0.0, 0.0, 0, 0)
    mean, median, p95 = map(float, (lengths.mean(), *np.percentile(lengths, [50, 95])))
    return Lengths(int(lengths.sum()), mean, median, p95, int(lengths.min()), int(lengths.max()))


@dataclass(frozen=True)
class ProfileQuery:
    """The profile of a corpus as imported."""

    corpus: CorpusRef


PROFILE = Result(
    "profile", 1, ProfileQuery, Profile, inputs=lambda query: {},
    compute=lambda query, progress: profile_corpus(load_corpus(query.corpus.source)),
    seconds=lambda query: 1 + len(load_corpus(query.corpus.source)) / ROWS_PER_SECOND,
    stage="Profiling the texts",
)  # fmt: skip
