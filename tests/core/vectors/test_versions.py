"""Copies of a corpus without some rows."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError
from core.types import Roles
from core.vectors.versions import without_rows


@pytest.fixture
def corpus():
    table = pd.DataFrame({"text": [f"text {i}" for i in range(10)], "part": ["a", "b"] * 5})
    return build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("part",)), name="Ten").corpus


def test_a_new_version_has_the_other_rows_and_says_what_went(corpus):
    copy = without_rows(corpus, np.array([9, 0, 9]), "rows marked exclude")
    assert copy.texts == corpus.texts[1:9]
    assert copy.table["part"].tolist() == corpus.table["part"].tolist()[1:9]
    assert copy.table.index.tolist() == list(range(8))
    assert copy.table["source_row"].tolist() == list(range(2, 10))
    assert copy.digest != corpus.digest
    assert copy.name == "Ten without 2 rows"
    left_out = copy.origin["left_out"][0]
    assert (left_out["corpus"], left_out["rows"], left_out["source_rows"]) == (corpus.digest, 2, [1, 10])
    step = copy.origin["steps"][-1]
    assert (step["step"], step["before"], step["after"]) == ("Remove rows marked exclude", 10, 8)
    assert len(corpus) == 10
    assert "left_out" not in corpus.origin


def test_a_version_of_a_version_remembers_both(corpus):
    twice = without_rows(without_rows(corpus, [0], "one"), [0], "two", "Eight")
    assert [item["why"] for item in twice.origin["left_out"]] == ["one", "two"]
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
