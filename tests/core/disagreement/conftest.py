"""Vectors of which the neighbors are known."""

import numpy as np
import pytest

from core.types import unit_rows


def exact_graph(rows: np.ndarray, k: int) -> np.ndarray:
    """(n, k) ids of the nearest rows by brute force, the row itself left out."""
    near = rows @ rows.T
    np.fill_diagonal(near, -np.inf)
    return np.argsort(-near, axis=1, kind="stable")[:, :k].astype(np.int32)


@pytest.fixture
def random_rows():
    """Two embeddings that have nothing to do with each other, of 300 rows."""
    generator = np.random.default_rng(3)
    return tuple(unit_rows(generator.normal(size=(300, width)) * 7 + 0.4) for width in (24, 17))
