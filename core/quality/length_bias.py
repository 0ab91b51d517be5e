"""Whether long or short texts lie nearer to all others, and are found more often."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.quality.distinct_texts import Space
from core.stats.interval import Interval
from core.stats.rank_correlation import WeightedSpearman
from core.stats.resampling import bootstrap
from core.vectors.hubs import find_hubs

Measure = Literal["neighbors", "everyone", "listed"]
MEASURES: tuple[Measure, ...] = ("neighbors", "everyone", "listed")
K, BINS, MOST = 10, 10, 5_000
BLOCK = 16_384


@dataclass(frozen=True, eq=False)
class LengthBias:
    """rho: measure -> Spearman's correlation with length, over `texts` of `total`. edges: (b + 1,) characters.

    means, errors: measure -> (b,) mean and its standard error in each bin of length; counts: (b,) texts.
    """

    rho: dict[Measure, Interval[float]]
    edges: np.ndarray
    counts: np.ndarray
    means: dict[Measure, np.ndarray]
    errors: dict[Measure, np.ndarray]
    texts: int
    total: int
    seed: int


def measure_length_bias(space: Space, lengths: np.ndarray, seed: int = 0) -> LengthBias:
    """lengths: (m,) characters of the distinct texts.

    neighbors: mean cosine to the 10 nearest; everyone: mean cosine to all other texts; listed: how many top-10 lists
    a text is in. Correlations over up to 5,000 drawn texts, bootstrap intervals over them; bins (of about as many
    texts each) over all.
    """
    values = text_values(space)
    own = space.sample(MOST, seed)
    edges = _edges(lengths)
    at = np.clip(np.searchsorted(edges, lengths, side="right") - 1, 0, len(edges) - 2)
    sizes = np.bincount(at, minlength=len(edges) - 1)
    means, errors = {}, {}
    for name, value in values.items():
        means[name] = np.bincount(at, value, len(sizes)) / np.maximum(sizes, 1)
        spread = np.bincount(at, np.square(value - means[name][at]), len(sizes)) / np.maximum(sizes - 1, 1)
        errors[name] = np.sqrt(spread / np.maximum(sizes, 1))
    intervals = bootstrap(len(own), [WeightedSpearman(lengths[own], value[own]) for value in values.values()], seed)
    rho = dict(zip(values, intervals, strict=True))
    return LengthBias(rho, edges, sizes, means, errors, len(own), len(space), seed)


def text_values(space: Space) -> dict[Measure, np.ndarray]:
    """The three measures of every text, (m,) float64 each."""
    k = min(K, space.ids.shape[1], max(len(space) - 1, 1))
    near = np.asarray(space.cosines[:, :k], np.float64)
    total = np.zeros(space.vectors.shape[1])
    blocks = [np.arange(start, min(start + BLOCK, len(space))) for start in range(0, len(space), BLOCK)]
    for block in blocks:
        total += space.take(block).sum(axis=0, dtype=np.float64)
    whole = np.concatenate([space.take(block) @ total for block in blocks])
    listed = find_hubs(np.asarray(space.ids[:, :k]), k).counts
    return {
        "neighbors": near.mean(axis=1),
        "everyone": (whole - 1) / max(len(space) - 1, 1),  # less its cosine to itself
        "listed": listed.astype(np.float64),
    }


def _edges(lengths: np.ndarray) -> np.ndarray:
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, BINS + 1)).round())
    return edges if len(edges) > 1 else np.array([edges[0], edges[0] + 1])
