"""Recall against latency of FAISS indexes, as in ann-benchmarks (Aumüller, Bernhardsson and Faithfull, 2020), the
fastest setting with a target recall, and the code that makes it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from core.compression.planner import index_bytes, list_count
from core.compression.sample import CORES, TOP, Sample, recall, threads
from core.types import Progress
from core.vectors.index_kinds import EF_CONSTRUCTION, TRAINING_ROWS, Kind, parameters

TIMED_QUERIES, WARM_UP_QUERIES = 150, 5
MAX_SECONDS = 3.0  # a slow search is timed with fewer queries
LINKS = (16, 32)  # HNSW's M
WIDTHS = (10, 16, 32, 64, 128, 256, 512)  # HNSW's efSearch
LISTS = (1.0, 4.0)  # lists of IVF, times the root of the rows
WORTHWHILE_SHARE = 2 / 3  # of exact search's time: a slower index is not worth what it misses


@dataclass(frozen=True)
class Setting:
    """A measured index setting. build: HNSW's links or IVF's lists; width: efSearch or nprobe; recall, low: mean
    recall@10 and the lower bound of its 95% interval; p50: milliseconds of one query."""

    kind: Kind
    build: int
    width: int
    recall: float
    low: float
    p50: float

    @property
    def name(self) -> str:
        if self.kind == "hnsw":
            return f"HNSW, {self.build} links per row, efSearch {self.width}"
        if self.kind == "ivf":
            return f"IVF, {self.width:,} of {self.build:,} lists searched"
        return "Exact search"


@dataclass(frozen=True, eq=False)
class SweepRun:
    """One entry per measured setting, f in all, exact search first. kinds: "exact", "hnsw", "ivf". builds: HNSW's links
    or IVF's lists, 0 for exact. widths: efSearch or nprobe, 0 for exact. recall: (f, q) float32 shares of the ten
    nearest found; p50, p95: (f,) milliseconds of one query on one thread; seconds: (f,) building the index on all
    cores; bytes: (f,) vectors and index. rows: those indexed."""

    kinds: tuple[str, ...]
    builds: np.ndarray
    widths: np.ndarray
    recall: np.ndarray
    p50: np.ndarray
    p95: np.ndarray
    seconds: np.ndarray
    bytes: np.ndarray
    rows: int


@dataclass(frozen=True)
class Latency:
    """Milliseconds of single queries on one thread; timed: how many."""

    p50: float
    p95: float
    timed: int


def measure_indexes(sample: Sample, progress: Progress | None = None) -> SweepRun:
    """Exact search, HNSW and IVF with every setting. The queries, a tenth of the sample's rows up to 1,000, are left
    out of the index, as real queries are not in it either."""
    rows, queries = hold_out(sample)
    k = min(TOP, len(rows))
    exact = _search(build("exact", 0, rows, sample.seed), "exact", 0, queries, k)[0]
    settings, shares, timed = [], [], []
    plan = configurations(len(rows))
    for number, (kind, count) in enumerate(plan):
        started = time.perf_counter()
        index = build(kind, count, rows, sample.seed)
        seconds = time.perf_counter() - started
        for width in search_widths(kind, count):
            nearest = _search(index, kind, width, queries, k)[1]
            shares.append(recall(rows, queries, exact, nearest))
            timed.append(time_queries(partial(index.search, k=k, params=_settings(kind, width)), queries))
            settings.append((kind, count, width, seconds, index_bytes(kind, len(rows), rows.shape[1], count)))
        if progress:
            progress(number + 1, len(plan))
    kinds, *columns = zip(*settings, strict=True)
    builds, widths, seconds_, sizes = (np.array(column) for column in columns)
    p50, p95 = (np.array([getattr(latency, name) for latency in timed]) for name in ("p50", "p95"))
    return SweepRun(kinds, builds, widths, np.array(shares), p50, p95, seconds_, sizes, len(rows))


def fastest_setting(settings: Sequence[Setting], target: float) -> Setting:
    """The setting with the lowest median time among those whose recall reaches the target at the lower end of its
    interval. Exact search where none of these saves a third of its time."""
    exact = next(setting for setting in settings if setting.kind == "exact")
    accurate = [setting for setting in settings if setting.low >= target - 1e-9]
    fast = [setting for setting in accurate if setting.p50 <= WORTHWHILE_SHARE * exact.p50]
    return min(fast, key=lambda setting: setting.p50, default=exact)


def index_code(setting: Setting, width: int) -> str:
    """Python that builds the index with FAISS from vectors.npy (rows, width) and searches it; it runs unchanged."""
    build = [f"index = faiss.IndexFlatIP({width})"]
    search: list[str] = []
    if setting.kind == "hnsw":
        build = [f"index = faiss.IndexHNSWFlat({width}, {setting.build}, faiss.METRIC_INNER_PRODUCT)"]
        build.append(f"index.hnsw.efConstruction = {EF_CONSTRUCTION}")
        search = [f"index.hnsw.efSearch = {setting.width}"]
    elif setting.kind == "ivf":
        build = [f"centers = faiss.IndexFlatIP({width})"]
        build.append(f"index = faiss.IndexIVFFlat(centers, {width}, {setting.build}, faiss.METRIC_INNER_PRODUCT)")
        build.append("index.train(vectors)")
        search = [f"index.nprobe = {setting.width}"]
    lines = [
        "import faiss",
        "import numpy as np",
        "",
        f'vectors = np.ascontiguousarray(np.load("vectors.npy"), dtype="float32")  # (rows, {width})',
        "faiss.normalize_L2(vectors)  # so that the inner product is the cosine",
        *build,
        "index.add(vectors)",
        *search,
        "scores, rows = index.search(vectors[:5], 10)  # your queries, normalized as well",
    ]
    return "\n".join(lines)


def hold_out(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """The rows to be indexed, and those left out as queries: at most a tenth."""
    out = sample.queries[: max(1, len(sample.rows) // 10)]
    if len(sample.queries) > len(out):  # sorted positions: spread over all rows
        out = np.random.default_rng(sample.seed).choice(sample.queries, len(out), replace=False)
    inside = np.ones(len(sample.rows), bool)
    inside[out] = False
    return np.ascontiguousarray(sample.rows[inside]), sample.rows[out]


def configurations(count: int) -> list[tuple[Kind, int]]:
    """Kinds of index with their links or lists."""
    lists = dict.fromkeys(list_count(count, times) for times in LISTS)
    return [("exact", 0), *(("hnsw", links) for links in LINKS), *(("ivf", list_) for list_ in lists)]


def search_widths(kind: Kind, count: int) -> Sequence[int]:
    """efSearch of HNSW; probed lists of IVF, doubling from 1 to half of them; 0 for exact search."""
    if kind == "ivf":
        return [2**i for i in range(20) if 2**i <= max(1, count // 2)]
    return WIDTHS if kind == "hnsw" else (0,)


def build(kind: Kind, count: int, rows: np.ndarray, seed: int) -> Any:
    """A FAISS index by inner product, built on all cores. count: HNSW's links (M) or IVF's lists."""
    import faiss

    width, metric = rows.shape[1], faiss.METRIC_INNER_PRODUCT
    index: Any = faiss.IndexFlatIP(width)
    with threads(CORES):
        if kind == "hnsw":
            index = faiss.IndexHNSWFlat(width, count, metric)
            index.hnsw.efConstruction = EF_CONSTRUCTION
        elif kind == "ivf":
            index = faiss.IndexIVFFlat(index, width, count, metric)
            index.cp.seed, index.cp.min_points_per_centroid = seed + 1, 1
            drawn = np.random.default_rng(seed).choice(len(rows), min(len(rows), TRAINING_ROWS * count), replace=False)
            index.train(rows[np.sort(drawn)])
        index.add(rows)
    return index


def _settings(kind: Kind, width: int) -> Any:
    return None if kind == "exact" else parameters(kind, width, None)


def _search(index: Any, kind: Kind, width: int, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    with threads(CORES):
        scores, nearest = index.search(queries, k, params=_settings(kind, width))
    return scores, nearest


def time_queries(search: Callable[[np.ndarray], Any], queries: np.ndarray) -> Latency:
    """Search with queries (q, d) one at a time, up to 150 of them or three seconds, the first five left out."""
    times: list[float] = []
    with threads(1):
        started = time.perf_counter()
        for number in range(TIMED_QUERIES + WARM_UP_QUERIES):
            query = queries[number % len(queries)][None]
            before = time.perf_counter()
            search(query)
            after = time.perf_counter()
            times.append(after - before)
            if after - started > MAX_SECONDS and number > WARM_UP_QUERIES:
                break
    milliseconds = np.array(times[WARM_UP_QUERIES:]) * 1000
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return Latency(float(p50), float(p95), len(milliseconds))
