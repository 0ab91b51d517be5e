"""From a server's answer to a matrix; anything invalid is refused with a message that names it."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType
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
VALUES_REMEDY = "Check the server's log and number format; leave these texts out, or use another model."
SMALLEST = 1e-30  # of a vector's largest value; float32 has full precision above 1.2e-38
REMEDY = "Check that the address is that of an OpenAI-compatible embeddings server and the model one for embeddings."


class InvalidResponse(Exception):
    """What is wrong with an answer, in a few words, and what to do; wrapped by `read_answer`."""

    def __init__(self, message: str, remedy: str = REMEDY) -> None:
        super().__init__(message)
        self.remedy = remedy


class LengthError(InvalidResponse):
    """A vector of another length than expected."""


@dataclass(frozen=True)
class Answer:
    """rows: (n, d) float32 unit rows in input order; those of `invalid` inputs, by position what is wrong, are zero.

    ordered: False where the vectors of several inputs came without an index, in an order nobody states.
    """

    rows: np.ndarray
    invalid: dict[int, ServiceError]
    ordered: bool


def read_answer(content: bytes, count: int, dimensions: int | None, server: str, key: Secret) -> Answer:
    """The vectors in the body of an answer.

    Vectors are ordered by `index` and may be lists or base64 of little-endian float32. Invalid is a vector of another
    length, with values that are no numbers, NaN, infinite, or so small that no direction is left. Raises ServiceError
    for no JSON, another number of vectors, partly missing or repeated indexes, and where all have another length.
    """
    rows: dict[int, np.ndarray] = {}
    invalid: dict[int, InvalidResponse] = {}
    try:
        items = _items(content, key)
        positions, ordered = _positions(items, count)
        width = dimensions or _usual_length([item.get("embedding") for item in items])
        for position, item in zip(positions, items, strict=True):
            try:
                rows[position] = _row(item.get("embedding"), width)
            except InvalidResponse as wrong:
                invalid[position] = wrong
        if not rows and all(isinstance(wrong, LengthError) for wrong in invalid.values()):
            raise InvalidResponse(str(invalid[0]), DIMENSIONS_REMEDY)
    except InvalidResponse as wrong:
        raise ServiceError(f"{server} answered with {wrong}.", wrong.remedy) from None
    matrix = np.zeros((count, width), np.float32)
    if rows:
        matrix[list(rows)] = unit_rows(np.stack(list(rows.values())))
    errors = {at: ServiceError(f"{server} answered with {wrong}.", wrong.remedy) for at, wrong in invalid.items()}
    return Answer(matrix, errors, ordered)


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


def _positions(items: list[Any], count: int) -> tuple[Sequence[int], bool]:
    """The input that each item belongs to, and whether the server says so."""
    if len(items) != count:
        raise InvalidResponse(f"{len(items):,} vectors for {count:,} texts")
    if not all(isinstance(item, dict) for item in items):
        raise InvalidResponse("an entry that holds no vector")
    indexes = [item.get("index") for item in items]
    missing = sum(index is None for index in indexes)
    if missing == count:
        return range(count), count < 2
    if missing:
        raise InvalidResponse(f"{missing:,} of {count:,} vectors without an index")
    if any(type(index) is not int for index in indexes) or sorted(indexes) != list(range(count)):
        raise InvalidResponse(f"indexes that are not 0 to {count - 1:,}, each once")
    return indexes, True


def _usual_length(embeddings: list[Any]) -> int:
    """The most frequent length of the vectors, where none is expected."""
    lengths = [
        len(row) * 3 // 16 if isinstance(row, str) else len(row) for row in embeddings if isinstance(row, str | list)
    ]
    return max(set(lengths), key=lengths.count, default=0)


def _row(embedding: Any, width: int) -> np.ndarray:
    """(width,) float32, a vector with a direction."""
    row = _from_base64(embedding) if isinstance(embedding, str) else _from_list(embedding)
    if len(row) != width:
        raise LengthError(f"a vector of {len(row):,} numbers where {width:,} were expected", VALUES_REMEDY)
    if not np.isfinite(row).all():
        raise InvalidResponse("a vector with NaN or infinite values", VALUES_REMEDY)
    if np.abs(row).max() < SMALLEST:
        kind = "values too small for a direction" if row.any() else "only zeros"
        raise InvalidResponse(f"a vector of {kind}", VALUES_REMEDY)
    return row


def _from_list(embedding: Any) -> np.ndarray:
    if not isinstance(embedding, list) or not embedding:
        raise InvalidResponse("an entry that holds no vector")
    kinds = set(map(type, embedding))  # numpy would take True and "0.1" for numbers
    if list in kinds:
        raise InvalidResponse("one vector a token instead of one a text")
    if not kinds <= {int, float, NoneType}:
        raise InvalidResponse("a vector that does not hold numbers")
    try:
        with np.errstate(over="ignore"):  # beyond float32 is infinite
            return np.asarray(embedding, dtype=np.float32)
    except OverflowError:
        raise InvalidResponse("a vector with NaN or infinite values", VALUES_REMEDY) from None


def _from_base64(text: str) -> np.ndarray:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidResponse("a vector that is not base64") from None
    if not data or len(data) % 4:
        raise InvalidResponse(f"a base64 vector of {len(data):,} bytes, which is no whole number of float32 values")
    return np.frombuffer(data, dtype="<f4")
