"""Orders search results the same way everywhere: score falling, then id rising."""

import numpy as np

DECIMALS = 6  # float32 dot products of unit rows are exact to about 3e-7, so equal rows tie after rounding


def tidy(ids: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Clip scores to [-1, 1], round them, and order ties by id.

    ids: (q, k) integers; scores: (q, k) float32 cosine falling, both as a search gave them. Gives new arrays of
    the same shapes: ids int64, scores float32.
    """
    scores = np.round(np.clip(scores, -1, 1), DECIMALS).astype(np.float32, copy=False)
    ids = ids.astype(np.int64)
    tied = np.flatnonzero((scores[:, 1:] >= scores[:, :-1]).any(axis=1))
    if len(tied):
        order = np.lexsort((ids[tied], -scores[tied]), axis=1)
        ids[tied] = np.take_along_axis(ids[tied], order, axis=1)
        scores[tied] = np.take_along_axis(scores[tied], order, axis=1)
    return ids, scores


def without_self(ids: np.ndarray, scores: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave each row's own id out of its k + 1 results; where it is not among them, leave out the last.

    ids, scores: (q, k + 1); own: (q,) ids. With exact duplicates a row need not be its own first neighbor.
    """
    keep = ids != own[:, None]
    keep[keep.all(axis=1), -1] = False
    shape = (len(ids), ids.shape[1] - 1)
    return ids[keep].reshape(shape), scores[keep].reshape(shape)


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """Share of the true neighbors found, by score, so that equal neighbors count as equals (as ann-benchmarks does).

    found, exact: (q, k) scores falling; exact from a full search. In [0, 1], higher is better; 1.0 for no queries.
    """
    if exact.size == 0:
        return 1.0
    return float((found >= exact[:, -1:] - 2 * 10.0**-DECIMALS).mean())
