"""The workspace: corpora and every result computed from them, in a plain folder.

<folder>/corpora/<digest>/corpus.parquet, meta.json
                          <kind>/<key>/result.json and one .npy per array
<folder>/cache/<model key>.sqlite      text -> vector, see core.vectors.cache
<folder>/adapters/<key>.safetensors    adapters in use as models, see core.models.adapted
<folder>/fine-tuned/<name>/, <name>.json      fine-tuned models, see core.models.fine_tuned
<folder>/staging/  jobs/  models/      uploads in progress, job records, exported models

JSON files contain a checksum of themselves, meta.json that of the table, result.json those of its arrays. What does not
match counts as missing, or as damaged where nothing could compute it again.
"""

import json
import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core import codec
from core.digest import digest_json
from core.errors import InputError, StorageError
from core.files import (
    discard,
    file_checksum,
    file_state,
    folder_size,
    read_json,
    replacing,
    storage_errors,
    withdraw_access,
    write_json,
)
from core.types import Corpus, ModelSpec, Roles, Vectors

TEXT_COLUMN = "__text__"
_DIGEST = re.compile(r"[0-9a-f]{16}")
_FILES = ("corpus.parquet", "meta.json")
# users: their workspaces, with sign-in; the files: marks of the Data page
_FOLDERS = {"corpora", "cache", "adapters", "fine-tuned", "staging", "jobs", "models", "users"}
_EDITED = ("cluster_names",)  # kinds whose entries are edited in place, not stored as a whole
_LARGE = 20_000  # bytes of a record that is not kept in memory
_SETTLED = 2.0  # seconds after which another change has another time: the clock of files ticks slowly
_ENTRIES = {*_FOLDERS, "started.json", "guide_closed.json"}
_INFO_KEY = b"planisphere"  # in the Parquet schema: the metadata as saved at first, for `restore`
_MAX_TIME = 253_402_300_799  # unix seconds: the end of the year 9999
_LIBRARIES = ("numpy", "faiss-cpu", "umap-learn", "onnxruntime", "scikit-learn")


@dataclass(frozen=True)
class CorpusInfo:
    """What is known of a stored corpus without opening it. checksum: of its table (core.files.file_checksum), empty
    for corpora of earlier versions."""

    digest: str
    name: str
    rows: int
    columns: tuple[str, ...]
    roles: Roles
    created: float
    origin: dict[str, Any]
    checksum: str = ""


@dataclass(frozen=True, eq=False)
class Stored:
    """A stored result: its arrays (memory-mapped, read-only), its facts and its provenance."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]
    inputs: dict[str, Any]


class Workspace:
    """A folder of corpora and results. Raises StorageError when it can't be written."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser().absolute()

    def withdraw_access(self) -> None:
        """Take from other people what earlier versions let them read; what else is in the folder stays as it is."""
        try:
            entries = {path.name: path for path in self.folder.iterdir()}
        except OSError:
            return
        for name in _ENTRIES & set(entries):
            withdraw_access(entries[name])
        if set(entries) <= _ENTRIES:
            withdraw_access(self.folder)

    def corpora(self) -> list[CorpusInfo]:
        """The stored corpora, newest first; `damaged` lists those that can't be read."""
        infos = (self.info(digest) for digest in self._digests())
        return sorted((info for info in infos if info), key=lambda info: -info.created)

    def info(self, corpus: str) -> CorpusInfo | None:
        """None where there is no such corpus, its metadata is damaged, or its table is absent or cut short."""
        if not _DIGEST.fullmatch(corpus):
            return None
        path = self._corpus_folder(corpus) / "meta.json"
        state = file_state(path)
        info = _unchanged_info(state, corpus) if state else _read_info(read_json(path), corpus)
        return info if info and self._has_table(info) else None

    def require_info(self, corpus: str) -> CorpusInfo:
        """The same. Raises StorageError where it is None."""
        info = self.info(corpus)
        if info is None:
            raise StorageError("This corpus is no longer in the workspace.", "Select or add one on the Data page.")
        return info

    def damaged(self) -> list[CorpusInfo]:
        """Corpora that `info` can't read, with what is left of their metadata; rows is 0 where `restore` is in vain."""
        lost = (digest for digest in self._digests() if self.info(digest) is None)
        # a folder without both is what a late writer left of a deleted corpus
        exists = (digest for digest in lost if any((self._corpus_folder(digest) / name).exists() for name in _FILES))
        return [self._remains(digest) for digest in exists]

    def restore(self, corpus: str) -> CorpusInfo:
        """Write the metadata of a damaged corpus anew, from its table. Name and roles are those it was saved with.

        Raises StorageError where the table is damaged, too.
        """
        from pyarrow import ArrowException, parquet

        info, path = self._remains(corpus), self._table_path(corpus)
        try:
            rows = parquet.read_table(path, page_checksum_verification=True).num_rows
        except (OSError, ArrowException) as error:
            raise _damaged_table(info.name) from error
        if not info.rows or rows != info.rows:
            raise _damaged_table(info.name)
        self._write_info(info)
        return info

    def save_corpus(self, corpus: Corpus) -> CorpusInfo:
        """Store a corpus; one that is stored already stays as it is, under its current name, unless it is damaged."""
        if (existing := self.info(corpus.digest)) and self._is_intact(existing):
            return existing
        folder = self._corpus_folder(corpus.digest)
        facts = tuple(map(str, corpus.table.columns)), corpus.roles, time.time(), corpus.origin
        info = CorpusInfo(corpus.digest, existing.name if existing else corpus.name, len(corpus), *facts)
        if folder.exists():  # damaged: its results are still those of these texts
            with replacing(self._table_path(corpus.digest)) as temporary:
                _write_table(temporary, corpus, info)
            return self._write_info(info)
        with replacing(folder) as temporary:
            temporary.mkdir()
            _write_table(temporary / "corpus.parquet", corpus, info)
            info = replace(info, checksum=file_checksum(temporary / "corpus.parquet"))
            write_json(temporary / "meta.json", asdict(info))
        return info

    def load_corpus(self, corpus: str) -> Corpus:
        info = self._require_info(corpus)
        table = self.read_columns(corpus, [*info.columns, TEXT_COLUMN])
        return Corpus(info.name, table, table.pop(TEXT_COLUMN).tolist(), info.roles, corpus, info.origin)

    def read_columns(self, corpus: str, columns: list[str]) -> pd.DataFrame:
        """The named columns alone, in row order; TEXT_COLUMN gives the texts. Raises StorageError if it is damaged."""
        from pyarrow import ArrowException

        info = self._require_info(corpus)
        if not self._is_intact(info):
            raise _damaged_table(info.name)
        with storage_errors(self.folder):
            try:
                return pd.read_parquet(self._table_path(corpus), columns=columns)
            except (ArrowException, ValueError, OSError) as error:
                if isinstance(error, OSError) and error.errno:  # of the system, not of the format
                    raise
                raise _damaged_table(info.name) from error

    def rename(self, corpus: str, name: str) -> None:
        info = self._require_info(corpus)
        write_json(self._corpus_folder(corpus) / "meta.json", asdict(info) | {"name": name.strip() or info.name})

    def delete(self, corpus: str) -> int:
        """Remove a corpus with all its results; gives the bytes freed. Cached vectors of its texts stay."""
        folder, size = self._corpus_folder(corpus), self.size(corpus)
        hidden = folder.with_name(f".{corpus}.{uuid.uuid4().hex[:8]}.old")  # other sessions never see a half of it
        with suppress(OSError):
            folder.rename(hidden)
        discard(folder)
        discard(hidden)
        if folder.exists() or hidden.exists():
            raise StorageError("The corpus could not be deleted completely.", f"Check the permissions of {folder}.")
        return size

    def size(self, corpus: str) -> int:
        """Bytes a corpus and its results take."""
        return folder_size(self._corpus_folder(corpus))

    def save(
        self, kind: str, corpus: str, inputs: Mapping[str, Any], arrays: Mapping[str, np.ndarray], facts: dict
    ) -> None:
        """Store a result under a digest of its inputs. Raises StorageError if the corpus is gone (late job)."""
        self._require_info(corpus)
        with replacing(self.result_folder(kind, corpus, inputs)) as temporary:
            temporary.mkdir()
            for name, array in arrays.items():
                np.save(temporary / f"{name}.npy", array, allow_pickle=False)
            checksums = {name: file_checksum(temporary / f"{name}.npy") for name in sorted(arrays)}
            libraries = {name: version(name) for name in _LIBRARIES}
            record = {"inputs": dict(inputs), "facts": facts, "made": time.time(), "libraries": libraries}
            write_json(temporary / "result.json", record | {"arrays": checksums})

    def load(self, kind: str, corpus: str, inputs: Mapping[str, Any]) -> Stored | None:
        """The stored result of these inputs, or None; one that is damaged counts as none."""
        folder = self.result_folder(kind, corpus, inputs)
        record = _read_record(folder)
        arrays = _load_arrays(folder, record) if record and record["inputs"] == dict(inputs) else None
        return None if record is None or arrays is None else Stored(arrays, record["facts"], record["inputs"])

    def created(self, kind: str, corpus: str, inputs: Mapping[str, Any]) -> float:
        """When a result was saved, in unix seconds; 0 where there is none."""
        record = _read_record(self.result_folder(kind, corpus, inputs))
        return float(record["made"]) if record else 0.0

    def results(self, kind: str, corpus: str) -> Iterator[dict[str, Any]]:
        """The records (inputs, facts, made, libraries) of one kind of result, oldest first; not to be changed."""
        yield from (record for _, record in self._records(kind, corpus))

    def models(self, corpus: str) -> list[ModelSpec]:
        """The models a corpus is embedded with, in the order they were; without those whose vectors are damaged."""
        stored = self._records("vectors", corpus)
        return [
            ModelSpec.from_dict(record["inputs"]["model"]) for folder, record in stored if _is_intact(folder, record)
        ]

    def damaged_models(self, corpus: str) -> list[str]:
        """Labels of the models whose vectors of a corpus are damaged; "" where not even the model can be read."""
        folders = [path for path in (self._corpus_folder(corpus) / "vectors").glob("*") if _DIGEST.fullmatch(path.name)]
        records = [(folder, _listed_record(folder)) for folder in folders]
        damaged = [record for folder, record in records if not record or not _is_intact(folder, record)]
        return [ModelSpec.from_dict(record["inputs"]["model"]).label if record else "" for record in damaged]

    def cache_stamp(self, model: ModelSpec) -> int:
        """Another number whenever vectors of this model were added to the cache."""
        return sum(file.stat().st_mtime_ns for file in self._cache_files(model))

    def _cache_files(self, model: ModelSpec) -> list[Path]:
        path = self.folder / "cache" / f"{model.base.key}.sqlite"
        return [file for file in (path, path.with_name(f"{path.name}-wal")) if file.exists()]

    def state(self, corpus: str, models: Iterable[ModelSpec] = ()) -> str:
        """Another text whenever a result of a corpus, its metadata, names of its clusters or something in the caches of
        these models was stored or removed; "" for two seconds after that. Logs such as judgments are not part of it."""
        folder = self._corpus_folder(corpus)
        folders = [folder, *(folder / kind for kind in _EDITED if (folder / kind).is_dir())]
        try:
            entries = [entry for parent in folders for entry in os.scandir(parent)]
            caches = [file for model in models for file in self._cache_files(model)]
            times = {entry.path: entry.stat().st_mtime_ns for entry in entries}
            times |= {str(path): path.stat().st_mtime_ns for path in (folder, *caches)}
        except OSError:  # removed meanwhile
            return ""
        is_settled = abs(time.time() - max(times.values()) / 1e9) > _SETTLED
        return digest_json(times) if is_settled else ""

    def load_vectors(self, corpus: str, model: ModelSpec) -> Vectors | None:
        """None where there are none, or they are damaged."""
        stored, info = self.load("vectors", corpus, vector_inputs(model)), self.info(corpus)
        if not stored or not info or len(stored.arrays.get("rows", ())) != info.rows:
            return None
        try:
            return Vectors(stored.arrays["rows"], model, corpus, stored.facts)
        except InputError:  # not of unit length: of an earlier version, without a checksum
            return None

    def save_vectors(self, vectors: Vectors) -> None:
        self.save("vectors", vectors.corpus, vector_inputs(vectors.model), {"rows": vectors.rows}, vectors.facts)

    def delete_model(self, corpus: str, model: ModelSpec) -> None:
        """Remove the vectors of a model, and the results that name it alone. Raises StorageError."""
        folders = [path for path in self._corpus_folder(corpus).glob("*/*") if _DIGEST.fullmatch(path.name)]
        records = [(folder, _read_record(folder)) for folder in folders]
        for folder in [folder for folder, record in records if record and _names(record["inputs"], model)]:
            discard(folder)
            if folder.exists():
                message = f"The vectors of {model.label} could not be deleted completely."
                raise StorageError(message, f"Check the permissions of {folder}.")

    def result_folder(self, kind: str, corpus: str, inputs: Mapping[str, Any]) -> Path:
        return self._corpus_folder(corpus) / kind / digest_json(dict(inputs))

    def _digests(self) -> list[str]:
        return [path.name for path in (self.folder / "corpora").glob("*") if _DIGEST.fullmatch(path.name)]

    def _corpus_folder(self, corpus: str) -> Path:
        if not _DIGEST.fullmatch(corpus):
            raise StorageError(f"{corpus[:40]!r} does not name a corpus.", "Choose one on the Data page.")
        return self.folder / "corpora" / corpus

    def _table_path(self, corpus: str) -> Path:
        return self._corpus_folder(corpus) / "corpus.parquet"

    def _has_table(self, info: CorpusInfo) -> bool:
        path, size = self._table_path(info.digest), info.checksum.partition("-")[2]
        return path.is_file() and size in ("", str(path.stat().st_size))

    def _is_intact(self, info: CorpusInfo) -> bool:
        with storage_errors(self.folder):
            return info.checksum in ("", file_checksum(self._table_path(info.digest)))

    def _write_info(self, info: CorpusInfo) -> CorpusInfo:
        with storage_errors(self.folder):
            info = replace(info, checksum=file_checksum(self._table_path(info.digest)))
        write_json(self._corpus_folder(info.digest) / "meta.json", asdict(info))
        return info

    def _remains(self, corpus: str) -> CorpusInfo:
        """Metadata from the table, which earlier versions did not store there; placeholders for what can't be read."""
        from pyarrow import ArrowException, parquet

        unknown = CorpusInfo(corpus, f"Damaged corpus {corpus[:6]}", 0, (), Roles(), 0.0, {})
        try:
            file = parquet.read_metadata(self._table_path(corpus))
            stored = json.loads((file.metadata or {}).get(_INFO_KEY, b"null"))
        except (OSError, ArrowException, ValueError):
            return unknown
        columns = tuple(name for name in file.schema.to_arrow_schema().names if name != TEXT_COLUMN)
        return _read_info(stored, corpus) or replace(unknown, rows=file.num_rows, columns=columns)

    def _records(self, kind: str, corpus: str) -> list[tuple[Path, dict[str, Any]]]:
        folders = (self._corpus_folder(corpus) / kind).glob("*")
        records = [(folder, record) for folder in folders if (record := _listed_record(folder))]
        return sorted(records, key=lambda item: item[1]["made"])

    def _require_info(self, corpus: str) -> CorpusInfo:
        if info := self.info(corpus):
            return info
        if self._corpus_folder(corpus).exists():
            raise StorageError("This corpus is damaged.", "Restore or delete it on the Data page, or import it again.")
        raise StorageError("This corpus is not in the workspace (any more).", "Choose or add one on the Data page.")


def vector_inputs(model: ModelSpec) -> dict[str, Any]:
    """What names the vectors of a corpus; raise the version when the algorithm changes their values."""
    return {"model": model.to_dict(), "version": 1}


def _names(inputs: Mapping[str, Any], model: ModelSpec) -> bool:
    """Whether a result's inputs are those of a model's vectors, or have them."""
    return bool(inputs.get("model") == model.to_dict())


def _read_info(meta: Any, corpus: str) -> CorpusInfo | None:
    try:
        info: CorpusInfo = codec.decode(CorpusInfo, meta)
    except (KeyError, TypeError, ValueError):
        return None
    return info if info.digest == corpus and info.rows >= 0 and 0 <= info.created <= _MAX_TIME else None


@lru_cache(maxsize=500)
def _unchanged_info(state: tuple[str, int, int, int], corpus: str) -> CorpusInfo | None:
    return _read_info(read_json(Path(state[0])), corpus)


def _damaged_table(name: str) -> StorageError:
    remedy = "Import its file again on the Data page, which repairs the corpus and keeps its results, or delete it."
    return StorageError(f'The table of the corpus "{name}" is damaged.', remedy)


def _write_table(path: Path, corpus: Corpus, info: CorpusInfo) -> None:
    import pyarrow
    from pyarrow import parquet

    table = corpus.table.copy()
    for column in table.select_dtypes(include="object").columns:  # mixed objects: Parquet needs one type a column
        table[column] = table[column].astype("str").where(table[column].notna())
    table[TEXT_COLUMN] = pd.Series(corpus.texts, dtype="str", index=table.index)
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), _INFO_KEY: json.dumps(asdict(info))})
    parquet.write_table(arrow, path, compression="zstd", write_page_checksum=True)


def _read_record(folder: Path) -> dict[str, Any] | None:
    """The content of result.json, or None where it is absent or damaged."""
    record = read_json(folder / "result.json")
    if not isinstance(record, dict):
        return None
    types: dict[str, Any] = {"inputs": dict, "facts": dict, "made": (int, float), "arrays": (list, dict)}
    valid = all(isinstance(record.get(name), type_) for name, type_ in types.items())
    return record if valid and digest_json(record["inputs"]) == folder.name else None


def _listed_record(folder: Path) -> dict[str, Any] | None:
    """The same, for reading only: kept while the file is unchanged."""
    state = file_state(folder / "result.json")
    return _unchanged_record(state) if state and state[1] < _LARGE else _read_record(folder)


@lru_cache(maxsize=500)
def _unchanged_record(state: tuple[str, int, int, int]) -> dict[str, Any] | None:
    return _read_record(Path(state[0]).parent)


def _is_intact(folder: Path, record: dict[str, Any]) -> bool:
    """Whether the arrays of a result are as they were saved."""
    if not isinstance(record["arrays"], dict):  # of an earlier version, without checksums
        return bool(_load_arrays(folder, record))
    try:
        checksums = {name: file_checksum(folder / f"{name}.npy") for name in record["arrays"]}
    except OSError:
        return False
    return bool(checksums) and checksums == record["arrays"]


def _load_arrays(folder: Path, record: dict[str, Any]) -> dict[str, np.ndarray] | None:
    """The arrays of a result, memory-mapped, or None where one is absent or damaged."""
    names, arrays = record["arrays"], {}
    try:
        for name in names:  # a list of names in results of earlier versions
            path = folder / f"{name}.npy"
            if isinstance(names, dict) and names[name] != file_checksum(path):
                return None
            arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:  # numpy raises almost anything for a damaged header
        return None
    return arrays
