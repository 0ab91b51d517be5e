"""Rows in groups whose first dimensions matter most, of unequal lengths before they are scaled."""

import numpy as np
import pytest

from core.compression.sample import draw_sample, exact_truth
from core.types import unit_rows


def grouped_rows(count=700, width=48, seed=3):
    """(count, width) rows around 20 centers; dimension j has a standard deviation of 1 / sqrt(j + 1)."""
    rng = np.random.default_rng(seed)
    spread = 1 / np.sqrt(np.arange(1, width + 1))
    centers, group = rng.normal(size=(20, width)) * spread, np.arange(count) % 20
    rows = centers[group] + 0.6 * rng.normal(size=(count, width)) * spread
    return unit_rows(rows * rng.uniform(0.2, 7, size=(count, 1))), group


@pytest.fixture(scope="session")
def made():
    """A sample with one copied text, its truth, and every row's group."""
    rows, group = grouped_rows()
    groups = np.arange(700)
    rows[650], groups[650] = rows[3], 3
    sample = draw_sample(rows, groups, queries=120)
    return sample, exact_truth(sample), group
