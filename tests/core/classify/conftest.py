"""Small vectors with four classes, whose labels can be learned but not perfectly."""

import numpy as np
import pandas as pd
import pytest

from core.types import ModelSpec, Vectors, unit_rows

SPEC = ModelSpec("imported", "mine", dimensions=12)
NAMES = ("billing", "delivery", "praise", "returns")


def make_vectors(n=400, classes=4, noise=0.8, seed=0):
    """(vectors, labels): row i has class i % classes."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % classes
    rows = unit_rows(rng.normal(size=(classes, 12))[codes] + noise * rng.normal(size=(n, 12)))
    names = np.array([NAMES[code] if code < len(NAMES) else f"class {code}" for code in codes])
    return Vectors(rows, SPEC, "corpus"), pd.Series(names)


@pytest.fixture(scope="session")
def data():
    return make_vectors()


@pytest.fixture(scope="session")
def halves():
    """Training and test rows of `data`; every class is in both."""
    return np.arange(300), np.arange(300, 400)
