"""The outliers of a corpus: the list at a cutoff, its file, why a row is listed, and how scores and models agree."""

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from core.clusters.service import default_clusters
from core.corpus.export import PREVIEW_LENGTH, free_name, rows_csv, texts_and_roles
from core.corpus.label_sets import LabelSets, label_sets
from core.corpus.loaders import load_corpus
from core.corpus.marks import RowMarks
from core.corpus.terms import document_terms, is_informative, load_terms
from core.errors import InputError, StorageError
from core.outliers.consensus import Agreement, Cutoff, agreement, consensus, percentiles, rows_above
from core.outliers.results import ISOLATION_FOREST, OUTLIER_SCORES, OutlierQuery
from core.outliers.scores import SCORES, ScoreName, usable_k
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import NEIGHBORS, ModelQuery, load_neighbors

MAX_LISTED = 500  # rows of a list sent to the page
BINS = 60
MAX_TERMS = 8
FREQUENT = 0.15  # share of all rows above which a term is uninformative
COMMON = 0.3  # share of the nearest rows that must contain a term for it to be typical of them
MAX_CHARACTERS = 5_000  # of the text sent to the page


@dataclass(frozen=True)
class OutlierSettings:
    """By which score, over how many neighbors, down to which cutoff rows are listed."""

    score: ScoreName = "combined"
    k: int = 20
    cutoff: Cutoff = field(default_factory=Cutoff)


@dataclass(frozen=True, eq=False)
class OutlierList:
    """table: at most 500 rows, most unusual first, its index row ids; columns Rank, Percentile, Score, Text and the
    corpus' labels, time and id. above: rows within the cutoff, of `total`. threshold, percentile: the lowest listed,
    NaN where none is. counts, edges: histogram of all scores. k: neighbors used. is_constant: all scores are equal.
    """

    table: pd.DataFrame
    above: int
    total: int
    threshold: float
    percentile: float
    counts: np.ndarray
    edges: np.ndarray
    k: int
    is_constant: bool


@dataclass(frozen=True, eq=False)
class Consensus:
    """Rows at or above a percentile of the combined score under at least one model. table: index row ids; columns
    Models (how many), Text, then one percentile a model. under_all, under_one: how many rows are outliers under all
    models, and under exactly one; models: their labels; by_model: rows that are outliers under that model only."""

    table: pd.DataFrame
    under_all: int
    under_one: int
    models: tuple[str, ...]
    by_model: tuple[int, ...]


def outlier_marks(corpus: CorpusRef) -> RowMarks:
    """What a person decided about outliers."""
    return RowMarks(corpus, "marks", {"marks": "odd rows"}, ("reviewed", "keep", "exclude"))


def outlier_list(corpus: CorpusRef, model: ModelSpec, settings: OutlierSettings) -> OutlierList:
    """Raises StorageError where the corpus is not embedded or its graph is missing, InputError for a bad cutoff."""
    score = outlier_score(corpus, model, settings.score, settings.k)
    rows, ranks = rows_above(score, settings.cutoff), percentiles(score)
    listed = rows[:MAX_LISTED]
    table = pd.DataFrame(
        {"Rank": np.arange(1, len(listed) + 1), "Percentile": ranks[listed], "Score": score[listed]}, index=listed
    )
    counts, edges = np.histogram(score, bins=BINS)
    return OutlierList(
        pd.concat([table, texts_and_roles(load_corpus(corpus), listed)], axis=1), len(rows), len(score),
        float(score[rows[-1]]) if len(rows) else float("nan"), float(ranks[rows[-1]]) if len(rows) else float("nan"),
        counts, edges, usable_k(load_neighbors(corpus, model), settings.k),
        bool(np.ptp(score) < 1e-6) if len(score) else True,
    )  # fmt: skip


def outlier_file(corpus: CorpusRef, model: ModelSpec, settings: OutlierSettings) -> bytes:
    """All rows within the cutoff as CSV: rank, row, percentile by every score, mark, text, and all columns."""
    rows, marks = outlier_rows(corpus, model, settings), outlier_marks(corpus).load()
    scores = outlier_scores(corpus, model, settings.k)
    columns: dict[str, Any] = {"rank": np.arange(1, len(rows) + 1), "row": rows + 1}
    columns |= {f"percentile: {SCORES[name].title}": percentiles(scores[name])[rows].round(2) for name in scores}
    columns["mark"] = [marks.get(int(row), "") for row in rows]
    return rows_csv(load_corpus(corpus), rows, columns)


def outlier_rows(corpus: CorpusRef, model: ModelSpec, settings: OutlierSettings) -> np.ndarray:
    """All row ids within the cutoff, int64, most unusual first."""
    return rows_above(outlier_score(corpus, model, settings.score, settings.k), settings.cutoff)


def outlier_score(corpus: CorpusRef, model: ModelSpec, name: ScoreName, k: int) -> np.ndarray:
    """One score of all rows, (n,) float64, higher is more unusual."""
    return _forest(corpus, model) if name == "forest" else outlier_scores(corpus, model, k)[name]


@lru_cache(maxsize=6)
def outlier_scores(corpus: CorpusRef, model: ModelSpec, k: int) -> dict[ScoreName, np.ndarray]:
    """All scores but the isolation forest, each (n,) float64; computed where they are missing."""
    default_clusters(corpus, model)  # raises where there is no graph
    scores = OUTLIER_SCORES.get_or_compute(OutlierQuery(corpus, model, k))
    return {name: scores[name] for name in SCORES if name in scores}


@lru_cache(maxsize=6)
def _forest(corpus: CorpusRef, model: ModelSpec) -> np.ndarray:
    return ISOLATION_FOREST.get_or_compute(ModelQuery(corpus, model))


def score_agreement(corpus: CorpusRef, model: ModelSpec, k: int, top: int) -> Agreement:
    """How far all scores, the isolation forest included, agree. Names are titles."""
    return agreement({info.title: outlier_score(corpus, model, name, k) for name, info in SCORES.items()}, top)


def model_consensus(corpus: CorpusRef, models: tuple[ModelSpec, ...], k: int, percentile: float) -> Consensus:
    """Which rows are outliers under which models; models without a graph are left out. Raises StorageError for none."""
    data = load_corpus(corpus)
    models = tuple(model for model in models if NEIGHBORS.exists(ModelQuery(corpus, model)))
    if not models:
        raise StorageError("No model has a neighbor graph of this corpus.", "Run one on the Embed page.")
    per_model = np.stack([percentiles(outlier_scores(corpus, model, k)["combined"]) for model in models], axis=1)
    agreed = consensus(per_model, percentile)
    rows = np.flatnonzero(agreed)
    rows = rows[np.lexsort((rows, -per_model[rows].mean(axis=1), -agreed[rows]))]
    table = pd.DataFrame({"Models": agreed[rows]}, index=rows)
    table["Text"] = [data.texts[row][:PREVIEW_LENGTH] for row in rows]
    for position, model in enumerate(models):
        table[free_name(table, model.label)] = per_model[rows, position]
    only = (agreed == 1)[:, None] & (per_model >= percentile)
    return Consensus(
        table.iloc[:MAX_LISTED], int(np.count_nonzero(agreed == len(models))), int(np.count_nonzero(agreed == 1)),
        tuple(str(name) for name in table.columns[2:]), tuple(int(count) for count in only.sum(axis=0)),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class RowExplanation:
    """One row. scores: title, percentile, value and what the score detects, isolation forest left out. neighbors: index
    row ids; columns cosine, then Text and the corpus' labels, time and id. shared_terms: the row's terms that at least
    two of its nearest rows contain; missing_terms: terms that 30% of them contain and it does not; unique_terms: its
    terms that none of them contains; rarest in the corpus first, terms of over 15% of all rows and function words left
    out. labels: (column, the row's value, the nearest rows' most common value, how many have it).
    """

    text: str
    scores: pd.DataFrame
    neighbors: pd.DataFrame
    shared_terms: tuple[str, ...]
    missing_terms: tuple[str, ...]
    unique_terms: tuple[str, ...]
    labels: tuple[tuple[str, str, str, int], ...]


def explain_row(corpus: CorpusRef, model: ModelSpec, row: int, k: int, count: int = 10) -> RowExplanation:
    """Raises InputError for no such row, StorageError where the graph is missing."""
    data = load_corpus(corpus)
    if not 0 <= row < len(data):
        raise InputError(f"There is no row {row + 1:,} among the {len(data):,} rows.")
    graph = load_neighbors(corpus, model)
    ids = np.asarray(graph.ids[row, :count])
    neighbors = texts_and_roles(data, ids)
    neighbors.insert(0, "cosine", np.asarray(graph.scores[row, :count], dtype=np.float64), allow_duplicates=True)
    terms = _compare_terms(corpus, data.texts[row], row, ids)
    labels = tuple(label for name in data.roles.labels if (label := _label(data.table[name], row, ids)))
    rows = [  # without the isolation forest, which may take long
        (SCORES[name].title, float(percentiles(score)[row]), float(score[row]), SCORES[name].detects)
        for name, score in outlier_scores(corpus, model, k).items()
    ]
    scores = pd.DataFrame(rows, columns=["Score", "Percentile", "Value", "Detects"])
    return RowExplanation(data.texts[row][:MAX_CHARACTERS], scores, neighbors, *terms, labels)


def _compare_terms(
    corpus: CorpusRef, text: str, row: int, neighbors: np.ndarray
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Terms shared with the nearest rows, only in them, and only in this row; rarest in the corpus first."""
    matrix, vocabulary = load_terms(corpus)
    frequency = np.asarray(matrix.sum(axis=0)).ravel()
    in_neighbors = np.asarray(matrix[neighbors].sum(axis=0)).ravel() if len(neighbors) else np.zeros(len(vocabulary))
    in_row = np.zeros(len(vocabulary), dtype=bool)
    in_row[matrix[row].indices] = True
    informative = frequency <= max(FREQUENT * matrix.shape[0], 3)
    common = in_neighbors >= max(2, COMMON * len(neighbors))
    shared, missing, unique = (
        _rarest(np.flatnonzero(informative & mask), frequency, vocabulary)
        for mask in (in_row & (in_neighbors >= 2), ~in_row & common, in_row & (in_neighbors == 0))
    )
    indexed = set(vocabulary)
    unindexed = [
        term
        for term in document_terms([text], min_rows=1)[1]  # single words but numbers and letters
        if term not in indexed and " " not in term and len(term) > 1 and not term.isdecimal()
    ]
    return shared, missing, tuple([*filter(is_informative, unindexed), *unique][:MAX_TERMS])


def _rarest(columns: np.ndarray, frequency: np.ndarray, vocabulary: list[str]) -> tuple[str, ...]:
    ordered = (vocabulary[column] for column in columns[np.argsort(frequency[columns], kind="stable")])
    return tuple(islice(filter(is_informative, ordered), MAX_TERMS))


def _label(values: pd.Series, row: int, neighbors: np.ndarray) -> tuple[str, str, str, int] | None:
    if sets := label_sets(values):
        return _shared_labels(sets, str(values.name), row, neighbors)
    counts: Any = values.iloc[neighbors].dropna().astype(str).value_counts()
    if counts.empty:
        return None
    value = "" if pd.isna(values.iloc[row]) else str(values.iloc[row])
    return str(values.name), value[:PREVIEW_LENGTH], str(counts.index[0])[:PREVIEW_LENGTH], int(counts.iloc[0])


def _shared_labels(sets: LabelSets, name: str, row: int, neighbors: np.ndarray) -> tuple[str, str, str, int] | None:
    """_label of rows with several: a neighbor counts in each of its labels."""
    counts = np.bincount(sets.codes[np.isin(sets.rows, neighbors)], minlength=len(sets.names))
    if not counts.any():
        return None
    own = "; ".join(sets.names[code] for code in sets.codes[sets.rows == row])
    return name, own[:PREVIEW_LENGTH], sets.names[int(counts.argmax())][:PREVIEW_LENGTH], int(counts.max())
