"""What the Quality page tells of each contender's space, for a report: as far as it takes some seconds."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.errors import PlanisphereError
from core.quality import service as measures
from core.quality.length_bias import LengthBias
from core.quality.robustness import EditRobustness, NoiseRobustness
from core.quality.service import DimensionUsage, Hubness, edit_robustness, noise_robustness
from core.quality.similarity import Similarity
from core.types import CorpusRef
from core.vectors.contenders import Contender, has_graph

SECONDS = 12.0  # a download is kept waiting; what is not begun by then is left out
MOST_ROWS = 30_000  # of more, one contender takes longer than that


@dataclass(frozen=True, eq=False)
class Diagnosed:
    """What is told of one contender. place: among the report's contenders."""

    name: str
    place: int
    similarity: Similarity
    fullness: DimensionUsage
    noise: NoiseRobustness
    hubs: Hubness
    length: LengthBias
    wording: EditRobustness | None


def diagnose(corpus: CorpusRef, contenders: Sequence[Contender], rows: int, column: str) -> list[Diagnosed]:
    """What the spaces are like, of contenders whose neighbors are kept, one after another as long as time is left.

    column: of labels, "" for none.
    """
    found: list[Diagnosed] = []
    if rows > MOST_ROWS:
        return found
    started, column = time.monotonic(), _judged(corpus, column)
    for place, contender in enumerate(contenders):
        if time.monotonic() - started > SECONDS or not has_graph(corpus, contender):
            continue
        try:
            found.append(Diagnosed(contender.label, place, *_measured(corpus, contender, column),
                                   _wording(corpus, contender)))  # fmt: skip
        except PlanisphereError:  # too few texts
            continue
    return found


def _judged(corpus: CorpusRef, column: str) -> str:
    """The column, or "" where its labels are too few to be compared."""
    try:
        return column if column and measures.check_labels(corpus, column) else ""
    except PlanisphereError:
        return ""


@lru_cache(maxsize=20)
def _measured(
    corpus: CorpusRef, contender: Contender, column: str
) -> tuple[Similarity, DimensionUsage, NoiseRobustness, Hubness, LengthBias]:
    """Kept while the worker lives, so that a second report costs nothing and holds more."""
    where = (corpus, contender)
    return (
        measures.similarity(*where, column), measures.dimension_usage(*where), noise_robustness(*where),
        measures.hubness(*where, column), measures.length_bias(*where),
    )  # fmt: skip


def _wording(corpus: CorpusRef, contender: Contender) -> EditRobustness | None:
    """Robustness to changed texts, where it was measured."""
    try:
        return edit_robustness(corpus, contender)
    except PlanisphereError:
        return None
