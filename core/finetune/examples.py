"""The examples of adapters (core.adapt) over texts instead of vectors: a model that is trained embeds them anew.

Until they are embedded, texts have stand-ins: points on a circle, one for each distinct text, from which the text can
be read again. So labels, pairs, judgments and splits are those of adapters, whatever the model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.adapt.service import Examples, Labels, Pairs, ScoredPairs, Sides, Supervision, fewer_candidates, read, split
from core.corpus.texts import valid_texts
from core.errors import InputError
from core.types import ModelSpec, Vectors

MAX_TEXTS = 1_000_000  # distinct points on a circle in float32
STAND_IN = ModelSpec("imported", "stand-in")
Encode = Callable[[list[str]], np.ndarray]
Judgments = tuple[Sequence[str], Sequence[Sequence[int] | Mapping[int, float]]]


@dataclass(frozen=True, eq=False)
class TextExamples:
    """supervision: over stand-ins. texts: the distinct texts; those that differ only in case or white space are one."""

    supervision: Supervision
    texts: list[str]

    @property
    def examples(self) -> Examples:
        return self.supervision.examples

    def split(self, rows: Sequence[int] | np.ndarray | None, seed: int) -> Sides:
        """As core.adapt.splits; raises InputError where too few examples are left."""
        return split(self.supervision, rows, seed)

    def codes(self, stand_ins: np.ndarray) -> np.ndarray:
        """(m,) int64 positions in `texts` of stand-ins (m, 2)."""
        turns = np.arctan2(stand_ins[:, 1].astype(np.float64), stand_ins[:, 0]) / (2 * np.pi)
        return np.rint(turns * _slots(len(self.texts))).astype(np.int64) % _slots(len(self.texts))

    def texts_of(self, stand_ins: np.ndarray) -> list[str]:
        return [self.texts[code] for code in self.codes(stand_ins)]

    def embedded(self, examples: Examples, encode: Encode) -> Examples:
        """Examples (a part of these) with the vectors that `encode` gives for their texts, each encoded once."""
        first, second = (self.codes(rows) for rows in rows_of(examples))
        needed, position = np.unique(np.concatenate([first, second]), return_inverse=True)
        rows = encode([self.texts[code] for code in needed])
        return with_rows(examples, rows[position[: len(first)]], rows[position[len(first) :]])

    def used_texts(self, ids: np.ndarray) -> list[str]:
        """The texts of some examples (ids): queries and their relevant texts, or both sides of pairs."""
        examples = self.examples.take(ids)
        first, second = rows_of(examples)
        if not isinstance(examples, ScoredPairs):
            second = second[examples.candidate_features @ examples.query_features.sum(axis=0).A1 > 0]
        return self.texts_of(np.concatenate([first, second]))

    def count_texts(self, examples: Examples) -> int:
        """The distinct texts of some examples."""
        return len(np.unique(np.concatenate([self.codes(rows) for rows in rows_of(examples)])))


def read_texts(
    texts: Sequence[str], labels: Labels | None = None, pairs: Pairs | None = None, judgments: Judgments | None = None
) -> TextExamples:
    """Exactly one of labels (n cells), pairs (row, row, score) and judgments (queries, for each its relevant rows or
    {row: weight}). Raises InputError where nothing can be learned from them."""
    rows = valid_texts(texts)
    queries = valid_texts(judgments[0]) if judgments is not None else []
    codes, distinct = _distinct([*rows, *queries])
    if len(distinct) > MAX_TEXTS:
        raise InputError(f"There are more than {MAX_TEXTS:,} distinct texts.", "Fine-tune on a sample of the corpus.")
    points = _circle(len(distinct))[codes]
    documents = Vectors(points[: len(rows)], STAND_IN, "")
    asked = Vectors(points[len(rows) :], STAND_IN, "")  # not scaled anew, so that equal texts stay equal
    judged = (asked, judgments[1]) if judgments is not None else None
    return TextExamples(read(documents, labels, pairs, judged), distinct)


def reduced(examples: Examples, queries: int, candidates: int, seed: int) -> Examples:
    """At most so many examples, drawn at random; judged queries rank so many texts, the relevant ones among them."""
    rng, ids = np.random.default_rng(seed), np.arange(len(examples))
    if len(ids) > queries:
        examples = examples.take(np.sort(rng.choice(ids, queries, replace=False)))
    if isinstance(examples, ScoredPairs) or examples.is_symmetric:
        return examples
    return fewer_candidates(examples, candidates, rng)


def with_rows(examples: Examples, first: np.ndarray, second: np.ndarray) -> Examples:
    """Examples with other vectors: of queries and candidates, or of the two sides of pairs."""
    if isinstance(examples, ScoredPairs):
        return replace(examples, first=first, second=second)
    return replace(examples, queries=first, candidates=second)


def rows_of(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of queries and candidates, or of the two sides of pairs."""
    if isinstance(examples, ScoredPairs):
        return examples.first, examples.second
    return examples.queries, examples.candidates


def _distinct(texts: list[str]) -> tuple[np.ndarray, list[str]]:
    """(n,) codes and the first text of each code."""
    keys = np.array([" ".join(text.casefold().split()) for text in texts], dtype=object)
    codes = np.asarray(pd.factorize(keys)[0])
    return codes, [texts[row] for row in np.unique(codes, return_index=True)[1]]


def _slots(count: int) -> int:
    return max(count, 1)


def _circle(count: int) -> np.ndarray:
    """(count, 2) float32 distinct unit rows."""
    turns = 2 * np.pi * np.arange(count) / _slots(count)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
