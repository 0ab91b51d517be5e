"""Chunk sizes compared fairly: the same texts split at several sizes, relevance by overlap with the evidence.

A larger chunk holds the evidence more easily, so the sizes are compared at an equal number of tokens, too. Shares of
evidence as in Smith and Troynikov (2024), "Evaluating Chunking Strategies for Retrieval".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.ask.documents import Evidence
from core.corpus.preprocess import Counter, passage_spans
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.stats.interval import ALPHA, Interval
from core.stats.multiple_testing import holm
from core.stats.resampling import SEED, mean_interval
from core.stats.significance import compare_means, pair_indices
from core.types import Progress
from core.vectors.index import exact_search

METRICS = ("budget_recall", "budget_precision", "recall", "answerable_rate", "mrr")
MAX_DEPTH = 200  # chunks that are ranked to fill the budget
Embed = Callable[[list[str], bool], np.ndarray]  # texts, whether they are questions -> (n, d) unit rows


@dataclass(frozen=True, eq=False)
class ChunkComparison:
    """Chunk sizes on the same questions.

    values: metric -> (s, q) float64 in [0, 1], higher is better. budget_recall: share of the evidence's characters in
    the best chunks up to `budget` tokens, the last one cut; budget_precision: share of those chunks' characters that
    are evidence; recall: share of the evidence in the first k chunks; answerable_rate: whether one of them overlaps it;
    mrr: 1 / rank of the first that does, 0 past k. chunks: (s,) how many; mean_tokens: (s,) of a chunk.
    """

    sizes: tuple[int, ...]
    k: int
    budget: int
    overlap: float
    questions: tuple[str, ...]
    values: dict[str, np.ndarray]
    chunks: np.ndarray
    mean_tokens: np.ndarray
    characters: int
    documents: int


@dataclass(frozen=True, eq=False)
class Chunks:
    """document, start, end, tokens: (m,) int64."""

    document: np.ndarray
    start: np.ndarray
    end: np.ndarray
    tokens: np.ndarray


def compare_chunk_sizes(
    texts: Sequence[str], questions: Sequence[str], evidence: Sequence[Sequence[Evidence]], sizes: Sequence[int], *,
    embed: Embed, count: Counter, k: int = 5, budget: int = 1_000, overlap: float = 0.0,
    progress: Progress | None = None,
) -> ChunkComparison:  # fmt: skip
    """Search the questions in texts split at each size (in tokens by `count`), by cosine. evidence: (text, start, end)
    of each question. Raises InputError for fewer than two sizes, and questions without evidence."""
    chosen = tuple(sorted(set(sizes)))
    if len(chosen) < 2 or not len(questions) or not all(len(spans) for spans in evidence):
        raise InputError("Comparing chunk sizes needs two sizes, and questions with evidence.", "Select more sizes.")
    vectors, values = embed(list(questions), True), []
    chunk_counts, mean_tokens = [], []
    for done, size in enumerate(chosen):
        chunks = split_texts(texts, size, overlap, count)
        parts = [texts[d][s:e] for d, s, e in zip(chunks.document, chunks.start, chunks.end, strict=True)]
        rows = embed(parts, False)
        ranked = exact_search(rows, vectors, min(MAX_DEPTH, len(rows)))[0]
        values.append([_score(ranked[i], chunks, evidence[i], k, budget) for i in range(len(questions))])
        chunk_counts.append(len(parts))
        mean_tokens.append(float(chunks.tokens.mean()))
        if progress:
            progress(done + 1, len(chosen))
    array = np.array(values, np.float64)
    return ChunkComparison(
        chosen, k, budget, overlap, tuple(questions), {name: array[:, :, i] for i, name in enumerate(METRICS)},
        np.array(chunk_counts), np.array(mean_tokens), sum(map(len, texts)), len(texts),
    )  # fmt: skip


def split_texts(texts: Sequence[str], size: int, overlap: float, count: Counter) -> Chunks:
    """The chunks of all texts that are not blank."""
    rows = [
        (number, start, end, count(text[start:end]))
        for number, text in enumerate(texts)
        for start, end in passage_spans(text, size, overlap, count)
        if text[start:end].strip()
    ]
    if not rows:
        raise InputError("The texts are empty.", "Choose another corpus.")
    return Chunks(*np.array(rows, np.int64).T)


def chunk_table(result: ChunkComparison, metric: str, seed: int = SEED) -> pd.DataFrame:
    """A row per size: means with 95% bootstrap intervals over questions, difference to the best size in `metric` with
    its interval and p (paired randomization test, Holm over the other sizes)."""
    units = distinct_texts(list(result.questions))[0]
    rows: list[dict[str, object]] = [
        {"size": size, "chunks": int(result.chunks[i]), "mean_tokens": float(result.mean_tokens[i])}
        for i, size in enumerate(result.sizes)
    ]
    for name, values in result.values.items():
        interval = mean_interval(values, units, seed, proportion=True)
        for i, row in enumerate(rows):
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), (float(part[i]) for part in interval), strict=True))
    evidence = compare_means(result.values[metric], units, "questions", seed)
    best = int(np.argmax(result.values[metric].mean(axis=1)))
    first, second = pair_indices(len(rows))
    pairs = np.flatnonzero((first == best) | (second == best))
    for pair, p_value in zip(pairs, holm(evidence.p_value[pairs]), strict=True):
        other, sign = (second[pair], -1) if first[pair] == best else (first[pair], 1)
        ends = Interval(*(sign * float(part[pair]) for part in evidence.differences))
        rows[other] |= {"difference": ends.value, "difference_low": min(ends[1:]), "difference_high": max(ends[1:])}
        rows[other] |= {"p_value": float(p_value), "significant": bool(p_value < ALPHA)}
    return pd.DataFrame(rows)


def _score(ranked: np.ndarray, chunks: Chunks, evidence: Sequence[Evidence], k: int, budget: int) -> tuple[float, ...]:
    """The METRICS of one question."""
    spans = [(int(chunks.document[i]), int(chunks.start[i]), int(chunks.end[i])) for i in ranked if i >= 0]
    relevant = [any(_overlaps(span, part) for part in evidence) for span in spans[:k]]
    first = relevant.index(True) + 1 if any(relevant) else 0
    within = _within_budget(spans, [int(chunks.tokens[i]) for i in ranked if i >= 0], budget)
    total = _covered(list(evidence), evidence)
    covered, size = _covered(within, evidence), _length(within)
    return (
        covered / total, covered / size if size else 0.0, _covered(spans[:k], evidence) / total, float(any(relevant)),
        1 / first if first else 0.0,
    )  # fmt: skip


def _within_budget(spans: Sequence[Evidence], tokens: Sequence[int], budget: int) -> list[Evidence]:
    """The first spans up to the budget; of the last one a beginning, in proportion to its tokens."""
    taken, left = [], budget
    for (number, start, end), size in zip(spans, tokens, strict=True):
        share = min(1.0, left / max(size, 1))
        taken.append((number, start, start + round((end - start) * share)))
        left -= size
        if left <= 0:
            break
    return taken


def _overlaps(one: Evidence, other: Evidence) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _covered(spans: Sequence[Evidence], evidence: Sequence[Evidence]) -> int:
    """Characters of the evidence that lie within the spans."""
    return sum(
        min(end, last) - max(start, first)
        for number, start, end in _merged(spans)
        for other, first, last in _merged(evidence)
        if _overlaps((number, start, end), (other, first, last))
    )


def _length(spans: Sequence[Evidence]) -> int:
    return sum(end - start for _, start, end in _merged(spans))


def _merged(spans: Sequence[Evidence]) -> list[Evidence]:
    """Disjoint spans that cover the same characters."""
    merged: list[Evidence] = []
    for number, start, end in sorted(spans):
        if merged and merged[-1][0] == number and start <= merged[-1][2]:
            merged[-1] = (number, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((number, start, end))
    return merged
