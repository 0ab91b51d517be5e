"""What changes for its users when one contender takes another's place: lists, and pairs over a threshold."""

from dataclasses import dataclass

import numpy as np

from core.quality.calibration import Scale, pairs_over
from core.quality.distinct_texts import Space
from core.quality.pairs import pair_cosines
from core.stats.interval import Interval
from core.stats.resampling import bootstrap_mean

K = 10
BLOCK = 16_384
ROUNDING = 1e-6  # of float32 cosines


@dataclass(frozen=True, eq=False)
class Lists:
    """Top-k lists of all texts under two contenders. counts: (k + 1,) texts by how many of A's k are in B's list.

    overlap: mean share kept; changed: share of texts that lose any; half: that lose more than half; first: whose
    nearest text is another; chance: the share that lists drawn at random would keep.
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
class Threshold:
    """A threshold moved from A to B. share: of all pairs at or above `before` in A; `after`: the cosine in B that as
    many pairs reach. kept: of A's pairs over its threshold, the share over B's, by weight; pairs: how many of A's
    were looked at."""

    before: float
    after: float
    share: float
    kept: float
    pairs: int


def compare_lists(one: Space, other: Space, seed: int = 0) -> Lists:
    """Two spaces of the same texts. Intervals: bootstrap over texts."""
    k = min(K, len(one) - 1, one.ids.shape[1], other.ids.shape[1])
    kept = kept_counts(one.ids[:, :k], other.ids[:, :k])
    first = one.ids[:, 0] != other.ids[:, 0]
    return Lists(
        k,
        np.bincount(kept, minlength=k + 1),
        bootstrap_mean(kept / k, seed, proportion=True),
        bootstrap_mean(kept < k, seed, proportion=True),
        bootstrap_mean(2 * kept < k, seed, proportion=True),
        bootstrap_mean(first, seed, proportion=True),
        k / max(len(one) - 1, 1),
        len(one),
        seed,
    )


def kept_counts(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(m,) how many of a row of ids (m, k) are in the same row of the other; -1 is no id."""
    made = np.empty(len(one), np.int64)
    for start in range(0, len(one), BLOCK):
        part = slice(start, start + BLOCK)
        left, right = np.asarray(one[part]), np.asarray(other[part])
        made[part] = ((left[:, :, None] == right[:, None, :]) & (left >= 0)[:, :, None]).any(axis=2).sum(axis=1)
    return made


def move_threshold(cosine: float, one: Space, other: Space, scales: tuple[Scale, Scale], seed: int = 0) -> Threshold:
    """The threshold in the other space that as many pairs reach as `cosine` in the first (quantile matching)."""
    share = scales[0].above(cosine)
    after = scales[1].cosine(share) if share > 0 else float("nan")
    pairs, weights = pairs_over(one, cosine, seed)
    if not len(weights) or not share > 0:
        return Threshold(cosine, after, share, float("nan"), 0)
    now = pair_cosines(other.vectors, other.first[pairs[0]], other.first[pairs[1]])
    return Threshold(cosine, after, share, float(np.average(now >= after - ROUNDING, weights=weights)), len(now))
