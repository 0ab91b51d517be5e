"""Log, added entries and settings of an FAQ assistant: append-only, undoable, and safe with several writers."""

import threading

import pandas as pd
import pytest

from core.ask.assistant import FaqReply, Suggestion
from core.ask.faq_entries import add_entries, dismiss_questions, entries_version, read_entries, undo_batch
from core.ask.faq_files import FaqColumns, Settings, load_settings, save_settings
from core.ask.faq_log import (
    LOG_FILE,
    clear_log,
    log_csv,
    log_feedback,
    log_reply,
    log_suggestion,
    log_table,
    read_log,
)
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, StorageError
from core.store import Workspace
from core.types import CorpusRef, Roles


@pytest.fixture
def columns(tmp_path) -> FaqColumns:
    table = pd.DataFrame({"question": ["a", "b"], "answer": ["x", "y"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{question}"), name="FAQ").corpus
    info = Workspace(tmp_path).save_corpus(built)
    return FaqColumns(CorpusRef(str(tmp_path), info.digest), "question", "answer")


def reply_to(text, answer=None, confidence=0.4):
    nearest = (Suggestion(0, "a", "x", 0.5),)
    return FaqReply(text, answer, answer is None, confidence, 0.5, 0.1, nearest)


def test_what_follows_a_reply_belongs_to_it(columns):
    assert read_log(columns) == ()
    first = log_reply(columns, reply_to("one\n=two"), 0.7, "model", "page")
    second = log_reply(columns, reply_to("three", "x"), float("inf"), "model", "http")
    log_suggestion(columns, first, "a", "x")
    log_feedback(columns, second, True)
    log_feedback(columns, second, False)
    log_feedback(columns, "unknown", True)
    refused, answered = read_log(columns)
    assert (refused.suggestion, refused.suggested_answer, refused.feedback) == ("a", "x", None)
    assert answered.feedback is False
    assert answered.reply.threshold is None  # nothing is replied below infinity
    assert refused.is_open
    assert answered.is_open
    table = log_table(columns)
    assert table["question"].tolist() == ["three", "one\n=two"]
    assert log_table(columns, "suggestion")["id"].tolist() == [first]
    assert log_table(columns, "wrong")["id"].tolist() == [second]
    assert log_table(columns, "answered", "THREE")["source"].tolist() == ["http"]
    assert b"three" in log_csv(columns)
    with pytest.raises(InputError):
        log_table(columns, "unknown")


def test_writers_at_the_same_time_lose_nothing(columns):
    def write(writer):
        for number in range(20):
            log_reply(columns, reply_to(f"{writer} {number}"), 0.7, "model", "page")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({question.reply.question for question in read_log(columns)}) == 80


def test_damaged_lines_are_left_out_and_a_cleared_log_is_empty(columns):
    log_reply(columns, reply_to("one"), 0.7, "model", "page")
    with columns.path(LOG_FILE).open("ab") as file:
        file.write(b'{"kind": "reply", "reply": 3}\n[1]\n{"kind": "re')
    log_reply(columns, reply_to("lone \ud800 surrogate"), 0.7, "model", "page")
    assert [question.reply.question for question in read_log(columns)] == ["one", "lone ? surrogate"]
    clear_log(columns)
    assert read_log(columns) == ()
    log_reply(columns, reply_to("after"), 0.7, "model", "page")
    assert len(read_log(columns)) == 1


def test_entries_are_added_dismissed_and_undone(columns):
    first = add_entries(columns, ["How?", " How? ", "When?"], " z ")
    version = entries_version(columns)
    dismissed = dismiss_questions(columns, ["Hello"])
    entries = read_entries(columns)
    assert [(entry.question, entry.answer) for entry in entries.added] == [("How?", "z"), ("When?", "z")]
    assert "hello" in entries.handled
    undo_batch(columns, first)
    undo_batch(columns, dismissed)
    assert read_entries(columns).added == ()
    assert not read_entries(columns).handled
    assert len(read_entries(columns, version).added) == 2  # what a version holds never changes
    for questions, answer in (([], "x"), (["q"], " "), (["q" * 3_000], "x"), (["q"], "x" * 30_000)):
        with pytest.raises(InputError):
            add_entries(columns, questions, answer)


def test_settings_are_those_last_used(columns):
    assert load_settings(columns.corpus) is None
    settings = Settings("question", "answer", "key", 0.9, 0.5)
    save_settings(columns.corpus, settings)
    assert load_settings(columns.corpus) == settings


def test_a_deleted_corpus_stays_deleted(columns):
    Workspace(columns.corpus.folder).delete(columns.corpus.digest)
    with pytest.raises(StorageError):
        log_reply(columns, reply_to("one"), 0.7, "model", "page")
    with pytest.raises(StorageError):
        save_settings(columns.corpus, Settings("question", "answer", "key", 0.9))
    assert not columns.path(LOG_FILE).parent.exists()
