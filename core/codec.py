"""Dataclasses of arrays and plain values as JSON and arrays, and back by their type hints.

An array goes into a dict under the dotted path of its field, such as "trust.per_point", and is null in the JSON. A
value without arrays, such as a query, is JSON alone.
"""

import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

_FILE_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")
ROOT = "value"  # the path of a value that is itself an array
Arrays = dict[str, np.ndarray]
OMIT_DEFAULT = {"omit_default": True}  # metadata of a field that is left out where it has its default value


def encode(value: Any, path: str = "") -> tuple[Any, Arrays]:
    """JSON-able form and the arrays left out of it. Raises TypeError for values that are neither."""
    if isinstance(value, np.ndarray):
        if not _FILE_NAME.fullmatch(path or ROOT):
            raise TypeError(f"An array can't be stored under the name {path!r}.")
        return None, {path or ROOT: value}
    if is_dataclass(value) and not isinstance(value, type):
        return _encode_items(dict(_stored_fields(value)), path)
    if isinstance(value, Mapping):
        return _encode_items({str(key): item for key, item in value.items()}, path)
    if isinstance(value, (list, tuple)):
        items, arrays = _encode_items({str(index): item for index, item in enumerate(value)}, path)
        return list(items.values()), arrays
    if isinstance(value, np.generic):
        return value.item(), {}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value, {}
    raise TypeError(f"{type(value).__name__} can't be stored.")


def decode(kind: Any, data: Any, arrays: Mapping[str, np.ndarray] | None = None, path: str = "") -> Any:
    """A value of the type `kind` (a dataclass, tuple, list, dict, union, Literal, array or plain type).

    Raises TypeError, ValueError or KeyError where the data does not have that shape.
    """
    stored = arrays or {}
    if (path or ROOT) in stored:
        return np.asarray(stored[path or ROOT])
    origin, parts = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _decode_dataclass(kind, data, stored, path)
    if hasattr(origin or kind, "_fields"):
        return _decode_named_tuple(origin or kind, parts, data, stored, path)
    if origin in (Union, types.UnionType):
        return _decode_union(parts, data, stored, path)
    if origin in (tuple, list):
        return _decode_sequence(origin, parts, data, stored, path)
    if origin is dict:
        _checked(data, isinstance(data, dict), path)
        return {key: decode(parts[1], item, stored, _join(path, key)) for key, item in data.items()}
    return _checked(data, data in parts, path) if origin is Literal else _decode_plain(kind, data, path)


def _stored_fields(value: Any) -> Iterator[tuple[str, Any]]:
    for field in fields(value):
        item = getattr(value, field.name)
        if field.init and not (field.metadata == OMIT_DEFAULT and item == field.default):
            yield field.name, item


def _encode_items(items: Mapping[str, Any], path: str) -> tuple[dict[str, Any], Arrays]:
    data: dict[str, Any] = {}
    arrays: Arrays = {}
    for name, item in items.items():
        data[name], inner = encode(item, _join(path, name))
        arrays |= inner
    return data, arrays


def _decode_dataclass(kind: Any, data: Any, arrays: Mapping[str, np.ndarray], path: str) -> Any:
    _checked(data, isinstance(data, dict), path)
    hints = {name: hint for name, hint in _hints(kind).items() if name in data or _join(path, name) in arrays}
    # TypeError where a field without a default is missing
    return kind(**{name: decode(hint, data.get(name), arrays, _join(path, name)) for name, hint in hints.items()})


def _decode_named_tuple(
    kind: Any, parts: tuple[Any, ...], data: Any, arrays: Mapping[str, np.ndarray], path: str
) -> Any:
    """parts: the type in place of the type variable of a generic one."""
    _checked(data, isinstance(data, list) and len(data) == len(kind._fields), path)
    hints = [parts[0] if isinstance(hint, TypeVar) and parts else hint for hint in get_type_hints(kind).values()]
    items = enumerate(zip(hints, data, strict=True))
    return kind(*(decode(hint, item, arrays, _join(path, str(i))) for i, (hint, item) in items))


def _decode_sequence(kind: type, parts: tuple[Any, ...], data: Any, arrays: Mapping[str, np.ndarray], path: str) -> Any:
    _checked(data, isinstance(data, list), path)
    repeated = kind is list or parts[1:] == (...,)
    pairs = enumerate(zip([parts[0]] * len(data) if repeated else parts, data, strict=True))
    return kind(decode(hint, item, arrays, _join(path, str(i))) for i, (hint, item) in pairs)


def _decode_plain(kind: Any, data: Any, path: str) -> Any:
    if kind is Any or kind is object:
        return data
    if kind is float and type(data) is int:
        return float(data)
    return _checked(data, type(data) is kind, path)


def _decode_union(parts: tuple[Any, ...], data: Any, arrays: Mapping[str, np.ndarray], path: str) -> Any:
    for part in parts:
        try:
            return decode(part, data, arrays, path)
        except (TypeError, ValueError, KeyError):
            continue
    raise TypeError(f"The value at {path or ROOT} has none of its types.")


def _checked(data: Any, fits: bool, path: str) -> Any:
    if not fits:
        raise TypeError(f"The value at {path or ROOT} has another type or is not allowed.")
    return data


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}
