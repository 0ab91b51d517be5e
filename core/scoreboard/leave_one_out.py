"""Leave-one-out retrieval: every query row ranks all other labeled rows, those of its label are relevant."""

from collections.abc import Iterator

import numpy as np

from core.corpus.label_columns import LabelRows
from core.scoreboard import chance
from core.scoreboard import metrics as ranked
from core.types import Progress

NEAREST = 10  # neighbors that vote
DEEPEST = 10_000  # ranks that are looked at; a label with more rows has its R cut here
CELLS = 16_000_000  # similarities held at once
DRAWS = 20  # of random neighbors, for the chance level of the vote


def rank_labels(
    vectors: np.ndarray, data: LabelRows, progress: Progress | None = None
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """metric -> (q,) float32 of MAP@R, nDCG@10, P@1, R-precision, kNN accuracy and two macro averages; and chance.

    vectors: (n, d) unit rows of the corpus. Copies of a query's text are left out of its list; ties go in a random
    order that is the same for all vectors. The macro values have the mean over labels as their mean (`macro_values`).
    """
    depth = list_depth(data)
    parts: list[dict[str, np.ndarray]] = []
    done = 0
    for near, relevant in _lists(vectors, data, depth):
        own = data.codes[data.queries[done : done + len(near)]]
        parts.append(_scored(near == own[:, None], relevant) | {"knn_accuracy": majority(near[:, :NEAREST]) == own})
        done += len(near)
        if progress:
            progress(done, len(data.queries))
    found = {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[0]}
    levels = _chance(data, depth)
    label = data.codes[data.queries]
    for name in ("map_at_r", "precision_at_1"):
        found[f"{name}_macro"] = macro_values(found[name], label)
        levels[f"{name}_macro"] = macro_values(levels[name], label)
    return found, {name: float(np.mean(values)) for name, values in levels.items()}


def list_depth(data: LabelRows) -> int:
    """Ranks that are looked at: the largest R, at most DEEPEST, at least what the other metrics need."""
    return int(min(max(data.relevant.max(), NEAREST), DEEPEST, len(data) - 1))


def majority(near: np.ndarray) -> np.ndarray:
    """(q,) the most frequent label of each list (q, k), the smallest code among equals, as scikit-learn's kNN votes.
    -1 in a list is no neighbor."""
    none = np.iinfo(near.dtype).max
    votes = (near[:, :, None] == near[:, None, :]).sum(axis=2) * (near >= 0)
    most = np.where((votes == votes.max(axis=1, keepdims=True)) & (near >= 0), near, none)
    found: np.ndarray = most.min(axis=1)
    return found


def macro_values(values: np.ndarray, label: np.ndarray) -> np.ndarray:
    """(q,) float32 whose mean is the mean over labels of the labels' means, and whose spread gives its standard error.

    Each value's distance from its label's mean, weighted by what it counts in the macro average: the linearization of
    a stratified mean (Cochran, 1977, 5.3), with n / (n - 1) of each label's variance.
    """
    _, code, count = np.unique(label, return_inverse=True, return_counts=True)
    means = np.bincount(code, weights=values) / count
    weight = len(values) / (len(count) * count) * np.sqrt(count / np.maximum(count - 1, 1))
    made: np.ndarray = means.mean() + weight[code] * (values - means[code])
    return made.astype(np.float32)


def _lists(vectors: np.ndarray, data: LabelRows, depth: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of (b, depth) labels of the ranked rows, -1 where the list is over, and the (b,) relevant rows."""
    order = np.random.default_rng(data.seed).permutation(len(data))  # so that ties do not follow the file's order
    candidates, codes = np.asarray(vectors[data.rows[order]]), data.codes[order]
    by_text = np.argsort(data.texts[order], kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(data.texts))])
    block = max(CELLS // len(data), 1)
    for start in range(0, len(data.queries), block):
        asked = data.queries[start : start + block]
        similar = np.asarray(vectors[data.rows[asked]]) @ candidates.T
        first, past = starts[data.texts[asked]], starts[data.texts[asked] + 1]
        for row, (low, high) in enumerate(zip(first, past, strict=True)):
            similar[row, by_text[low:high]] = -np.inf
        places = nearest_places(similar, depth)
        near = np.where(np.isfinite(np.take_along_axis(similar, places, axis=1)), codes[places], -1)
        yield near, data.relevant[start : start + block]


def nearest_places(similar: np.ndarray, depth: int) -> np.ndarray:
    """(q, depth) columns of the greatest values of each row, greatest first."""
    negative = -similar
    if depth * 4 >= similar.shape[1]:
        return np.argsort(negative, axis=1)[:, :depth]
    places = np.argpartition(negative, depth, axis=1)[:, :depth]
    order = np.argsort(np.take_along_axis(negative, places, axis=1), axis=1)
    return np.take_along_axis(places, order, axis=1)


def _scored(relevance: np.ndarray, relevant: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "map_at_r": ranked.map_at_r(relevance, relevant),
        "ndcg_at_10": ranked.ndcg_at_k(relevance, relevant, 10),
        "precision_at_1": ranked.precision_at_1(relevance),
        "r_precision": ranked.r_precision(relevance, relevant),
    }


def _chance(data: LabelRows, depth: int) -> dict[str, np.ndarray]:
    """metric -> (q,) what a random order of the rows is expected to reach."""
    candidates = len(data) - np.bincount(data.texts)[data.texts[data.queries]]
    once = chance.random_precision(data.relevant, candidates)
    drawn = np.random.default_rng(data.seed).choice(data.codes, (DRAWS, len(data.queries), min(NEAREST, len(data))))
    own = data.codes[data.queries]
    return {
        "map_at_r": chance.random_map_at_r(data.relevant, candidates, depth),
        "ndcg_at_10": chance.random_ndcg(data.relevant, candidates, 10),
        "precision_at_1": once,
        "r_precision": once,
        "knn_accuracy": np.mean([majority(near) == own for near in drawn], axis=0),
    }
