"""Which columns hold scored pairs: two texts and a number that says how alike they are."""

import re
from dataclasses import dataclass

import pandas as pd

from core import opened
from core.answers.map_rows import UNTOLD
from core.answers.score_column_kinds import length_of, numbers_of, texts_of, words_of
from core.scoring.task_tables import open_table

_TWIN = re.compile(r"^(.*?)[ _.-]?(1|a|one|first|left)$", re.IGNORECASE)
_OTHER = {"1": "2", "a": "b", "one": "two", "first": "second", "left": "right"}
_SCORE = re.compile(r"score|similar|related|likeness|rating|grade|label|gold|duplic|paraphras|分", re.IGNORECASE)
FEWEST_WORDS = 3.0  # on average, for a column of a corpus to be taken for texts rather than names


@dataclass(frozen=True)
class PairColumns:
    """texts: columns that hold text, numbers: that hold numbers, each at least two and one for a task to be possible.
    first, second, score: proposed, "" where nothing fits. named: columns are called as those of scored pairs."""

    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    first: str
    second: str
    score: str
    named: bool = False

    @property
    def complete(self) -> bool:
        return bool(self.first and self.second and self.score)


def pair_columns(folder: str, corpus: str, key: str) -> PairColumns:
    """The columns of a kept table; with key "" of the corpus, where two are proposed only if both look like texts."""
    table, never = _table(folder, corpus, key)
    texts = texts_of(table)
    numbers = tuple(name for name in numbers_of(table) if name not in never)
    twins = _twins(texts)
    first, second = twins or _longest(texts, table, FEWEST_WORDS if not key else 0.0)
    named = [name for name in numbers if _SCORE.search(name)]
    varied = [name for name in numbers if name not in named and table[name].nunique() < len(table)]
    score = next((name for name in [*named, *varied, *numbers] if name not in (first, second)), "")
    return PairColumns(texts, numbers, first, second, score, bool(twins and named))


def _table(folder: str, corpus: str, key: str) -> tuple[pd.DataFrame, tuple[str | None, ...]]:
    """The table of pairs, and columns that count its rows."""
    if key:
        return open_table(folder, corpus, key), ()
    kept = opened.corpus(folder, corpus)
    return kept.table, (*UNTOLD, kept.roles.id)


def _twins(texts: tuple[str, ...]) -> tuple[str, str] | None:
    """sentence1 and sentence2 and the like."""
    lower = {name.lower(): name for name in texts}
    for name in texts:
        twin = _TWIN.match(name)
        if twin:
            ending = twin.group(2)
            other = lower.get(name[: -len(ending)].lower() + _OTHER[ending.lower()])
            if other:
                return name, other
    return None


def _longest(texts: tuple[str, ...], table: pd.DataFrame, words: float) -> tuple[str, str]:
    """The two of the longest cells, of at least so many words on average, in the order of the table."""
    worded = [name for name in texts if words_of(table, name) >= words]
    longest = sorted(worded, key=lambda name: -length_of(table, name))[:2]
    two = [name for name in texts if name in longest]
    return (two[0], two[1]) if len(two) == 2 else ("", "")
