"""Pairs of texts drawn at random, by label or from neighbor lists, and their cosines."""

import numpy as np

CHUNK = 2_000  # pairs gathered at once

Pairs = tuple[np.ndarray, np.ndarray]


def random_pairs(count: int, pairs: int, seed: int = 0) -> Pairs:
    """int64 places i != j of `pairs` random pairs among `count` texts; every pair once where there are no more."""
    if count * (count - 1) // 2 <= pairs:
        left, right = np.triu_indices(count, k=1)
        return left, right
    generator = np.random.default_rng(seed)
    left = generator.integers(count, size=pairs)
    right = generator.integers(count - 1, size=pairs)
    return left, right + (right >= left)


def label_pairs(codes: np.ndarray, pairs: int, same: bool, seed: int = 0) -> Pairs:
    """Random pairs of labeled texts, uniform among those with the same label, or with different ones.

    codes: (m,) labels, -1 for texts without. Empty where there is no such pair.
    """
    known = np.flatnonzero(codes >= 0)
    known = known[np.argsort(codes[known], kind="stable")]
    sizes = np.bincount(codes[known]) if len(known) else np.zeros(0, np.int64)
    start = np.cumsum(sizes) - sizes
    own = codes[known]
    partners = sizes[own] - 1 if same else len(known) - sizes[own]
    if not partners.sum():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    generator = np.random.default_rng(seed)
    ends = np.cumsum(partners)
    at = np.searchsorted(ends, generator.integers(ends[-1], size=pairs), side="right")
    step = generator.integers(partners[at])
    if same:
        place = start[own[at]] + step
        place += place >= at  # not the text itself
    else:
        place = step + np.where(step >= start[own[at]], sizes[own[at]], 0)  # past the block of its own label
    return known[at], known[place]


def same_label_pairs(codes: np.ndarray) -> tuple[int, int]:
    """How many pairs of labeled texts have the same label, and how many there are."""
    sizes = np.bincount(codes[codes >= 0]).astype(object)  # whole numbers without a limit
    total = int(sizes.sum())
    return int((sizes * (sizes - 1) // 2).sum()), total * (total - 1) // 2


def neighbor_codes(ids: np.ndarray, k: int, keep: np.ndarray | None = None) -> np.ndarray:
    """Rising int64 codes i * m + j, i < j, of pairs of which one is among the k nearest of the other.

    ids: (m, >= k) places, -1 for none. keep: bool (m,), only pairs of such texts.
    """
    return listed_pairs(ids, k, keep)[0]


def listed_pairs(ids: np.ndarray, k: int, keep: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The same, and where each pair stands first in ids[:, :k] read row by row."""
    m, k = len(ids), min(k, ids.shape[1])
    left, right = np.repeat(np.arange(m), k), np.asarray(ids[:, :k], np.int64).ravel()
    there = right >= 0
    if keep is not None:
        there &= keep[left] & keep[right]
    codes, first = np.unique(pair_codes(left[there], right[there], m), return_index=True)
    return codes, np.flatnonzero(there)[first]


def pair_codes(left: np.ndarray, right: np.ndarray, m: int) -> np.ndarray:
    """int64 codes of unordered pairs."""
    return np.minimum(left, right).astype(np.int64) * m + np.maximum(left, right)


def among(codes: np.ndarray, rising: np.ndarray) -> np.ndarray:
    """Bool: which codes are found in a rising array."""
    if not len(rising):
        return np.zeros(len(codes), bool)
    at = np.minimum(np.searchsorted(rising, codes), len(rising) - 1)
    return rising[at] == codes


def pair_cosines(vectors: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(p,) float64 cosines of unit rows (n, d) at left and right, within [-1, 1]."""
    cosines = np.empty(len(left), np.float64)
    for start in range(0, len(left), CHUNK):
        part = slice(start, start + CHUNK)
        cosines[part] = np.einsum("ij,ij->i", vectors[left[part]], vectors[right[part]])
    return np.clip(cosines, -1, 1)
