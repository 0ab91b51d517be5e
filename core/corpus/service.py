"""Questions of the Data page: what is in an upload, what would become of it, and what a corpus looks like."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.corpus.build import StepCount, Steps, build_corpus, count_steps, read_corpus
from core.corpus.export import free_name, table_bytes
from core.corpus.loaders import load_corpus, load_selection
from core.corpus.profile import Profile, profile_corpus
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.template import column_field, render_texts
from core.corpus.reading.values import RawTable, Source
from core.corpus.selections import (
    Operation,
    SavedSelection,
    combine_rows,
    save_selection,
    saved_selections,
    selection_rows,
)
from core.corpus.staging import ImportSource, read_staged
from core.digest import digest_array
from core.errors import InputError
from core.store import CorpusInfo, Workspace
from core.types import Corpus, CorpusRef, ModelSpec, Roles, Vectors

HEAD_ROWS = 200
CELL_LENGTH = 200  # characters of a cell that a preview shows
TEXT_LENGTH = 600  # characters of a text that a preview shows


@dataclass(frozen=True)
class InvalidInput:
    """Why files can't be used, in the words of the InputError."""

    message: str
    remedy: str


@dataclass(frozen=True, eq=False)
class FilePreview:
    """What is in an upload. head: the first HEAD_ROWS rows, long cells cut. vectors: (n, d) of any brought along."""

    rows: int
    columns: tuple[str, ...]
    roles: Roles
    head: pd.DataFrame
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    vectors: tuple[int, int] | None
    vectors_name: str


@dataclass(frozen=True, eq=False)
class CreatedCorpus:
    """A kept corpus, what each step did to its rows, and the model of vectors that came along."""

    info: CorpusInfo
    steps: tuple[StepCount, ...]
    model: ModelSpec | None


@lru_cache(maxsize=2)
def raw_table(folder: str, origin: ImportSource) -> RawTable:
    return read_staged(folder, origin)


def preview_files(folder: str, origin: ImportSource) -> FilePreview | InvalidInput:
    """Read staged files and show their beginning; a Refusal where they can't be used. Raises StorageError."""
    try:
        raw = raw_table(folder, origin)
    except InputError as error:
        return InvalidInput(error.message, error.remedy)
    return FilePreview(
        rows=len(raw.table),
        columns=tuple(map(str, raw.table.columns)),
        roles=guess_roles(raw.table),
        head=shorten_cells(raw.table.head(HEAD_ROWS)),
        sources=raw.sources,
        notes=raw.notes,
        vectors=None if raw.vectors is None else (raw.vectors.shape[0], raw.vectors.shape[1]),
        vectors_name=raw.vectors_name,
    )


def shorten_cells(table: pd.DataFrame) -> pd.DataFrame:
    """A copy with texts cut at CELL characters."""
    texts = [name for name, kind in table.dtypes.items() if isinstance(kind, pd.StringDtype) or kind.kind == "O"]
    return table.assign(**{str(name): table[name].map(_short_cell) for name in texts})


def preview_texts(folder: str, origin: ImportSource, template: str, rows: int = 5) -> tuple[str, ...] | InvalidInput:
    """The first texts a template makes; a Refusal for a column that isn't there."""
    try:
        texts = render_texts(raw_table(folder, origin).table.head(rows), template)
    except InputError as error:
        return InvalidInput(error.message, error.remedy)
    return tuple(text if len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + "…" for text in texts)


def count_step_rows(
    folder: str, origin: ImportSource, roles: Roles, steps: Steps
) -> tuple[StepCount, ...] | InvalidInput:
    """What each step would do to the rows; a Refusal where none would be left."""
    try:
        return count_steps(raw_table(folder, origin), roles, steps)
    except InputError as error:
        return InvalidInput(error.message, error.remedy)


def create_corpus(folder: str, origin: ImportSource, roles: Roles, steps: Steps, name: str) -> CreatedCorpus:
    """Build and keep the corpus, with vectors that came along. Raises InputError, StorageError."""
    raw = raw_table(folder, origin)
    built = build_corpus(raw, roles, steps, name)
    workspace = Workspace(folder)
    info = workspace.save_corpus(built.corpus)
    if built.vectors is None:
        return CreatedCorpus(info, built.steps, None)
    vectors = Vectors(built.vectors, imported_model(raw.vectors_name, built.vectors), info.digest, {"seconds": 0.0})
    workspace.save_vectors(vectors)
    return CreatedCorpus(info, built.steps, vectors.model)


def imported_model(name: str, vectors: Any) -> ModelSpec:
    """Vectors brought in, as a model: named after their file or column, told apart by their digest."""
    return ModelSpec("imported", name or "vectors", digest_array(vectors), int(vectors.shape[1]))


def import_sample(folder: str, params: dict[str, Any]) -> str:
    """Keep the sample corpus; gives its digest."""
    pass

    return import_file(folder, params)


def load_profile(corpus: CorpusRef) -> Profile:
    return profile_corpus(load_corpus(corpus))


def first_rows(corpus: CorpusRef) -> pd.DataFrame:
    """The first HEAD_ROWS rows of a corpus, what is embedded in front; long cells cut."""
    loaded = load_corpus(corpus)
    head, name = loaded.table.head(HEAD_ROWS).copy(), "what is embedded"
    while name in head.columns:
        name += " "
    head.insert(0, name, pd.Series(loaded.texts[:HEAD_ROWS], dtype="str"))
    return shorten_cells(head)


def _short_cell(cell: Any) -> Any:
    return cell[: CELL_LENGTH - 1] + "…" if isinstance(cell, str) and len(cell) > CELL_LENGTH else cell


def import_file(folder: str, params: dict[str, Any]) -> str:
    """Read a file of this machine into the workspace; gives the corpus' digest. params: as read_corpus names them."""
    named = {key: params[key] for key in ("name", "text", "label", "time", "id")}
    return Workspace(folder).save_corpus(read_corpus(params["path"], **named)).digest


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
    names = {selection.key: selection.name for selection in list_selections(corpus)}
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
