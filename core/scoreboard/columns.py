"""Which columns of a table the forms of the scoreboard's tasks offer, and which they propose."""

import re
from dataclasses import dataclass

import pandas as pd

from core.corpus.label_columns import find_split_column, label_columns, label_strings
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import column_field
from core.scoreboard.column_kinds import LOOKED_AT, length_of, numbers_of, texts_of
from core.scoreboard.qrels import COLUMNS, FROM_ONE, FROM_ZERO, row_ids
from core.scoreboard.task_tables import open_table
from core.types import CorpusRef

_COMPARED = 200_000  # rows of a corpus up to which all of its columns are held against the ids asked for
_TITLE = re.compile(r"title|subject|summary|headline|question|query|标题|主题|问题", re.IGNORECASE)
_QUERY = re.compile(r"^text$|quer|question|search|查询|问题", re.IGNORECASE)
_RELEVANT = re.compile(r"corpus|doc|relevant|answer|target|row|id", re.IGNORECASE)
_GRADE = re.compile(r"score|grade|relevan|rating|label", re.IGNORECASE)
_ID = re.compile(r"^_?id$|query[ _-]?id|^qid$", re.IGNORECASE)


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


def label_choices(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns that may hold labels: those chosen as labels first, never the text itself, the split column last."""
    kept = load_corpus(corpus)
    split = find_split_column(kept.table)
    found = [name for name in label_columns(corpus) if kept.roles.text != column_field(name)]
    return tuple(sorted(found, key=lambda name: name == split))


def query_columns(corpus: CorpusRef, key: str, qrels: str = "") -> QueryColumns:
    """The columns of a kept table of queries, and of the corpus it asks. qrels: key of the judgments beside it."""
    table, kept = open_table(corpus, key), load_corpus(corpus)
    columns, texts = tuple(map(str, table.columns)), texts_of(table)
    text = next((name for name in texts if _QUERY.search(name)), texts[0] if texts else "")
    left = [name for name in columns if name != text and _tells_apart(table[name])]
    query_id = next((name for name in left if _ID.search(name)), "") or _named_by(table[left], corpus, qrels)
    beside = [name for name in left if name != query_id]
    relevant = next((name for name in beside if _RELEVANT.search(name)), beside[0] if beside else "")
    graded = [name for name in left if name != relevant and name in numbers_of(table) and _GRADE.search(name)]
    asked = open_table(corpus, qrels, True)[COLUMNS[1]] if qrels else table[relevant] if relevant else None
    ids = _row_columns(kept.table, kept.roles.id, asked)
    return QueryColumns(columns, ids, text, query_id, relevant, next(iter(graded), ""))


def text_columns(corpus: CorpusRef) -> tuple[tuple[str, ...], str, str]:
    """The corpus' columns that hold text, and a proposed one to ask with, such as a title, and one to find."""
    kept = load_corpus(corpus)
    texts = tuple(name for name in texts_of(kept.table) if name != kept.roles.id)
    if len(texts) < 2:
        return texts, "", ""
    by_length = sorted(texts, key=lambda name: -length_of(kept.table, name))
    asking = next((name for name in by_length[1:] if _TITLE.search(name)), by_length[1])
    return texts, asking, by_length[0]


def _named_by(table: pd.DataFrame, corpus: CorpusRef, qrels: str) -> str:
    """The column that holds the most of the queries' ids that judgments name, "" where none does."""
    if not qrels:
        return ""
    wanted = set(label_strings(open_table(corpus, qrels, True)[COLUMNS[0]]).dropna().iloc[:LOOKED_AT])
    held = {str(name): len(wanted & set(label_strings(table[name]).dropna())) for name in table.columns}
    return max(held, key=lambda name: held[name]) if any(held.values()) else ""


def _tells_apart(column: pd.Series) -> bool:
    """Whether a column can name rows: not one value throughout, such as the empty metadata of BEIR's queries."""
    return len(column) < 2 or column.astype("str").nunique() > 1


def _row_columns(table: pd.DataFrame, role: str | None, asked: pd.Series | None) -> tuple[str, ...]:
    """Columns and row numbers by the share of the asked ids they hold, then the id column first."""
    first = [role] if role is not None and role in table.columns else []
    names = [*first, *(str(name) for name in table.columns if name != role), FROM_ONE, FROM_ZERO]
    if asked is None:
        return tuple(names)
    wanted = set(label_strings(asked).dropna().iloc[:LOOKED_AT])
    compared = [name for name in names if len(table) <= _COMPARED or name in (*first, FROM_ONE, FROM_ZERO)]
    held = {name: len(wanted & set(row_ids(table, name).dropna())) for name in compared}
    return tuple(sorted(names, key=lambda name: -held.get(name, 0)))
