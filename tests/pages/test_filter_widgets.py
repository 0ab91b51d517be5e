"""Which range widget suits a column, and filters that a link brings."""

from datetime import date

import pandas as pd
import pytest

from core.corpus.filters import filter_options
from pages.shared.filters import range_scale


def options(values):
    return filter_options(pd.Series(values))


def test_small_spans_have_small_steps():
    scale = range_scale(options([i / 10_000 for i in range(50)]))
    assert scale.step == pytest.approx(0.000049)
    assert scale.format == "%.6f"
    scale = range_scale(options([float(i) for i in range(1, 60)]))
    assert (scale.low, scale.high, scale.step, scale.format) == (1.0, 59.0, 1.0, "%.0f")


def test_days_have_a_slider():
    scale = range_scale(options(pd.to_datetime(["2026-01-01 10:00", "2026-02-01 00:00"])))
    assert (scale.low, scale.high) == (date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize(
    "values",
    [
        pd.to_datetime(["2026-01-01 10:00", "2026-01-01 11:00"]),
        pd.Series(["0001-01-01", "2026-01-01"]).astype("datetime64[us]"),
        pd.Series([-(10**12), 10**12]).astype("datetime64[s]"),
        [1e300 + i * 1e290 for i in range(30)],
        [1 + i * 1e-15 for i in range(30)],
        [-1.7e308, 1.7e308, *range(30)],
    ],
)
def test_what_no_slider_can_show_gets_two_fields(values):
    assert range_scale(options(values)) is None
