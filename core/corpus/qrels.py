"""Relevance judgments (qrels): read from files, and matched to the rows of a corpus."""

import re
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.label_columns import label_strings, parse_numbers
from core.corpus.reading.encodings import to_utf8
from core.errors import InputError

COLUMNS = ("query-id", "corpus-id", "score")
FROM_ONE, FROM_ZERO = "row number from 1", "row number from 0"  # instead of a column of ids
EXAMPLES = 5
MAX_ID_WORDS = 2  # so that rated pairs are no judgments
_INSPECTED_LINES = 200  # lines
_NAMED = (
    re.compile(r"(query|topic|q)[-_ ]?(id|no)|topic", re.IGNORECASE),
    re.compile(r"(corpus|doc|document|passage|row|p)[-_ ]?(id|no)", re.IGNORECASE),
    re.compile(r"score|grade|rel|relevance|label|rating", re.IGNORECASE),
)


def is_qrels(data: bytes) -> bool:
    """Whether a file looks like judgments: lines of three or four fields, short ids and then a number, after any
    header."""
    lines = data[:20_000].decode("utf-8", "replace").splitlines()[:_INSPECTED_LINES]
    complete = lines if len(data) <= 20_000 else lines[:-1]  # the last one may be cut
    fields = [_fields(line) for line in complete if line.strip()]
    body = fields[1:] if fields and not _is_number(fields[0][-1]) else fields
    return bool(body) and all(
        _is_judgment(parts) and all(len(field.split()) <= MAX_ID_WORDS for field in parts[:-1]) for parts in body
    )


def has_qrels_header(data: bytes) -> bool:
    """Whether the first line names the columns of judgments, whatever follows."""
    fields = _fields(next(iter(data[:2_000].decode("utf-8", "replace").splitlines()), ""))
    return len(fields) in (3, 4) and all(map(re.Pattern.fullmatch, _NAMED, (fields[0], fields[-2], fields[-1])))


def named_qrels(table: pd.DataFrame) -> pd.DataFrame | None:
    """Judgments from a table with the usual column names (Parquet, JSON Lines, CSV); without a column of grades all are
    1. None for any other table, such as one that also has the queries' texts."""
    names = [next((name for name in table.columns if pattern.fullmatch(str(name))), None) for pattern in _NAMED]
    others = [table[name].dropna().astype("str").head(_INSPECTED_LINES) for name in table.columns if name not in names]
    if names[0] is None or names[1] is None or any(cells.str.contains(" ").any() for cells in others):
        return None
    grades = pd.Series(1.0, table.index) if names[2] is None else parse_numbers(table[names[2]])
    ids = [label_strings(table[name]) for name in names[:2]]
    judgments = pd.DataFrame(dict(zip(COLUMNS, (*ids, grades), strict=True))).dropna()
    return judgments.astype({COLUMNS[0]: "str", COLUMNS[1]: "str"}).reset_index(drop=True)


def read_qrels(name: str, data: bytes) -> pd.DataFrame:
    """COLUMNS as strings, strings and float64, from BEIR's three columns (with a header row or without) or TREC's four
    (query, 0, document, grade), separated by tabs or spaces. index: lines of the file from 1. Raises InputError with
    the line that can't be read."""
    text = to_utf8(name, data).data.decode("utf-8")
    lines = [(number, _fields(line)) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if lines and not _is_number(lines[0][1][-1]):
        lines = lines[1:]
    if not lines:
        raise InputError(f'"{name}" has no judgments.', "Each line needs a query ID, a row ID and a grade.")
    for number, fields in lines:
        if not _is_judgment(fields):
            problem = f'it has {len(fields)} fields and ends with "{fields[-1][:40]}"'
            remedy = "Each line needs a query ID, a row ID and a grade, separated by tabs, as in BEIR's qrels."
            raise InputError(f'Line {number:,} of "{name}" is not a judgment: {problem}.', remedy)
    rows = [(fields[0], fields[-2], float(fields[-1])) for _, fields in lines]
    table = pd.DataFrame(rows, columns=list(COLUMNS), index=[number for number, _ in lines])
    return table.astype({COLUMNS[0]: "str", COLUMNS[1]: "str"})


def row_ids(table: pd.DataFrame, column: str) -> pd.Series:
    """The ids of the corpus' rows as text: a column's cells, or row numbers. Raises InputError for no such column."""
    if column in (FROM_ONE, FROM_ZERO):
        return pd.Series(np.arange(len(table)) + (column == FROM_ONE)).astype("str")
    if column not in table.columns:
        raise InputError(f'The corpus has no column "{column}".', "Select the column with the IDs of its rows.")
    return label_strings(table[column])


def match_rows(
    query: np.ndarray, ids: pd.Series, grade: np.ndarray, corpus_ids: pd.Series, column: str
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Judgments as a table of query and row (int64 positions) and grade (float64, above 0), and counts: "judgments",
    and "absent" of those, which name no row of the corpus, with "absent_examples" of their ids.

    query: (p,) positions; ids: (p) of rows; grade: (p,), 0 or less is dropped. An id of several rows (passages of one
    document) means all of them. Raises InputError with examples of both sides where no id matches.
    """
    text_ids, relevant = label_strings(ids.reset_index(drop=True)), np.asarray(grade) > 0
    judged = pd.DataFrame({"query": query, "id": text_ids, "grade": grade})[relevant & text_ids.notna().to_numpy()]
    rows = pd.DataFrame({"id": corpus_ids.to_numpy(), "row": np.arange(len(corpus_ids))}).dropna()
    if len(rows) > 1 and rows["id"].nunique() == 1:
        message = f'The column "{column}" has the same value in every row, so it does not identify rows.'
        raise InputError(message, "Select the column with the IDs of the corpus' rows.")
    matched = judged.merge(rows, on="id", how="inner")
    absent = judged[~judged["id"].isin(rows["id"])]
    if not len(matched):
        raise _no_match_error(judged["id"], rows["id"], column)
    examples = [str(row_id) for row_id in absent["id"].drop_duplicates().head(EXAMPLES)]
    counts = {"judgments": len(judged), "absent": len(absent), "absent_examples": examples}
    return matched.astype({"query": np.int64, "row": np.int64, "grade": np.float64}), counts


def best_grades(query: np.ndarray, answer: np.ndarray, grade: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each (query, answer) once, with its highest grade."""
    best = pd.DataFrame({"query": query, "answer": answer, "grade": grade}).groupby(["query", "answer"])["grade"].max()
    keys = best.index.to_frame()
    return keys["query"].to_numpy(np.int32), keys["answer"].to_numpy(np.int32), best.to_numpy(np.float64)


def _no_match_error(judged: pd.Series, corpus_ids: pd.Series, column: str) -> InputError:
    if not len(judged):
        return InputError("No judgment has a grade above 0.", "Grades above 0 mean relevant; check the grades.")
    by = column if column in (FROM_ONE, FROM_ZERO) else f'the column "{column}"'
    return InputError(
        f"None of the {len(judged):,} judgments matches a row of this corpus. IDs in the judgments: "
        f"{_sample_ids(judged)}; in {by}: {_sample_ids(corpus_ids)}.",
        "Select the column with these IDs, or upload the judgments that belong to this corpus.",
    )


def _sample_ids(ids: pd.Series) -> str:
    return ", ".join(f'"{str(row_id)[:40]}"' for row_id in ids.drop_duplicates().head(3))


def _fields(line: str) -> list[str]:
    return [field.strip() for field in line.split("\t")] if "\t" in line else line.split()


def _is_judgment(fields: list[str]) -> bool:
    return len(fields) in (3, 4) and _is_number(fields[-1])


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False
