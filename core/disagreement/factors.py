"""Factors that may explain disagreement: length, language, digits, code, questions, truncation, columns, clusters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from core.corpus.keyword import SPACELESS
from core.corpus.label_columns import label_codes
from core.corpus.language import NAMES, UNKNOWN
from core.models.base import Embedder
from core.models.registry import capabilities
from core.text import clean_line, truncate
from core.types import Progress

MAX_CHARACTERS = 20_000  # of a text that are analyzed
BINS = 5
MAX_VALUES = 100
MANY_DIGITS = 0.1  # share of the characters from which digits are many
SOME_CODE = 0.05
NAME_LENGTH = 40  # characters of a value's name
BATCH = 200
_SPACELESS = re.compile(f"[{SPACELESS}]")
_CODE = re.compile(r"[{}\[\]<>=;\\|`~^_#$*/@]")
_ENDS = ("?", "？", "؟", ";", "՞")


@dataclass(frozen=True, eq=False)
class TextFacts:
    """Of m texts. word_counts: (m,) int32, in scripts without spaces characters. digits, code: (m,) float32 shares of
    the characters that are digits, signs of code or markup. question: (m,) bool, it ends with a question mark.
    language: (m,) int16 positions in `languages` (ISO 639-1 codes, "und" where unclear)."""

    word_counts: np.ndarray
    digits: np.ndarray
    code: np.ndarray
    question: np.ndarray
    language: np.ndarray
    languages: tuple[str, ...]

    def select(self, rows: np.ndarray) -> "TextFacts":
        """The same for some of the texts."""
        arrays = {name: np.asarray(value)[rows] for name, value in vars(self).items() if name != "languages"}
        return TextFacts(**arrays, languages=self.languages)


def text_facts(texts: Sequence[str], progress: Progress | None = None) -> TextFacts:
    """Analyze each text; languages by script, then by py3langid."""
    from core.corpus.language import detect_language
    from core.corpus.texts import valid_texts

    detected: list[str] = []
    for start in range(0, len(texts), BATCH):
        detected += [detect_language(text) for text in valid_texts(list(texts[start : start + BATCH]))]
        if progress:
            progress(min(start + BATCH, len(texts)), len(texts))
    languages = tuple(sorted(set(detected)))
    positions = {code: at for at, code in enumerate(languages)}
    beginnings = [text[:MAX_CHARACTERS] for text in texts]
    return TextFacts(
        np.array([count_words(text) for text in beginnings], np.int32),
        np.array([sum(map(str.isdigit, text)) / max(len(text), 1) for text in beginnings], np.float32),
        np.array([len(_CODE.findall(text)) / max(len(text), 1) for text in beginnings], np.float32),
        np.array([text.rstrip().endswith(_ENDS) for text in beginnings], bool),
        np.array([positions[code] for code in detected], np.int16),
        languages,
    )


def count_words(text: str) -> int:
    """Words between spaces; where a third of the characters are of a script without spaces, characters."""
    spaceless = len(_SPACELESS.findall(text))
    return len("".join(text.split())) if 3 * spaceless > len(text) else len(text.split())


def exceeds_window(texts: Sequence[str], embedder: Embedder) -> np.ndarray:
    """(m,) bool: texts longer than the model's window, whose end it never saw; all False without a window."""
    window = embedder.spec.max_tokens
    if not window or capabilities(embedder.spec).splits_long_texts:
        return np.zeros(len(texts), bool)
    return np.asarray(embedder.count_tokens(list(texts))) > window


@dataclass(frozen=True, eq=False)
class Factor:
    """Texts by a few values. codes: (m,) int64 positions in `values`, -1 for texts of none. values: such as
    "under 6 words", so that "texts" before it makes a phrase."""

    name: str
    codes: np.ndarray
    values: tuple[str, ...]


def text_factors(facts: TextFacts) -> list[Factor]:
    """Length, language, questions, digits, and code or markup."""
    digits = np.where(facts.digits >= MANY_DIGITS, 1, np.where(facts.digits > 0, 0, -1))
    many_digits = f"with many digits ({MANY_DIGITS:.0%} of the characters or more)"
    return [
        length_factor(facts.word_counts),
        Factor("Question", np.where(facts.question, 0, -1), ("that are questions",)),
        Factor("Digits", digits, ("with a few digits", many_digits)),
        Factor("Code", np.where(facts.code >= SOME_CODE, 0, -1), ("with code or markup",)),
        _language_factor(facts),
    ]


def length_factor(word_counts: np.ndarray) -> Factor:
    """Five groups of about equally many texts, with whole numbers of words as ends."""
    ends = np.unique(np.ceil(np.quantile(word_counts, np.arange(1, BINS) / BINS))) if len(word_counts) else np.zeros(0)
    edges = [int(end) for end in ends if end > word_counts.min()]
    if not edges:
        return Factor("Length", np.full(len(word_counts), -1), ())
    names = [f"under {edges[0]:,} words"] if edges[0] > 1 else ["without words"]
    for low, high in pairwise(edges):
        names.append(f"of {low:,} to {high - 1:,} words" if high - 1 > low else f"of {low:,} words")
    names.append(f"of {edges[-1]:,} words or more")
    return Factor("Length", np.searchsorted(edges, word_counts, side="right"), tuple(names))


def _language_factor(facts: TextFacts) -> Factor:
    """The commonest is the reference."""
    names = {code: f"in {NAMES.get(code, code)}" for code in facts.languages} | {UNKNOWN: "in an uncertain language"}
    common = int(np.argmax(np.bincount(facts.language, minlength=1))) if len(facts.language) else -1
    codes = np.asarray(facts.language, np.int64)
    return Factor("Language", np.where(codes == common, -1, codes), tuple(names[code] for code in facts.languages))


def column_factor(series: pd.Series, name: str) -> Factor:
    """A column's values, the 100 most frequent."""
    codes, names = label_codes(series)
    return frequent_values(name, codes, [f'with {_short(name)} "{_short(value)}"' for value in names])


def cluster_factor(labels: np.ndarray, names: Sequence[str]) -> Factor:
    return frequent_values("Cluster", labels, [f'in the cluster "{_short(name)}"' for name in names])


def truncation_factor(over: np.ndarray, model: str) -> Factor:
    return Factor("Truncation", np.where(over, 0, -1), (f"truncated by {_short(model)}",))


def frequent_values(name: str, codes: np.ndarray, names: Sequence[str]) -> Factor:
    """The most frequent values; -1 for all others and for missing ones."""
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    frequent = np.argsort(-sizes, kind="stable")[:MAX_VALUES]
    positions = np.full(len(names) + 1, -1, np.int64)  # the last entry serves the code -1
    positions[frequent] = np.arange(len(frequent))
    return Factor(name, positions[codes], tuple(names[i] for i in frequent))


def _short(name: object) -> str:
    return truncate(clean_line(name), NAME_LENGTH)
