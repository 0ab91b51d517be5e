"""Coresets: few rows that represent the rest, by k-center and facility location, and how well they cover it."""

import heapq
from dataclasses import dataclass

import numpy as np

BLOCK = 8_192
ROUNDING = 1e-6  # smaller differences of cosines are rounding


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
    for start in range(0, len(rows), BLOCK):
        cosines = rows[start : start + BLOCK] @ centers.T
        nearest = cosines.max(axis=1)
        within += int((nearest >= cosine).sum())
        lowest, total = min(lowest, float(nearest.min())), total + float(nearest.sum(dtype=np.float64))
        represents += np.bincount(cosines.argmax(axis=1), minlength=len(centers))
    return Coverage(within / len(rows), max(0.0, 1 - lowest), total / len(rows), represents)


def coverage_curve(rows: np.ndarray, centers: np.ndarray, cosine: float) -> tuple[np.ndarray, np.ndarray]:
    """(k,) float64 share of rows (n, d) within a cosine of any of the first 1 .. k selected rows (k, d), which never
    falls, and (k,) float64 cosine distance of the farthest row, which never rises."""
    within, lowest = np.zeros(len(centers), np.int64), np.ones(len(centers), np.float32)
    for start in range(0, len(rows), BLOCK):
        nearest = np.maximum.accumulate(rows[start : start + BLOCK] @ centers.T, axis=1)
        within += (nearest >= cosine).sum(axis=0)
        np.minimum(lowest, nearest.min(axis=0), out=lowest)
    return within / max(len(rows), 1), np.maximum(1 - lowest.astype(np.float64), 0)
