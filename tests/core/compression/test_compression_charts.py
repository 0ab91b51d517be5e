"""Pictures of compression: bands, marks, hollow points, the suggested setting, and sizes in words."""

import numpy as np
import pandas as pd
import pytest

from core.compression.charts import (
    format_bytes,
    plan_figure,
    quantization_figure,
    recall_figure,
    size_figure,
)
from core.compression.dimensions import Curve
from core.compression.planner import Option, plan
from core.text import common_decimals, format_milliseconds

CURVES = (
    Curve("truncation", (8, 16, 32), (0.2, 0.6, 1.0), (0.1, 0.5, 1.0), (0.3, 0.7, 1.0), (-0.9, -0.5, 0.0)),
    Curve("random", (8, 16, 32), (0.1, 0.3, 0.5), (0.05, 0.2, 0.4), (0.2, 0.4, 0.6), (-0.9, -0.7, -0.5)),
)


def test_a_band_runs_up_along_the_top_and_back_along_the_bottom():
    figure = size_figure(CURVES, 16, 16, "kept")
    band, line = figure.data[:2]
    assert list(band.x) == [8, 16, 32, 32, 16, 8]
    assert list(band.y) == [0.3, 0.7, 1.0, 1.0, 0.5, 0.1]
    assert list(line.y) == [0.2, 0.6, 1.0]
    ring = figure.data[-1]
    assert (ring.x[0], ring.y[0]) == (16, 0.6)
    assert figure.layout.shapes[0].x0 == 16
    assert figure.layout.annotations[0].text == "16 are enough"
    assert figure.layout.annotations[0].x == pytest.approx(np.log10(16))


def test_nothing_is_marked_where_all_dimensions_are_needed():
    figure = size_figure(CURVES, 32, None, "kept")
    assert not figure.layout.shapes
    assert len(figure.data) == 4


def test_what_needs_vectors_beside_is_hollow():
    table = pd.DataFrame({"name": ["float32", "binary", "binary, rescored 4x"], "bytes": [32, 1, 1],
                          "rescoring_bytes": [0, 0, 32], "recall": [1.0, 0.5, 0.9]})  # fmt: skip
    table = table.assign(recall_low=table["recall"] - 0.1, recall_high=table["recall"] + 0.05)
    figure = quantization_figure(table, "recall", "recall")
    assert [trace.name for trace in figure.data] == ["float32", "binary"]
    assert list(figure.data[1].marker.symbol) == ["circle", "circle-open"]
    assert np.allclose(figure.data[1].error_y.arrayminus, 0.1)


def test_the_suggested_setting_is_ringed():
    rows = [("exact", 0, "Exact search", 1.0, 500.0), ("hnsw", 16, "a", 0.9, 9000.0), ("hnsw", 16, "b", 0.97, 4000.0)]
    table = pd.DataFrame(rows, columns=["kind", "build", "name", "recall", "rate"]).assign(low=0.8, high=1.0)
    figure = recall_figure(table, "b", 0.95)
    assert [trace.name for trace in figure.data] == ["exact search", "HNSW, 16 links", "suggested"]
    assert (figure.data[-1].x[0], figure.data[-1].y[0]) == (0.97, 4000)
    assert figure.layout.yaxis.type == "log"


def test_plans_are_drawn_over_rows():
    option = Option("Exact search", "exact", 0, 64, 0, 0, 1.0, 2.0, 1000)
    figure = plan_figure([(rows, [plan(option, rows, 16)]) for rows in (1000, 10_000)], 1000, "ms")
    assert list(figure.data[0].y) == [2, 20]
    assert figure.data[0].hovertext[1] == "Exact search, 10,000 rows: 20 ms"


def test_sizes_and_times_in_words():
    assert [format_bytes(each) for each in (12, 1_540_000_000, 2e12)] == ["12 B", "1.54 GB", "2 TB"]
    assert [format_milliseconds(each) for each in (0.0316, 47.7, 2500)] == ["0.0316 ms", "47.7 ms", "2.5 s"]
    assert [common_decimals(column) for column in ([0.04, 12.3], [None, 31.0], [], [0.0, 0.00001])] == [3, 1, 1, 6]
