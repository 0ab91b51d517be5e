"""Leave-one-out retrieval: every query row ranks all other labeled rows, those of its label are relevant."""

from collections.abc import Iterator

import numpy as np

from core.corpus.label_columns import LabelRows
from core.scoreboard import metrics as ranked
from core.types import Progress

NEAREST = 10  # neighbors that vote
MAX_RANK = 10_000  # considered; the R of a label with more rows is cut here
CELLS = 16_000_000  # similarities held at once
DRAWS = 20  # of random neighbors, for the chance level of the vote


def rank_labels(
    vectors: np.ndarray, data: LabelRows, progress: Progress | None = None
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """metric -> (q,) float32 of MAP@R, nDCG@10, P@1, R-precision, kNN accuracy and two macro averages; and chance.
    vectors: (n, d) unit rows of the corpus. Copies of a query's text are left out of its list; ties go in a random
    order that is the same for all vectors. The mean of the macro values is the mean over labels (`macro_values`)."""
    depth = int(min(max(data.relevant.max(), NEAREST), MAX_RANK, len(data) - 1))  # the largest R, within limits
    parts: list[dict[str, np.ndarray]] = []
    done = 0
    for near, relevant in _ranked_blocks(vectors, data, depth):
        query_labels = data.codes[data.queries[done : done + len(near)]]
        parts.append(
            {
                "map_at_r": ranked.map_at_r(hits := near == query_labels[:, None], relevant),
                "ndcg_at_10": ranked.ndcg_at_k(hits, relevant, 10),
                "precision_at_1": ranked.precision_at_1(hits),
                "r_precision": ranked.r_precision(hits, relevant),
                "knn_accuracy": majority(near[:, :NEAREST]) == query_labels,
            }
        )
        done += len(near)
        if progress:
            progress(done, len(data.queries))
    scores = {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[0]}
    levels = _chance_levels(data, depth)
    label = data.codes[data.queries]
    for name in ("map_at_r", "precision_at_1"):
        scores[f"{name}_macro"] = macro_values(scores[name], label)
        levels[f"{name}_macro"] = macro_values(levels[name], label)
    return scores, {name: float(np.mean(values)) for name, values in levels.items()}


def majority(near: np.ndarray) -> np.ndarray:
    """(q,) the most frequent label of each list (q, k), the smallest code among equals, as scikit-learn's kNN votes.
    -1 in a list is no neighbor."""
    none = np.iinfo(near.dtype).max
    votes = (near[:, :, None] == near[:, None, :]).sum(axis=2) * (near >= 0)
    winners = np.where((votes == votes.max(axis=1, keepdims=True)) & (near >= 0), near, none)
    return np.asarray(winners.min(axis=1))


def macro_values(values: np.ndarray, label: np.ndarray) -> np.ndarray:
    """(q,) float32 whose mean is the mean over labels of the labels' means, and whose spread gives its standard error.
    Each value's distance from its label's mean, weighted by what it counts in the macro average: the linearization of a
    stratified mean (Cochran, 1977, 5.3), with n / (n - 1) of each label's variance."""
    _, code, count = np.unique(label, return_inverse=True, return_counts=True)
    means = np.bincount(code, weights=values) / count
    weight = len(values) / (len(count) * count) * np.sqrt(count / np.maximum(count - 1, 1))
    return np.asarray(means.mean() + weight[code] * (values - means[code]), np.float32)


def _ranked_blocks(vectors: np.ndarray, data: LabelRows, depth: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of (b, depth) labels of the ranked rows, -1 past the end of the list, and the (b,) relevant rows."""
    order = np.random.default_rng(data.seed).permutation(len(data))  # so that ties do not follow the file's order
    candidates, codes = np.asarray(vectors[data.rows[order]]), data.codes[order]
    by_text = np.argsort(data.texts[order], kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(data.texts))])
    block = max(CELLS // len(data), 1)
    for start in range(0, len(data.queries), block):
        queries = data.queries[start : start + block]
        similar = np.asarray(vectors[data.rows[queries]]) @ candidates.T
        first, past = starts[data.texts[queries]], starts[data.texts[queries] + 1]
        for row, (low, high) in enumerate(zip(first, past, strict=True)):
            similar[row, by_text[low:high]] = -np.inf
        columns = top_columns(similar, depth)
        near = np.where(np.isfinite(np.take_along_axis(similar, columns, axis=1)), codes[columns], -1)
        yield near, data.relevant[start : start + block]


def top_columns(similar: np.ndarray, depth: int) -> np.ndarray:
    """(q, depth) columns of the greatest values of each row, greatest first."""
    negative = -similar
    if depth * 4 >= similar.shape[1]:
        return np.argsort(negative, axis=1)[:, :depth]
    columns = np.argpartition(negative, depth, axis=1)[:, :depth]
    order = np.argsort(np.take_along_axis(negative, columns, axis=1), axis=1)
    return np.take_along_axis(columns, order, axis=1)


def _chance_levels(data: LabelRows, depth: int) -> dict[str, np.ndarray]:
    """metric -> (q,) what a random order of the rows is expected to reach."""
    candidates = len(data) - np.bincount(data.texts)[data.texts[data.queries]]
    precision = ranked.random_precision(data.relevant, candidates)
    drawn = np.random.default_rng(data.seed).choice(data.codes, (DRAWS, len(data.queries), min(NEAREST, len(data))))
    query_labels = data.codes[data.queries]
    return {
        "map_at_r": ranked.random_map_at_r(data.relevant, candidates, depth),
        "ndcg_at_10": ranked.random_ndcg(data.relevant, candidates, 10),
        "precision_at_1": precision,
        "r_precision": precision,
        "knn_accuracy": np.mean([majority(near) == query_labels for near in drawn], axis=0),
    }
