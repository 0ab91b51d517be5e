"""Names for content: sha256 digests of texts, tables, arrays and parameters."""

import hashlib
import json
from collections.abc import Iterable
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
