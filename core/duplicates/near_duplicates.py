"""Groups of rows that say nearly the same, by links between rows: connected components at a threshold."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.digest import digest_text
from core.types import Neighbors

FLOOR = 0.7  # cosines below it are no near-duplicates under any model
ROUNDING = 1e-6
MOST_LINKS = 1_000_000
COMPARED = 3_000  # rows of one group whose pairs are all compared


@dataclass(frozen=True, eq=False)
class Links:
    """Likenesses between rows, each pair once, strongest first. first, second: (m,) int32, first < second.

    scores: (m,) float32, higher is more alike. floor: pairs below it were not looked for. n: rows. best: (n,) float32,
    each row's strongest link, -inf without one; tree: scores of a maximum spanning forest, falling.
    """

    first: np.ndarray
    second: np.ndarray
    scores: np.ndarray
    floor: float
    n: int
    best: np.ndarray
    tree: np.ndarray

    def counts(self, threshold: float) -> tuple[int, int, int]:
        """(pairs, groups, rows in groups) at a threshold, in logarithmic time but for the rows."""
        pairs, joined = _reaching(self.scores, threshold), _reaching(self.tree, threshold)
        rows = int(np.count_nonzero(self.best >= limit(threshold)))
        return pairs, rows - joined, rows  # a forest of r rows and e links has r - e trees


def limit(threshold: float) -> np.float32:
    """What a score must reach: a hair less than the threshold, since equal rows differ by rounding."""
    return np.float32(threshold - ROUNDING)


def _reaching(scores: np.ndarray, threshold: float) -> int:
    """How many of falling scores reach a threshold."""
    return int(np.searchsorted(-scores, -limit(threshold), "right"))


def graph_links(graph: Neighbors, texts: list[str] | None = None, floor: float = FLOOR) -> Links:
    """Links from the shared graph. Exact copies among `texts` are linked too, however many there are.

    At most 1,000,000, the strongest, to which the floor is raised. A row with more than k near-duplicates shows only k.
    """
    near = np.asarray(graph.scores)
    if near.size and np.count_nonzero(near >= floor) > 2 * MOST_LINKS:
        floor = float(np.partition(near.ravel(), -2 * MOST_LINKS)[-2 * MOST_LINKS])
    rows, places = np.nonzero(near >= floor)
    first, second, scores = rows, graph.ids[rows, places], near[rows, places]
    if texts is not None:
        one, other = copy_pairs(texts)
        first, second = np.concatenate([first, one]), np.concatenate([second, other])
        scores = np.concatenate([scores, np.ones(len(one), dtype=np.float32)])
    return make_links(first, second, scores, len(near), floor)


def make_links(first: np.ndarray, second: np.ndarray, scores: np.ndarray, n: int, floor: float) -> Links:
    """Links out of pairs in any order and direction; of a pair that comes twice the stronger counts."""
    low, high = np.minimum(first, second).astype(np.int64), np.maximum(first, second).astype(np.int64)
    values = np.minimum(np.asarray(scores, dtype=np.float32), 1)
    order = np.lexsort((high, low, -values))
    pair = (low * n + high)[order]
    kept = order[~pd.Series(pair).duplicated().to_numpy()]
    one, other, strength = low[kept].astype(np.int32), high[kept].astype(np.int32), values[kept]
    best = np.full(n, -np.inf, dtype=np.float32)
    np.maximum.at(best, one, strength)
    np.maximum.at(best, other, strength)
    return Links(one, other, strength, floor, n, best, _forest(one, other, strength, n))


def _forest(first: np.ndarray, second: np.ndarray, scores: np.ndarray, n: int) -> np.ndarray:
    """Scores of a maximum spanning forest, falling: what joins groups as the threshold falls."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    if not len(scores):
        return np.zeros(0, dtype=np.float32)
    # by rank, so that equal scores stay apart from the zeros that mean no link
    ranks = np.arange(1, len(scores) + 1, dtype=np.float64)
    tree = minimum_spanning_tree(csr_matrix((ranks, (first, second)), shape=(n, n)))
    return scores[np.sort(tree.data.astype(np.int64)) - 1]


def groups_at(links: Links, threshold: float) -> np.ndarray:
    """(n,) int32: each row's group, -1 for rows without a link at or above the threshold; larger groups come first,
    equal ones by their first row. A group is a connected component: it may chain from copy to copy."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    many = _reaching(links.scores, threshold)
    ends = links.first[:many], links.second[:many]
    _, codes = connected_components(csr_matrix((np.ones(many, dtype=bool), ends), shape=(links.n, links.n)), False)
    sizes = np.bincount(codes, minlength=1)
    starts = np.full(len(sizes), links.n)
    np.minimum.at(starts, codes, np.arange(links.n))
    order = np.lexsort((starts, -sizes))
    places = np.empty(len(sizes), dtype=np.int32)
    places[order] = np.arange(len(sizes), dtype=np.int32)
    return np.where(sizes[codes] > 1, places[codes], np.int32(-1)).astype(np.int32)


def copy_pairs(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Each exact copy beside the text's first row: (c,) int64 and (c,) int64. Empty texts are copies, too."""
    codes, _ = pd.factorize(np.array([digest_text(text) for text in texts], dtype=object))
    starts = pd.Series(np.arange(len(codes))).groupby(codes).transform("first").to_numpy()
    copies = np.flatnonzero(starts != np.arange(len(codes)))
    return starts[copies].astype(np.int64), copies.astype(np.int64)


def full_rows(graph: Neighbors, threshold: float) -> int:
    """Rows all of whose k neighbors reach the threshold, though more rows exist: they may have more than k copies."""
    if not graph.k or graph.k >= len(graph.ids) - 1:
        return 0
    return int(np.count_nonzero(np.asarray(graph.scores[:, -1]) >= limit(threshold)))


def lowest_cosine(rows: np.ndarray) -> float:
    """The lowest cosine between any two of unit rows (m, d); above 3,000 rows between those and 3,000 spread evenly."""
    some = rows if len(rows) <= COMPARED else rows[np.linspace(0, len(rows) - 1, COMPARED).astype(np.int64)]
    return float(min(1.0, min(float((rows[at : at + 1_000] @ some.T).min()) for at in range(0, len(rows), 1_000))))
