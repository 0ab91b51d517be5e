"""Marks on doubted labels: kept, changed, taken off, and never in the way."""

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import StorageError
from core.label_errors.marks import label_marks, mark_rows
from core.store import Workspace
from core.types import Roles


@pytest.fixture
def place(tmp_path):
    table = pd.DataFrame({"text": ["one", "two", "three"], "kind": list("aab")})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("kind",)), name="Small").corpus
    workspace = Workspace(tmp_path)
    return workspace, workspace.save_corpus(built).digest


def test_marks_are_kept_by_column_and_can_be_taken_off(place):
    mark_rows(*place, "kind", [2, 0], "right")
    mark_rows(*place, "kind", [0], "seen")
    mark_rows(*place, "other", [1], "seen")
    assert label_marks(*place, "kind") == {0: "seen", 2: "right"}
    assert label_marks(*place, "other") == {1: "seen"}
    mark_rows(*place, "kind", [2, 1], None)
    assert label_marks(*place, "kind") == {0: "seen"}


def test_a_damaged_file_counts_as_no_marks(place):
    mark_rows(*place, "kind", [0], "seen")
    path = next(place[0].folder.rglob("marks.json"))
    for text in ("{", "[]", '{"x": "seen", "1": "bad", "2": ["seen"]}'):
        path.write_text(text)
        assert label_marks(*place, "kind") == {}


def test_a_corpus_that_is_gone_is_not_made_again(place):
    place[0].delete(place[1])
    with pytest.raises(StorageError):
        mark_rows(*place, "kind", [0], "seen")
    assert not list(place[0].folder.glob("corpora/*"))
