"""IVF over rows of 4-bit product-quantized codes, whose candidates are scored exactly (fast scan; André et al. 2015,
Douze et al. 2024). The index holds half a byte for two dimensions; the rows themselves can stay on disk."""

from collections.abc import Callable
from typing import Any

import numpy as np

TRAINING_ROWS = 40  # per list of an IVF index
MIN_ROWS = 16  # the values of a code
LISTS = 1.5  # times the root of the rows: fewer take less training, and more time to search
ADD_BLOCK = 8192
CANDIDATES_PER_HIT = 4  # at least, where many hits are requested


def train_quantized_index(rows: np.ndarray, seed: int) -> Any:
    """An empty FAISS index by inner product, trained on a sample of rows (n, d) float32: two dimensions a code of 4
    bits."""
    import faiss

    n, d = rows.shape
    lists = max(1, min(int(LISTS * n**0.5), n // 39))  # FAISS requires 39 training rows per list
    codes = d // 2 if d % 2 == 0 else d
    index: Any = faiss.IndexIVFPQFastScan(faiss.IndexFlatIP(d), d, lists, codes, 4, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter, index.pq.cp.niter = seed, 6, 5  # more rounds of k-means don't raise recall
    drawn = np.random.default_rng(seed).choice(n, min(n, TRAINING_ROWS * lists), replace=False)
    index.train(rows[np.sort(drawn)])
    return index


def build_quantized_index(rows: np.ndarray, seed: int, added: Callable[[int], None] = lambda _: None) -> Any:
    """A FAISS index of rows (n, d) float32 by inner product. added is called with the count of rows in it.

    Memory: the training sample (40 rows a list) and the codes.
    """
    index = train_quantized_index(rows, seed)
    for start in range(0, len(rows), ADD_BLOCK):
        index.add(np.ascontiguousarray(rows[start : start + ADD_BLOCK]))
        added(index.ntotal)
    return index


def search_quantized_index(
    index: Any, rows: np.ndarray, queries: np.ndarray, k: int, probes: int, candidates: int,
    allowed: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Scores (q, k) float32, falling, and ids (q, k) int64, -1 where fewer rows came within reach.

    rows: (n, d) those of the index. probes: lists that are searched; candidates: rows scored exactly, at least 4 for
    each hit. allowed: bool (n,), rows that may be found.
    """
    import faiss

    untyped: Any = faiss  # its stubs lack these classes' arguments
    selector = {} if allowed is None else {"sel": untyped.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))}
    settings = untyped.SearchParametersIVF(nprobe=min(probes, index.nlist), **selector)
    wanted = min(max(candidates, CANDIDATES_PER_HIT * k), index.ntotal)
    scores, ids = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1, np.int64)
    for i, found in enumerate(index.search(queries, wanted, params=settings)[1]):
        found = np.sort(found[found >= 0])  # in the order of the file
        exact = np.asarray(rows[found]) @ queries[i]
        best = np.argsort(-exact, kind="stable")[:k]
        scores[i, : len(best)], ids[i, : len(best)] = exact[best], found[best]
    return scores, ids
