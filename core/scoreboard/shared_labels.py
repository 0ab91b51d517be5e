"""Leave-one-out retrieval of rows with several labels: those that share a label with the query are relevant, the more
the more labels they have in common."""

import numpy as np

from core.corpus.label_columns import LabelRows
from core.scoreboard.leave_one_out import MAX_RANK, NEAREST, similarities, top_columns
from core.scoreboard.types import SHARED_LABEL_METRICS
from core.stats import ranking_metrics as ranked
from core.types import Progress

IDEAL = 10  # ranks of nDCG


def rank_shared_labels(
    vectors: np.ndarray, data: LabelRows, progress: Progress | None = None
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """metric -> (q,) float32 of MAP@R, nDCG@10, P@1 and R-precision; and chance. vectors: (n, d) unit rows.

    A row is relevant if it shares a label with the query; its gain in nDCG is the Jaccard index of both label sets
    (shared labels over labels of either). Copies of a query's text are left out of its list; of tied rows, scores are
    expectations over their order.
    """
    depth = int(min(max(data.relevant.max(), NEAREST), MAX_RANK, len(data) - 1))
    candidates = len(data) - np.bincount(data.texts)[data.texts[data.queries]]
    parts: list[dict[str, np.ndarray]] = []
    chances: list[np.ndarray] = []
    done = 0
    for similar in similarities(vectors, data):
        part = slice(done, done + len(similar))
        gains = np.where(np.isneginf(similar), 0, jaccard_gains(data, data.queries[part]))
        ideal = _largest(gains, IDEAL)
        parts.append(_block_scores(similar, gains, ideal, data.relevant[part], depth))
        chances.append(_random_ndcg(gains, ideal, candidates[part]))
        done = part.stop
        if progress:
            progress(done, len(data.queries))
    scores = {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in SHARED_LABEL_METRICS}
    precision = ranked.random_precision(data.relevant, candidates)
    chance = {
        "map_at_r": ranked.random_map_at_r(data.relevant, candidates, depth), "ndcg_at_10": np.concatenate(chances),
        "precision_at_1": precision, "r_precision": precision,
    }  # fmt: skip
    return scores, {name: float(np.mean(values)) for name, values in chance.items()}


def jaccard_gains(data: LabelRows, queries: np.ndarray) -> np.ndarray:
    """(b, m) float32: the share of the labels of either row that both have. queries: (b,) positions in data.rows."""
    own = data.combinations[data.codes[queries]]
    shared = (own @ data.combinations.T).toarray()
    sizes = np.asarray(data.combinations.sum(axis=1)).ravel()
    either = sizes[data.codes[queries], None] + sizes[None, :] - shared
    return np.asarray((shared / either)[:, data.codes], np.float32)


def _block_scores(
    similar: np.ndarray, gains: np.ndarray, ideal: np.ndarray, relevant: np.ndarray, depth: int
) -> dict[str, np.ndarray]:
    """metric -> (b,). similar, gains: (b, m). ideal: (b, k) the largest gains, descending. relevant: (b,) counts."""
    columns = top_columns(similar, depth + 1)
    values = np.take_along_axis(similar, columns, axis=1)
    gain = np.take_along_axis(gains, columns, axis=1)[:, :depth].astype(np.float64)
    relevance = gain > 0
    beyond, relevant_beyond, gain_beyond = _tied_beyond(similar, values, gains, columns, depth)
    ties = ranked.Ties.of(values[:, :depth], beyond)
    if ties is not None:
        relevance, gain = ties.expected(relevance, relevant_beyond), ties.expected(gain, gain_beyond)
    return {
        "map_at_r": ranked.map_at_r(relevance, relevant, ties),
        "ndcg_at_10": ranked.graded_ndcg_at_k(gain, ideal, IDEAL),
        "precision_at_1": ranked.precision_at_1(relevance),
        "r_precision": ranked.r_precision(relevance, relevant),
    }


def _tied_beyond(
    similar: np.ndarray, values: np.ndarray, gains: np.ndarray, columns: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(b,) rows past the end of the list that are tied with its last one, how many of them are relevant, and the sum
    of their gains. columns, values: (b, depth + 1) of the list and of the next row, and their similarities."""
    beyond, relevant, gain = (np.zeros(len(values)) for _ in range(3))
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(values[:, depth - 1] - values[:, depth] <= ranked.TIE)
    tied = similar[rows] >= values[rows, depth - 1, None] - ranked.TIE
    listed = np.take_along_axis(gains[rows], columns[rows, :depth], axis=1)
    beyond[rows] = tied.sum(axis=1) - depth
    relevant[rows] = (tied & (gains[rows] > 0)).sum(axis=1) - (listed > 0).sum(axis=1)
    gain[rows] = np.where(tied, gains[rows], 0).sum(axis=1) - listed.sum(axis=1)
    return beyond.astype(np.int64), relevant, gain


def _largest(gains: np.ndarray, count: int) -> np.ndarray:
    """(b, count) the largest of each row, descending."""
    count = min(count, gains.shape[1])
    return -np.sort(np.partition(-gains, count - 1, axis=1)[:, :count], axis=1).astype(np.float64)


def _random_ndcg(gains: np.ndarray, ideal: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(b,) expected nDCG of a random order: every rank gains the mean of the candidates' gains."""
    discounts = 1 / np.log2(np.arange(2, IDEAL + 2))
    filled = np.cumsum(discounts)[np.minimum(candidates, IDEAL) - 1]
    return gains.sum(axis=1) / candidates * filled / (ideal @ discounts[: ideal.shape[1]])
