"""Groups of texts that moved together: they lost the same neighbors and gained the same ones."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.disagreement.overlap import CHUNK, places_in, text_lists
from core.disagreement.shift_chance import RUNS, ByChance, dealt, least_cosine, pruned
from core.types import Progress
from core.vectors.communities import by_size, leiden_communities

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CROWD = 200  # texts that gained (or lost) one neighbor, above which it joins none: a hub says nothing
JOINED = 15  # nearest in this sense that a text is joined to
LEAST_SHARED = 2  # neighbors gained or lost that two texts must have in common
SMALLEST = 5  # texts of a group
BLOCK = 1_000
RESOLUTIONS = (1.0, 3.0, 8.0, 20.0, 50.0, 120.0, 300.0)  # of Leiden, coarse to fine
TOGETHER = 0.5  # of a group's texts that must have lost, or gained, one and the same neighbor, in half of the groups


@dataclass(frozen=True, eq=False)
class Moves:
    """labels: (m,) int32 of the texts at `rows` (m,), the largest group first, -1 for texts that moved with no other.
    lost, gained: (m, t) sparse, 1 where a text lost or gained a neighbor text. moved: texts with any change.
    resolution: of the communities. chance: what would have moved together by chance."""

    rows: np.ndarray
    labels: np.ndarray
    lost: "csr_matrix"
    gained: "csr_matrix"
    moved: int
    resolution: float
    chance: ByChance


def moved_together(
    first: np.ndarray, second: np.ndarray, texts: np.ndarray, k: int, progress: Progress | None = None, seed: int = 0
) -> Moves:
    """Communities of texts by shared changes of their k nearest texts, from the first embedding to the second.

    first, second: neighbor ids (n, K); texts: (n,) codes of identical texts, of which the first row counts. Two texts
    are compared by the cosine of their sets of changes, where they share two or more, each to its 15 nearest, and
    joined where that is higher than chance gives (`moves_chance`: the same changes dealt out at random, three times).
    The communities are Leiden's (Traag, Waltman and van Eck, 2019), of the coarsest resolution at which in half of them
    half of the texts lost, or gained, one and the same neighbor; those no larger than the largest by chance are
    dropped. No n x n matrix is made. progress counts texts, of every run.
    """
    rows = np.sort(np.unique(texts, return_index=True)[1])
    lost, gained = _changes(first, second, texts, rows, k)
    generator, graphs = np.random.default_rng(seed), []
    for run in range(RUNS + 1):
        pair = (dealt(lost, generator), dealt(gained, generator)) if run else (lost, gained)
        graphs.append(_joined(*pair, progress, run))
    least = least_cosine(graphs[0], graphs[1:])
    graph, *by_chance = (pruned(each, least) for each in graphs)
    labels, resolution = _grouped(graph, lost, gained)
    sizes = [_sizes(_communities(each, resolution)) for each in by_chance]
    largest = max((int(size.max(initial=0)) for size in sizes), default=0)
    small = _sizes(labels) <= largest
    labels = by_size(np.where((labels >= 0) & ~np.append(small, True)[labels], labels, -1))
    moved = int((np.diff(lost.indptr) + np.diff(gained.indptr) > 0).sum())
    chance = ByChance(
        least, float(np.mean([len(size) for size in sizes])), float(np.mean([size.sum() for size in sizes])), largest,
        int(small.sum()),
    )  # fmt: skip
    return Moves(rows, labels, lost, gained, moved, resolution, chance)


def _grouped(graph: "csr_matrix", lost: "csr_matrix", gained: "csr_matrix") -> tuple[np.ndarray, float]:
    """(m,) int32 groups, and the resolution they are of: the coarsest at which they truly moved together, else the one
    that comes nearest to it."""
    best: tuple[float, np.ndarray, float] = (-1.0, np.full(graph.shape[0], -1, np.int32), RESOLUTIONS[0])
    for resolution in RESOLUTIONS:
        labels = _communities(graph, resolution)
        share = _shared_share(labels, lost, gained)
        if share > best[0]:
            best = (share, labels, resolution)
        if share >= TOGETHER or share < 0:
            break
    return best[1], best[2]


def _communities(graph: "csr_matrix", resolution: float) -> np.ndarray:
    """(m,) int32 groups of five or more, the largest first, -1 for texts in none."""
    labels = leiden_communities(graph, resolution, seed=0)
    return by_size(np.where(np.bincount(labels, minlength=1)[labels] >= SMALLEST, labels, -1))


def _sizes(labels: np.ndarray) -> np.ndarray:
    return np.bincount(labels[labels >= 0])


def _shared_share(labels: np.ndarray, lost: "csr_matrix", gained: "csr_matrix") -> float:
    """The median over groups of the largest share of texts that lost, or gained, one and the same neighbor; -1 without
    groups."""
    from scipy.sparse import csr_matrix

    inside = np.flatnonzero(labels >= 0)
    if not len(inside):
        return -1.0
    sizes = np.bincount(labels[inside])
    member = csr_matrix((np.ones(len(inside)), (labels[inside], inside)), shape=(len(sizes), len(labels)))
    most = np.maximum(*((member @ each).max(axis=1).toarray().ravel() for each in (lost, gained)))
    return float(np.median(most / sizes))


def _changes(
    first: np.ndarray, second: np.ndarray, texts: np.ndarray, rows: np.ndarray, k: int
) -> tuple["csr_matrix", "csr_matrix"]:
    """(m, t) each: which texts a text lost, and gained, among its k nearest."""
    from scipy.sparse import csr_matrix

    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        one, other = (nearest_texts(ids, texts, part, k) for ids in (first, second))
        for each, (near, far) in zip(found, ((one, other), (other, one)), strict=True):
            gone = (near >= 0) & (places_in(near, far) == far.shape[1])
            place, column = np.nonzero(gone)
            each.append(np.stack([place + start, near[place, column]]))
    shape = (len(rows), int(texts.max(initial=-1)) + 1)
    parts = [np.concatenate(each, axis=1) if each else np.zeros((2, 0), np.int64) for each in found]
    made = [csr_matrix((np.ones(each.shape[1], np.float32), (each[0], each[1])), shape=shape) for each in parts]
    return made[0], made[1]


def nearest_texts(ids: np.ndarray, texts: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """(c, k) int64: the k nearest other texts of `rows` (c,), each once, -1 where there are fewer."""
    return text_lists(np.asarray(ids[rows]), texts, rows)[:, :k]


def _joined(lost: "csr_matrix", gained: "csr_matrix", progress: Progress | None, run: int = 0) -> "csr_matrix":
    """(m, m) symmetric, sparse: the cosine of two texts' changes, of each text's 15 nearest. run: of RUNS + 1."""
    from scipy.sparse import csr_matrix, hstack, vstack

    changes = _telling(hstack([lost, gained]).tocsr())
    sizes = np.sqrt(np.maximum(np.asarray(changes.sum(axis=1)).ravel(), 1))
    back, parts = changes.T.tocsr(), []
    m = changes.shape[0]
    for start in range(0, m, BLOCK):
        block = changes[start : start + BLOCK] @ back
        parts.append(_nearest(block, sizes, start))
        if progress:
            progress(run * m + min(start + BLOCK, m), (RUNS + 1) * m)
    whole = csr_matrix(vstack(parts)) if parts else csr_matrix((0, 0))
    return whole.maximum(whole.T).tocsr()


def _telling(changes: "csr_matrix") -> "csr_matrix":
    """Without the changes that only one text, or a crowd, has in common."""
    holders = np.bincount(changes.indices, minlength=changes.shape[1])
    return changes[:, np.flatnonzero((holders > 1) & (holders <= CROWD))].tocsr()


def _nearest(block: "csr_matrix", sizes: np.ndarray, start: int) -> "csr_matrix":
    """Of shared changes (b, m) of the texts from `start` on: cosines, each text's 15 highest."""
    from scipy.sparse import csr_matrix

    entries = block.tocoo()
    row, column, shared = entries.row, entries.col, entries.data
    kept = (column != row + start) & (shared >= LEAST_SHARED)
    row, column, shared = row[kept], column[kept], shared[kept]
    cosine = shared / (sizes[row + start] * sizes[column])
    order = np.lexsort((column, -cosine, row))
    row, column, cosine = row[order], column[order], cosine[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    near = rank < JOINED
    return csr_matrix((cosine[near].astype(np.float64), (row[near], column[near])), shape=block.shape)
