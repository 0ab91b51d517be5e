"""The keyword index of a corpus: an inverted index, stored once and memory-mapped, that Search and Ask use."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.corpus.keyword import Term, TermCounts, TermIndex
from core.corpus.loaders import load_corpus
from core.corpus.postings import TOKEN, Postings, build_postings
from core.errors import StorageError
from core.files import storage_errors
from core.results import Result
from core.types import CorpusRef, Progress

CHARACTERS_PER_SECOND = 5e6
_AFTER = b"\xff"  # behind every word with the same beginning


class KeywordIndex:
    """Where terms occur, from postings: the same counts as `ScannedTexts`, without reading the texts."""

    def __init__(self, postings: Postings) -> None:
        self._postings, self.lengths = postings, postings.lengths
        self._words = _Words(postings.words, postings.word_starts)

    def count(self, term: Term) -> TermCounts:
        """A term of several tokens occurs where the first does and each other follows at its distance."""
        pieces = _pieces(term)
        parts = [self._occurrences(piece) for piece in pieces]
        if len(pieces) == 1:
            rows = self._postings.rows[parts[0]]
        else:
            order = sorted(range(len(pieces)), key=lambda i: parts[i].stop - parts[i].start)
            begins = self._begins(pieces[order[0]], parts[order[0]])
            for i in order[1:]:
                begins = _common(begins, self._begins(pieces[i], parts[i])) if len(begins) else begins
            rows = _without_overlaps(np.sort(begins), len(term.text)) >> 32
        frequencies = np.bincount(rows, minlength=len(self.lengths))
        found = np.flatnonzero(frequencies != 0)  # twice as quick as of the numbers
        return found, frequencies[found].astype(np.float64)

    def _occurrences(self, piece: "_Piece") -> slice:
        """Of its token, or of all that begin with it."""
        word = piece.text.encode("utf-8", "surrogatepass")
        first = bisect_left(self._words, word)
        if piece.is_whole:
            last = first + (first < len(self._words) and self._words[first] == word)
        else:
            last = bisect_left(self._words, word + _AFTER, first)
        return slice(int(self._postings.starts[first]), int(self._postings.starts[last]))

    def _begins(self, piece: "_Piece", part: slice) -> np.ndarray:
        """(m,) int64 row and character, as one number, where the term would begin for each occurrence of a piece."""
        rows, offsets = self._postings.rows[part], self._postings.offsets[part]
        if piece.is_after_space:
            after = np.flatnonzero(offsets & 1)
            rows, offsets = rows[after], offsets[after]
        return (rows.astype(np.int64) << 32) + (offsets >> 1) - piece.offset


class JoinedIndex:
    """The indexes of several corpora, whose rows come one after the other."""

    def __init__(self, indexes: Sequence[TermIndex]) -> None:
        self._indexes, self.lengths = indexes, np.concatenate([index.lengths for index in indexes])

    def count(self, term: Term) -> TermCounts:
        starts = np.cumsum([0, *(len(index.lengths) for index in self._indexes)])
        counts = [index.count(term) for index in self._indexes]
        rows = [found + start for (found, _), start in zip(counts, starts, strict=False)]
        return np.concatenate(rows), np.concatenate([frequencies for _, frequencies in counts])


class _Words(Sequence[bytes]):
    """The sorted tokens of an index as UTF-8, which sort like their characters."""

    def __init__(self, words: np.ndarray, starts: np.ndarray) -> None:
        self._words, self._starts = words, starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, position: int) -> bytes:  # type: ignore[override]
        return self._words[self._starts[position] : self._starts[position + 1]].tobytes()


class _Piece(NamedTuple):
    """A token of a term. offset: the character of the term at which it begins. is_whole: whether a word of the text
    equals it, or may be longer."""

    text: str
    offset: int
    is_after_space: bool
    is_whole: bool


def _pieces(term: Term) -> list[_Piece]:
    matches = [match for match in TOKEN.finditer(term.text) if not match[0].isspace()]
    return [
        _Piece(match[0], match.start(), term.text[match.start() - 1 : match.start()] == " ",
               term.quoted or match.end() < len(term.text))
        for match in matches
    ]  # fmt: skip


def _common(few: np.ndarray, many: np.ndarray) -> np.ndarray:
    """The numbers of the first array that the second has, too."""
    many = np.sort(many)
    places = np.searchsorted(many, few)
    places[places == len(many)] = 0
    return few[many[places] == few] if len(many) else many


def _without_overlaps(begins: np.ndarray, length: int) -> np.ndarray:
    """Of occurrences that overlap, as of "--" in "---", the first, the next behind it, and so on."""
    while True:
        overlapping = np.diff(begins, prepend=-length) < length
        second = overlapping & ~np.concatenate([[False], overlapping[:-1]])[: len(begins)]
        if not second.any():
            return begins
        begins = begins[~second]


@dataclass(frozen=True)
class KeywordQuery:
    """The keyword index of a corpus."""

    corpus: CorpusRef


def _compute(query: KeywordQuery, progress: Progress) -> Postings:
    with storage_errors(Path(query.corpus.folder)):
        return build_postings(load_corpus(query.corpus.source).texts, query.corpus.folder, progress)


def _seconds(query: KeywordQuery) -> float:
    return sum(map(len, load_corpus(query.corpus.source).texts)) / CHARACTERS_PER_SECOND


KEYWORD_INDEX = Result(
    "keyword_index",
    2,
    KeywordQuery,
    Postings,
    inputs=lambda query: {},
    compute=_compute,
    seconds=_seconds,
    stage="Indexing words",
    unit="texts",
    absence="The keyword index of this corpus is missing.",
    remedy="Search it on the Search page, which builds the index.",
)


def load_keyword_index(corpus: CorpusRef) -> KeywordIndex:
    """The stored index; built and stored where it is missing or damaged."""
    return _load(corpus.source)


@lru_cache(maxsize=8)
def _load(source: CorpusRef) -> KeywordIndex:
    try:
        return KeywordIndex(KEYWORD_INDEX.get_or_compute(KeywordQuery(source)))
    except StorageError:  # a full disk: searched all the same
        return KeywordIndex(build_postings(load_corpus(source).texts))
