"""How long measuring compression usually takes."""

from math import log
from typing import Literal

from core.clusters.resample import MANY_ROWS
from core.compression.quantizers import LEAST_FOR_PQ, TRAINED
from core.compression.sample import FEWER_QUERIES, MOST_ROWS
from core.quality.distinct_texts import QUERIES

Part = Literal["dimensions", "bits", "indexes"]
PARTS: tuple[Part, ...] = ("dimensions", "bits", "indexes")


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
