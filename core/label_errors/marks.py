"""What a person said of doubted labels: seen, or right as given. One small JSON file a corpus and label column."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from core.errors import StorageError
from core.files import read_json, write_json
from core.store import Workspace

Mark = Literal["seen", "right"]


def label_marks(workspace: Workspace, corpus: str, column: str) -> dict[int, Mark]:
    """Row ids and their marks; what can't be read counts as none."""
    kept = read_json(_path(workspace, corpus, column))
    if not isinstance(kept, dict):
        return {}
    return {int(row): mark for row, mark in kept.items() if str(row).isdecimal() and mark in get_args(Mark)}


def mark_rows(workspace: Workspace, corpus: str, column: str, rows: Iterable[int], mark: Mark | None) -> None:
    """Mark rows, or take their marks off (None). The file is replaced whole.

    Raises StorageError where the corpus is gone or the workspace can't be written.
    """
    if workspace.info(corpus) is None:
        raise StorageError("This corpus is not in the workspace (any more).", "Choose or upload one on the Data page.")
    marks = label_marks(workspace, corpus, column)
    for row in rows:
        marks.pop(int(row), None)
        if mark is not None:
            marks[int(row)] = mark
    write_json(_path(workspace, corpus, column), {str(row): marks[row] for row in sorted(marks)})


def _path(workspace: Workspace, corpus: str, column: str) -> Path:
    return workspace.result_folder("label_marks", corpus, {"column": column}) / "marks.json"
