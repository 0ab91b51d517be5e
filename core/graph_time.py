"""How long it takes to find contenders' neighbors, from what was timed on the same corpus."""

from collections.abc import Sequence

from core import opened
from core.contenders import Contender, has_graph
from core.store import Workspace
from core.types import ModelSpec

PAIRS_A_SECOND = 4e7  # of 384 dimensions, compared exactly
ROWS_A_SECOND = 1_500  # beyond, by an index
EXACT_ROWS = 30_000


def graph_seconds(folder: str, corpus: str, contenders: Sequence[Contender]) -> float:
    """About how many seconds the graphs take that are not kept yet.

    A variant is taken to need as long as its model's own graph did; where that was not timed, as long as usual.
    """
    missing = [each for each in contenders if not has_graph(folder, corpus, each)]
    return sum(_timed(folder, corpus, each.model) or _usual(folder, corpus, each) for each in missing)


def _timed(folder: str, corpus: str, model: ModelSpec) -> float | None:
    stored = Workspace(folder).load("neighbors", corpus, opened.neighbor_inputs(model))
    found = stored.facts.get("facts", {}).get("seconds") if stored else None
    return float(found) if found else None


def _usual(folder: str, corpus: str, contender: Contender) -> float:
    info = Workspace(folder).info(corpus)
    rows = info.rows if info else 0
    one = rows * rows / PAIRS_A_SECOND if rows <= EXACT_ROWS else rows / ROWS_A_SECOND
    return one * (contender.dimensions or contender.model.dimensions or 384) / 384
