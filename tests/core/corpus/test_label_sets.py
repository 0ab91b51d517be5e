"""Several labels a row: which columns are recognized, how rows count, and filters, colors and roles by one label."""

import json

import numpy as np
import pandas as pd
import pytest

from core.corpus.filters import Filter, apply_filters, filter_options
from core.corpus.label_columns import candidate_label_columns
from core.corpus.label_sets import label_sets
from core.corpus.reading.roles import guess_roles

LABELS = ("delivery", "urgent", "legal", "very late")
RNG = np.random.default_rng(0)
SETS = [list(RNG.permutation(LABELS)[: RNG.integers(0, 4)]) for _ in range(120)]
COUNTS = {label: sum(label in names for names in SETS) for label in LABELS}
WRITTEN = {
    "semicolons": "; ".join,
    "no spaces": ";".join,
    "bars": "|".join,
    "line ends": "\n".join,
    "commas": ", ".join,
    "JSON": json.dumps,
    "Python": lambda names: str([str(name) for name in names]),
    "numpy": lambda names: "[" + " ".join(f"'{name}'" for name in names) + "]",
    "PostgreSQL": lambda names: "{" + ",".join(names) + "}",
}


def column(form):
    return pd.Series([WRITTEN[form]([str(name) for name in names]) or None for names in SETS], dtype="str")


@pytest.mark.parametrize("form", WRITTEN)
def test_a_row_counts_in_each_of_its_labels_whatever_their_order(form):
    sets = label_sets(column(form))
    assert dict(zip(sets.names, sets.counts.tolist(), strict=True)) == COUNTS
    assert sets.counts.tolist() == sorted(sets.counts, reverse=True)
    for label in LABELS:
        assert sets.mask([label]).tolist() == [label in names for names in SETS]
    assert sets.mask(LABELS).tolist() == [bool(names) for names in SETS]
    single = sets.single()
    expected = [names[0] if len(names) == 1 else "several labels" if names else "none" for names in SETS]
    assert single.fillna("none").tolist() == expected


@pytest.mark.parametrize("form", WRITTEN)
def test_filters_roles_and_label_columns(form):
    texts = [f"My parcel number {i} came late" for i in range(120)]
    table = pd.DataFrame({"text": texts, "tags": column(form), "area": ["a", "b"] * 60})
    options = filter_options(table["tags"])
    assert (options.kind, dict(options.values)) == ("values", COUNTS)
    assert options.missing == sum(not names for names in SETS)
    mask = apply_filters(table, [Filter("tags", "values", values=("urgent", "legal"))])
    assert mask.tolist() == [bool({"urgent", "legal"} & set(names)) for names in SETS]
    assert apply_filters(table, [Filter("tags", "missing")]).tolist() == [not names for names in SETS]
    roles = guess_roles(table)
    assert roles.text == "{text}"
    assert roles.labels == ("area", "tags")
    assert candidate_label_columns(table, ("tags",)) == ("area",)


OTHERS = {
    "names": ["Doe, John", "Roe, Jane", "Poe, Ann"],
    "places": ["London, UK", "Paris, France", "Oslo, Norway"],
    "decimal commas": ["3,5", "4,25", "5,0"],
    "one label": ["delivery", "urgent", "legal"],
    "vectors": ["[0.1, 0.2]", "[0.3, 0.1]", "[0.2, 0.3]"],
    "objects": ['{"a": 1, "b": 2}', '{"a": 2, "b": 1}', '{"b": 3}'],
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_columns_are_not(kind):
    assert label_sets(pd.Series(OTHERS[kind] * 20, dtype="str")) is None
    assert label_sets(pd.Series(range(60))) is None
    assert label_sets(pd.Series([], dtype="str")) is None


def test_labels_that_do_not_recur_are_none():
    assert label_sets(pd.Series([f"tag {i}; tag {i + 1000}" for i in range(60)])) is None
