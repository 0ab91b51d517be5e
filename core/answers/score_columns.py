"""Which columns of a table the forms of the scoreboard's tasks offer, and which they propose."""

import re
from dataclasses import dataclass

import pandas as pd

from core import opened
from core.label_columns import label_words
from core.scoring.qrels import COLUMNS, FROM_ONE, FROM_ZERO, row_ids
from core.scoring.task_tables import open_table

_LOOKED_AT = 2_000  # rows
_COMPARED = 200_000  # rows of a corpus up to which all of its columns are held against the ids asked for
_TWIN = re.compile(r"^(.*?)[ _.-]?(1|a|one|first|left)$", re.IGNORECASE)
_OTHER = {"1": "2", "a": "b", "one": "two", "first": "second", "left": "right"}
_TITLE = re.compile(r"title|subject|summary|headline|question|query|标题|主题|问题", re.IGNORECASE)
_SCORE = re.compile(r"score|similar|related|likeness|rating|grade|label|gold|分", re.IGNORECASE)
_QUERY = re.compile(r"^text$|quer|question|search|查询|问题", re.IGNORECASE)
_RELEVANT = re.compile(r"corpus|doc|relevant|answer|target|row|id", re.IGNORECASE)
_GRADE = re.compile(r"score|grade|relevan|rating|label", re.IGNORECASE)
_ID = re.compile(r"^_?id$|query[ _-]?id|^qid$", re.IGNORECASE)


@dataclass(frozen=True)
class PairColumns:
    """texts: columns that hold text, numbers: that hold numbers, each at least two and one for a task to be possible.
    first, second, score: proposed, "" where nothing fits."""

    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    first: str
    second: str
    score: str

    @property
    def complete(self) -> bool:
        return bool(self.first and self.second and self.score)


@dataclass(frozen=True)
class QueryColumns:
    """columns: of the file of queries; ids: what the corpus' rows can be known by, the likeliest first. The others are
    proposed, "" where nothing fits."""

    columns: tuple[str, ...]
    ids: tuple[str, ...]
    text: str
    query_id: str
    relevant: str
    grade: str


def pair_columns(folder: str, corpus: str, key: str) -> PairColumns:
    """The columns of a kept table, or with key "" of the corpus."""
    table = open_table(folder, corpus, key) if key else opened.corpus(folder, corpus).table
    texts, numbers = _texts(table), _numbers(table)
    first, second = _two(texts, table)
    named = [name for name in numbers if _SCORE.search(name)]
    varied = [name for name in numbers if name not in named and table[name].nunique() < len(table)]
    score = next(iter([*named, *varied, *numbers]), "")
    return PairColumns(texts, numbers, first, second, score)


def query_columns(folder: str, corpus: str, key: str, qrels: str = "") -> QueryColumns:
    """The columns of a kept table of queries, and of the corpus it asks. qrels: key of the judgments beside it."""
    table, kept = open_table(folder, corpus, key), opened.corpus(folder, corpus)
    columns, texts = tuple(map(str, table.columns)), _texts(table)
    text = next((name for name in texts if _QUERY.search(name)), texts[0] if texts else "")
    left = [name for name in columns if name != text]
    query_id = next((name for name in left if _ID.search(name)), "")
    beside = [name for name in left if name != query_id]
    relevant = next((name for name in beside if _RELEVANT.search(name)), beside[0] if beside else "")
    graded = [name for name in left if name != relevant and name in _numbers(table) and _GRADE.search(name)]
    asked = open_table(folder, corpus, qrels, True)[COLUMNS[1]] if qrels else table[relevant] if relevant else None
    ids = _row_columns(kept.table, kept.roles.id, asked)
    return QueryColumns(columns, ids, text, query_id, relevant, next(iter(graded), ""))


def text_columns(folder: str, corpus: str) -> tuple[tuple[str, ...], str, str]:
    """The corpus' columns that hold text, and a proposed one to ask with, such as a title, and one to find."""
    kept = opened.corpus(folder, corpus)
    texts = tuple(name for name in _texts(kept.table) if name != kept.roles.id)
    if len(texts) < 2:
        return texts, "", ""
    by_length = sorted(texts, key=lambda name: -_length(kept.table, name))
    asking = next((name for name in by_length[1:] if _TITLE.search(name)), by_length[1])
    return texts, asking, by_length[0]


def _texts(table: pd.DataFrame) -> tuple[str, ...]:
    kinds = (pd.api.types.is_string_dtype, pd.api.types.is_object_dtype)
    found = [str(name) for name in table.columns if any(is_kind(table[name]) for is_kind in kinds)]
    return tuple(name for name in found if table[name].notna().any())


def _numbers(table: pd.DataFrame) -> tuple[str, ...]:
    """Columns of numbers, and of text most of which can be read as numbers."""
    found = []
    for name in map(str, table.columns):
        cells = table[name].dropna().iloc[:_LOOKED_AT]
        readable = pd.to_numeric(cells, errors="coerce") if not pd.api.types.is_datetime64_any_dtype(cells) else None
        if readable is not None and len(cells) and readable.notna().mean() > 0.5:
            found.append(name)
    return tuple(found)


def _two(texts: tuple[str, ...], table: pd.DataFrame) -> tuple[str, str]:
    """sentence1 and sentence2 and the like, else the two of the longest cells, in the order of the table."""
    lower = {name.lower(): name for name in texts}
    for name in texts:
        twin = _TWIN.match(name)
        if twin:
            ending = twin.group(2)
            other = lower.get(name[: -len(ending)].lower() + _OTHER[ending.lower()])
            if other:
                return name, other
    longest = sorted(texts, key=lambda name: -_length(table, name))[:2]
    two = [name for name in texts if name in longest]
    return (two[0], two[1]) if len(two) == 2 else ("", "")


def _length(table: pd.DataFrame, name: str) -> float:
    return float(table[name].iloc[:_LOOKED_AT].astype("str").str.len().mean())


def _row_columns(table: pd.DataFrame, role: str | None, asked: pd.Series | None) -> tuple[str, ...]:
    """Columns and row numbers by the share of the asked ids they hold, then the id column first."""
    first = [role] if role is not None and role in table.columns else []
    names = [*first, *(str(name) for name in table.columns if name != role), FROM_ONE, FROM_ZERO]
    if asked is None:
        return tuple(names)
    wanted = set(label_words(asked).dropna().iloc[:_LOOKED_AT])
    compared = [name for name in names if len(table) <= _COMPARED or name in (*first, FROM_ONE, FROM_ZERO)]
    held = {name: len(wanted & set(row_ids(table, name).dropna())) for name in compared}
    return tuple(sorted(names, key=lambda name: -held.get(name, 0)))
