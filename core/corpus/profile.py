"""What a corpus looks like before anything is embedded, and how much of it each model would see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.corpus.columns_summary import ColumnSummary, summarize_columns
from core.corpus.row_steps import is_blank
from core.types import Corpus

BIN_EDGES = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)  # edges of the length histogram within each power of ten
LANGUAGE_SAMPLE = 2_000


@dataclass(frozen=True)
class Lengths:
    """Characters a text, over the texts that hold any."""

    total: int
    mean: float
    median: float
    p95: float
    shortest: int
    longest: int


@dataclass(frozen=True, eq=False)
class Profile:
    """missing: rows whose text is empty or blank. exact_duplicates: rows that repeat the text of an earlier row,
    blank ones aside. histogram_counts: (b,) int64 texts by length; histogram_edges: (b + 1,) int64 characters,
    bin i holding lengths from edge i up to, not with, edge i + 1, finer for short texts than for long ones.
    languages: texts of each ISO 639-1 code among the `languages_sample` looked at
    (blank ones aside); "und" where it is unclear.
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
    """Count what a person should know of a corpus; the languages on a sample drawn with `seed`."""
    return replace(profile_texts(corpus.texts, seed), columns=summarize_columns(corpus.table))


def profile_texts(texts: Sequence[str], seed: int = 0, language_sample: int = LANGUAGE_SAMPLE) -> Profile:
    """The same of texts alone, without columns."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    blank = np.fromiter(map(is_blank, texts), bool, len(texts))
    duplicated = pd.Series(texts, dtype=object).duplicated().to_numpy()
    counts, edges = length_histogram(lengths[~blank])
    filled = [text for text, empty in zip(texts, blank, strict=True) if not empty]
    languages, sampled = _languages(filled, seed, language_sample)
    return Profile(
        rows=len(texts),
        missing=int(blank.sum()),
        exact_duplicates=int((duplicated & ~blank).sum()),
        lengths=_lengths(lengths[~blank]),
        histogram_counts=counts,
        histogram_edges=edges,
        languages=languages,
        languages_sample=sampled,
        columns=(),
    )


def length_histogram(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(b,) counts and (b + 1,) edges, int64, that start and end at the bins in use; empty for no lengths."""
    if not len(lengths):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    top = int(np.log10(max(1, lengths.max()))) + 2
    edges = np.unique(np.array([0, *(int(step * 10**power) for power in range(top) for step in BIN_EDGES)], np.int64))
    first = np.searchsorted(edges, lengths.min(), side="right") - 1
    last = np.searchsorted(edges, lengths.max(), side="right")
    edges = edges[first : last + 1]
    bins = np.searchsorted(edges, lengths, side="right") - 1
    return np.bincount(bins, minlength=len(edges) - 1).astype(np.int64), edges


def _lengths(lengths: np.ndarray) -> Lengths:
    if not len(lengths):
        return Lengths(0, 0.0, 0.0, 0.0, 0, 0)
    median, p95 = np.percentile(lengths, [50, 95])
    return Lengths(
        int(lengths.sum()), float(lengths.mean()), float(median), float(p95), int(lengths.min()), int(lengths.max())
    )


def _languages(texts: Sequence[str], seed: int, sample: int) -> tuple[dict[str, int], int]:
    """Texts by language, most frequent first, and how many texts were looked at."""
    from core.corpus.language import detect_languages

    found = detect_languages(texts, sample=sample, seed=seed)
    return found.counts, found.sampled
