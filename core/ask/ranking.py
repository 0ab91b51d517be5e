"""The metrics of ranked passages for questions with graded passages. Copies of a text count as one passage."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.stats.ranking_metrics import graded_ndcg_at_k, recall_at_k, reciprocal_rank

METRICS = ("recall", "mrr", "ndcg", "answerable_rate")
Grades = Mapping[int, float]  # row -> grade above 0


def gains_of(ranked: np.ndarray, codes: np.ndarray, grades: Sequence[Grades]) -> tuple[np.ndarray, np.ndarray]:
    """Gains of ranked rows (q, depth) int, -1 past the end: (q, depth) float64; and the grades of each question's
    distinct relevant passages, descending, padded with 0: (q, m). codes: (n,) of equal texts. grades: q, none empty."""
    by_code = [_code_grades(codes, of_question) for of_question in grades]
    ideal = np.zeros((len(by_code), max(ranked.shape[1], *(len(passages) for passages in by_code))))
    gains = np.zeros(ranked.shape)
    for i, passages in enumerate(by_code):
        ideal[i, : len(passages)] = sorted(passages.values(), reverse=True)
        gains[i] = [passages.get(int(codes[row]), 0.0) if row >= 0 else 0.0 for row in ranked[i]]
    return gains, ideal


def metric_values(gains: np.ndarray, ideal: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Metric -> (q,) float64 in [0, 1], higher is better: recall@k, reciprocal rank (0 past rank k), nDCG@k by grade,
    and whether a relevant passage is among the first k (answerable_rate)."""
    hits = gains > 0
    if hits.shape[1] < k:
        hits = np.pad(hits, ((0, 0), (0, k - hits.shape[1])))
        gains = np.pad(gains, ((0, 0), (0, k - gains.shape[1])))
    if ideal.shape[1] < k:
        ideal = np.pad(ideal, ((0, 0), (0, k - ideal.shape[1])))
    values = (
        recall_at_k(hits, (ideal > 0).sum(axis=1), k), reciprocal_rank(hits, k), graded_ndcg_at_k(gains, ideal, k),
        hits[:, :k].any(axis=1),
    )  # fmt: skip
    return {name: np.asarray(part, np.float64) for name, part in zip(METRICS, values, strict=True)}


def _code_grades(codes: np.ndarray, grades: Grades) -> dict[int, float]:
    result: dict[int, float] = {}
    for row, grade in grades.items():
        code = int(codes[row])
        result[code] = max(float(grade), result.get(code, 0.0))
    return result
