"""The texts that passages of a corpus came from: sections of a file, and passages of a row, joined again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from core.ask.question_files import normalized
from core.types import Corpus

MAX_OVERLAP, MIN_OVERLAP = 4_000, 3  # characters that one passage may repeat of the one before
Evidence = tuple[int, int, int]  # document, start and end in characters


@dataclass(frozen=True, eq=False)
class Documents:
    """texts: of the documents. document, start, end: (n,) int64, where each row of the corpus lies."""

    texts: tuple[str, ...]
    document: np.ndarray
    start: np.ndarray
    end: np.ndarray


def join_rows(corpus: Corpus) -> Documents:
    """Rows of a document (columns "position", and "file" where there are several) and passages of a row, in order. What
    a passage repeats of the one before is there once. Other rows are documents of their own."""
    parts: dict[object, list[str]] = {}
    lengths: dict[object, int] = {}
    previous: dict[object, object] = {}
    places = np.zeros((len(corpus), 3), np.int64)
    rows = corpus.table["source_row"].tolist() if "source_row" in corpus.table else list(range(len(corpus)))
    keys = _document_keys(corpus, rows)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    for i, (key, row, text) in enumerate(zip(keys, rows, corpus.texts, strict=True)):
        pieces = parts.setdefault(key, [])
        repeated = _repeated(pieces[-1], text) if pieces and previous[key] == row else 0
        gap = "\n\n" if pieces and previous[key] != row else ""
        start = lengths.get(key, 0) + len(gap) - repeated
        pieces.append(gap + text[repeated:])
        lengths[key], previous[key] = start + len(text), row
        places[i] = numbers[key], start, start + len(text)
    return Documents(tuple("".join(parts[key]) for key in numbers), *places.T)


def locate_evidence(
    documents: Documents, rows: Sequence[Sequence[int]], evidence: Sequence[Sequence[str]]
) -> list[tuple[Evidence, ...]]:
    """Where the evidence of each question lies within its known rows; the whole rows where none is known or it is not
    there literally, ignoring case and white space. rows, evidence: of each question."""
    return [_locate(documents, known, texts) for known, texts in zip(rows, evidence, strict=True)]


def _document_keys(corpus: Corpus, rows: Sequence[object]) -> list[object]:
    table = corpus.table
    if "position" not in table or not is_numeric_dtype(table["position"]):
        return list(rows)
    files = table["file"].astype("str") if "file" in table else pd.Series("", table.index)
    in_order = all(part.is_monotonic_increasing for _, part in table["position"].groupby(files.to_numpy()))
    return list(files) if in_order else list(rows)  # else a column of the user's own


def _repeated(before: str, text: str) -> int:
    """Characters at the end of one passage with which the next begins; whole words of them."""
    longest = min(len(before), len(text), MAX_OVERLAP)
    sizes = (size for size in range(longest, MIN_OVERLAP - 1, -1) if before.endswith(text[:size]))
    return next((size for size in sizes if not f" {before}"[-size - 1].isalnum()), 0)


def _locate(documents: Documents, rows: Sequence[int], texts: Sequence[str]) -> tuple[Evidence, ...]:
    spans: dict[Evidence, None] = {}
    for row in rows:
        number, start, end = (int(part[row]) for part in (documents.document, documents.start, documents.end))
        text = documents.texts[number][start:end]
        patterns = [r"\s+".join(map(re.escape, part.split())) for part in texts if normalized(part) in normalized(text)]
        matches = [match for pattern in patterns if (match := re.search(pattern, text, re.IGNORECASE))]
        found = [(number, start + match.start(), start + match.end()) for match in matches]
        spans |= dict.fromkeys(found or ([] if texts and spans else [(number, start, end)]))
    return tuple(spans)
