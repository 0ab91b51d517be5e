"""Where sentiment comes from: the columns that may hold it, each row's sentiment by a source, and its accuracy."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.filters import column_kind
from core.corpus.label_columns import INTERNAL_COLUMNS
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.models.registry import capabilities
from core.secret import Secret
from core.trends.sentiment import (
    BAND,
    CLASSES,
    NAMES,
    UNKNOWN,
    Accuracy,
    anchor_scores,
    classify_by_band,
    classify_by_fitted_thresholds,
    classify_by_training,
    evaluate,
    from_ratings,
    from_values,
    guess_mapping,
    rating_thresholds,
)
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embedded_query

SourceKind = Literal["none", "column", "anchors", "trained"]
POSITIVE = ("This is great, I love it.", "Excellent, I am very happy with it.", "Works perfectly, highly recommended.")
NEGATIVE = ("This is terrible, I hate it.", "Awful, I am very disappointed.", "It broke and I want a refund.")
MAX_VALUES = 50
MAX_ANCHORS = 20
RATING = re.compile(r"rating|score|stars?|sentiment|mood|polarity|grade|评分|星级|情感", re.IGNORECASE)


@dataclass(frozen=True)
class SentimentColumn:
    """A column that may hold sentiment. number: a rating with default thresholds low and high; else a text column:
    values, most frequent first, at most 50, and the sentiment of usual names. likely: its name or values suggest it."""

    name: str
    number: bool
    low: float
    high: float
    values: tuple[str, ...]
    mapping: tuple[tuple[str, int], ...]
    likely: bool


@dataclass(frozen=True)
class SentimentSource:
    """column: holds the sentiment (kind "column"), trains the classifier ("trained") or evaluates the anchors
    ("anchors", may be empty). low, high: thresholds of a rating; mapping: (value, -1, 0 or 1) of a text column.

    band: half width of the neutral band in standard deviations; fitted: thresholds fitted to the column instead.
    """

    kind: SourceKind = "none"
    column: str = ""
    low: float = 2.0
    high: float = 4.0
    mapping: tuple[tuple[str, int], ...] = ()
    positive: tuple[str, ...] = POSITIVE
    negative: tuple[str, ...] = NEGATIVE
    band: float = BAND
    fitted: bool = False


@dataclass(frozen=True, eq=False)
class RowSentiments:
    """codes: (n,) int8, -1, 0, 1, or -2 for unknown. accuracy: against the column, None without one or where the
    column itself is the source. thresholds: of the anchors' scores."""

    codes: np.ndarray
    accuracy: Accuracy | None
    thresholds: tuple[float, float] | None = None


@dataclass(frozen=True)
class SentimentSummary:
    """counts: rows by name, negative first; unknown: rows without. columns: of `rows`."""

    counts: tuple[tuple[str, int], ...]
    unknown: int
    rows: int
    accuracy: Accuracy | None
    thresholds: tuple[float, float] | None


@lru_cache(maxsize=4)
def sentiment_columns(corpus: CorpusRef) -> tuple[SentimentColumn, ...]:
    """The columns that may hold sentiment, likely ones first."""
    loaded = load_corpus(corpus)
    left_out = {*INTERNAL_COLUMNS, loaded.roles.id, loaded.roles.time}
    columns = [_sentiment_column(loaded.table[name]) for name in loaded.table.columns if name not in left_out]
    return tuple(sorted((column for column in columns if column), key=lambda column: not column.likely))


def _sentiment_column(values: pd.Series) -> SentimentColumn | None:
    name, kind = str(values.name), column_kind(values)
    present = values.dropna()
    distinct = present.nunique() if len(present) else 0
    if kind == "number" and distinct >= 2:
        few = distinct <= 11 and bool((present % 1 == 0).all())
        return SentimentColumn(name, True, *rating_thresholds(values), (), (), bool(RATING.search(name)) or few)
    if kind in ("text", "bool") and 2 <= distinct <= MAX_VALUES and label_sets(values) is None:
        texts = tuple(str(value) for value in present.astype("str").str.strip().value_counts().index)
        mapping = guess_mapping(texts)
        return SentimentColumn(name, False, 0, 0, texts, tuple(mapping.items()), len(mapping) >= 2)
    return None


def default_source(corpus: CorpusRef, model: ModelSpec | None) -> SentimentSource:
    """A likely column where there is one, else anchors where texts can be embedded at no cost, else none."""
    likely = next((column for column in sentiment_columns(corpus) if column.likely), None)
    if likely:
        return SentimentSource("column", likely.name, likely.low, likely.high, likely.mapping)
    declared = capabilities(model) if model is not None else None
    local = declared is not None and declared.can_embed and not declared.hosted
    return SentimentSource("anchors" if local else "none")


def column_sentiment(corpus: CorpusRef, source: SentimentSource) -> np.ndarray:
    """(n,) int8: the column's sentiment by the source's thresholds or mapping. Raises InputError."""
    table = load_corpus(corpus).table
    if source.column not in table.columns:
        raise InputError(f'There is no column "{source.column}".', "Choose another for the sentiment.")
    values = table[source.column]
    if column_kind(values) == "number":
        return from_ratings(values, source.low, source.high)
    return from_values(values, dict(source.mapping))


@lru_cache(maxsize=8)
def row_sentiments(
    corpus: CorpusRef, model: ModelSpec | None, source: SentimentSource, secret: Secret | None = None
) -> RowSentiments:
    """Each row's sentiment. Raises InputError where the source is not usable, ModelError, StorageError."""
    if source.kind == "none":
        return RowSentiments(np.full(len(load_corpus(corpus)), UNKNOWN, dtype=np.int8), None)
    labels = column_sentiment(corpus, source) if source.column else None
    if source.kind == "column" and labels is not None:
        return RowSentiments(labels, None)
    if model is None:
        raise InputError("This corpus is not embedded yet.", "Embed it, or use a column as the sentiment source.")
    if source.kind == "trained":
        rows = load_vectors(corpus, model).rows
        if labels is None:
            raise InputError("No column to train on.", "Choose a rating or a label column.")
        predicted = classify_by_training(rows, labels, _equal_texts(corpus))
        return RowSentiments(predicted, evaluate(labels, predicted))
    return _anchor_sentiments(corpus, model, source, secret, labels)


def _anchor_sentiments(
    corpus: CorpusRef, model: ModelSpec, source: SentimentSource, secret: Secret | None, labels: np.ndarray | None
) -> RowSentiments:
    rows, texts = load_vectors(corpus, model).rows, (source.positive, source.negative)
    scores = anchor_scores(rows, *(_anchors(corpus.folder, model, anchors, secret) for anchors in texts))
    if source.fitted and labels is not None and (labels != UNKNOWN).any():
        predicted, thresholds = classify_by_fitted_thresholds(scores, labels, _equal_texts(corpus))
    else:
        width = source.band * float(np.std(scores))
        predicted, thresholds = classify_by_band(scores, source.band), (-width, width)
    return RowSentiments(predicted, evaluate(labels, predicted) if labels is not None else None, thresholds)


def _anchors(folder: str, model: ModelSpec, texts: tuple[str, ...], secret: Secret | None) -> np.ndarray:
    """(a, d) unit rows. Raises InputError without any, or where this model can't embed a text."""
    if not capabilities(model).can_embed:
        raise InputError(
            "These vectors are imported: anchor sentences can't be embedded with their model.",
            "Use a column as the sentiment source, train on one, or choose another model.",
        )
    if not texts:
        raise InputError("Anchor sentences are missing.", "Enter at least one positive and one negative sentence.")
    return np.stack([embedded_query(folder, model, text, secret)[0] for text in texts[:MAX_ANCHORS]])


@lru_cache(maxsize=2)
def _equal_texts(corpus: CorpusRef) -> np.ndarray:
    """(n,) int: equal texts have one number, so that none is in both a training and a test fold."""
    return np.asarray(pd.factorize(pd.Series(load_corpus(corpus).texts, dtype=object))[0])


def sentiment_summary(
    corpus: CorpusRef, model: ModelSpec | None, source: SentimentSource, secret: Secret | None = None
) -> SentimentSummary:
    """Rows by sentiment, and its accuracy."""
    sentiments = row_sentiments(corpus, model, source, secret)
    counts = tuple((NAMES[code], int((sentiments.codes == code).sum())) for code in CLASSES)
    unknown = int((sentiments.codes == UNKNOWN).sum())
    return SentimentSummary(counts, unknown, len(sentiments.codes), sentiments.accuracy, sentiments.thresholds)
