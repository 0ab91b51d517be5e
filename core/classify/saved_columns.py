"""Predictions and zero-shot labels as columns of the corpus, for filters, map colors, trends and the scoreboard."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.classify.predictions import ALL, ClassifierSource, predict_rows, source_classifier
from core.classify.results import TRAINED, TrainingQuery
from core.classify.zero_shot_rows import ZeroShotQuery, zero_shot_result
from core.classify.zeroshot import NONE
from core.corpus.added_columns import AddedColumn, AddedKind, add_column, added_columns, remove_column
from core.errors import InputError
from core.secret import Secret
from core.types import CorpusRef

PREDICTIONS: AddedKind = "predictions"
ZERO_SHOT: AddedKind = "zero_shot"


@dataclass(frozen=True)
class SavedColumn:
    """A stored column. filled: rows with a value, of `rows`."""

    name: str
    kind: AddedKind
    filled: int
    rows: int


def save_predictions(
    source: ClassifierSource, name: str, scope: str = ALL, min_probability: float = 0.0
) -> SavedColumn:
    """Store a classifier's predictions as a column; rows outside of the scope, and those whose class has a lower
    probability, are missing. Several labels are JSON lists. Raises InputError for a name in use, or no such rows."""
    rows, labels, probability = predict_rows(source, scope)
    model, total = source_classifier(source), len(predict_rows(source, ALL)[0])
    certain = np.isnan(probability) | (probability >= min_probability)
    cells = pd.Series(np.nan, range(total)) if model.task == "number" else pd.Series(None, range(total), dtype=object)
    cells.iloc[rows[certain]] = [_cell(label) for label in labels[certain]]
    values = cells if model.task == "number" else cells.astype("str")
    facts = {
        "task": model.task, "classifier": model.kind, "model": model.model.to_dict(), "scope": scope,
        "min_probability": min_probability, "query": TRAINED.query_to_dict(source.query) if source.query else None,
    }  # fmt: skip
    return _save(source.corpus, name, values, PREDICTIONS, facts)


def save_zero_shot(query: ZeroShotQuery, secret: Secret | None, name: str) -> SavedColumn:
    """Store zero-shot labels as a column; "none of these" is missing. Raises InputError for a name in use."""
    labels = pd.Series(zero_shot_result(query, secret).labels).astype("str")
    facts = {
        "labels": dict(query.labels), "model": query.model.to_dict(), "temperature": query.temperature,
        "threshold": query.threshold,
    }  # fmt: skip
    return _save(query.corpus, name, labels.where(labels != NONE), ZERO_SHOT, facts)


def saved_columns(corpus: CorpusRef, kind: AddedKind) -> tuple[AddedColumn, ...]:
    """The added columns of a kind, oldest first."""
    return tuple(column for column in added_columns(corpus.folder, corpus.digest) if column.kind == kind)


def is_predicted(corpus: CorpusRef, name: str) -> bool:
    """Whether a column has predictions of a classifier."""
    return any(column.name == name for column in saved_columns(corpus, PREDICTIONS))


def column_classifier(corpus: CorpusRef, name: str) -> TrainingQuery | None:
    """The classifier trained here whose predictions a column has; None for other columns, or where it is gone."""
    facts = next((column.facts for column in saved_columns(corpus, PREDICTIONS) if column.name == name), {})
    if not facts.get("query"):
        return None
    try:
        query = TRAINED.query_from_dict(corpus, facts["query"])
    except (KeyError, TypeError, ValueError):  # stored by another version
        return None
    return query if TRAINED.exists(query) else None


def remove_saved_column(corpus: CorpusRef, name: str) -> None:
    """Delete a column of predictions or zero-shot labels. Raises InputError where there is none of that name."""
    kinds = {column.name: column.kind for column in added_columns(corpus.folder, corpus.digest)}
    if kinds.get(name) not in (PREDICTIONS, ZERO_SHOT):
        raise InputError(f'There is no column of predictions "{name}".', "Reload the page.")
    remove_column(corpus, name)


def _save(corpus: CorpusRef, name: str, values: pd.Series, kind: AddedKind, facts: Mapping[str, Any]) -> SavedColumn:
    filled = int(values.notna().sum())
    if not filled:
        raise InputError("No row would have a value.", "Lower the minimum probability or the threshold.")
    column = add_column(corpus, name, values, kind, {**facts, "filled": filled})
    return SavedColumn(column.name, kind, filled, len(values))


def _cell(label: Any) -> Any:
    return json.dumps(list(label), ensure_ascii=False) if isinstance(label, tuple) else label
