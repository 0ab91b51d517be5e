"""Fewer bits: what each way to keep vectors finds, what order it keeps, and how quickly."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from core.compression.latency import time_queries
from core.compression.quantizers import Store, store_count, stores
from core.compression.sample import Sample, Truth, all_threads, share_found
from core.types import Progress
from core.vectors.index_kinds import without_self

BLOCK = 50  # queries searched together, so that rescoring gathers few rows at a time


@dataclass(frozen=True, eq=False)
class BitRun:
    """names: (f,) ways to keep vectors, float32 first. bytes, beside: (f,) of one vector, searched and kept elsewhere.
    kept: (f, q) float32 shares of the ten nearest found; order: (f, q) float32 Kendall's tau-b of the exact 100
    nearest; p50, p95: (f,) milliseconds of one query; found: (f, q, k) int32 places."""

    names: tuple[str, ...]
    bytes: np.ndarray
    beside: np.ndarray
    kept: np.ndarray
    order: np.ndarray
    p50: np.ndarray
    p95: np.ndarray
    found: np.ndarray


def measure_bits(sample: Sample, truth: Truth, progress: Progress | None = None) -> BitRun:
    """Search every store for the queries, each itself left out."""
    queries = sample.asked
    made, shares, orders, found, times = [], [], [], [], []
    total = store_count(*sample.rows.shape)
    for store in stores(sample):
        places = _nearest(store, sample, queries)
        shares.append(share_found(sample.rows, queries, truth.scores[:, : sample.top], places))
        orders.append(order_kept(truth.scores, _scores(store, queries, truth.places)))
        times.append(time_queries(partial(store.search, k=sample.top), queries))
        found.append(places.astype(np.int32))
        made.append((store.name, store.bytes, store.beside))
        if progress:
            progress(len(made), total)
    names, sizes, beside = zip(*made, strict=True)
    p50, p95 = (np.array([getattr(time, name) for time in times]) for name in ("p50", "p95"))
    scores = (np.array(shares), np.array(orders))
    return BitRun(names, np.array(sizes), np.array(beside), *scores, p50, p95, np.array(found))


def order_kept(exact: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(q,) float32: Kendall's tau-b of two scorings (q, k) of the same rows, 1 for the same order, 0 for none in common
    and where either scores all alike."""
    from scipy.stats import kendalltau

    taus = [kendalltau(one, two).statistic for one, two in zip(exact, other, strict=True)]
    return np.nan_to_num(np.array(taus, np.float32))


def _nearest(store: Store, sample: Sample, queries: np.ndarray) -> np.ndarray:
    parts = []
    with all_threads():
        for start in range(0, len(queries), BLOCK):
            part = slice(start, start + BLOCK)
            places, scores = store.search(queries[part], sample.top + 1)
            parts.append(without_self(places, scores, sample.queries[part])[0])
    return np.concatenate(parts)


def _scores(store: Store, queries: np.ndarray, places: np.ndarray) -> np.ndarray:
    blocks = range(0, len(queries), BLOCK)
    return np.concatenate([store.scores(queries[at : at + BLOCK], places[at : at + BLOCK]) for at in blocks])
