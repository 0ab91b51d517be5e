"""An inverted index of words, stored with a corpus: the texts that have a word, so that none need be scanned."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain

import numpy as np

from core.corpus.keyword import LETTER, Term, TermCounts, count_term, lower
from core.corpus.loaders import load_corpus
from core.errors import StorageError
from core.store import Workspace
from core.types import CorpusRef

KIND, INPUTS = "keyword_index", {"version": 1}
BATCH = 5_000  # texts whose words are held at once
MAX_CHARACTERS = 300_000_000  # of all texts; an index of more would not fit into memory beside them
_WORD = re.compile(f"{LETTER}+")
_LAST = "\U0010ffff"


@dataclass(frozen=True, eq=False)
class Postings:
    """words: (c,) uint8, UTF-8 of the v words, sorted, a line each; starts: (v + 1,) int64, where each begins in the
    rows (m,) int32 that have it; frequencies: (m,) uint16; lengths: (n,) float64 characters of the texts."""

    words: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    frequencies: np.ndarray
    lengths: np.ndarray


class KeywordIndex:
    """An index of texts for `search_keywords`, with the same hits as without it.

    A word counts where it begins with the term. Terms that are no single word, such as phrases, and those of scripts
    without spaces are searched by scanning. Holds about eight bytes a word.
    """

    def __init__(self, texts: Sequence[str], postings: Postings | None = None) -> None:
        postings = postings or count_words(texts)
        self._texts, self.lengths = texts, postings.lengths
        self._vocabulary = postings.words.tobytes().decode().split("\n") if len(postings.words) else []
        self._starts, self._rows, self._frequencies = postings.starts, postings.rows, postings.frequencies

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


def count_words(texts: Sequence[str]) -> Postings:
    """The words of texts and where they occur."""
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
    return Postings(
        np.frombuffer("\n".join(vocabulary).encode(), np.uint8),
        np.searchsorted(words_of, np.arange(len(codes) + 1)).astype(np.int64),
        rows_of.astype(np.int32), np.minimum(frequencies, 65_535).astype(np.uint16),
        np.fromiter(map(len, texts), np.float64, len(texts)),
    )  # fmt: skip


def open_index(texts: Sequence[str]) -> KeywordIndex | None:
    """The index of texts, None where it would be too large."""
    return KeywordIndex(texts) if sum(map(len, texts)) <= MAX_CHARACTERS else None


def stored_index(corpus: CorpusRef) -> KeywordIndex | None:
    """The index of a stored corpus, computed once for all processes; None where it would be too large."""
    texts = load_corpus(corpus).texts
    if sum(map(len, texts)) > MAX_CHARACTERS:
        return None
    workspace, names = Workspace(corpus.folder), [field.name for field in fields(Postings)]
    stored = workspace.load(KIND, corpus.digest, INPUTS)
    if stored is not None and set(stored.arrays) == set(names):
        return KeywordIndex(texts, Postings(**stored.arrays))
    postings = count_words(texts)
    with suppress(StorageError):  # a corpus deleted meanwhile, or a full disk: searched all the same
        workspace.save(KIND, corpus.digest, INPUTS, {name: getattr(postings, name) for name in names}, {})
    return KeywordIndex(texts, postings)


def store_keyword_index(corpus: CorpusRef) -> None:
    """Compute the index of a corpus, unless it is stored."""
    if Workspace(corpus.folder).load(KIND, corpus.digest, INPUTS) is None:
        stored_index(corpus)
