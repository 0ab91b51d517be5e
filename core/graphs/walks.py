"""node2vec: skip-gram on random walks (Grover and Leskovec, 2016), the walks by numpy, the training by gensim."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.graphs.graph import Graph
from core.types import Progress, unit_rows

ROUNDS, LENGTH = 10, 40  # walks from each node, and nodes of a walk
WINDOW, NEGATIVE = 5, 5
RATES = (0.05, 0.0005)  # learning rate at first and in the end
BLOCK = 5_000  # walks trained on between two reports of progress
MAX_TRIES = 20  # draws of a biased step; then the last one counts


@dataclass(frozen=True)
class Bias:
    """p: a higher one returns less to the node before. q: a higher one stays closer to it. 1 and 1: plain walks."""

    p: float = 1.0
    q: float = 1.0

    @property
    def is_plain(self) -> bool:
        return self.p == self.q == 1


PLAIN = Bias()


class Walker:
    """Random walks over edges in proportion to their weights, from all nodes at once."""

    def __init__(self, graph: Graph, bias: Bias = PLAIN) -> None:
        matrix = graph.matrix(graph.is_directed)
        matrix.sort_indices()
        self.nodes, self.bias = matrix.shape[0], bias
        self.starts, self.neighbors = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
        self.totals = np.concatenate([[0.0], np.cumsum(matrix.data)])  # up to each edge, so that one search draws
        owner = np.repeat(np.arange(self.nodes), np.diff(self.starts))
        self.pairs = owner * self.nodes + self.neighbors  # ascending

    def walks(self, seed: tuple[int, ...], length: int = LENGTH) -> np.ndarray:
        """(n, length) int64 a walk from each node in random order, -1 after a node without an edge to follow."""
        rng = np.random.default_rng(seed)
        walks = np.full((self.nodes, length), -1, np.int64)
        walks[:, 0] = rng.permutation(self.nodes)
        for step in range(1, length):
            current = walks[:, step - 1]
            going = np.flatnonzero((current >= 0) & (self.starts[current] < self.starts[current + 1]))
            if self.bias.is_plain or step == 1:
                walks[going, step] = self._draw(current[going], rng)
            else:
                walks[going, step] = self._draw_biased(walks[going, step - 2], current[going], rng)
        return walks

    def _draw(self, nodes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A neighbor of each node, in proportion to the weights of the edges."""
        low, high = self.totals[self.starts[nodes]], self.totals[self.starts[nodes + 1]]
        edges = np.searchsorted(self.totals, low + rng.random(len(nodes)) * (high - low), side="right") - 1
        return self.neighbors[np.clip(edges, self.starts[nodes], self.starts[nodes + 1] - 1)]

    def _draw_biased(self, before: np.ndarray, nodes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same, weights times 1 / p back to the node before and 1 / q to nodes that are no neighbors of it, by
        rejection (Yang et al., KnightKing, 2019)."""
        back, away = 1 / self.bias.p, 1 / self.bias.q
        drawn, open_walks = np.empty(len(nodes), np.int64), np.arange(len(nodes))
        for _ in range(MAX_TRIES):
            candidates = self._draw(nodes[open_walks], rng)
            drawn[open_walks] = candidates
            bias = np.where(self._are_adjacent(before[open_walks], candidates), 1.0, away)
            bias[candidates == before[open_walks]] = back
            open_walks = open_walks[rng.random(len(open_walks)) * max(back, away, 1.0) > bias]
            if not len(open_walks):
                break
        return drawn

    def _are_adjacent(self, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
        pairs = sources * self.nodes + targets
        at = np.minimum(np.searchsorted(self.pairs, pairs), len(self.pairs) - 1)
        return np.asarray(self.pairs[at] == pairs)


def walk_vectors(
    graph: Graph, dimensions: int, bias: Bias = PLAIN, seed: int = 0, progress: Progress | None = None
) -> np.ndarray:
    """(n, dimensions) float32 unit rows. The same seed gives the same vectors: one thread. progress: walks done."""
    from gensim.models import Word2Vec

    walker = Walker(graph, bias)
    first = walker.walks((seed, 0))
    visits = np.bincount(first[first >= 0], minlength=len(graph)) + 1  # negative samples are drawn by visits
    model = Word2Vec(
        vector_size=dimensions, window=WINDOW, negative=NEGATIVE, sg=1, min_count=0, sample=0, seed=seed, workers=1
    )
    model.build_vocab_from_freq(dict(zip(map(str, range(len(graph))), visits.tolist(), strict=True)))
    total, done = ROUNDS * len(graph), 0
    for walks in _blocks(walker, first, seed):
        start, end = (RATES[0] + (RATES[1] - RATES[0]) * part / total for part in (done, done + len(walks)))
        model.train(_sentences(walks), total_examples=len(walks), epochs=1, start_alpha=start, end_alpha=end)
        done += len(walks)
        if progress:
            progress(done, total)
    order = [model.wv.key_to_index[str(node)] for node in range(len(graph))]
    return unit_rows(model.wv.vectors[order])


def _blocks(walker: Walker, first: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    for number in range(ROUNDS):
        walks = walker.walks((seed, number)) if number else first
        for start in range(0, len(walks), BLOCK):
            yield walks[start : start + BLOCK]


def _sentences(walks: np.ndarray) -> list[list[str]]:
    if (walks >= 0).all():
        return walks.astype(str).tolist()
    return [walk[walk >= 0].astype(str).tolist() for walk in walks]
