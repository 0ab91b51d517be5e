"""A baseline that knows words and spelling but no meaning: hashed n-grams in a random projection.

Features are hashed words, word pairs and the character 3- to 5-grams of each word (feature hashing: Weinberger et al.
2009), each kind with sublinear counts and unit weight of its own. A fixed sparse matrix of random signs takes them to
few dimensions and keeps cosines approximately (Achlioptas 2003; Li, Hastie and Church 2006). Nothing is fitted, so a
text's vector depends on that text alone; the price is that common words weigh as much as rare ones.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from core.corpus.texts import valid_texts
from core.models.base import LOCAL, Backend, Embedder, LoadOptions, in_batches
from core.types import ModelSpec, unit_rows

DIMENSIONS = 384
FEATURES = 1 << 18  # buckets that features are hashed into
SIGNS = 8  # nonzero entries of the projection a feature
SEED = 0
KINDS = (("words", 1.0), ("pairs", 0.5), ("spelling", 1.0))  # weights chosen on banking77's training rows
FLOOR = 1e-3  # added to the first dimension, so that a text without features has a direction too
# scripts written without spaces: a character carries what a word does elsewhere, a pair of them what a phrase does
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# such a character, a run of letters and digits cut at 64, or one sign such as an emoji
TOKEN = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])\w){{1,64}}|[^\w\s]")


class LexicalEmbedder(Embedder):
    """An `Embedder` of words and spelling, in any language, with no model file and no window."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return unit_rows(in_batches(texts, _project, DIMENSIONS))

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) int64 words and signs."""
        return np.array([len(TOKEN.findall(text)) for text in valid_texts(texts)], np.int64)


def _project(texts: list[str]) -> np.ndarray:
    """(n, DIMENSIONS) float32, the weighted sum of the kinds' projected features."""
    tokens = [TOKEN.findall(text.casefold()) for text in texts]
    total = np.zeros((len(texts), DIMENSIONS), np.float32)
    total[:, 0] = FLOOR
    for kind, weight in KINDS:
        counts = _hashed([_features(kind, tokens_of_text) for tokens_of_text in tokens])
        total += weight * (counts @ _signs()).toarray()
    return total


def _features(kind: str, tokens: list[str]) -> Iterator[str]:
    """The features of one kind, named apart by their beginnings; made one by one, since a text may be very long."""
    if kind == "words":
        return (f"w {word}" for word in tokens)
    if kind == "pairs":
        return (f"p {first} {second}" for first, second in pairwise(tokens))
    return (part for word in tokens for part in _spelling(word))


@lru_cache(maxsize=1 << 15)
def _spelling(word: str) -> tuple[str, ...]:
    """The character 3- to 5-grams of a word with its ends marked."""
    marked = f"<{word}>"
    return tuple(marked[at : at + size] for size in (3, 4, 5) for at in range(len(marked) - size + 1))


def _hashed(features: list[Iterator[str]]) -> Any:
    """(n, FEATURES) sparse rows of unit length: 1 + log(count) of each hashed feature."""
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.preprocessing import normalize

    counts = FeatureHasher(FEATURES, input_type="string", alternate_sign=False, dtype=np.float32).transform(features)
    counts.data = 1 + np.log(counts.data)
    return normalize(counts, copy=False)


@lru_cache(maxsize=1)
def _signs() -> Any:
    """(FEATURES, DIMENSIONS) sparse float32, SIGNS entries of +-1/sqrt(SIGNS) a row, always the same.

    Drawn from raw bits, whose stream NumPy promises never to change, unlike that of its distributions.
    """
    from scipy.sparse import csr_matrix

    bits = np.random.PCG64(SEED).random_raw(FEATURES * SIGNS)
    values = np.where(bits >> np.uint64(63), 1, -1).astype(np.float32) / np.sqrt(SIGNS, dtype=np.float32)
    columns = (bits % np.uint64(DIMENSIONS)).astype(np.int32)
    return csr_matrix((values, columns, np.arange(0, len(bits) + 1, SIGNS)), shape=(FEATURES, DIMENSIONS))


MODEL = ModelSpec("lexical", "lexical baseline", "v1", DIMENSIONS)
_DESCRIPTION = "Baseline, any language: shows what an embedding model adds over overlap of words and spelling."


class LexicalBackend(Backend):
    def load(self, spec: ModelSpec, options: LoadOptions) -> LexicalEmbedder:
        return LexicalEmbedder(spec)


BACKEND = LexicalBackend(
    replace(LOCAL, description=_DESCRIPTION), models=(MODEL,), presets=(MODEL,), aliases={"lexical": MODEL}
)
