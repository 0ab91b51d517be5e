"""Named selections of rows, saved in the workspace, and their set operations. One folder per selection, named by its
content, so that two writers never share a file; the rows are one bit each (numpy.packbits)."""

import re
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from core.digest import digest_array, digest_json
from core.errors import InputError, StorageError
from core.files import discard, folder_size, read_json, replacing, storage_errors, write_json
from core.store import CorpusInfo, Workspace

Operation = Literal["and", "or", "without", "not"]
MAX_NAME_LENGTH = 80
KEY = re.compile(r"[0-9a-f]{16}")
_INVISIBLE = {"Cc", "Cf", "Cs"}  # Unicode categories: controls, formats such as bidi marks, lone surrogates
_JOINERS = "\u200c\u200d"  # formats that emoji, Indic and Persian words need
_FACTS, _ROWS = "selection.json", "rows.npy"


@dataclass(frozen=True)
class SavedSelection:
    """A saved selection. key: 16 hex digits, the digest of its row ids and the corpus. created: seconds since 1970."""

    name: str
    key: str
    rows: int
    created: float


def save_selection(workspace: Workspace, corpus: str, name: str, rows: Sequence[int] | np.ndarray) -> SavedSelection:
    """Save rows (ids from 0, in any order) under a name; does nothing for the same rows under the same name.

    Raises InputError for an invalid name or rows, for a name that exists (in any case), and for rows saved under
    another name; StorageError where the corpus doesn't exist or the workspace can't be written.
    """
    total = _info(workspace, corpus).rows
    ids, cleaned = _checked_ids(rows, total), clean_name(name)
    key = selection_key(corpus, ids)
    existing = saved_selections(workspace, corpus)
    if duplicate := next((selection for selection in existing if selection.key == key), None):
        if duplicate.name == cleaned:
            return duplicate
        raise InputError(f'These {len(ids):,} rows are already saved as "{duplicate.name}".', "Rename it in the list.")
    _check_name_free(cleaned, existing)
    saved = SavedSelection(cleaned, key, len(ids), time.time())
    with replacing(_folder(workspace, corpus, key)) as temporary:
        temporary.mkdir()
        mask = np.zeros(total, dtype=bool)
        mask[ids] = True
        np.save(temporary / _ROWS, np.packbits(mask), allow_pickle=False)
        write_json(temporary / _FACTS, asdict(saved))
    return saved


def selection_key(corpus: str, rows: np.ndarray) -> str:
    """16 hex digits of these rows of a corpus; rows (m,) int64, sorted, unique."""
    return digest_json({"corpus": corpus, "rows": digest_array(rows)})


def saved_selections(workspace: Workspace, corpus: str) -> tuple[SavedSelection, ...]:
    """The saved selections of a corpus, newest first; unreadable ones are skipped."""
    stored = filter(None, map(_read, _folder(workspace, corpus, "any").parent.glob("*")))
    return tuple(sorted(stored, key=lambda selection: (-selection.created, selection.key)))


def selection_rows(workspace: Workspace, corpus: str, key: str) -> np.ndarray:
    """Row ids, sorted, int64 (m,). Raises StorageError for a selection that is missing or damaged."""
    return np.flatnonzero(selection_mask(workspace, corpus, key)).astype(np.int64)


def selection_mask(workspace: Workspace, corpus: str, key: str) -> np.ndarray:
    """Bool (n,), one entry per row of the corpus. Raises StorageError as selection_rows does."""
    saved, total = _require(workspace, corpus, key), _info(workspace, corpus).rows
    try:
        packed = np.load(_folder(workspace, corpus, key) / _ROWS, allow_pickle=False)
        if packed.dtype != np.uint8 or packed.shape != ((total + 7) // 8,):
            raise ValueError(packed.shape)
        mask = np.unpackbits(packed, count=total).astype(bool)
        if selection_key(corpus, np.flatnonzero(mask)) != key:
            raise ValueError(key)
    except (OSError, ValueError, EOFError) as error:
        message = f'The rows of the selection "{saved.name}" can\'t be read.'
        raise StorageError(message, "Delete it and select them again.") from error
    return mask


def rename_selection(workspace: Workspace, corpus: str, key: str, name: str) -> SavedSelection:
    """Raises InputError as save_selection does, StorageError where the selection doesn't exist."""
    saved, cleaned = _require(workspace, corpus, key), clean_name(name)
    _check_name_free(cleaned, [selection for selection in saved_selections(workspace, corpus) if selection.key != key])
    renamed = SavedSelection(cleaned, key, saved.rows, saved.created)
    # atomic; if it is deleted meanwhile, facts without rows are left, which are no selection
    write_json(_folder(workspace, corpus, key) / _FACTS, asdict(renamed))
    return renamed


def delete_selection(workspace: Workspace, corpus: str, key: str) -> int:
    """The bytes freed, 0 where there was none. Raises StorageError where it can't be deleted."""
    folder = _folder(workspace, corpus, key)
    size = folder_size(folder)
    with storage_errors(folder):
        (folder / _FACTS).unlink(missing_ok=True)  # first: without it the rest is no selection
        discard(folder)
    return size


def combine_rows(first: np.ndarray, second: np.ndarray | None, operation: Operation, n: int) -> np.ndarray:
    """Row ids, sorted, unique, int64: in both ("and"), in at least one ("or"), in the first only ("without"), or
    those of all n rows not in the first ("not", without a second). Raises InputError for another operation."""
    if operation not in get_args(Operation):
        raise InputError(f"There is no operation {str(operation)[:20]!r} for selections.", "Use and, or, without, not.")
    if operation == "not":
        return np.setdiff1d(np.arange(n, dtype=np.int64), first)
    if second is None:
        raise InputError("This operation needs two selections.", "Select a second one.")
    if operation == "and":
        return np.intersect1d(first, second).astype(np.int64)
    return (np.union1d if operation == "or" else np.setdiff1d)(first, second).astype(np.int64)


def clean_name(name: str, noun: str = "selection") -> str:
    """The name on one line without invisible characters. noun: what it names. Raises InputError unless 1 to 80 are
    left."""
    flat = " ".join(str(name).split())
    visible = "".join(sign for sign in flat if sign in _JOINERS or unicodedata.category(sign) not in _INVISIBLE)
    cleaned = unicodedata.normalize("NFC", visible.strip(f" {_JOINERS}"))
    if not cleaned:
        remedy = "Enter what its rows have in common." if noun == "selection" else "Enter a name."
        raise InputError(f"{'An' if noun[0] in 'aeiou' else 'A'} {noun} needs a name.", remedy)
    if len(cleaned) > MAX_NAME_LENGTH:
        message = f'The name "{cleaned[:30]}…" has {len(cleaned):,} characters.'
        raise InputError(message, f"Use at most {MAX_NAME_LENGTH}.")
    return cleaned


def _checked_ids(rows: Sequence[int] | np.ndarray, total: int) -> np.ndarray:
    """Sorted, unique, int64."""
    ids = np.asarray(rows)
    if not ids.size:
        raise InputError("There are no rows in this selection.", "Select at least one row.")
    if ids.dtype.kind not in "iu":
        raise InputError("Row ids must be whole numbers.", "Use row ids from 0.")
    wrong = int(ids.min()) if ids.min() < 0 else int(ids.max())
    if not 0 <= wrong < total:
        raise InputError(f"There is no row {wrong + 1:,} among the {total:,} rows.", "Select rows of this corpus.")
    return np.unique(ids).astype(np.int64)


def _check_name_free(name: str, existing: Sequence[SavedSelection]) -> None:
    taken = next((selection.name for selection in existing if selection.name.casefold() == name.casefold()), None)
    if taken is not None:
        raise InputError(f'There is already a selection "{taken}".', "Choose another name, or rename that one.")


def _folder(workspace: Workspace, corpus: str, key: str) -> Path:
    return workspace.result_folder("selections", corpus, {"selection": key})


def _info(workspace: Workspace, corpus: str) -> CorpusInfo:
    info = workspace.info(corpus)
    if info is None:
        raise StorageError("This corpus is not in the workspace.", "Open or create one on the Data page.")
    return info


def _require(workspace: Workspace, corpus: str, key: str) -> SavedSelection:
    saved = _read(_folder(workspace, corpus, key)) if KEY.fullmatch(key) else None
    if saved is None:
        raise StorageError("This selection no longer exists.", "Choose another, or select its rows again.")
    return saved


def _read(folder: Path) -> SavedSelection | None:
    facts: Any = read_json(folder / _FACTS) if not folder.name.startswith(".") else None
    if not isinstance(facts, dict) or not (folder / _ROWS).is_file():
        return None
    try:
        saved = SavedSelection(str(facts["name"]), str(facts["key"]), int(facts["rows"]), float(facts["created"]))
    except (KeyError, TypeError, ValueError):
        return None
    return saved if KEY.fullmatch(saved.key) else None
