"""Questions about sentiment: which columns may hold it, what each row's is, how well it is known."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.filters import column_kind
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
    by_band,
    by_fitted_cuts,
    by_training,
    from_ratings,
    from_values,
    guess_meaning,
    measure,
    rating_cuts,
)
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import embedded_query

ReadingKind = Literal["none", "column", "anchors", "trained"]
POSITIVE = ("This is great, I love it.", "Excellent, I am very happy with it.", "Works perfectly, highly recommended.")
NEGATIVE = ("This is terrible, I hate it.", "Awful, I am very disappointed.", "It broke and I want a refund.")
MOST_VALUES = 50
MOST_ANCHORS = 20
RATING = re.compile(r"rating|score|stars?|sentiment|mood|polarity|grade|评分|星级|情感", re.IGNORECASE)
UNTOLD = ("source_row", "passage")  # columns that count rows


@dataclass(frozen=True)
class SentimentColumn:
    """A column that may tell sentiment. number: by its values, cut at low and high by default; else by name: values,
    most frequent first, at most 50, and what usual names mean. likely: it is called or looks like a rating."""

    name: str
    number: bool
    low: float
    high: float
    values: tuple[str, ...]
    meaning: tuple[tuple[str, int], ...]
    likely: bool


@dataclass(frozen=True)
class Reading:
    """How sentiment is read. column: whose values tell it (kind "column"), teach it ("trained") or check it
    ("anchors", may be empty). low, high: cut points of a number; meaning: (value, -1, 0 or 1) of a text column.

    band: half width of the neutral band in standard deviations; fitted: cuts fitted to the column instead.
    """

    kind: ReadingKind = "none"
    column: str = ""
    low: float = 2.0
    high: float = 4.0
    meaning: tuple[tuple[str, int], ...] = ()
    positive: tuple[str, ...] = POSITIVE
    negative: tuple[str, ...] = NEGATIVE
    band: float = BAND
    fitted: bool = False


@dataclass(frozen=True, eq=False)
class Sentiments:
    """codes: (n,) int8, -1, 0, 1, or -2 where not known. accuracy: against the column, None without one or where the
    column itself is read. score: (n,) float64 where anchors are used, else None; cuts: of the score."""

    codes: np.ndarray
    accuracy: Accuracy | None
    score: np.ndarray | None = None
    cuts: tuple[float, float] | None = None


@dataclass(frozen=True)
class SentimentFacts:
    """counts: rows by name, negative first; unknown: rows without. columns: of `rows`."""

    counts: tuple[tuple[str, int], ...]
    unknown: int
    rows: int
    accuracy: Accuracy | None
    cuts: tuple[float, float] | None


@lru_cache(maxsize=4)
def sentiment_columns(corpus: CorpusRef) -> tuple[SentimentColumn, ...]:
    """The columns that may tell sentiment, likely ones first."""
    whole = load_corpus(corpus)
    left_out = {*UNTOLD, whole.roles.id, whole.roles.time}
    found = [_column(whole.table[name]) for name in whole.table.columns if name not in left_out]
    return tuple(sorted((each for each in found if each), key=lambda each: not each.likely))


def _column(values: pd.Series) -> SentimentColumn | None:
    name, kind = str(values.name), column_kind(values)
    known = values.dropna()
    distinct = known.nunique() if len(known) else 0
    if kind == "number" and distinct >= 2:
        few = distinct <= 11 and bool((known % 1 == 0).all())
        return SentimentColumn(name, True, *rating_cuts(values), (), (), bool(RATING.search(name)) or few)
    if kind in ("text", "bool") and 2 <= distinct <= MOST_VALUES:
        texts = tuple(str(each) for each in known.astype("str").str.strip().value_counts().index)
        meaning = guess_meaning(texts)
        return SentimentColumn(name, False, 0, 0, texts, tuple(meaning.items()), len(meaning) >= 2)
    return None


def default_reading(corpus: CorpusRef, model: ModelSpec | None) -> Reading:
    """A likely column where there is one, else anchors where texts can be embedded at no cost, else none."""
    likely = next((column for column in sentiment_columns(corpus) if column.likely), None)
    if likely:
        return Reading("column", likely.name, likely.low, likely.high, likely.meaning)
    declared = capabilities(model) if model is not None else None
    local = declared is not None and declared.can_embed and not declared.hosted
    return Reading("anchors" if local else "none")


def column_sentiment(corpus: CorpusRef, reading: Reading) -> np.ndarray:
    """(n,) int8: what the column says by the reading's cut points or meanings. Raises InputError."""
    table = load_corpus(corpus).table
    if reading.column not in table.columns:
        raise InputError(f'There is no column "{reading.column}".', "Choose another for the sentiment.")
    values = table[reading.column]
    if column_kind(values) == "number":
        return from_ratings(values, reading.low, reading.high)
    return from_values(values, dict(reading.meaning))


@lru_cache(maxsize=8)
def sentiments(
    corpus: CorpusRef, model: ModelSpec | None, reading: Reading, secret: Secret | None = None
) -> Sentiments:
    """Each row's sentiment. Raises InputError where it can't be read so, ModelError, StorageError."""
    if reading.kind == "none":
        return Sentiments(np.full(len(load_corpus(corpus)), UNKNOWN, dtype=np.int8), None)
    labels = column_sentiment(corpus, reading) if reading.column else None
    if reading.kind == "column" and labels is not None:
        return Sentiments(labels, None)
    if model is None:
        raise InputError("This corpus is not embedded yet.", "Embed it, or read the sentiment from a column.")
    rows = load_vectors(corpus, model).rows
    if reading.kind == "trained":
        if labels is None:
            raise InputError("No column is chosen to learn from.", "Choose a rating or a label column.")
        said = by_training(rows, labels, _equal_texts(corpus))
        return Sentiments(said, measure(labels, said))
    return _by_anchors(corpus, model, reading, secret, rows, labels)


def _by_anchors(
    corpus: CorpusRef,
    model: ModelSpec,
    reading: Reading,
    secret: Secret | None,
    rows: np.ndarray,
    labels: np.ndarray | None,
) -> Sentiments:
    scores = anchor_scores(
        rows, *(_anchors(corpus.folder, model, each, secret) for each in (reading.positive, reading.negative))
    )
    if reading.fitted and labels is not None and (labels != UNKNOWN).any():
        said, cuts = by_fitted_cuts(scores, labels, _equal_texts(corpus))
    else:
        width = reading.band * float(np.std(scores))
        said, cuts = by_band(scores, reading.band), (-width, width)
    return Sentiments(said, measure(labels, said) if labels is not None else None, scores, cuts)


def _anchors(folder: str, model: ModelSpec, texts: tuple[str, ...], secret: Secret | None) -> np.ndarray:
    """(a, d) unit rows. Raises InputError without any, or where this model can't embed a text."""
    if not capabilities(model).can_embed:
        raise InputError(
            "These vectors were brought in: anchor sentences can't be embedded as they were.",
            "Read the sentiment from a column, train it from one, or choose another model.",
        )
    if not texts:
        raise InputError("There are no anchor sentences on one side.", "Give at least one for each.")
    return np.stack([embedded_query(folder, model, text, secret)[0] for text in texts[:MOST_ANCHORS]])


@lru_cache(maxsize=2)
def _equal_texts(corpus: CorpusRef) -> np.ndarray:
    """(n,) int: equal texts have one number, so that none stands both in what teaches and in what checks."""
    return np.asarray(pd.factorize(pd.Series(load_corpus(corpus).texts, dtype=object))[0])


def sentiment_facts(
    corpus: CorpusRef, model: ModelSpec | None, reading: Reading, secret: Secret | None = None
) -> SentimentFacts:
    """How many rows are what, and how well that is known."""
    found = sentiments(corpus, model, reading, secret)
    counts = tuple((NAMES[code], int((found.codes == code).sum())) for code in CLASSES)
    unknown = int((found.codes == UNKNOWN).sum())
    return SentimentFacts(counts, unknown, len(found.codes), found.accuracy, found.cuts)
