"""Texts whose labels follow a few dimensions, hidden by noise in the others."""

import numpy as np
import pytest

from core.types import ModelSpec, Vectors, unit_rows

SIGNAL, NOISE = 4, 20
CLASSES, ROWS_PER_CLASS = 12, 40


def planted_points(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 24) unit rows; rows of a label share a direction in the first four dimensions."""
    directions = unit_rows(np.random.default_rng(5).standard_normal((CLASSES, SIGNAL)))
    signal = directions[labels] + 0.15 * rng.standard_normal((len(labels), SIGNAL))
    return unit_rows(np.hstack([signal, 0.6 * rng.standard_normal((len(labels), NOISE))]))


@pytest.fixture(scope="session")
def spec() -> ModelSpec:
    return ModelSpec("imported", "planted")


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    codes = np.random.default_rng(1).permutation(np.repeat(np.arange(CLASSES), ROWS_PER_CLASS))
    return np.array([f"class {code:02}" for code in codes], dtype=object)


@pytest.fixture(scope="session")
def codes(labels) -> np.ndarray:
    return np.array([int(label[-2:]) for label in labels])


@pytest.fixture(scope="session")
def vectors(codes, spec) -> Vectors:
    return Vectors(planted_points(codes, np.random.default_rng(2)), spec, "corpus")
