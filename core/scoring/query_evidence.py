"""Evidence from scores that are means over queries, rows or the like."""

import numpy as np

from core.proportions import wilson
from core.scoring import evidence as drawn
from core.scoring.evidence import PERMUTATIONS, RESAMPLES, SAME, Evidence


def query_evidence(values: np.ndarray, units: np.ndarray, unit: str = "queries", seed: int = 0) -> Evidence:
    """values: (c, q), the same queries for every contender. units: (q,) codes of what is resampled together.

    Paired bootstrap over units (the same resamples for every contender; Efron and Tibshirani, 1993) and paired
    randomization, the signs of whole units' differences flipped (Smucker, Allan and Carterette, 2007).
    """
    codes, count = drawn.compact(units)
    sums = np.stack([np.bincount(codes, weights=row, minlength=count) for row in values.astype(np.float64)])
    sizes = np.bincount(codes, minlength=count).astype(np.float64)
    total = values.shape[1]
    means = sums.sum(axis=1) / total
    first, second = drawn.pairs_of(len(values))
    samples = np.concatenate(
        [weights @ sums.T / (weights @ sizes)[:, None] for weights in drawn.resample_weights(count, RESAMPLES, seed)]
    )
    low, high = drawn.interval(samples, count)
    low, high = _at_the_edge(values, means, count, low, high)
    gaps = sums[first] - sums[second]
    d_low, d_high = drawn.interval(drawn.paired_gaps(samples), count)
    error = _standard_errors(gaps, sizes, total)
    over = f"{count:,} {unit}" if count == total else f"{total:,} {unit} on {count:,} different texts"
    method = (
        f"Paired bootstrap over {over} ({RESAMPLES:,} resamples) and paired randomization test "
        f"({PERMUTATIONS:,} permutations), seed {seed}."
    )
    p = sign_flip_p(gaps, seed)
    return Evidence(
        means, low, high, drawn.best_shares(samples, count), means[first] - means[second], d_low, d_high, error, p,
        total, count, unit, method,
    )  # fmt: skip


def sign_flip_p(gaps: np.ndarray, seed: int) -> np.ndarray:
    """(m,) two-sided p values of differences summed by unit (m, u): (b + 1) / (permutations + 1), where b random
    flips of the units' signs give a total at least as far from 0."""
    observed = np.abs(gaps.sum(axis=1))
    reached = observed - SAME * np.maximum(np.abs(gaps).sum(axis=1), 1)
    beyond = np.zeros(len(gaps))
    for bits in drawn.random_bits(gaps.shape[1], seed + 1):
        beyond += (np.abs((2 * bits - 1) @ gaps.T) >= reached).sum(axis=0)
    return drawn.permuted_p(beyond)


def _standard_errors(gaps: np.ndarray, sizes: np.ndarray, total: int) -> np.ndarray:
    """(m,) of the mean difference, from the spread of units' sums about what their sizes give them."""
    count = gaps.shape[1]
    if count < 2:
        return np.full(len(gaps), np.nan)
    rest = gaps - gaps.sum(axis=1, keepdims=True) / total * sizes
    error: np.ndarray = np.sqrt((rest**2).sum(axis=1) * count / (count - 1)) / total
    return error


def _at_the_edge(
    values: np.ndarray, means: np.ndarray, units: int, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """All right or all wrong leaves a bootstrap nothing to vary: Wilson's interval for as many units instead."""
    for edge in (0.0, 1.0):
        flat = (values == edge).all(axis=1)
        _, least, most = wilson(np.round(means * units), np.full(len(means), units))
        low, high = np.where(flat, least, low), np.where(flat, most, high)
    return low, high
