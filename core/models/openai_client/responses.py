"""From a server's answer to a matrix; anything invalid is refused with a message that names it."""

import base64
import binascii
import json
from typing import Any

import numpy as np

from core.errors import ServiceError
from core.models.openai_client.errors import message_in, quoted
from core.secret import Secret
from core.types import unit_rows

DIMENSIONS_REMEDY = (
    "Where you requested these dimensions, the model can't be shortened: add it with its own. Otherwise the server's "
    "model has changed: add it again, and vectors of both will not be mixed."
)
REMEDY = "Check that the address is that of an OpenAI-compatible embeddings server and the model one for embeddings."


class InvalidResponse(Exception):
    """What is wrong with an answer, in a few words, and what to do; wrapped by `read_answer`."""

    def __init__(self, message: str, remedy: str = REMEDY) -> None:
        super().__init__(message)
        self.remedy = remedy


def read_answer(content: bytes, count: int, dimensions: int | None, server: str, key: Secret) -> np.ndarray:
    """(count, d) float32 unit rows in input order, from the body of an answer.

    Vectors are ordered by `index` and may be lists or base64 of little-endian float32. Raises ServiceError for no JSON,
    another number of vectors, missing or repeated indexes, other or varying lengths, NaN, infinite or zero vectors.
    """
    try:
        matrix = _matrix(_items(content, key), count)
        if dimensions is not None and matrix.shape[1] != dimensions:
            message = f"vectors of {matrix.shape[1]:,} numbers where {dimensions:,} were expected"
            raise InvalidResponse(message, DIMENSIONS_REMEDY)
        if invalid := np.count_nonzero(~np.isfinite(matrix).all(axis=1)):
            raise InvalidResponse(f"NaN or infinite values ({invalid:,} of {count:,} vectors)")
        if empty := np.count_nonzero(~matrix.any(axis=1)):
            raise InvalidResponse(f"vectors of only zeros ({empty:,} of {count:,})")
    except InvalidResponse as wrong:
        raise ServiceError(f"{server} answered with {wrong}.", wrong.remedy) from None
    return unit_rows(matrix)


def _items(content: bytes, key: Secret) -> list[Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        start = quoted(content[:2000].decode("utf-8", "replace"), key)[:100]
        raise InvalidResponse(f"something that is not JSON (“{start}”)" if start else "an empty page") from None
    data = body.get("data") if isinstance(body, dict) else None
    if isinstance(data, list):
        return data
    message = quoted(message_in(body), key) if isinstance(body, dict) else ""
    raise InvalidResponse(f"an error: “{message}”" if message else "JSON without a list of vectors (“data”)")


def _matrix(items: list[Any], count: int) -> np.ndarray:
    """(count, d) float32 in order of index."""
    if len(items) != count:
        raise InvalidResponse(f"{len(items):,} vectors for {count:,} texts")
    indexes: list[Any] = [item.get("index") if isinstance(item, dict) else None for item in items]
    if any(type(index) is not int for index in indexes):
        raise InvalidResponse("vectors without an index")
    if sorted(indexes) != list(range(count)):
        raise InvalidResponse(f"indexes that are not 0 to {count - 1:,}, each once")
    rows = [_row(item.get("embedding")) for item in items]
    if len(sizes := sorted(set(map(len, rows)))) > 1:
        raise InvalidResponse(f"vectors of varying length ({sizes[0]:,} to {sizes[-1]:,} numbers)")
    matrix = np.empty((count, sizes[0]), np.float32)
    matrix[indexes] = rows
    return matrix


def _row(embedding: Any) -> np.ndarray:
    if isinstance(embedding, str):
        return _from_base64(embedding)
    if not isinstance(embedding, list) or not embedding:
        raise InvalidResponse("an entry that holds no vector")
    try:
        row = np.asarray(embedding, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise InvalidResponse("a vector that does not hold numbers") from None
    if row.ndim != 1:
        raise InvalidResponse("one vector a token instead of one a text")
    return row


def _from_base64(text: str) -> np.ndarray:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidResponse("a vector that is not base64") from None
    if not data or len(data) % 4:
        raise InvalidResponse(f"a base64 vector of {len(data):,} bytes, which is no whole number of float32 values")
    return np.frombuffer(data, dtype="<f4")
