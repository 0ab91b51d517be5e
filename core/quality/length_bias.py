"""Length bias: correlation of a text's length with its similarity to other texts and its k-occurrence."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.quality.distinct_texts import Space
from core.stats.interval import Interval
from core.stats.rank_correlation import WeightedSpearman
from core.stats.resampling import bootstrap
from core.vectors.hubs import find_hubs

Measure = Literal["neighbors", "all_texts", "occurrences"]
K, BINS, MAX_TEXTS = 10, 10, 5_000
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

    neighbors: mean cosine to the 10 nearest; all_texts: mean cosine to all other texts; occurrences: how many top-10
    lists a text is in (k-occurrence). Correlations over a sample of up to 5,000 texts with bootstrap intervals; bins
    (of about equal size) over all.
    """
    values = text_values(space)
    sampled = space.sample(MAX_TEXTS, seed)
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, BINS + 1)).round())
    edges = edges if len(edges) > 1 else np.array([edges[0], edges[0] + 1])
    at = np.clip(np.searchsorted(edges, lengths, side="right") - 1, 0, len(edges) - 2)
    sizes = np.bincount(at, minlength=len(edges) - 1)
    means, errors = {}, {}
    for name, value in values.items():
        means[name] = np.bincount(at, value, len(sizes)) / np.maximum(sizes, 1)
        spread = np.bincount(at, np.square(value - means[name][at]), len(sizes)) / np.maximum(sizes - 1, 1)
        errors[name] = np.sqrt(spread / np.maximum(sizes, 1))
    statistics = [WeightedSpearman(lengths[sampled], value[sampled]) for value in values.values()]
    rho = dict(zip(values, bootstrap(len(sampled), statistics, seed), strict=True))
    return LengthBias(rho, edges, sizes, means, errors, len(sampled), len(space), seed)


def text_values(space: Space) -> dict[Measure, np.ndarray]:
    """The three measures of every text, (m,) float64 each."""
    k = min(K, space.ids.shape[1], max(len(space) - 1, 1))
    near = np.asarray(space.cosines[:, :k], np.float64)
    total = np.zeros(space.vectors.shape[1])
    blocks = [np.arange(start, min(start + BLOCK, len(space))) for start in range(0, len(space), BLOCK)]
    for block in blocks:
        total += space.take(block).sum(axis=0, dtype=np.float64)
    similarity_sums = np.concatenate([space.take(block) @ total for block in blocks])
    occurrences = find_hubs(np.asarray(space.ids[:, :k]), k).counts
    return {
        "neighbors": near.mean(axis=1),
        "all_texts": (similarity_sums - 1) / max(len(space) - 1, 1),  # less its cosine to itself
        "occurrences": occurrences.astype(np.float64),
    }
