"""Words near others, and analogies, by cosine of word vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.models.word_files import WordVectors, load_words
from core.models.word_vectors import WordEmbedder, word_positions, word_tokens

MAX_SIMILAR_SPELLINGS = 3
SPELLING_WORDS = 50_000  # most frequent words among which similar spellings are searched


@dataclass(frozen=True)
class NearWord:
    """count: occurrences in the corpus, 0 where not known."""

    word: str
    cosine: float
    count: int


@dataclass(frozen=True)
class NearestWords:
    """words: nearest first. by_ngrams: the query's words that have no vector of their own (fastText)."""

    query: tuple[str, ...]
    words: tuple[NearWord, ...]
    by_ngrams: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnalogyAnswer:
    """score: cosine to b - a + c (3CosAdd). to_a, to_b, to_c: cosines to the three words."""

    word: str
    score: float
    to_a: float
    to_b: float
    to_c: float
    count: int


class Explorer:
    """Unit word vectors of one model, (v, d) float32. Words without a vector get one by n-grams (fastText) or raise
    InputError, which names words of similar spelling."""

    def __init__(self, words: WordVectors) -> None:
        self._words, self._positions = words, word_positions(words.words)
        lengths = np.linalg.norm(words.vectors, axis=1, keepdims=True)
        self.unit = words.vectors / np.where(lengths > 0, lengths, 1)
        self._embedder = WordEmbedder(words.manifest.spec, words) if words.ngrams is not None else None

    def nearest(self, text: str, k: int = 20) -> NearestWords:
        """The words nearest to a word, or to the mean of several; these are left out."""
        query = tuple(dict.fromkeys(word_tokens(text)))
        if not query:
            raise InputError("There is no word to look up.", "Enter a word.")
        vectors = np.stack([self._vector(word) for word in query])
        positions, cosines = self._nearest(vectors.sum(axis=0), query, k)
        words, counts = self._words.words, self._words.counts
        near = (
            NearWord(words[at], float(cosine), int(counts[at])) for at, cosine in zip(positions, cosines, strict=True)
        )
        return NearestWords(query, tuple(near), tuple(word for word in query if word not in self._positions))

    def analogy(self, a: str, b: str, c: str, k: int = 10) -> tuple[AnalogyAnswer, ...]:
        """Words d for which "a is to b as c is to d", best first: 3CosAdd (Mikolov, Yih and Zweig, 2013), the cosine of
        d to b - a + c of unit vectors; the three words are left out."""
        words = tuple(self._single(name) for name in (a, b, c))
        if len(set(words)) < 3:
            raise InputError("The three words must be different.", "Enter three different words.")
        vectors = np.stack([self._vector(word) for word in words])
        positions, scores = self._nearest(vectors[1] - vectors[0] + vectors[2], words, k)
        evidence = (self.unit[positions] @ vectors.T).tolist()
        return tuple(
            AnalogyAnswer(self._words.words[at], float(score), to_a, to_b, to_c, int(self._words.counts[at]))
            for at, score, (to_a, to_b, to_c) in zip(positions, scores, evidence, strict=True)
        )

    def _nearest(self, target: np.ndarray, excluded: Sequence[str], k: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions and cosines of the k words nearest to a vector, without the excluded ones in any case."""
        cosines = self.unit @ (target / (float(np.linalg.norm(target)) or 1.0))
        drop = [at for at, word in enumerate(self._words.words) if word.lower() in excluded]
        cosines[drop] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(k, len(cosines) - len(drop))]
        return best, cosines[best]

    def _single(self, text: str) -> str:
        tokens = word_tokens(text)
        if len(tokens) != 1:
            raise InputError(f'"{text[:40]}" is not one word.', "Enter one word in each field.")
        return tokens[0]

    def _vector(self, word: str) -> np.ndarray:
        """(d,) unit vector."""
        if word in self._positions:
            return np.asarray(self.unit[self._positions[word]])
        vector = self._embedder.unknown_vector(word) if self._embedder else None
        if vector is None:
            raise self._unknown(word)
        return vector / (float(np.linalg.norm(vector)) or 1.0)

    def _unknown(self, word: str) -> InputError:
        known = list(self._positions)[:SPELLING_WORDS]
        similar = ", ".join(get_close_matches(word, known, MAX_SIMILAR_SPELLINGS))
        remedy = f"Similar spelling: {similar}." if similar else "Enter another word."
        return InputError(f'"{word[:40]}" has no vector: it does not occur, or too rarely.', remedy)


@lru_cache(maxsize=2)
def load_explorer(folder: Path, digest: str) -> Explorer:
    """Raises ModelError where the vectors were deleted or are damaged."""
    return Explorer(load_words(folder, digest))
