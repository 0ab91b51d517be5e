"""Word vectors as an embedding model: word2vec, fastText, doc2vec and files of vectors, stored in the workspace.

A text is the SIF-weighted mean of its words (core.models.sif); with doc2vec its vector is inferred. Words are those of
core.corpus.terms: in lower case, Chinese ones as jieba cuts them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import ModelError
from core.models.base import LOCAL, Backend, Embedder, LoadOptions, in_batches
from core.models.doc2vec import Inference
from core.models.ngrams import ngram_hashes, ngram_vector
from core.models.sif import weighted_mean, without_component
from core.models.word_files import BACKEND_NAME, WordVectors, load_words
from core.types import ModelSpec

APOSTROPHES = str.maketrans("\u2019\u02bc", "''")
CACHED_WORDS = 50_000  # words without a vector whose n-grams were looked up


def word_tokens(text: str) -> list[str]:
    """The words of a text in lower case, one by one."""
    from core.corpus.terms import text_words

    return text_words(text.lower().translate(APOSTROPHES))


def word_positions(words: Sequence[str]) -> dict[str, int]:
    """Positions of words in lower case. A word in lower case comes before a capitalized one, then the more frequent."""
    positions: dict[str, int] = {}
    for form in (str, str.lower):
        for at, word in enumerate(words):
            positions.setdefault(form(word), at)
    return positions


class WordEmbedder(Embedder):
    """An `Embedder` over word vectors. The whole text counts: there is no window; word order does not count.

    A text without a known word gets the vector `fallback`, which has cosine 0 to texts with known words where there is
    a first principal component.
    """

    def __init__(self, spec: ModelSpec, words: WordVectors) -> None:
        super().__init__(spec)
        self._words, self._positions = words, word_positions(words.words)
        self._weighted = words.vectors * words.weights[:, None]
        self._inference = Inference(words) if words.outputs is not None else None
        self.unknown_vector = lru_cache(maxsize=CACHED_WORDS)(self._unknown_vector)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        means = in_batches(texts, self.means, self._words.manifest.dimensions)
        return without_component(means, self._words.component, self._words.fallback)

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) int64 words."""
        return in_batches(texts, lambda batch: [len(word_tokens(text)) for text in batch])

    def count_unknown(self, texts: Sequence[str]) -> np.ndarray:
        return in_batches(texts, lambda batch: [self._count_unknown(word_tokens(text)) for text in batch])

    def means(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 weighted means of words, or inferred vectors, before the component is removed."""
        rows = [self._mean(word_tokens(text)) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self._words.manifest.dimensions), np.float32)

    def _mean(self, tokens: list[str]) -> np.ndarray:
        if self._inference is not None:
            return self._inference.vector(tokens)
        known = [self._positions[token] for token in tokens if token in self._positions]
        vectors = (self.unknown_vector(token) for token in tokens if token not in self._positions)
        return weighted_mean(known, self._weighted, [vector for vector in vectors if vector is not None])

    def _unknown_vector(self, word: str) -> np.ndarray | None:
        """(d,) the vector of a word outside the vocabulary by its n-grams, None where there is none."""
        words = self._words
        if words.ngrams is None or words.ngram_vectors is None:
            return None
        hashes = ngram_hashes(word, int(words.manifest.settings["buckets"]))
        return ngram_vector(hashes, words.ngrams, words.ngram_vectors)

    def _count_unknown(self, tokens: list[str]) -> int:
        return sum(1 for token in tokens if token not in self._positions and self.unknown_vector(token) is None)


@dataclass(frozen=True)
class WordBackend(Backend):
    in_workspace: bool = True

    def load(self, spec: ModelSpec, options: LoadOptions) -> WordEmbedder:
        return WordEmbedder(spec, load_words(word_vectors_folder(options.workspace), words_digest(spec)))


def words_digest(spec: ModelSpec) -> str:
    """The digest of the word vectors that a spec names. Raises ModelError for a spec of another backend."""
    if spec.backend != BACKEND_NAME:
        raise ModelError(f"{spec.label} are no word vectors.", "Choose others on the Customize page.")
    return spec.revision.removeprefix("sha256:")


def word_vectors_folder(folder: str | Path) -> Path:
    """Where a workspace stores its word vectors."""
    return Path(folder) / "models"


_DESCRIPTION = "Word vectors trained or uploaded on the Customize page: fast, ignores word order, knows only its words."
BACKEND = WordBackend(replace(LOCAL, description=_DESCRIPTION, closed_vocabulary=True))
