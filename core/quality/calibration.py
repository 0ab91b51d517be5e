"""Calibration of one space: the percentile of a cosine among all pairs, and P(same label) at a cosine, by isotonic
regression on weighted pairs."""

from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.quality.distinct_texts import Space
from core.quality.pairs import (
    Pairs,
    is_in,
    label_pairs,
    neighbor_codes,
    neighbor_pairs,
    pair_codes,
    pair_cosines,
    random_pairs,
    same_label_pairs,
)
from core.stats.interval import Interval
from core.stats.resampling import draw_counts, percentile_interval

PAIRS = 30_000  # random ones
NEAR_PAIRS = 30_000  # of those in lists
K = 10
MAX_LIST_ENTRIES = 3_000_000  # neighbor pairs, of which the first ten of each text always count
LEVELS = 240
FOLDS = 5
BAND_RESAMPLES = 40  # resamples of the curve's band: a fit of each takes long
GRID = 101
BINS = 10


@dataclass(frozen=True, eq=False)
class CosineDistribution:
    """shares: (s,) of pairs at or above `cosines` (s,), falling as cosines rise; near, random: pairs analyzed, all of
    those in a list of `depth` neighbors and a sample of the others; total: number of pairs."""

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


@dataclass(frozen=True, eq=False)
class SameLabel:
    """P(same label) by cosine. grid: (101,) cosines; curve, low, high: (101,) probability and 95% band. base: that of
    a random pair. brier: mean squared error on pairs of held-out texts, brier_base: of always predicting `base`;
    gap: expected calibration error there; both lower is better. pairs, labeled: pairs and texts analyzed."""

    grid: np.ndarray
    curve: np.ndarray
    low: np.ndarray
    high: np.ndarray
    base: float
    brier: float
    brier_base: float
    gap: float
    pairs: int
    labeled: int
    labels: int
    seed: int

    def at(self, cosine: float) -> Interval[float]:
        """The probability at a cosine; the ends serve for all beyond them."""
        return Interval(*(float(np.interp(cosine, self.grid, line)) for line in (self.curve, self.low, self.high)))


def measure_same_label(space: Space, codes: np.ndarray, seed: int = 0) -> SameLabel:
    """P(same label) by isotonic regression (Zadrozny and Elkan 2002) on pairs of labeled texts.

    codes: (m,) labels, -1 without. Pairs are sampled from four strata (in a top-10 list; in a longer one; others of one
    label; others of two) and weighted by the strata's true sizes. Brier score and calibration error: 5 folds of the
    texts, fitted on pairs of texts outside of a fold, judged on pairs within it. Band: 40 resamples of the texts.
    Raises InputError where all pairs, or none, share a label.
    """
    same, total = same_label_pairs(codes)
    if not 0 < same < total:
        message = "P(same label) needs texts of one label and texts of different ones."
        raise InputError(message, "Choose another column.")
    left, right, weights = _label_strata(space, codes, same, total, seed)
    cosines = pair_cosines(space.vectors, space.first[left], space.first[right])
    truth, base = (codes[left] == codes[right]).astype(np.float64), same / total
    grid = np.linspace(cosines.min(), cosines.max(), GRID)
    model = _Curve(cosines, truth)
    curve = model.fit(weights, grid)
    counts = (row for block in draw_counts(len(space), BAND_RESAMPLES, seed) for row in block)
    band = np.stack([model.fit(weights * row[left] * row[right], grid) for row in counts])
    _, low, high = percentile_interval(curve, band, len(space))
    scores = _held_out(model, cosines, weights, (left, right), base, seed)
    sizes = (len(cosines), int((codes >= 0).sum()), int(codes.max()) + 1)
    return SameLabel(grid, curve, low, high, base, *scores, *sizes, seed)


def _label_strata(
    space: Space, codes: np.ndarray, same: int, total: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    m = len(space)
    nearest = neighbor_codes(space.ids, K, codes >= 0)
    depth = list_depth(space)
    near = neighbor_codes(space.ids, depth, codes >= 0) if depth > K else nearest
    near_same = int((codes[near // m] == codes[near % m]).sum())
    parts = []
    for stratum in (nearest, near[~is_in(near, nearest)]):
        drawn = sample_sorted(stratum, NEAR_PAIRS, seed)
        parts.append((drawn // m, drawn % m, np.full(len(drawn), len(stratum) / max(len(drawn), 1))))
    for alike, size in ((True, same - near_same), (False, total - same - (len(near) - near_same))):
        left, right = label_pairs(codes, PAIRS // 2, alike, seed)
        other = ~is_in(pair_codes(left, right, m), near)
        left, right = left[other], right[other]
        parts.append((left, right, np.full(len(left), size / max(len(left), 1))))
    left, right, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return left, right, weights


class _Curve:
    """P(same label) as a rising function of the cosine, fitted again and again to other weights of the same pairs."""

    def __init__(self, cosines: np.ndarray, truth: np.ndarray) -> None:
        self.rising, self.positions = np.unique(cosines, return_inverse=True)  # equal cosines have one probability
        self.truth = truth

    def fit(self, weights: np.ndarray, at: np.ndarray) -> np.ndarray:
        """(len(at),) the probability at some cosines; pairs of weight 0 do not count."""
        from sklearn.isotonic import isotonic_regression

        heavy = np.bincount(self.positions, weights, len(self.rising))
        drawn = heavy > 0
        mean = np.bincount(self.positions, weights * self.truth, len(self.rising))[drawn] / heavy[drawn]
        fitted = isotonic_regression(mean, sample_weight=heavy[drawn], y_min=0, y_max=1)
        return np.interp(at, self.rising[drawn], fitted)


def _held_out(
    model: _Curve, cosines: np.ndarray, weights: np.ndarray, pair: Pairs, base: float, seed: int
) -> tuple[float, float, float]:
    """Brier score, that of the base rate, and expected calibration error in ten bins of the probability; NaN where a
    fold can't be fitted."""
    fold = np.random.default_rng(seed).integers(FOLDS, size=int(max(pair[0].max(), pair[1].max())) + 1)
    one, other = fold[pair[0]], fold[pair[1]]
    parts = []
    for fold_number in range(FOLDS):
        train, test = (one != fold_number) & (other != fold_number), (one == fold_number) & (other == fold_number)
        if len(np.unique(model.truth[train])) == 2 and test.any():
            parts.append((model.fit(weights * train, cosines[test]), model.truth[test], weights[test]))
    if not parts:
        return float("nan"), float("nan"), float("nan")
    p, y, w = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    gaps = np.abs(np.bincount(bins, w * (p - y), BINS)).sum() / w.sum()
    brier, brier_base = (float(np.average(np.square(guess - y), weights=w)) for guess in (p, base))
    return brier, brier_base, float(gaps)
