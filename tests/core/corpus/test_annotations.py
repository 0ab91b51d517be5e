"""Label columns: nothing that was written is lost, whoever writes at the same time, and a version never changes."""

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pandas as pd
import pytest

from core.corpus import annotations
from core.corpus.annotations import Annotation, append, column_version, label_columns, read_column, read_log
from core.corpus.codebook import (
    Codebook,
    LabelDefinition,
    change_labels,
    codebook_file,
    column_folder,
    create_column,
    delete_column,
    load_codebook,
)
from core.errors import InputError, StorageError
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles

LABELS = (LabelDefinition("praise", "A happy | customer"), LabelDefinition("=complaint"))
ROWS = 40


@pytest.fixture
def corpus(tmp_path):
    texts = [f"text {row}" for row in range(ROWS)]
    info = Workspace(tmp_path).save_corpus(Corpus("c", pd.DataFrame({"text": texts}), texts, Roles("{text}"), "a" * 16))
    return CorpusRef(str(tmp_path), info.digest)


@pytest.fixture
def column(corpus):
    return create_column(corpus, Codebook("mood", LABELS)).column


def labels(corpus, column, version=None):
    series = read_column(corpus.folder, corpus.digest, column, version or column_version(corpus, column), ROWS)
    return series.dropna().to_dict()


def write_many(corpus, column, annotator):
    for row in range(ROWS):
        append(corpus, column, [Annotation(row, "praise" if annotator == "a" else "=complaint", annotator)])


def test_the_majority_counts_and_of_ties_the_latest(corpus, column):
    votes = [(1, "a", "x"), (1, "b", "y"), (2, "a", "x"), (2, "b", "x"), (2, "c", "y"), (3, "a", "x"), (3, "b", "y")]
    append(corpus, column, [Annotation(row, label, annotator) for row, annotator, label in votes])
    before = column_version(corpus, column)
    assert labels(corpus, column) == {1: "y", 2: "x", 3: "y"}
    append(corpus, column, [Annotation(3, "x", "a"), Annotation(1, None, "b"), Annotation(2, None, "a", skipped=True)])
    assert labels(corpus, column) == {1: "x", 2: "y", 3: "x"}
    assert labels(corpus, column, before) == {1: "y", 2: "x", 3: "y"}
    assert label_columns(corpus.folder, corpus.digest) == ((column, column_version(corpus, column)),)


def test_rows_without_a_label_are_missing_and_events_are_read_as_written(corpus, column):
    assert read_column(corpus.folder, corpus.digest, column, column_version(corpus, column), 3).isna().all()
    event = Annotation(5, "pra\u2028ise\n", "Ann", comment="why 好", audit=True, suggestion="x")
    append(corpus, column, [event, Annotation(6, None, "Ann", skipped=True)])
    log = read_log(corpus.folder, corpus.digest, column, column_version(corpus, column))
    assert log.events[0] == event
    assert log.damaged == 0
    assert log.version_at(2) == column_version(corpus, column)
    assert log.labels(audit_only=True) == {5: event.label}
    first = read_log(corpus.folder, corpus.digest, column, log.version_at(1))
    assert first.events == (event,)


def test_processes_that_label_the_same_rows_lose_nothing(corpus, column):
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        list(pool.map(write_many, [corpus] * 3, [column] * 3, "aba"))
    log = read_log(corpus.folder, corpus.digest, column, column_version(corpus, column))
    assert len(log.events) == 3 * ROWS
    assert log.damaged == 0
    assert len(log.current()) == 2 * ROWS
    assert len(labels(corpus, column)) == ROWS


@pytest.mark.parametrize("tail", [b'\n{"row": 3, "label": "pr', b"\xff\n", b'{"row": -1}', b"[]", b'{"row": "1"}'])
def test_a_cut_or_damaged_line_is_counted_and_nothing_else_is_lost(corpus, column, tail):
    path = column_folder(corpus.folder, corpus.digest, column) / annotations.LOG_FILE
    append(corpus, column, [Annotation(1, "praise", "a")])
    with path.open("ab") as file:
        file.write(tail)
    append(corpus, column, [Annotation(2, "praise", "a")])
    log = read_log(corpus.folder, corpus.digest, column, column_version(corpus, column))
    assert log.damaged == 1
    assert labels(corpus, column) == {1: "praise", 2: "praise"}


def test_a_column_that_was_deleted_and_created_again_is_another(corpus, column):
    append(corpus, column, [Annotation(1, "praise", "a")])
    before = column_version(corpus, column)
    delete_column(corpus, column)
    assert label_columns(corpus.folder, corpus.digest) == ()
    with pytest.raises(StorageError):
        append(corpus, column, [Annotation(1, "praise", "a")])
    create_column(corpus, Codebook(column, LABELS))
    append(corpus, column, [Annotation(2, "praise", "a")])
    annotations.read_log.cache_clear()
    assert labels(corpus, column, before) == {}
    assert labels(corpus, column) == {2: "praise"}


def test_names_are_never_file_names(corpus):
    create_column(corpus, Codebook("../../evil", LABELS))
    assert [name for name, _ in label_columns(corpus.folder, corpus.digest)] == ["../../evil"]
    assert not list(Workspace(corpus.folder).folder.rglob("*evil*"))


@pytest.mark.parametrize("name", ["TEXT", "Mood", " ", "x" * 100])
def test_names_that_exist_or_cannot_be_used_are_refused(corpus, column, name):
    with pytest.raises(InputError):
        create_column(corpus, Codebook(name, LABELS))


@pytest.mark.parametrize("names", [["a"], ["a", "A"], ["a", " "], [f"l{i}" for i in range(10_000)]])
def test_unusable_label_schemes_are_refused(corpus, names):
    with pytest.raises(InputError):
        create_column(corpus, Codebook("new", tuple(map(LabelDefinition, names))))


@pytest.mark.parametrize("event", [Annotation(ROWS, "x", "a"), Annotation(-1, "x", "a"), Annotation(1, "x", " ")])
def test_unusable_events_are_refused(corpus, column, event):
    with pytest.raises(InputError):
        append(corpus, column, [Annotation(0, "praise", "a"), event])
    assert labels(corpus, column) == {}


def test_labels_change_but_those_in_use_stay(corpus, column):
    changed = change_labels(corpus, column, [LabelDefinition("praise"), LabelDefinition("other")], ["praise"])
    assert load_codebook(corpus, column) == changed
    with pytest.raises(InputError):
        change_labels(corpus, column, LABELS, ["other"])


def test_the_codebook_is_exported(corpus, column):
    codebook = load_codebook(corpus, column)
    assert json.loads(codebook_file(codebook, "json"))["labels"][0] == {
        "name": "praise", "definition": "A happy | customer"
    }  # fmt: skip
    assert b"A happy \\| customer" in codebook_file(codebook, "md")
    lines = codebook_file(codebook, "csv").decode("utf-8-sig").splitlines()
    assert lines == ["label,definition", "praise,A happy | customer", "'=complaint,"]
