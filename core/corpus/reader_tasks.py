"""What the process that reads untrusted files does (core.corpus.reader_process): each task writes its result as files
into the folder it is given."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from core.codec import decode, encode
from core.corpus.reading.archives import unpack
from core.corpus.reading.budget import use_budget
from core.corpus.reading.documents.pdf_page import render_page
from core.corpus.reading.progress import ReadingProgress, listening
from core.corpus.reading.values import RawTable, Upload
from core.corpus.staging import ImportSource, parse_staged, staged_bytes
from core.files import storage_errors, write_json

PROGRESS_SECONDS = 0.3  # between two reports of how far reading has come


def read_table(result: Path, folder: str, source: Any, progress: str) -> None:
    """Read an upload, for `load_table`. progress: the file that says how far it has come."""
    decoded, last = decode(ImportSource, source), 0.0

    def listener(reading: ReadingProgress) -> None:
        nonlocal last
        if time.monotonic() - last > PROGRESS_SECONDS:
            write_json(Path(progress), encode(reading)[0])
            last = time.monotonic()

    with use_budget(decoded.budget), listening(listener):
        _store_table(result, parse_staged(folder, decoded))


def decode_progress(value: Any) -> ReadingProgress | None:
    """The content of a progress file; None for anything else."""
    try:
        progress: ReadingProgress = decode(ReadingProgress, value)
    except (KeyError, TypeError, ValueError):
        return None
    return progress


def unpack_files(result: Path, folder: str, source: Any, names: list[str], skipped: list[str], max_bytes: int) -> None:
    """Write the files of an upload with these names, unpacked, under their sha256, for `load_unpacked`: in the order of
    the names, which may repeat. skipped: the sha256 of files that could not be read. Larger ones are listed without
    being written."""
    decoded, listed = decode(ImportSource, source), list[dict[str, Any]]()
    with use_budget(decoded.budget):
        unpacked = unpack([Upload(staged.name, staged_bytes(folder, staged)) for staged in decoded.files])
    files = [(hashlib.sha256(file.data).hexdigest(), file) for file in unpacked.files if file.name in names]
    remaining = [(key, file) for key, file in files if key not in skipped]
    for name in names:
        match = next((pair for pair in remaining if pair[1].name == name), None)
        key, size = "", 0
        if match is not None:
            remaining.remove(match)
            key, upload = match
            size = len(upload.data)
            if size <= max_bytes and not (result / key).exists():
                with storage_errors(result):
                    (result / key).write_bytes(upload.data)
        listed.append({"name": name, "key": key, "size": size})
    write_json(result / "files.json", {"files": listed})


def render_pdf_page(result: Path, path: str, name: str, page: int, passage: str) -> None:
    """Draw a page (from 1) of a PDF with the passage marked: page.png and facts.json (pages, width, height, marked)."""
    image = render_page(Path(path), name, page, passage)
    with storage_errors(result):
        (result / "page.png").write_bytes(image.png)
    facts = {"page": image.page, "pages": image.pages, "marked": image.marked}
    write_json(result / "facts.json", facts)


TASKS: dict[str, Callable[..., None]] = {"read": read_table, "unpack": unpack_files, "page": render_pdf_page}


def _store_table(result: Path, raw: RawTable) -> None:
    import pyarrow as pa

    with storage_errors(result):
        with pa.OSFile(str(result / "table.arrow"), "wb") as file:
            table = pa.Table.from_pandas(raw.table, preserve_index=False)
            with pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
        if raw.vectors is not None:
            np.save(result / "vectors.npy", raw.vectors, allow_pickle=False)
        facts = {name: encode(getattr(raw, name))[0] for name in _fact_types()}
        record = json.dumps({"rows": len(raw.table), "facts": facts})
        (result / "facts.json").write_text(record, encoding="utf-8")


def load_table(result: Path) -> RawTable:
    """What `read_table` wrote. Raises StorageError."""
    import pandas as pd
    import pyarrow as pa

    with storage_errors(result):
        record = json.loads((result / "facts.json").read_text(encoding="utf-8"))
        with pa.OSFile(str(result / "table.arrow"), "rb") as file, pa.ipc.open_file(file) as reader:
            table = reader.read_all().to_pandas()
        vectors = np.load(result / "vectors.npy") if (result / "vectors.npy").exists() else None
    table.index = pd.RangeIndex(record["rows"])
    facts = {name: decode(kind, record["facts"][name]) for name, kind in _fact_types().items()}
    return RawTable(table=table, vectors=vectors, **facts)


def _fact_types() -> dict[str, Any]:
    """The fields of a RawTable that are plain values."""
    return {name: kind for name, kind in get_type_hints(RawTable).items() if name not in ("table", "vectors")}
