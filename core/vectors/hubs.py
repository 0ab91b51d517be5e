"""Hubs: rows among the nearest neighbors of very many others (Radovanovic, Nanopoulos and Ivanovic 2010, JMLR 11)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

HUB = 2.0  # standard deviations above the mean, as in the paper


@dataclass(frozen=True, eq=False)
class Hubs:
    """counts: (n,) int64, how many rows have this one among their k nearest; their mean is k exactly.

    skewness: third standardized moment of the counts, 0 symmetric, above 1 hubs. chance: that of the same graph wired
    at random. antihub_share: share of rows with count 0; antihub_chance: the same at random. threshold: counts above
    it make a hub. robin_hood: the Robin Hood (Hoover) index, the share of counts that would have to be redistributed
    for all rows to have k, in [0, 1].
    """

    counts: np.ndarray
    k: int
    skewness: float
    chance: float
    antihub_share: float
    antihub_chance: float
    threshold: float
    robin_hood: float


def find_hubs(ids: np.ndarray, k: int) -> Hubs:
    """k-occurrence from the graph's ids (n, m), nearest first; k is at most m."""
    n, k = len(ids), min(k, ids.shape[1])
    counts = np.bincount(np.asarray(ids[:, :k]).ravel(), minlength=n)
    off = counts - k
    deviation = float(np.sqrt(np.mean(np.square(off, dtype=np.float64)))) if n else 0.0
    skewness = float(np.mean(np.power(off / deviation, 3))) if deviation else 0.0
    share = k / (n - 1) if n > 1 else 0.0  # at random each other row names this one with this probability
    spread = np.sqrt((n - 1) * share * (1 - share))
    chance = float((1 - 2 * share) / spread) if spread > 0 else 0.0
    antihub_share = float(np.mean(counts == 0)) if n else 0.0
    antihub_chance = float((1 - share) ** (n - 1)) if n > 1 else 0.0
    robin_hood = float(np.abs(off).sum() / (2 * max(n * k, 1)))
    return Hubs(counts, k, skewness, chance, antihub_share, antihub_chance, k + HUB * deviation, robin_hood)


def occurrence_bins(counts: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names and rows of bins of counts that double in width: "0", "1", "2-3", "4-7" and so on."""
    highest = int(counts.max()) if len(counts) else 0
    edges = [0, 1] + [2**power for power in range(1, highest.bit_length() + 1)]
    rows = np.histogram(counts, [*edges])[0] if highest else np.array([len(counts)])
    names = [str(low) if high - low == 1 else f"{low:,}-{high - 1:,}" for low, high in pairwise(edges)]
    return names[: len(rows)], rows
