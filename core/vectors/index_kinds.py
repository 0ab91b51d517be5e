"""Approximate FAISS indexes over unit rows, and how widely each must search to be trusted."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

Kind = Literal["exact", "hnsw", "ivf"]
LINKS, BUILD_WIDTH = 16, 80  # HNSW's M and efConstruction
HNSW_WIDTHS = (32, 64, 128, 256, 512, 1024)
BLOCK = 8192
TRAINING_ROWS = 40  # rows for each list of an IVF index


def build(kind: Kind, rows: np.ndarray, seed: int, added: Callable[[int], None] = lambda count: None) -> Any:
    """A FAISS index of rows (n, d) float32 by inner product: HNSW (Malkov and Yashunin 2018) or IVF.

    added is called with the count of rows in it, as it grows.
    """
    import faiss

    n, d = rows.shape
    index: Any
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(d, LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = BUILD_WIDTH
    else:
        lists = max(1, min(int(4 * n**0.5), n // 39))  # FAISS asks for 39 training rows a list
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, lists, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed, index.cp.niter = seed, 6  # more rounds of k-means cost time and find no more
        drawn = np.random.default_rng(seed).choice(n, min(n, TRAINING_ROWS * lists), replace=False)
        index.train(rows[np.sort(drawn)])
    for start in range(0, n, BLOCK):
        index.add(rows[start : start + BLOCK])
        added(index.ntotal)
    return index


def widths(kind: Kind, index: Any) -> Iterator[int]:
    """What to try in turn: efSearch of HNSW, lists probed of IVF."""
    if kind == "hnsw":
        yield from HNSW_WIDTHS
        return
    probes = min(8, index.nlist)
    while probes < index.nlist:
        yield probes
        probes *= 2
    yield index.nlist


def parameters(kind: Kind, width: int, allowed: np.ndarray | None) -> Any:
    """FAISS search parameters; allowed: sorted ids that may be found, or None for all."""
    import faiss

    made: Any = faiss  # its stubs lack these classes' arguments
    chosen = {} if allowed is None else {"sel": faiss.IDSelectorBatch(allowed)}
    if kind == "hnsw":
        return made.SearchParametersHNSW(efSearch=width, **chosen)
    return made.SearchParametersIVF(nprobe=width, **chosen)


def megabytes(kind: Kind, index: Any, rows: np.ndarray) -> float:
    """Memory that serves the search: the rows, and what the index keeps beside them."""
    size = rows.nbytes
    if kind == "hnsw":
        size += index.hnsw.neighbors.size() * 4 + index.hnsw.offsets.size() * 8 + index.hnsw.levels.size() * 4
    elif kind == "ivf":
        size += index.nlist * rows.shape[1] * 4 + len(rows) * 8
    return round(size / 1e6, 1)


def describe(kind: Kind, index: Any, width: int) -> str:
    """The index in a few words."""
    if kind == "hnsw":
        return f"HNSW, {LINKS} links a row, efSearch {width}"
    if kind == "ivf":
        return f"IVF, {width:,} of {index.nlist:,} lists searched"
    return "Exact search of every row"
