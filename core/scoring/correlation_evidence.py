"""Evidence from correlations of cosines with given scores, which are no means: recomputed on every resample."""

from typing import Literal

import numpy as np

from core.scoring import evidence as drawn
from core.scoring.evidence import PERMUTATIONS, RESAMPLES, SAME, Evidence

Kind = Literal["spearman", "pearson"]
CELLS = 10_000_000  # pairs times resamples: fewer resamples of very many pairs
FEWEST = 500


def correlation_evidence(
    cosines: np.ndarray, given: np.ndarray, units: np.ndarray, kind: Kind, seed: int = 0
) -> Evidence:
    """cosines: (c, q) of every contender; given: (q,) scores of the same pairs. units: (q,) codes of pairs that are
    resampled together.

    Paired bootstrap over units, ranks taken anew in every resample; the test swaps two contenders' values (ranks, or
    cosines, each at mean 0 and variance 1) unit by unit.
    """
    codes, count = drawn.compact(units)
    resamples = int(np.clip(CELLS // max(len(given), 1), FEWEST, RESAMPLES))
    columns = [_Ranked(row, kind) for row in (given, *cosines)]
    once = np.ones((1, len(given)))
    means = _correlations(columns, once)[0]
    samples = np.concatenate(
        [_correlations(columns, weights[:, codes]) for weights in drawn.resample_weights(count, resamples, seed)]
    )
    first, second = drawn.pairs_of(len(cosines))
    low, high = drawn.interval(samples, count)
    gaps = drawn.paired_gaps(samples)
    d_low, d_high = drawn.interval(gaps, count)
    standard = np.stack([_standard(column.values(once)[0]) for column in columns])
    p = swap_p(standard[1:], standard[0], codes, seed)
    over = f"{len(given):,} pairs" + (f", {count:,} of them different" if count < len(given) else "")
    method = (
        f"Paired bootstrap over {over} ({resamples:,} resamples, {kind.capitalize()} recomputed in each) and "
        f"paired randomization test (values swapped, {PERMUTATIONS:,} permutations), seed {seed}."
    )
    return Evidence(
        means, low, high, drawn.best_shares(samples, count), means[first] - means[second], d_low, d_high,
        gaps.std(axis=0, ddof=1), p, len(given), count, "pairs", method,
    )  # fmt: skip


def swap_p(values: np.ndarray, given: np.ndarray, codes: np.ndarray, seed: int) -> np.ndarray:
    """(m,) two-sided p values of differences in correlation; values (c, q) and given (q,) at mean 0 and variance 1.

    Swapping adds s(b - a) to one and takes it from the other, s being 0 or 1: sums over pairs are linear in s.
    """
    first, second = drawn.pairs_of(len(values))
    step, squares = values[second] - values[first], values[second] ** 2 - values[first] ** 2
    parts = [_by_unit(part, codes) for part in (step * given, step, squares)]
    total, start = values.shape[1], (values * given).sum(axis=1)
    observed = np.abs(start[first] - start[second]) / total
    beyond = np.zeros(len(first))
    for bits in drawn.random_bits(parts[0].shape[1], seed + 1):
        moved, added, squared = (bits @ part.T / total for part in parts)
        one = (start[first] / total + moved) / np.sqrt(1 + squared - added**2)
        two = (start[second] / total - moved) / np.sqrt(1 - squared - added**2)
        beyond += (np.abs(one - two) >= observed - SAME).sum(axis=0)
    return drawn.permuted_p(beyond)


class _Ranked:
    """A column whose (mid)ranks among resampled rows are had from their weights, without sorting again."""

    def __init__(self, column: np.ndarray, kind: Kind) -> None:
        self.column, self.kind = np.asarray(column, dtype=np.float64), kind
        self.order = np.argsort(self.column, kind="stable")
        ordered = self.column[self.order]
        new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        self.starts, group = np.flatnonzero(new), np.cumsum(new) - 1
        self.group = np.empty(len(group), dtype=np.intp)
        self.group[self.order] = group

    def values(self, weights: np.ndarray) -> np.ndarray:
        """(b, q) of the rows for weights (b, q); (1, q) where they do not depend on them."""
        if self.kind == "pearson":
            return self.column[None]
        tied = np.add.reduceat(weights[:, self.order], self.starts, axis=1)
        ranks: np.ndarray = (np.cumsum(tied, axis=1) - (tied - 1) / 2)[:, self.group]
        return ranks


def _correlations(columns: list[_Ranked], weights: np.ndarray) -> np.ndarray:
    """(b, c) weighted correlations of the columns after the first with the first; 0 where one does not vary."""
    total = weights.sum(axis=1, keepdims=True)

    def centered(column: _Ranked) -> tuple[np.ndarray, np.ndarray]:
        values = column.values(weights)
        values = values - (weights * values).sum(axis=1, keepdims=True) / total
        return values, (weights * values**2).sum(axis=1)

    given, spread = centered(columns[0])
    found = []
    for column in columns[1:]:
        values, own = centered(column)
        scale = np.sqrt(spread * own)
        found.append(
            np.divide((weights * given * values).sum(axis=1), scale, out=np.zeros_like(scale), where=scale > 0)
        )
    return np.stack(found, axis=1)


def _by_unit(rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
    count = int(codes.max()) + 1
    return (
        np.stack([np.bincount(codes, weights=row, minlength=count) for row in rows])
        if len(rows)
        else np.zeros((0, count))
    )


def _standard(values: np.ndarray) -> np.ndarray:
    spread = values.std()
    scaled: np.ndarray = (values - values.mean()) / (spread if spread > 0 else 1)
    return scaled
