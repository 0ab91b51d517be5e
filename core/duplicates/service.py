"""Questions of the Anomalies page about near-duplicates: counts at every threshold, groups, what to drop."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.corpus.export import free_name, table_bytes, texts_and_roles
from core.corpus.loaders import load_corpus
from core.duplicates.keep_one import KeepOne, rows_to_drop
from core.duplicates.near_duplicates import (
    FLOOR,
    Links,
    copy_pairs,
    full_rows,
    graph_links,
    groups_at,
    lowest_cosine,
    make_links,
)
from core.errors import InputError
from core.outliers.results import TEXT_DUPLICATES, TextQuery
from core.search.service import calibration
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_neighbors, load_vectors

By = Literal["meaning", "characters", "words", "exact"]
STEP = 0.005  # between thresholds of the curve
USUAL = 0.055  # of the distance between random pairs; gives 0.95 where these have cosine 0.1
MOST_GROUPS, MOST_ROWS = 500, 200


@dataclass(frozen=True)
class Place:
    """Whose near-duplicates, and by what they are found."""

    corpus: CorpusRef
    model: ModelSpec
    by: By = "meaning"


@dataclass(frozen=True, eq=False)
class Curve:
    """Counts at every threshold: thresholds (t,) rising by 0.005, pairs, groups and rows (t,) int64. usual: where to
    start; random_pair: median cosine of random pairs, NaN for texts; k: of the graph, of `total` rows."""

    thresholds: np.ndarray
    pairs: np.ndarray
    groups: np.ndarray
    rows: np.ndarray
    usual: float
    random_pair: float
    k: int
    total: int


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups at a threshold. table: at most 500, largest first; columns Rows, Lowest cosine, Text (of its first row).
    pairs, groups, rows: counted. full: rows with k near-duplicates, which may have more."""

    table: pd.DataFrame
    pairs: int
    groups: int
    rows: int
    full: int


def curve(place: Place) -> Curve:
    """Raises StorageError where the graph is missing, or texts have not been compared yet."""
    links = _links(place)
    thresholds = np.round(np.arange(np.ceil(links.floor / STEP), round(1 / STEP) + 1) * STEP, 4)
    counts = np.array([links.counts(float(threshold)) for threshold in thresholds], dtype=np.int64)
    usual, random_pair = _usual(place) if place.by == "meaning" else (0.7, float("nan"))
    graph = load_neighbors(place.corpus, place.model)
    pairs, groups_there, rows = counts.T
    return Curve(thresholds, pairs, groups_there, rows, max(usual, float(thresholds[0])), random_pair, graph.k, links.n)


def groups(place: Place, threshold: float) -> Groups:
    """The groups at a threshold, each with the lowest cosine between any two of its rows under the model."""
    links, codes, whole = _links(place), group_codes(place, threshold), load_corpus(place.corpus)
    vectors = load_vectors(place.corpus, place.model).rows
    members = _members(codes)[:MOST_GROUPS]
    table = pd.DataFrame(
        {
            "Rows": [len(rows) for rows in members],
            "Lowest cosine": [lowest_cosine(vectors[rows]) for rows in members],
            "Text": [whole.texts[rows[0]][:300] for rows in members],
        }
    )
    graph = load_neighbors(place.corpus, place.model)
    full = full_rows(graph, threshold) if place.by == "meaning" else 0
    return Groups(table, *links.counts(threshold), full)


def group_rows(place: Place, threshold: float, group: int, keep: KeepOne) -> tuple[pd.DataFrame, int]:
    """The first 200 rows of one group and how many it has: Stays (the one kept), To it (cosine to that), Text, columns;
    index row ids. Raises InputError for no such group."""
    rows = np.flatnonzero(group_codes(place, threshold) == group)
    if group < 0 or not len(rows):
        raise InputError("There is no such group at this threshold.", "Choose one in the table.")
    gone = np.isin(rows, drop_rows(place, threshold, keep))
    vectors = load_vectors(place.corpus, place.model).rows
    stays = rows[~gone][0]
    shown = np.concatenate([[stays], rows[gone]])[:MOST_ROWS]
    table = texts_and_roles(load_corpus(place.corpus), shown)
    table.insert(0, "To it", np.minimum(vectors[shown] @ vectors[stays], 1).astype(np.float64), allow_duplicates=True)
    table.insert(0, "Stays", shown == stays, allow_duplicates=True)
    return table, len(rows)


def drop_rows(place: Place, threshold: float, keep: KeepOne) -> np.ndarray:
    """Row ids (int64, rising) that go when one of each group is kept."""
    whole = load_corpus(place.corpus)
    vectors = load_vectors(place.corpus, place.model).rows
    return rows_to_drop(group_codes(place, threshold), whole.texts, vectors, keep)


def group_file(place: Place, threshold: float, keep: KeepOne) -> bytes:
    """All rows in groups as CSV, by group: its number, the row, whether it stays or goes, text, and all columns."""
    whole, codes = load_corpus(place.corpus), group_codes(place, threshold)
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    goes = np.isin(rows, drop_rows(place, threshold, keep))
    return rows_file(place, rows, {"group": codes[rows] + 1, "row": rows + 1, "drop": goes}, whole.texts)


def rows_file(place: Place, rows: np.ndarray, first: dict[str, np.ndarray], texts: list[str]) -> bytes:
    table = load_corpus(place.corpus).table.iloc[rows].copy()
    added: dict[str, Any] = {**first, "text of the row": [texts[row] for row in rows]}
    for at, (name, values) in enumerate(added.items()):
        table.insert(at, free_name(table, name), values)
    return table_bytes(table, "csv")


def _members(codes: np.ndarray) -> list[np.ndarray]:
    """Row ids of each group, in the order of groups."""
    inside = np.flatnonzero(codes >= 0)
    order = inside[np.argsort(codes[inside], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []


def _usual(place: Place) -> tuple[float, float]:
    """A threshold to start from, on the model's own scale, and the median cosine of random pairs."""
    pairs = calibration(place.corpus, place.model)
    median = float(pairs.quantiles([0.5])[0]) if len(pairs) else 0.1
    return round(round((1 - USUAL * (1 - median)) / STEP) * STEP, 4), median


@lru_cache(maxsize=6)
def _links(place: Place) -> Links:
    texts = load_corpus(place.corpus).texts
    if place.by == "meaning":
        return graph_links(load_neighbors(place.corpus, place.model), texts, FLOOR)
    if place.by == "exact":
        one, other = copy_pairs(texts)
        return make_links(one, other, np.ones(len(one), dtype=np.float32), len(texts), 1.0)
    return TEXT_DUPLICATES.get(TextQuery(CorpusRef(place.corpus.folder, place.corpus.digest), place.by)).links


@lru_cache(maxsize=6)
def group_codes(place: Place, threshold: float) -> np.ndarray:
    return groups_at(_links(place), threshold)
