"""Leave-one-out retrieval: every query row ranks all other labeled rows, those of its label are relevant."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from core.corpus.label_columns import LabelRows
from core.stats import ranking_metrics as ranked
from core.types import Progress

NEAREST = 10  # neighbors that vote
MAX_RANK = 10_000  # considered; the R of a label with more rows is cut here
CELLS = 8_000_000  # similarities held at once
CHANCE_CELLS = 100_000  # queries times labels over which the chance level of the vote is averaged


def rank_labels(
    vectors: np.ndarray, data: LabelRows, progress: Progress | None = None
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """metric -> (q,) float32 of MAP@R, nDCG@10, P@1, R-precision, kNN accuracy and two macro averages; and chance.
    vectors: (n, d) unit rows of the corpus. Copies of a query's text are left out of its list; of tied rows, scores are
    expectations over their order. The mean of the macro values is the mean over labels (`macro_values`)."""
    depth = int(min(max(data.relevant.max(), NEAREST), MAX_RANK, len(data) - 1))  # the largest R, within limits
    parts: list[dict[str, np.ndarray]] = []
    done = 0
    for similar in similarities(vectors, data):
        part = slice(done, done + len(similar))
        parts.append(_block_scores(similar, data, part, depth))
        done = part.stop
        if progress:
            progress(done, len(data.queries))
    scores = {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[0]}
    levels = _chance_levels(data, depth)
    label = data.codes[data.queries]
    for name in ("map_at_r", "precision_at_1"):
        scores[f"{name}_macro"] = macro_values(scores[name], label)
        levels[f"{name}_macro"] = macro_values(levels[name], label)
    return scores, {name: float(np.mean(values)) for name, values in levels.items()}


def vote_chance(label: int, certain: np.ndarray, tied: np.ndarray, voters: int) -> float:
    """The chance that `label` is the `majority` of the `certain` votes and of `voters` drawn from the `tied` ones
    without replacement, or of all of them where they are no more. certain, tied: (labels,) counts."""
    present = np.flatnonzero(certain + tied)
    if label not in present:
        return 0.0
    counts = np.stack([certain[present], tied[present]]).astype(np.int64)
    return _vote_chance(int(np.searchsorted(present, label)), counts.tobytes(), voters)


@lru_cache(maxsize=4_096)  # the same for most queries of a label
def _vote_chance(own: int, counts: bytes, voters: int) -> float:
    """Exact: the draws in which no other label has more votes (none before it as many), counted by a product of
    polynomials. counts: int64 of certain and of tied votes."""
    certain, tied = np.frombuffer(counts, np.int64).reshape(2, -1)
    drawn = np.arange(min(voters, int(tied.sum())) + 1)
    ways = np.array([_binomials(count, drawn) for count in tied])
    most = certain[own] + drawn[:, None] - certain - (np.arange(len(tied)) < own)  # (drawn of the label, labels)
    others = np.where(drawn <= most[:, :, None], ways, 0.0)
    others[:, own] = drawn == 0
    right = ways[own] * _product(others)[drawn, drawn[::-1]]
    return float(right.sum() / _binomials(int(tied.sum()), drawn)[-1])


def _binomials(count: int, drawn: np.ndarray) -> np.ndarray:
    """float64 ways to draw 0, 1, 2, ... of `count`."""
    return np.concatenate([[1.0], np.cumprod(np.maximum(count - drawn[:-1], 0) / drawn[1:])])


def _product(polynomials: np.ndarray) -> np.ndarray:
    """(b, d) coefficients up to d - 1 of the product over the second axis of (b, p, d)."""
    while polynomials.shape[1] > 1:
        rest = polynomials[:, polynomials.shape[1] // 2 * 2 :]
        first, second = polynomials[:, : -1 if rest.size else None : 2], polynomials[:, 1::2]
        product = np.zeros(first.shape)
        for power in range(first.shape[2]):
            product[:, :, power:] += first[:, :, power, None] * second[:, :, : first.shape[2] - power]
        polynomials = np.concatenate([product, rest], axis=1)
    return polynomials[:, 0]


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


def similarities(vectors: np.ndarray, data: LabelRows) -> Iterator[np.ndarray]:
    """Blocks of (b, m) cosines of the queries with all rows, -inf for copies of the query's text."""
    candidates = np.asarray(vectors[data.rows])
    by_text = np.argsort(data.texts, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(data.texts))])
    block = max(CELLS // len(data), 1)
    for start in range(0, len(data.queries), block):
        queries = data.queries[start : start + block]
        similar = np.asarray(vectors[data.rows[queries]]) @ candidates.T
        first, past = starts[data.texts[queries]], starts[data.texts[queries] + 1]
        for row, (low, high) in enumerate(zip(first, past, strict=True)):
            similar[row, by_text[low:high]] = -np.inf
        yield similar


def _block_scores(similar: np.ndarray, data: LabelRows, part: slice, depth: int) -> dict[str, np.ndarray]:
    """metric -> (b,) of the queries of `part`, by their similarities (b, m)."""
    label, relevant = data.codes[data.queries[part]], data.relevant[part]
    columns = top_columns(similar, depth + 1)
    values = np.take_along_axis(similar, columns, axis=1)
    near = np.where(np.isfinite(values), data.codes[columns], -1)[:, :depth]
    relevance = near == label[:, None]
    right = (majority(near[:, :NEAREST]) == label).astype(np.float64)
    beyond, relevant_beyond = _tied_beyond(similar, values, relevance, data.codes, label)
    ties = ranked.Ties.of(values[:, :depth], beyond)
    if ties is not None:
        relevance = ties.expected(relevance, relevant_beyond)
        last = min(NEAREST, depth) - 1
        for row in np.flatnonzero(ties.start[:, last] + ties.size[:, last] > last + 1):
            start, size = int(ties.start[row, last]), int(ties.size[row, last])
            lowest = values[row, min(start + size, depth) - 1] - (ranked.TIE if start + size > depth else 0)
            tied = data.codes[(similar[row] <= values[row, start]) & (similar[row] >= lowest)]
            certain, counts = (np.bincount(codes, minlength=len(data.names)) for codes in (near[row, :start], tied))
            right[row] = vote_chance(int(label[row]), certain, counts, last + 1 - start)
    return {
        "map_at_r": ranked.map_at_r(relevance, relevant, ties),
        "ndcg_at_10": ranked.ndcg_at_k(relevance, relevant, 10),
        "precision_at_1": ranked.precision_at_1(relevance),
        "r_precision": ranked.r_precision(relevance, relevant),
        "knn_accuracy": right,
    }


def _tied_beyond(
    similar: np.ndarray, values: np.ndarray, relevance: np.ndarray, codes: np.ndarray, label: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(b,) rows past the end of the list that are tied with its last one, and how many of them are relevant. values:
    (b, depth + 1) similarities of the list and of the next row. relevance: (b, depth). codes: (m,). label: (b,)."""
    beyond, relevant, depth = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64), relevance.shape[1]
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(values[:, depth - 1] - values[:, depth] <= ranked.TIE)
    tied = similar[rows] >= values[rows, depth - 1, None] - ranked.TIE
    beyond[rows] = tied.sum(axis=1) - depth
    relevant[rows] = (tied & (codes == label[rows, None])).sum(axis=1) - relevance[rows].sum(axis=1)
    return beyond, relevant


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
    return {
        "map_at_r": ranked.random_map_at_r(data.relevant, candidates, depth),
        "ndcg_at_10": ranked.random_ndcg(data.relevant, candidates, 10),
        "precision_at_1": precision,
        "r_precision": precision,
        "knn_accuracy": _chance_votes(data),
    }


def _chance_votes(data: LabelRows) -> np.ndarray:
    """The chances that the majority of NEAREST other rows at random is right, for all queries, or a sample where there
    are many labels. A query is not its own neighbor, nor are copies of its text."""
    labels, size = len(data.names), np.bincount(data.texts)
    by_text, past, every = np.argsort(data.texts, kind="stable"), np.cumsum(size), np.bincount(data.codes)
    values, none = [], np.zeros(labels, np.int64)
    for query in np.random.default_rng(data.seed).permutation(data.queries)[: max(CHANCE_CELLS // labels, 50)]:
        text = data.texts[query]
        copies = data.codes[by_text[past[text] - size[text] : past[text]]]
        others = every - np.bincount(copies, minlength=labels)
        values.append(vote_chance(int(data.codes[query]), none, others, NEAREST))
    return np.array(values)
