"""The original files of a corpus' documents, stored with it and deleted with it.

<corpus>/documents/<key>/files.json, and one file per document under its sha256
"""

import logging
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.codec import decode, encode
from core.corpus.reader_process import limits_of, run_task
from core.corpus.reading.values import RawTable
from core.corpus.staging import ImportSource
from core.errors import PlanisphereError
from core.files import read_json, replacing, write_json
from core.store import CorpusInfo, Workspace
from core.types import CorpusRef

MAX_FILE_MB, MAX_TOTAL_MB = 200, 1_000  # of one document, and of all documents of a corpus
_MB = 1_000_000
_KEY = re.compile(r"[0-9a-f]{64}")
_INPUTS = {"version": 1}
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class DocumentFile:
    """A document of a corpus. source: its position among the corpus' sources. format: such as "PDF". key: its sha256,
    "" where it is not stored. size: bytes, 0 where not known."""

    source: int
    name: str
    format: str
    key: str = ""
    size: int = 0


def store_documents(folder: str, corpus: str, source: ImportSource, raw: RawTable) -> None:
    """Store the documents of an upload, as read, with the corpus (digest), where it has none yet; those above
    MAX_FILE_MB, and what goes beyond MAX_TOTAL_MB, are left out. A failure is logged: the corpus is complete without
    them."""
    documents = [DocumentFile(i, read.name, read.format) for i, read in enumerate(raw.sources) if read.is_document]
    if not documents or _is_stored(CorpusRef(folder, corpus)):
        return
    arguments = {"folder": folder, "source": encode(source)[0], "names": [file.name for file in documents]}
    arguments |= {"skipped": [file.digest for file in raw.skipped], "max_bytes": MAX_FILE_MB * _MB}
    try:
        with run_task("unpack", folder, arguments, limits_of(source)) as unpacked:
            _store(_folder(CorpusRef(folder, corpus)), unpacked, documents)
    except PlanisphereError as error:
        _LOG.warning("documents not stored: %s", error)


def copy_documents(corpus: CorpusRef, other: str) -> None:
    """Give another corpus of the workspace, a version of this one, the same documents; without using space where the
    disk has hard links."""
    origin, target = _folder(corpus), _folder(CorpusRef(corpus.folder, other))
    if origin.is_dir() and not target.exists():
        with replacing(target) as temporary:
            shutil.copytree(origin, temporary, copy_function=_link_or_copy)


def document_files(corpus: CorpusRef) -> tuple[DocumentFile, ...]:
    """The documents of a corpus, also those not stored; none for corpora of earlier versions."""
    record = read_json(_folder(corpus) / "files.json")
    try:
        files: tuple[DocumentFile, ...] = decode(tuple[DocumentFile, ...], record["files"])
    except (KeyError, TypeError, ValueError):
        return ()
    return files


def document_path(corpus: CorpusRef, file: DocumentFile) -> Path | None:
    """Where a document is stored, None where it is not."""
    path = _folder(corpus) / file.key
    return path if _KEY.fullmatch(file.key) and path.is_file() else None


def has_documents(info: CorpusInfo) -> bool:
    """Whether some rows of a corpus come from documents."""
    return any(isinstance(source, dict) and source.get("is_document") for source in info.origin.get("sources", ()))


def _folder(corpus: CorpusRef) -> Path:
    return Workspace(corpus.folder).result_folder("documents", corpus.digest, _INPUTS)


def _is_stored(corpus: CorpusRef) -> bool:
    files = document_files(corpus)
    return bool(files) and all(document_path(corpus, file) for file in files if file.key)


def _store(target: Path, unpacked: Path, documents: Sequence[DocumentFile]) -> None:
    listed, stored, total = read_json(unpacked / "files.json")["files"], list[DocumentFile](), 0
    with replacing(target) as temporary:
        temporary.mkdir()
        for document, facts in zip(documents, listed, strict=True):
            key, size = facts["key"], facts["size"]
            path, is_new = unpacked / key, not (temporary / key).exists()
            if key and is_new:
                is_kept = path.is_file() and total + size <= MAX_TOTAL_MB * _MB
                total += size if is_kept else 0
                key = key if is_kept else ""
                if is_kept:
                    os.replace(path, temporary / key)
            stored.append(DocumentFile(document.source, document.name, document.format, key, size))
        write_json(temporary / "files.json", {"files": [encode(file)[0] for file in stored]})


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
