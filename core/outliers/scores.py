"""How strange each row is, by its neighbors, by random cuts, or by its distance from the middle: higher is stranger.

Distances are cosine distances, 1 - cosine, in [0, 2]. Neighbors come from the shared graph, which is never built anew.
"""

import numpy as np

from core.types import Neighbors

EPSILON = 1e-10  # as scikit-learn adds to mean reachability distances, so that copies have a finite density
TREES, SAMPLE = 200, 256
BLOCK = 65_536  # rows the forest judges at a time


def kth_distance(graph: Neighbors, k: int) -> np.ndarray:
    """(n,) float64: distance to the k-th nearest row (Ramaswamy, Rastogi and Shim, 2000); sees lone rows and groups of
    fewer than k + 1. k above the graph's is the graph's; zeros where there are no neighbors."""
    wide = usable_k(graph, k)
    return _distances(graph, wide - 1) if wide else np.zeros(len(graph.ids))


def mean_distance(graph: Neighbors, k: int) -> np.ndarray:
    """(n,) float64: mean distance to the k nearest rows (Angiulli and Pizzuti, 2002); steadier than the k-th alone."""
    wide, total = usable_k(graph, k), np.zeros(len(graph.ids))
    for place in range(wide):
        total += _distances(graph, place)
    return total / max(wide, 1)


def local_outlier_factor(graph: Neighbors, k: int) -> np.ndarray:
    """(n,) float64: how much thinner it is around a row than around its k neighbors; 1 is usual (Breunig et al., 2000).

    As scikit-learn's LocalOutlierFactor(metric="cosine"), sign turned. Sees rows that are lone for where they lie;
    rows in a group of more than k that is strange as a whole look usual.
    """
    wide = usable_k(graph, k)
    if not wide:
        return np.ones(len(graph.ids))
    reach, around = _distances(graph, wide - 1), np.zeros(len(graph.ids))
    for place in range(wide):
        around += np.maximum(_distances(graph, place), reach[graph.ids[:, place]])
    density = 1 / (around / wide + EPSILON)
    near = np.zeros(len(graph.ids))
    for place in range(wide):
        near += density[graph.ids[:, place]]
    return near / wide / density


def center_distance(rows: np.ndarray) -> np.ndarray:
    """(n,) float64: distance to the corpus' mean direction; sees small strange groups as well as lone rows."""
    center = rows.mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(center))
    if length < 1e-9:  # rows that cancel out have no middle
        return np.zeros(len(rows))
    return distances_to(rows, center / length)


def isolation_forest(rows: np.ndarray, seed: int = 0) -> np.ndarray:
    """(n,) float64 in [0, 1]: how few random cuts of single dimensions part a row from a sample (Liu, Ting and Zhou,
    2008; scikit-learn): 200 trees of 256 rows each, drawn with `seed`. Weaker than neighbors in many dimensions."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLE, len(rows)), random_state=seed).fit(rows)
    blocks = [forest.score_samples(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
    return -np.concatenate(blocks)


def usable_k(graph: Neighbors, k: int) -> int:
    """k within what the graph holds, 0 for a single row."""
    return max(0, min(k, graph.k))


def distances_to(rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Cosine distances of unit rows (n, d) to one unit direction (d,), or each to its own (n, d); float64 (n,)."""
    if directions.ndim == 1:
        cosines = rows @ directions.astype(np.float32)
    else:
        cosines = np.einsum("ij,ij->i", rows, directions.astype(np.float32))
    return 1 - np.clip(cosines.astype(np.float64), -1, 1)


def _distances(graph: Neighbors, place: int) -> np.ndarray:
    """Distances to the neighbor at one place, from 0."""
    return 1 - np.clip(np.asarray(graph.scores[:, place], dtype=np.float64), -1, 1)
