"""How often extracted entities are correct, measured by benchmarks/entities.py; docs/entities.md has the method."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.entities.types import TypeName
from core.stats.interval import Interval
from core.stats.proportions import wilson

PATH = Path(__file__).with_suffix(".json")
MIN_PRECISION = 0.5  # a type below it in every measurement of a language is marked as unreliable


@dataclass(frozen=True)
class Precision:
    """A type in a language on one corpus. extracted: values of texts, of which `correct`. expected: labeled ones."""

    name: TypeName
    language: str
    corpus: str
    extracted: int
    correct: int
    expected: int

    @property
    def precision(self) -> Interval[np.ndarray]:
        """Share of the extracted that are correct, with Wilson's 95% interval; NaN where none was extracted."""
        return wilson(np.array(self.correct), np.array(self.extracted))

    @property
    def recall(self) -> Interval[np.ndarray]:
        """Share of the labeled that were extracted."""
        return wilson(np.array(self.correct), np.array(self.expected))


@lru_cache(maxsize=1)
def measured() -> tuple[Precision, ...]:
    return tuple(Precision(**line) for line in json.loads(PATH.read_text(encoding="utf-8")))
