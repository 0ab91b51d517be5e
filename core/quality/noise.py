"""How far noise on a vector moves it, and how many of its nearest texts it loses."""

from dataclasses import dataclass, replace

import numpy as np

from core.quality.distinct_texts import Space, nearest
from core.quality.migration import kept_counts
from core.stats.interval import Interval
from core.stats.resampling import bootstrap_mean, bootstrap_median
from core.types import unit_rows

SIZES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)  # the noise's length; a vector's is 1
TEXTS, K = 200, 10
AMONG = 100_000  # texts that are searched; of more, so many are drawn


@dataclass(frozen=True)
class Noise:
    """One entry a size of noise. cosine: median cos(v, v + noise); churn: mean share of the top-10 lost, 0 to 1,
    lower is steadier; over `texts` of `total`, searched `among` so many."""

    sizes: tuple[float, ...]
    cosine: tuple[Interval[float], ...]
    churn: tuple[Interval[float], ...]
    texts: int
    among: int
    total: int
    seed: int


def measure_noise(space: Space, seed: int = 0) -> Noise:
    """Gaussian noise of random direction and set length on the vectors of up to 200 drawn texts.

    Intervals: bootstrap over these texts. Whatever the model, the cosine is close to 1 / sqrt(1 + size^2) in many
    dimensions; the lost neighbors are what tells spaces apart.
    """
    drawn = replace(space, first=space.first[space.sample(AMONG, seed)])
    own = drawn.sample(TEXTS, seed)
    rows = drawn.take(own)
    k = min(K, len(drawn) - 1)
    before = nearest(drawn, rows, k, own)[0]
    generator = np.random.default_rng(seed)
    noise = unit_rows(generator.standard_normal(rows.shape).astype(np.float32))
    cosines, churns = [], []
    for size in SIZES:
        moved = unit_rows(rows + np.float32(size) * noise)
        after = nearest(drawn, moved, k, own)[0]
        cosines.append(bootstrap_median(np.einsum("ij,ij->i", rows, moved), seed))
        churns.append(bootstrap_mean(1 - kept_counts(before, after) / max(k, 1), seed, proportion=True))
    return Noise(SIZES, tuple(cosines), tuple(churns), len(own), len(drawn), len(space), seed)
