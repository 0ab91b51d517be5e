"""The workspace keeps what it is given, and a broken file is a miss."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from core import store
from core.clusters.methods import ClusterParams
from core.clusters.names import save_names
from core.digest import digest_table, digest_texts
from core.errors import StorageError
from core.store import Workspace
from core.types import Corpus, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.cache import VectorCache

TEXTS = ["red apple", "绿苹果", "", "<script>alert(1)</script>", "a\x00b"]


def make_corpus() -> Corpus:
    table = pd.DataFrame(
        {"kind": ["a", "b", "a", None, "b"], "score": [1, 2, 3, 4, 5], "../odd": [1, "x", None, 2.5, True]}
    )
    return Corpus("Fruit", table, TEXTS, Roles("{kind}", ("kind",)), digest_texts(TEXTS))


def make_vectors(corpus: Corpus) -> Vectors:
    rows = unit_rows(np.random.default_rng(0).normal(size=(len(corpus), 8)))
    return Vectors(rows, ModelSpec("lexical", "words", dimensions=8), corpus.digest, {"truncated": 1})


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "work")


def test_a_corpus_comes_back_whole(workspace):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    back = Workspace(workspace.folder).load_corpus(corpus.digest)
    assert back.texts == TEXTS
    assert back.roles == corpus.roles
    assert back.table["score"].tolist() == [1, 2, 3, 4, 5]
    assert back.table["../odd"].fillna("-").tolist() == ["1", "x", "-", "2.5", "True"]


def test_vectors_come_back_as_they_were_and_read_only(workspace):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    vectors = make_vectors(corpus)
    workspace.save_vectors(vectors)
    back = workspace.load_vectors(corpus.digest, vectors.model)
    np.testing.assert_array_equal(back.rows, vectors.rows)
    assert back.facts == {"truncated": 1}
    assert not back.rows.flags.writeable
    assert workspace.models(corpus.digest) == [vectors.model]


def test_other_inputs_never_share_a_result(workspace):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    workspace.save("layouts", corpus.digest, {"seed": 0}, {"points": np.zeros((5, 2))}, {})
    assert workspace.load("layouts", corpus.digest, {"seed": 1}) is None
    assert workspace.load("layouts", corpus.digest, {"seed": 0}) is not None


@pytest.mark.parametrize("name", ["result.json", "rows.npy"])
def test_a_result_cut_short_is_a_miss(workspace, name):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    vectors = make_vectors(corpus)
    workspace.save_vectors(vectors)
    (file,) = workspace.folder.rglob(name)
    file.write_bytes(file.read_bytes()[:40])
    assert workspace.load_vectors(corpus.digest, vectors.model) is None


def test_rename_and_delete(workspace):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    workspace.rename(corpus.digest, " Obst ")
    assert [info.name for info in workspace.corpora()] == ["Obst"]
    size = workspace.size(corpus.digest)
    assert size > 0
    assert workspace.delete(corpus.digest) == size
    assert workspace.corpora() == []


@pytest.mark.parametrize("name", ["../../etc", "", "0123", "0123456789abcdeg", "a/b"])
def test_only_digests_name_a_corpus(workspace, name):
    assert workspace.info(name) is None
    with pytest.raises(StorageError):
        workspace.load_corpus(name)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("here first")
    with pytest.raises(StorageError, match="workspace"):
        Workspace(blocked / "work").save_corpus(make_corpus())


def test_a_full_disk_is_explained_and_leaves_nothing_behind(workspace, monkeypatch):
    corpus = make_corpus()
    workspace.save_corpus(corpus)

    def full(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(StorageError, match="disk is full"):
        workspace.save_vectors(make_vectors(corpus))
    assert not list((workspace.folder / "corpora" / corpus.digest / "vectors").iterdir())


def test_provenance_stands_beside_the_result(workspace):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    workspace.save_vectors(make_vectors(corpus))
    (file,) = workspace.folder.rglob("result.json")
    record = json.loads(file.read_text())
    assert record["inputs"]["model"]["name"] == "words"
    assert record["libraries"]["numpy"] == np.__version__


def test_the_vector_cache_gives_back_what_was_put(tmp_path):
    cache = VectorCache(tmp_path, "0" * 16)
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    keys = [bytes([i]) * 32 for i in range(3)]
    assert not cache.contains(keys).any()
    cache.put(keys[:2], rows[:2])
    got, cached = cache.get([keys[1], keys[2], keys[1]], 4)
    np.testing.assert_array_equal(cached, [True, False, True])
    np.testing.assert_array_equal(got, [rows[1], np.zeros(4), rows[1]])
    got, cached = cache.get(keys, 8)
    assert not cached.any()


def test_digests_tell_apart_what_differs():
    assert digest_texts(["ab", "c"]) != digest_texts(["a", "bc"])
    one = pd.DataFrame({"a": ["x", None]})
    assert digest_table(one) != digest_table(pd.DataFrame({"a": ["x", "None"]}))
    assert digest_table(one) == digest_table(one.copy())


def test_a_late_result_does_not_bring_a_deleted_corpus_back(workspace):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    workspace.delete(corpus.digest)
    with pytest.raises(StorageError):
        workspace.save_vectors(make_vectors(corpus))
    assert not (workspace.folder / "corpora" / corpus.digest).exists()


def test_results_saved_at_the_same_time_are_all_right(workspace):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    arrays = {"points": np.arange(10.0)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: workspace.save("layouts", corpus.digest, {"seed": 0}, arrays, {}), range(120)))
    stored = workspace.load("layouts", corpus.digest, {"seed": 0})
    np.testing.assert_array_equal(stored.arrays["points"], arrays["points"])
    assert len(list((workspace.folder / "corpora" / corpus.digest / "layouts").iterdir())) == 1


def test_the_state_of_a_corpus_changes_with_whatever_is_stored_of_it(workspace, monkeypatch):
    corpus = make_corpus()
    workspace.save_corpus(corpus)
    assert workspace.state(corpus.digest) == ""  # a moment ago
    monkeypatch.setattr(store, "_SETTLED", -1.0)
    vectors = make_vectors(corpus)
    cache = VectorCache.of(workspace.folder, vectors.model)
    params, names = ClusterParams(), (workspace, corpus.digest, vectors.model)
    changes = [
        lambda: workspace.save_vectors(vectors),
        lambda: workspace.save("scores", corpus.digest, {"a": 1}, {}, {"b": 2}),
        lambda: workspace.save("scores", corpus.digest, {"a": 1}, {}, {"b": 3}),
        lambda: save_names(*names, params, {0: "One"}),
        lambda: save_names(*names, params, {0: "Two"}),
        lambda: workspace.rename(corpus.digest, "Vegetables"),
        lambda: cache.set_facts(seen=1),
        lambda: workspace.delete_model(corpus.digest, vectors.model),
    ]
    seen = [workspace.state(corpus.digest, [vectors.model])]
    for change in changes:
        time.sleep(0.005)  # the clock of files ticks
        change()
        seen.append(workspace.state(corpus.digest, [vectors.model]))
    assert len(set(seen)) == len(changes) + 1
    assert workspace.state(corpus.digest, [vectors.model]) == seen[-1]


def test_the_state_of_a_deleted_corpus_is_unknown(workspace, monkeypatch):
    monkeypatch.setattr(store, "_SETTLED", -1.0)
    assert workspace.state("0" * 16) == ""
