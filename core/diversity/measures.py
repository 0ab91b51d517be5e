"""Measures of diversity: the Vendi score, and the mean distance of all pairs without enumerating them."""

from dataclasses import dataclass

import numpy as np

BLOCK = 65_536
MAX_EXACT_ROWS = 100_000  # rows whose Vendi score is computed without sampling


@dataclass(frozen=True)
class SampledScore:
    """A score over `draws` samples of `size` rows each, of `total`: mean and standard deviation of the draws."""

    mean: float
    deviation: float
    size: int
    total: int
    draws: int


def vendi_score(rows: np.ndarray) -> float:
    """The effective number of different rows (Friedman and Dieng 2023, TMLR), between 1 and min(n, d); 0 for no rows.

    rows: (n, d) unit rows; the kernel is their cosine. exp of the Shannon entropy of the eigenvalues of the kernel
    divided by n, computed from the smaller of (n, n) and (d, d), whose non-zero eigenvalues are the same.
    """
    if not len(rows):
        return 0.0
    n, d = rows.shape
    wide = np.asarray(rows, dtype=np.float64) if n <= d else None
    gram = wide @ wide.T if wide is not None else _second_moment(rows)
    values = np.linalg.eigvalsh(gram / np.trace(gram))
    positive = values[values > 1e-12]
    return float(np.exp(-np.sum(positive * np.log(positive))))


def sampled_vendi(rows: np.ndarray, size: int, draws: int = 10, seed: int = 0) -> SampledScore:
    """The Vendi score of samples of `size` rows drawn without replacement; it grows with the size, so compare only
    equal ones. Where size reaches n there is one sample, all rows."""
    n = len(rows)
    if size >= n:
        return SampledScore(vendi_score(rows), 0.0, n, n, 1)
    random = np.random.default_rng(seed)
    scores = [vendi_score(rows[np.sort(random.choice(n, size, replace=False))]) for _ in range(draws)]
    return SampledScore(float(np.mean(scores)), float(np.std(scores, ddof=1)) if draws > 1 else 0.0, size, n, draws)


def mean_pair_distance(rows: np.ndarray) -> float:
    """The mean cosine distance (1 - cosine, in [0, 2], higher is more diverse) over all pairs of different rows; NaN
    for fewer than two.

    Exact without pairs: the squared length of the sum of unit rows is the sum of the cosines of all ordered pairs.
    """
    n = len(rows)
    if n < 2:
        return float("nan")
    total, squared = np.zeros(rows.shape[1]), 0.0
    for start in range(0, n, BLOCK):
        block = np.asarray(rows[start : start + BLOCK], dtype=np.float64)
        total += block.sum(axis=0)
        squared += float(np.einsum("ij,ij->", block, block))
    return float(1 - (total @ total - squared) / (n * (n - 1)))


def _second_moment(rows: np.ndarray) -> np.ndarray:
    """(d, d) float64 sum of outer products, block by block, so that memory-mapped rows need not fit."""
    gram = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), BLOCK):
        block = np.asarray(rows[start : start + BLOCK], dtype=np.float32)
        gram += (block.T @ block).astype(np.float64)
    return gram
