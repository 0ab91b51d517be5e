"""The workspace: corpora and every result computed from them, in a plain folder.

<folder>/corpora/<digest>/corpus.parquet, meta.json
                          <kind>/<key>/result.json and one .npy per array
<folder>/cache/<model key>.sqlite      text -> vector, see core.vectors.cache
<folder>/staging/  jobs/  models/      uploads in progress, job records, exported models
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.digest import digest_json
from core.errors import StorageError
from core.files import discard, folder_size, read_json, replacing, storage_errors, write_json
from core.types import Corpus, ModelSpec, Roles, Vectors

TEXT_COLUMN = "__text__"
_DIGEST = re.compile(r"[0-9a-f]{16}")
_LIBRARIES = ("numpy", "faiss-cpu", "umap-learn", "onnxruntime", "scikit-learn")


@dataclass(frozen=True)
class CorpusInfo:
    """What is known of a stored corpus without opening it."""

    digest: str
    name: str
    rows: int
    columns: tuple[str, ...]
    roles: Roles
    created: float
    origin: dict[str, Any]


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

    def corpora(self) -> list[CorpusInfo]:
        """The stored corpora, newest first; folders that can't be read are left out."""
        infos = (self.info(path.name) for path in (self.folder / "corpora").glob("*"))
        return sorted((info for info in infos if info), key=lambda info: -info.created)

    def info(self, corpus: str) -> CorpusInfo | None:
        meta = read_json(self._corpus_folder(corpus) / "meta.json") if _DIGEST.fullmatch(corpus) else None
        if not isinstance(meta, dict):
            return None
        try:
            roles = Roles(**{**meta["roles"], "labels": tuple(meta["roles"]["labels"])})
            return CorpusInfo(**{**meta, "roles": roles, "columns": tuple(meta["columns"])})
        except (KeyError, TypeError):
            return None

    def save_corpus(self, corpus: Corpus) -> CorpusInfo:
        """Store a corpus; one that is stored already stays as it is, under its current name."""
        if existing := self.info(corpus.digest):
            return existing
        folder = self._corpus_folder(corpus.digest)
        with replacing(folder) as temporary:
            temporary.mkdir()
            table = corpus.table.copy()
            for column in table.select_dtypes(
                include="object"
            ).columns:  # mixed objects: Parquet needs one type a column
                table[column] = table[column].astype("str").where(table[column].notna())
            table[TEXT_COLUMN] = pd.Series(corpus.texts, dtype="str", index=table.index)
            table.to_parquet(temporary / "corpus.parquet", index=False, compression="zstd")
            facts = tuple(corpus.table.columns), corpus.roles, time.time(), corpus.origin
            info = CorpusInfo(corpus.digest, corpus.name, len(corpus), *facts)
            write_json(temporary / "meta.json", asdict(info))
        return info

    def load_corpus(self, corpus: str) -> Corpus:
        info = self._require_info(corpus)
        table = self.read_columns(corpus, [*info.columns, TEXT_COLUMN])
        return Corpus(info.name, table, table.pop(TEXT_COLUMN).tolist(), info.roles, corpus, info.origin)

    def read_columns(self, corpus: str, columns: list[str]) -> pd.DataFrame:
        """The named columns alone, in row order; TEXT_COLUMN gives the texts."""
        self._require_info(corpus)
        with storage_errors(self.folder):
            return pd.read_parquet(self._corpus_folder(corpus) / "corpus.parquet", columns=columns)

    def rename(self, corpus: str, name: str) -> None:
        info = self._require_info(corpus)
        write_json(self._corpus_folder(corpus) / "meta.json", asdict(info) | {"name": name.strip() or info.name})

    def delete(self, corpus: str) -> int:
        """Remove a corpus with all its results; gives the bytes freed. Cached vectors of its texts stay."""
        folder, size = self._corpus_folder(corpus), self.size(corpus)
        discard(folder)
        if folder.exists():
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
            libraries = {name: version(name) for name in _LIBRARIES}
            record = {"inputs": dict(inputs), "facts": facts, "made": time.time(), "libraries": libraries}
            write_json(temporary / "result.json", record | {"arrays": sorted(arrays)})

    def load(self, kind: str, corpus: str, inputs: Mapping[str, Any]) -> Stored | None:
        """The stored result of these inputs, or None; one that can't be read counts as none."""
        folder = self.result_folder(kind, corpus, inputs)
        record = read_json(folder / "result.json")
        if not isinstance(record, dict) or record.get("inputs") != dict(inputs):
            return None
        try:
            names = record["arrays"]
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
            return Stored(arrays, record["facts"], record["inputs"])
        except (OSError, ValueError, KeyError, EOFError, TypeError):
            return None

    def created(self, kind: str, corpus: str, inputs: Mapping[str, Any]) -> float:
        """When a result was saved, in unix seconds; 0 where there is none."""
        record = read_json(self.result_folder(kind, corpus, inputs) / "result.json")
        return float(record.get("made") or 0) if isinstance(record, dict) else 0.0

    def results(self, kind: str, corpus: str) -> Iterator[dict[str, Any]]:
        """The records (inputs, facts, made, libraries) of one kind of result, oldest first."""
        records = [read_json(path) for path in (self._corpus_folder(corpus) / kind).glob("*/result.json")]
        yield from sorted((record for record in records if record), key=lambda record: record["made"])

    def models(self, corpus: str) -> list[ModelSpec]:
        """The models a corpus is embedded with, in the order they were."""
        return [ModelSpec.from_dict(record["inputs"]["model"]) for record in self.results("vectors", corpus)]

    def cache_stamp(self, model: ModelSpec) -> int:
        """Another number whenever vectors of this model were added to the cache."""
        path = self.folder / "cache" / f"{model.key}.sqlite"
        return sum(file.stat().st_mtime_ns for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())

    def load_vectors(self, corpus: str, model: ModelSpec) -> Vectors | None:
        stored = self.load("vectors", corpus, vector_inputs(model))
        return Vectors(stored.arrays["rows"], model, corpus, stored.facts) if stored else None

    def save_vectors(self, vectors: Vectors) -> None:
        self.save("vectors", vectors.corpus, vector_inputs(vectors.model), {"rows": vectors.rows}, vectors.facts)

    def result_folder(self, kind: str, corpus: str, inputs: Mapping[str, Any]) -> Path:
        return self._corpus_folder(corpus) / kind / digest_json(dict(inputs))

    def _corpus_folder(self, corpus: str) -> Path:
        if not _DIGEST.fullmatch(corpus):
            raise StorageError(f"{corpus[:40]!r} does not name a corpus.", "Choose one on the Data page.")
        return self.folder / "corpora" / corpus

    def _require_info(self, corpus: str) -> CorpusInfo:
        if info := self.info(corpus):
            return info
        raise StorageError("This corpus is not in the workspace (any more).", "Choose or add one on the Data page.")


def vector_inputs(model: ModelSpec) -> dict[str, Any]:
    """What names the vectors of a corpus; raise the version when the algorithm changes their values."""
    return {"model": model.to_dict(), "version": 1}
