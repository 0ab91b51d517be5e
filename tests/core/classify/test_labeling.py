"""Labeling: which row is next, what an answer and its undo leave, and what the audit sample says."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from core.classify import labeling
from core.classify.label_answers import (
    Answer,
    labels_of_column,
    record,
    rename_label,
    start_from_column,
    start_from_selection,
    undo,
)
from core.classify.label_progress import (
    agreement,
    audit_curve,
    disagreement_table,
    label_progress,
    labels_file,
    stopping,
)
from core.classify.label_state import audit_order, labeled_rows
from core.classify.labeling import LabelTask, Request, next_batch
from core.clusters.service import clustering, default_params
from core.corpus.annotations import column_version, label_columns, read_log
from core.corpus.codebook import Codebook, LabelDefinition, create_column, load_codebook
from core.corpus.selections import save_selection
from core.errors import InputError
from core.models.registry import load_embedder
from core.stats.proportions import wilson
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles, Vectors
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.core.classify.conftest import NAMES, SPEC, make_vectors

LABELS = tuple(LabelDefinition(name) for name in NAMES)
TOKEN = "0a1b2c3d"  # so that the audit sample is the same in every run


def make_corpus(folder, n=200, noise=0.4, digest="b" * 16, copies=0):
    """(corpus, true labels); the last `copies` rows repeat the first ones."""
    vectors, truth = make_vectors(n, noise=noise)
    sources = np.array([*range(n), *range(copies)])
    rows, truth = vectors.rows[sources], truth.to_numpy()[sources]
    texts = [f"text {source}" for source in sources]
    half = [(name.upper() if row % 5 == 0 else name) if row % 3 else None for row, name in enumerate(truth)]
    table = pd.DataFrame({"text": texts, "half": half})
    workspace = Workspace(folder)
    workspace.save_corpus(Corpus("c", table, texts, Roles("{text}"), digest))
    workspace.save_vectors(Vectors(rows, SPEC, digest))
    return CorpusRef(str(folder), digest), truth


@pytest.fixture
def labeling_task(tmp_path):
    corpus, truth = make_corpus(tmp_path)
    create_column(corpus, Codebook("topic", LABELS, token=TOKEN))
    return LabelTask(corpus, Contender(SPEC), "topic"), truth


def label_rows(task, truth, answers, annotator="Ann", strategy="margin", **options):
    """Answer what is presented with the true labels; gives the batches."""
    batches = []
    for _ in range(answers):
        batch = next_batch(task, Request(annotator, strategy, **options))
        rows = tuple(row.row for row in batch.rows)
        record(task.corpus, task.column, Answer(annotator, rows, truth[rows[0]], is_audit=batch.is_audit))
        batches.append(batch)
    return batches


def audit_rows(corpus):
    state = labeled_rows(corpus, "topic", column_version(corpus, "topic"))
    return state.audit, state.audit_labels


def current(task):
    return labeled_rows(task.corpus, task.column, column_version(task.corpus, task.column))


def test_labels_are_renamed_and_merged_and_undo_goes_on(labeling_task):
    corpus, names = labeling_task[0].corpus, list(NAMES)
    old, other = names[:2]
    record(corpus, "topic", Answer("Ann", (1, 2), old, is_audit=True, suggestions=(old, other)))
    record(corpus, "topic", Answer("Bob", (1,), old))
    record(corpus, "topic", Answer("Ann", (3,), other))

    def log():
        return read_log(corpus.folder, corpus.digest, "topic", column_version(corpus, "topic"))

    assert rename_label(corpus, "topic", old, " new  name ") == 2
    assert log().labels() == {1: "new name", 2: "new name", 3: other}
    assert log().labels(audit_only=True) == {1: "new name", 2: "new name"}
    assert [event.suggestion for event in log().current().values() if event.annotator == "Ann"].count("new name") == 1
    assert load_codebook(corpus, "topic").names == ("new name", *names[1:])
    assert undo(corpus, "topic", "Ann").rows == (3,)
    assert rename_label(corpus, "topic", "new name", other.upper()) == 2
    assert log().labels() == {1: other, 2: other}
    assert load_codebook(corpus, "topic").names == tuple(names[1:])
    assert undo(corpus, "topic", "Ann").rows == (1, 2)
    assert log().labels() == {1: other}
    with pytest.raises(InputError, match="no longer"):
        rename_label(corpus, "topic", old, "x")


def test_every_fifth_row_is_drawn_at_random_and_trains_no_classifier(labeling_task):
    task, truth = labeling_task
    batches = label_rows(task, truth, 25)
    order = audit_order(task.corpus, load_codebook(task.corpus, "topic"), len(truth))
    assert [batch.is_audit for batch in batches] == [at % 5 == 4 for at in range(25)]
    assert [batch.rows[0].row for batch in batches if batch.is_audit] == order[:5].tolist()
    assert not any(batch.rows[0].ranking for batch in batches if batch.is_audit)
    ids, labels = audit_rows(task.corpus)
    assert ids.tolist() == order[:5].tolist()
    assert labels.tolist() == truth[ids].tolist()
    assert not set(current(task).train) & set(order)
    assert labeling.classifier_at(task, column_version(task.corpus, "topic")).facts["rows"] == 20
    assert batches[-2].source == "classifier"
    assert batches[-2].rows[0].suggestion in NAMES
    assert len({batch.rows[0].row for batch in batches}) == 25


@pytest.mark.parametrize("strategy", ["diversity", "random", "margin", "class"])
def test_strategies_find_every_row_and_then_stop(tmp_path, strategy):
    corpus, truth = make_corpus(tmp_path, 12)
    create_column(corpus, Codebook("topic", LABELS, audit_every=3, token=TOKEN))
    task = LabelTask(corpus, Contender(SPEC), "topic")
    label_rows(task, truth, 12, strategy=strategy, like=NAMES[0])
    assert current(task).labels == dict(enumerate(truth))
    assert len(current(task).audit) == 4
    assert next_batch(task, Request("Ann", strategy, like=NAMES[0])).rows == ()


def test_three_rows_can_be_labeled(tmp_path):
    corpus, truth = make_corpus(tmp_path, 3)
    create_column(corpus, Codebook("topic", LABELS, token=TOKEN))
    task = LabelTask(corpus, Contender(SPEC), "topic")
    assert not any(batch.source for batch in label_rows(task, truth, 3))
    assert current(task).labels == dict(enumerate(truth))
    assert stopping(task) == ()
    assert len(audit_curve(task).labels) == 0


def test_rows_like_a_class_are_of_it_and_margins_are_between_classes(labeling_task):
    task, truth = labeling_task
    label_rows(task, truth, 14, strategy="diversity")
    batch = next_batch(task, Request("Bob", "class", like="praise"))
    assert truth[batch.rows[0].row] == "praise" == batch.rows[0].suggestion
    margin = next_batch(task, Request("Bob", "margin")).rows[0].ranking
    assert margin[0][1] - margin[1][1] < batch.rows[0].ranking[0][1] - batch.rows[0].ranking[1][1]


def test_clusters_are_needed_for_the_strategy_by_cluster(labeling_task):
    with pytest.raises(InputError):
        next_batch(labeling_task[0], Request("Ann", "clusters"))


def test_clusters_are_labeled_in_turn(labeling_task):
    task, truth = labeling_task
    NEIGHBORS.get_or_compute(ModelQuery(task.corpus, SPEC))
    batches = label_rows(task, truth, 9, strategy="clusters")
    clusters = clustering(task.corpus, SPEC, default_params(task.corpus, SPEC)).labels
    rows = [batch.rows[0].row for batch in batches if not batch.is_audit]
    assert len(set(clusters[rows[: len(set(clusters))]])) == min(len(set(clusters)), len(rows))


def test_zero_shot_suggests_until_a_classifier_is_trained(tmp_path):
    texts = [f"the {name} number {row}" for row in range(12) for name in ("lamp", "teapot")]
    built = Corpus("c", pd.DataFrame({"text": texts}), texts, Roles("{text}"), "d" * 16)
    workspace = Workspace(tmp_path)
    workspace.save_corpus(built)
    spec = embed(built, load_embedder("lexical"), workspace).model
    corpus = CorpusRef(str(tmp_path), built.digest)
    labels = (LabelDefinition("light", "the lamp"), LabelDefinition("kitchen", "the teapot"))
    create_column(corpus, Codebook("room", labels, zero_shot=True, token=TOKEN))
    task, truth = LabelTask(corpus, Contender(spec), "room"), ["light", "kitchen"] * 12
    first = next_batch(task, Request("Ann", "class", like="kitchen"))
    assert (first.source, first.rows[0].suggestion) == ("zero-shot", "kitchen")
    assert "teapot" in first.rows[0].text
    label_rows(task, truth, 8, strategy="random")
    assert next_batch(task, Request("Ann")).source == "classifier"


def test_similar_rows_have_one_suggestion_and_no_audit(labeling_task):
    task, truth = labeling_task
    label_rows(task, truth, 14, strategy="diversity")
    batch = next_batch(task, Request("Ann", "margin", count=8))
    assert not batch.is_audit
    assert 1 <= len(batch.rows) <= 8
    assert len({row.suggestion for row in batch.rows}) == 1
    batch = next_batch(task, Request("Ann", "class", like="praise", count=8))
    rows = [row.row for row in batch.rows]
    assert len(rows) == 8
    vectors = make_vectors(200, noise=0.4)[0].rows
    assert np.all(np.diff(vectors[rows] @ vectors[rows[0]]) <= 1e-6)


def test_selections_restrict_candidates(labeling_task):
    task, _ = labeling_task
    rows = np.arange(50, 90)
    key = save_selection(Workspace(task.corpus.folder), task.corpus.digest, "some", rows).key
    batch = next_batch(task, Request("Ann", "random", selection=key))
    order = audit_order(task.corpus, load_codebook(task.corpus, "topic"), 200)
    assert batch.rows[0].row in rows
    assert batch.candidates == len(set(rows) - set(order))


def test_undo_restores_what_was_before_one_answer_at_a_time(labeling_task):
    task, _ = labeling_task
    corpus = task.corpus
    record(corpus, "topic", Answer("Ann", (1, 2), "praise"))
    record(corpus, "topic", Answer("Bob", (1,), "returns"))
    record(corpus, "topic", Answer("Ann", (2,), "billing", comment="changed"))
    record(corpus, "topic", Answer("Ann", (3,), None))
    assert undo(corpus, "topic", "Ann").rows == (3,)
    assert undo(corpus, "topic", "Ann").rows == (2,)
    assert current(task).labels == {1: "returns", 2: "praise"}
    assert undo(corpus, "topic", "Ann").rows == (1, 2)
    assert current(task).labels == {1: "returns"}
    assert undo(corpus, "topic", "Ann").rows == ()
    first = record(corpus, "topic", Answer("Ann", (5,), "praise"))
    record(corpus, "topic", Answer("Ann", (6,), "praise"))
    assert undo(corpus, "topic", "Ann", first).rows == (5,)
    assert current(task).labels == {1: "returns", 6: "praise"}


def test_an_undone_audit_row_comes_again(labeling_task):
    task, truth = labeling_task
    last = label_rows(task, truth, 5)[-1]
    assert undo(task.corpus, "topic", "Ann").rows == (last.rows[0].row,)
    again = next_batch(task, Request("Ann"))
    assert again.is_audit
    assert again.rows == last.rows


def test_skipped_rows_do_not_come_again_to_the_same_annotator(labeling_task):
    task, _ = labeling_task
    row = next_batch(task, Request("Ann")).rows[0].row
    record(task.corpus, "topic", Answer("Ann", (row,), None))
    assert next_batch(task, Request("Ann")).rows[0].row != row
    assert next_batch(task, Request("Bob")).rows[0].row == row


def test_copies_of_a_text_are_labeled_together_and_never_on_both_sides(tmp_path):
    corpus, truth = make_corpus(tmp_path, 60, copies=40)
    create_column(corpus, Codebook("topic", LABELS, token=TOKEN))
    task = LabelTask(corpus, Contender(SPEC), "topic")
    batch = next_batch(task, Request("Ann", "random"))
    row = batch.rows[0].row
    copies = [other for other in range(100) if other % 60 == row % 60]
    assert batch.rows[0].copies == len(copies) - 1
    record(corpus, "topic", Answer("Ann", (row,), "praise"))
    assert sorted(current(task).labels) == copies
    label_rows(task, truth, 30, "Bob", "random")
    train, audit = (np.unique(rows % 60) for rows in (current(task).train, audit_rows(corpus)[0]))
    assert not set(train) & set(audit)


def test_a_column_is_a_start_and_its_audited_rows_are_asked_again(tmp_path):
    corpus, truth = make_corpus(tmp_path, 204)
    assert {label.name.casefold() for label in labels_of_column(corpus, "half")} == set(NAMES)
    start_from_column(corpus, Codebook("topic", (LabelDefinition("praise", "happy"), LabelDefinition("new"))), "half")
    task = LabelTask(corpus, Contender(SPEC), "topic")
    assert load_codebook(corpus, "topic").names[:2] == ("praise", "new")
    state = current(task)
    assert len(state.labels) == 136
    assert set(state.labels.values()) >= {"praise"}
    assert len(state.audit) == 0
    truth = np.array([{name.casefold(): name for name in load_codebook(corpus, "topic").names}[t] for t in truth])
    batches = label_rows(task, truth, 10)
    assert all(batch.source == "classifier" for batch in batches)
    assert len(audit_rows(corpus)[0]) == 2
    with pytest.raises(InputError):
        labels_of_column(corpus, "text")


def test_a_selection_is_a_start(labeling_task):
    task, _ = labeling_task
    key = save_selection(Workspace(task.corpus.folder), task.corpus.digest, "some", np.arange(7)).key
    for unusable in ("", "other"):
        with pytest.raises(InputError):
            start_from_selection(task.corpus, Codebook("mood", LABELS), "Ann", key, unusable)
        assert "mood" not in dict(label_columns(task.corpus.folder, task.corpus.digest))
    start_from_selection(task.corpus, Codebook("mood", LABELS), "Ann", key, " Praise ")
    assert current(replace(task, column="mood")).labels == dict.fromkeys(range(7), "praise")


def test_labels_that_are_not_in_the_scheme_are_refused(labeling_task):
    with pytest.raises(InputError):
        record(labeling_task[0].corpus, "topic", Answer("Ann", (1,), "unknown"))


def test_the_audit_curve_is_the_accuracy_of_the_classifiers_so_far(labeling_task):
    task, truth = labeling_task
    label_rows(task, truth, 60, strategy="random")
    curve = audit_curve(task)
    classifier = labeling.classifier_at(task, column_version(task.corpus, "topic"))
    ids, labels = audit_rows(task.corpus)
    vectors = make_vectors(200, noise=0.4)[0].rows
    assert curve.audited == 12
    assert curve.labels.tolist() == [10, 20, 30, 40, 48]
    assert curve.accuracy.value[-1] == pytest.approx((classifier.predict(vectors[ids])[0] == labels).mean())
    assert np.all(curve.accuracy.low <= curve.accuracy.value)


def test_stopping_is_advised_once_nothing_changes(labeling_task):
    task, truth = labeling_task
    assert stopping(task) == ()
    label_rows(task, truth, 20, strategy="random")
    assert not any(advice.stop for advice in stopping(task))
    label_rows(task, truth, 80)
    advice = stopping(task)
    assert [item.criterion for item in advice] == ["Classification change", "Overall uncertainty"]
    assert advice[0].stop
    assert all(item.reason for item in advice)


def test_annotators_are_compared_on_the_rows_they_share(labeling_task):
    task, truth = labeling_task
    label_rows(task, truth, 25)
    with pytest.raises(InputError):
        agreement(task.corpus, "topic")
    other = np.where(np.arange(200) % 7 == 0, "praise", truth)
    label_rows(task, other, 25, "Bob")
    rows = [
        row
        for row in range(200)
        if (row, "Ann") in current(task).log.current() and (row, "Bob") in current(task).log.current()
    ]
    assert len(rows) == 5  # the audit sample
    record(task.corpus, "topic", Answer("Bob", (rows[0],), "returns" if truth[rows[0]] != "returns" else "praise"))
    result = agreement(task.corpus, "topic")
    log = current(task).log.current()
    labels = [[log[row, name].label for row in rows] for name in ("Ann", "Bob")]
    assert result.kappa[0][2] == 5
    assert result.kappa[0][3].value == pytest.approx(cohen_kappa_score(*labels))
    table = disagreement_table(task.corpus, result.disagreements)
    assert rows[0] in table.index
    assert table.loc[rows[0], "text"] == f"text {rows[0]}"


def test_progress_and_download_hold_every_annotator(labeling_task):
    task, _ = labeling_task
    corpus = task.corpus
    record(corpus, "topic", Answer("Ann", (1, 2), "praise", comment="=why", copies=False))
    record(corpus, "topic", Answer("Bob", (1,), "returns", is_audit=True))
    record(corpus, "topic", Answer("Bob", (9,), None))
    progress = label_progress(corpus, "topic")
    assert (progress.rows, progress.labeled, progress.skipped, progress.damaged) == (200, 2, 1, 0)
    assert dict(progress.by_label) == {"billing": 0, "delivery": 0, "praise": 1, "returns": 1}
    assert dict(progress.annotators) == {"Ann": 2, "Bob": 1}
    table = pd.read_csv(pd.io.common.BytesIO(labels_file(corpus, "topic")), keep_default_na=False)
    assert table["annotator"].tolist() == ["Ann", "Bob", "Ann", "Bob"]
    assert table["topic"].tolist() == ["praise", "returns", "praise", ""]
    assert table["comment"].tolist()[0] == "'=why"
    assert pd.to_datetime(table["time"]).notna().all()


def test_intervals_of_the_audit_cover_the_truth():
    """Wilson's interval on the first 200 rows of the audit order, for 300 columns; truth: accuracy on all rows."""
    right = np.random.default_rng(1).random(10_000) < 0.83
    covered = 0
    for column in range(300):
        codebook = Codebook(f"column {column}", LABELS, token=f"{column:08x}")
        drawn = right[audit_order(CorpusRef("", "c" * 16), codebook, len(right))[:200]]
        interval = wilson(np.array(drawn.sum()), np.array(len(drawn)))
        covered += bool(interval.low <= right.mean() <= interval.high)
    assert 0.93 <= covered / 300 <= 0.97


@pytest.mark.slow
def test_a_label_and_the_next_row_take_less_than_a_second(tmp_path):
    corpus, truth = make_corpus(tmp_path, 10_000, noise=0.9)
    create_column(corpus, Codebook("topic", LABELS, token=TOKEN))
    task = LabelTask(corpus, Contender(SPEC), "topic")
    label_rows(task, truth, 100)
    started = time.perf_counter()
    label_rows(task, truth, 10)
    assert time.perf_counter() - started < 10
    assert len(read_log(corpus.folder, corpus.digest, "topic", column_version(corpus, "topic")).events) == 110
