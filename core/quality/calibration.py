"""What a cosine means in one space: how many of all pairs reach it."""

from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.quality.pairs import (
    Pairs,
    among,
    listed_pairs,
    neighbor_codes,
    pair_codes,
    pair_cosines,
    random_pairs,
)
from core.quality.space import Space

PAIRS = 30_000  # random ones
NEAR_PAIRS = 30_000  # of those in a top-10 list
K = 10
LEVELS = 240


@dataclass(frozen=True, eq=False)
class Scale:
    """The distribution of all pairs' cosines. shares: (s,) of pairs at or above `cosines` (s,), falling as cosines
    rise; near, random: pairs looked at, all of those in a top-10 list and some of the others; total: all there are."""

    cosines: np.ndarray
    shares: np.ndarray
    near: int
    random: int
    total: int
    seed: int

    def above(self, cosine: float) -> float:
        """Share of all pairs at or above a cosine, in [0, 1]."""
        if cosine > self.cosines[-1]:
            return 0.0
        return float(np.exp(np.interp(cosine, self.cosines, np.log(self.shares), left=0.0)))

    def cosine(self, share: float) -> float:
        """The cosine that this share of all pairs reaches; the highest found where even fewer are asked for."""
        level = np.log(max(share, 1e-300))
        return float(np.interp(level, np.log(self.shares[::-1]), self.cosines[::-1]))


def weighted_pairs(space: Space, seed: int = 0) -> tuple[Pairs, np.ndarray]:
    """Pairs of texts that stand for all pairs: places, and (p,) weights that add up to the number of all pairs.

    Pairs in a top-10 list are drawn by themselves (stratified sampling), so that the few nearest are not missed.
    """
    m = len(space)
    total = m * (m - 1) // 2
    near = neighbor_codes(space.ids, K)
    drawn = draw(near, NEAR_PAIRS, seed)
    left, right = random_pairs(m, PAIRS, seed)
    other = ~among(pair_codes(left, right, m), near)
    pairs = (np.concatenate([drawn // m, left[other]]), np.concatenate([drawn % m, right[other]]))
    rest, others = total - len(near), int(other.sum())
    weights = np.repeat([len(near) / max(len(drawn), 1), rest / max(others, 1)], [len(drawn), others])
    return pairs, weights


def measure_scale(space: Space, seed: int = 0) -> Scale:
    """The distribution of cosines over all pairs of distinct texts. Raises InputError for fewer than three."""
    if len(space) < 3:
        raise InputError(f"There are {len(space)} different texts; pairs need at least three.", "Bring in more rows.")
    m = len(space)
    near, at = listed_pairs(space.ids, K)
    near_cosines = np.asarray(space.cosines[:, :K], np.float64).ravel()[at].clip(-1, 1)
    left, right = random_pairs(m, PAIRS, seed)
    other = ~among(pair_codes(left, right, m), near)
    far_cosines = pair_cosines(space.vectors, space.first[left[other]], space.first[right[other]])
    cosines, total = np.concatenate([near_cosines, far_cosines]), m * (m - 1) // 2
    weights = np.ones(len(cosines))
    weights[len(near) :] = (total - len(near)) / max(len(far_cosines), 1)
    order = np.argsort(-cosines, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()  # share at or above each cosine
    levels = np.unique(np.concatenate([np.geomspace(reached[0], 1, LEVELS), np.linspace(0.02, 1, LEVELS // 4)]))
    knot = np.unique(np.minimum(np.searchsorted(reached, levels), len(order) - 1))
    knots, last = np.unique(cosines[order][knot][::-1], return_index=True)
    shares = np.maximum(reached[knot][::-1][last], 1e-15)
    return Scale(knots, shares, len(near), len(far_cosines), total, seed)


def draw(values: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Rising values, at most so many of them, drawn without replacement."""
    if len(values) <= most:
        return values
    return np.sort(np.random.default_rng(seed).choice(values, most, replace=False))
