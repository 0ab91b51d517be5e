"""Marks of odd rows, and new versions of a corpus."""

import json

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, StorageError
from core.outliers.marks import load_marks, set_marks
from core.store import Workspace
from core.types import Roles
from core.vectors.versions import without_rows


@pytest.fixture
def corpus():
    table = pd.DataFrame({"text": [f"text {i}" for i in range(10)], "part": ["a", "b"] * 5})
    return build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("part",)), name="Ten").corpus


@pytest.fixture
def workspace(tmp_path, corpus):
    made = Workspace(tmp_path)
    made.save_corpus(corpus)
    return made


def test_marks_are_kept_and_taken_off(workspace, corpus):
    assert load_marks(workspace, corpus.digest) == {}
    set_marks(workspace, corpus.digest, [7, 2], "exclude")
    set_marks(workspace, corpus.digest, [2], "keep")
    assert load_marks(Workspace(workspace.folder), corpus.digest) == {2: "keep", 7: "exclude"}
    assert set_marks(workspace, corpus.digest, [7, 3], None) == {2: "keep"}


def test_bad_marks_rows_and_corpora_are_refused(workspace, corpus):
    with pytest.raises(InputError):
        set_marks(workspace, corpus.digest, [0], "burn")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="row 11"):
        set_marks(workspace, corpus.digest, [10], "seen")
    with pytest.raises(StorageError):
        set_marks(workspace, "0" * 16, [0], "seen")
    assert load_marks(workspace, corpus.digest) == {}


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"rows": 3}', json.dumps({"rows": {"x": "seen", "99": "seen", "1": "?"}})]
)
def test_a_damaged_file_counts_as_no_marks(workspace, corpus, content):
    set_marks(workspace, corpus.digest, [1], "seen")
    next(workspace.folder.rglob("marks.json")).write_text(content)
    assert load_marks(workspace, corpus.digest) == {}


def test_a_new_version_has_the_other_rows_and_says_what_went(corpus):
    made = without_rows(corpus, np.array([9, 0, 9]), "rows marked exclude")
    assert made.texts == corpus.texts[1:9]
    assert made.table["part"].tolist() == corpus.table["part"].tolist()[1:9]
    assert made.table.index.tolist() == list(range(8))
    assert made.table["source_row"].tolist() == list(range(2, 10))
    assert made.digest != corpus.digest
    assert made.name == "Ten without 2 rows"
    left_out = made.origin["left_out"][0]
    assert (left_out["corpus"], left_out["rows"], left_out["source_rows"]) == (corpus.digest, 2, [1, 10])
    step = made.origin["steps"][-1]
    assert (step["step"], step["before"], step["after"]) == ("Remove rows marked exclude", 10, 8)
    assert len(corpus) == 10
    assert "left_out" not in corpus.origin


def test_a_version_of_a_version_remembers_both(corpus):
    twice = without_rows(without_rows(corpus, [0], "one"), [0], "two", "Eight")
    assert [each["why"] for each in twice.origin["left_out"]] == ["one", "two"]
    assert twice.origin["left_out"][1]["source_rows"] == [2]
    assert twice.name == "Eight"


def test_the_same_rows_built_anew_are_the_same_corpus(corpus):
    table = corpus.table.drop(columns="source_row").iloc[:9].reset_index(drop=True)
    built = build_corpus(RawTable(table, (), (), None, ""), corpus.roles, name="Nine").corpus
    assert without_rows(corpus, [9], "one").digest == built.digest


@pytest.mark.parametrize("rows", [[], list(range(10)), [10], [-1]])
def test_versions_that_can_not_be_are_refused(corpus, rows):
    with pytest.raises(InputError):
        without_rows(corpus, rows, "them")
