"""Several labels a row: which columns are recognized, how rows count, and filters, colors and roles by one label."""

import json

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.filters import Filter, apply_filters, filter_options, filters_from_json, filters_to_json
from core.corpus.label_columns import candidate_label_columns
from core.corpus.label_sets import label_sets, similar_labels, split_cell, split_labels, to_json_lists
from core.corpus.preprocess import Steps
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.value_formats import apply_value_formats
from core.corpus.reading.values import RawTable, ValueFormat
from core.store import Workspace
from core.types import Roles

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
    both = ("urgent", "legal")
    assert sets.mask_all(both).tolist() == [set(both) <= set(names) for names in SETS]
    assert not sets.mask_all(("urgent", "unknown")).any()
    assert sets.sizes().tolist() == [len(names) for names in SETS]
    np.testing.assert_array_equal(sets.indicator().toarray().sum(axis=0), sets.counts)


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


def test_lists_of_strings_are_sets_whatever_their_labels():
    many = pd.Series([json.dumps([f"label {i}", f"label {i + 1}", "x" * 300]) for i in range(500)], dtype="str")
    assert len(label_sets(many).names) == 502
    one_each = pd.Series(['["app"]', '["praise"]', "[]", "", None], dtype="str")
    sets = label_sets(one_each)
    assert (sets.names, sets.counts.tolist(), sets.sizes().tolist()) == (("app", "praise"), [1, 1], [1, 1, 0, 0, 0])
    assert label_sets(pd.Series(["[]", None], dtype="str")) is None
    assert label_sets(pd.Series(['["a"]', "[1]"], dtype="str")) is None
    escaped = label_sets(pd.Series([json.dumps(['café, "bar"', "a; b", "a; b "])], dtype="str"))
    assert sorted(escaped.names) == ["a; b", 'café, "bar"']


@pytest.mark.parametrize(
    ("cell", "separator", "expected"),
    [
        ("a; b;; a ;", ";", ["a", "b"]),
        ('"a; b"; c', ";", ["a; b", "c"]),
        ('say "a; b" ; c', ";", ['say "a', 'b"', "c"]),  # quotes count at the ends of a label only
        (r"a\; b; c\d", ";", ["a; b", r"c\d"]),
        ('"a ""b"""|c', "|", ['a "b"', "c"]),
        ('"open; b', ";", ['"open', "b"]),
        ("a\tb", "\t", ["a", "b"]),
        ("a :: b:c", "::", ["a", "b:c"]),
        ("App; app", ";", ["App", "app"]),
        ("['a, b', 'c']", "", ["a, b", "c"]),
        ("   ", ";", []),
    ],
)
def test_cells_are_split_as_declared(cell, separator, expected):
    assert split_cell(cell, separator) == expected
    stored = to_json_lists(pd.Series([cell, None], dtype="str", name="tags"), separator)
    assert stored.name == "tags"
    assert stored.isna().tolist() == [not cell.strip(), True]
    if cell.strip():
        assert json.loads(stored[0]) == expected


def test_spellings_are_merged_into_the_most_frequent():
    column = pd.Series(
        ["App; praise", "app;  Very  late", "app", "very late; very late", "very late", None], dtype="str"
    )
    sets = split_labels(column, ";")
    assert {frozenset(group) for group in similar_labels(sets.names)} == {
        frozenset({"App", "app"}), frozenset({"Very  late", "very late"}),
    }  # fmt: skip
    merged = split_labels(column, ";", merge=True)
    assert dict(zip(merged.names, merged.counts.tolist(), strict=True)) == {"app": 3, "very late": 3, "praise": 1}
    stored = label_sets(to_json_lists(column, ";", merge=True))
    assert (stored.names, stored.counts.tolist()) == (merged.names, merged.counts.tolist())
    assert similar_labels(stored.names) == ()


def test_a_column_declared_single_valued_is_not_split():
    table = pd.DataFrame({"tags": column("semicolons"), "other": column("commas")})
    declared = apply_value_formats(
        table, (ValueFormat("tags", None), ValueFormat("other", ","), ValueFormat("no", ";"))
    )
    assert label_sets(declared["tags"]) is None
    assert all(cell.startswith("[") for cell in declared["other"].dropna())
    assert dict(filter_options(declared["other"]).values) == COUNTS
    assert filter_options(declared["tags"]).several is False
    assert label_sets(table["tags"]) is not None


def test_corpora_store_what_was_declared(tmp_path):
    table = pd.DataFrame({"text": [f"parcel {i}" for i in range(120)], "tags": column("semicolons")})
    roles = Roles("{text}")
    default = build_corpus(RawTable(table), roles).corpus
    assert default.table["tags"].equals(table["tags"])  # and so the digest is that of earlier versions
    assert default.digest == "ad53931d8970e03a"
    single = build_corpus(RawTable(apply_value_formats(table, (ValueFormat("tags", None),))), roles).corpus
    assert single.roles.single_valued == ("tags",)
    assert single.digest != default.digest
    workspace = Workspace(tmp_path)
    assert workspace.save_corpus(single).roles == single.roles
    assert label_sets(workspace.load_corpus(single.digest).table["tags"]) is None
    declared = build_corpus(RawTable(apply_value_formats(table, (ValueFormat("tags", ";"),))), roles).corpus
    assert dict(filter_options(declared.table["tags"]).values) == COUNTS
    lists = apply_value_formats(table, (ValueFormat("tags", ";"),))
    as_read = build_corpus(RawTable(table), Roles("{tags}: {text}")).corpus.texts
    assert build_corpus(RawTable(lists), Roles("{tags}: {text}")).corpus.texts == as_read  # no brackets in texts
    few = build_corpus(RawTable(table), roles, Steps(sample=6)).corpus
    stored = label_sets(few.table["tags"])  # too few rows to be recognized by themselves
    assert stored.sizes().tolist() == [len(SETS[row - 1]) for row in few.table["source_row"]]


def test_filters_of_many_labels():
    cells = pd.Series([json.dumps([f"label {i}", "all"]) for i in range(300)], dtype="str", name="tags")
    options = filter_options(cells)
    assert (options.kind, options.several, options.distinct, len(options.values)) == ("values", True, 301, 200)
    assert options.values[0] == ("all", 300)
    table = cells.to_frame()
    rare = Filter("tags", "all values", ("label 250", "all"))
    assert np.flatnonzero(apply_filters(table, [rare])).tolist() == [250]
    assert filters_from_json(filters_to_json([rare])) == (rare,)
    single = pd.DataFrame({"area": ["a", "b", None]})
    assert apply_filters(single, [Filter("area", "all values", ("a",))]).tolist() == [True, False, False]
    assert not apply_filters(single, [Filter("area", "all values", ("a", "b"))]).any()
    long = pd.Series([json.dumps(["x" * 201]), json.dumps(["y"])], dtype="str")
    assert filter_options(long).kind == "contains"
