"""Damaged, unwritable and vanished workspaces: never shown as right, never a dead end."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import files
from core.corpus.selections import save_selection, selection_mask
from core.digest import digest_text, digest_texts
from core.errors import StorageError
from core.files import file_checksum, read_json, write_json
from core.jobs.records import load_records, write_record
from core.jobs.types import JobSpec, JobState
from core.store import Workspace
from core.types import Corpus, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.cache import VectorCache
from core.vectors.index import Index, build_index

ROOT = Path(__file__).parents[2]
TEXTS = [f"text {i}" for i in range(400)]
SPEC = ModelSpec("lexical", "words", dimensions=8)
POSITIONS = (0, 0.13, 0.5, 0.87, 1)  # of a file, as shares of its length


def make_corpus() -> Corpus:
    table = pd.DataFrame({"kind": ["a", "b"] * 200, "text": TEXTS})
    return Corpus("Fruit", table, TEXTS, Roles("{text}", ("kind",)), digest_texts(TEXTS))


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """A corpus with vectors."""
    created, corpus = Workspace(tmp_path / "work"), make_corpus()
    created.save_corpus(corpus)
    rows = unit_rows(np.random.default_rng(0).normal(size=(len(corpus), 8)))
    created.save_vectors(Vectors(rows, SPEC, corpus.digest, {"seconds": 1.5}))
    return created


@pytest.fixture
def corpus() -> Corpus:
    return make_corpus()


def damage(path: Path, kind: str, where: float) -> None:
    data = bytearray(path.read_bytes())
    at = min(int(where * len(data)), len(data) - 1)
    if kind == "flip":
        data[at] ^= 1 << (at % 8)
    elif kind == "zeros":
        data[at : at + 64] = bytes(len(data[at : at + 64])) if any(data[at : at + 64]) else b"\xff"
    else:
        data = data[:at]
    path.write_bytes(data)


each_damage = pytest.mark.parametrize("where", POSITIONS)
each_kind = pytest.mark.parametrize("kind", ["flip", "zeros", "cut"])


@each_kind
@each_damage
@pytest.mark.parametrize("name", ["rows.npy", "result.json"])
def test_damaged_vectors_are_missing_and_can_be_built_again(workspace, corpus, name, kind, where):
    before = np.array(workspace.load_vectors(corpus.digest, SPEC).rows)
    (file,) = workspace.folder.rglob(name)
    damage(file, kind, where)
    assert workspace.load_vectors(corpus.digest, SPEC) is None
    assert workspace.models(corpus.digest) == []
    assert workspace.damaged_models(corpus.digest) == [SPEC.label if name == "rows.npy" else ""]
    workspace.save_vectors(Vectors(before, SPEC, corpus.digest, {}))
    np.testing.assert_array_equal(workspace.load_vectors(corpus.digest, SPEC).rows, before)
    assert (workspace.models(corpus.digest), workspace.damaged_models(corpus.digest)) == ([SPEC], [])


@each_kind
@each_damage
def test_a_corpus_with_damaged_metadata_is_listed_and_can_be_restored(workspace, corpus, kind, where):
    damage(workspace.folder / "corpora" / corpus.digest / "meta.json", kind, where)
    assert workspace.corpora() == []
    (info,) = workspace.damaged()
    assert (info.digest, info.name, info.rows) == (corpus.digest, "Fruit", len(corpus))
    with pytest.raises(StorageError, match="damaged"):
        workspace.load_corpus(corpus.digest)
    workspace.restore(corpus.digest)
    back = workspace.load_corpus(corpus.digest)
    assert (back.texts, back.roles, back.name) == (corpus.texts, corpus.roles, corpus.name)
    assert (workspace.damaged(), workspace.models(corpus.digest)) == ([], [SPEC])


@each_kind
@each_damage
def test_a_damaged_table_is_never_read_and_an_import_repairs_it(workspace, corpus, kind, where):
    damage(workspace.folder / "corpora" / corpus.digest / "corpus.parquet", kind, where)
    with pytest.raises(StorageError, match="damaged"):
        workspace.load_corpus(corpus.digest)
    with pytest.raises(StorageError, match="damaged"):
        workspace.read_columns(corpus.digest, ["kind"])
    workspace.save_corpus(corpus)
    assert workspace.load_corpus(corpus.digest).texts == TEXTS
    assert workspace.models(corpus.digest) == [SPEC]


def test_a_corpus_of_which_nothing_can_be_read_can_only_be_deleted(workspace, corpus):
    folder = workspace.folder / "corpora" / corpus.digest
    for name in ("meta.json", "corpus.parquet"):
        (folder / name).write_bytes(b"\x00" * 100)
    (info,) = workspace.damaged()
    assert info.rows == 0
    with pytest.raises(StorageError):
        workspace.restore(corpus.digest)
    workspace.delete(corpus.digest)
    assert workspace.damaged() == []
    assert list((workspace.folder / "corpora").iterdir()) == []


def test_results_and_corpora_of_earlier_versions_load(workspace, corpus):
    folder = workspace.folder / "corpora" / corpus.digest
    meta, (file,) = read_json(folder / "meta.json"), folder.rglob("result.json")
    record = read_json(file)
    corpus.table.assign(__text__=TEXTS).to_parquet(folder / "corpus.parquet", index=False)
    for path, value in (
        (folder / "meta.json", {name: item for name, item in meta.items() if name != "checksum"}),
        (file, record | {"arrays": list(record["arrays"])}),
    ):
        path.write_text(files.json.dumps(value))
    assert workspace.load_corpus(corpus.digest).texts == TEXTS
    assert workspace.load_vectors(corpus.digest, SPEC) is not None
    (folder / "meta.json").write_text("{}")
    restored = workspace.restore(corpus.digest)
    assert (restored.rows, restored.columns) == (len(corpus), ("kind", "text"))


def test_an_array_is_read_for_its_checksum_once_per_process(workspace, corpus, monkeypatch):
    opened: list[str] = []

    def count(path, *arguments, **options):
        opened.append(str(path))
        return open(path, *arguments, **options)

    monkeypatch.setattr(files, "open", count, raising=False)
    for file in workspace.folder.rglob("*"):
        os.utime(file, (1e9, 1e9))  # what was just written is read each time
    for _ in range(3):
        Workspace(workspace.folder).load_vectors(corpus.digest, SPEC)
    assert sum(path.endswith("rows.npy") for path in opened) == 1


def test_a_checksum_is_another_one_for_every_changed_bit(tmp_path):
    path = tmp_path / "array.npy"
    np.save(path, np.arange(50, dtype=np.float32))
    data, before = path.read_bytes(), file_checksum(path)
    for bit in range(0, 8 * len(data), 7):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        other = tmp_path / f"{bit}.npy"
        other.write_bytes(changed)
        assert file_checksum(other) != before


@pytest.mark.parametrize("value", [{}, {"a": 1.5, "ü": [None, "\n"]}, [1, 2], {"checksum": "x"}])
def test_json_comes_back_and_no_flipped_bit_is_taken_for_content(tmp_path, value):
    path = tmp_path / "value.json"
    write_json(path, value)
    assert read_json(path) == value
    if isinstance(value, list):
        return
    data = path.read_bytes()
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        assert read_json(path) in (None, value)


def test_what_is_stored_is_for_its_owner_alone(workspace, corpus):
    save_selection(workspace, corpus.digest, "Some", [1, 2])
    VectorCache(workspace.folder, "0" * 16).put([b"1" * 32], np.ones((1, 4), np.float32))
    for path in (workspace.folder, *workspace.folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("own", [True, False])
def test_files_of_earlier_versions_become_their_owners_alone(workspace, corpus, own):
    other, readonly = workspace.folder / "notes.txt", workspace.folder / "cache" / "fixed.sqlite"
    folders = [workspace.folder / name for name in ("users/ada/corpora", "cache")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    readonly.touch()
    (workspace.folder / "jobs").symlink_to(workspace.folder.parent)
    if not own:
        other.touch()
    for path in (workspace.folder.parent, workspace.folder, *workspace.folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    readonly.chmod(0o444)
    workspace.withdraw_access()
    assert readonly.stat().st_mode & 0o777 == 0o400
    assert workspace.folder.stat().st_mode & 0o777 == (0o700 if own else 0o755)
    for path in workspace.folder.rglob("*"):
        if path not in (other, readonly) and not path.is_symlink():
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert own or other.stat().st_mode & 0o777 == 0o644
    assert workspace.folder.parent.stat().st_mode & 0o777 == 0o755


def test_a_damaged_selection_is_refused(workspace, corpus):
    key = save_selection(workspace, corpus.digest, "Some", [1, 2, 7]).key
    (file,) = (workspace.folder / "corpora" / corpus.digest / "selections").rglob("rows.npy")
    damage(file, "flip", 0.99)
    with pytest.raises(StorageError):
        selection_mask(workspace, corpus.digest, key)


@each_damage
def test_a_damaged_search_index_is_built_again(workspace, corpus, tmp_path, where):
    vectors = workspace.load_vectors(corpus.digest, SPEC)
    build_index(vectors, kind="ivf_pq").save(tmp_path / "index")
    assert Index.load(tmp_path / "index", vectors).facts.kind == "ivf_pq"
    damage(tmp_path / "index.faiss", "flip", where)
    with pytest.raises(StorageError):
        Index.load(tmp_path / "index", vectors)


@pytest.mark.parametrize("content", ["[[[[" * 50_000, "42", '{"spec": 1}', '{"spec": {"kind": 3}, "status": []}', ""])
def test_job_records_of_another_shape_are_left_out(tmp_path, content):
    state = JobState(JobSpec("embed", str(tmp_path), "0" * 16), "failed", error="no memory", rate=2.5)
    write_record(state)
    (tmp_path / "jobs" / "bad.json").write_text(content)
    assert load_records(str(tmp_path)) == [state]


# the cache of vectors


def filled_cache(folder: Path) -> tuple[VectorCache, list[bytes], np.ndarray]:
    cache, keys = VectorCache(folder, "0" * 16), [digest_text(text) for text in TEXTS]
    rows = unit_rows(np.random.default_rng(1).normal(size=(len(keys), 96)))
    cache.put(keys, rows)
    with sqlite3.connect(cache.path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return cache, keys, rows


@each_kind
@pytest.mark.parametrize("where", [*POSITIONS, 0.002, 0.3, 0.7])
def test_a_damaged_cache_gives_right_vectors_or_none_and_takes_new_ones(tmp_path, kind, where):
    cache, keys, rows = filled_cache(tmp_path)
    damage(cache.path, kind, where)
    back, cached = cache.get(keys, 96)
    np.testing.assert_array_equal(back[cached], rows[cached])
    np.testing.assert_array_equal(cache.contains(keys, 96), cached)
    missing = np.flatnonzero(~cached)
    cache.put([keys[i] for i in missing], rows[missing])
    np.testing.assert_array_equal(cache.get(keys, 96)[0], rows)


def test_vectors_before_and_after_a_damaged_page_are_not_lost(tmp_path):
    cache, keys, _ = filled_cache(tmp_path)
    data = bytearray(cache.path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    cache.path.write_bytes(data)
    cached = cache.get(keys, 96)[1]
    assert cached.mean() > 0.9


def test_a_cache_of_an_earlier_version_is_used(tmp_path):
    keys, rows = [digest_text(text) for text in TEXTS[:3]], unit_rows(np.eye(3, 4, dtype=np.float32))
    path = tmp_path / "cache" / f"{'0' * 16}.sqlite"
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE vectors (key BLOB PRIMARY KEY, row BLOB NOT NULL)")
        database.executemany("INSERT INTO vectors VALUES (?, ?)", [(k, r.tobytes()) for k, r in zip(keys, rows)])  # noqa: B905
    database.close()
    cache = VectorCache(tmp_path, "0" * 16)
    np.testing.assert_array_equal(cache.get(keys, 4)[0], rows)
    cache.put(keys[:1], rows[1:2])
    np.testing.assert_array_equal(cache.get(keys[:1], 4)[0], rows[1:2])


# disks and clocks

SETUP = """
import os, resource, signal, sys
import numpy as np, pandas as pd, pyarrow, pyarrow.parquet
from pathlib import Path
from core.errors import StorageError
from core.files import write_json
from core.store import Workspace
from core.types import Corpus, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.cache import VectorCache
texts = [f"text {i} {os.urandom(40).hex()}" for i in range(3000)]
corpus = Corpus("Fruit", pd.DataFrame({"text": texts}), texts, Roles("{text}"), "0" * 16)
vectors = Vectors(unit_rows(np.random.default_rng(0).normal(size=(3000, 64))), ModelSpec("lexical", "words"), "0" * 16)
workspace = Workspace(sys.argv[1])
actions = {
    "corpus": lambda: workspace.save_corpus(corpus),
    "vectors": lambda: workspace.save_vectors(vectors),
    "cache": lambda: VectorCache(workspace.folder, "a" * 16).put([os.urandom(32) for _ in texts], vectors.rows),
    "json": lambda: write_json(workspace.folder / "started.json", {"large": texts}),
}
def attempt():
    for name, action in actions.items():
        try:
            action()
            print(name, "done")
        except StorageError as error:
            print(name, "refused", bool(error.remedy))
    hidden = [path for path in workspace.folder.rglob(".*")]
    print("corpora", len(workspace.corpora()), "damaged", len(workspace.damaged()), "left", len(hidden))
"""
FULL = """
workspace.save_corpus(corpus) if sys.argv[2] == "corpus" else None
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
attempt()
"""
READ_ONLY = """
write_json(workspace.folder / "guide_closed.json", {})
for path in (workspace.folder, *workspace.folder.rglob("*")):
    path.chmod(0o555 if path.is_dir() else 0o444)
if os.getuid() == 0:
    os.chmod(workspace.folder.parent, 0o755)
    os.setgid(65534), os.setuid(65534)
attempt()
"""


def run_script(script: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", SETUP + script, *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_a_full_disk_is_explained_and_leaves_nothing_half_written(tmp_path):
    refused = [f"{name} refused True" for name in ("corpus", "vectors", "cache", "json")]
    assert run_script(FULL, str(tmp_path / "new"), "") == [*refused, "corpora 0 damaged 0 left 0"]
    lines = run_script(FULL, str(tmp_path / "filled"), "corpus")
    assert lines[0] == "corpus done"
    assert lines[1:4] == refused[1:]
    assert lines[-1] == "corpora 1 damaged 0 left 0"


def test_a_read_only_folder_is_explained():
    parent = Path(tempfile.mkdtemp())  # which another user can reach, too
    try:
        lines = run_script(READ_ONLY, str(parent / "work"))
    finally:
        shutil.rmtree(parent)
    refused = [f"{name} refused True" for name in ("corpus", "vectors", "cache", "json")]
    assert lines == [*refused, "corpora 0 damaged 0 left 0"]


def test_a_workspace_that_vanishes_is_empty_and_can_be_filled_again(workspace, corpus):
    shutil.rmtree(workspace.folder)
    assert (workspace.corpora(), workspace.damaged(), workspace.models(corpus.digest)) == ([], [], [])
    with pytest.raises(StorageError):
        workspace.load_corpus(corpus.digest)
    workspace.save_corpus(corpus)
    assert workspace.load_corpus(corpus.digest).texts == TEXTS


def test_a_clock_that_jumps_backwards_loses_nothing(workspace, corpus, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1.0)
    other = Corpus("Later", corpus.table, corpus.texts, corpus.roles, "f" * 16)
    workspace.save_corpus(other)
    workspace.save("layouts", corpus.digest, {"seed": 0}, {"points": np.zeros((400, 2))}, {})
    assert {info.name for info in workspace.corpora()} == {"Fruit", "Later"}
    assert workspace.load("layouts", corpus.digest, {"seed": 0}) is not None
    (file,) = (workspace.folder / "corpora" / corpus.digest / "layouts").rglob("points.npy")
    os.utime(file, (0, 0))
    assert workspace.load("layouts", corpus.digest, {"seed": 0}) is not None
