"""Calibration: the distribution of all pairs' cosines in one space, so that a cosine has a percentile."""

from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.quality.distinct_texts import Space
from core.quality.pairs import (
    Pairs,
    is_in,
    neighbor_pairs,
    pair_codes,
    pair_cosines,
    random_pairs,
)

PAIRS = 30_000  # random ones
NEAR_PAIRS = 30_000  # of those in lists
K = 10
MAX_LIST_ENTRIES = 3_000_000  # neighbor pairs, of which the first ten of each text always count
LEVELS = 240


@dataclass(frozen=True, eq=False)
class CosineDistribution:
    """shares: (s,) of pairs at or above `cosines` (s,), falling as cosines
    rise; near, random: pairs analyzed, all of those in a list of `depth` neighbors and a sample of the others; total:
    number of pairs."""

    cosines: np.ndarray
    shares: np.ndarray
    near: int
    depth: int
    random: int
    total: int
    seed: int

    def above(self, cosine: float) -> float:
        """Share of all pairs at or above a cosine, in [0, 1]."""
        if cosine > self.cosines[-1]:
            return 0.0
        return float(np.exp(np.interp(cosine, self.cosines, np.log(self.shares), left=0.0)))

    def cosine(self, share: float) -> float:
        """The cosine that this share of all pairs reaches; the highest observed for even smaller shares."""
        level = np.log(max(share, 1e-300))
        return float(np.interp(level, np.log(self.shares[::-1]), self.cosines[::-1]))


def list_depth(space: Space) -> int:
    """How many of each text's stored neighbors form pairs that are all analyzed: ten, more of few texts."""
    return min(space.ids.shape[1], max(K, MAX_LIST_ENTRIES // max(len(space), 1)))


def pairs_above(space: Space, cosine: float, seed: int = 0) -> tuple[Pairs, np.ndarray]:
    """Pairs of texts at or above a cosine: text numbers, and (p,) weights that scale them to all such pairs.

    Stratified by whether a pair is in a neighbor list, so that the few nearest are not missed.
    """
    m, (near, cosines) = len(space), _neighbor_pairs(space)
    over = near[cosines >= cosine]
    drawn = sample_sorted(over, NEAR_PAIRS, seed)
    left, right, others = _other_pairs(space, near, seed)
    far = pair_cosines(space.vectors, space.first[left], space.first[right]) >= cosine
    pairs = (np.concatenate([drawn // m, left[far]]), np.concatenate([drawn % m, right[far]]))
    counts = [len(drawn), int(far.sum())]
    return pairs, np.repeat([len(over) / max(len(drawn), 1), others], counts)


def _neighbor_pairs(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """Rising codes of the pairs in lists, and their cosines, float64."""
    depth = list_depth(space)
    near, at = neighbor_pairs(space.ids, depth)
    return near, np.asarray(space.cosines[:, :depth]).ravel()[at].astype(np.float64).clip(-1, 1)


def _other_pairs(space: Space, near: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Random pairs that are in no list, and how many such pairs each represents."""
    m = len(space)
    left, right = random_pairs(m, PAIRS, seed)
    other = ~is_in(pair_codes(left, right, m), near)
    return left[other], right[other], (m * (m - 1) // 2 - len(near)) / max(int(other.sum()), 1)


def measure_cosines(space: Space, seed: int = 0) -> CosineDistribution:
    """The distribution of cosines over all pairs of distinct texts. Raises InputError for fewer than three."""
    if len(space) < 3:
        raise InputError(f"There are {len(space)} different texts; pairs need at least three.", "Add more rows.")
    near, near_cosines = _neighbor_pairs(space)
    left, right, others = _other_pairs(space, near, seed)
    far_cosines = pair_cosines(space.vectors, space.first[left], space.first[right])
    cosines, total = np.concatenate([near_cosines, far_cosines]), len(space) * (len(space) - 1) // 2
    weights = np.repeat([1.0, others], [len(near), len(far_cosines)])
    order = np.argsort(-cosines, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()  # share at or above each cosine
    levels = np.unique(np.concatenate([np.geomspace(reached[0], 1, LEVELS), np.linspace(0.02, 1, LEVELS // 4)]))
    knot = np.unique(np.minimum(np.searchsorted(reached, levels), len(order) - 1))
    knots, last = np.unique(cosines[order][knot][::-1], return_index=True)
    shares = np.maximum(reached[knot][::-1][last], 1e-15)
    return CosineDistribution(knots, shares, len(near), list_depth(space), len(far_cosines), total, seed)


def sample_sorted(values: np.ndarray, max_values: int, seed: int) -> np.ndarray:
    """At most so many of rising values, sampled without replacement."""
    if len(values) <= max_values:
        return values
    return np.sort(np.random.default_rng(seed).choice(values, max_values, replace=False))
