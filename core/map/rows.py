"""Rows of a map: the selected ones as a table, what is distinctive about them, one row with its neighbors."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.corpus.distinctive_terms import DistinctiveItems, distinctive_terms, distinctive_values
from core.corpus.export import MAX_CELL_LENGTH as LONGEST_CELL
from core.corpus.export import free_name, short_cells, table_bytes
from core.corpus.label_columns import INTERNAL_COLUMNS
from core.corpus.label_sets import display_cell
from core.corpus.loaders import load_corpus, load_text_codes
from core.corpus.reading.documents.subtitles import clock_text
from core.corpus.reading.template import column_field
from core.corpus.selections import SavedSelection, save_selection, saved_selections, selection_key
from core.corpus.terms import load_terms
from core.errors import InputError, StorageError
from core.map.scene import MapScene, selected_rows
from core.map.selection import MapSelection
from core.map.service import LayoutKey
from core.store import Workspace
from core.types import Corpus, CorpusRef, ModelSpec
from core.vectors.loaders import exact_nearest_texts, nearest_texts

MAX_TABLE_ROWS = 1_000  # rows of a selection sent to the page
MAX_CELL = 400  # characters of one cell sent to the page
MAX_TEXT = 50_000  # characters of one text shown in full
MAX_TERMS = 15


@dataclass(frozen=True)
class TableView:
    """Filter and order of a selection's table. search: terms that must all occur in the row, ignoring case."""

    search: str = ""
    sort: str = ""
    descending: bool = False


@dataclass(frozen=True, eq=False)
class SelectionTable:
    """selected: rows of the corpus, drawn or not. matching: those that pass the filter. table: the first 1,000 of these
    with cells truncated to 400 characters, indexed by row id. truncated: number of such cells."""

    selected: int
    matching: int
    table: pd.DataFrame
    truncated: int


@dataclass(frozen=True, eq=False)
class RowView:
    """One row. text: in full up to 50,000 characters, of `length`. cells: (column, value), values truncated to 2,000
    characters; truncated: columns with such values. neighbors: distinct texts, indexed by row id, columns cosine, text,
    and copies where there are any. copies: further rows with this text."""

    row: int
    text: str
    length: int
    cells: tuple[tuple[str, str], ...]
    truncated: tuple[str, ...]
    neighbors: pd.DataFrame
    copies: int


def selection_table(scene: MapScene, selection: MapSelection, view: TableView) -> SelectionTable:
    """The part of a selection that the page shows."""
    rows = selected_rows(scene, selection)
    table = _filtered_table(load_corpus(scene.first.corpus), rows, view)
    return SelectionTable(len(rows), len(table), *short_cells(table[:MAX_TABLE_ROWS], MAX_CELL))


def selection_file(scene: MapScene, selection: MapSelection, view: TableView, form: Literal["csv", "parquet"]) -> bytes:
    """The filtered and sorted selection as the bytes of a file."""
    table = _filtered_table(load_corpus(scene.first.corpus), selected_rows(scene, selection), view)
    return table_bytes(table, form)


def save_selected_rows(scene: MapScene, selection: MapSelection, name: str) -> SavedSelection:
    """Saves the selected rows in the workspace. Raises InputError for an invalid or taken name."""
    corpus = scene.first.corpus
    return save_selection(Workspace(corpus.folder), corpus.digest, name, selected_rows(scene, selection))


def save_drawn_selection(scene: MapScene, selection: MapSelection) -> SavedSelection | None:
    """Saves what shapes select under a name that is free, for another layout; None where they select nothing."""
    corpus, rows = scene.first.corpus, selected_rows(scene, selection)
    saved = saved_selections(Workspace(corpus.folder), corpus.digest)
    if not len(rows):
        return None
    key = selection_key(corpus.digest, rows)
    if same := next((other for other in saved if other.key == key), None):
        return same
    names = {other.name.casefold() for other in saved}
    name = next(name for i in range(len(saved) + 1) if (name := f"Selection {i + 1}").casefold() not in names)
    return save_selection(Workspace(corpus.folder), corpus.digest, name, rows)


def distinctive_features(scene: MapScene, selection: MapSelection) -> tuple[DistinctiveItems, DistinctiveItems]:
    """Terms, and column values, that are over-represented in the selected rows against all others."""
    corpus = load_corpus(scene.first.corpus)
    mask = np.isin(np.arange(len(corpus)), selected_rows(scene, selection))
    terms = distinctive_terms(*load_terms(scene.first.corpus), mask, limit=MAX_TERMS)
    columns = [column for column in _columns(corpus) if column not in (*INTERNAL_COLUMNS, corpus.roles.id)]
    return terms, distinctive_values(corpus.table, mask, columns, limit=MAX_TERMS)


def row_view(layout_key: LayoutKey, row: int, count: int = 10) -> RowView:
    """A row in full and its nearest rows in the original space, from the shared graph. Raises InputError for no row."""
    corpus = load_corpus(layout_key.corpus)
    if not 0 <= row < len(corpus):
        raise InputError(f"There is no row {row + 1:,} among the {len(corpus):,} rows.")
    where = (layout_key.corpus, layout_key.model)
    (ids,), (cosines,) = _nearest(*where, row, count)
    near = pd.DataFrame({"cosine": cosines.astype(np.float64)}, index=ids)
    codes = load_text_codes(*where)
    copies = np.bincount(codes) - 1
    if copies[codes[ids]].any():
        near["copies"] = copies[codes[ids]]
    near["text"] = [corpus.texts[i][:MAX_CELL] for i in ids]

    values = corpus.table.iloc[row].items()
    named_cells = [
        (str(name), clock_text(str(name), value) or str(display_cell(value)))
        for name, value in values
        if _has_value(value)
    ]
    truncated = tuple(name for name, value in named_cells if len(value) > LONGEST_CELL)
    cells = tuple((name, value[:LONGEST_CELL]) for name, value in named_cells)
    text = corpus.texts[row]
    return RowView(row, text[:MAX_TEXT], len(text), cells, truncated, near, int(copies[codes[row]]))


def _nearest(corpus: CorpusRef, model: ModelSpec, row: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    try:
        return nearest_texts(corpus, model, np.array([row]), count)
    except StorageError:  # the first map of a large corpus does not wait for the graph
        return exact_nearest_texts(corpus, model, np.array([row]), count)


def _has_value(value: Any) -> bool:
    """Whether a cell has a value; lists and the like do."""
    return not pd.api.types.is_scalar(value) or bool(pd.notna(value))


def _columns(corpus: Corpus) -> list[str]:
    """All columns except one that the text is a plain copy of."""
    return [column for column in corpus.table.columns if corpus.roles.text != column_field(str(column))]


def _filtered_table(corpus: Corpus, rows: np.ndarray, view: TableView) -> pd.DataFrame:
    """The rows with their text first, filtered and sorted, indexed by row id."""
    columns = _columns(corpus)
    table = corpus.table.loc[rows, columns]
    table.insert(0, free_name(table, "Text"), [corpus.texts[row] for row in rows])
    for term in view.search.lower().split():
        cells = [column.astype(str).str.lower() for _, column in table.items()]
        table = table[np.any([column.str.contains(term, regex=False, na=False) for column in cells], axis=0)]
    if view.sort not in table.columns:
        return table
    options: dict[str, Any] = {"ascending": not view.descending, "kind": "stable"}
    try:
        return table.sort_values(view.sort, **options)
    except TypeError:  # cells of kinds that can't be compared
        return table.sort_values(view.sort, key=lambda cells: cells.astype(str), **options)
