"""An inverted index of words: which texts have a word, so that keyword search need not scan them."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from core.corpus.keyword import LETTER, Term, TermCounts, count_term, lower

BATCH = 5_000  # texts whose words are held at once
MAX_CHARACTERS = 300_000_000  # of all texts; an index of more would not fit into memory beside them
_WORD = re.compile(f"{LETTER}+")
_LAST = "\U0010ffff"


class KeywordIndex:
    """An index of texts for `search_keywords`, with the same hits as without it.

    A word counts where it begins with the term. Terms that are no single word, such as phrases, and those of scripts
    without spaces are searched by scanning. Holds about eight bytes a word.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self.lengths = np.fromiter(map(len, texts), np.float64, len(texts))
        self._vocabulary, self._starts, self._rows, self._frequencies = _postings(texts)

    def count(self, term: Term) -> TermCounts:
        if term.quoted or not _WORD.fullmatch(term.text):
            return count_term(self._lowered, term)
        first, last = bisect_left(self._vocabulary, term.text), bisect_left(self._vocabulary, term.text + _LAST)
        part = slice(int(self._starts[first]), int(self._starts[last]))
        frequencies = np.bincount(self._rows[part], self._frequencies[part], len(self._texts))
        rows = np.flatnonzero(frequencies)
        return rows, frequencies[rows]

    @cached_property
    def _lowered(self) -> list[str]:
        return [lower(text) for text in self._texts]


def _postings(texts: Sequence[str]) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """The words, sorted; (v + 1,) where each begins in the (m,) int32 rows that have it; (m,) uint16 frequencies."""
    codes: dict[str, int] = {}
    parts = []
    for start in range(0, len(texts), BATCH):
        words = [_WORD.findall(lower(text)) for text in texts[start : start + BATCH]]
        rows = np.repeat(np.arange(start, start + len(words)), [len(of_text) for of_text in words])
        coded = (codes.setdefault(word, len(codes)) for word in chain.from_iterable(words))
        parts.append(np.fromiter(coded, np.int64, len(rows)) * len(texts) + rows)
    vocabulary = sorted(codes)
    order = np.empty(len(codes), np.int64)
    order[[codes[word] for word in vocabulary]] = np.arange(len(codes))
    pairs = np.concatenate([np.empty(0, np.int64), *parts])
    words_of, rows_of = np.divmod(pairs, max(len(texts), 1))
    unique, frequencies = np.unique(order[words_of] * len(texts) + rows_of, return_counts=True)
    words_of, rows_of = np.divmod(unique, max(len(texts), 1))
    starts = np.searchsorted(words_of, np.arange(len(codes) + 1))
    return vocabulary, starts, rows_of.astype(np.int32), np.minimum(frequencies, 65_535).astype(np.uint16)


def open_index(texts: Sequence[str]) -> KeywordIndex | None:
    """The index of texts, None where it would be too large."""
    return KeywordIndex(texts) if sum(map(len, texts)) <= MAX_CHARACTERS else None
