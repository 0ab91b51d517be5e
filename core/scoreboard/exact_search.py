"""The nearest candidates of each query, exactly, with fair ties, in bounded memory."""

import numpy as np

DEPTH = 100  # ranks looked at: recall@100 is the deepest metric
TIE_SEED = 0
_QUERIES, _CANDIDATES = 512, 8_192  # compared at a time: some 70 MB


def nearest(
    queries: np.ndarray, rows: np.ndarray, places: np.ndarray, excluded: np.ndarray, depth: int = DEPTH
) -> np.ndarray:
    """(q, min(depth, m)) int32 the nearest candidates of each query, -1 for one that is excluded.

    rows[places]: (m, d) the candidates. Exact, by float32 dot product. Equal ones stand in a random order, the same
    for every query and contender (TIE_SEED), so that no place in the file is favored.
    """
    order = np.random.default_rng(TIE_SEED).permutation(len(places)).astype(np.int32)
    found = np.empty((len(queries), min(depth, len(places))), np.int32)
    for start in range(0, len(queries), _QUERIES):
        part = slice(start, start + _QUERIES)
        found[part] = _nearest(queries[part], rows, places, excluded[part], order, found.shape[1])
    return found


def _nearest(
    queries: np.ndarray, rows: np.ndarray, places: np.ndarray, excluded: np.ndarray, order: np.ndarray, depth: int
) -> np.ndarray:
    """The best of one block of queries, merged over blocks of candidates by keys that sort as (cosine, order)."""
    best = np.empty((len(queries), 0), np.int64)
    for start in range(0, len(places), _CANDIDATES):
        part = np.arange(start, min(start + _CANDIDATES, len(places)))
        keys = _keys(queries @ rows[places[part]].T, order[part])
        here = np.flatnonzero((excluded >= start) & (excluded <= part[-1]))
        keys[here, excluded[here] - start] = np.int64(-(2**63)) + order[excluded[here]]
        best = np.concatenate([best, keys], axis=1)
        if best.shape[1] > depth:
            best = np.partition(best, best.shape[1] - depth, axis=1)[:, -depth:]
    best = np.sort(best, axis=1)[:, ::-1]
    place_of = np.empty(len(order), np.int32)
    place_of[order] = np.arange(len(order), dtype=np.int32)
    found = place_of[best & 0xFFFFFFFF]
    return np.where(found == excluded[:, None], -1, found)


def _keys(cosines: np.ndarray, order: np.ndarray) -> np.ndarray:
    """int64 that sort as (cosine, order): a float32's bits, turned so that they sort as it does, before the order."""
    bits = np.ascontiguousarray(cosines + np.float32(0), np.float32).view(np.int32)  # -0 becomes 0
    rising = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (rising << 32) | order
