"""Kept selections come back as they were, whoever else writes, and whatever lies on the disk."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from core.corpus import service
from core.corpus.filters import Filter
from core.corpus.loaders import load_corpus, load_selection
from core.corpus.selections import (
    combine_rows,
    delete_selection,
    rename_selection,
    save_selection,
    saved_selections,
    selection_rows,
)
from core.digest import digest_texts
from core.errors import InputError, StorageError
from core.map.coloring import color_spec
from core.search.service import Query, find
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles

TOTAL = 21  # no multiple of eight
TEXTS = [f"text {i}" for i in range(TOTAL)]


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")


@pytest.fixture
def corpus(workspace) -> str:
    table = pd.DataFrame({"n": range(TOTAL), "Tea": "x"})
    whole = Corpus("Numbers", table, TEXTS, Roles("text {n}"), digest_texts(TEXTS))
    return workspace.save_corpus(whole).digest


def folder_of(workspace, corpus, saved):
    return workspace.result_folder("selections", corpus, {"selection": saved.key})


def test_rows_come_back_sorted_each_once(workspace, corpus):
    saved = save_selection(workspace, corpus, "  Odd\n ones\x00 ", [19, 3, 3, 20, 0])
    assert (saved.name, saved.rows) == ("Odd ones", 4)
    rows = selection_rows(Workspace(workspace.folder), corpus, saved.key)
    assert rows.dtype == np.int64
    assert rows.tolist() == [0, 3, 19, 20]
    assert saved_selections(Workspace(workspace.folder), corpus) == (saved,)


def test_the_key_names_the_content(workspace, corpus):
    saved = save_selection(workspace, corpus, "A", [1, 2])
    assert save_selection(workspace, corpus, "A", np.array([2, 1], dtype=np.uint8)) == saved
    assert save_selection(workspace, corpus, "B", [1, 3]).key != saved.key
    other = Corpus("Other", pd.DataFrame({"n": range(3)}), ["a", "b", "c"], Roles("{n}"), "0" * 16)
    workspace.save_corpus(other)
    assert save_selection(workspace, "0" * 16, "A", [1, 2]).key != saved.key
    with pytest.raises(InputError, match='already saved as "A"'):
        save_selection(workspace, corpus, "C", [1, 2])


def test_a_million_rows_take_an_eighth_of_a_megabyte(workspace, corpus, monkeypatch):
    info = replace(workspace.info(corpus), rows=1_000_000)
    monkeypatch.setattr(Workspace, "info", lambda *_: info)
    rows = np.sort(np.random.default_rng(0).choice(1_000_000, 300_000, replace=False))
    saved = save_selection(workspace, corpus, "Third", rows)
    np.testing.assert_array_equal(selection_rows(workspace, corpus, saved.key), rows)
    assert 125_000 < delete_selection(workspace, corpus, saved.key) < 126_000


@pytest.mark.parametrize(
    ("name", "rows", "match"),
    [
        ("A", [], "no rows"),
        ("A", [TOTAL], "no row 22 among the 21"),
        ("A", [-1], "no row 0 "),
        ("A", [0.5], "whole numbers"),
        ("A", np.ones(TOTAL, dtype=bool), "whole numbers"),
        (" \u200b\u200d\n", [1], "needs a name"),
        ("x" * 81, [1], "81 characters"),
        ("TEA", [1], 'already a selection "Tea"'),
    ],
)
def test_what_cannot_be_kept_is_explained(workspace, corpus, name, rows, match):
    save_selection(workspace, corpus, "Tea", [5])
    with pytest.raises(InputError, match=match) as told:
        save_selection(workspace, corpus, name, rows)
    assert told.value.remedy
    assert len(saved_selections(workspace, corpus)) == 1


def test_newest_first_rename_and_delete(workspace, corpus):
    first, second = (save_selection(workspace, corpus, name, [row]) for name, row in (("A", 1), ("B", 2)))
    renamed = rename_selection(workspace, corpus, first.key, "<b>Ä</b> ../x")
    assert renamed == replace(first, name="<b>Ä</b> ../x")
    assert saved_selections(workspace, corpus) == (second, renamed)
    assert rename_selection(workspace, corpus, second.key, "b").name == "b"  # its own name is not taken
    with pytest.raises(InputError, match="already"):
        rename_selection(workspace, corpus, first.key, "B")
    assert delete_selection(workspace, corpus, first.key) > 100
    assert delete_selection(workspace, corpus, first.key) == 0
    assert [selection.name for selection in saved_selections(workspace, corpus)] == ["b"]
    for act in (selection_rows, lambda *where: rename_selection(*where, "C")):
        with pytest.raises(StorageError, match="no longer exists"):
            act(workspace, corpus, first.key)
    assert save_selection(workspace, corpus, "A", [1]).key == first.key


def test_a_deleted_corpus_takes_its_selections_along(workspace, corpus):
    saved = save_selection(workspace, corpus, "A", [1])
    workspace.delete(corpus)
    assert saved_selections(workspace, corpus) == ()
    for act in (
        lambda: selection_rows(workspace, corpus, saved.key),
        lambda: save_selection(workspace, corpus, "A", [1]),
    ):
        with pytest.raises(StorageError):
            act()
    assert not (workspace.folder / "corpora" / corpus).exists()


@pytest.mark.parametrize("key", ["", "../../x", "0" * 15, "g" * 16, "0" * 16])
def test_only_kept_keys_are_opened(workspace, corpus, key):
    with pytest.raises(StorageError):
        selection_rows(workspace, corpus, key)


@pytest.mark.parametrize("facts", ["", "[]", "{}", '{"name": "A"}', '{"name": "A", "key": "..", "rows": 1, "made": 1}'])
def test_facts_that_cannot_be_read_count_as_none(workspace, corpus, facts):
    saved = save_selection(workspace, corpus, "A", [1])
    kept = save_selection(workspace, corpus, "B", [2])
    (folder_of(workspace, corpus, saved) / "selection.json").write_text(facts)
    assert saved_selections(workspace, corpus) == (kept,)


def test_rows_that_were_changed_are_not_served(workspace, corpus):
    saved = save_selection(workspace, corpus, "A", [1])
    file = folder_of(workspace, corpus, saved) / "rows.npy"
    for packed in (np.zeros(3, np.uint8), np.zeros(2, np.uint8), np.ones(3), np.array([{}] * 3)):
        np.save(file, packed)
        with pytest.raises(StorageError, match="can't be read"):
            selection_rows(workspace, corpus, saved.key)
    file.unlink()
    assert saved_selections(workspace, corpus) == ()


def test_a_full_disk_leaves_nothing_behind(workspace, corpus, monkeypatch):
    kept = save_selection(workspace, corpus, "A", [1])

    def full(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("core.corpus.selections.write_json", full)  # after the rows, before the facts
    with pytest.raises(StorageError, match="disk is full"):
        save_selection(workspace, corpus, "B", [2])
    monkeypatch.undo()
    assert saved_selections(workspace, corpus) == (kept,)
    assert len(list(folder_of(workspace, corpus, kept).parent.iterdir())) == 1


def test_writers_at_once_lose_nothing(workspace, corpus):
    def keep(row):
        return save_selection(Workspace(workspace.folder), corpus, f"row {row}", [row])

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(keep, range(TOTAL)))
    assert set(saved_selections(workspace, corpus)) == set(made)
    assert [selection_rows(workspace, corpus, each.key).tolist() for each in made] == [[i] for i in range(TOTAL)]


@pytest.mark.parametrize(
    ("operation", "rule"),
    [
        ("and", lambda a, b: a & b),
        ("or", lambda a, b: a | b),
        ("without", lambda a, b: a - b),
        ("not", lambda a, b: set(range(50)) - a),
    ],
)
def test_combining_is_set_algebra(operation, rule):
    rng = np.random.default_rng(1)
    for size in (0, 1, 20, 50):
        first, second = (np.sort(rng.choice(50, size, replace=False)) for _ in range(2))
        rows = combine_rows(first, None if operation == "not" else second, operation, 50)
        assert rows.dtype == np.int64
        assert rows.tolist() == sorted(rule(set(first.tolist()), set(second.tolist())))


def test_combining_needs_an_operation_and_a_second():
    with pytest.raises(InputError, match="no operation"):
        combine_rows(np.array([1]), np.array([2]), "xor", 5)
    with pytest.raises(InputError, match="needs two"):
        combine_rows(np.array([1]), None, "and", 5)


def test_a_worker_combines_and_keeps(workspace, corpus):
    folder = str(workspace.folder)
    low, high = (
        save_selection(workspace, corpus, name, rows) for name, rows in (("Low", range(12)), ("High", range(9, 21)))
    )
    both = service.combine_and_save(CorpusRef(folder, corpus), "Both", low.key, "and", high.key)
    assert selection_rows(workspace, corpus, both.key).tolist() == [9, 10, 11]
    rest = service.combine_and_save(CorpusRef(folder, corpus), "Rest", both.key, "not")
    assert (rest.rows, service.count_combined(CorpusRef(folder, corpus), both.key, "not")) == (18, 18)
    assert set(saved_selections(workspace, corpus)) == {low, high, both, rest}
    with pytest.raises(InputError, match="No rows are left"):
        service.combine_and_save(CorpusRef(folder, corpus), "None", both.key, "and", rest.key)
    with pytest.raises(InputError, match='already saved as "Low"'):
        service.combine_and_save(CorpusRef(folder, corpus), "Again", low.key, "or", both.key)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_selections_are_columns_of_the_whole_table(workspace, corpus, form):
    folder = str(workspace.folder)
    tea = save_selection(workspace, corpus, "Tea", [1, 20])
    formula = save_selection(workspace, corpus, "=1+1", [0])
    table = read(service.corpus_file(CorpusRef(folder, corpus), (tea.key, formula.key), form), form)
    last = "'=1+1" if form == "csv" else "=1+1"
    assert table.columns.tolist() == ["text", "n", "Tea", "Tea_", last]
    assert table["text"].tolist() == TEXTS
    assert table["Tea_"].dtype == bool
    assert np.flatnonzero(table["Tea_"]).tolist() == [1, 20]
    assert np.flatnonzero(table[last]).tolist() == [0]
    alone = read(service.selection_file(CorpusRef(folder, corpus), tea.key, form), form)
    assert alone["n"].tolist() == [1, 20]
    assert alone.columns.tolist() == ["text", "n", "Tea"]
    assert load_corpus(CorpusRef(folder, corpus)).table.columns.tolist() == [
        "n",
        "Tea",
    ]  # the kept table is not touched
    with pytest.raises(StorageError):
        service.corpus_file(CorpusRef(folder, corpus), ("0" * 16,), form)


def read(data: bytes, form: str) -> pd.DataFrame:
    return (pd.read_csv if form == "csv" else pd.read_parquet)(BytesIO(data))


def test_a_search_stays_within_a_selection(workspace, corpus):
    saved = save_selection(workspace, corpus, "Some", [2, 4, 6])
    within = Filter("Some", "rows", text=saved.key)
    found = find(CorpusRef(str(workspace.folder), corpus), None, Query("text", "words", filters=(within,)))
    assert sorted(found.hits.rows.tolist()) == [2, 4, 6]
    assert found.searched == 3
    with pytest.raises(InputError, match='no selection "Gone"'):
        find(
            CorpusRef(str(workspace.folder), corpus),
            None,
            Query("text", "words", filters=(Filter("Gone", "rows", text="0" * 16),)),
        )


def test_a_selection_colors_the_map(workspace, corpus):
    saved = save_selection(workspace, corpus, "Some", [2, 4, 6])
    mask = load_selection(CorpusRef(str(workspace.folder), corpus), saved.key)
    assert not mask.flags.writeable
    spec = color_spec(pd.Series(mask), saved.name)
    assert (spec.kind, [(category.label, category.count) for category in spec.categories]) == (
        "category",
        [("False", 18), ("True", 3)],
    )
    assert np.flatnonzero(spec.values == 1).tolist() == [2, 4, 6]
