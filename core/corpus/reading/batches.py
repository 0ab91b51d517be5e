"""Files of OpenAI's Batch API: requests, and answers in any order, joined by custom_id and never by line."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.reading.chats import MESSAGES
from core.corpus.reading.values import ParsedFile, ReadOptions, Source, Upload, VectorRows
from core.corpus.reading.vector_columns import with_vectors
from core.errors import InputError

REQUESTS, ANSWERS = "OpenAI batch requests", "OpenAI batch answers"
KEY, INPUT = "custom_id", "input number"  # a request may hold several texts, counted from 1
_MAX_LISTED = 10


def batch_part(upload: Upload, source: Source, rows: list[Any], options: ReadOptions) -> ParsedFile | None:
    """The part of a file of requests or answers, None for other rows. Answers have the columns custom_id and model, the
    vectors of those that hold some, and notes on failures."""
    if not rows or not all(isinstance(row, dict) and KEY in row for row in rows):
        return None
    if all(isinstance(row.get("body"), dict) for row in rows):
        table = _request_table(rows)
        source = replace(source, format=REQUESTS, rows=len(table))
        return ParsedFile(source, table, upload=upload)
    if not all("response" in row or "error" in row for row in rows):
        return None
    return _answers(upload, replace(source, format=ANSWERS), rows, options.vector_rows)


def join_batches(parts: Sequence[ParsedFile]) -> list[ParsedFile]:
    """The parts with requests and the answers to them as one part, in the order of the requests; requests without an
    answer are left out where answers hold vectors, with a note. Raises InputError where no request was answered."""
    requests, answers = ([part for part in parts if part.source.format == kind] for kind in (REQUESTS, ANSWERS))
    answered = [part for part in answers if part.table is not None and len(part.table)]
    others = [part for part in parts if part.source.format not in (REQUESTS, ANSWERS)]
    if answers and not answered and not requests and not others:
        names = ", ".join(f'"{part.source.name}"' for part in answers)
        note = next((note for part in answers for note in part.source.notes), "No request succeeded.")
        raise InputError(f"{names}: no answer to use. {note}", "Upload the file of requests or of answers.")
    failures = tuple(dict.fromkeys(note for part in answers if part not in answered for note in part.source.notes))
    if not requests or not answered:
        batches = [*requests, *answered]
        batches[:1] = [_with_notes(part, failures) for part in batches[:1]]
        return [*others, *batches]
    return [*others, _joined(requests, answered, failures)]


def _request_table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A row for each text of a request; the messages of chat requests stay in a column of chats."""
    records = []
    for row in rows:
        body = row["body"]
        inputs = body.get("input", body.get(MESSAGES))
        is_list = isinstance(inputs, list) and all(isinstance(text, str) for text in inputs) and "input" in body
        for number, text in enumerate(inputs if is_list else [inputs], start=1):
            column = "text" if "input" in body else MESSAGES
            records.append({KEY: str(row[KEY]), INPUT: number, column: text, "model": body.get("model")})
    table = pd.DataFrame(records).astype(object)
    return table if (table[INPUT] != 1).any() else table.drop(columns=INPUT)


def _answers(upload: Upload, source: Source, rows: Sequence[dict[str, Any]], vector_rows: VectorRows) -> ParsedFile:
    records, vectors, failed = list[dict[str, Any]](), list[Any](), list[str]()
    for row in rows:
        response = row.get("response") or {}
        body = response.get("body") if isinstance(response, dict) else None
        items = _items(body)
        if not items:
            failed.append(f"{row[KEY]} ({_reason(row, body)})")
        for number, answer in items:
            records.append({KEY: str(row[KEY]), INPUT: number, "model": (body or {}).get("model")})
            records[-1] |= {"answer": answer} if isinstance(answer, str) else {}
            vectors.append(None if isinstance(answer, str) else answer)
    table = pd.DataFrame(records, columns=None if records else [KEY, INPUT, "model"]).astype(object)
    table = table if (table[INPUT] != 1).any() else table.drop(columns=INPUT)
    notes = (*source.notes, *_failures(failed))
    part = ParsedFile(replace(source, rows=len(table), notes=notes), table, upload=upload)
    has_vectors = any(vector is not None for vector in vectors)
    return with_vectors(part, "embedding", vectors, vector_rows) if has_vectors else part


def _items(body: Any) -> list[tuple[int, Any]]:
    """(number from 1, vector or text of an answer) of the body of a response; none for a failure."""
    if not isinstance(body, dict):
        return []
    data, choices = body.get("data"), body.get("choices")
    if isinstance(data, list) and data and all(isinstance(item, dict) and "embedding" in item for item in data):
        return [(int(item.get("index", i)) + 1, _vector(item["embedding"])) for i, item in enumerate(data)]
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        content = (choices[0].get("message") or {}).get("content")
        return [(1, content)] if isinstance(content, str) else []
    return []


def _vector(embedding: Any) -> Any:
    """The numbers of a list or of base64 (float32, little-endian); None for anything else."""
    if isinstance(embedding, str):
        try:
            data = base64.b64decode(embedding, validate=True)
        except (binascii.Error, ValueError):
            return None
        return np.frombuffer(data, "<f4") if data and len(data) % 4 == 0 else None
    return embedding if isinstance(embedding, list) else None


def _reason(row: dict[str, Any], body: Any) -> str:
    error = row.get("error") or (body.get("error") if isinstance(body, dict) else None) or "no answer"
    return (
        str(error.get("message") or error.get("code") or "no reason given") if isinstance(error, dict) else str(error)
    )


def _failures(failed: Sequence[str]) -> list[str]:
    if not failed:
        return []
    listed = ", ".join(failed[:_MAX_LISTED]) + (", …" if len(failed) > _MAX_LISTED else "")
    return [f"{len(failed):,} {'request' if len(failed) == 1 else 'requests'} failed: {listed}."]


def _with_notes(part: ParsedFile, notes: Sequence[str]) -> ParsedFile:
    return replace(part, source=replace(part.source, notes=tuple(dict.fromkeys((*part.source.notes, *notes)))))


def _joined(requests: Sequence[ParsedFile], answers: Sequence[ParsedFile], notes: Sequence[str]) -> ParsedFile:
    """One part of all requests and answers, by custom_id and number of the text within the request."""
    asked, answered = (pd.concat([part.table for part in parts], ignore_index=True) for parts in (requests, answers))
    for table in (asked, answered):
        if INPUT not in table:
            table[INPUT] = 1
        table[INPUT] = table[INPUT].fillna(1)
    keys = pd.MultiIndex.from_frame(answered[[KEY, INPUT]])
    if keys.has_duplicates:
        double = ", ".join(str(key) for key, _ in keys[keys.duplicated()][:3])
        raise InputError(f"Several answers have the same custom_id ({double}).", "Upload the files of one run.")
    positions = keys.get_indexer(pd.MultiIndex.from_frame(asked[[KEY, INPUT]]))
    if not (positions >= 0).any():
        names = f'"{requests[0].source.name}" and "{answers[0].source.name}"'
        raise InputError(f"{names} have no custom_id in common.", "Upload the requests and answers of one run.")
    vectors = _stacked_vectors(answers)
    rows = positions >= 0 if vectors is not None else np.ones(len(asked), dtype=bool)
    table = _answered_table(asked, answered, positions)[rows].reset_index(drop=True)
    more = [
        f"Requests and answers were joined by custom_id: {int((positions >= 0).sum()):,} of {len(asked):,} requests."
    ]
    more += [f"Requests without a vector, left out: {int((~rows).sum()):,}."] if not rows.all() else []
    listed = dict.fromkeys(note for part in (*requests, *answers) for note in part.source.notes)
    source = replace(requests[0].source, name=" + ".join(part.source.name for part in (*requests, *answers)))
    source = replace(source, rows=len(table), notes=tuple(dict.fromkeys((*listed, *notes, *more))))
    name = next((part.vectors_name for part in answers if part.vectors_name), "")
    return ParsedFile(source, table, None if vectors is None else vectors[positions[rows]], name)


def _answered_table(asked: pd.DataFrame, answered: pd.DataFrame, positions: np.ndarray) -> pd.DataFrame:
    """The requests with the columns that only answers have."""
    new = answered[[name for name in answered.columns if name not in asked.columns]]
    new = new.reindex(np.where(positions >= 0, positions, -1)).reset_index(drop=True)
    table = pd.concat([asked, new], axis=1)
    return table if (table[INPUT] != 1).any() else table.drop(columns=INPUT)


def _stacked_vectors(answers: Sequence[ParsedFile]) -> np.ndarray | None:
    arrays = [part.vectors for part in answers if part.vectors is not None]
    if len(arrays) < len(answers):
        return None
    if len({array.shape[1] for array in arrays}) > 1:
        raise InputError("The answers hold vectors of different lengths.", "Upload the files of one run.")
    return np.concatenate(arrays)
