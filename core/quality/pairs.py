"""Random, same-label and neighbor pairs of texts, and their cosines."""

import numpy as np

CHUNK = 2_000  # pairs gathered at once

Pairs = tuple[np.ndarray, np.ndarray]


def random_pairs(count: int, pairs: int, seed: int = 0) -> Pairs:
    """int64 numbers i != j of `pairs` random pairs of `count` texts; every pair once where there are no more."""
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
    labeled = np.flatnonzero(codes >= 0)
    labeled = labeled[np.argsort(codes[labeled], kind="stable")]
    sizes = np.bincount(codes[labeled]) if len(labeled) else np.zeros(0, np.int64)
    start = np.cumsum(sizes) - sizes
    labels = codes[labeled]
    partners = sizes[labels] - 1 if same else len(labeled) - sizes[labels]
    if not partners.sum():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    generator = np.random.default_rng(seed)
    ends = np.cumsum(partners)
    at = np.searchsorted(ends, generator.integers(ends[-1], size=pairs), side="right")
    step = generator.integers(partners[at])
    if same:
        partner = start[labels[at]] + step
        partner += partner >= at  # not the text itself
    else:
        partner = step + np.where(step >= start[labels[at]], sizes[labels[at]], 0)  # past the block of its own label
    return labeled[at], labeled[partner]


def same_label_pairs(codes: np.ndarray) -> tuple[int, int]:
    """How many pairs of labeled texts have the same label, and how many there are."""
    sizes = np.bincount(codes[codes >= 0]).astype(object)  # whole numbers without a limit
    total = int(sizes.sum())
    return int((sizes * (sizes - 1) // 2).sum()), total * (total - 1) // 2


def neighbor_codes(ids: np.ndarray, k: int, included: np.ndarray | None = None) -> np.ndarray:
    """Rising int64 codes i * m + j, i < j, of pairs of which one is among the k nearest of the other.

    ids: (m, >= k) numbers of texts, -1 for none. included: bool (m,), only pairs of such texts.
    """
    return neighbor_pairs(ids, k, included)[0]


def neighbor_pairs(ids: np.ndarray, k: int, included: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The same, and the first index of each pair in ids[:, :k] raveled."""
    m, k = len(ids), min(k, ids.shape[1])
    left, right = np.repeat(np.arange(m), k), np.asarray(ids[:, :k], np.int64).ravel()
    present = right >= 0
    if included is not None:
        present &= included[left] & included[right]
    codes, first = np.unique(pair_codes(left[present], right[present], m), return_index=True)
    return codes, np.flatnonzero(present)[first]


def pair_codes(left: np.ndarray, right: np.ndarray, m: int) -> np.ndarray:
    """int64 codes of unordered pairs."""
    return np.minimum(left, right).astype(np.int64) * m + np.maximum(left, right)


def is_in(codes: np.ndarray, rising: np.ndarray) -> np.ndarray:
    """Bool: which codes are in a rising array."""
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
