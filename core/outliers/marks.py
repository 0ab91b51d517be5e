"""What a person thinks of odd rows, kept beside the corpus: seen, keep, or exclude."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from core.errors import InputError, StorageError
from core.files import read_json, write_json
from core.store import Workspace

Mark = Literal["seen", "keep", "exclude"]


def load_marks(workspace: Workspace, corpus: str) -> dict[int, Mark]:
    """Marks by row id, rising; what can't be read counts as none."""
    kept = read_json(_path(workspace, corpus))
    rows, total = kept.get("rows") if isinstance(kept, dict) else None, _total(workspace, corpus)
    if not isinstance(rows, dict):
        return {}
    found = {int(row): mark for row, mark in rows.items() if str(row).isdecimal() and mark in get_args(Mark)}
    return {row: found[row] for row in sorted(found) if row < total}


def set_marks(workspace: Workspace, corpus: str, rows: Iterable[int], mark: Mark | None) -> dict[int, Mark]:
    """Mark rows, or take their marks off (None); gives all marks. Written in one step, so that none is half there.

    Raises InputError for rows or marks that are not, StorageError where the corpus is gone or can't be written.
    """
    total, wanted = _total(workspace, corpus), [int(row) for row in rows]
    if mark is not None and mark not in get_args(Mark):
        raise InputError(f"There is no mark {str(mark)[:20]!r}.", "Use seen, keep or exclude.")
    wrong = next((row for row in wanted if not 0 <= row < total), None)
    if wrong is not None:
        raise InputError(f"There is no row {wrong + 1:,} among the {total:,} rows.", "Mark rows of this corpus.")
    marks = load_marks(workspace, corpus)
    for row in wanted:
        if mark is None:
            marks.pop(row, None)
        else:
            marks[row] = mark
    write_json(_path(workspace, corpus), {"rows": {str(row): each for row, each in sorted(marks.items())}})
    return marks


def _path(workspace: Workspace, corpus: str) -> Path:
    return workspace.result_folder("marks", corpus, {"marks": "odd rows"}) / "marks.json"


def _total(workspace: Workspace, corpus: str) -> int:
    info = workspace.info(corpus)
    if info is None:
        raise StorageError("This corpus is not in the workspace (any more).", "Choose or upload one on the Data page.")
    return info.rows
