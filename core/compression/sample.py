"""The rows searched, the queries, and their exact neighbors; recall and quality by labels of others' neighbors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import InputError
from core.vectors.index_kinds import DECIMALS, break_ties, without_self

LabelMeasure = Literal["vote", "share", "first"]
MAX_ROWS = 100_000
QUERIES, QUERIES_OF_MANY_ROWS, MANY_ROWS = 1000, 500, 30_000
MIN_ROWS = 20
TOP, RANKED = 10, 100  # neighbors of recall, and of rank correlation
CORES = os.cpu_count() or 1


@dataclass(frozen=True, eq=False)
class Sample:
    """rows: (m, d) float32 unit rows, one a distinct text. ids: (m,) int64 their corpus rows. queries: (q,) int64
    positions in `rows`. texts: distinct texts of the corpus, of which m were drawn with `seed`."""

    rows: np.ndarray
    ids: np.ndarray
    queries: np.ndarray
    texts: int
    seed: int

    @property
    def top(self) -> int:
        """How many neighbors recall is measured on: 10, or all others."""
        return min(TOP, len(self.rows) - 1)

    @property
    def query_vectors(self) -> np.ndarray:
        """(q, d) float32: the queries."""
        return self.rows[self.queries]


@dataclass(frozen=True, eq=False)
class Truth:
    """Exact nearest others of the queries. rows: (q, <= 100) int64 positions in the sample, nearest first; scores: the
    same shape, float32 cosine, descending."""

    rows: np.ndarray
    scores: np.ndarray


def draw_sample(
    rows: np.ndarray, groups: np.ndarray, seed: int = 0, max_rows: int = MAX_ROWS, queries: int | None = None
) -> Sample:
    """A seeded sample of the distinct texts, each by its first row, and of these as queries.

    rows: (n, d) float32 unit rows; groups: (n,) codes of identical texts. Raises InputError for fewer than 20 texts.
    """
    first = np.unique(groups, return_index=True)[1]
    if len(first) < MIN_ROWS:
        raise InputError(
            f"There are {len(first):,} distinct texts; {MIN_ROWS} are needed to measure what compression loses.",
            "Add more rows.",
        )
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(first, max_rows, replace=False) if len(first) > max_rows else first).astype(np.int64)
    query_positions = np.sort(rng.choice(len(ids), min(queries or query_count(len(ids)), len(ids)), replace=False))
    return Sample(np.ascontiguousarray(rows[ids], dtype=np.float32), ids, query_positions, len(first), seed)


def query_count(rows: int) -> int:
    """Queries drawn from so many rows, if there are as many."""
    return QUERIES if rows <= MANY_ROWS else QUERIES_OF_MANY_ROWS


def exact_truth(sample: Sample) -> Truth:
    """The nearest other rows of each query by search of all rows."""
    positions, scores = nearest_others(sample.rows, sample.queries, min(RANKED, len(sample.rows) - 1))
    return Truth(positions, scores)


def nearest_others(rows: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions (q, k) and dot products (q, k) of the rows nearest to those at `queries`, each itself left out."""
    import faiss

    with threads(CORES):
        scores, positions = faiss.knn(rows[queries], rows, k + 1, metric=faiss.METRIC_INNER_PRODUCT)
    return without_self(*break_ties(positions, scores), queries)


def recall(rows: np.ndarray, queries: np.ndarray, exact: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(q,) float32: the share of each query's k true nearest that are found, in [0, 1].

    rows: (m, d) that were searched for queries (q, d); exact: (q, k) their k highest cosines, descending; positions:
    (q, k), below 0 for none. By cosine, so that equal neighbors count as equals, as ann-benchmarks does (Aumüller,
    Bernhardsson and Faithfull, 2020).
    """
    cosines = dot_products(rows, queries, np.maximum(positions, 0))
    good = (cosines >= exact[:, -1:] - 2 * 10.0**-DECIMALS) & (positions >= 0)
    return good.mean(axis=1, dtype=np.float32)


def dot_products(rows: np.ndarray, queries: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(q, k) float32: each query (q, d) with the rows at its positions (q, k), block by block."""
    products = np.empty(positions.shape, np.float32)
    block = max(1, 20_000_000 // max(1, positions.shape[1] * rows.shape[1]))
    for start in range(0, len(positions), block):
        part = slice(start, start + block)
        products[part] = np.einsum("qkd,qd->qk", rows[positions[part]], queries[part])
    return products


def label_scores(codes: np.ndarray, queries: np.ndarray, neighbors: np.ndarray, measure: LabelMeasure) -> np.ndarray:
    """(q,) float32 in [0, 1], higher is better.

    codes: (n,) labels of the corpus' rows, below 0 for none; queries: (q,) rows with a label; neighbors: (q, k) rows,
    nearest first, none of them the query or a copy of it. vote: 1 where most neighbors have the query's label (kNN
    accuracy; where labels tie, the nearest decides). share: neighbors with the query's label (precision at k); those
    without a label count as others. first: 1 where the nearest has it (precision at 1).
    """
    labels, near = codes[queries], np.where(neighbors >= 0, codes[np.maximum(neighbors, 0)], -1)
    if measure == "first":
        return (near[:, 0] == labels).astype(np.float32)
    if measure == "share":
        return (near == labels[:, None]).mean(axis=1, dtype=np.float32)
    votes = (near[:, :, None] == near[:, None, :]).sum(axis=2) * (near >= 0)
    elected = near[np.arange(len(near)), votes.argmax(axis=1)]
    return (elected == labels).astype(np.float32)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """FAISS searches on so many threads."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
