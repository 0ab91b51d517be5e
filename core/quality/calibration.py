"""What a cosine means in one space: how many of all pairs reach it."""

from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.quality.distinct_texts import Space
from core.quality.pairs import (
    Pairs,
    among,
    listed_pairs,
    pair_codes,
    pair_cosines,
    random_pairs,
)

PAIRS = 30_000  # random ones
NEAR_PAIRS = 30_000  # of those in lists
K = 10
LISTED = 3_000_000  # places in lists, of which the first ten of each always count
LEVELS = 240


@dataclass(frozen=True, eq=False)
class Scale:
    """The distribution of all pairs' cosines. shares: (s,) of pairs at or above `cosines` (s,), falling as cosines
    rise; near, random: pairs looked at, all of those in a list of `depth` neighbors and some of the others; total: all
    there are."""

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
        """The cosine that this share of all pairs reaches; the highest found where even fewer are asked for."""
        level = np.log(max(share, 1e-300))
        return float(np.interp(level, np.log(self.shares[::-1]), self.cosines[::-1]))


def depth_of(space: Space) -> int:
    """How many of each text's kept neighbors make pairs that are all looked at: the first ten, more of few texts."""
    return min(space.ids.shape[1], max(K, LISTED // max(len(space), 1)))


def pairs_over(space: Space, cosine: float, seed: int = 0) -> tuple[Pairs, np.ndarray]:
    """Pairs of texts at or above a cosine: places, and (p,) weights that stand for all such pairs.

    Those in lists are told from the others (stratified sampling), so that the few nearest are not missed.
    """
    m, (near, cosines) = len(space), _listed(space)
    over = near[cosines >= cosine]
    drawn = draw(over, NEAR_PAIRS, seed)
    left, right, others = _unlisted(space, near, seed)
    far = pair_cosines(space.vectors, space.first[left], space.first[right]) >= cosine
    pairs = (np.concatenate([drawn // m, left[far]]), np.concatenate([drawn % m, right[far]]))
    counts = [len(drawn), int(far.sum())]
    return pairs, np.repeat([len(over) / max(len(drawn), 1), others], counts)


def _listed(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """Rising codes of the pairs in lists, and their cosines, float64."""
    depth = depth_of(space)
    near, at = listed_pairs(space.ids, depth)
    return near, np.asarray(space.cosines[:, :depth]).ravel()[at].astype(np.float64).clip(-1, 1)


def _unlisted(space: Space, near: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Places of random pairs that are in no list, and how many such pairs each stands for."""
    m = len(space)
    left, right = random_pairs(m, PAIRS, seed)
    other = ~among(pair_codes(left, right, m), near)
    return left[other], right[other], (m * (m - 1) // 2 - len(near)) / max(int(other.sum()), 1)


def measure_scale(space: Space, seed: int = 0) -> Scale:
    """The distribution of cosines over all pairs of distinct texts. Raises InputError for fewer than three."""
    if len(space) < 3:
        raise InputError(f"There are {len(space)} different texts; pairs need at least three.", "Bring in more rows.")
    near, near_cosines = _listed(space)
    left, right, others = _unlisted(space, near, seed)
    far_cosines = pair_cosines(space.vectors, space.first[left], space.first[right])
    cosines, total = np.concatenate([near_cosines, far_cosines]), len(space) * (len(space) - 1) // 2
    weights = np.repeat([1.0, others], [len(near), len(far_cosines)])
    order = np.argsort(-cosines, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()  # share at or above each cosine
    levels = np.unique(np.concatenate([np.geomspace(reached[0], 1, LEVELS), np.linspace(0.02, 1, LEVELS // 4)]))
    knot = np.unique(np.minimum(np.searchsorted(reached, levels), len(order) - 1))
    knots, last = np.unique(cosines[order][knot][::-1], return_index=True)
    shares = np.maximum(reached[knot][::-1][last], 1e-15)
    return Scale(knots, shares, len(near), depth_of(space), len(far_cosines), total, seed)


def draw(values: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Rising values, at most so many of them, drawn without replacement."""
    if len(values) <= most:
        return values
    return np.sort(np.random.default_rng(seed).choice(values, most, replace=False))
