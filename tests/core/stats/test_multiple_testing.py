"""Corrections for several tests: against scipy, published tables and by hand."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from core.stats.multiple_testing import benjamini_hochberg, bonferroni_z, holm


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.5])), [0.09, 0.04, 0.09, 0.5])
    np.testing.assert_allclose(holm(np.array([0.9, 0.8])), [1, 1])
    assert len(holm(np.array([]))) == 0


def test_benjamini_hochberg_is_scipy_s():
    p = np.array([0.001, 0.8, 0.039, np.nan, 0.041, 0.042, 0.06])
    finite = np.isfinite(p)
    assert benjamini_hochberg(p)[finite] == pytest.approx(false_discovery_control(p[finite]))
    assert np.isnan(benjamini_hochberg(p)[3])


def test_bonferroni_z_of_published_tables():
    assert bonferroni_z(1) == pytest.approx(1.959964, abs=1e-5)
    assert bonferroni_z(5) == pytest.approx(2.575829, abs=1e-5)  # two-sided 0.01
    assert bonferroni_z(50) == pytest.approx(3.290527, abs=1e-5)  # two-sided 0.001
