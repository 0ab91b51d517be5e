"""Columns added to a stored corpus: versions, names, and what is computed from them."""

from dataclasses import replace

import pandas as pd
import pytest

from core.corpus.added_columns import (
    add_column,
    added_columns,
    column_inputs,
    current_ref,
    remove_column,
)
from core.corpus.annotations import Annotation, append
from core.corpus.codebook import Codebook, LabelDefinition, create_column
from core.corpus.loaders import load_corpus
from core.errors import InputError, StorageError
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles


@pytest.fixture
def corpus(tmp_path):
    table = pd.DataFrame({"category": ["a", "b", "a"]})
    source = Corpus("three", table, ["one", "two", "three"], Roles("{category}"), "0123456789abcdef", {})
    Workspace(tmp_path).save_corpus(source)
    return CorpusRef(str(tmp_path), source.digest)


@pytest.mark.parametrize(
    "values",
    [["x", None, "y"], [1.5, None, 2.0], [1, 2, 3], [True, False, True], ['["x", "y"]', "[]", None]],
)
def test_cells_and_types_survive(corpus, values):
    add_column(corpus, "extra", pd.Series(values), "predictions")
    table = load_corpus(current_ref(corpus.folder, corpus.digest)).table
    assert list(table.columns) == ["category", "extra"]
    pd.testing.assert_series_equal(table["extra"], pd.Series(values, name="extra"), check_dtype=False)
    assert list(load_corpus(corpus).table.columns) == ["category"]


def test_new_values_are_a_new_version_and_the_previous_one_is_still_read(corpus):
    add_column(corpus, "extra", pd.Series(["x", "y", "z"]), "predictions", {"model": "m"})
    first = current_ref(corpus.folder, corpus.digest)
    add_column(corpus, "extra", pd.Series(["x", "y", "y"]), "predictions")
    second = current_ref(corpus.folder, corpus.digest)
    assert first != second
    assert first.source == second.source == corpus
    assert load_corpus(first).table["extra"].tolist() == ["x", "y", "z"]
    assert load_corpus(second).table["extra"].tolist() == ["x", "y", "y"]
    assert column_inputs(first, "extra") != column_inputs(second, "extra")
    assert column_inputs(first, "category") == {}


def test_same_values_are_the_same_version(corpus):
    versions = {add_column(corpus, "extra", pd.Series(["x", None, "z"]), "entities").version for _ in range(2)}
    assert len(versions) == 1


@pytest.mark.parametrize("name", ["category", "", " ", "x" * 101, "__text__"])
def test_names_in_use_or_of_wrong_length_are_refused(corpus, name):
    with pytest.raises(InputError):
        add_column(corpus, name, pd.Series(["x", "y", "z"]), "predictions")
    assert added_columns(corpus.folder, corpus.digest) == ()


def test_another_kind_or_number_of_rows_is_refused(corpus):
    add_column(corpus, "extra", pd.Series(["x", "y", "z"]), "entities")
    with pytest.raises(InputError, match="another kind"):
        add_column(corpus, "extra", pd.Series(["x", "y", "z"]), "predictions")
    with pytest.raises(InputError, match="2 values"):
        add_column(corpus, "other", pd.Series(["x", "y"]), "predictions")


def test_removed_column_is_gone_and_a_reference_to_it_says_so(corpus):
    add_column(corpus, "../../evil/column", pd.Series(["x", "y", "z"]), "predictions")
    current = current_ref(corpus.folder, corpus.digest)
    remove_column(corpus, "../../evil/column")
    remove_column(corpus, "never there")
    assert current_ref(corpus.folder, corpus.digest) == corpus
    with pytest.raises(StorageError, match="removed"):
        load_corpus(current)


def test_damaged_column_is_left_out(corpus):
    add_column(corpus, "extra", pd.Series(["x", "y", "z"]), "predictions")
    current = current_ref(corpus.folder, corpus.digest)
    (path,) = (Workspace(corpus.folder).folder / "corpora").rglob("column.json")
    (cells,) = path.parent.glob("*.parquet")
    cells.write_bytes(b"damaged")
    with pytest.raises(StorageError):
        load_corpus(current)
    path.write_text("{")
    assert added_columns(corpus.folder, corpus.digest) == ()


def test_unknown_corpus(corpus):
    with pytest.raises(StorageError):
        add_column(replace(corpus, digest="f" * 16), "extra", pd.Series(["x"]), "predictions")


def test_label_columns_are_added_columns(corpus):
    labels = (LabelDefinition("x"), LabelDefinition("y"))
    create_column(corpus, Codebook("topic", labels))
    empty = current_ref(corpus.folder, corpus.digest)
    append(corpus, "topic", [Annotation(1, "x", "Ana")])
    labeled = current_ref(corpus.folder, corpus.digest)
    assert load_corpus(empty).table["topic"].isna().all()
    assert load_corpus(labeled).table["topic"].tolist()[1] == "x"
    assert [column.kind for column in added_columns(corpus.folder, corpus.digest)] == ["labels"]
    with pytest.raises(InputError):
        add_column(corpus, "topic", pd.Series(["x", "y", "z"]), "predictions")
    remove_column(labeled, "topic")
    assert current_ref(corpus.folder, corpus.digest) == corpus
