"""Link prediction: do the vectors of a graph without some edges rank these above pairs without an edge?"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.errors import InputError
from core.graphs.graph import Graph
from core.stats.interval import ALPHA, Interval
from core.stats.multiple_testing import holm
from core.stats.resampling import SEED, mean_interval
from core.stats.significance import compare_means, pair_indices

SHARE = 0.1  # of the edges that are held out
MAX_EDGES = 2_000  # held out at most
MIN_EDGES = 10  # of fewer no interval means anything
NEGATIVES = 50  # pairs without an edge for each held-out edge
GRAPH, DEGREES, TEXT, BOTH = "graph", "degree product", "text", "graph + text"


@dataclass(frozen=True)
class Difference:
    """first minus second in AUC, with a 95% interval; p_value: corrected by Holm over the differences reported."""

    first: str
    second: str
    interval: Interval[float]
    p_value: float

    @property
    def is_significant(self) -> bool:
        return self.p_value < ALPHA


@dataclass(frozen=True, eq=False)
class LinkPrediction:
    """names: of the c methods. values: (c, q) float64 in [0, 1], for each held-out edge the share of its random
    non-edges with a lower score, half of equal ones; the mean is the AUC. edges: of the graph; nodes: of the graph."""

    names: tuple[str, ...]
    values: np.ndarray
    edges: int
    nodes: int
    seed: int

    @cached_property
    def intervals(self) -> Interval[np.ndarray]:
        """(c,) AUC with bootstrap intervals over held-out edges; 0.5 is chance, higher is better."""
        return mean_interval(self.values, seed=self.seed, proportion=True)

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """The graph against degrees, and what it adds to the text, paired over held-out edges."""
        evidence = compare_means(self.values, np.arange(self.values.shape[1]), "held-out edges", self.seed)
        pairs = [(self.names[i], self.names[j]) for i, j in zip(*pair_indices(len(self.names)), strict=True)]
        reported = [at for at, pair in enumerate(pairs) if pair in ((GRAPH, DEGREES), (TEXT, BOTH))]
        corrected = holm(evidence.p_value[reported])
        result = []
        for at, p_value in zip(reported, corrected, strict=True):
            value, low, high = (float(part[at]) for part in evidence.differences)
            first, second = pairs[at]
            if second == BOTH:
                first, second, value, low, high = second, first, -value, -high, -low
            result.append(Difference(first, second, Interval(value, low, high), float(p_value)))
        return tuple(result)


@dataclass(frozen=True, eq=False)
class Split:
    """train: all nodes, without the held-out edges. positives: (q, 2) nodes of the held-out edges; negatives: (q,
    NEGATIVES, 2) random pairs without an edge."""

    train: Graph
    positives: np.ndarray
    negatives: np.ndarray


def split_edges(graph: Graph, seed: int = SEED) -> Split:
    """A random SHARE of the edges held out, each node keeping one at least. Raises InputError for too few edges."""
    rng = np.random.default_rng(seed)
    quota = min(MAX_EDGES, max(MIN_EDGES, round(SHARE * len(graph.sources))))
    left = graph.degrees.copy()
    held_out: list[int] = []
    for edge in rng.permutation(len(graph.sources)).tolist():
        ends = [graph.sources[edge], graph.targets[edge]]
        if len(held_out) < quota and (left[ends] > 1).all():
            left[ends] -= 1
            held_out.append(edge)
    if len(held_out) < MIN_EDGES:
        message = f"Only {len(held_out)} of {len(graph.sources):,} edges can be held out without isolating a node."
        raise InputError(message, f"Link prediction needs {MIN_EDGES}. The node vectors can be used without it.")
    mask = np.zeros(len(graph.sources), bool)
    mask[held_out] = True
    positives = np.stack([graph.sources[mask], graph.targets[mask]], axis=1)
    return Split(graph.without(mask), positives, _non_edges(graph, len(positives), rng))


def _non_edges(graph: Graph, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, NEGATIVES, 2) random pairs of different nodes without an edge, in a bipartite graph of both kinds."""
    nodes = len(graph)
    one, other = np.arange(nodes), np.arange(nodes)
    if graph.is_bipartite:
        one, other = np.flatnonzero(graph.kinds == 0), np.flatnonzero(graph.kinds == 1)
    edges = np.unique(np.r_[graph.sources * nodes + graph.targets, graph.targets * nodes + graph.sources])
    wanted, drawn = count * NEGATIVES, np.empty((0, 2), np.int64)
    for _ in range(50):
        pairs = np.stack([rng.choice(one, 2 * wanted), rng.choice(other, 2 * wanted)], axis=1)
        keep = (pairs[:, 0] != pairs[:, 1]) & ~np.isin(pairs[:, 0] * nodes + pairs[:, 1], edges)
        drawn = np.concatenate([drawn, pairs[keep]])
        if len(drawn) >= wanted:
            return drawn[:wanted].reshape(count, NEGATIVES, 2)
    raise InputError("Almost all pairs of nodes have an edge.", "Link prediction needs pairs without one.")


def predict_links(
    graph: Graph, vectors_of: Callable[[Graph], np.ndarray], text: np.ndarray | None = None, seed: int = SEED
) -> LinkPrediction:
    """AUC of node vectors trained without the held-out edges, beside the product of degrees. text: (n, d) unit rows of
    all nodes, to compare with, or None. Raises InputError where a graph is too small or too dense."""
    split = split_edges(graph, seed)
    pairs = np.concatenate([split.positives[:, None], split.negatives], axis=1)
    scores = {GRAPH: _cosines(vectors_of(split.train), pairs)}
    degrees = split.train.degrees.astype(np.float64)
    scores[DEGREES] = degrees[pairs[..., 0]] * degrees[pairs[..., 1]]
    if text is not None:
        scores[TEXT] = _cosines(text, pairs)
        scores[BOTH] = _standardized(scores[GRAPH]) + _standardized(scores[TEXT])
    values = np.stack([_shares_below(of) for of in scores.values()])
    return LinkPrediction(tuple(scores), values, len(graph.sources), len(graph), seed)


def _cosines(rows: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(q, 1 + NEGATIVES) cosine of each pair, edge by edge to bound memory."""
    return np.stack([np.einsum("ij,ij->i", rows[of[:, 0]], rows[of[:, 1]]) for of in pairs]).astype(np.float64)


def _standardized(scores: np.ndarray) -> np.ndarray:
    return np.asarray((scores - scores.mean()) / (scores.std() or 1))


def _shares_below(scores: np.ndarray) -> np.ndarray:
    """(q,) share of the pairs from column 1 on that score lower than column 0, half of equal ones."""
    first, others = scores[:, :1], scores[:, 1:]
    return np.asarray((others < first).mean(axis=1) + (others == first).mean(axis=1) / 2)
