"""Questions about rows of a map: what is selected, what is special there, what one row and its neighbors say."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.corpus.distinctive_terms import DistinctiveItems, distinctive_terms, distinctive_values
from core.corpus.export import MAX_CELL_LENGTH as LONGEST_CELL
from core.corpus.export import short_cells, table_bytes
from core.corpus.label_columns import INTERNAL_COLUMNS
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.corpus.selections import SavedSelection, save_selection
from core.corpus.terms import load_terms
from core.errors import InputError
from core.map.scene import Scene, selected
from core.map.selection import Choice
from core.map.service import Place
from core.store import Workspace
from core.types import Corpus
from core.vectors.loaders import load_neighbors

MOST_SHOWN = 1_000  # rows of a selection sent to the page
CELL = 400  # characters of one cell sent to the page
LONGEST = 50_000  # characters of one text shown in full
TERMS = 15


@dataclass(frozen=True)
class Look:
    """How a selection's table is looked at. find: words that must stand somewhere in the row, any case."""

    find: str = ""
    sort: str = ""
    descending: bool = False


@dataclass(frozen=True, eq=False)
class SelectionTable:
    """selected: rows of the corpus, drawn or not. matching: those that hold what was looked for. table: the first 1,000
    of these with cells cut at 400 characters; its index holds the row ids. cut: how many cells were cut."""

    selected: int
    matching: int
    table: pd.DataFrame
    cut: int


@dataclass(frozen=True, eq=False)
class RowView:
    """One row. text: in full up to 50,000 characters, of `length`. cells: (column, value), values cut at 2,000
    characters; cut: the columns where they were. neighbors: index row ids, columns cosine and text, nearest first."""

    row: int
    text: str
    length: int
    cells: tuple[tuple[str, str], ...]
    cut: tuple[str, ...]
    neighbors: pd.DataFrame


def selection_table(scene: Scene, choice: Choice, look: Look) -> SelectionTable:
    """What of a selection the page shows."""
    rows = selected(scene, choice)
    table = _looked_at(load_corpus(scene.first.corpus), rows, look)
    return SelectionTable(len(rows), len(table), *short_cells(table[:MOST_SHOWN], CELL))


def selection_file(scene: Scene, choice: Choice, look: Look, form: Literal["csv", "parquet"]) -> bytes:
    """The whole selection as it is looked at, as the bytes of a file."""
    table = _looked_at(load_corpus(scene.first.corpus), selected(scene, choice), look)
    return table_bytes(table, form)


def keep_selection(scene: Scene, choice: Choice, name: str) -> SavedSelection:
    """The rows of a choice kept in the workspace under a name. Raises InputError for a bad or taken name."""
    place = scene.first
    return save_selection(Workspace(place.corpus.folder), place.corpus.digest, name, selected(scene, choice))


def special(scene: Scene, choice: Choice) -> tuple[DistinctiveItems, DistinctiveItems]:
    """Words, and column values, that the selected rows hold more often than all others."""
    place = scene.first
    corpus = load_corpus(place.corpus)
    mask = np.zeros(len(corpus), dtype=bool)
    mask[selected(scene, choice)] = True

    matrix, vocabulary = load_terms(place.corpus)
    words = distinctive_terms(matrix, vocabulary, mask, limit=TERMS)
    columns = [column for column in _columns(corpus) if column not in (*INTERNAL_COLUMNS, corpus.roles.id)]
    return words, distinctive_values(corpus.table, mask, columns, limit=TERMS)


def row_view(place: Place, row: int, count: int = 10) -> RowView:
    """A row in full and its nearest rows in the original space, from the shared graph. Raises InputError for no row."""
    corpus = load_corpus(place.corpus)
    if not 0 <= row < len(corpus):
        raise InputError(f"There is no row {row + 1:,} among the {len(corpus):,} rows.")
    graph = load_neighbors(place.corpus, place.model)
    ids = np.asarray(graph.ids[row, :count])
    near = pd.DataFrame({"cosine": np.asarray(graph.scores[row, :count], dtype=np.float64)}, index=ids)
    near["text"] = [corpus.texts[i][:CELL] for i in ids]

    told = [(str(name), str(value)) for name, value in corpus.table.iloc[row].items() if _known(value)]
    cut = tuple(name for name, value in told if len(value) > LONGEST_CELL)
    cells = tuple((name, value[:LONGEST_CELL]) for name, value in told)
    return RowView(row, corpus.texts[row][:LONGEST], len(corpus.texts[row]), cells, cut, near)


def _known(value: Any) -> bool:
    """Whether a cell holds something; lists and the like do."""
    return not pd.api.types.is_scalar(value) or bool(pd.notna(value))


def _columns(corpus: Corpus) -> list[str]:
    """The columns beside the text: all but the one the text is a plain copy of."""
    return [column for column in corpus.table.columns if corpus.roles.text != column_field(str(column))]


def _looked_at(corpus: Corpus, rows: np.ndarray, look: Look) -> pd.DataFrame:
    """The rows with their text first, those that hold what is sought, sorted; the index holds the row ids."""
    columns = _columns(corpus)
    table = corpus.table.loc[rows, columns]
    name = next(name for name in ("Text", "Whole text", "Text of the row", "\u2007Text") if name not in columns)
    table.insert(0, name, [corpus.texts[row] for row in rows])
    for word in look.find.lower().split():
        table = table[_holds(table, word)]
    if look.sort in table.columns:
        table = _sorted(table, look)
    return table


def _holds(table: pd.DataFrame, word: str) -> np.ndarray:
    found = np.zeros(len(table), dtype=bool)
    for column in table.columns:
        found |= table[column].astype(str).str.lower().str.contains(word, regex=False, na=False).to_numpy(dtype=bool)
    return found


def _sorted(table: pd.DataFrame, look: Look) -> pd.DataFrame:
    try:
        order = table[look.sort].sort_values(ascending=not look.descending, kind="stable").index
    except TypeError:  # cells of kinds that can't be compared
        order = table[look.sort].astype(str).sort_values(ascending=not look.descending, kind="stable").index
    return table.loc[order]
