"""Spectral node vectors: a diffusion map (Coifman and Lafon, 2006), eigenvectors of the normalized adjacency."""

from typing import TYPE_CHECKING

import numpy as np

from core.graphs.graph import Graph
from core.types import unit_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DENSE_NODES = 400  # a small matrix is decomposed completely
MAX_RESTARTS = 200  # of the solver, which equal eigenvalues would keep busy
TIME = 2  # of the diffusion: higher powers of eigenvalues weaken the last columns, which are noise in sparse graphs
CODE_SHARE = 4  # at most 1 / CODE_SHARE of the dimensions tell connected components apart


def spectral_vectors(graph: Graph, dimensions: int, seed: int = 0) -> np.ndarray:
    """(n, d) float32 unit rows, d at most `dimensions`: directions of edges do not count.

    S = D^-1/2 A D^-1/2 has the eigenvalue 1 once per connected component, with known eigenvectors. They are removed
    before the solver runs, which would miss some of them, and come back as the first columns; of more components than
    dimensions / 4, as random unit codes, so that nodes of different components are far apart. The other columns are
    eigenvectors of positive eigenvalues, times their squares; a sign is such that the largest entry is positive.
    """
    matrix = _normalized(graph)
    root_degrees = np.sqrt(_sums(graph))
    norms = np.sqrt(np.bincount(graph.components, root_degrees**2))
    trivial = root_degrees / norms[graph.components]  # of each node in the eigenvector of its component
    codes = _component_codes(len(norms), max(1, dimensions // CODE_SHARE), seed)
    columns = _leading(matrix, trivial, graph.components, dimensions - codes.shape[1], seed)
    return unit_rows(np.hstack([trivial[:, None] * codes[graph.components], columns]))


def _sums(graph: Graph) -> np.ndarray:
    """(n,) float64 summed weights of the edges of each node."""
    return np.bincount(np.r_[graph.sources, graph.targets], np.r_[graph.weights, graph.weights], len(graph))


def _normalized(graph: Graph) -> "csr_array":
    """(n, n) float64 CSR: weights divided by the roots of the degrees of both ends."""
    from scipy.sparse import diags_array

    scale = diags_array(1 / np.sqrt(_sums(graph)))
    return (scale @ graph.matrix() @ scale).tocsr()


def _component_codes(components: int, dimensions: int, seed: int) -> np.ndarray:
    """(components, at most `dimensions`) unit rows: orthogonal where there are few components."""
    if components <= dimensions:
        return np.eye(components)
    rows = np.random.default_rng(seed).standard_normal((components, dimensions))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _leading(matrix: "csr_array", trivial: np.ndarray, components: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(n, at most `count`) eigenvectors of the largest positive eigenvalues without the trivial ones, times squares."""
    nodes = matrix.shape[0]
    if nodes <= DENSE_NODES or count >= nodes - 1:
        same = components[:, None] == components[None, :]
        values, vectors = np.linalg.eigh(matrix.toarray() - same * np.outer(trivial, trivial))
    else:
        values, vectors = _sparse_leading(matrix, trivial, components, count, seed)
    order = np.argsort(-values, kind="stable")[:count]
    values, vectors = values[order], vectors[:, order]
    used = values > 1e-9
    vectors = vectors[:, used] * values[used] ** TIME
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    return np.asarray(vectors * signs)


def _sparse_leading(
    matrix: "csr_array", trivial: np.ndarray, components: np.ndarray, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    def product(vector: np.ndarray) -> np.ndarray:
        flat = np.ravel(vector)
        return np.asarray(matrix @ flat - trivial * np.bincount(components, trivial * flat)[components])

    operator = LinearOperator(matrix.shape, matvec=product, dtype=np.float64)
    start = np.random.default_rng(seed).standard_normal(matrix.shape[0])
    try:
        values, vectors = eigsh(operator, k=count, which="LA", v0=start, maxiter=MAX_RESTARTS)
    except ArpackNoConvergence as error:  # the pairs that did converge
        values, vectors = error.eigenvalues, error.eigenvectors
    return np.asarray(values), np.asarray(vectors)
