"""Answers of workers are shared among visitors, and never outlive what they depend on."""

import shutil
import time
from types import SimpleNamespace

import pandas as pd
import pytest

from core import store
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.store import Workspace
from core.types import CorpusRef, Roles
from pages.shared import session


@pytest.fixture
def asked(monkeypatch) -> list[tuple]:
    """The arguments of each question; the answer is their number."""
    questions: list[tuple] = []
    manager = SimpleNamespace(ask=lambda function, *arguments, **_: questions.append(arguments) or len(questions))
    monkeypatch.setattr(session, "manager", lambda: manager)
    return questions


@pytest.fixture
def ref(tmp_path) -> CorpusRef:
    corpus = build_corpus(RawTable(pd.DataFrame({"text": ["a tea", "b tea"]})), Roles("{text}"), name="Tea").corpus
    Workspace(tmp_path / "one").save_corpus(corpus)
    return CorpusRef(str(tmp_path / "one"), corpus.digest)


def test_an_answer_is_asked_once_and_again_after_something_was_stored(asked, ref, monkeypatch):
    monkeypatch.setattr(store, "_SETTLED", -1.0)
    assert [session.ask_stored(len, ref, level) for level in (1, 1, 2, 1)] == [1, 1, 2, 1]
    time.sleep(0.005)  # the clock of files ticks
    Workspace(ref.folder).save("scores", ref.digest, {"a": 1}, {}, {})
    assert [session.ask_stored(len, ref, level) for level in (1, 1)] == [3, 3]


def test_nothing_is_kept_right_after_a_change(asked, ref):
    assert [session.ask_stored(len, ref) for _ in range(3)] == [1, 2, 3]


def test_the_same_corpus_in_two_workspaces_has_two_answers(asked, ref, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_SETTLED", -1.0)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    other = CorpusRef(str(tmp_path / "two"), ref.digest)
    assert [session.ask_stored(len, corpus) for corpus in (ref, other, ref)] == [1, 2, 1]
    assert [session.ask_once(max, corpus) for corpus in (ref, other, ref)] == [3, 4, 3]
