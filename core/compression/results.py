"""What compressing a contender loses as stored results, in three parts."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log
from typing import Literal

import numpy as np

from core.compression.dimensions import DimensionRun, measure_dimensions
from core.compression.index_sweep import SweepRun, measure_indexes
from core.compression.quantization import MIN_PQ_TEXTS, PQ_TRAINING_ROWS, QuantizationRun, measure_quantization
from core.compression.sample import MAX_ROWS, QUERIES, Sample, Truth, draw_sample, exact_truth, query_count
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.results import Result
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender, contender_rows
from core.vectors.loaders import load_vectors

Part = Literal["dimensions", "quantization", "indexes"]
PARTS: tuple[Part, ...] = ("dimensions", "quantization", "indexes")
SEED = 0
Run = DimensionRun | QuantizationRun | SweepRun
STAGES: dict[Part, str] = {
    "dimensions": "Measuring fewer dimensions",
    "quantization": "Measuring quantization",
    "indexes": "Measuring indexes",
}


@dataclass(frozen=True)
class CompressionQuery:
    """One part of what compressing a contender at float32 loses."""

    corpus: CorpusRef
    contender: Contender
    part: Part


@dataclass(frozen=True, eq=False)
class Measurement:
    """run: what the part measured, its neighbors as rows of the corpus, -1 for none. queries: (q,) rows of the corpus.

    searched: distinct texts searched of `texts`; width: dimensions; seed: of the sample; seconds: it took.
    """

    run: Run
    queries: np.ndarray
    searched: int
    texts: int
    width: int
    seed: int
    seconds: float


def at_float32(contender: Contender) -> Contender:
    """The contender at float32: what is compressed here."""
    return replace(contender, bits="float32")


def width_of(query: CompressionQuery) -> int:
    """Dimensions of the contender's vectors."""
    vectors = load_vectors(query.corpus, query.contender.model)
    return query.contender.dimensions or int(vectors.rows.shape[1])


def _inputs(query: CompressionQuery) -> dict[str, object]:
    model, dimensions = query.contender.model, query.contender.dimensions
    return {"model": model, "dimensions": dimensions, "part": query.part, "seed": SEED, "rows": MAX_ROWS}


def _measure(query: CompressionQuery, progress: Progress) -> Measurement:
    """Raises InputError for too few texts."""
    started = time.perf_counter()
    sample, truth = _sample(query.corpus, query.contender)
    runs: dict[Part, Callable[[], Run]] = {
        "dimensions": lambda: measure_dimensions(sample, truth, progress),
        "quantization": lambda: measure_quantization(sample, truth, progress),
        "indexes": lambda: measure_indexes(sample, progress),
    }
    run = runs[query.part]()
    if not isinstance(run, SweepRun):  # positions in the sample become rows of the corpus
        rows = np.where(run.neighbors >= 0, sample.ids[np.maximum(run.neighbors, 0)], -1).astype(np.int32)
        run = replace(run, neighbors=rows)
    if query.part == PARTS[-1]:
        _sample.cache_clear()
    seconds = round(time.perf_counter() - started, 2)
    queries, (searched, width) = sample.ids[sample.queries], sample.rows.shape
    return Measurement(run, queries, searched, sample.texts, width, sample.seed, seconds)


@lru_cache(maxsize=1)
def _sample(corpus: CorpusRef, contender: Contender) -> tuple[Sample, Truth]:
    """The same for all parts."""
    groups = distinct_texts(load_corpus(corpus).texts)[0]
    sample = draw_sample(contender_rows(corpus, contender), groups, SEED)
    return sample, exact_truth(sample)


def _seconds(query: CompressionQuery) -> float:
    """As other contenders of this corpus took, by their dimensions; where none was timed, as usual on two cores."""
    records = [record for record in COMPRESSION.records(query.corpus) if record["inputs"]["part"] == query.part]
    timed = [record["facts"]["seconds"] / record["facts"]["width"] for record in records]
    width = width_of(query)
    if timed:
        return float(np.median(timed)) * width
    texts = len(distinct_texts(load_corpus(query.corpus).texts)[1])
    return usual_seconds(texts, width)[query.part]


def usual_seconds(texts: int, width: int) -> dict[Part, float]:
    """On two cores, one search at a time."""
    rows = min(texts, MAX_ROWS)
    cost = rows * width / 5e6  # of 13,000 rows of 384 dimensions: 1
    queries = query_count(rows) / QUERIES
    training = 12 * min(rows, PQ_TRAINING_ROWS) * width / 5e6 if rows >= MIN_PQ_TEXTS else 0.0
    few_queries = min(rows, QUERIES) / QUERIES
    return {
        "dimensions": 0.5 + 10 * cost * queries,
        "quantization": 0.3 + 2.2 * few_queries + training + 4 * cost,
        "indexes": 0.3 + few_queries + 8 * cost * log(max(rows, 2)) / log(MAX_ROWS),
    }


COMPRESSION: Result[CompressionQuery, Measurement] = Result(
    "compression",
    4,
    CompressionQuery,
    Measurement,
    inputs=_inputs,
    compute=_measure,
    seconds=_seconds,
    stage=lambda query: STAGES[query.part],
    unit="settings",
    absence="The compression of this contender has not been measured.",
    remedy="Start it on the Compression page.",
)
