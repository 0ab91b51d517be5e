"""Small spaces that the tests of diagnostics share."""

import numpy as np
import pytest

from core.quality.distinct_texts import Space, build_space
from core.types import ModelSpec, Vectors, unit_rows
from core.vectors.neighbors import build_neighbors


def space_of(rows: np.ndarray, groups: np.ndarray | None = None) -> Space:
    """The space of any rows, made unit length, with its exact graph."""
    vectors = Vectors(unit_rows(rows), ModelSpec("imported", "mine"), "0" * 16)
    graph = build_neighbors(vectors)
    codes = np.arange(len(rows)) if groups is None else groups
    return build_space(vectors.rows, graph.ids, graph.scores, codes)


@pytest.fixture(scope="session")
def labeled() -> tuple[Space, np.ndarray]:
    """Four clouds of 100 texts each in 16 dimensions, not centered, and which cloud a text is of."""
    generator = np.random.default_rng(5)
    codes = np.repeat(np.arange(4), 100)
    centers = generator.normal(size=(4, 16)) * 2 + 1
    return space_of(centers[codes] + generator.normal(size=(400, 16)) * 1.4), codes
