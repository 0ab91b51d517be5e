"""Questions about kept selections: which there are, combining two, and taking them out as files."""

from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.export.table import free_name, table_bytes
from core.corpus.loaders import load_corpus, load_selection
from core.corpus.reading.template import column_field
from core.corpus.selections import Operation, SavedSelection, combine_rows, save_selection, saved_selections, selection_rows
from core.errors import InputError
from core.store import Workspace
from core.types import Corpus, CorpusRef

Form = Literal["csv", "parquet"]


def list_selections(corpus: CorpusRef) -> tuple[SavedSelection, ...]:
    """The kept selections, newest first."""
    return saved_selections(Workspace(corpus.folder), corpus.digest)


def combine_selections(corpus: CorpusRef, first: str, operation: Operation, second: str = "") -> np.ndarray:
    """Row ids (int64, sorted) of two kept selections combined; "not" needs no second. Raises StorageError."""
    workspace = Workspace(corpus.folder)
    ids = selection_rows(workspace, corpus.digest, first)
    others = None if operation == "not" or not second else selection_rows(workspace, corpus.digest, second)
    return combine_rows(ids, others, operation, len(load_corpus(corpus)))


def count_combined(corpus: CorpusRef, first: str, operation: Operation, second: str = "") -> int:
    """How many rows combined_rows gives."""
    return len(combine_selections(corpus, first, operation, second))


def combine_and_save(
    corpus: CorpusRef, name: str, first: str, operation: Operation, second: str = ""
) -> SavedSelection:
    """Keep what two kept selections (keys) give together. Raises InputError where that is nothing, StorageError."""
    rows = combine_selections(corpus, first, operation, second)
    if not len(rows):
        raise InputError("No rows are left.", "Choose other selections, or join them with another word.")
    return save_selection(Workspace(corpus.folder), corpus.digest, name, rows)


def corpus_file(corpus: CorpusRef, keys: tuple[str, ...], form: Form) -> bytes:
    """The whole corpus with one bool column a selection, named after it (underscores where that is taken), as the
    bytes of a file. Raises StorageError where one is gone."""
    table = _export_table(load_corpus(corpus))
    names = {each.key: each.name for each in list_selections(corpus)}
    for key in keys:
        mask = load_selection(corpus, key)
        table[free_name(table, names.get(key, key))] = mask
    return table_bytes(table, form)


def selection_file(corpus: CorpusRef, key: str, form: Form) -> bytes:
    """The rows of one selection with all their columns, as the bytes of a file. Raises StorageError."""
    table = _export_table(load_corpus(corpus))
    return table_bytes(table[load_selection(corpus, key)], form)


def _export_table(corpus: Corpus) -> pd.DataFrame:
    """A copy with the texts first, unless they are just one of the columns."""
    table = corpus.table.copy(deep=False)
    if corpus.roles.text not in {column_field(str(column)) for column in table.columns}:
        table.insert(0, free_name(table, "text"), corpus.texts)
    return table
