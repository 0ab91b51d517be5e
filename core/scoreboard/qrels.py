"""Judgments of relevance (qrels): read from files, and matched to the rows of a corpus."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.label_columns import label_strings, parse_numbers
from core.corpus.reading.encodings import to_utf8
from core.errors import InputError

COLUMNS = ("query-id", "corpus-id", "score")
FROM_ONE, FROM_ZERO = "row number from 1", "row number from 0"  # in place of a column of ids
EXAMPLES = 5
ID_WORDS = 2  # at most, so that scored pairs are no judgments
_LOOKED_AT = 200  # lines
_NAMED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(query|topic|q)[-_ ]?(id|no)|topic",
        r"(corpus|doc|document|passage|row|p)[-_ ]?(id|no)",
        r"score|grade|rel|relevance|label|rating",
    )
)


@dataclass(frozen=True, eq=False)
class Matched:
    """Judgments on rows of the corpus. query: (p,) places among the queries; row: (p,) rows; grade: (p,) float64 > 0.

    absent: judgments naming no row of the corpus, of `judged` in all; examples: some of their ids.
    """

    query: np.ndarray
    row: np.ndarray
    grade: np.ndarray
    judged: int
    absent: int
    examples: tuple[str, ...]


def is_qrels(data: bytes) -> bool:
    """Whether a file looks like judgments: lines of three or four fields, ids that are no sentences and then a number,
    after any header."""
    lines = data[:20_000].decode("utf-8", "replace").splitlines()[:_LOOKED_AT]
    whole = lines if len(data) <= 20_000 else lines[:-1]  # the last one may be cut
    fields = [_fields(line) for line in whole if line.strip()]
    body = fields[1:] if fields and not _is_number(fields[0][-1]) else fields
    return bool(body) and all(len(each) in (3, 4) and _is_number(each[-1]) and _are_ids(each[:-1]) for each in body)


def named_qrels(table: pd.DataFrame) -> pd.DataFrame | None:
    """Judgments from a table of few columns that are called as those of judgments are (Parquet, JSON Lines, CSV);
    without a column of grades all are 1. None for any other table, such as one with the queries' texts beside."""
    found = [next((name for name in table.columns if each.fullmatch(str(name))), None) for each in _NAMED]
    others = [table[name].dropna().astype("str").head(_LOOKED_AT) for name in table.columns if name not in found]
    if found[0] is None or found[1] is None or any(cells.str.contains(" ").any() for cells in others):
        return None
    grades = pd.Series(1.0, table.index) if found[2] is None else parse_numbers(table[found[2]])
    ids = [label_strings(table[name]) for name in found[:2]]
    made = pd.DataFrame(dict(zip(COLUMNS, (*ids, grades), strict=True))).dropna()
    return made.astype({COLUMNS[0]: "str", COLUMNS[1]: "str"}).reset_index(drop=True)


def read_qrels(name: str, data: bytes) -> pd.DataFrame:
    """COLUMNS as strings, strings and float64, from BEIR's three columns (with a header row or without) or TREC's four
    (query, 0, document, grade), parted by tabs or spaces. Raises InputError naming the line that can't be read."""
    text = to_utf8(name, data, None)[0].decode("utf-8")
    lines = [(number, _fields(line)) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if lines and not _is_number(lines[0][1][-1]):
        lines = lines[1:]
    if not lines:
        raise InputError(f'"{name}" holds no judgments.', "Each line needs a query's id, a row's id and a grade.")
    for number, fields in lines:
        if len(fields) not in (3, 4) or not _is_number(fields[-1]):
            raise InputError(
                f'Line {number:,} of "{name}" is not a judgment: it has {len(fields)} fields, the last being '
                f'"{fields[-1][:40]}".',
                "Each line needs a query's id, a row's id and a grade, parted by tabs, as in BEIR's qrels.",
            )
    rows = [(fields[0], fields[-2], float(fields[-1])) for _, fields in lines]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({COLUMNS[0]: "str", COLUMNS[1]: "str"})


def row_ids(table: pd.DataFrame, column: str) -> pd.Series:
    """The ids of the corpus' rows as text: a column's cells, or row numbers. Raises InputError for no such column."""
    if column in (FROM_ONE, FROM_ZERO):
        return pd.Series(np.arange(len(table)) + (column == FROM_ONE)).astype("str")
    if column not in table.columns:
        raise InputError(f'The corpus has no column "{column}".', "Choose the column that holds the ids of its rows.")
    return label_strings(table[column])


def match_rows(query: np.ndarray, ids: pd.Series, grade: np.ndarray, known: pd.Series, column: str) -> Matched:
    """Judgments -> rows of the corpus. query: (p,) places; ids: (p) of rows; grade: (p,), those of 0 or less dropped.

    An id that stands on several rows (passages of one document) means all of them. Raises InputError with examples of
    both sides where not one id is found.
    """
    words, relevant = label_strings(ids.reset_index(drop=True)), np.asarray(grade) > 0
    judged = pd.DataFrame({"query": query, "id": words, "grade": grade})[relevant & words.notna().to_numpy()]
    rows = pd.DataFrame({"id": known.to_numpy(), "row": np.arange(len(known))}).dropna()
    if len(rows) > 1 and rows["id"].nunique() == 1:
        raise InputError(
            f'The column "{column}" holds the same in every row, so it can\'t tell rows apart.',
            "Choose the column that holds the ids of the corpus' rows.",
        )
    met = judged.merge(rows, on="id", how="inner")
    absent = judged[~judged["id"].isin(rows["id"])]
    if not len(met):
        raise _none_found(judged["id"], rows["id"], column)
    examples = tuple(str(each) for each in absent["id"].drop_duplicates().head(EXAMPLES))
    arrays = (met["query"].to_numpy(np.int64), met["row"].to_numpy(np.int64), met["grade"].to_numpy(np.float64))
    return Matched(*arrays, len(judged), len(absent), examples)


def best_grades(query: np.ndarray, answer: np.ndarray, grade: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each (query, answer) once, with its highest grade."""
    found = pd.DataFrame({"query": query, "answer": answer, "grade": grade}).groupby(["query", "answer"])["grade"].max()
    keys = found.index.to_frame()
    return keys["query"].to_numpy(np.int32), keys["answer"].to_numpy(np.int32), found.to_numpy(np.float64)


def _none_found(judged: pd.Series, known: pd.Series, column: str) -> InputError:
    if not len(judged):
        return InputError("No judgment says that a row is relevant.", "Grades above 0 mean relevant; check the grades.")
    by = column if column in (FROM_ONE, FROM_ZERO) else f'the column "{column}"'
    return InputError(
        f"None of the {len(judged):,} judgments names a row of this corpus: they name {_some(judged)}; its rows are "
        f"known by {by}, such as {_some(known)}.",
        "Choose the column that holds these ids, or bring the judgments that belong to this corpus.",
    )


def _some(ids: pd.Series) -> str:
    return ", ".join(f'"{str(each)[:40]}"' for each in ids.drop_duplicates().head(3))


def _fields(line: str) -> list[str]:
    return [field.strip() for field in line.split("\t")] if "\t" in line else line.split()


def _are_ids(fields: list[str]) -> bool:
    return all(len(field.split()) <= ID_WORDS for field in fields)


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False
