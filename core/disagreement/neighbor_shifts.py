"""Groups of texts that shifted together: they lost the same neighbors and gained the same ones."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.disagreement.overlap import CHUNK, positions_in, text_lists
from core.types import Progress
from core.vectors.communities import by_size, leiden_communities

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RUNS = 3  # of permuted changes
MAX_FALSE_SHARE = 0.05  # of the pairs joined, at most so many would be by chance
MAX_SHARING = 200  # texts that gained (or lost) one neighbor, above which it joins none: it is a hub
LINKS = 15  # nearest in this sense that a text is joined to
MIN_SHARED = 2  # neighbors gained or lost that two texts must have in common
MIN_GROUP = 5  # texts of a group
BLOCK = 1_000
RESOLUTIONS = (1.0, 3.0, 8.0, 20.0, 50.0, 120.0, 300.0)  # of Leiden, coarse to fine
MIN_COMMON_SHARE = 0.5  # of a group's texts with one and the same neighbor lost, or gained, in half of the groups


@dataclass(frozen=True)
class ChanceGroups:
    """Groups among permuted changes. min_cosine: of two texts' changes from which they are joined. groups, texts: in
    groups by chance, the mean of `runs`; largest: texts of the largest one of all runs. dropped: real groups no larger
    than it."""

    min_cosine: float
    groups: float
    texts: float
    largest: int
    dropped: int
    runs: int = RUNS


@dataclass(frozen=True, eq=False)
class NeighborShifts:
    """labels: (m,) int32 of the texts at `rows` (m,), the largest group first, -1 for texts in none.
    lost, gained: (m, t) sparse, 1 where a text lost or gained a neighbor text. changed: texts with any change.
    resolution: of the communities. chance: what permuted changes give."""

    rows: np.ndarray
    labels: np.ndarray
    lost: "csr_matrix"
    gained: "csr_matrix"
    changed: int
    resolution: float
    chance: ChanceGroups


def find_shifted_groups(
    first: np.ndarray, second: np.ndarray, texts: np.ndarray, k: int, progress: Progress | None = None, seed: int = 0
) -> NeighborShifts:
    """Communities of texts by shared changes of their k nearest texts, from the first embedding to the second.

    first, second: neighbor ids (n, K); texts: (n,) codes of identical texts, of which the first row counts. Two texts
    are compared by the cosine of their sets of changes, where they share two or more, each to its 15 nearest, and
    joined where that is higher than chance gives (the same changes permuted among texts, three times).
    The communities are Leiden's (Traag, Waltman and van Eck, 2019), of the coarsest resolution at which in half of them
    half of the texts lost, or gained, one and the same neighbor; those no larger than the largest by chance are
    dropped. No n x n matrix is made. progress counts texts, of every run.
    """
    rows = np.sort(np.unique(texts, return_index=True)[1])
    lost, gained = _changes(first, second, texts, rows, k)
    generator, graphs = np.random.default_rng(seed), []
    for run in range(RUNS + 1):
        pair = (permuted_changes(lost, generator), permuted_changes(gained, generator)) if run else (lost, gained)
        graphs.append(_similarity_graph(*pair, progress, run))
    min_cosine = min_significant_cosine(graphs[0], graphs[1:])
    graph, *by_chance = (drop_below(graph, min_cosine) for graph in graphs)
    labels, resolution = _best_communities(graph, lost, gained)
    sizes = [_sizes(_communities(permuted, resolution)) for permuted in by_chance]
    largest = max((int(size.max(initial=0)) for size in sizes), default=0)
    small = _sizes(labels) <= largest
    labels = by_size(np.where((labels >= 0) & ~np.append(small, True)[labels], labels, -1))
    changed = int((np.diff(lost.indptr) + np.diff(gained.indptr) > 0).sum())
    groups, grouped = np.mean([(len(size), size.sum()) for size in sizes], axis=0).tolist()
    chance = ChanceGroups(min_cosine, groups, grouped, largest, int(small.sum()))
    return NeighborShifts(rows, labels, lost, gained, changed, resolution, chance)


def _best_communities(graph: "csr_matrix", lost: "csr_matrix", gained: "csr_matrix") -> tuple[np.ndarray, float]:
    """(m,) int32 groups, and the resolution they are of: the coarsest at which enough changes are common, else the one
    with most."""
    best: tuple[float, np.ndarray, float] = (-1.0, np.full(graph.shape[0], -1, np.int32), RESOLUTIONS[0])
    for resolution in RESOLUTIONS:
        labels = _communities(graph, resolution)
        share = _common_change_share(labels, lost, gained)
        if share > best[0]:
            best = (share, labels, resolution)
        if share >= MIN_COMMON_SHARE or share < 0:
            break
    return best[1], best[2]


def _communities(graph: "csr_matrix", resolution: float) -> np.ndarray:
    """(m,) int32 groups of five or more, the largest first, -1 for texts in none."""
    labels = leiden_communities(graph, resolution, seed=0)
    return by_size(np.where(np.bincount(labels, minlength=1)[labels] >= MIN_GROUP, labels, -1))


def _sizes(labels: np.ndarray) -> np.ndarray:
    return np.bincount(labels[labels >= 0])


def _common_change_share(labels: np.ndarray, lost: "csr_matrix", gained: "csr_matrix") -> float:
    """The median over groups of the largest share of texts that lost, or gained, one and the same neighbor; -1 without
    groups."""
    from scipy.sparse import csr_matrix

    inside = np.flatnonzero(labels >= 0)
    if not len(inside):
        return -1.0
    sizes = np.bincount(labels[inside])
    member = csr_matrix((np.ones(len(inside)), (labels[inside], inside)), shape=(len(sizes), len(labels)))
    largest = np.maximum(*((member @ changes).max(axis=1).toarray().ravel() for changes in (lost, gained)))
    return float(np.median(largest / sizes))


def _changes(
    first: np.ndarray, second: np.ndarray, texts: np.ndarray, rows: np.ndarray, k: int
) -> tuple["csr_matrix", "csr_matrix"]:
    """(m, t) each: which texts a text lost, and gained, among its k nearest."""
    from scipy.sparse import csr_matrix

    entries: tuple[list[np.ndarray], list[np.ndarray]] = ([np.zeros((2, 0), np.int64)], [np.zeros((2, 0), np.int64)])
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        one, other = (text_lists(np.asarray(ids[part]), texts, part)[:, :k] for ids in (first, second))
        for blocks, (near, far) in zip(entries, ((one, other), (other, one)), strict=True):
            position, column = np.nonzero((near >= 0) & (positions_in(near, far) == far.shape[1]))
            blocks.append(np.stack([position + start, near[position, column]]))
    shape = (len(rows), int(texts.max(initial=-1)) + 1)
    changes = (tuple(np.concatenate(blocks, axis=1)) for blocks in entries)
    lost, gained = (csr_matrix((np.ones(len(at[0]), np.float32), at), shape=shape) for at in changes)
    return lost, gained


def _similarity_graph(
    lost: "csr_matrix", gained: "csr_matrix", progress: Progress | None, run: int = 0
) -> "csr_matrix":
    """(m, m) symmetric, sparse: the cosine of two texts' changes, of each text's 15 nearest, without the changes that
    only one text, or more than 200, have in common. run: of RUNS + 1."""
    from scipy.sparse import csr_matrix, hstack, vstack

    changes = hstack([lost, gained]).tocsr()
    texts_with = np.bincount(changes.indices, minlength=changes.shape[1])
    changes = changes[:, np.flatnonzero((texts_with > 1) & (texts_with <= MAX_SHARING))].tocsr()
    sizes = np.sqrt(np.maximum(np.asarray(changes.sum(axis=1)).ravel(), 1))
    back, parts = changes.T.tocsr(), []
    m = changes.shape[0]
    for start in range(0, m, BLOCK):
        block = changes[start : start + BLOCK] @ back
        parts.append(_nearest(block, sizes, start))
        if progress:
            progress(run * m + min(start + BLOCK, m), (RUNS + 1) * m)
    graph = csr_matrix(vstack(parts)) if parts else csr_matrix((0, 0))
    return graph.maximum(graph.T).tocsr()


def _nearest(block: "csr_matrix", sizes: np.ndarray, start: int) -> "csr_matrix":
    """Of shared changes (b, m) of the texts from `start` on: cosines, each text's 15 highest."""
    from scipy.sparse import csr_matrix

    entries = block.tocoo()
    valid = (entries.col != entries.row + start) & (entries.data >= MIN_SHARED)
    row, column, shared = entries.row[valid], entries.col[valid], entries.data[valid]
    cosine = shared / (sizes[row + start] * sizes[column])
    order = np.lexsort((column, -cosine, row))
    row, column, cosine = row[order], column[order], cosine[order]
    near = np.arange(len(row)) - np.searchsorted(row, row) < LINKS
    return csr_matrix((cosine[near].astype(np.float64), (row[near], column[near])), shape=block.shape)


def permuted_changes(changes: "csr_matrix", generator: np.random.Generator) -> "csr_matrix":
    """(m, t) sparse: every text changes about as many neighbors, every neighbor is changed about as often as in
    `changes`, but by random texts (permuted memberships; the few that fall on one text twice count once)."""
    from scipy.sparse import csr_matrix

    shuffled = generator.permutation(changes.indices)
    result = csr_matrix((np.ones(len(shuffled), np.float32), shuffled, changes.indptr.copy()), shape=changes.shape)
    result.sum_duplicates()
    result.data[:] = 1
    return result


def min_significant_cosine(graph: "csr_matrix", by_chance: list["csr_matrix"]) -> float:
    """The cosine from which at most 5% as many pairs are joined by chance, on average, as truly are; infinite where
    there is none: nothing is more similar than by chance."""
    cosines, chance = np.sort(graph.data), np.sort(np.concatenate([permuted.data for permuted in by_chance]))
    levels = np.unique(cosines)
    linked = len(cosines) - np.searchsorted(cosines, levels)
    false_links = (len(chance) - np.searchsorted(chance, levels)) / len(by_chance)
    acceptable = np.flatnonzero(false_links <= MAX_FALSE_SHARE * linked)
    return float(levels[acceptable[0]]) if len(acceptable) else float("inf")


def drop_below(graph: "csr_matrix", min_cosine: float) -> "csr_matrix":
    """The graph without what is below a cosine."""
    result = graph.copy()
    result.data[result.data < min_cosine] = 0
    result.eliminate_zeros()
    return result
