"""Texts and rows classified by a trained or loaded classifier."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core import codec
from core.classify import storage
from core.classify.results import TRAINED, Settings, Trained, TrainingQuery, lexical_contender, settings_labels
from core.classify.training import Classifier
from core.corpus.export import rows_csv
from core.corpus.label_columns import label_strings
from core.corpus.loaders import load_corpus, load_selection
from core.corpus.staging import StagedFile, staged_bytes
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embed_task_texts

MAX_LISTED = 200
MAX_NEIGHBORS = 8
CELL = 400  # characters of a text in a table
ALL, UNLABELED = "all", "unlabeled"
NO_LABEL = "no label"


@dataclass(frozen=True, eq=False)
class Predictions:
    """counts: (name, rows), most frequent first. table: the first 200 rows of the selected class, index row ids. total:
    rows of that class; rows: all predicted ones. cosines: of a zero-shot query the quantiles 5%, 50% and 95% of the
    highest cosine. confidence: its mean, NaN for numbers."""

    counts: tuple[tuple[str, int], ...]
    table: pd.DataFrame
    total: int
    rows: int
    cosines: tuple[float, float, float] = (0.0, 0.0, 0.0)
    confidence: float = float("nan")
    numbers: np.ndarray | None = None


@dataclass(frozen=True)
class StoredClassifier:
    """A classifier trained on a corpus. created: unix seconds. rows: training rows."""

    query: TrainingQuery
    created: float
    rows: int


@dataclass(frozen=True)
class ClassifierSource:
    """A trained classifier (query), or a saved file that was staged, for the vectors of `model`."""

    corpus: CorpusRef
    model: ModelSpec
    query: TrainingQuery | None = None
    file: StagedFile | None = None


@dataclass(frozen=True, eq=False)
class TextPrediction:
    """classes: (name, probability), highest first. number: of a classifier of numbers. neighbors: the nearest training
    rows (of a loaded classifier: rows of the corpus), index row ids, columns cosine, label (if known), text."""

    classes: tuple[tuple[str, float], ...]
    number: float | None
    neighbors: pd.DataFrame


@dataclass(frozen=True)
class ClassifierFacts:
    """What is said about a classifier."""

    kind: str
    task: str
    classes: tuple[str, ...]
    rows: int
    model: str


def with_texts(corpus: CorpusRef, rows: np.ndarray, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Columns (m,) with the beginnings of the rows' texts before them; index the row ids."""
    texts = load_corpus(corpus).texts
    return pd.DataFrame({"text": [texts[row][:CELL] for row in rows], **columns}, index=rows)


def stored_classifiers(corpus: CorpusRef) -> tuple[StoredClassifier, ...]:
    """Classifiers trained on vectors that the corpus has, newest first, the lexical baseline's last; those of another
    version are skipped."""
    found, embedded = [], {model.key for model in Workspace(corpus.folder).models(corpus.digest)}
    for record in TRAINED.records(corpus):
        try:
            contender = codec.decode(Contender, record["facts"]["contender"])
            settings = codec.decode(Settings, record["facts"]["settings"])
            rows = int(record["facts"]["classifier"]["facts"]["rows"])
        except (KeyError, TypeError, ValueError):
            continue
        query = TrainingQuery(corpus, contender, settings)
        if contender.is_model and contender.model.key in embedded and TRAINED.exists(query):
            found.append(StoredClassifier(query, float(record["made"]), rows))
    lexical = lexical_contender().key
    return tuple(sorted(reversed(found), key=lambda each: each.query.contender.key == lexical))


@lru_cache(maxsize=4)
def source_classifier(source: ClassifierSource) -> Classifier:
    """Raises StorageError where it is missing, InputError for a damaged file or one of another embedding model."""
    if source.query:
        return TRAINED.get(source.query).classifier
    if source.file is None:
        raise InputError("No classifier was selected.", "Train one, or upload a saved one.")
    return storage.load(staged_bytes(source.corpus.folder, source.file), source.model)


def classifier_facts(source: ClassifierSource) -> ClassifierFacts:
    """Raises as `source_classifier`."""
    model = source_classifier(source)
    return ClassifierFacts(model.kind, model.task, model.classes, int(model.facts["rows"]), model.model.label)


def classifier_file(source: ClassifierSource) -> bytes:
    """The classifier as a file, which `storage.load` reads."""
    return storage.to_bytes(source_classifier(source))


def classify_text(source: ClassifierSource, text: str, secret: Secret | None) -> TextPrediction:
    """Class probabilities of a text, embedded as the rows are. Raises InputError for an empty text, ModelError where it
    can't be embedded."""
    if not text.strip():
        raise InputError("The text is empty.", "Type a text to classify.")
    model = source_classifier(source)
    row = embed_task_texts(source.corpus, Contender(source.model), [text], secret=secret)
    neighbors = _nearest(source, row[0])
    scores = model.scores(row)
    if model.task == "number":
        return TextPrediction((), float(scores[0, 0]), neighbors)
    shares = model.probabilities(scores)[0]
    order = np.argsort(-shares, kind="stable")
    return TextPrediction(tuple((model.classes[i], float(shares[i])) for i in order), None, neighbors)


def _nearest(source: ClassifierSource, vector: np.ndarray) -> pd.DataFrame:
    """Distinct texts, nearest first."""
    rows, texts = load_vectors(source.corpus, source.model).rows, load_corpus(source.corpus).texts
    trained = TRAINED.get(source.query) if source.query else None
    ids = np.asarray(trained.split.train) if trained else np.arange(len(rows))
    codes = distinct_texts([texts[row] for row in ids])[0]
    ids = ids[np.unique(codes, return_index=True)[1]]
    cosines = rows[ids] @ vector
    best = np.argsort(-cosines, kind="stable")[:MAX_NEIGHBORS]
    columns: dict[str, np.ndarray] = {"cosine": cosines[best]}
    if source.query:
        labels = label_strings(settings_labels(source.corpus, source.query.settings))
        columns["label"] = labels.iloc[ids[best]].to_numpy(dtype=object)
    return with_texts(source.corpus, ids[best], columns)


def scope_rows(source: ClassifierSource, scope: str) -> np.ndarray:
    """Row ids of a scope: "all", "unlabeled" (of a trained classifier's column), or the key of a saved selection."""
    rows = np.arange(len(load_corpus(source.corpus)))
    if scope == ALL:
        return rows
    if scope == UNLABELED:
        if source.query is None:
            return rows
        return np.flatnonzero(label_strings(settings_labels(source.corpus, source.query.settings)).isna())
    return np.flatnonzero(load_selection(source.corpus, scope))


@lru_cache(maxsize=4)
def predict_rows(source: ClassifierSource, scope: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row ids, labels (str, tuples of them, or float64 numbers), and the probability of the label (NaN for numbers and
    several labels)."""
    rows, model = scope_rows(source, scope), source_classifier(source)
    if not len(rows):
        raise InputError("There are no such rows.", "Choose other rows to predict.")
    labels, probabilities = model.predict(load_vectors(source.corpus, source.model).rows[rows])
    if model.task == "classes":
        return rows, np.asarray(labels, object), probabilities.max(axis=1)
    return rows, labels, np.full(len(rows), np.nan)


def row_predictions(source: ClassifierSource, scope: str, label: str = "") -> Predictions:
    """Counts, and the rows of a label ("" for any), the least certain last. A row with several labels counts in each,
    one without in "no label"."""
    rows, labels, confidence = predict_rows(source, scope)
    is_number = source_classifier(source).task == "number"
    at = np.flatnonzero(_mask(labels, label))
    order = -labels[at] if is_number else -np.nan_to_num(confidence[at])
    at = at[np.argsort(order, kind="stable")]
    columns = {"predicted": _joined(labels[at[:MAX_LISTED]])}
    if not np.isnan(confidence).all():
        columns["probability"] = confidence[at[:MAX_LISTED]]
    counts = Counter(name for names in labels for name in _names(names)) if not is_number else Counter[str]()
    return Predictions(
        tuple(counts.most_common()), with_texts(source.corpus, rows[at[:MAX_LISTED]], columns), len(at), len(rows),
        confidence=float(confidence.mean()), numbers=np.asarray(labels, float) if is_number else None,
    )  # fmt: skip


def _names(label: Any) -> tuple[str, ...]:
    """What a row counts as."""
    return (label or (NO_LABEL,)) if isinstance(label, tuple) else (str(label),)


def _mask(labels: np.ndarray, label: str) -> np.ndarray:
    """Bool (m,): rows that count as a label; all for ""."""
    return np.array([not label or label in _names(names) for names in labels], dtype=bool)


def _joined(labels: np.ndarray) -> np.ndarray:
    """Several labels as one text; others as they are."""
    if labels.dtype != object:
        return labels
    return np.array(["; ".join(names) if isinstance(names, tuple) else names for names in labels], object)


def predicted_rows(source: ClassifierSource, scope: str, label: str = "") -> np.ndarray:
    """Row ids of a predicted label, all for ""."""
    rows, labels, _ = predict_rows(source, scope)
    return rows[_mask(labels, label)]


def row_predictions_file(source: ClassifierSource, scope: str) -> bytes:
    """All rows of a scope with prediction, probability, and the side of a trained classifier's split, as CSV."""
    rows, labels, confidence = predict_rows(source, scope)
    columns: dict[str, np.ndarray] = {"row": rows + 1, "predicted": _joined(labels)}
    if not np.isnan(confidence).all():
        columns["probability"] = confidence.round(4)
    if source.query:
        columns["side"] = _sides(TRAINED.get(source.query), len(load_corpus(source.corpus)))[rows]
    return rows_csv(load_corpus(source.corpus), rows, columns)


def _sides(trained: Trained, total: int) -> np.ndarray:
    sides = np.full(total, "", object)
    for name in ("train", "validation", "test"):
        sides[getattr(trained.split, name)] = name
    return sides


def training_rows_in(source: ClassifierSource, scope: str) -> int:
    """How many rows of a scope the classifier was trained on, whose predictions look better than they are."""
    if source.query is None:
        return 0
    return int(np.isin(scope_rows(source, scope), TRAINED.get(source.query).split.train).sum())
