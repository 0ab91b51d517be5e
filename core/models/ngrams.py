"""Character n-grams of words, hashed as fastText does (Bojanowski et al., 2017), for words without a vector."""

from collections.abc import Iterator

import numpy as np

MIN_N, MAX_N = 3, 6
_OFFSET, _PRIME, _MASK = 2166136261, 16777619, 0xFFFFFFFF  # FNV-1a with 32 bits


def ngram_hashes(word: str, buckets: int) -> list[int]:
    """The buckets of the n-grams of a word with its ends marked, as fastText numbers them."""
    return [_hash(part.encode("utf-8", "replace")) % buckets for part in _ngrams(word)]


def ngram_vector(hashes: list[int], known: np.ndarray, vectors: np.ndarray) -> np.ndarray | None:
    """(d,) float32 mean of the vectors of those n-grams that were seen in training; None where none was.

    known: sorted (m,) int64 hashes of the rows of vectors (m, d).
    """
    wanted = np.asarray(hashes, np.int64)
    at = np.searchsorted(known, wanted).clip(0, max(len(known) - 1, 0))
    at = at[known[at] == wanted] if len(known) else at[:0]
    return vectors[at].mean(axis=0, dtype=np.float32) if len(at) else None


def _ngrams(word: str) -> Iterator[str]:
    marked = f"<{word}>"
    for size in range(MIN_N, min(len(marked), MAX_N) + 1):
        yield from (marked[at : at + size] for at in range(len(marked) - size + 1))


def _hash(data: bytes) -> int:
    """FNV-1a, with bytes beyond 127 sign-extended as in Facebook's implementation."""
    value = _OFFSET
    for byte in data:
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * _PRIME) & _MASK
    return value
