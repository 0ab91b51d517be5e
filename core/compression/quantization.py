"""Quantization: recall, rank correlation and latency of vectors stored in fewer bits, searched with FAISS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import numpy as np

from core.compression.index_sweep import time_queries
from core.compression.sample import CORES, TOP, Sample, Truth, recall, threads
from core.types import Progress
from core.vectors.index_kinds import without_self

Search = Callable[..., tuple[np.ndarray, np.ndarray]]
"""(q, d) float32 queries and k -> positions (q, k) and scores (q, k), higher is nearer."""
Scores = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(q, d) float32 queries and positions (q, k) -> scores (q, k) of these, by the quantized vectors."""
CODES = 256  # of each part of a product quantizer
PQ_TRAINING_ROWS = 10_000  # of a product quantizer: 39 per code, as FAISS asks for
MIN_PQ_TEXTS = 10 * CODES
OVERSAMPLING = (2, 4, 10)
PARTS = (4, 8, 16)  # dimensions of each part of a product quantizer
NOT_RESCORED_OFFSET = 10.0  # puts rows that were not rescored after those that were
BLOCK = 50  # queries searched together, so that rescoring gathers few rows at a time


@dataclass(frozen=True, eq=False)
class Quantizer:
    """bytes: of one vector, for the search itself; rescoring_bytes: of one stored elsewhere for rescoring."""

    name: str
    bytes: int
    search: Search
    scores: Scores
    rescoring_bytes: int = 0


@dataclass(frozen=True, eq=False)
class QuantizationRun:
    """names: (f,) quantizations, float32 first. bytes, rescoring_bytes: (f,) of one vector, searched and stored for
    rescoring. recall: (f, q) float32 shares of the ten nearest found; rank_correlation: (f, q) float32 Kendall's tau-b
    of the exact 100 nearest; p50, p95: (f,) milliseconds of one query; neighbors: (f, q, k) int32 positions."""

    names: tuple[str, ...]
    bytes: np.ndarray
    rescoring_bytes: np.ndarray
    recall: np.ndarray
    rank_correlation: np.ndarray
    p50: np.ndarray
    p95: np.ndarray
    neighbors: np.ndarray


def measure_quantization(sample: Sample, truth: Truth, progress: Progress | None = None) -> QuantizationRun:
    """Search with every quantizer for the queries, each excluded from its own results."""
    queries = sample.query_vectors
    rows, shares, orders, neighbors, times = [], [], [], [], []
    total = quantizer_count(*sample.rows.shape)
    for quantizer in quantizers(sample):
        nearest = _nearest(quantizer, sample, queries)
        shares.append(recall(sample.rows, queries, truth.scores[:, : sample.top], nearest))
        orders.append(rank_correlations(truth.scores, _scores(quantizer, queries, truth.rows)))
        times.append(time_queries(partial(quantizer.search, k=sample.top), queries))
        neighbors.append(nearest.astype(np.int32))
        rows.append((quantizer.name, quantizer.bytes, quantizer.rescoring_bytes))
        if progress:
            progress(len(rows), total)
    names, sizes, rescoring_bytes = zip(*rows, strict=True)
    p50, p95 = (np.array([getattr(time, name) for time in times]) for name in ("p50", "p95"))
    scores = (np.array(shares), np.array(orders))
    return QuantizationRun(names, np.array(sizes), np.array(rescoring_bytes), *scores, p50, p95, np.array(neighbors))


def rank_correlations(exact: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(q,) float32: Kendall's tau-b of two scorings (q, k) of the same rows, 1 for the same order, 0 for unrelated
    ones and where all scores of one are equal."""
    from scipy.stats import kendalltau

    taus = [kendalltau(one, two).statistic for one, two in zip(exact, other, strict=True)]
    return np.nan_to_num(np.array(taus, np.float32))


def _nearest(quantizer: Quantizer, sample: Sample, queries: np.ndarray) -> np.ndarray:
    parts = []
    with threads(CORES):
        for start in range(0, len(queries), BLOCK):
            part = slice(start, start + BLOCK)
            positions, scores = quantizer.search(queries[part], sample.top + 1)
            parts.append(without_self(positions, scores, sample.queries[part])[0])
    return np.concatenate(parts)


def _scores(quantizer: Quantizer, queries: np.ndarray, positions: np.ndarray) -> np.ndarray:
    blocks = range(0, len(queries), BLOCK)
    return np.concatenate([quantizer.scores(queries[at : at + BLOCK], positions[at : at + BLOCK]) for at in blocks])


def quantizers(sample: Sample) -> Iterator[Quantizer]:
    """float32, float16, int8, product quantization, binary, and binary with rescoring, one after another.

    int8: 256 steps between each dimension's minimum and maximum, as sentence_transformers.quantization.
    Product quantization (Jégou, Douze and Schmid, 2011) with 256 codes per part, trained on up to 10,000 of the rows,
    where there are at least 2,560. Binary: signs alone; rescoring (Yamada, Asai and Hajishirzi, 2021) takes k times as
    many by their signs and orders them by the float32 vectors.
    """
    import faiss

    rows, width = sample.rows, sample.rows.shape[1]
    yield _plain("float32", faiss.IndexFlatIP(width), rows)
    for name, kind in (("float16", faiss.ScalarQuantizer.QT_fp16), ("int8", faiss.ScalarQuantizer.QT_8bit)):
        yield _plain(name, faiss.IndexScalarQuantizer(width, kind, faiss.METRIC_INNER_PRODUCT), rows)
    if len(rows) >= MIN_PQ_TEXTS:
        for parts in part_counts(width):
            yield _plain(f"PQ, {parts} bytes", _quantizer(width, parts), rows)
    signs = _signs(rows)
    yield signs
    for times in OVERSAMPLING:
        yield _rescored(rows, signs, times)


def quantizer_count(count: int, width: int) -> int:
    """How many `quantizers` gives."""
    return 4 + len(OVERSAMPLING) + (len(part_counts(width)) if count >= MIN_PQ_TEXTS else 0)


def part_counts(width: int) -> list[int]:
    """Numbers of parts of a product quantizer, most first; the last part is filled up with zeros."""
    return list(dict.fromkeys(ceil(width / size) for size in PARTS if size < width))


def _quantizer(width: int, parts: int) -> Any:
    """It takes vectors of any width: zeros fill up what the parts do not divide, which changes no inner product."""
    import faiss

    full = parts * ceil(width / parts)
    index: Any = faiss.IndexPQ(full, parts, 8, faiss.METRIC_INNER_PRODUCT)
    index.pq.cp.niter, index.pq.cp.min_points_per_centroid = 10, 1  # more rounds cost time and change little
    if full == width:
        return index
    filled: Any = faiss.RemapDimensionsTransform  # its stub knows but one of two signatures
    return faiss.IndexPreTransform(filled(width, full, False), index)


def _plain(name: str, index: Any, rows: np.ndarray) -> Quantizer:
    if not index.is_trained:
        drawn = np.random.default_rng(0).choice(len(rows), min(len(rows), PQ_TRAINING_ROWS), replace=False)
        index.train(rows[np.sort(drawn)])
    index.add(rows)

    def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        scores, positions = index.search(queries, k)
        return positions, scores

    def scores(queries: np.ndarray, positions: np.ndarray) -> np.ndarray:
        pairs = zip(np.ascontiguousarray(positions, np.int64), queries, strict=True)
        return np.stack([np.asarray(index.reconstruct_batch(at)) @ query for at, query in pairs])

    return Quantizer(name, int(index.sa_code_size()), search, scores)


def _signs(rows: np.ndarray) -> Quantizer:
    """Similarity is 1 - 2h / d of the Hamming distance h, the cosine of the signs."""
    import faiss

    width = rows.shape[1]
    codes = pack_signs(rows)
    index = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    index.add(codes)

    def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        distances, positions = index.search(pack_signs(queries), k)
        return positions, 1 - 2 * distances.astype(np.float32) / width

    def scores(queries: np.ndarray, positions: np.ndarray) -> np.ndarray:
        distances = np.bitwise_count(codes[positions] ^ pack_signs(queries)[:, None]).sum(axis=2)
        return (1 - 2 * distances / width).astype(np.float32)

    return Quantizer("binary", codes.shape[1], search, scores)


def pack_signs(rows: np.ndarray) -> np.ndarray:
    """(n, ceil(d / 8)) uint8: one bit a dimension, set where the number is above 0."""
    return np.packbits(rows > 0, axis=1)


def _rescored(rows: np.ndarray, signs: Quantizer, times: int) -> Quantizer:
    def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        taken = signs.search(queries, min(times * k, len(rows)))[0]
        exact = np.einsum("qkd,qd->qk", rows[taken], queries)
        order = np.argsort(-exact, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(taken, order, axis=1), np.take_along_axis(exact, order, axis=1)

    def scores(queries: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Candidates by exact cosine, the others behind them by their signs."""
        taken = signs.search(queries, min(times * TOP, len(rows)))[0]
        rough = signs.scores(queries, positions)
        exact = np.stack([rows[at] @ query for at, query in zip(positions, queries, strict=True)])
        among = np.stack([np.isin(at, near) for at, near in zip(positions, taken, strict=True)])
        return np.where(among, exact, rough - NOT_RESCORED_OFFSET)

    return Quantizer(f"binary, rescored {times}x", signs.bytes, search, scores, rows.shape[1] * 4)
