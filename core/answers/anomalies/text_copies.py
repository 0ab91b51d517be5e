"""Texts compared by their wording, once for all thresholds, and kept."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core import opened
from core.anomalies.near_duplicates import make_links
from core.anomalies.shingles import TextLinks, Unit, text_links
from core.errors import StorageError
from core.store import Workspace
from core.types import Progress

FLOOR = 0.5
QUICK = 3_000_000  # characters compared at once, without a job: some 10 s
A_SECOND = 300_000  # characters compared in a second


@dataclass(frozen=True)
class TextState:
    """kept: the texts have been compared. quick: they can be at once. seconds: what it will take, about."""

    kept: bool
    quick: bool
    seconds: float


def text_state(folder: str, corpus: str, unit: Unit) -> TextState:
    kept = Workspace(folder).load("text_copies", corpus, _inputs(unit)) is not None
    size = 0 if kept else sum(map(len, opened.corpus(folder, corpus).texts))
    return TextState(kept, size <= QUICK, size / A_SECOND)


def compare_texts(folder: str, corpus: str, unit: Unit, progress: Progress | None = None) -> None:
    """Find and keep pairs of texts alike in wording, unless that was done."""
    workspace, inputs = Workspace(folder), _inputs(unit)
    if workspace.load("text_copies", corpus, inputs) is not None:
        return
    found = text_links(opened.corpus(folder, corpus).texts, unit, FLOOR, progress=progress)
    arrays = {"first": found.links.first, "second": found.links.second, "scores": found.links.scores}
    facts = {"bands": found.bands, "rows_a_band": found.rows_a_band, "crowded": found.crowded}
    workspace.save("text_copies", corpus, inputs, arrays, facts)


@lru_cache(maxsize=4)
def kept_text_links(folder: str, corpus: str, unit: Unit) -> TextLinks:
    """Raises StorageError where the texts have not been compared."""
    stored = Workspace(folder).load("text_copies", corpus, _inputs(unit))
    if stored is None:
        raise StorageError("These texts have not been compared yet.", "Compare them on the Anomalies page.")
    first, second, scores = (np.asarray(stored.arrays[name]) for name in ("first", "second", "scores"))
    return TextLinks(make_links(first, second, scores, len(opened.corpus(folder, corpus)), FLOOR), **stored.facts)


def text_facts(folder: str, corpus: str, unit: Unit, threshold: float) -> tuple[float, int]:
    """The probability that a pair just at the threshold was found, and texts too crowded to be compared with all."""
    found = kept_text_links(folder, corpus, unit)
    return found.chance(threshold), found.crowded


def _inputs(unit: Unit) -> dict[str, object]:
    return {"unit": unit, "floor": FLOOR, "text_copies": 1}
