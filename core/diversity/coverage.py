"""Few rows that stand for many: farthest-first selection, facility location, and how well a choice covers the rest."""

import heapq
from dataclasses import dataclass

import numpy as np

BLOCK = 8_192
SAME = 1e-6  # differences of cosines below this are rounding


@dataclass(frozen=True, eq=False)
class Covered:
    """How rows are covered by k chosen ones. share: within the wanted cosine of a chosen row, in [0, 1], higher is
    better. gap: cosine distance of the worst covered row, lower is better. mean: mean cosine to the nearest chosen row.
    served: (k,) rows for which each chosen one is the nearest, itself included if it is among them."""

    share: float
    gap: float
    mean: float
    served: np.ndarray


def farthest_first(rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """(k,) int64 places in order of choice, and (k,) float32 cosine distance of the worst covered row after each.

    k-center greedy (Gonzalez 1985), at most twice the best possible gap: starts at the row nearest to the mean, then
    always takes the row farthest from all chosen so far, the first of equals. Ends early when every row is a copy of a
    chosen one.
    """
    n, chosen, gaps = len(rows), [], []
    nearest = np.full(n, -np.inf, np.float32)
    place = int(np.argmax(rows @ rows.mean(axis=0))) if n else 0
    for _ in range(min(k, n)):
        chosen.append(place)
        np.maximum(nearest, rows @ rows[place], out=nearest)
        place = int(np.argmin(nearest))
        gaps.append(max(0.0, 1 - float(nearest[place])))
        if gaps[-1] < SAME:
            break
    return np.array(chosen, np.int64), np.array(gaps, np.float32)


def facility_location(rows: np.ndarray, k: int) -> np.ndarray:
    """(k,) places in order of choice that make the sum over all rows of the cosine (0 at least) to the nearest chosen
    one large: greedy, so at least 63% of the best possible (Nemhauser, Wolsey and Fisher 1978).

    Lazy (Minoux 1978): gains only fall, so a row is measured again only when it heads the queue. Ends early when every
    row is a copy of a chosen one. Holds (n, n) float32.
    """
    n = len(rows)
    near = np.maximum(rows @ rows.T, 0)
    best = np.zeros(n, np.float32)
    queue = [(-float(gain), place) for place, gain in enumerate(near.sum(axis=1, dtype=np.float64))]
    heapq.heapify(queue)
    chosen: list[int] = []
    while queue and len(chosen) < min(k, n):
        _, place = heapq.heappop(queue)
        gain = float(np.maximum(near[place] - best, 0).sum(dtype=np.float64))
        if queue and -gain > queue[0][0]:
            heapq.heappush(queue, (-gain, place))
            continue
        if gain <= SAME * n:
            break
        chosen.append(place)
        np.maximum(best, near[place], out=best)
    return np.array(chosen, np.int64)


def covered(rows: np.ndarray, centers: np.ndarray, cosine: float) -> Covered:
    """How well the chosen rows (k, d) cover all rows (n, d), within a cosine."""
    within, worst, total, served = 0, 1.0, 0.0, np.zeros(len(centers), np.int64)
    for start in range(0, len(rows), BLOCK):
        near = rows[start : start + BLOCK] @ centers.T
        best = near.max(axis=1)
        within += int((best >= cosine).sum())
        worst, total = min(worst, float(best.min())), total + float(best.sum(dtype=np.float64))
        served += np.bincount(near.argmax(axis=1), minlength=len(centers))
    return Covered(within / len(rows), max(0.0, 1 - worst), total / len(rows), served)


def coverage_curve(rows: np.ndarray, centers: np.ndarray, cosine: float) -> tuple[np.ndarray, np.ndarray]:
    """(k,) float64 each: the share of rows (n, d) within a cosine of any of the first 1 .. k chosen rows (k, d), which
    never falls, and the cosine distance of the worst covered row, which never rises."""
    within, worst = np.zeros(len(centers), np.int64), np.ones(len(centers), np.float32)
    for start in range(0, len(rows), BLOCK):
        best = np.maximum.accumulate(rows[start : start + BLOCK] @ centers.T, axis=1)
        within += (best >= cosine).sum(axis=0)
        np.minimum(worst, best.min(axis=0), out=worst)
    return within / max(len(rows), 1), np.maximum(1 - worst.astype(np.float64), 0)
