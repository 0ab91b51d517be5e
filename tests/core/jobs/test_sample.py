"""The sample as it is prepared at install, and its copy in a new workspace."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.profile import PROFILE, ProfileQuery
from core.corpus.reading.values import RawTable
from core.errors import StorageError
from core.jobs import sample
from core.store import Workspace
from core.types import CorpusRef, Roles


def store_corpus(folder: str) -> CorpusRef:
    table = pd.DataFrame({"text": ["late parcel", "broken lamp", "late parcel"]})
    raw = RawTable(table=table, sources=(), notes=(), vectors=None, vectors_name="")
    info = Workspace(folder).save_corpus(build_corpus(raw, Roles("{text}"), name="Small").corpus)
    (Path(folder) / "cache").mkdir()
    (Path(folder) / "cache" / "model.sqlite").write_text("vectors")
    return CorpusRef(folder, info.digest)


@pytest.fixture
def prepared(tmp_path, monkeypatch) -> CorpusRef:
    """A small corpus and its profile in place of the sample, whose models take a minute."""
    monkeypatch.setattr(sample, "prepared_folder", lambda: tmp_path / "share" / "sample-new")
    corpora = []

    def compute(folder: str) -> None:
        corpora.append(store_corpus(folder))
        PROFILE.get_or_compute(ProfileQuery(corpora[0]))

    monkeypatch.setattr(sample, "_compute", compute)
    assert sample.prepare_sample()
    return corpora[0]


def test_a_copy_has_the_corpus_and_its_results(prepared, tmp_path):
    assert sample.copy_sample(str(tmp_path / "home")) == prepared.digest
    copy = CorpusRef(str(tmp_path / "home"), prepared.digest)
    assert Workspace(copy.folder).load_corpus(copy.digest).texts[0] == "late parcel"
    assert PROFILE.get(ProfileQuery(copy)).exact_duplicates == 1
    files = [path for path in Path(copy.folder, "corpora").rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)  # of the owner alone
    assert sample.copy_sample(copy.folder) == ""  # it has the corpus


def test_vectors_that_a_workspace_has_stay(prepared, tmp_path):
    cached = tmp_path / "home" / "cache" / "model.sqlite"
    cached.parent.mkdir(parents=True)
    cached.write_text("more vectors")
    assert sample.copy_sample(str(tmp_path / "home"))
    assert cached.read_text() == "more vectors"


def test_a_copy_that_fails_leaves_no_part_of_the_corpus(prepared, tmp_path, monkeypatch):
    def fail(source: Path, target: Path) -> None:
        target.mkdir()
        (target / "meta.json").write_text("{}")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", fail)
    with pytest.raises(StorageError, match="disk is full"):
        sample.copy_sample(str(tmp_path / "home"))
    assert not list((tmp_path / "home" / "corpora").iterdir())


def test_it_is_prepared_once_and_old_versions_are_removed(prepared, tmp_path):
    share = tmp_path / "share"
    for name in ("sample-old", ".sample-interrupted"):
        (share / name).mkdir()
        os.utime(share / name, (0, 0))
    (share / "sample-other").mkdir()  # of another installation, a moment ago
    assert not sample.prepare_sample()
    assert {path.name for path in share.iterdir()} == {"sample-new", "sample-other"}


def test_a_preparation_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def fail(folder: str) -> None:
        store_corpus(folder)
        raise MemoryError

    monkeypatch.setattr(sample, "prepared_folder", lambda: tmp_path / "share" / "sample-new")
    monkeypatch.setattr(sample, "_compute", fail)
    with pytest.raises(MemoryError):
        sample.prepare_sample()
    assert not list((tmp_path / "share").iterdir())
    assert sample.copy_sample(str(tmp_path / "home")) == ""


def test_the_folder_is_named_by_what_determines_the_results(monkeypatch):
    name = sample.prepared_folder.__wrapped__
    before = name()
    assert name() == before
    monkeypatch.setattr(sample, "_version", lambda library: "0.0")
    assert name() != before
    monkeypatch.undo()
    monkeypatch.setattr(sample, "COMPARED_WITH", sample.COMPARED_WITH[:1])
    assert name() != before
