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
from core.quality import service as measures
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.contenders import Contender, get_or_compute_neighbors
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery

LABEL = "category"


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        digest, _ = banking_at(place)
        other = embed(load_corpus(CorpusRef(place, digest)), load_embedder("lexical"), Workspace(place)).model
        first = Contender(PRESETS[0])
        variants = [Contender(PRESETS[0], 128), Contender(PRESETS[0], 64), Contender(PRESETS[0], None, "binary")]
        contenders = (first, *variants, Contender(other))
        for model in (PRESETS[0], other):
            NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(place, digest), model))
        found: dict[str, Any] = {"rows": len(load_corpus(CorpusRef(place, digest))), "contenders": len(contenders)}
        found["variants_graphs"] = timed(
            lambda: [get_or_compute_neighbors(CorpusRef(place, digest), variant) for variant in variants]
        )
        found["disagreement"] = timed(
            lambda: COMPARISON.get_or_compute(ComparisonQuery(CorpusRef(place, digest), contenders))
        )
        found["compression"] = {
            part: timed(
                lambda part=part: COMPRESSION.get_or_compute(CompressionQuery(CorpusRef(place, digest), first, part))
            )
            for part in PARTS
        }
        found["quality, one contender"] = qualities(place, digest, first)
    keep("compare", found)


def qualities(place: str, digest: str, contender: Contender) -> dict[str, float]:
    """Seconds of the parts that embed nothing, each asked for the first time."""
    where = (place, digest, contender)
    parts: dict[str, Callable[[], Any]] = {
        "similarity": lambda: measures.similarity(*where, LABEL),
        "density": lambda: measures.dimension_usage(*where),
        "hubs": lambda: measures.hubness(*where, LABEL),
        "length": lambda: measures.length_bias(*where),
        "what a cosine means": lambda: measures.same_label(*where, LABEL),
        "noise": lambda: measures.noise_robustness(*where),
    }
    return {name: timed(part) for name, part in parts.items()}


def timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return round(time.perf_counter() - started, 1)


if __name__ == "__main__":
    main()
