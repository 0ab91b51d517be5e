"""The texts of a corpus before and after a date."""

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus
from core.corpus.reading.times import parse_times
from core.errors import InputError
from core.models.word_vectors import word_tokens
from core.types import CorpusRef
from core.word_vectors.changes import MAX_TOKENS


def texts_by_period(corpus: CorpusRef, time: str, split: str, seed: int) -> tuple[list[list[str]], np.ndarray]:
    """Words of n texts and bool (n,), whether each is of the second period. Texts are unique within a period; rows
    without a time are left out; beyond MAX_TOKENS words, texts are drawn at random. Raises InputError."""
    loaded = load_corpus(corpus)
    if time not in loaded.table.columns:
        raise InputError(f'There is no column "{time}".', "Choose another time column.")
    times = parse_times(loaded.table[time])
    table = pd.DataFrame({"text": loaded.texts, "after": times >= pd.Timestamp(split)})[times.notna().to_numpy()]
    unique = table.drop_duplicates()
    if unique["after"].nunique() < 2:
        raise InputError(f"No text lies on one side of {split[:10]}.", "Move the date.")
    tokens = [word_tokens(text) for text in unique["text"]]
    rows = _sample(np.array([len(text) for text in tokens]), seed)
    return [tokens[row] for row in rows], unique["after"].to_numpy()[rows]


def time_range(corpus: CorpusRef, time: str) -> tuple[str, str, str]:
    """The first, the median and the last day of a time column, as 2026-03-11. Raises InputError without a time."""
    times = parse_times(load_corpus(corpus).table[time]).dropna().sort_values()
    if not len(times):
        raise InputError(f'No cell of "{time}" can be parsed as a time.', "Choose another time column.")
    first, middle, last = (times.iloc[at].date().isoformat() for at in (0, len(times) // 2, -1))
    return first, middle, last


def _sample(lengths: np.ndarray, seed: int) -> np.ndarray:
    """Ids of texts with about MAX_TOKENS words in all, in order."""
    if lengths.sum() <= MAX_TOKENS:
        return np.arange(len(lengths))
    order = np.random.default_rng(seed).permutation(len(lengths))
    return np.sort(order[np.cumsum(lengths[order]) <= MAX_TOKENS])
