"""Near-duplicates of a corpus: counts at every threshold, groups, redundant rows, and train/test leakage."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.corpus.export import PREVIEW_LENGTH, rows_csv, texts_and_roles
from core.corpus.label_columns import find_split_column
from core.corpus.loaders import load_corpus, load_text_codes
from core.duplicates.near_duplicates import (
    FLOOR,
    Leaks,
    Links,
    Representative,
    copy_pairs,
    distinct_pairs,
    find_leaks,
    graph_links,
    groups_at,
    make_links,
    min_cosine,
    redundant_rows,
    saturated_rows,
    split_columns,
)
from core.duplicates.results import TEXT_DUPLICATES, TextQuery
from core.errors import InputError
from core.figures import LINE_COLOR, base_layout, drawn_once
from core.palette import COLORS, GREY, Theme
from core.search.service import calibration
from core.types import CorpusRef, ModelSpec
from core.vectors.loaders import load_neighbors, load_vectors

Similarity = Literal["embedding", "characters", "words", "exact"]
STEP = 0.005  # between thresholds of the curve
SUGGESTED_DISTANCE = 0.055  # of the distance between random pairs; gives 0.95 where these have cosine 0.1
MAX_GROUPS, MAX_ROWS = 500, 200


@dataclass(frozen=True)
class DuplicateQuery:
    """The near-duplicates of a corpus by one kind of similarity."""

    corpus: CorpusRef
    model: ModelSpec
    similarity: Similarity = "embedding"


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """Counts at every threshold: thresholds (t,) ascending by 0.005, pairs, groups and rows (t,) int64. suggested: to
    start from; random_pair: median cosine of random pairs, NaN for wording; k: of the graph, of `total` rows."""

    thresholds: np.ndarray
    pairs: np.ndarray
    groups: np.ndarray
    rows: np.ndarray
    suggested: float
    random_pair: float
    k: int
    total: int


@dataclass(frozen=True, eq=False)
class DuplicateGroups:
    """Groups at a threshold. table: at most 500, largest first; columns Rows, Distinct texts, Lowest cosine, Text (of
    its first row). pairs, groups, rows: counts. saturated: rows with k near-duplicates, which may have more.
    distinct_pairs: pairs of different texts; copies: rows that repeat the text of an earlier row."""

    table: pd.DataFrame
    pairs: int
    groups: int
    rows: int
    saturated: int
    distinct_pairs: int
    copies: int


def threshold_curve(query: DuplicateQuery) -> ThresholdCurve:
    """Raises StorageError where the graph is missing, or texts have not been compared yet."""
    links = _links(query)
    thresholds = np.round(np.arange(np.ceil(links.floor / STEP), round(1 / STEP) + 1) * STEP, 4)
    counts = np.array([links.counts(float(threshold)) for threshold in thresholds], dtype=np.int64)
    suggested, random_pair = _suggest_threshold(query) if query.similarity == "embedding" else (0.7, float("nan"))
    k = load_neighbors(query.corpus, query.model).k
    pairs, groups, rows = counts.T
    suggested = max(suggested, float(thresholds[0]))
    return ThresholdCurve(thresholds, pairs, groups, rows, suggested, random_pair, k, links.n)


def duplicate_groups(query: DuplicateQuery, threshold: float) -> DuplicateGroups:
    """The groups at a threshold, with the lowest cosine between any two rows of a group under the model."""
    texts, vectors = load_corpus(query.corpus).texts, load_vectors(query.corpus, query.model).rows
    codes, links = load_text_codes(query.corpus, None), _links(query)
    members = _members(group_codes(query, threshold))[:MAX_GROUPS]
    table = pd.DataFrame(
        {
            "Rows": [len(rows) for rows in members],
            "Distinct texts": [len(np.unique(codes[rows])) for rows in members],
            "Lowest cosine": [min_cosine(vectors[rows]) for rows in members],
            "Text": [texts[rows[0]][:PREVIEW_LENGTH] for rows in members],
        }
    )
    graph = load_neighbors(query.corpus, query.model)
    saturated = saturated_rows(graph, threshold) if query.similarity == "embedding" else 0
    different, copies = distinct_pairs(links, threshold, codes), len(codes) - len(np.unique(codes))
    return DuplicateGroups(table, *links.counts(threshold), saturated, different, copies)


def group_rows(
    query: DuplicateQuery, threshold: float, group: int, representative: Representative
) -> tuple[pd.DataFrame, int]:
    """The first 200 rows of one group and how many it has: Keep (whether it represents the group), Cosine (to that
    row), Text, columns; index row ids. Raises InputError for no such group."""
    rows = np.flatnonzero(group_codes(query, threshold) == group)
    if group < 0 or not len(rows):
        raise InputError("There is no such group at this threshold.", "Select one in the table.")
    removed = np.isin(rows, rows_to_remove(query, threshold, representative))
    representative_row = rows[~removed][0]
    listed = np.concatenate([[representative_row], rows[removed]])[:MAX_ROWS]
    vectors = load_vectors(query.corpus, query.model).rows
    cosines = np.minimum(vectors[listed] @ vectors[representative_row], 1).astype(np.float64)
    table = texts_and_roles(load_corpus(query.corpus), listed)
    table.insert(0, "Cosine", cosines, allow_duplicates=True)
    table.insert(0, "Keep", listed == representative_row, allow_duplicates=True)
    return table, len(rows)


def rows_to_remove(query: DuplicateQuery, threshold: float, representative: Representative) -> np.ndarray:
    """Row ids (int64, ascending) of all but one row of each group."""
    texts, vectors = load_corpus(query.corpus).texts, load_vectors(query.corpus, query.model).rows
    return redundant_rows(group_codes(query, threshold), texts, vectors, representative)


def group_file(query: DuplicateQuery, threshold: float, representative: Representative) -> bytes:
    """All rows in groups as CSV, by group: its number, the row, whether it is removed, text, and all columns."""
    codes = group_codes(query, threshold)
    members = _members(codes)
    rows = np.concatenate(members) if members else np.zeros(0, dtype=np.int64)
    removed = np.isin(rows, rows_to_remove(query, threshold, representative))
    columns = {"group": codes[rows] + 1, "row": rows + 1, "remove": removed}
    return rows_csv(load_corpus(query.corpus), rows, columns)


def leak_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns that may be a split, the likeliest first."""
    return tuple(split_columns(load_corpus(corpus).table))


def train_test_column(corpus: CorpusRef) -> str | None:
    """The column that splits the rows into training and test, if there is one."""
    column = find_split_column(load_corpus(corpus).table)
    return column if column in leak_columns(corpus) else None


def leaks(query: DuplicateQuery, threshold: float, column: str) -> tuple[Leaks, pd.DataFrame]:
    """Leaks between values of a column, and their first 200 rows: Group, Value (of the column), Text; index row ids.

    Raises InputError where there is no such column."""
    result, codes = _find_leaks(query, threshold, column)
    data, rows = load_corpus(query.corpus), result.rows[:MAX_ROWS]
    values = data.table[column].iloc[rows].astype(str).tolist()
    texts = [data.texts[row][:PREVIEW_LENGTH] for row in rows]
    return result, pd.DataFrame({"Group": codes[rows] + 1, "Value": values, "Text": texts}, index=rows)


def leak_file(query: DuplicateQuery, threshold: float, column: str) -> bytes:
    """All rows of groups that span values, as CSV."""
    result, codes = _find_leaks(query, threshold, column)
    columns = {"group": codes[result.rows] + 1, "row": result.rows + 1}
    return rows_csv(load_corpus(query.corpus), result.rows, columns)


@lru_cache(maxsize=6)
def group_codes(query: DuplicateQuery, threshold: float) -> np.ndarray:
    """(n,) int32: each row's group at a threshold, -1 outside of all."""
    return groups_at(_links(query), threshold)


@lru_cache(maxsize=6)
def _links(query: DuplicateQuery) -> Links:
    if query.similarity == "characters" or query.similarity == "words":
        return TEXT_DUPLICATES.get(TextQuery(query.corpus, query.similarity)).links
    texts = load_corpus(query.corpus).texts
    if query.similarity == "embedding":
        return graph_links(load_neighbors(query.corpus, query.model), texts, FLOOR)
    originals, copies = copy_pairs(texts)
    return make_links(originals, copies, np.ones(len(originals), dtype=np.float32), len(texts), 1.0)


def _find_leaks(query: DuplicateQuery, threshold: float, column: str) -> tuple[Leaks, np.ndarray]:
    table = load_corpus(query.corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Select another.")
    codes = group_codes(query, threshold)
    return find_leaks(codes, table[column]), codes


def _members(codes: np.ndarray) -> list[np.ndarray]:
    """Row ids of each group, in the order of groups."""
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    return np.split(rows, np.flatnonzero(np.diff(codes[rows])) + 1) if len(rows) else []


def _suggest_threshold(query: DuplicateQuery) -> tuple[float, float]:
    """A threshold to start from, on the model's scale, and the median cosine of random pairs."""
    pairs = calibration(query.corpus, query.model)
    median = float(pairs.quantiles([0.5])[0]) if len(pairs) else 0.1
    return round(round((1 - SUGGESTED_DISTANCE * (1 - median)) / STEP) * STEP, 4), median


@drawn_once
def threshold_figure(
    thresholds: np.ndarray, rows: np.ndarray, groups: np.ndarray, threshold: float, title: str, theme: Theme = "light"
) -> go.Figure:
    """Counts (t,) over thresholds (t,) as lines, with a line at the selected threshold and a title below the x axis."""
    figure = go.Figure(layout=base_layout(theme, 260))
    for name, counts, color, dash in (("rows in groups", rows, 0, "solid"), ("groups", groups, 1, "dash")):
        line = {"color": COLORS[color], "width": 2, "dash": dash, "shape": "hv"}
        hover = "%{x:.3f}: %{y:,} " + name + "<extra></extra>"
        figure.add_scatter(x=thresholds, y=counts, name=name, mode="lines", line=line, hovertemplate=hover)
    figure.add_vline(x=threshold, line={"color": GREY, "width": 2})
    figure.update_layout(margin={"t": 32, "b": 44, "l": 56}, legend={"orientation": "h", "y": 1.16, "x": 0})
    figure.update_xaxes(title={"text": title}, showgrid=False, zeroline=False)
    figure.update_yaxes(gridcolor=LINE_COLOR, zeroline=False, rangemode="tozero", tickformat=",")
    return figure
