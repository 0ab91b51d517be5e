"""Writing a corpus with its vectors as files to take away."""

from pathlib import Path
from typing import Literal, get_args

from core.corpus.export.table import to_csv, to_parquet
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.files import storage_errors
from core.types import CorpusRef, ModelSpec
from core.vectors.export_bundles import to_faiss_zip, to_npy_zip, to_projector_zip
from core.vectors.loaders import load_index, load_vectors

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
    whole, rows = load_corpus(corpus), load_vectors(corpus, spec).rows
    if form == "faiss":
        to_faiss_zip(path, rows, spec, corpus.digest, load_index(corpus, spec).faiss_index)
    elif form == "csv":
        to_csv(path, whole.table, whole.texts, rows)
    else:
        write = {"parquet": to_parquet, "npy": to_npy_zip, "projector": to_projector_zip}[form]
        write(path, whole.table, whole.texts, rows, spec, corpus.digest)
    return str(path)
