"""How long measuring compression takes, from what was timed on the same corpus."""

from math import log

import numpy as np

from core.compression.sample import FEWER_QUERIES, MANY_ROWS, MOST_ROWS, QUERIES
from core.compression.stores import LEAST_FOR_PQ, TRAINED
from core.compression.tasks import KIND, PARTS, Part
from core.store import Workspace


def expected_seconds(folder: str, corpus: str, texts: int, width: int) -> dict[Part, float]:
    """About how long each part takes: as other contenders of this corpus took, by their dimensions; where none was
    timed, as usual on two cores."""
    usual, timed = usual_seconds(texts, width), _timed(folder, corpus)
    return {part: timed[part] * width if part in timed else usual[part] for part in PARTS}


def _timed(folder: str, corpus: str) -> dict[Part, float]:
    """Seconds a dimension, by part, of those that were measured."""
    found: dict[Part, list[float]] = {part: [] for part in PARTS}
    for record in Workspace(folder).results(KIND, corpus):
        found[record["inputs"]["part"]].append(record["facts"]["seconds"] / record["facts"]["width"])
    return {part: float(np.median(each)) for part, each in found.items() if each}


def usual_seconds(texts: int, width: int) -> dict[Part, float]:
    """On two cores, one search at a time."""
    rows = min(texts, MOST_ROWS)
    cost = rows * width / 5e6  # of 13,000 rows of 384 dimensions: 1
    asked = (QUERIES if rows <= MANY_ROWS else FEWER_QUERIES) / QUERIES
    learned = 12 * min(rows, TRAINED) * width / 5e6 if rows >= LEAST_FOR_PQ else 0.0
    few = min(rows, QUERIES) / QUERIES
    return {
        "dimensions": 0.5 + 10 * cost * asked,
        "bits": 0.3 + 2.2 * few + learned + 4 * cost,
        "indexes": 0.3 + few + 8 * cost * log(max(rows, 2)) / log(MOST_ROWS),
    }
