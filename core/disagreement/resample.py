"""Intervals of means over rows, by resampling texts with all their copies."""

from functools import lru_cache

import numpy as np

RESAMPLES = 1_000
MOST_BLOCKS = 5_000  # of more texts, random ones are put together and resampled as one
LEVEL = 0.95


def mean_interval(values: np.ndarray, texts: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of the columns of values (n, m) over rows, and the ends of their percentile bootstrap intervals (95%).

    texts: (n,) codes of identical texts, whose rows are drawn together (cluster bootstrap; Davison and Hinkley, 1997).
    Above 5,000 texts, random blocks of them are drawn, which leaves the variance as it is. NaN counts as left out.
    All NaN where there is no row.
    """
    known = np.isfinite(values)
    block, blocks = _blocks(texts, seed)
    totals = np.stack([np.bincount(block, each, blocks) for each in np.where(known, values, 0.0).T], axis=1)
    counts = np.stack([np.bincount(block, each, blocks) for each in known.T.astype(np.float64)], axis=1)
    drawn = _drawn(blocks, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = totals.sum(axis=0) / counts.sum(axis=0)
        means = (drawn @ totals) / (drawn @ counts)
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.nanquantile(means, ends, axis=0) if np.isfinite(means).any() else (mean * np.nan, mean * np.nan)
    return mean, low, high


def _blocks(texts: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    """Each row's block: its text, or one of 5,000 sets of random texts."""
    names, codes = np.unique(texts, return_inverse=True)
    if len(names) <= MOST_BLOCKS:
        return codes, len(names)
    return (np.random.default_rng(seed).permutation(len(names)) % MOST_BLOCKS)[codes], MOST_BLOCKS


@lru_cache(maxsize=2)
def _drawn(blocks: int, seed: int) -> np.ndarray:
    """(resamples, blocks) float32: how often each block is drawn, the same for all that is compared."""
    generator = np.random.default_rng(seed + 1)
    made = np.empty((RESAMPLES, blocks), np.float32)
    for each in made:
        each[:] = np.bincount(generator.integers(blocks, size=blocks), minlength=blocks)
    made.setflags(write=False)
    return made
