"""How far labeling is: counts, accuracy on the audit sample, stopping criteria, agreement of annotators, download."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock

import numpy as np
import pandas as pd

from core.classify.label_state import audit_order, labeled_rows
from core.classify.labeling import SEED, LabelTask, classifier_at, training_version, tuned_classifier_at
from core.classify.predictions import with_texts
from core.classify.results import training_vectors
from core.classify.suggestions import WINDOW, Advice, Agreement, annotator_agreement, stopping_advice
from core.corpus.annotations import AnnotationLog, column_version
from core.corpus.codebook import load_codebook
from core.corpus.export import rows_csv
from core.corpus.loaders import load_corpus
from core.stats.interval import Interval
from core.stats.proportions import wilson
from core.types import CorpusRef

STEP = 10  # training labels between two classifiers that are compared
MAX_POINTS = 20  # of the accuracy curve
MAX_PREDICTED = 20_000  # rows whose predictions are compared; of more a random sample
MAX_DISAGREEMENTS = 200
_COMPUTING = Lock()


@dataclass(frozen=True)
class LabelProgress:
    """rows: of the corpus. labeled: with a label; training: outside of the audit sample; audited: of it; skipped: by
    all who answered. by_label: (label, rows) in the order of the codebook. annotators: (name, labeled rows). damaged:
    lines of the log that can't be read."""

    rows: int
    labeled: int
    training: int
    audited: int
    skipped: int
    by_label: tuple[tuple[str, int], ...]
    annotators: tuple[tuple[str, int], ...]
    damaged: int


@dataclass(frozen=True, eq=False)
class AuditCurve:
    """Accuracy on the same audited rows as training labels grow. labels: (p,) int64. accuracy: (p,) with Wilson's
    intervals. audited: rows."""

    labels: np.ndarray
    accuracy: Interval[np.ndarray]
    audited: int


def label_progress(corpus: CorpusRef, column: str) -> LabelProgress:
    """Counts of a label column now. Raises StorageError where it is gone."""
    state = labeled_rows(corpus.source, column, column_version(corpus, column))
    current = state.log.current()
    by_label, annotators = Counter(state.labels.values()), Counter[str]()
    annotators.update(name for (_, name), event in current.items() if event.label is not None)
    skipped = {row for (row, _), event in current.items() if event.skipped and row not in state.labels}
    return LabelProgress(
        len(load_corpus(corpus.source)), len(state.labels), len(state.train), len(state.audit), len(skipped),
        tuple((name, by_label[name]) for name in state.codebook.names), tuple(annotators.most_common()),
        state.log.damaged,
    )  # fmt: skip


def snapshots(log: AnnotationLog) -> tuple[str, ...]:
    """The version after every 10 further labels that are not of the audit sample; rows labeled together count at
    once."""
    versions, new = [], 0
    for at, event in enumerate(log.events, 1):
        new += event.label is not None and not event.audit and not event.undoes
        if new >= STEP and (at == len(log.events) or log.events[at].answer != event.answer):
            versions.append(log.version_at(at))
            new = 0
    return tuple(versions)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An earlier classifier. labels: rows it was trained on. predicted: (m,) str of the compared rows, and held_out:
    (a,) of the rows of the audit sample in their order."""

    labels: int
    predicted: np.ndarray
    held_out: np.ndarray


@lru_cache(maxsize=128)
def _snapshot(task: LabelTask, version: str) -> Snapshot | None:
    """None where there were too few labels."""
    classifier = classifier_at(task, version)
    if classifier is None:
        return None
    rows = training_vectors(task.corpus, task.contender).rows
    names, order = np.array(classifier.classes), _order(task)
    predicted, held_out = (names[classifier.scores(rows[ids]).argmax(axis=1)] for ids in (_compared(task), order))
    return Snapshot(int(classifier.facts["rows"]), predicted, held_out)


def _order(task: LabelTask) -> np.ndarray:
    return audit_order(task.corpus, load_codebook(task.corpus, task.column), len(load_corpus(task.corpus)))


def _compared(task: LabelTask) -> np.ndarray:
    total = len(load_corpus(task.corpus))
    if total <= MAX_PREDICTED:
        return np.arange(total)
    return np.sort(np.random.default_rng(SEED).choice(total, MAX_PREDICTED, replace=False))


@dataclass(frozen=True, eq=False)
class Estimates:
    """What is measured of the classifiers so far. version: of the column."""

    version: str
    curve: AuditCurve
    advice: tuple[Advice, ...]


def estimates(task: LabelTask) -> Estimates | None:
    """Of the labels now; None while another call computes them."""
    if not _COMPUTING.acquire(blocking=False):
        return None
    try:
        return _estimates(task, column_version(task.corpus, task.column))
    finally:
        _COMPUTING.release()


@lru_cache(maxsize=4)
def _estimates(task: LabelTask, version: str) -> Estimates:
    return Estimates(version, audit_curve(task), stopping(task))


def audit_curve(task: LabelTask) -> AuditCurve:
    """Accuracy of the classifiers so far, up to 20 of them and the present one last."""
    state = labeled_rows(task.corpus, task.column, column_version(task.corpus, task.column))
    versions = snapshots(state.log)
    stride = 1
    while len(versions) // stride >= MAX_POINTS:
        stride *= 2
    selected = dict.fromkeys([*versions[stride - 1 :: stride], training_version(state.log)])
    points = [point for version in selected if (point := _snapshot(task, version)) is not None]
    position = {row: at for at, row in enumerate(_order(task).tolist())}
    audited = np.array([position[row] for row in state.audit.tolist()], np.int64)
    right = np.array([int((point.held_out[audited] == state.audit_labels).sum()) for point in points], np.int64)
    labels = np.array([point.labels for point in points], np.int64)
    return AuditCurve(labels, wilson(right, np.full(len(points), len(audited))), len(audited))


def stopping(task: LabelTask) -> tuple[Advice, ...]:
    """Whether more labels would change the classifier: its last versions, ten labels apart, on all rows (up to
    20,000 at random); nothing before the first of them."""
    state = labeled_rows(task.corpus, task.column, column_version(task.corpus, task.column))
    versions = snapshots(state.log)[-WINDOW - 1 :]
    history = [point.predicted for version in versions if (point := _snapshot(task, version)) is not None]
    tuned = tuned_classifier_at(task, versions[-1]) if versions else None
    if tuned is None:
        return ()
    compared = _compared(task)
    unlabeled = compared[~np.isin(compared, np.array(sorted(state.labels), np.int64))]
    points = training_vectors(task.corpus, task.contender).rows[unlabeled]
    return stopping_advice(history, tuned.probabilities(tuned.scores(points)))


def agreement(corpus: CorpusRef, column: str) -> Agreement:
    """Of the annotators, columns that labels were copied from included. Raises InputError for fewer than two."""
    state = labeled_rows(corpus.source, column, column_version(corpus, column))
    events = [event for event in state.log.current().values() if event.label is not None]
    table = pd.DataFrame(
        [(event.row, event.annotator, event.label) for event in events], columns=["row", "annotator", "label"]
    )
    return annotator_agreement(table)


def disagreement_table(corpus: CorpusRef, disagreements: pd.DataFrame) -> pd.DataFrame:
    """The first 200 disagreements with their texts: index row ids, a column for each annotator."""
    first = disagreements.head(MAX_DISAGREEMENTS)
    columns = {str(name): first[name].to_numpy() for name in first.columns if name != "row"}
    return with_texts(corpus, first["row"].to_numpy(np.int64), columns)


def labels_file(corpus: CorpusRef, column: str) -> bytes:
    """A line for each row and annotator, as CSV: row, label, annotator, time (UTC), comment, audit, text and the
    corpus' columns. Skipped rows have no label."""
    state = labeled_rows(corpus.source, column, column_version(corpus, column))
    events = sorted(state.log.current().values(), key=lambda event: (event.row, event.time))
    rows = np.array([event.row for event in events], np.int64)
    columns = {
        "row number": rows + 1, column: [event.label or "" for event in events],
        "annotator": [event.annotator for event in events],
        "time": [datetime.fromtimestamp(event.time, UTC).isoformat(timespec="seconds") for event in events],
        "comment": [event.comment for event in events], "audit": [event.audit for event in events],
    }  # fmt: skip
    return rows_csv(load_corpus(corpus.source), rows, columns)
