"""Which rows are searched and which are asked about, and the exact answers all else is measured by."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.vectors.index_kinds import DECIMALS, break_ties, without_self

MOST_ROWS = 100_000
QUERIES, FEWER_QUERIES, MANY_ROWS = 1000, 500, 30_000
LEAST_ROWS = 20
TOP, DEEP = 10, 100  # neighbors that should be found again, and those whose order should be kept


@dataclass(frozen=True, eq=False)
class Sample:
    """rows: (m, d) float32 unit rows, one a distinct text. ids: (m,) int64 their corpus rows. queries: (q,) int64
    places in `rows`. texts: distinct texts of the corpus, of which m were drawn with `seed`."""

    rows: np.ndarray
    ids: np.ndarray
    queries: np.ndarray
    texts: int
    seed: int

    @property
    def top(self) -> int:
        """How many neighbors are looked at: 10, or all others."""
        return min(TOP, len(self.rows) - 1)

    @property
    def asked(self) -> np.ndarray:
        """(q, d) float32: the queries."""
        return self.rows[self.queries]


@dataclass(frozen=True, eq=False)
class Truth:
    """Exact nearest others of the queries. places: (q, <= 100) int64 in the sample's rows, nearest first; scores: the
    same shape, float32 cosine, falling."""

    places: np.ndarray
    scores: np.ndarray


def draw_sample(
    rows: np.ndarray, groups: np.ndarray, seed: int = 0, most: int = MOST_ROWS, queries: int | None = None
) -> Sample:
    """A seeded sample of the distinct texts, each by its first row, and of these as queries.

    rows: (n, d) float32 unit rows; groups: (n,) codes of identical texts. Raises InputError for fewer than 20 texts.
    """
    first = np.unique(groups, return_index=True)[1]
    if len(first) < LEAST_ROWS:
        raise InputError(
            f"There are {len(first):,} different texts; {LEAST_ROWS} are needed to measure what compression loses.",
            "Bring in more rows.",
        )
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(first, most, replace=False) if len(first) > most else first).astype(np.int64)
    wanted = queries or (QUERIES if len(ids) <= MANY_ROWS else FEWER_QUERIES)
    asked = np.sort(rng.choice(len(ids), min(wanted, len(ids)), replace=False))
    return Sample(np.ascontiguousarray(rows[ids], dtype=np.float32), ids, asked, len(first), seed)


def exact_truth(sample: Sample) -> Truth:
    """The nearest other rows of each query by search of all rows."""
    found, scores = nearest_others(sample.rows, sample.queries, min(DEEP, len(sample.rows) - 1))
    return Truth(found, scores)


def nearest_others(rows: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (q, k) and dot products (q, k) of the rows nearest to those at `queries`, each itself left out."""
    import faiss

    with all_threads():
        scores, places = faiss.knn(rows[queries], rows, k + 1, metric=faiss.METRIC_INNER_PRODUCT)
    return without_self(*break_ties(places, scores), queries)


def share_found(rows: np.ndarray, queries: np.ndarray, exact: np.ndarray, found: np.ndarray) -> np.ndarray:
    """(q,) float32: the share of each query's k true nearest that are among those found, in [0, 1].

    rows: (m, d) that were searched for queries (q, d); exact: (q, k) their k highest cosines, falling; found: (q, k)
    places, below 0 for none. By cosine, so that equal neighbors count as equals, as ann-benchmarks does (Aumüller,
    Bernhardsson and Faithfull, 2020).
    """
    cosines = dot_products(rows, queries, np.maximum(found, 0))
    good = (cosines >= exact[:, -1:] - 2 * 10.0**-DECIMALS) & (found >= 0)
    return good.mean(axis=1, dtype=np.float32)


def dot_products(rows: np.ndarray, queries: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(q, k) float32: each query (q, d) with the rows at its places (q, k), block by block."""
    made = np.empty(places.shape, np.float32)
    block = max(1, 20_000_000 // max(1, places.shape[1] * rows.shape[1]))
    for start in range(0, len(places), block):
        part = slice(start, start + block)
        made[part] = np.einsum("qkd,qd->qk", rows[places[part]], queries[part])
    return made


@contextmanager
def all_threads() -> Iterator[None]:
    """FAISS searches on every core."""
    with _threads(os.cpu_count() or 1):
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """FAISS searches on one thread, as a single query does."""
    with _threads(1):
        yield


@contextmanager
def _threads(count: int) -> Iterator[None]:
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
