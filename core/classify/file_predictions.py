"""Predictions for the texts of an uploaded file: embedded through the vector cache, classified, counted and listed."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.classify.predictions import CELL, MAX_LISTED, NO_LABEL, ClassifierSource, source_classifier
from core.classify.results import TRAINED, Settings, TrainingQuery
from core.corpus.added_columns import column_inputs
from core.corpus.export import free_name, table_bytes
from core.corpus.reading.template import render_texts
from core.corpus.service import raw_table
from core.corpus.staging import ImportSource, StagedFile
from core.errors import InputError, JobError
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.results import Result
from core.secret import Secret
from core.store import vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.contenders import Contender
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embed_accepted_texts, missing_texts

MAX_EXAMPLES = 5  # refused rows that are listed
MIN_TIMED_TEXTS = 2_000  # of fewer texts, most of the time went into loading the model
SECONDS_PER_TEXT = 0.003  # where the speed of the model is not known


@dataclass(frozen=True)
class FileQuery:
    """Texts of a staged file, and the classifier: one trained here (settings) or a staged file. text: a template over
    the file's columns. limit_usd: nothing is sent where it could cost more; None for no limit."""

    corpus: CorpusRef
    model: ModelSpec
    upload: ImportSource
    text: str
    settings: Settings | None = None
    classifier: StagedFile | None = None
    limit_usd: float | None = None

    @property
    def source(self) -> ClassifierSource:
        trained = TrainingQuery(self.corpus, Contender(self.model), self.settings) if self.settings else None
        return ClassifierSource(self.corpus, self.model, trained, self.classifier)


@dataclass(frozen=True, eq=False)
class FilePredictions:
    """Predictions for the n rows of a file. predicted: (n,) bool, rows with one. names: of the classes. rows, codes:
    (p,) which row has which class, of sets any number. probability: (n,) float32 of the class, NaN for sets and without
    one. numbers: (n,) float64, NaN without one; empty for classes. empty: rows without a text. refused: rows whose text
    a server refused; examples: (row, what it says) of the first ones."""

    predicted: np.ndarray
    names: tuple[str, ...]
    rows: np.ndarray
    codes: np.ndarray
    probability: np.ndarray
    numbers: np.ndarray
    empty: int
    refused: int
    examples: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class FilePlan:
    """What predicting a file takes. distinct: different texts; missing: those to embed, of so many characters. usd: at
    most, None where unknown. paid: whether texts are sent to a paid server."""

    rows: int
    empty: int
    distinct: int
    missing: int
    characters: int
    usd: float | None
    seconds: float
    paid: bool


@dataclass(frozen=True, eq=False)
class FileSummary:
    """counts: (class, rows), most frequent first. table: the first 200 rows, of the selected class if there is one,
    index row ids of the file; total: rows of it. rows: of the file; predicted: those with a prediction."""

    counts: tuple[tuple[str, int], ...]
    table: pd.DataFrame
    total: int
    rows: int
    predicted: int
    numbers: np.ndarray | None = None


@lru_cache(maxsize=2)
def file_texts(folder: str, upload: ImportSource, template: str) -> list[str]:
    """n texts of a staged file. Raises InputError for one that can't be read or has no such column."""
    return render_texts(raw_table(folder, upload).table, template)


def plan_file(query: FileQuery) -> FilePlan:
    """Counts texts and what they cost. Sends nothing."""
    texts = file_texts(query.corpus.folder, query.upload, query.text)
    filled = [text for text in texts if text.strip()]
    if not filled:
        raise InputError("No row of the file has a text in this column.", "Choose another text column.")
    missing, declared = missing_texts(query.corpus, query.model, filled), capabilities(query.model)
    usd = max_usd(missing, query.model) if missing and declared.paid else 0.0
    return FilePlan(
        len(texts), len(texts) - len(filled), len(set(filled)), len(missing), sum(map(len, missing)), usd,
        len(missing) * _seconds_per_text(query), declared.paid,
    )  # fmt: skip


def _seconds_per_text(query: FileQuery) -> float:
    facts = load_vectors(query.corpus, query.model).facts
    timed = facts.get("computed", 0) >= MIN_TIMED_TEXTS
    return float(facts["seconds"] / facts["computed"]) if timed else SECONDS_PER_TEXT


def _compute(query: FileQuery, progress: Progress, secret: Secret | None = None) -> FilePredictions:
    """progress counts texts embedded. Raises ModelError where texts can't be embedded, JobError where the cost could
    exceed the limit."""
    texts = file_texts(query.corpus.folder, query.upload, query.text)
    filled = np.array([at for at, text in enumerate(texts) if text.strip()], np.int64)
    used = [texts[at] for at in filled]
    _check_limit(query, used)
    vectors, refused = embed_accepted_texts(query.corpus, query.model, used, secret, progress)
    accepted = np.setdiff1d(np.arange(len(used)), np.fromiter(refused, np.int64, len(refused)))
    model, rows = source_classifier(query.source), filled[accepted]
    scores = model.scores(vectors[accepted])
    predicted = np.isin(np.arange(len(texts)), rows)
    probability, numbers = np.full(len(texts), np.nan, np.float32), np.empty(0)
    pairs = np.empty(0, np.int64), np.empty(0, np.int64)
    if model.task == "number":
        numbers = np.full(len(texts), np.nan)
        numbers[rows] = scores[:, 0]
    elif model.task == "sets":
        at, codes = np.nonzero(model.probabilities(scores) >= 0.5)
        pairs = rows[at], codes
    else:
        probability[rows] = model.probabilities(scores).max(axis=1, initial=0)
        pairs = rows, scores.argmax(axis=1)
    examples = tuple((int(filled[at]), message) for at, message in sorted(refused.items())[:MAX_EXAMPLES])
    return FilePredictions(
        predicted, model.classes, *pairs, probability, numbers, len(texts) - len(filled), len(refused), examples
    )  # fmt: skip


def _check_limit(query: FileQuery, texts: list[str]) -> None:
    if query.limit_usd is None:
        return
    missing = missing_texts(query.corpus, query.model, texts)
    if missing and (max_usd(missing, query.model) or 0.0) > query.limit_usd * (1 + 1e-9):
        raise JobError(
            f"{len(missing):,} texts could cost more than the limit of ${query.limit_usd:,.2f}; nothing was sent.",
            "Start again with a higher limit.",
        )


def _inputs(query: FileQuery) -> dict[str, Any]:
    plan = query.settings.plan.column if query.settings else ""
    column = query.settings.column if query.settings else ""
    return {
        **vector_inputs(query.model), "files": [file.key for file in query.upload.files],
        "options": query.upload.options, "text": query.text, "settings": query.settings,
        "classifier": query.classifier.key if query.classifier else None, "trained": TRAINED.version,
        **column_inputs(query.corpus, column, plan),
    }  # fmt: skip


FILE_PREDICTIONS = Result(
    "file_predictions", 1, FileQuery, FilePredictions, inputs=_inputs, compute=_compute,
    seconds=lambda query: plan_file(query).seconds, stage=lambda query: f"Embedding with {query.model.label}",
    unit="texts", needs_secret=True, absence="The texts of this file have not been classified yet.",
    remedy="Upload it on the Classify page, under Apply.",
)  # fmt: skip


def file_summary(query: FileQuery, label: str = "") -> FileSummary:
    """Counts, and the first rows of a class ("" for any). Raises StorageError where the file is not classified."""
    result, table = FILE_PREDICTIONS.get(query), _with_predictions(query)
    texts = file_texts(query.corpus.folder, query.upload, query.text)
    is_number, at = bool(len(result.numbers)), np.flatnonzero(result.predicted)
    total = len(at)
    if label:
        at = np.setdiff1d(at, result.rows) if label == NO_LABEL else _rows_of(result, label)
    first = at[:MAX_LISTED]
    shown = pd.DataFrame({"text": [texts[row][:CELL] for row in first], **table.iloc[first].to_dict("list")}, first)
    counts: Counter[str] = Counter(
        dict(zip(result.names, np.bincount(result.codes, minlength=len(result.names)), strict=True))
    )
    if not is_number and (without := total - len(np.unique(result.rows))):
        counts[NO_LABEL] = without
    listed = tuple((name, int(rows)) for name, rows in counts.most_common() if rows)
    return FileSummary(
        listed, shown, len(at), len(texts), total, result.numbers[result.predicted] if is_number else None
    )  # fmt: skip


def _rows_of(result: FilePredictions, label: str) -> np.ndarray:
    return result.rows[result.codes == result.names.index(label)] if label in result.names else np.empty(0, np.int64)


def file_predictions_csv(query: FileQuery) -> bytes:
    """The file's table with prediction and probability, as CSV."""
    table = raw_table(query.corpus.folder, query.upload).table.copy()
    for position, (name, values) in enumerate(_with_predictions(query).items()):
        table.insert(position, free_name(table, str(name)), values.to_numpy())
    return table_bytes(table, "csv")


def _with_predictions(query: FileQuery) -> pd.DataFrame:
    """Columns predicted, and probability where there is one, of the n rows; missing where there is no prediction."""
    result = FILE_PREDICTIONS.get(query)
    if len(result.numbers):
        return pd.DataFrame({"predicted": result.numbers})
    names, cells = np.array(result.names, object), np.full(len(result.predicted), None, object)
    if not np.isnan(result.probability).all():
        cells[result.rows] = names[result.codes]
        return pd.DataFrame({"predicted": cells, "probability": result.probability})
    cells[result.predicted] = ""
    joined = pd.Series(names[result.codes]).groupby(np.asarray(result.rows)).agg("; ".join)
    cells[joined.index.to_numpy(np.int64)] = joined.to_numpy(object)
    return pd.DataFrame({"predicted": cells})
