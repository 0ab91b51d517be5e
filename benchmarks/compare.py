"""Disagreement, Compression and Quality: seconds of each part on BANKING77's 13,083 questions, five contenders."""

import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks.report import keep
from benchmarks.scoreboard import banking_at
from core.compression.results import COMPRESSION, PARTS, CompressionQuery
from core.corpus.loaders import load_corpus
from core.disagreement.results import COMPARISON, ComparisonQuery
from core.models.registry import PRESETS, load_embedder
from core.quality import service as quality
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.contenders import Contender, get_or_compute_neighbors
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery

LABEL = "category"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus = CorpusRef(folder, banking_at(folder)[0])
        other = embed(load_corpus(corpus), load_embedder("lexical"), Workspace(folder)).model
        first = Contender(PRESETS[0])
        variants = [Contender(PRESETS[0], 128), Contender(PRESETS[0], 64), Contender(PRESETS[0], None, "binary")]
        contenders = (first, *variants, Contender(other))
        for model in (PRESETS[0], other):
            NEIGHBORS.get_or_compute(ModelQuery(corpus, model))
        results: dict[str, Any] = {"rows": len(load_corpus(corpus)), "contenders": len(contenders)}
        results["variants_graphs"] = timed(lambda: [get_or_compute_neighbors(corpus, variant) for variant in variants])
        results["disagreement"] = timed(lambda: COMPARISON.get_or_compute(ComparisonQuery(corpus, contenders)))
        results["compression"] = {
            part: timed(lambda part=part: COMPRESSION.get_or_compute(CompressionQuery(corpus, first, part)))
            for part in PARTS
        }
        results["quality, one contender"] = qualities(corpus, first)
    keep("compare", results)


def qualities(corpus: CorpusRef, contender: Contender) -> dict[str, float]:
    """Seconds of the parts that embed nothing, each computed for the first time."""
    query = (corpus, contender)
    parts: dict[str, Callable[[], Any]] = {
        "similarity": lambda: quality.similarity(*query, LABEL),
        "dimension_usage": lambda: quality.dimension_usage(*query),
        "hubs": lambda: quality.hubness(*query, LABEL),
        "length": lambda: quality.length_bias(*query),
        "calibration": lambda: quality.same_label(*query, LABEL),
        "noise": lambda: quality.noise_robustness(*query),
    }
    return {name: timed(part) for name, part in parts.items()}


def timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    main()
