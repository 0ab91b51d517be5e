"""Which columns hold scored pairs: two texts and a number that says how alike they are."""

import re
from dataclasses import dataclass

import pandas as pd

from core.corpus.label_columns import INTERNAL_COLUMNS, parse_numbers
from core.corpus.loaders import load_corpus
from core.scoreboard.column_kinds import length_of, numbers_of, texts_of, words_of
from core.scoreboard.task_tables import open_table
from core.types import CorpusRef

_TWIN = re.compile(r"(?<![a-z0-9])(1|a|one|first|left|premise)(?![a-z0-9])|(?<=[a-z])1$", re.IGNORECASE)
_OTHER = {"1": "2", "a": "b", "one": "two", "first": "second", "left": "right", "premise": "hypothesis"}
_SCORE = re.compile(
    r"score|similar|related|likeness|rating|grade|label|gold|duplic|paraphras|quality|分", re.IGNORECASE
)
_NUMBERED = re.compile(r"column \d+")  # as columns are called that have no name
_ALIKE = 2.0  # times that one of two texts of a pair may be longer than the other, on average
FEWEST_WORDS = 3.0  # on average, for a column of a corpus to be taken for texts rather than names


@dataclass(frozen=True)
class PairColumns:
    """texts: columns that hold text, numbers: that hold numbers, each at least two and one for a task to be possible.
    first, second, score: proposed, "" where nothing fits. named: columns are called as those of scored pairs, or, in a
    table without a header, are like them."""

    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    first: str
    second: str
    score: str
    named: bool = False

    @property
    def complete(self) -> bool:
        return bool(self.first and self.second and self.score)


def pair_columns(corpus: CorpusRef, key: str) -> PairColumns:
    """The columns of a kept table; with key "" of the corpus, where two are proposed only if both look like texts."""
    table, never = _table(corpus, key)
    texts = texts_of(table)
    numbers = tuple(name for name in numbers_of(table) if name not in never)
    twins = _twins(texts, table)
    first, second = twins or _longest(texts, table, FEWEST_WORDS if not key else 0.0)
    named = [name for name in numbers if _SCORE.search(name)]
    likely = sorted(numbers, key=lambda name: (name not in named, *_against(table, name)))
    score = next((name for name in likely if name not in (first, second)), "")
    return PairColumns(
        texts, numbers, first, second, score, bool(twins and named) or _is_unnamed_pair(table, first, second, score)
    )


def _table(corpus: CorpusRef, key: str) -> tuple[pd.DataFrame, tuple[str | None, ...]]:
    """The table of pairs, and columns that count its rows."""
    if key:
        return open_table(corpus, key), ()
    kept = load_corpus(corpus)
    return kept.table, (*INTERNAL_COLUMNS, kept.roles.id)


def _twins(texts: tuple[str, ...], table: pd.DataFrame) -> tuple[str, str] | None:
    """sentence1 and sentence2, "#1 String" and "#2 String" and the like; of several such the first that are texts."""
    lower = {name.lower(): name for name in texts}
    spaced = {name: _TWIN.search(name.replace("_", " ")) for name in texts if not _NUMBERED.fullmatch(name)}
    others = {
        name: lower.get(name[: twin.start()].lower() + _OTHER[twin.group().lower()] + name[twin.end() :].lower())
        for name, twin in spaced.items()
        if twin
    }
    found = [(name, other) for name, other in others.items() if other]
    return max(found, key=lambda two: words_of(table, two[0]) >= FEWEST_WORDS, default=None)


def _against(table: pd.DataFrame, name: str) -> tuple[bool, bool, bool]:
    """What speaks against a column of scores: other words beside the numbers, one value a row, whole numbers."""
    column = table[name]
    numbers = parse_numbers(column).dropna()
    return len(numbers) < column.notna().sum(), column.nunique() == len(column), bool((numbers % 1 == 0).all())


def _is_unnamed_pair(table: pd.DataFrame, first: str, second: str, score: str) -> bool:
    """Whether a table without a header looks like scored pairs: two texts about as long as each other, and a number."""
    if not (score and all(_NUMBERED.fullmatch(name) for name in (first, second, score))):
        return False
    words = sorted(words_of(table, name) for name in (first, second))
    return words[0] >= FEWEST_WORDS and words[1] <= _ALIKE * words[0]


def _longest(texts: tuple[str, ...], table: pd.DataFrame, words: float) -> tuple[str, str]:
    """The two of the longest cells, of at least so many words on average, in the order of the table; those of several
    words come before addresses and codes."""
    worded = [name for name in texts if words_of(table, name) >= words]
    longest = sorted(worded, key=lambda name: (words_of(table, name) < FEWEST_WORDS, -length_of(table, name)))[:2]
    two = [name for name in texts if name in longest]
    return (two[0], two[1]) if len(two) == 2 else ("", "")
