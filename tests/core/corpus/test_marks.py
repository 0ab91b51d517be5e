"""Marks on rows: set, changed, cleared, read from files of earlier versions, and robust to damaged files."""

import json

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.marks import RowMarks
from core.corpus.reading.values import RawTable
from core.errors import InputError, StorageError
from core.label_errors.results import LabelQuery
from core.label_errors.service import label_marks
from core.outliers.service import outlier_marks
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles


@pytest.fixture
def corpus(tmp_path):
    table = pd.DataFrame({"text": [f"text {i}" for i in range(10)], "kind": ["a", "b"] * 5})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("kind",)), name="Ten").corpus
    return CorpusRef(str(tmp_path), Workspace(tmp_path).save_corpus(built).digest)


def marks_of_column(corpus, column) -> RowMarks:
    return label_marks(LabelQuery(corpus, ModelSpec("imported", "test"), column))


def mark_file(corpus):
    return next(Workspace(corpus.folder).folder.rglob("marks.json"))


def test_marks_are_stored_and_cleared(corpus):
    marks = outlier_marks(corpus)
    assert marks.load() == {}
    marks.set([7, 2], "exclude")
    marks.set([2], "keep")
    assert outlier_marks(corpus).load() == {2: "keep", 7: "exclude"}
    marks.set([7, 3], None)
    assert marks.load() == {2: "keep"}


def test_marks_of_columns_are_separate(corpus):
    marks_of_column(corpus, "kind").set([2, 0], "correct")
    marks_of_column(corpus, "kind").set([0], "reviewed")
    marks_of_column(corpus, "other").set([1], "reviewed")
    assert marks_of_column(corpus, "kind").load() == {0: "reviewed", 2: "correct"}
    assert marks_of_column(corpus, "other").load() == {1: "reviewed"}
    assert outlier_marks(corpus).load() == {}


def test_unknown_marks_rows_and_corpora_are_refused(corpus):
    marks = outlier_marks(corpus)
    with pytest.raises(InputError):
        marks.set([0], "burn")
    with pytest.raises(InputError, match="row 11"):
        marks.set([10], "reviewed")
    with pytest.raises(StorageError):
        outlier_marks(CorpusRef(corpus.folder, "0" * 16)).set([0], "reviewed")
    assert marks.load() == {}


def test_a_deleted_corpus_is_not_created_again(corpus):
    workspace = Workspace(corpus.folder)
    workspace.delete(corpus.digest)
    with pytest.raises(StorageError):
        marks_of_column(corpus, "kind").set([0], "reviewed")
    assert not list(workspace.folder.glob("corpora/*"))


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"rows": 3}',
        '{"x": "seen", "1": "bad", "2": ["seen"]}',
        json.dumps({"rows": {"x": "seen", "99": "seen", "1": "?"}}),
    ],
)
def test_a_damaged_file_has_no_marks(corpus, content):
    outlier_marks(corpus).set([1], "reviewed")
    mark_file(corpus).write_text(content)
    assert outlier_marks(corpus).load() == {}


def test_files_of_earlier_versions_are_read(corpus):
    outlier_marks(corpus).set([1], "keep")
    mark_file(corpus).write_text('{"rows": {"4": "exclude", "3": "seen"}}')
    assert outlier_marks(corpus).load() == {3: "reviewed", 4: "exclude"}
    mark_file(corpus).unlink()
    marks_of_column(corpus, "kind").set([1], "correct")
    mark_file(corpus).write_text('{"0": "right", "1": "seen"}')
    assert marks_of_column(corpus, "kind").load() == {0: "correct", 1: "reviewed"}
