"""Which columns of a table the task forms of the scoreboard offer, and which they propose."""

import re
from dataclasses import dataclass

import pandas as pd

from core.corpus.label_columns import (
    INTERNAL_COLUMNS,
    find_split_column,
    label_columns,
    label_set_columns,
    label_strings,
    parse_numbers,
)
from core.corpus.loaders import load_corpus
from core.corpus.qrels import COLUMNS, FROM_ONE, FROM_ZERO, row_ids
from core.corpus.reading.template import column_field
from core.scoreboard.task_tables import open_table
from core.types import CorpusRef

INSPECTED_ROWS = 2_000
MIN_NUMERIC_SHARE = 0.5  # share of a column's cells that must be numbers
_MAX_COMPARED_ROWS = 200_000  # of a corpus up to which all columns are compared with the ids in the judgments
_TITLE = re.compile(r"title|subject|summary|headline|question|query|标题|主题|问题", re.IGNORECASE)
_QUERY = re.compile(r"^text$|quer|question|search|查询|问题", re.IGNORECASE)
_RELEVANT = re.compile(r"corpus|doc|relevant|answer|target|row|id", re.IGNORECASE)
_GRADE = re.compile(r"score|grade|relevan|rating|label", re.IGNORECASE)
_ID = re.compile(r"^_?id$|query[ _-]?id|^qid$", re.IGNORECASE)
_TWIN = re.compile(r"(?<![a-z0-9])(1|a|one|first|left|premise)(?![a-z0-9])|(?<=[a-z])1$", re.IGNORECASE)
_OTHER = {"1": "2", "a": "b", "one": "two", "first": "second", "left": "right", "premise": "hypothesis"}
_SCORE = re.compile(r"score|similar|related|likeness|rating|grade|label|gold|duplic|paraphras|quality|分", re.I)
_NUMBERED = re.compile(r"column \d+")  # names of columns without a name
_MAX_LENGTH_RATIO = 2.0  # of the mean lengths of the two texts of a pair
MIN_MEAN_WORDS = 3.0  # for a column to be taken for texts rather than names


@dataclass(frozen=True)
class QueryColumns:
    """columns: of the file of queries; ids: columns and row numbers that may identify the corpus'
    rows, the likeliest first. The others are proposed, "" where nothing fits."""

    columns: tuple[str, ...]
    ids: tuple[str, ...]
    text: str
    query_id: str
    relevant: str
    grade: str


@dataclass(frozen=True)
class PairColumns:
    """texts: columns that hold text, numbers: that hold numbers, each at least two and one for a task to be possible.
    first, second, score: proposed, "" where nothing fits. named: column names are those of rated pairs, or a table
    without a header looks like them."""

    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    first: str
    second: str
    score: str
    named: bool = False

    @property
    def complete(self) -> bool:
        return bool(self.first and self.second and self.score)


@dataclass(frozen=True)
class LabelChoice:
    """A column of labels. several: whether a row may have several."""

    column: str
    several: bool


def label_choices(corpus: CorpusRef) -> tuple[LabelChoice, ...]:
    """Columns that may hold labels: those with the role first, never the text itself, the split column last; then
    those with several labels a row."""
    loaded = load_corpus(corpus)
    split = find_split_column(loaded.table)
    names = [name for name in label_columns(corpus) if loaded.roles.text != column_field(name)]
    single = [LabelChoice(name, False) for name in sorted(names, key=lambda name: name == split)]
    return (*single, *(LabelChoice(name, True) for name in label_set_columns(corpus)))


def query_columns(corpus: CorpusRef, key: str, qrels: str = "") -> QueryColumns:
    """The columns of a stored table of queries, and of the corpus it searches. qrels: key of its judgments."""
    table, loaded = open_table(corpus, key), load_corpus(corpus)
    columns, texts = tuple(map(str, table.columns)), text_column_names(table)
    text = next((name for name in texts if _QUERY.search(name)), texts[0] if texts else "")
    # a constant column identifies no rows, such as the empty metadata of BEIR's queries
    varying = [name for name in columns if len(table) < 2 or table[name].astype("str").nunique() > 1]
    candidates = [name for name in varying if name != text]
    by_name = next((name for name in candidates if _ID.search(name)), "")
    query_id = by_name or _column_of_query_ids(table[candidates], corpus, qrels)
    others = [name for name in candidates if name != query_id]
    relevant = next((name for name in others if _RELEVANT.search(name)), others[0] if others else "")
    numbers = numeric_column_names(table)
    grade = next((name for name in candidates if name != relevant and name in numbers and _GRADE.search(name)), "")
    ids_in_judgments = open_table(corpus, qrels, True)[COLUMNS[1]] if qrels else table[relevant] if relevant else None
    ids = _row_columns(loaded.table, loaded.roles.id, ids_in_judgments)
    return QueryColumns(columns, ids, text, query_id, relevant, grade)


def text_columns(corpus: CorpusRef) -> tuple[tuple[str, ...], str, str]:
    """The corpus' columns that hold text, a proposed one for queries, such as a title, and one to retrieve."""
    loaded = load_corpus(corpus)
    texts = tuple(name for name in text_column_names(loaded.table) if name != loaded.roles.id)
    if len(texts) < 2:
        return texts, "", ""
    by_length = sorted(texts, key=lambda name: -mean_length(loaded.table, name))
    query = next((name for name in by_length[1:] if _TITLE.search(name)), by_length[1])
    return texts, query, by_length[0]


def pair_columns(corpus: CorpusRef, key: str) -> PairColumns:
    """The columns of a stored table; with key "" of the corpus, where two are proposed only if both look like texts."""
    loaded = load_corpus(corpus)
    table = open_table(corpus, key) if key else loaded.table
    never = () if key else (*INTERNAL_COLUMNS, loaded.roles.id)  # columns that count the rows
    texts = text_column_names(table)
    numbers = tuple(name for name in numeric_column_names(table) if name not in never)
    twins = _twins(texts, table)
    first, second = twins or _longest(texts, table, MIN_MEAN_WORDS if not key else 0.0)
    named = [name for name in numbers if _SCORE.search(name)]
    likely = sorted(numbers, key=lambda name: (name not in named, *_score_column_rank(table, name)))
    score = next((name for name in likely if name not in (first, second)), "")
    is_named = bool(twins and named) or _is_unnamed_pair(table, first, second, score)
    return PairColumns(texts, numbers, first, second, score, is_named)


def _column_of_query_ids(table: pd.DataFrame, corpus: CorpusRef, qrels: str) -> str:
    """The column with the most of the query ids in the judgments, "" where none has any."""
    if not qrels:
        return ""
    ids = set(label_strings(open_table(corpus, qrels, True)[COLUMNS[0]]).dropna().iloc[:INSPECTED_ROWS])
    matches = {str(name): len(ids & set(label_strings(table[name]).dropna())) for name in table.columns}
    return max(matches, key=lambda name: matches[name]) if any(matches.values()) else ""


def _row_columns(table: pd.DataFrame, role: str | None, ids_in_judgments: pd.Series | None) -> tuple[str, ...]:
    """Columns and row numbers by how many ids of the judgments they hold, then the id column first."""
    first = [role] if role is not None and role in table.columns else []
    names = [*first, *(str(name) for name in table.columns if name != role), FROM_ONE, FROM_ZERO]
    if ids_in_judgments is None:
        return tuple(names)
    ids = set(label_strings(ids_in_judgments).dropna().iloc[:INSPECTED_ROWS])
    compared = [name for name in names if len(table) <= _MAX_COMPARED_ROWS or name in (*first, FROM_ONE, FROM_ZERO)]
    matches = {name: len(ids & set(row_ids(table, name).dropna())) for name in compared}
    return tuple(sorted(names, key=lambda name: -matches.get(name, 0)))


def _twins(texts: tuple[str, ...], table: pd.DataFrame) -> tuple[str, str] | None:
    """sentence1 and sentence2, "#1 String" and "#2 String" and the like; of several such the first that are texts."""
    lower = {name.lower(): name for name in texts}
    spaced = {name: _TWIN.search(name.replace("_", " ")) for name in texts if not _NUMBERED.fullmatch(name)}
    others = {
        name: lower.get(name[: twin.start()].lower() + _OTHER[twin.group().lower()] + name[twin.end() :].lower())
        for name, twin in spaced.items()
        if twin
    }
    twins = [(name, other) for name, other in others.items() if other]
    return max(twins, key=lambda two: mean_words(table, two[0]) >= MIN_MEAN_WORDS, default=None)


def _score_column_rank(table: pd.DataFrame, name: str) -> tuple[bool, bool, bool]:
    """What speaks against a column of scores: cells that are not numbers, unique values, integers."""
    column = table[name]
    numbers = parse_numbers(column).dropna()
    return len(numbers) < column.notna().sum(), column.nunique() == len(column), bool((numbers % 1 == 0).all())


def _is_unnamed_pair(table: pd.DataFrame, first: str, second: str, score: str) -> bool:
    """Whether a table without a header looks like rated pairs: two texts about as long as each other, and a number."""
    if not (score and all(_NUMBERED.fullmatch(name) for name in (first, second, score))):
        return False
    lengths = sorted(mean_words(table, name) for name in (first, second))
    return lengths[0] >= MIN_MEAN_WORDS and lengths[1] <= _MAX_LENGTH_RATIO * lengths[0]


def _longest(texts: tuple[str, ...], table: pd.DataFrame, min_words: float) -> tuple[str, str]:
    """The two of the longest cells, of at least so many words on average, in the order of the table; those of several
    words come before addresses and codes."""
    word_counts = {name: mean_words(table, name) for name in texts}
    usable = [name for name in texts if word_counts[name] >= min_words]
    longest = sorted(usable, key=lambda name: (word_counts[name] < MIN_MEAN_WORDS, -mean_length(table, name)))[:2]
    two = [name for name in texts if name in longest]
    return (two[0], two[1]) if len(two) == 2 else ("", "")


def text_column_names(table: pd.DataFrame) -> tuple[str, ...]:
    kinds = (pd.api.types.is_string_dtype, pd.api.types.is_object_dtype)
    names = [str(name) for name in table.columns if any(is_kind(table[name]) for is_kind in kinds)]
    return tuple(name for name in names if table[name].notna().any())


def numeric_column_names(table: pd.DataFrame) -> tuple[str, ...]:
    """Columns of numbers, and of text most of which can be read as numbers."""
    names = []
    for name in map(str, table.columns):
        cells = table[name].dropna().iloc[:INSPECTED_ROWS]
        if len(cells) and not pd.api.types.is_datetime64_any_dtype(cells):
            names += [name] if parse_numbers(cells).notna().mean() > MIN_NUMERIC_SHARE else []
    return tuple(names)


def mean_length(table: pd.DataFrame, name: str) -> float:
    return float(table[name].iloc[:INSPECTED_ROWS].astype("str").str.len().mean())


def mean_words(table: pd.DataFrame, name: str) -> float:
    return float(table[name].iloc[:INSPECTED_ROWS].dropna().astype("str").str.count(r"\S+").mean())
