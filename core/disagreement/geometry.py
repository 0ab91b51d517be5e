"""How alike two embeddings of the same texts are as a whole: debiased linear CKA and RSA; and an order by likeness."""

import numpy as np

CKA_ROWS = 20_000
RSA_PAIRS = 50_000
BLOCK = 2_000  # rows or pairs gathered at once


def hsic(first: np.ndarray, second: np.ndarray) -> float:
    """The unbiased estimate of HSIC with linear kernels of features (n, d) and (n, e); n of at least 4.

    HSIC_1 of Song, Smola, Gretton, Bedo and Borgwardt (2012, equation 5), in which the kernels' diagonals are set to 0,
    worked out in the space of the features, so that no n x n matrix is made. The features should be centered: that
    leaves the value as it is, and keeps its precision.
    """
    n = len(first)
    norms = [np.einsum("ij,ij->i", each, each, dtype=np.float64) for each in (first, second)]
    sums = [each @ each.sum(axis=0, dtype=np.float64) - norm for each, norm in zip((first, second), norms, strict=True)]
    traces = np.square(_cross(first, second)).sum() - norms[0] @ norms[1]
    product = sums[0].sum() * sums[1].sum() / ((n - 1) * (n - 2)) - 2 * (sums[0] @ sums[1]) / (n - 2)
    return float((traces + product) / (n * (n - 3)))


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


def cka(first: np.ndarray, second: np.ndarray, own: tuple[float, float] | None = None) -> float:
    """Centered kernel alignment with linear kernels (Kornblith, Norouzi, Lee and Hinton, 2019), from the unbiased HSIC.

    first, second: (n, d) and (n, e) centered features of the same texts. 1: the same similarities but for a scale and
    rotation; about 0, also a little below: none in common. NaN with fewer than 4 rows, or where all rows are the same.
    own: the HSIC of each with itself, where it is known.
    """
    if len(first) < 4:
        return float("nan")
    one, other = own or (hsic(first, first), hsic(second, second))
    return hsic(first, second) / float(np.sqrt(one * other)) if one > 0 and other > 0 else float("nan")


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


def rsa(first: np.ndarray, second: np.ndarray) -> float:
    """Representational similarity analysis (Kriegeskorte, Mur and Bandettini, 2008): Spearman's rank correlation of the
    cosines (m,) that two embeddings give the same pairs. 1: the same order. NaN where all cosines are the same."""
    from scipy.stats import spearmanr

    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(spearmanr(first, second).statistic)


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
