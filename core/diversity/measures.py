"""Measures of diversity: the Vendi score, the mean distance of all pairs, and coresets that represent the rest."""

import heapq
from dataclasses import dataclass

import numpy as np

BLOCK = 65_536
CORESET_BLOCK = 8_192
ROUNDING = 1e-6  # smaller differences of cosines are rounding
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


@dataclass(frozen=True, eq=False)
class Coverage:
    """How k selected rows cover all rows. share: within a cosine of a selected row, in [0, 1], higher is better.
    max_distance: cosine distance of the row farthest from all selected, lower is better. mean_cosine: to the nearest
    selected row. represents: (k,) rows for which a selected one is the nearest, itself included if it is among them."""

    share: float
    max_distance: float
    mean_cosine: float
    represents: np.ndarray


def farthest_first(rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """(k,) int64 rows in order of selection, and (k,) float32 cosine distance of the farthest row after each.

    k-center greedy (Gonzalez 1985), at most twice the smallest possible distance: starts at the row nearest to the
    mean, then always takes the row farthest from all selected so far, the first of equals. Ends early when every row is
    a copy of a selected one.
    """
    n, selected, distances = len(rows), [], []
    nearest = np.full(n, -np.inf, np.float32)
    row = int(np.argmax(rows @ rows.mean(axis=0))) if n else 0
    for _ in range(min(k, n)):
        selected.append(row)
        np.maximum(nearest, rows @ rows[row], out=nearest)
        row = int(np.argmin(nearest))
        distances.append(max(0.0, 1 - float(nearest[row])))
        if distances[-1] < ROUNDING:
            break
    return np.array(selected, np.int64), np.array(distances, np.float32)


def facility_location(rows: np.ndarray, k: int) -> np.ndarray:
    """(k,) rows in order of selection that make the sum over all rows of the cosine (0 at least) to the nearest
    selected one large: greedy, so at least 63% of the best possible (Nemhauser, Wolsey and Fisher 1978).

    Lazy (Minoux 1978): gains only fall, so a row is measured again only when it heads the queue. Ends early when every
    row is a copy of a selected one. Holds (n, n) float32.
    """
    n = len(rows)
    cosines = np.maximum(rows @ rows.T, 0)
    nearest = np.zeros(n, np.float32)
    queue = [(-float(gain), row) for row, gain in enumerate(cosines.sum(axis=1, dtype=np.float64))]
    heapq.heapify(queue)
    selected: list[int] = []
    while queue and len(selected) < min(k, n):
        _, row = heapq.heappop(queue)
        gain = float(np.maximum(cosines[row] - nearest, 0).sum(dtype=np.float64))
        if queue and -gain > queue[0][0]:
            heapq.heappush(queue, (-gain, row))
            continue
        if gain <= ROUNDING * n:
            break
        selected.append(row)
        np.maximum(nearest, cosines[row], out=nearest)
    return np.array(selected, np.int64)


def coverage(rows: np.ndarray, centers: np.ndarray, cosine: float) -> Coverage:
    """How well the selected rows (k, d) cover all rows (n, d), within a cosine."""
    within, lowest, total, represents = 0, 1.0, 0.0, np.zeros(len(centers), np.int64)
    for start in range(0, len(rows), CORESET_BLOCK):
        cosines = rows[start : start + CORESET_BLOCK] @ centers.T
        nearest = cosines.max(axis=1)
        within += int((nearest >= cosine).sum())
        lowest, total = min(lowest, float(nearest.min())), total + float(nearest.sum(dtype=np.float64))
        represents += np.bincount(cosines.argmax(axis=1), minlength=len(centers))
    return Coverage(within / len(rows), max(0.0, 1 - lowest), total / len(rows), represents)


def coverage_curve(rows: np.ndarray, centers: np.ndarray, cosine: float) -> tuple[np.ndarray, np.ndarray]:
    """(k,) float64 share of rows (n, d) within a cosine of any of the first 1 .. k selected rows (k, d), which never
    falls, and (k,) float64 cosine distance of the farthest row, which never rises."""
    within, lowest = np.zeros(len(centers), np.int64), np.ones(len(centers), np.float32)
    for start in range(0, len(rows), CORESET_BLOCK):
        nearest = np.maximum.accumulate(rows[start : start + CORESET_BLOCK] @ centers.T, axis=1)
        within += (nearest >= cosine).sum(axis=0)
        np.minimum(lowest, nearest.min(axis=0), out=lowest)
    return within / max(len(rows), 1), np.maximum(1 - lowest.astype(np.float64), 0)
