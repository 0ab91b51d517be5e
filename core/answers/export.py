"""Writing a corpus with its vectors as files to take away."""

from pathlib import Path
from typing import Literal, get_args

from core import opened
from core.errors import InputError
from core.export import to_csv, to_faiss_zip, to_npy_zip, to_parquet, to_projector_zip
from core.files import storage_errors
from core.types import CorpusRef, ModelSpec

Format = Literal["parquet", "csv", "npy", "projector", "faiss"]
ENDINGS: dict[Format, str] = {"parquet": "parquet", "csv": "csv", "npy": "zip", "projector": "zip", "faiss": "zip"}


def write_export(corpus: CorpusRef, spec: ModelSpec, form: Format) -> str:
    """Write the export unless it is there; gives its path in the workspace. Raises InputError, StorageError."""
    if form not in get_args(Format):
        raise InputError(f"There is no export format {form!r}.")
    path = Path(corpus.folder) / "corpora" / corpus.digest / "exports" / f"{spec.key}-{form}.{ENDINGS[form]}"
    if path.exists():
        return str(path)
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    whole, rows = opened.corpus(corpus), opened.vectors(corpus, spec).rows
    if form == "faiss":
        to_faiss_zip(path, rows, spec, corpus.digest, opened.index(corpus, spec).faiss_index)
    elif form == "csv":
        to_csv(path, whole.table, whole.texts, rows)
    else:
        write = {"parquet": to_parquet, "npy": to_npy_zip, "projector": to_projector_zip}[form]
        write(path, whole.table, whole.texts, rows, spec, corpus.digest)
    return str(path)
