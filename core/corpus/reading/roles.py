"""Guesses which columns of a table are its text, labels, time and ID; always a suggestion that a user can change."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.label_sets import detect_separator
from core.corpus.reading.cells import cell_text
from core.corpus.reading.template import column_field
from core.corpus.reading.times import TIME_NAMES, time_share
from core.types import Roles

_SAMPLE = 2_000
_MAX_LABELS = 8
_TEXT_NAMES = re.compile(
    r"text|content|body|review|comment|message|descri|summary|title|question|answer|query|utterance|sentence|feedback|"
    r"abstract|note|tweet|post|document|passage|prompt|评论|评价|内容|正文|文本|标题|描述|反馈|问题|意见|留言|摘要",
    re.IGNORECASE,
)
_LABEL_NAMES = re.compile(
    r"label|categ|class|topic|rating|score|star|sentiment|type|intent|area|product|tag|lang|status|source|gender|region|"
    r"类|标签|评分|星|主题|情感|类型|产品",
    re.IGNORECASE,
)
_ID_NAMES = re.compile(r"(?i:^(id|_id|uuid|guid|key|index|idx|no\.?|number|row_?id|编号|序号)$|[_ ]id$)|[a-z]I[Dd]$")
# linear in the length of a cell, whatever it holds: no part may match the same characters in two ways
_CODE = re.compile(r"(?=[^0-9]*[0-9])[!-~]+|https?://\S+|[^\s@]+@\S+")
_MACHINE = re.compile(
    r"\s*(?:[\[{]\s*(?:[\[{\"'\]}]|[-+.\d]|true\b|false\b|null\b).*[\]}]|[A-Za-z0-9+/=_-]{40,}|https?://\S+(?:\s+https?://\S+)*"
    r"|(?:[-+]?\d[\d.eE+-]*[\s,;]+){7,}[-+.\deE]+)\s*",
    re.DOTALL,
)  # JSON and lists, base64 and digests, addresses, numbers
_MARKUP = re.compile(r"<(?:[a-z][a-z0-9]*|/[a-z][a-z0-9]*|!--)[^<>]*>", re.IGNORECASE)
_PLACE_NAMES = frozenset({"position", "page", "slide", "cell", "message"})  # numbers of parts of a document
_ROW_NUMBERS = re.compile(r"__index_level_\d+__|Unnamed: \d+|level_\d+")  # that pandas leaves
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class _Facts:
    """What one column looks like over the sample."""

    name: str
    kind: str  # text, number, time or flag
    distinct: int  # in the whole column
    rows: int
    length: float
    mean_words: float
    codes: float  # share of cells that are one token with a digit, an address or the like
    machine: float  # share of cells for programs: JSON, vectors, base64
    markup: float  # share of cells with HTML
    sets: bool  # whether rows have several labels

    @property
    def unique(self) -> float:
        return self.distinct / max(self.rows, 1)


def guess_roles(table: pd.DataFrame) -> Roles:
    """Roles for a table; `text` is "{column}" or "" when no column is text. Never raises."""
    facts = [_facts(str(name), table.iloc[:, i]) for i, name in enumerate(table.columns)]
    time = _guess_time(facts, table)
    text = _guess_text([fact for fact in facts if fact.name != time])
    left = [fact for fact in facts if fact.name not in {time, text} and not _ROW_NUMBERS.fullmatch(fact.name)]
    complete = [fact for fact in left if fact.rows == len(table)]  # a column with missing cells is no ID
    # texts that are times are rarely IDs, even if unique
    identity = _guess_id([fact for fact in complete if fact.kind != "text" or _time_share(table, fact.name) < 0.9])
    labels = _guess_labels([fact for fact in left if fact.name != identity])
    titled = {"_id", "title", "text"} <= set(table.columns)  # BEIR's format, whose recipe embeds both
    return Roles("{title} {text}" if titled else column_field(text) if text else "", labels, time, identity)


def _facts(name: str, column: pd.Series) -> _Facts:
    kind, distinct, rows = _kind(column), _distinct(column), int(column.notna().sum())
    if kind != "text":
        return _Facts(name, kind, distinct, rows, 0, 0, 0, 0, 0, False)
    cells = [text[:5_000] for cell in column.dropna().iloc[:_SAMPLE] if (text := cell_text(cell))] or [""]
    word_counts = [len(cell.split()) + len(_CJK.findall(cell)) / 2 for cell in cells]
    codes = float(np.mean([_CODE.fullmatch(cell.strip()) is not None for cell in cells]))
    length = float(np.mean([len(cell) for cell in cells]))
    machine = float(np.mean([_MACHINE.fullmatch(cell) is not None for cell in cells]))
    markup = float(np.mean([_MARKUP.search(cell) is not None for cell in cells]))
    sets = detect_separator(column) is not None
    return _Facts(name, kind, distinct, rows, length, float(np.mean(word_counts)), codes, machine, markup, sets)


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column.dtype):
        return "flag"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "time"
    return "number" if pd.api.types.is_numeric_dtype(column.dtype) else "text"


def _distinct(column: pd.Series) -> int:
    try:
        return int(column.nunique())
    except TypeError:  # cells that can't be hashed
        return int(column.astype(str).nunique())


def _guess_text(facts: list[_Facts]) -> str:
    candidates = [fact for fact in facts if fact.kind == "text" and fact.rows and max(fact.codes, fact.machine) < 0.7]
    candidates = [fact for fact in candidates if not fact.sets]
    best = max(candidates, key=_text_score, default=None)
    return best.name if best and _text_score(best) > 1 else ""


def _text_score(fact: _Facts) -> float:
    """Long, varied, of several words; a name such as "text" counts as much as six times the length. Cells for programs
    and with HTML count less, so that plain language is preferred."""
    hint = 1.8 if _TEXT_NAMES.search(fact.name) and not _LABEL_NAMES.search(fact.name) else 0.0
    plain = 1 - 0.5 * max(fact.machine, fact.markup)
    return plain * float(np.log1p(fact.length) * (0.4 + min(fact.unique, 1)) + min(fact.mean_words, 5) * 0.4 + hint)


def _guess_time(facts: list[_Facts], table: pd.DataFrame) -> str | None:
    for fact in sorted(facts, key=lambda fact: (fact.kind != "time", TIME_NAMES.search(fact.name) is None)):
        named = TIME_NAMES.search(fact.name) is not None
        if fact.kind == "flag" or (fact.kind == "number" and not named) or fact.length > 60:
            continue
        if _time_share(table, fact.name) >= (0.7 if named else 0.9):
            return fact.name
    return None


def _guess_id(facts: list[_Facts]) -> str | None:
    named = [fact for fact in facts if _ID_NAMES.search(fact.name) and fact.rows and fact.unique == 1]
    exact = [fact for fact in named if fact.name.lower() in {"id", "_id", "uuid", "key"}]
    coded = [fact for fact in facts if fact.kind == "text" and fact.codes > 0.9 and fact.unique == 1 and fact.rows > 2]
    return next((fact.name for fact in [*exact, *named, *coded]), None)


def _time_share(table: pd.DataFrame, name: str) -> float:
    """The share of a column's cells that are times, 0 for a repeated name."""
    return time_share(table[name]) if list(table.columns).count(name) == 1 else 0.0


def _guess_labels(facts: list[_Facts]) -> tuple[str, ...]:
    ranked = sorted(filter(_is_label, facts), key=lambda fact: (fact.sets, _LABEL_NAMES.search(fact.name) is None))
    return tuple(fact.name for fact in ranked[:_MAX_LABELS])


def _is_label(fact: _Facts) -> bool:
    """Few distinct values, each on several rows, or several labels a row; numbers only when very few, such as stars."""
    if fact.sets:
        return True
    if fact.kind == "time" or not 2 <= fact.distinct <= max(2, min(200, fact.rows / 3)) or fact.length > 60:
        return False
    if fact.machine > 0.5:
        return False
    return fact.kind != "number" or (fact.distinct <= 20 and fact.name not in _PLACE_NAMES)
