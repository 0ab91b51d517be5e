"""Correlations of columns under weights of their rows, by values or by mid-ranks.

Own code, since scipy.stats.spearmanr takes no weights and would sort again in every resample.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

CorrelationKind = Literal["spearman", "pearson"]


class WeightedColumn:
    """A column (n,) whose mid-ranks under any weights of its rows follow from one sort."""

    def __init__(self, column: np.ndarray, kind: CorrelationKind = "spearman") -> None:
        self.column, self.kind = np.asarray(column, dtype=np.float64), kind
        self.order = np.argsort(self.column, kind="stable")
        ordered = self.column[self.order]
        is_new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        self.starts, group = np.flatnonzero(is_new), np.cumsum(is_new) - 1
        self.group = np.empty(len(group), dtype=np.intp)
        self.group[self.order] = group

    def values(self, weights: np.ndarray) -> np.ndarray:
        """(b, n) mid-ranks for weights (b, n); of the kind "pearson" the column itself, (1, n)."""
        if self.kind == "pearson" or not len(self.column):
            return self.column[None]
        tied = np.add.reduceat(weights[:, self.order], self.starts, axis=1)
        return np.asarray((np.cumsum(tied, axis=1) - (tied - 1) / 2)[:, self.group])


def weighted_correlations(
    target: WeightedColumn, columns: Sequence[WeightedColumn], weights: np.ndarray, undefined: float = 0.0
) -> np.ndarray:
    """(b, c) correlations in [-1, 1] of c columns with the target under weights (b, n); `undefined` where either of
    the two does not vary."""
    total = weights.sum(axis=1, keepdims=True)

    def centered(column: WeightedColumn) -> tuple[np.ndarray, np.ndarray]:
        values = column.values(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = values - (weights * values).sum(axis=1, keepdims=True) / total
        return values, (weights * values**2).sum(axis=1)

    target_values, target_spread = centered(target)
    result = np.full((len(weights), len(columns)), undefined)
    for column, correlations in zip(columns, result.T, strict=True):
        values, spread = centered(column)
        scale = np.sqrt(target_spread * spread)
        np.divide((weights * target_values * values).sum(axis=1), scale, out=correlations, where=scale > 0)
    return result


class WeightedSpearman:
    """Spearman's correlation of two columns (n,) as a function of weights (n,); NaN where either does not vary."""

    def __init__(self, first: np.ndarray, second: np.ndarray) -> None:
        self.first, self.second = WeightedColumn(first), WeightedColumn(second)

    def __call__(self, weights: np.ndarray) -> float:
        return float(weighted_correlations(self.first, [self.second], weights[None], float("nan"))[0, 0])
