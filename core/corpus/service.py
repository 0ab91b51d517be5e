"""What pages, jobs and features ask about corpora: previews of uploads, creation, profiles, and saved selections."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from core.corpus.added_columns import read_added_column
from core.corpus.build import build_corpus, count_steps, draft_texts, read_corpus
from core.corpus.document_files import store_documents
from core.corpus.export import free_name, table_bytes
from core.corpus.filters import factorize_texts
from core.corpus.label_sets import label_sets, similar_labels, split_labels
from core.corpus.loaders import load_corpus, load_distinct_texts, load_selection
from core.corpus.preprocess import Counter, StepCount, Steps, estimate_tokens
from core.corpus.profile import PROFILE, Profile, ProfileQuery, profile_texts
from core.corpus.reader_process import read_staged
from core.corpus.reading.cells import rename_table
from core.corpus.reading.roles import guess_roles
from core.corpus.reading.template import column_field, render_texts
from core.corpus.reading.times import read_times
from core.corpus.reading.value_formats import apply_value_formats, describe_format, detect_formats
from core.corpus.reading.values import RawTable, SkippedFile, Source, ValueFormat
from core.corpus.selections import (
    Operation,
    SavedSelection,
    combine_rows,
    save_selection,
    saved_selections,
    selection_rows,
)
from core.corpus.staging import ImportSource
from core.digest import digest_array
from core.errors import InputError
from core.store import TEXT_COLUMN, CorpusInfo, Workspace
from core.types import Corpus, CorpusRef, ModelSpec, Roles, Vectors

HEAD_ROWS = 200
MAX_RENAMED_VALUES = 100
MAX_LISTED_LABELS = 50  # of a column with several labels a row
CELL_LENGTH = 200  # characters of a cell that a preview shows
TEXT_LENGTH = 600  # characters of a text that a preview shows
DRAFT_LANGUAGE_SAMPLE = 500  # less than for a stored corpus: a draft is profiled at every change
FileType = Literal["csv", "parquet"]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class InvalidInput:
    """Why files or settings can't be used: an InputError as a value, so that it can be cached like any answer."""

    message: str
    remedy: str


@dataclass(frozen=True, eq=False)
class FilePreview:
    """What is in an upload. head: the first HEAD_ROWS rows, long cells cut. vectors: (n, d) of vectors in the files.
    value_formats: of the columns recognized as having several values a row. skipped: files that can't be read."""

    rows: int
    columns: tuple[str, ...]
    roles: Roles
    head: pd.DataFrame
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    vectors: tuple[int, int] | None
    vectors_name: str
    descriptions: dict[str, str]
    value_formats: tuple[ValueFormat, ...]
    skipped: tuple[SkippedFile, ...] = ()


@dataclass(frozen=True)
class ValuePreview:
    """The values of a column with several a row. labels: the MAX_LISTED_LABELS most frequent with their rows, of
    `distinct`. rows: with any value; several: with more than one; empty: without. similar: groups of values that differ
    only by case or white space."""

    labels: tuple[tuple[str, int], ...]
    distinct: int
    rows: int
    several: int
    empty: int
    similar: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class TimePreview:
    """A column as times: first and last, cells that can't be read with an example, what was assumed, and the order of
    day and month ("" where it does not matter)."""

    first: pd.Timestamp | None
    last: pd.Timestamp | None
    unread: int
    example: str
    notes: tuple[str, ...]
    order: str


@dataclass(frozen=True, eq=False)
class DraftProfile:
    """A profile of the texts of `sampled` of `rows` rows: all, unless very much text would be split into passages."""

    profile: Profile
    sampled: int
    rows: int


@dataclass(frozen=True, eq=False)
class CreatedCorpus:
    """A stored corpus, what each step did to its rows, and the model of the vectors that were in the files."""

    info: CorpusInfo
    steps: tuple[StepCount, ...]
    model: ModelSpec | None


def _or_invalid(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | InvalidInput:
    try:
        return function(*args, **kwargs)
    except InputError as error:
        return InvalidInput(error.message, error.remedy)


@lru_cache(maxsize=4)  # as detected, with options, with new names, and with values as declared
def _read_once(folder: str, source: ImportSource) -> RawTable:
    options = source.options
    if options.value_formats:
        raw = _read_once(folder, replace(source, options=replace(options, value_formats=())))
        notes = (*raw.notes, *map(describe_format, options.value_formats))
        return replace(raw, table=apply_value_formats(raw.table, options.value_formats), notes=notes)
    if not options.columns and not options.values:
        return read_staged(folder, source)
    raw = _read_once(folder, replace(source, options=replace(options, columns=(), values=())))
    return replace(raw, table=rename_table(raw.table, options.columns, options.values))


def raw_table(folder: str, source: ImportSource) -> RawTable:
    """The files as read; once for both orders of day and month and for new names. Raises InputError, StorageError."""
    return replace(_read_once(folder, replace(source, day_first=None)), day_first=source.day_first)


@lru_cache(maxsize=1)
def load_draft_texts(
    folder: str, source: ImportSource, roles: Roles, steps: Steps, count: Counter = estimate_tokens
) -> tuple[list[str], int, int]:
    """draft_texts of staged files. Raises InputError, StorageError."""
    return draft_texts(raw_table(folder, source), roles, steps, count)


def preview_files(folder: str, source: ImportSource) -> FilePreview | InvalidInput:
    """Read staged files and show their beginning; InvalidInput where they can't be used. Raises StorageError."""
    return _or_invalid(_preview, folder, source)


def _preview(folder: str, source: ImportSource) -> FilePreview:
    raw = raw_table(folder, source)
    columns, head = tuple(map(str, raw.table.columns)), _shorten_cells(raw.table.head(HEAD_ROWS))
    shape = None if raw.vectors is None else (raw.vectors.shape[0], raw.vectors.shape[1])
    described = (raw.sources, raw.notes, shape, raw.vectors_name, raw.descriptions)
    return FilePreview(
        len(raw.table), columns, guess_roles(raw.table), head, *described, detect_formats(raw.table), raw.skipped
    )


def preview_values(folder: str, source: ImportSource, value_format: ValueFormat) -> ValuePreview:
    """What a column holds by a format with a separator. source: without formats. Raises StorageError."""
    column, separator = raw_table(folder, source).table[value_format.column].astype("str"), value_format.separator or ""
    similar = similar_labels(split_labels(column, separator).names)
    sets = split_labels(column, separator, value_format.merge)
    sizes = sets.sizes()
    counts = (int((sizes > 0).sum()), int((sizes > 1).sum()), int((sizes == 0).sum()))
    labels = tuple(zip(sets.names[:MAX_LISTED_LABELS], sets.counts.tolist(), strict=False))
    return ValuePreview(labels, len(sets.names), *counts, similar)


def label_set_names(corpus: CorpusRef) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The columns of which rows have several labels, with their most frequent labels."""
    table = load_corpus(corpus).table
    sets = ((str(name), label_sets(table[name])) for name in table.columns)
    return tuple((name, labels.names[:MAX_LISTED_LABELS]) for name, labels in sets if labels)


def column_values(folder: str, source: ImportSource, column: str) -> tuple[tuple[str, int], ...]:
    """The values of a column as text with their rows, most frequent first; none where they are too many to rename."""
    codes, texts = factorize_texts(raw_table(folder, source).table[column])
    if len(texts) > MAX_RENAMED_VALUES:
        return ()
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    return tuple((str(texts[i]), int(counts[i])) for i in np.argsort(-counts, kind="stable"))


def preview_times(folder: str, source: ImportSource, column: str) -> TimePreview:
    """How a column reads as times. Raises StorageError."""
    raw = raw_table(folder, source)
    cells = raw.table[column]
    read = read_times(cells, raw.day_first)
    unread = cells[cells.notna() & read.times.isna()]
    example = str(unread.iloc[0])[:40] if len(unread) else ""
    first, last = (None, None) if read.times.isna().all() else (read.times.min(), read.times.max())
    return TimePreview(first, last, len(unread), example, read.notes, read.order)


def preview_texts(folder: str, source: ImportSource, template: str, rows: int = 5) -> tuple[str, ...] | InvalidInput:
    """The first texts of a template; InvalidInput for a column that doesn't exist."""
    texts = _or_invalid(lambda: render_texts(raw_table(folder, source).table.head(rows), template))
    if isinstance(texts, InvalidInput):
        return texts
    return tuple(text if len(text) <= TEXT_LENGTH else text[:TEXT_LENGTH] + "…" for text in texts)


def count_step_rows(
    folder: str, source: ImportSource, roles: Roles, steps: Steps, count: Counter = estimate_tokens
) -> tuple[StepCount, ...] | InvalidInput:
    """What each step would do to the rows; InvalidInput where none would be left."""
    return _or_invalid(lambda: count_steps(raw_table(folder, source), roles, steps, count))


def draft_profile(
    folder: str, source: ImportSource, roles: Roles, steps: Steps, count: Counter = estimate_tokens
) -> DraftProfile | InvalidInput:
    """The profile before a corpus is created; InvalidInput where these settings give none."""
    draft = _or_invalid(load_draft_texts, folder, source, roles, steps, count)
    if isinstance(draft, InvalidInput):
        return draft
    texts, sampled, rows = draft
    return DraftProfile(profile_texts(texts, language_sample=DRAFT_LANGUAGE_SAMPLE), sampled, rows)


def create_corpus(
    folder: str, source: ImportSource, roles: Roles, steps: Steps, name: str, count: Counter = estimate_tokens
) -> CreatedCorpus:
    """Build and store the corpus, with documents and with vectors that were in the files. count: tokens of a string,
    for splitting (core.vectors.splitting has those of models). Raises InputError,
    StorageError."""
    raw = raw_table(folder, source)
    created = store_table(folder, raw, roles, name, steps, count)
    store_documents(folder, created.info.digest, source, raw)
    return created


def store_table(
    folder: str, raw: RawTable, roles: Roles, name: str, steps: Steps = Steps(), count: Counter = estimate_tokens
) -> CreatedCorpus:
    """Build and store the corpus of a table, with its vectors. Raises InputError, StorageError."""
    built, workspace = build_corpus(raw, roles, steps, name, count), Workspace(folder)
    info = workspace.save_corpus(built.corpus)
    if built.vectors is None:
        return CreatedCorpus(info, built.steps, None)
    model = store_vectors(workspace, info.digest, built.vectors, raw.vectors_name or "vectors")
    return CreatedCorpus(info, built.steps, model)


def store_vectors(workspace: Workspace, digest: str, rows: np.ndarray, name: str) -> ModelSpec:
    """Store (n, d) float32 unit rows as imported vectors of a corpus; their model is identified by their digest."""
    model = ModelSpec("imported", name, digest_array(rows), int(rows.shape[1]))
    workspace.save_vectors(Vectors(rows, model, digest, {"seconds": 0.0}))
    return model


def import_file(folder: str, params: dict[str, Any]) -> str:
    """Read a file of this machine into the workspace; returns the digest of the corpus. params: as in read_corpus."""
    arguments = {key: params[key] for key in ("name", "text", "label", "time", "id")}
    return Workspace(folder).save_corpus(read_corpus(params["path"], **arguments)).digest


def restore_corpus(folder: str, digest: str) -> CorpusInfo:
    """Write the metadata of a damaged corpus anew. Raises StorageError where its table is damaged, too."""
    return Workspace(folder).restore(digest)


def distinct_count(corpus: CorpusRef) -> int:
    return len(load_distinct_texts(corpus))


def load_profile(corpus: CorpusRef) -> Profile:
    """The stored profile of the corpus as imported; computed, and stored where that can be, if it is missing."""
    return PROFILE.load_or_compute(ProfileQuery(corpus.source))


def first_rows(corpus: CorpusRef) -> pd.DataFrame:
    """The first HEAD_ROWS rows of a corpus, the embedded text in front; long cells cut."""
    head = Workspace(corpus.folder).read_head(corpus.digest, HEAD_ROWS)
    texts, name = head.pop(TEXT_COLUMN), "embedded text"
    for column, version in corpus.columns:
        head[column] = read_added_column(corpus, column, version).head(HEAD_ROWS)
    while name in head.columns:
        name += " "
    head.insert(0, name, texts)
    return _shorten_cells(head)


def count_filled(corpus: CorpusRef) -> tuple[int, ...]:
    """Filled cells of each added column, in the order of `corpus.columns`."""
    table = load_corpus(corpus).table
    return tuple(int(table[name].notna().sum()) for name, _ in corpus.columns)


def _shorten_cells(table: pd.DataFrame) -> pd.DataFrame:
    """A copy with texts cut at CELL_LENGTH characters."""
    texts = [name for name, kind in table.dtypes.items() if isinstance(kind, pd.StringDtype) or kind.kind == "O"]
    return table.assign(**{str(name): table[name].map(_shorten_cell) for name in texts})


def _shorten_cell(cell: Any) -> Any:
    return cell[: CELL_LENGTH - 1] + "…" if isinstance(cell, str) and len(cell) > CELL_LENGTH else cell


def combine_selections(corpus: CorpusRef, first: str, operation: Operation, second: str = "") -> np.ndarray:
    """Row ids (int64, sorted) of two saved selections combined; "not" needs no second. Raises StorageError."""
    workspace = Workspace(corpus.folder)
    ids = selection_rows(workspace, corpus.digest, first)
    others = None if operation == "not" or not second else selection_rows(workspace, corpus.digest, second)
    return combine_rows(ids, others, operation, len(load_corpus(corpus)))


def count_combined(corpus: CorpusRef, first: str, operation: Operation, second: str = "") -> int:
    """The number of rows of combine_selections."""
    return len(combine_selections(corpus, first, operation, second))


def combine_and_save(
    corpus: CorpusRef, name: str, first: str, operation: Operation, second: str = ""
) -> SavedSelection:
    """Save two saved selections (keys) combined. Raises InputError where no row is left, StorageError."""
    rows = combine_selections(corpus, first, operation, second)
    if not len(rows):
        raise InputError("No rows are left.", "Choose other selections or another operation.")
    return save_selection(Workspace(corpus.folder), corpus.digest, name, rows)


def corpus_file(corpus: CorpusRef, keys: tuple[str, ...], file_type: FileType) -> bytes:
    """The corpus with one bool column per selection, named after it (underscores where the name exists), as a file.
    Raises StorageError where a selection no longer exists."""
    table = export_table(load_corpus(corpus))
    stored = saved_selections(Workspace(corpus.folder), corpus.digest)
    names = {selection.key: selection.name for selection in stored}
    for key in keys:
        table[free_name(table, names.get(key, key))] = load_selection(corpus, key)
    return table_bytes(table, file_type)


def selection_file(corpus: CorpusRef, key: str, file_type: FileType) -> bytes:
    """The rows of one selection with all their columns, as the bytes of a file. Raises StorageError."""
    return table_bytes(export_table(load_corpus(corpus))[load_selection(corpus, key)], file_type)


def export_table(corpus: Corpus) -> pd.DataFrame:
    """A copy with the texts first, unless they are just one of the columns."""
    table = corpus.table.copy(deep=False)
    if corpus.roles.text not in {column_field(str(column)) for column in table.columns}:
        table.insert(0, free_name(table, "text"), corpus.texts)
    return table
