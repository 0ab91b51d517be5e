"""Recall against latency of FAISS indexes, as ann-benchmarks draws it (Aumüller, Bernhardsson and Faithfull, 2020)."""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from core.compression.latency import time_queries
from core.compression.planner import index_bytes, list_count
from core.compression.sample import TOP, Sample, all_threads, share_found
from core.types import Progress
from core.vectors.index_kinds import EF_CONSTRUCTION, TRAINING_ROWS, Kind, parameters

LINKS = (16, 32)  # HNSW's M
WIDTHS = (10, 16, 32, 64, 128, 256, 512)  # HNSW's efSearch
LISTS = (1.0, 4.0)  # lists of IVF, times the root of the rows


@dataclass(frozen=True, eq=False)
class SweepRun:
    """One entry a measured setting, f in all, exact search first. kinds: "exact", "hnsw", "ivf". builds: HNSW's links
    or IVF's lists, 0 for exact. widths: efSearch or nprobe, 0 for exact. kept: (f, q) float32 shares of the ten nearest
    found; p50, p95: (f,) milliseconds of one query on one thread; seconds: (f,) building the index on all cores; bytes:
    (f,) vectors and index. rows: those indexed."""

    kinds: tuple[str, ...]
    builds: np.ndarray
    widths: np.ndarray
    kept: np.ndarray
    p50: np.ndarray
    p95: np.ndarray
    seconds: np.ndarray
    bytes: np.ndarray
    rows: int


def measure_indexes(sample: Sample, progress: Progress | None = None) -> SweepRun:
    """Exact search, HNSW and IVF with every setting. The queries, a tenth of the sample's rows up to 1,000, are left
    out of the index, as a person's queries are not in it either."""
    rows, queries = hold_out(sample)
    k = min(TOP, len(rows))
    exact = _search(build_flat(rows), "exact", 0, queries, k)[0]
    made, shares, timed = [], [], []
    plan = configurations(len(rows))
    for number, (kind, count) in enumerate(plan):
        started = time.perf_counter()
        index = build(kind, count, rows, sample.seed)
        seconds = time.perf_counter() - started
        for width in search_widths(kind, count):
            found = _search(index, kind, width, queries, k)[1]
            shares.append(share_found(rows, queries, exact, found))
            timed.append(time_queries(partial(_one, index, _settings(kind, width), k), queries))
            made.append((kind, count, width, seconds, index_bytes(kind, len(rows), rows.shape[1], count)))
        if progress:
            progress(number + 1, len(plan))
    kinds, *columns = zip(*made, strict=True)
    builds, widths, seconds_, sizes = (np.array(column) for column in columns)
    p50, p95 = (np.array([getattr(each, name) for each in timed]) for name in ("p50", "p95"))
    return SweepRun(kinds, builds, widths, np.array(shares), p50, p95, seconds_, sizes, len(rows))


def hold_out(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """The rows to be indexed, and those left out as queries: at most a tenth."""
    out = sample.queries[: max(1, len(sample.rows) // 10)]
    if len(sample.queries) > len(out):  # sorted places: spread over all rows
        out = np.random.default_rng(sample.seed).choice(sample.queries, len(out), replace=False)
    inside = np.ones(len(sample.rows), bool)
    inside[out] = False
    return np.ascontiguousarray(sample.rows[inside]), sample.rows[out]


def configurations(count: int) -> list[tuple[Kind, int]]:
    """Kinds of index with their links or lists."""
    lists = dict.fromkeys(list_count(count, times) for times in LISTS)
    return [("exact", 0), *(("hnsw", links) for links in LINKS), *(("ivf", list_) for list_ in lists)]


def search_widths(kind: Kind, count: int) -> list[int]:
    """efSearch of HNSW; probed lists of IVF, doubling from 1 to half of them; 0 for exact search."""
    if kind == "exact":
        return [0]
    if kind == "hnsw":
        return list(WIDTHS)
    return [2**i for i in range(20) if 2**i <= max(1, count // 2)]


def build_flat(rows: np.ndarray) -> Any:
    import faiss

    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return index


def build(kind: Kind, count: int, rows: np.ndarray, seed: int) -> Any:
    """A FAISS index by inner product, built on all cores. count: HNSW's links (M) or IVF's lists."""
    import faiss

    index: Any
    with all_threads():
        if kind == "exact":
            return build_flat(rows)
        if kind == "hnsw":
            index = faiss.IndexHNSWFlat(rows.shape[1], count, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = EF_CONSTRUCTION
        else:
            index = faiss.IndexIVFFlat(
                faiss.IndexFlatIP(rows.shape[1]), rows.shape[1], count, faiss.METRIC_INNER_PRODUCT
            )
            index.cp.seed, index.cp.min_points_per_centroid = seed + 1, 1
            most = TRAINING_ROWS * count
            drawn = np.random.default_rng(seed).choice(len(rows), min(len(rows), most), replace=False)
            index.train(rows[np.sort(drawn)])
        index.add(rows)
    return index


def _settings(kind: Kind, width: int) -> Any:
    return None if kind == "exact" else parameters(kind, width, None)


def _one(index: Any, settings: Any, k: int, query: np.ndarray) -> Any:
    return index.search(query, k, params=settings)


def _search(index: Any, kind: Kind, width: int, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    with all_threads():
        scores, places = index.search(queries, k, params=_settings(kind, width))
    return scores, places
