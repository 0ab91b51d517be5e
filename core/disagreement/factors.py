"""Factors that may explain disagreement: each sorts texts into a few values, said in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from core.corpus.label_columns import label_codes
from core.corpus.language import NAMES, UNKNOWN
from core.disagreement.texts import TextFacts
from core.text import clean_line, truncate

BINS = 5
MOST_VALUES = 100
MANY = 0.1  # share of the characters from which digits are many
SOME_CODE = 0.05
WIDEST = 40  # characters of a value's name


@dataclass(frozen=True, eq=False)
class Factor:
    """codes: (m,) int64 places in `values`, -1 for texts of no value that is looked at. values: such as
    "under 6 words", so that "texts" before it makes a phrase."""

    name: str
    codes: np.ndarray
    values: tuple[str, ...]


def text_factors(facts: TextFacts) -> list[Factor]:
    """Length, language, questions, digits, and code or markup."""
    digits = np.where(facts.digits >= MANY, 1, np.where(facts.digits > 0, 0, -1))
    found = [
        length_factor(facts.words),
        Factor("Question", np.where(facts.question, 0, -1), ("that are questions",)),
        Factor("Digits", digits, ("with a few digits", f"with many digits ({MANY:.0%} of the signs or more)")),
        Factor("Code", np.where(facts.code >= SOME_CODE, 0, -1), ("with code or markup",)),
    ]
    return [*found, _languages(facts)]


def length_factor(words: np.ndarray) -> Factor:
    """Five groups of about equally many texts, with whole numbers of words as ends."""
    ends = np.unique(np.ceil(np.quantile(words, np.arange(1, BINS) / BINS))) if len(words) else np.zeros(0)
    edges = [int(end) for end in ends if end > words.min()]
    if not edges:
        return Factor("Length", np.full(len(words), -1), ())
    names = [f"under {edges[0]:,} words"] if edges[0] > 1 else ["without words"]
    for low, high in pairwise(edges):
        names.append(f"of {low:,} to {high - 1:,} words" if high - 1 > low else f"of {low:,} words")
    names.append(f"of {edges[-1]:,} words or more")
    return Factor("Length", np.searchsorted(edges, words, side="right"), tuple(names))


def _languages(facts: TextFacts) -> Factor:
    names = [f"in {NAMES.get(code, code)}" if code != UNKNOWN else "in no certain language" for code in facts.languages]
    # the commonest is what the others are held against
    common = int(np.argmax(np.bincount(facts.language, minlength=1))) if len(facts.language) else -1
    codes = np.asarray(facts.language, np.int64)
    return Factor("Language", np.where(codes == common, -1, codes), tuple(names))


def column_factor(series: pd.Series, name: str) -> Factor:
    """A column's values, the 100 most frequent."""
    codes, names = label_codes(series)
    return grouped(name, codes, [f'with {_short(name)} "{_short(each)}"' for each in names])


def cluster_factor(labels: np.ndarray, names: Sequence[str]) -> Factor:
    return grouped("Group", labels, [f'in the group "{_short(name)}"' for name in names])


def cut_factor(over: np.ndarray, model: str) -> Factor:
    return Factor("Cut off", np.where(over, 0, -1), (f"cut off by {_short(model)}",))


def grouped(name: str, codes: np.ndarray, names: Sequence[str]) -> Factor:
    """The most frequent values; -1 for all others and for missing ones."""
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    kept = np.argsort(-sizes, kind="stable")[:MOST_VALUES]
    place = np.full(len(names) + 1, -1, np.int64)  # the last entry serves the code -1
    place[kept] = np.arange(len(kept))
    return Factor(name, place[codes], tuple(names[i] for i in kept))


def _short(name: object) -> str:
    return truncate(clean_line(name), WIDEST)
