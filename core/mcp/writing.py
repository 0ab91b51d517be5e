"""Tools: saved selections, and export to files. Those that write need --allow-write."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from core.corpus.export import free_name, to_csv, to_parquet
from core.corpus.loaders import load_corpus
from core.corpus.selections import SavedSelection, save_selection, saved_selections
from core.corpus.service import export_table
from core.errors import InputError
from core.files import replacing
from core.mcp.access import Access
from core.mcp.arguments import CorpusName, Limit, Offset, RowChoice, Rows
from core.mcp.corpora import iso_time
from core.mcp.rows import matching_rows, page_note

FOLDER = "exports"  # in the workspace
FILE_NAME = re.compile(r"[\w][\w .()-]{0,79}")  # no path, no hidden file
FileFormat = Literal["csv", "parquet"]


@dataclass(frozen=True)
class SelectionItem:
    """A saved selection. key: a digest of its rows."""

    name: str
    key: str
    rows: int
    created: str


@dataclass(frozen=True)
class SelectionList:
    """Saved selections, newest first, of `total`."""

    selections: list[SelectionItem]
    total: int
    note: str


@dataclass(frozen=True)
class ExportedFile:
    """A file that was written."""

    path: str
    rows: int
    corpus_rows: int
    bytes: int


def list_selections(access: Access, corpus: CorpusName, limit: Limit = 50, offset: Offset = 0) -> SelectionList:
    """List the saved selections of a corpus. Their rows: select with `selection`."""
    stored = saved_selections(access.workspace, access.info(corpus).digest)
    items = [_item(one) for one in stored[offset : offset + limit]]
    return SelectionList(items, len(stored), page_note(offset, len(items), len(stored), "selections"))


def save_rows(
    access: Access, corpus: CorpusName, rows: Rows,
    name: Annotated[str, Field(description="What the rows have in common, up to 80 characters; a new name.")],
) -> SelectionItem:  # fmt: skip
    """Save rows of a corpus as a named selection, which every page of the app can use. Needs --allow-write."""
    access.check_write()
    info = access.info(corpus)
    if rows == RowChoice():
        raise InputError("No rows are named.", "Give row_ids, filters, a selection or a cluster.")
    return _item(save_selection(access.workspace, info.digest, name, matching_rows(access, info, rows)))


def export(
    access: Access, corpus: CorpusName,
    name: Annotated[str, Field(description="Name of the file, without folder and extension; a new one.")],
    rows: Rows = RowChoice(),
    format: Annotated[FileFormat, Field(description="csv (cells that look like formulas get an apostrophe) or "
                                        "parquet.")] = "csv",
) -> ExportedFile:  # fmt: skip
    """Write rows with all their columns to a file in the workspace's folder `exports`. Needs --allow-write."""
    access.check_write()
    info = access.info(corpus)
    path = _new_path(access.workspace.folder / FOLDER, name, format)
    ids = matching_rows(access, info, rows)
    if not len(ids):
        raise InputError("No row meets these conditions.", "Check them with select.")
    table = export_table(load_corpus(access.ref(info))).iloc[ids]
    table.insert(0, free_name(table, "row_id"), ids)
    with replacing(path) as temporary:
        (to_csv if format == "csv" else to_parquet)(temporary, table)
    return ExportedFile(str(path), len(ids), info.rows, path.stat().st_size)


def _item(selection: SavedSelection) -> SelectionItem:
    return SelectionItem(selection.name, selection.key, selection.rows, iso_time(selection.created))


def _new_path(folder: Path, name: str, extension: FileFormat) -> Path:
    """Raises InputError for what is no plain file name, or is taken."""
    if not FILE_NAME.fullmatch(name) or name.endswith((".", " ")):
        remedy = "Use up to 80 letters, digits, spaces, dots, hyphens and underscores; files go into one folder."
        raise InputError(f"{name[:80]!r} is not a file name.", remedy)
    path = folder / f"{name.removesuffix(f'.{extension}')}.{extension}"
    if path.exists():
        raise InputError(f"{path} exists already.", "Use another name.")
    return path
