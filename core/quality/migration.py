"""Migration: what changes when model B replaces model A, in top-10 lists and in pairs over a threshold."""

from dataclasses import dataclass

import numpy as np

from core.quality.calibration import CosineDistribution, pairs_above
from core.quality.distinct_texts import Space
from core.quality.pairs import pair_cosines
from core.stats.interval import Interval
from core.stats.resampling import bootstrap_mean

K = 10
BLOCK = 16_384
ROUNDING = 1e-6  # of float32 cosines


@dataclass(frozen=True, eq=False)
class ListComparison:
    """Top-k lists of all texts under A and B. counts: (k + 1,) texts by how many of A's k are in B's list.

    overlap: mean overlap@k; changed: share of texts whose list changes; half: whose list loses more than half; first:
    whose top hit changes; chance: overlap@k of random lists.
    """

    k: int
    counts: np.ndarray
    overlap: Interval[float]
    changed: Interval[float]
    half: Interval[float]
    first: Interval[float]
    chance: float
    texts: int
    seed: int


@dataclass(frozen=True)
class ThresholdMapping:
    """share: of all pairs at or above `before` in A; after: the cosine in B that as many pairs reach. same_pairs: of
    A's pairs over its threshold, the weighted share over B's; pairs: how many of A's were analyzed."""

    before: float
    after: float
    share: float
    same_pairs: float
    pairs: int


def compare_lists(one: Space, other: Space, seed: int = 0) -> ListComparison:
    """Two spaces of the same texts. Intervals: bootstrap over texts."""
    k = min(K, len(one) - 1, one.ids.shape[1], other.ids.shape[1])
    shared = overlap_counts(one.ids[:, :k], other.ids[:, :k])
    shares = (shared / k, shared < k, 2 * shared < k, one.ids[:, 0] != other.ids[:, 0])
    overlap, changed, half, first = (bootstrap_mean(share, seed, proportion=True) for share in shares)
    counts, chance = np.bincount(shared, minlength=k + 1), k / max(len(one) - 1, 1)
    return ListComparison(k, counts, overlap, changed, half, first, chance, len(one), seed)


def overlap_counts(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(m,) how many of a row of ids (m, k) are in the same row of the other; -1 is no id."""
    counts = np.empty(len(one), np.int64)
    for start in range(0, len(one), BLOCK):
        part = slice(start, start + BLOCK)
        left, right = np.asarray(one[part]), np.asarray(other[part])
        counts[part] = ((left[:, :, None] == right[:, None, :]) & (left >= 0)[:, :, None]).any(axis=2).sum(axis=1)
    return counts


def map_threshold(
    cosine: float, one: Space, other: Space, scales: tuple[CosineDistribution, CosineDistribution], seed: int = 0
) -> ThresholdMapping:
    """The threshold in the other space that as many pairs reach as `cosine` in the first (quantile matching)."""
    share = scales[0].above(cosine)
    after = scales[1].cosine(share) if share > 0 else float("nan")
    pairs, weights = pairs_above(one, cosine, seed)
    if not len(weights) or not share > 0:
        return ThresholdMapping(cosine, after, share, float("nan"), 0)
    now = pair_cosines(other.vectors, other.first[pairs[0]], other.first[pairs[1]])
    return ThresholdMapping(cosine, after, share, float(np.average(now >= after - ROUNDING, weights=weights)), len(now))
