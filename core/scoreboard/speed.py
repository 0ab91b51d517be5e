"""How quick a contender is on this machine: texts embedded a second, and how long a query takes. Measured, and kept."""

import os
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.corpus.loaders import load_distinct_texts
from core.models.registry import capabilities
from core.scoreboard.cpu_load import BUSY, load_meter
from core.scoreboard.timing import TOP, time_embedding, time_search
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec
from core.vectors.contenders import Contender, contender_rows
from core.vectors.loaders import cached_embedder, load_vectors

KIND = "speed"
Basis = Literal["measured", "run", "unknown", "missing", "none"]


@dataclass(frozen=True)
class Speed:
    """seconds_per_1000: to embed 1,000 texts, over `texts` timed ones. p50_ms, p95_ms: a query's embedding and exact
    search of the corpus together, over `queries` of them. None where it is not known. others: share of the processors'
    time that other programs used meanwhile.

    basis: measured here; of the embedding run as it was kept, since each request is paid; unknown (a paid service whose
    run embedded nothing anew); missing (not measured yet); none (there is no model to measure).
    """

    basis: Basis
    seconds_per_1000: float | None = None
    texts: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    queries: int = 0
    cpus: int = 0
    others: float = 0.0

    @property
    def busy(self) -> bool:
        """Whether so much else ran that the times are too long."""
        return self.others >= BUSY


def kept_speed(corpus: CorpusRef, contender: Contender) -> Speed:
    """What is known without measuring."""
    declared = capabilities(contender.model)
    if not declared.can_embed:
        return Speed("none")
    if declared.paid:
        return _run_speed(corpus, contender.model)
    workspace = Workspace(corpus.folder)
    embedding = workspace.load(KIND, corpus.digest, speed_inputs(Contender(contender.model), "embedding"))
    search = workspace.load(KIND, corpus.digest, speed_inputs(contender, "search"))
    if embedding is None or search is None:
        return Speed("missing")
    texts, seconds = int(embedding.facts["texts"]), float(embedding.facts["seconds"])
    both = (embedding.arrays["queries"] + search.arrays["queries"]) * 1000
    p50, p95 = (float(each) for each in np.quantile(both, (0.5, 0.95)))
    others = max(float(each.facts.get("others", 0.0)) for each in (embedding, search))
    return Speed("measured", 1000 * seconds / max(texts, 1), texts, p50, p95, len(both), os.cpu_count() or 1, others)


def measure_speed(corpus: CorpusRef, contender: Contender, secret: Secret | None = None, again: bool = False) -> Speed:
    """Measure what is not kept (again: all of it) and keep it: a few seconds. Nothing is sent to a paid service.

    A model's variants share its embedding time and have their own search time. Raises what the embedder raises.
    """
    declared = capabilities(contender.model)
    if declared.paid or not declared.can_embed:
        return kept_speed(corpus, contender)
    workspace = Workspace(corpus.folder)
    inputs = speed_inputs(Contender(contender.model), "embedding")
    if again or workspace.load(KIND, corpus.digest, inputs) is None:
        embedder, others = cached_embedder(corpus.folder, contender.model, secret), load_meter()
        facts, times = time_embedding(embedder, load_distinct_texts(corpus))
        # a server's own work is no other's, and may be done on this machine
        facts |= {"others": 0.0 if declared.hosted else others()}
        workspace.save(KIND, corpus.digest, inputs, {"queries": times}, facts)
    inputs = speed_inputs(contender, "search")
    if again or workspace.load(KIND, corpus.digest, inputs) is None:
        rows, others = contender_rows(corpus, contender), load_meter()
        times = time_search(rows, contender)
        facts = {"method": "exact", "top": TOP, "others": others()}
        workspace.save(KIND, corpus.digest, inputs, {"queries": times}, facts)
    return kept_speed(corpus, contender)


def speed_inputs(contender: Contender, what: Literal["embedding", "search"]) -> dict[str, Any]:
    """What names a measured time; a machine with another number of processors has its own."""
    return {"contender": contender.to_dict(), "what": what, "cpus": os.cpu_count() or 1, "seed": 0, "speed": 1}


def _run_speed(corpus: CorpusRef, spec: ModelSpec) -> Speed:
    facts = load_vectors(corpus, spec).facts
    texts = int(facts.get("computed", 0))
    if not texts:
        return Speed("unknown")
    return Speed("run", 1000 * float(facts.get("seconds", 0)) / texts, texts)
