"""Marks that a person sets on rows, such as "keep": one small JSON file for each corpus and purpose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.files import read_json, write_json
from core.store import Workspace
from core.types import CorpusRef

FORMER_NAMES = {"seen": "reviewed", "right": "correct"}  # in files of earlier versions


@dataclass(frozen=True)
class RowMarks:
    """The marks of one purpose. kind, inputs: name the file. values: the marks there are."""

    corpus: CorpusRef
    kind: str
    inputs: Mapping[str, str]
    values: tuple[str, ...]

    def load(self) -> dict[int, str]:
        """Marks by row id, ascending; what can't be read counts as none. Raises StorageError without the corpus."""
        data, total = read_json(self._path()), self._row_count()
        rows = data.get("rows", data) if isinstance(data, dict) else None
        if not isinstance(rows, dict):
            return {}
        valid = [(int(row), mark) for row, mark in rows.items() if str(row).isdecimal() and isinstance(mark, str)]
        marks = {row: FORMER_NAMES.get(mark, mark) for row, mark in valid}
        return {row: marks[row] for row in sorted(marks) if row < total and marks[row] in self.values}

    def set(self, rows: Iterable[int], mark: str | None) -> None:
        """Marks rows, or clears their marks (None). The file is replaced as a whole. Raises InputError for unknown rows
        or marks, StorageError where the corpus is gone or can't be written."""
        total, ids = self._row_count(), [int(row) for row in rows]
        if mark is not None and mark not in self.values:
            raise InputError(f"There is no mark {str(mark)[:20]!r}.", f"Use {', '.join(self.values)}.")
        invalid = next((row for row in ids if not 0 <= row < total), None)
        if invalid is not None:
            raise InputError(f"There is no row {invalid + 1:,} among the {total:,} rows.", "Mark rows of this corpus.")
        marks = {row: value for row, value in self.load().items() if row not in set(ids)}
        if mark is not None:
            marks |= dict.fromkeys(ids, mark)
        write_json(self._path(), {"rows": {str(row): marks[row] for row in sorted(marks)}})

    def _path(self) -> Path:
        workspace = Workspace(self.corpus.folder)
        return workspace.result_folder(self.kind, self.corpus.digest, dict(self.inputs)) / "marks.json"

    def _row_count(self) -> int:
        return Workspace(self.corpus.folder).require_info(self.corpus.digest).rows
