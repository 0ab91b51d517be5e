"""Users whose tastes follow text, or popularity alone."""

import numpy as np
import pytest

from core.types import ModelSpec, Vectors, unit_rows

ITEMS, TOPICS, USERS = 300, 6, 80


@pytest.fixture(scope="session")
def topics() -> np.ndarray:
    return np.arange(ITEMS) % TOPICS


@pytest.fixture(scope="session")
def vectors(topics) -> Vectors:
    rng = np.random.default_rng(3)
    centers = unit_rows(rng.normal(size=(TOPICS, 24)).astype(np.float32))
    noise = rng.normal(size=(ITEMS, 24)) * 0.1
    return Vectors(unit_rows((centers[topics] + noise).astype(np.float32)), ModelSpec("imported", "planted"), "0" * 16)


@pytest.fixture(scope="session")
def histories_by_text(topics) -> dict[str, list[int]]:
    """Each user likes items of one topic, all of its items alike."""
    rng = np.random.default_rng(4)
    return {f"user {i}": rng.permutation(np.flatnonzero(topics == i % TOPICS))[:12].tolist() for i in range(USERS)}


@pytest.fixture(scope="session")
def histories_by_popularity() -> dict[str, list[int]]:
    """Users like what is popular, whatever its topic."""
    rng = np.random.default_rng(5)
    weights = 1 / (1 + rng.permutation(ITEMS)) ** 1.2
    return {f"user {i}": rng.choice(ITEMS, 12, replace=False, p=weights / weights.sum()).tolist() for i in range(USERS)}
