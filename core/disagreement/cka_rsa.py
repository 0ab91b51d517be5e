"""Global similarity of two embeddings of the same texts: debiased linear CKA and RSA; and an order by similarity."""

import numpy as np

from core.stats.rank_correlation import WeightedSpearman

MAX_CKA_TEXTS = 20_000
MAX_RSA_PAIRS = 50_000
BLOCK = 2_000  # rows or pairs gathered at once


def hsic(first: np.ndarray, second: np.ndarray, part: np.ndarray | None = None) -> np.ndarray:
    """(1 + parts,) float64: the unbiased estimate of HSIC with linear kernels of features (n, d) and (n, e), then that
    without each part of the rows (n,), codes from 0. What is left must be 4 rows or more.

    HSIC_1 of Song, Smola, Gretton, Bedo and Borgwardt (2012, equation 5), in which the kernels' diagonals are set to 0,
    worked out in the space of the features, so that no n x n matrix is made. The features should be centered: that
    leaves the value as it is, and keeps its precision.
    """
    codes, parts = (np.zeros(len(first), int), 0) if part is None else (part, int(part.max()) + 1)
    included = np.column_stack([np.ones(len(first), bool), codes[:, None] != np.arange(parts)])
    crosses = [_cross(first[codes == code], second[codes == code]) for code in range(max(parts, 1))]
    total = np.sum(crosses, axis=0)
    lengths = [np.square(total).sum(), *(np.square(total - cross).sum() for cross in crosses[:parts])]
    norms = [np.einsum("ij,ij->i", rows, rows, dtype=np.float64) for rows in (first, second)]
    one, other = (_row_sums(rows, norm, included) for rows, norm in zip((first, second), norms, strict=True))
    n = included.sum(axis=0).astype(np.float64)
    traces = np.array(lengths) - (norms[0] * norms[1]) @ included
    product = one.sum(axis=0) * other.sum(axis=0) / ((n - 1) * (n - 2)) - 2 * (one * other).sum(axis=0) / (n - 2)
    return np.asarray((traces + product) / (n * (n - 3)))


def _row_sums(features: np.ndarray, norms: np.ndarray, included: np.ndarray) -> np.ndarray:
    """(n, s) float64: each row's sum over its row of the kernel without its diagonal, among the rows included; 0 if it
    is not one of them."""
    sums = features.T.astype(np.float64) @ included
    return np.where(included, features @ sums - norms[:, None], 0.0)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    product = np.zeros((first.shape[1], second.shape[1]))
    for start in range(0, len(first), BLOCK):
        part = slice(start, start + BLOCK)
        product += first[part].T @ second[part]
    return product


def centered(rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(m, d) float32: the rows at some positions less their mean."""
    selected = np.asarray(rows[positions], dtype=np.float32)
    return selected - selected.mean(axis=0, dtype=np.float64).astype(np.float32)


def cka(between: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Centered kernel alignment with linear kernels (Kornblith, Norouzi, Lee and Hinton, 2019), from the unbiased HSIC.

    between: (s,) HSIC of two embeddings' centered features of the same texts; first, second: that of each with itself.
    1: the same similarities but for a scale and rotation; about 0, also a little below: none in common. NaN where all
    rows of one are the same.
    """
    defined = (first > 0) & (second > 0)
    return np.where(defined, between / np.sqrt(np.where(defined, first * second, 1)), np.nan)


def sampled_rows(texts: np.ndarray, max_rows: int = MAX_CKA_TEXTS, seed: int = 0) -> np.ndarray:
    """Row ids, sorted: the first row of each text, a seeded sample of at most so many. texts: (n,) codes."""
    first = np.sort(np.unique(texts, return_index=True)[1])
    if len(first) <= max_rows:
        return first
    return np.sort(np.random.default_rng(seed).choice(first, max_rows, replace=False))


def sampled_pairs(rows: np.ndarray, max_pairs: int = MAX_RSA_PAIRS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different row ids: all of them where there are no more than `most`, else so many drawn with a seed."""
    count = len(rows)
    if count * (count - 1) // 2 <= max_pairs:
        left, right = np.triu_indices(count, k=1)
        return rows[left], rows[right]
    generator = np.random.default_rng(seed)
    left, right = generator.integers(count, size=max_pairs), generator.integers(count - 1, size=max_pairs)
    return rows[left], rows[right + (right >= left)]


def pair_cosines(rows: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(m,) float32 cosines of pairs of unit rows."""
    cosines = np.empty(len(left), np.float32)
    for start in range(0, len(left), BLOCK):
        part = slice(start, start + BLOCK)
        cosines[part] = np.einsum("ij,ij->i", rows[left[part]], rows[right[part]])
    return cosines


def rsa(first: np.ndarray, second: np.ndarray, included: np.ndarray | None = None) -> np.ndarray:
    """(1 + s,) float64: representational similarity analysis (Kriegeskorte, Mur and Bandettini, 2008), then the same
    over the pairs that each column of `keep` (m, s) keeps.

    It is Spearman's rank correlation of the cosines (m,) that two embeddings give the same pairs. 1: the same order.
    NaN where all cosines are the same.
    """
    spearman = WeightedSpearman(first, second)
    columns = [np.ones(len(first)), *(included.T.astype(np.float64) if included is not None else ())]
    return np.array([spearman(weights) for weights in columns])


def linkage_order(values: np.ndarray) -> list[int]:
    """The order of a symmetric table (s, s) of similarities, at most 1, by average-linkage clustering: its leaves in
    the optimal order (Bar-Joseph, Gifford and Jaakkola, 2001; scipy)."""
    if len(values) < 3:
        return list(range(len(values)))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distances = np.maximum(1 - np.nan_to_num((values + values.T) / 2), 0)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average", optimal_ordering=True)
    return [int(leaf) for leaf in leaves_list(tree)]


def pairs_without_parts(ends: np.ndarray) -> np.ndarray:
    """(m, 2 s) bool: the pairs that remain without each of s parts of the texts, then without each of as many random
    parts of the pairs. ends: (m, 2) the parts of each pair's texts, from 0."""
    parts = np.arange(int(ends.max(initial=-1)) + 1)
    pair_parts = np.random.default_rng(0).permutation(len(ends)) % max(len(parts), 1)
    texts_out = (ends[:, :, None] != parts).all(axis=1)
    return np.column_stack([texts_out, pair_parts[:, None] != parts])
