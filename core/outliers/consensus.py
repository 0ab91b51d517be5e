"""Several outlier scores of the same rows: percentiles, one combined score, and how far they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.outliers.scores import (
    ScoreName,
    center_distance,
    cluster_fit,
    cluster_separation,
    isolation_forest,
    kth_distance,
    local_outlier_factor,
    mean_distance,
)
from core.types import Neighbors

CutoffKind = Literal["number", "percentile", "score"]
ISOLATED: tuple[ScoreName, ...] = ("mean", "lof")
DISTANT_CLUSTER: tuple[ScoreName, ...] = ("center", "separation")
DEFAULT_K = 20


@dataclass(frozen=True)
class Cutoff:
    """Which rows count as outliers: the `value` highest scores, or those at or above a percentile or a score."""

    kind: CutoffKind = "number"
    value: float = 20.0


@dataclass(frozen=True, eq=False)
class Agreement:
    """Between scores, in the order of names. spearman: (s, s) rank correlations in [-1, 1]. overlap: (s, s) in [0, 1],
    the share of two scores' `top` outliers that they have in common; chance: the share two random lists have."""

    names: tuple[str, ...]
    spearman: np.ndarray
    overlap: np.ndarray
    top: int
    chance: float


def score_rows(
    rows: np.ndarray, graph: Neighbors, labels: np.ndarray, k: int = DEFAULT_K, forest: bool = True
) -> dict[ScoreName, np.ndarray]:
    """All scores, each (n,) float64, higher is more unusual. labels: (n,) clusters, -1 noise. forest=False leaves out
    the isolation forest, the slowest. Raises InputError where the three differ in rows."""
    if not len(rows) == len(graph.ids) == len(labels):
        raise InputError(f"{len(rows):,} vectors, {len(graph.ids):,} graph rows and {len(labels):,} labels differ.")
    scores: dict[ScoreName, np.ndarray] = {
        "mean": mean_distance(graph, k),
        "kth": kth_distance(graph, k),
        "lof": local_outlier_factor(graph, k),
        "center": center_distance(rows),
        "separation": cluster_separation(rows, labels),
        "fit": cluster_fit(rows, labels),
    }
    if forest:
        scores["forest"] = isolation_forest(rows)
    return {"combined": combine([[scores[name] for name in kind] for kind in (ISOLATED, DISTANT_CLUSTER)]), **scores}


def combine(kinds: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """(n,) float64: for each kind of scores a row's best rank in any of them, averaged over kinds.

    Ranks as -log of the share of rows that are at least as unusual (ties share their mean), as Fisher (1925) adds
    p-values: a row that ranks high in some scores ranks high although others miss it, which a mean of ranks would hide.
    """
    count = len(kinds[0][0]) + 1  # one row more than there is, so that no share is 0
    tails = [[-np.log((count - _ranks(score)) / count) for score in kind] for kind in kinds]
    return np.mean([np.max(kind, axis=0) for kind in tails], axis=0)


def percentiles(score: np.ndarray) -> np.ndarray:
    """(n,) float64 in [0, 100]: the share of the other rows that are less unusual, ties half; 100 is the highest."""
    return np.full(len(score), 50.0) if len(score) < 2 else (_ranks(score) - 1) * 100 / (len(score) - 1)


def rows_above(score: np.ndarray, cutoff: Cutoff) -> np.ndarray:
    """Row ids within a cutoff, most unusual first, ties by row; int64. Raises InputError for another kind."""
    order = np.argsort(-score, kind="stable")
    if cutoff.kind == "number":
        return order[: max(int(cutoff.value), 0)]
    if cutoff.kind not in ("percentile", "score"):
        raise InputError(f"There is no cutoff by {str(cutoff.kind)[:20]!r}.", "Use number, percentile or score.")
    values = percentiles(score) if cutoff.kind == "percentile" else score
    return order[values[order] >= cutoff.value]


def agreement(scores: dict[str, np.ndarray], top: int) -> Agreement:
    """How far scores agree on the order of all rows, and on the `top` outliers."""
    count = len(next(iter(scores.values())))
    size = max(1, min(top, count))
    ranks = np.stack([_ranks(score) for score in scores.values()])
    in_top = np.zeros((len(scores), count))
    for top_rows, score in zip(in_top, scores.values(), strict=True):
        top_rows[rows_above(score, Cutoff("number", size))] = 1
    with np.errstate(invalid="ignore", divide="ignore"):
        spearman = np.atleast_2d(np.corrcoef(ranks))  # NaN where a score is constant
    return Agreement(tuple(scores), spearman, in_top @ in_top.T / size, size, size / max(count, 1))


def consensus(per_model: np.ndarray, percentile: float) -> np.ndarray:
    """(n,) int64: under how many models each row's percentile, (n, m), reaches a percentile. All m: a problem of the
    data; only one: a problem of that model."""
    return (per_model >= percentile).sum(axis=1)


def _ranks(score: np.ndarray) -> np.ndarray:
    """Ranks from 1, least unusual first; ties get their mean. Values equal but for rounding count as ties."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(np.round(score, 6)), dtype=np.float64)
