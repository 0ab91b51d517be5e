"""Names for content: sha256 digests of texts, tables, arrays and parameters."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LENGTH = 16  # hex digits kept where a digest names a file: 64 bits


def digest_json(value: Any) -> str:
    """Digest of a JSON-able value; the order of keys does not matter. 16 hex digits."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]


def digest_text(text: str) -> bytes:
    """The sha256 of one text, 32 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def digest_texts(texts: Iterable[str]) -> str:
    """Digest of a sequence of texts; order and boundaries count. 16 hex digits."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:LENGTH]


def digest_table(table: "pd.DataFrame") -> str:
    """Digest of column names, types and every cell. 16 hex digits."""
    digest = hashlib.sha256(json.dumps([[str(c), str(t)] for c, t in table.dtypes.items()]).encode())
    for column in table.columns:
        missing = table[column].isna().to_numpy()
        digest.update(np.packbits(missing).tobytes())
        digest.update(digest_texts(table[column].astype(str)[~missing]).encode())
    return digest.hexdigest()[:LENGTH]


def digest_array(array: np.ndarray) -> str:
    """Digest of an array's dtype, shape and values. 16 hex digits."""
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()[:LENGTH]


def digest_value(value: Any) -> str:
    """Digest of plain values, dates, arrays and tables, also within sequences, sets, mappings and dataclasses. Types
    and the order of keys count. 64 hex digits. Raises TypeError for anything else, such as a function."""
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _parts(value: Any) -> Iterable[bytes]:
    """The value as a sequence of bytes that no other value has."""
    if value is None or isinstance(value, str | bytes | int | float | np.generic | date | Enum | range):
        yield f"{type(value).__qualname__} {value!r}".encode("utf-8", "surrogatepass")
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"array {value.dtype.str}{value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    else:
        yield f"{type(value).__module__}.{type(value).__qualname__}".encode()
        items = _items(value)
        yield str(len(items)).encode()
        for item in items:
            yield from _parts(item)


def _items(value: Any) -> Sequence[Any]:
    if isinstance(value, Mapping):
        return [part for item in value.items() for part in item]
    if isinstance(value, Sequence):
        return value
    if isinstance(value, Set):
        return sorted(map(digest_value, value))
    if isinstance(value, np.ndarray):  # of objects
        return [value.shape, *value.ravel()]
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    if type(value).__module__.split(".")[0] == "pandas":
        return _columns(value)
    raise TypeError(f"A {type(value).__name__} has no digest.")


def _columns(value: Any) -> Sequence[Any]:
    """Of a pandas table, a column or an index."""
    if hasattr(value, "columns"):
        return [value.index, *(part for name, cells in value.items() for part in (name, np.asarray(cells)))]
    cells = [str(value.dtype), np.asarray(value)]
    return [value.name, value.index, *cells] if hasattr(value, "index") else cells
