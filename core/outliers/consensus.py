"""Scores of oddness side by side: percentiles, one order out of several, and how far they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.outliers.cluster_scores import cluster_apart, cluster_fit
from core.outliers.score_info import ScoreName
from core.outliers.scores import center_distance, isolation_forest, kth_distance, local_outlier_factor, mean_distance
from core.types import Neighbors

CutBy = Literal["number", "percentile", "score"]
LONE: tuple[ScoreName, ...] = ("mean", "lof")
GROUP: tuple[ScoreName, ...] = ("center", "apart")
DEFAULT_K = 20


@dataclass(frozen=True)
class Cut:
    """Which rows are listed: the `value` strangest ones, those at or above a percentile, or at or above a score."""

    by: CutBy = "number"
    value: float = 20.0


@dataclass(frozen=True, eq=False)
class Agreement:
    """Between scores, in the order of names. spearman: (s, s) rank correlations in [-1, 1]. overlap: (s, s) in [0, 1],
    the share of each two scores' `top` strangest rows that both list; chance: the share two random lists have."""

    names: tuple[str, ...]
    spearman: np.ndarray
    overlap: np.ndarray
    top: int
    chance: float


def score_rows(
    rows: np.ndarray, graph: Neighbors, labels: np.ndarray, k: int = DEFAULT_K, forest: bool = True
) -> dict[ScoreName, np.ndarray]:
    """All scores, each (n,) float64, higher is stranger. labels: (n,) clusters, -1 noise. forest=False leaves out the
    isolation forest, the slowest. Raises InputError where the three differ in rows."""
    if not len(rows) == len(graph.ids) == len(labels):
        raise InputError(f"{len(rows):,} vectors, {len(graph.ids):,} graph rows and {len(labels):,} labels differ.")
    found: dict[ScoreName, np.ndarray] = {
        "mean": mean_distance(graph, k),
        "kth": kth_distance(graph, k),
        "lof": local_outlier_factor(graph, k),
        "center": center_distance(rows),
        "apart": cluster_apart(rows, labels),
        "fit": cluster_fit(rows, labels),
    }
    if forest:
        found["forest"] = isolation_forest(rows)
    return {"combined": combine([[found[name] for name in kind] for kind in (LONE, GROUP)]), **found}


def combine(kinds: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """(n,) float64: for each kind of scores the best rank a row has in any, averaged over kinds; higher is stranger.

    Ranks as -log of the share of rows at least as strange (ties share their mean), as Fisher (1925) adds p-values: one
    among the strangest by some scores stands high though others are blind to it, which a plain mean of ranks
    would drown.
    """
    return np.mean([np.max([_surprise(score) for score in kind], axis=0) for kind in kinds], axis=0)


def _surprise(score: np.ndarray) -> np.ndarray:
    """-log of the share of rows at least as strange, counted with one more row than there is; above 0."""
    count = len(score)
    return -np.log((count + 1 - _ranks(score)) / (count + 1))


def percentiles(score: np.ndarray) -> np.ndarray:
    """(n,) float64 in [0, 100]: the share of the other rows that are less strange, ties half; 100 is the strangest."""
    return np.full(len(score), 50.0) if len(score) < 2 else (_ranks(score) - 1) * 100 / (len(score) - 1)


def listed(score: np.ndarray, cut: Cut) -> np.ndarray:
    """Row ids within a cut, strangest first, ties by row; int64. Raises InputError for another kind of cut."""
    order = np.argsort(-score, kind="stable")
    if cut.by == "number":
        return order[: max(int(cut.value), 0)]
    if cut.by not in ("percentile", "score"):
        raise InputError(f"Rows can't be listed by {str(cut.by)[:20]!r}.", "Use number, percentile or score.")
    judged = percentiles(score) if cut.by == "percentile" else score
    return order[judged[order] >= cut.value]


def agreement(scores: dict[str, np.ndarray], top: int) -> Agreement:
    """How far scores agree on the order of all rows, and on the `top` strangest."""
    names, count = tuple(scores), len(next(iter(scores.values())))
    size = max(1, min(top, count))
    ranks = np.stack([_ranks(score) for score in scores.values()])
    inside = np.zeros((len(names), count), dtype=bool)
    for place, score in enumerate(scores.values()):
        inside[place, listed(score, Cut("number", size))] = True
    shared = inside.astype(np.float64) @ inside.T.astype(np.float64) / size
    return Agreement(names, _correlations(ranks), shared, size, size / max(count, 1))


def consensus(per_model: np.ndarray, cut: float) -> np.ndarray:
    """(n,) int64: under how many models each row's percentile, (n, m), reaches the cut. All m: a problem of the data;
    one alone: a problem of that model."""
    return (per_model >= cut).sum(axis=1)


def _correlations(ranks: np.ndarray) -> np.ndarray:
    """Pearson correlations of ranks, which are Spearman's; NaN where a score is the same for all rows."""
    centered = ranks - ranks.mean(axis=1, keepdims=True)
    lengths = np.sqrt((centered**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(centered @ centered.T / np.outer(lengths, lengths), -1, 1)


def _ranks(score: np.ndarray) -> np.ndarray:
    """Ranks from 1, least strange first; ties get their mean. Values equal but for rounding count as ties."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(np.round(score, 6)), dtype=np.float64)
