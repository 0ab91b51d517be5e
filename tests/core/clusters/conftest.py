from dataclasses import dataclass

import numpy as np
import pytest

from core.types import ModelSpec, Neighbors, Vectors, unit_rows
from core.vectors.neighbors import build_neighbors

SPEC = ModelSpec("imported", "planted")


@dataclass(frozen=True, eq=False)
class Planted:
    """Groups of unit vectors around directions of their own, in a mixed order; truth: (n,) the group of each row."""

    vectors: Vectors
    neighbors: Neighbors
    truth: np.ndarray
    texts: list[str]


def plant(sizes=(60, 50, 40, 30), dims=24, spread=0.12, seed=0) -> Planted:
    random = np.random.default_rng(seed)
    truth = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    rows = random.normal(size=(len(sizes), dims))[truth] + spread * random.normal(size=(len(truth), dims))
    return given(rows, truth)


def given(rows: np.ndarray, truth: np.ndarray | None = None) -> Planted:
    vectors = Vectors(unit_rows(rows.astype(np.float32)), SPEC, "")
    texts = [f"text {row}" for row in range(len(rows))]
    return Planted(vectors, build_neighbors(vectors), np.zeros(len(rows)) if truth is None else truth, texts)


@pytest.fixture(name="plant")
def planting():
    return plant


@pytest.fixture(name="given")
def giving():
    return given


@pytest.fixture(scope="session")
def planted() -> Planted:
    return plant()


@pytest.fixture(scope="session")
def scattered() -> Planted:
    """300 rows without groups worth the name, so that no answer is obvious."""
    return given(np.random.default_rng(3).normal(size=(300, 12)))
