"""Search over a corpus's vectors: exact, or by a quantized index, with filters, saved and loaded."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, StorageError
from core.files import file_checksum, read_json, replacing, storage_errors, write_json
from core.results import no_progress
from core.types import IndexFacts, Progress, Vectors, unit_rows
from core.vectors.index_kinds import break_ties, faiss_threads, select_index
from core.vectors.quantized_index import search_quantized_index

BLOCK = 65_536
EXACT_SEARCH_ROWS = 20_000  # allowed rows up to which exact search is quicker and safer than a filtered graph
MAX_WIDENING = 16  # by which factor a filtered search may be widened


class Index:
    """Retrieves the rows nearest to a query by cosine. Created by `build_index`.

    rows: (n, d) float32 unit rows, never copied, so a memory-mapped file serves. faiss_index: None where searches are
    exact. width: lists that are searched, and candidates that are scored exactly.
    """

    def __init__(
        self, rows: np.ndarray, facts: IndexFacts, index: Any = None, width: tuple[int, int] = (0, 0), digest: str = ""
    ) -> None:
        self.rows, self.facts, self.faiss_index, self._width, self._digest = rows, facts, index, width, digest

    def search(self, queries: np.ndarray, k: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows of each query, nearest first.

        queries: (q, d) numbers, scaled to unit length here. rows: row ids or a boolean mask (n,) of the rows
        searched. Returns ids (q, k') int64 and scores (q, k') float32 cosine in [-1, 1], falling, ties by rising id;
        k' = min(k, rows allowed). Raises InputError for NaN, zero and infinite queries, other dimensions, and row ids
        out of range.
        """
        queries = _validated_queries(queries, self.rows.shape[1])
        allowed = None if rows is None else allowed_rows(rows, len(self.rows))
        k = max(0, min(k, len(self.rows) if allowed is None else len(allowed)))
        if k == 0 or len(queries) == 0:
            return np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
        if self.faiss_index is None or (allowed is not None and len(allowed) <= EXACT_SEARCH_ROWS):
            return exact_search(self.rows, queries, k, allowed)
        return self._approximate(queries, k, allowed)

    def _approximate(self, queries: np.ndarray, k: int, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        rarity = 1.0 if allowed is None else len(self.rows) / len(allowed)
        probes, candidates = self._width
        probes, mask = int(probes * min(rarity, MAX_WIDENING)), None
        if allowed is not None:
            mask = np.zeros(len(self.rows), dtype=bool)
            mask[allowed] = True
        with faiss_threads(1 if len(queries) == 1 else None):  # more threads would double one query's time
            scores, ids = search_quantized_index(self.faiss_index, self.rows, queries, k, probes, candidates, mask)
        short = np.flatnonzero((ids < 0).any(axis=1))
        ids, scores = break_ties(ids, scores)
        if len(short):  # fewer than k came within reach
            ids[short], scores[short] = exact_search(self.rows, queries[short], k, allowed)
        return ids, scores

    def save(self, path: Path) -> None:
        """Write facts to `path`.json and, unless exact, the index to `path`.faiss, atomically. Raises StorageError."""
        record: dict[str, Any] = {"facts": asdict(self.facts), "width": self._width, "digest": self._digest}
        if self.faiss_index is not None:
            import faiss

            with replacing(path.with_name(f"{path.name}.faiss")) as temporary:
                try:
                    faiss.write_index(self.faiss_index, str(temporary))
                except RuntimeError as error:
                    raise OSError(str(error)) from error
            with storage_errors(path.parent):
                record["index"] = file_checksum(path.with_name(f"{path.name}.faiss"))
        write_json(path.with_name(f"{path.name}.json"), record)

    @classmethod
    def load(cls, path: Path, vectors: Vectors) -> "Index":
        """The index saved under `path`. Raises StorageError where it is absent, broken or of other vectors."""
        try:
            record = read_json(path.with_name(f"{path.name}.json"))
            facts = IndexFacts(**record["facts"])
            file = path.with_name(f"{path.name}.faiss")
            index = None if facts.kind == "exact" else _read(file, vectors, record.get("index"))
            if record["digest"] != vectors.digest or facts.rows != len(vectors):
                raise ValueError("made from other vectors")
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"The search index {path.name} can't be used ({error}).", "Build it again.") from error
        return cls(vectors.rows, facts, index, (int(record["width"][0]), int(record["width"][1])), vectors.digest)


def build_index(
    vectors: Vectors, *, budget_ms: float = 8.0, min_recall: float = 0.99, seed: int = 0, kind: str = "auto",
    progress: Progress = no_progress,
) -> Index:  # fmt: skip
    """The simplest index that answers within `budget_ms` with recall@10 of at least `min_recall`, as measured here.

    auto: exact while its median latency of one query on one thread meets the budget; else IVF over quantized rows,
    searched as widely as the recall needs; where it misses a limit, `facts.description` says so. exact, ivf_pq: that
    one, but exact below 16 rows. Queries are rows drawn with `seed` and perturbed a little. progress counts rows added
    to the index. Raises InputError for another kind and for no rows.
    """
    if kind not in ("auto", "exact", "ivf_pq"):
        raise InputError(f"There is no index called {kind!r}.", "Choose auto, exact or ivf_pq.")
    if not len(vectors):
        raise InputError("There are no rows to search.")
    facts, index, width = select_index(vectors.rows, kind, budget_ms, min_recall, seed, progress)
    return Index(vectors.rows, facts, index, width, vectors.digest)


def exact_search(
    rows: np.ndarray, queries: np.ndarray, k: int, allowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ids (q, k) int64 and scores (q, k) float32 by search of every allowed row; queries are unit rows."""
    import faiss

    if allowed is not None and len(allowed) > EXACT_SEARCH_ROWS:
        return _masked_search(rows, queries, k, allowed)
    pool = rows if allowed is None else rows[allowed]
    with faiss_threads(1 if len(queries) == 1 else None):  # more threads would double one query's time
        scores, ids = faiss.knn(queries, pool, k, metric=faiss.METRIC_INNER_PRODUCT)
    return break_ties(ids if allowed is None else allowed[ids], scores)


def _masked_search(rows: np.ndarray, queries: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores every row and selects among the allowed ones: quicker than copying many rows."""
    ids, scores = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    for i, query in enumerate(queries):
        allowed_scores = similarities(rows, query)[allowed]
        best = np.argpartition(allowed_scores, len(allowed_scores) - k)[len(allowed_scores) - k :]
        best = best[np.argsort(-allowed_scores[best], kind="stable")]
        ids[i], scores[i] = allowed[best], allowed_scores[best]
    return break_ties(ids, scores)


def similarities(rows: np.ndarray, query: np.ndarray) -> np.ndarray:
    """(n,) float32 cosine of one query (d,) with every row (n, d), block by block, for memory-mapped rows too."""
    query = _validated_queries(np.atleast_2d(query), rows.shape[1])[0]
    parts = [rows[start : start + BLOCK] @ query for start in range(0, len(rows), BLOCK)]
    return np.clip(np.concatenate([np.empty(0, np.float32), *parts]), -1, 1)


def allowed_rows(rows: np.ndarray, n: int) -> np.ndarray:
    """Sorted distinct ids (int64) from ids or a boolean mask (n,). Raises InputError where they don't fit n rows."""
    rows = np.asarray(rows)
    if rows.dtype == bool:
        if rows.shape != (n,):
            raise InputError(f"The filter covers {rows.size:,} rows, the corpus has {n:,}.")
        return np.flatnonzero(rows)
    ids = np.unique(rows.astype(np.int64))
    if len(ids) and (ids[0] < 0 or ids[-1] >= n):
        raise InputError(f"Row {ids[0] if ids[0] < 0 else ids[-1]:,} is not among the {n:,} rows of the corpus.")
    return ids


def _validated_queries(queries: np.ndarray, dims: int) -> np.ndarray:
    queries = unit_rows(queries)
    if queries.shape[1] != dims:
        message = f"The query has {queries.shape[1]:,} dimensions, the corpus {dims:,}."
        raise InputError(message, "Embed the query with the model that embedded the corpus.")
    return np.ascontiguousarray(queries)


def _read(path: Path, vectors: Vectors, checksum: str | None) -> Any:
    """checksum: None where the index was saved by an earlier version."""
    import faiss

    if checksum not in (None, file_checksum(path)):
        raise ValueError("its checksum is another one")
    index = faiss.read_index(str(path))
    if (index.ntotal, index.d) != vectors.rows.shape:
        raise ValueError(f"it holds {index.ntotal:,} x {index.d:,}, not {len(vectors):,} x {vectors.rows.shape[1]:,}")
    return index
