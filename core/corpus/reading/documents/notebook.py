"""Jupyter notebooks: one row per cell, under the headings of the Markdown cells. Outputs are left out."""

import json
from collections.abc import Iterator
from typing import Any

from core.corpus.reading.documents.markdown import headings
from core.corpus.reading.documents.sections import SectionBuilder, document_part, pluralize
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.corpus.reading.vectors import damaged_file
from core.errors import InputError

CELL, KIND = "cell", "cell type"


def read_notebook(upload: Upload, options: ReadOptions) -> ParsedFile:
    """Cells with text, numbered from 1 among all. Raises InputError for a file that is no notebook."""
    try:
        content = json.loads(upload.data)
    except (ValueError, RecursionError) as error:
        raise damaged_file(upload.name, "a Jupyter notebook") from error
    cells = list(_cells(content))
    if not cells:
        raise InputError(f'"{upload.name}" is not a Jupyter notebook with cells.', "Save it again in Jupyter.")
    builder, records, outputs = SectionBuilder(), [], 0
    for number, cell in enumerate(cells, start=1):
        text, kind = _joined(cell.get("source", cell.get("input"))), str(cell.get("cell_type", ""))
        outputs += bool(cell.get("outputs"))
        for level, title, *_ in headings(text) if kind == "markdown" else ():
            builder.heading(level, title, in_text=False)
        if text.strip():
            records.append({"text": text.strip("\n"), CELL: number, KIND: kind, "heading": builder.path})
    notes = (f"The outputs of {pluralize(outputs, 'cell')} were left out.",) if outputs else ()
    return document_part(upload, Source(upload.name, "Jupyter notebook", notes=notes), records)


def _cells(content: Any) -> Iterator[dict[str, Any]]:
    """The cells, also of the worksheets of format 3."""
    if not isinstance(content, dict):
        return
    sheets = content.get("worksheets")
    for part in [content, *(sheets if isinstance(sheets, list) else [])]:
        cells = part.get("cells") if isinstance(part, dict) else None
        yield from (cell for cell in (cells if isinstance(cells, list) else []) if isinstance(cell, dict))


def _joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else source if isinstance(source, str) else ""
