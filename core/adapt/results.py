"""Adapters trained on a label column, as stored results."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.adapt.fitting import Settings
from core.adapt.training import DEFAULTS, Adapter, train
from core.corpus.added_columns import column_inputs
from core.corpus.label_columns import find_split_column, split_names
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.results import Result
from core.store import vector_inputs
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.loaders import load_vectors

TRAININGS = 3  # the adapter, its control, and the parts of the learning curve together
SECONDS_PER_CELL = 1.5e-9  # of a training for a row, a dimension of the input and one of the output, on one core
OVERHEAD = 3.0  # seconds of the report


@dataclass(frozen=True)
class AdapterQuery:
    """column: of labels. split_column: one whose values name the training rows ("train", or file names with that word),
    the other rows are held out; "" holds out rows and labels at random."""

    corpus: CorpusRef
    model: ModelSpec
    column: str
    split_column: str = ""
    settings: Settings = DEFAULTS
    seed: int = 0


def split_column(corpus: CorpusRef) -> str:
    """The column that divides a corpus into training and test rows, or ""."""
    return find_split_column(load_corpus(corpus).table) or ""


def training_rows(corpus: CorpusRef, column: str) -> np.ndarray | None:
    """(m,) int64 ids of the rows that a split column marks for training; None for "". Raises InputError."""
    if not column:
        return None
    names = _column(corpus, column).astype("str").str.strip().str.lower()
    return np.flatnonzero(split_names(names) == "train")


def _column(corpus: CorpusRef, name: str) -> pd.Series:
    table = load_corpus(corpus).table
    if name not in table.columns:
        raise InputError(f'There is no column "{name}".', "Choose another column.")
    return table[name]


def _compute(query: AdapterQuery, progress: Progress) -> Adapter:
    vectors, labels = load_vectors(query.corpus, query.model), _column(query.corpus, query.column)
    rows = training_rows(query.corpus, query.split_column)
    return train(vectors, labels, rows=rows, seed=query.seed, settings=query.settings, progress=progress)


def _seconds(query: AdapterQuery) -> float:
    rows, dimensions = load_vectors(query.corpus, query.model).rows.shape
    return OVERHEAD + TRAININGS * query.settings.epochs / 20 * rows * dimensions**2 * SECONDS_PER_CELL


def _inputs(query: AdapterQuery) -> dict[str, object]:
    own = {"column": query.column, "split": query.split_column, "settings": query.settings, "seed": query.seed}
    return vector_inputs(query.model) | own | column_inputs(query.corpus, query.column, query.split_column)


ADAPTER = Result(
    "adapter", 1, AdapterQuery, Adapter, inputs=_inputs, compute=_compute, seconds=_seconds,
    stage=lambda query: f"Training an adapter: {query.model.label}", unit="epochs",
    absence="This adapter has not been trained yet.", remedy="Train it on the Customize page.",
)  # fmt: skip
