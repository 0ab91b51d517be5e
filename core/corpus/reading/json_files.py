"""JSON and JSON Lines: values in one piece or one after another, with what JSON does not allow but files hold."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from core.corpus.reading.batches import batch_part
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.json_tables import SHAPES, json_table
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload
from core.errors import InputError

_FILLER = re.compile(r"[\s,]*")
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])')
_MAX_LISTED = 5


class _Decoder:
    """json.JSONDecoder that counts the keys that an object holds twice, of which the last value is used."""

    def __init__(self) -> None:
        self.repeated: dict[str, int] = {}
        self.decode: Callable[[str], Any] = json.JSONDecoder(object_pairs_hook=self._object).decode
        self.raw_decode = json.JSONDecoder(object_pairs_hook=self._object).raw_decode

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            keys = [key for key, _ in pairs]
            for key in {key for key in keys if keys.count(key) > 1}:
                self.repeated[key] = self.repeated.get(key, 0) + 1
        return value

    def notes(self) -> list[str]:
        return [
            f'The key "{key}" occurs more than once in {count:,} {"object" if count == 1 else "objects"}; '
            "its last value was read."
            for key, count in list(self.repeated.items())[:_MAX_LISTED]
        ]


def read_json(upload: Upload, options: ReadOptions, kind: str) -> ParsedFile:
    """One JSON or JSONL file, by its content if that does not match the name. Raises InputError."""
    decoded = to_utf8(upload.name, upload.data, options.encoding)
    text = decoded.data.decode("utf-8")
    if not text.strip():
        raise InputError(f'"{upload.name}" is empty.', "Upload a file that holds at least one row.")
    lines, decoder = kind == "jsonl" and not text.lstrip().startswith("["), _Decoder()
    value, notes = _parse_values(upload.name, text, decoder) if lines else _parse_either(upload.name, text, decoder)
    if lines and len(value) == 1 and _is_document(upload.name, value[0]):
        value, lines = value[0], False
    notes = [*decoded.notes, *notes, *decoder.notes()]
    form = "JSON Lines" if lines else "JSON"
    source = Source(upload.name, form, decoded.encoding, notes=tuple(notes), alternatives=decoded.alternatives)
    if isinstance(value, list) and (batch := batch_part(upload, source, value, options)):
        return batch
    table, more = json_table(upload.name, value)
    source = replace(source, rows=len(table), notes=(*source.notes, *more))
    return ParsedFile(source, table, upload=upload)


def _is_document(name: str, value: Any) -> bool:
    """Whether a single object holds several rows, as JSON under the name of JSON Lines does, and is not one row."""
    try:
        return isinstance(value, dict) and len(json_table(name, value)[0]) > 1
    except InputError:
        return False


def _parse_either(name: str, text: str, decoder: _Decoder) -> tuple[Any, list[str]]:
    """One JSON value, or several, one after another."""
    try:
        return decoder.decode(text), []
    except RecursionError as error:
        raise InputError(f'"{name}" is nested too deeply.', SHAPES) from error
    except ValueError as error:
        if "Extra data" in str(error):
            return _parse_values(name, text, decoder)
        commas = [match.start() for match in _TRAILING_COMMA.finditer(text) if not match[1]]
        if not commas:
            raise _broken(name, text, error) from error
        first = error
    try:
        mended = _TRAILING_COMMA.sub(lambda match: match[1] or " ", text)
        return decoder.decode(mended), [_comma_note(text, commas)]
    except (ValueError, RecursionError) as error:
        raise _broken(name, text, first) from error


def _parse_values(name: str, text: str, decoder: _Decoder) -> tuple[list[Any], list[str]]:
    """JSON values one after another, on one line each or over several; commas between them are ignored, with a note."""
    rows, commas, position = list[Any](), list[int](), 0
    while True:
        filler = _FILLER.match(text, position)
        start = filler.end() if filler else position
        if (comma := text.find(",", position, start)) >= 0:
            commas.append(comma)
        if start >= len(text):
            return rows, [_comma_note(text, commas)] if commas else []
        try:
            value, position = decoder.raw_decode(text, start)
        except RecursionError as error:
            raise InputError(f'"{name}", line {_line(text, start):,} is nested too deeply.', SHAPES) from error
        except ValueError as error:
            line = _line(text, start)
            remedy = "Each line must be one whole JSON object; the file may be cut short."
            raise InputError(f'"{name}", line {line:,} is not complete JSON ({_reason(error)}).', remedy) from error
        rows.append(value)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _comma_note(text: str, commas: Sequence[int]) -> str:
    lines = [f"{_line(text, comma):,}" for comma in commas[:_MAX_LISTED]]
    if len(commas) == 1:
        return f"Line {lines[0]} ends with a comma that JSON does not allow; it was ignored."
    listed = ", ".join(lines) + (", …" if len(commas) > _MAX_LISTED else "")
    return f"{len(commas):,} commas that JSON does not allow were ignored, in lines {listed}."


def _broken(name: str, text: str, error: ValueError) -> InputError:
    cut = getattr(error, "pos", 0) >= len(text.rstrip()) - 1 or "Unterminated" in str(error)
    where = "ends too early" if cut else f"is not valid JSON in line {getattr(error, 'lineno', 0):,}"
    remedy = (
        "The file seems cut short; save or download it again." if cut else "Mend that line, or save the file again."
    )
    return InputError(f'"{name}" {where} ({_reason(error)}).', remedy)


def _reason(error: ValueError) -> str:
    return str(getattr(error, "msg", "a number is too long"))
