"""How alike two embeddings of the same texts are as a whole: debiased linear CKA and RSA; and an order by likeness."""

import numpy as np

from core.stats.rank_correlation import WeightedSpearman

CKA_ROWS = 20_000
RSA_PAIRS = 50_000
BLOCK = 2_000  # rows or pairs gathered at once


def hsic(first: np.ndarray, second: np.ndarray, part: np.ndarray | None = None) -> np.ndarray:
    """(1 + parts,) float64: the unbiased estimate of HSIC with linear kernels of features (n, d) and (n, e), then that
    without each part of the rows (n,), codes from 0. What is left must be 4 rows or more.

    HSIC_1 of Song, Smola, Gretton, Bedo and Borgwardt (2012, equation 5), in which the kernels' diagonals are set to 0,
    worked out in the space of the features, so that no n x n matrix is made. The features should be centered: that
    leaves the value as it is, and keeps its precision.
    """
    codes, parts = (np.zeros(len(first), int), 0) if part is None else (part, int(part.max()) + 1)
    keep = np.column_stack([np.ones(len(first), bool), codes[:, None] != np.arange(parts)])
    crosses = [_cross(first[codes == each], second[codes == each]) for each in range(max(parts, 1))]
    whole = np.sum(crosses, axis=0)
    lengths = [np.square(whole).sum(), *(np.square(whole - cross).sum() for cross in crosses[:parts])]
    norms = [np.einsum("ij,ij->i", each, each, dtype=np.float64) for each in (first, second)]
    one, other = (_row_sums(each, norm, keep) for each, norm in zip((first, second), norms, strict=True))
    n = keep.sum(axis=0).astype(np.float64)
    traces = np.array(lengths) - (norms[0] * norms[1]) @ keep
    product = one.sum(axis=0) * other.sum(axis=0) / ((n - 1) * (n - 2)) - 2 * (one * other).sum(axis=0) / (n - 2)
    return np.asarray((traces + product) / (n * (n - 3)))


def _row_sums(features: np.ndarray, norms: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """(n, s) float64: each row's sum over its row of the kernel without its diagonal, among the rows kept; 0 if it is
    not one of them."""
    sums = features.T.astype(np.float64) @ keep
    return np.where(keep, features @ sums - norms[:, None], 0.0)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    made = np.zeros((first.shape[1], second.shape[1]))
    for start in range(0, len(first), BLOCK):
        part = slice(start, start + BLOCK)
        made += first[part].T @ second[part]
    return made


def centered(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(m, d) float32: the rows at some places less their mean."""
    chosen = np.asarray(rows[places], dtype=np.float32)
    return chosen - chosen.mean(axis=0, dtype=np.float64).astype(np.float32)


def cka(between: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Centered kernel alignment with linear kernels (Kornblith, Norouzi, Lee and Hinton, 2019), from the unbiased HSIC.

    between: (s,) HSIC of two embeddings' centered features of the same texts; first, second: that of each with itself.
    1: the same similarities but for a scale and rotation; about 0, also a little below: none in common. NaN where all
    rows of one are the same.
    """
    known = (first > 0) & (second > 0)
    return np.where(known, between / np.sqrt(np.where(known, first * second, 1)), np.nan)


def sampled_rows(texts: np.ndarray, most: int = CKA_ROWS, seed: int = 0) -> np.ndarray:
    """Row ids, sorted: the first row of each text, a seeded sample of at most so many. texts: (n,) codes."""
    first = np.sort(np.unique(texts, return_index=True)[1])
    if len(first) <= most:
        return first
    return np.sort(np.random.default_rng(seed).choice(first, most, replace=False))


def sampled_pairs(rows: np.ndarray, most: int = RSA_PAIRS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different row ids: all of them where there are no more than `most`, else so many drawn with a seed."""
    count = len(rows)
    if count * (count - 1) // 2 <= most:
        left, right = np.triu_indices(count, k=1)
        return rows[left], rows[right]
    generator = np.random.default_rng(seed)
    left, right = generator.integers(count, size=most), generator.integers(count - 1, size=most)
    return rows[left], rows[right + (right >= left)]


def pair_cosines(rows: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(m,) float32 cosines of pairs of unit rows."""
    made = np.empty(len(left), np.float32)
    for start in range(0, len(left), BLOCK):
        part = slice(start, start + BLOCK)
        made[part] = np.einsum("ij,ij->i", rows[left[part]], rows[right[part]])
    return made


def rsa(first: np.ndarray, second: np.ndarray, keep: np.ndarray | None = None) -> np.ndarray:
    """(1 + s,) float64: representational similarity analysis (Kriegeskorte, Mur and Bandettini, 2008), then the same
    over the pairs that each column of `keep` (m, s) keeps.

    It is Spearman's rank correlation of the cosines (m,) that two embeddings give the same pairs. 1: the same order.
    NaN where all cosines are the same.
    """
    spearman = WeightedSpearman(first, second)
    columns = [np.ones(len(first)), *(keep.T.astype(np.float64) if keep is not None else ())]
    return np.array([spearman(weights) for weights in columns])


def alike_order(values: np.ndarray) -> list[int]:
    """The places of a symmetric table (s, s) of likeness, at most 1, so that what is alike stands together: leaves of
    average linkage in the optimal order (Bar-Joseph, Gifford and Jaakkola, 2001; scipy)."""
    if len(values) < 3:
        return list(range(len(values)))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distances = np.maximum(1 - np.nan_to_num((values + values.T) / 2), 0)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average", optimal_ordering=True)
    return [int(place) for place in leaves_list(tree)]
