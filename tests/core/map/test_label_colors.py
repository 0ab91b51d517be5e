"""Colors by labels of which a row may have several: categories, codes, legend and what the legend selects."""

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from core.corpus.label_sets import label_sets
from core.map.charts import map_figure
from core.map.color_codes import SEVERAL, color_codes, color_legend, column_bins
from core.map.coloring import label_set_spec
from core.map.regions import regions_by_label
from core.map.selection import Bounds, MapSelection, rows_in_selection
from core.palette import GREY

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(400, 2)).astype(np.float32)


def make(labels=25, rows=400):
    """A column of zero to three labels a row, some more frequent than others."""
    weights = 1 / np.arange(1, labels + 1)
    draw = lambda size: RNG.choice(labels, size, replace=False, p=weights / weights.sum())  # noqa: E731
    sets = [{f"label {code}" for code in draw(RNG.integers(0, 4))} for _ in range(rows)]
    return pd.Series([json.dumps(sorted(names)) for names in sets], dtype="str"), sets


@pytest.fixture(scope="module")
def colored():
    column, sets = make()
    return label_set_spec(label_sets(column), "tags"), sets


def categories_of(spec, names):
    """The categories that a row of these labels is in."""
    shown = [category.label for category in spec.categories[:20]]
    codes = {shown.index(name) if name in shown else 20 for name in names}
    return codes or {len(spec.categories) - 1}


def test_a_row_is_in_the_category_of_each_of_its_labels(colored):
    spec, sets = colored
    assert [category.label for category in spec.categories[20:]] == ["other (5 labels)", "missing"]
    assert [category.color for category in spec.categories[20:]] == [GREY, GREY]
    for code, category in enumerate(spec.categories):
        expected = [code in categories_of(spec, names) for names in sets]
        assert spec.in_category(code).tolist() == expected
        assert category.count == sum(expected)
    for code, names in zip(color_codes(spec).tolist(), sets, strict=True):
        own = categories_of(spec, names)
        assert code == max(own & set(range(20)) or own)  # the least frequent of its colored labels
    assert len(color_legend(spec, "dark")["categories"]) == 22
    taken = spec.take(np.array([5, 1]))
    assert taken.members.tolist() == [spec.members[5], spec.members[1]]


def test_few_labels_have_no_others():
    spec = label_set_spec(label_sets(pd.Series(['["a", "b"]', '["b"]'], dtype="str")), "tags")
    assert [(category.label, category.count) for category in spec.categories] == [("b", 2), ("a", 1)]
    assert color_codes(spec).tolist() == [1, 0]
    bins, labels = column_bins(pd.Series(['["a", "b"]', '["b"]', None], dtype="str"), "tags")
    assert [labels[code] for code in bins] == [SEVERAL, "b", "missing"]


def test_the_legend_selects_all_rows_of_the_visible_labels(colored):
    spec, sets = colored
    everything = set(range(len(spec.categories)))
    for visible in [{0}, {3}, {20}, {21}, *map(set, combinations(range(3), 2))]:
        selection = MapSelection(hidden=tuple(sorted(everything - visible)))
        rows = rows_in_selection(selection, [POINTS], Bounds.of([POINTS]), color_codes(spec), categories=spec.members)
        assert rows.tolist() == [row for row, names in enumerate(sets) if categories_of(spec, names) & visible]


def test_plotly_maps_have_a_trace_of_all_rows_of_each_label(colored):
    spec, sets = colored
    figure = map_figure(POINTS, np.arange(400), spec, ["text"] * 400, "light")
    traces = {trace.name: trace for trace in figure.data}
    first = spec.categories[0]
    assert traces[f"{first.label} ({first.count:,})"].customdata.tolist() == [
        row for row, names in enumerate(sets) if first.label in names
    ]
    drawn = [trace.name.rpartition(" (")[0] for trace in figure.data]
    assert drawn == [category.label for category in (*spec.categories[20:], *spec.categories[:20])]


def test_regions_are_named_by_each_label(colored):
    column = pd.Series(['["a", "b"]'] * 40 + ['["b"]'] * 40 + ["[]"] * 20, dtype="str")
    sets = label_sets(column)
    regions = regions_by_label(POINTS[:100][sets.rows], sets.codes, sets.names)
    assert [(region.text, region.rows) for region in regions] == [("b", 80), ("a", 40)]
