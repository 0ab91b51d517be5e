"""Robustness of wording as a function for workers, kept in the workspace, and the spaces that diagnostics read."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.texts import distinct_texts
from core.errors import JobError, ModelError, StorageError
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.quality.distinct_texts import Space, build_space
from core.quality.edit_robustness import TEXTS, Changed, Moved, change_texts, measure_moved
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender, contender_neighbors, contender_rows, graph_inputs
from core.vectors.loaders import load_vectors

KIND = "quality"
TOLD = 2_000  # texts of a run whose speed is told for the next


@dataclass(frozen=True)
class Plan:
    """What robustness of one contender takes. texts: to embed of `total` changed ones; usd: most cost, None where the
    price is not known; seconds: about, None where it is not known; able: whether its model can embed texts; sends:
    whether texts leave this machine."""

    kept: bool
    able: bool
    texts: int
    total: int
    characters: int
    seconds: float | None
    usd: float | None
    sends: bool


@lru_cache(maxsize=4)
def space(corpus: CorpusRef, contender: Contender) -> Space:
    """The contender's distinct texts with their neighbors. Raises StorageError where its graph is missing."""
    graph = contender_neighbors(corpus, contender)
    return build_space(contender_rows(corpus, contender), graph.ids, graph.scores, text_groups(corpus))


@lru_cache(maxsize=2)
def text_groups(corpus: CorpusRef) -> np.ndarray:
    """(n,) int64 codes of identical texts, from 0 in order of appearance."""
    return np.asarray(distinct_texts(load_corpus(corpus).texts)[0], np.int64)


@lru_cache(maxsize=2)
def changed_texts(corpus: CorpusRef) -> Changed:
    """The texts of a corpus changed by every probe, seed 0."""
    return change_texts(load_distinct_texts(corpus), TEXTS, 0)


def robustness_plan(corpus: CorpusRef, contender: Contender) -> Plan:
    """What would be embedded, and what that costs at most. Nothing is computed or sent."""
    from core.vectors.text_vectors import missing_texts

    model = contender.model
    texts = changed_texts(corpus).all_texts
    kept = Workspace(corpus.folder).load(KIND, corpus.digest, wording_inputs(contender)) is not None
    if kept or not capabilities(model).can_embed:
        return Plan(kept, kept, 0, len(texts), 0, 0.0, 0.0, False)
    left = missing_texts(corpus, model, texts)
    usd = max_usd(left, model) if left else 0.0
    facts = load_vectors(corpus, model).facts
    told = facts.get("computed", 0) >= TOLD  # of few texts, most of the time went into loading the model
    seconds = len(left) * facts["seconds"] / facts["computed"] if told else None
    return Plan(False, True, len(left), len(texts), sum(map(len, left)), seconds, usd, capabilities(model).paid)


def measure_wording(
    corpus: CorpusRef,
    contender: Contender,
    secret: Secret | None = None,
    limit_usd: float | None = None,
    progress: Progress | None = None,
) -> None:
    """Embed the changed texts, measure and keep, unless it is kept already. progress counts texts embedded.

    limit_usd: nothing is sent where it could cost more. Raises ModelError where the contender can't embed texts,
    ServiceError where a server refuses, JobError where the limit does not reach.
    """
    from core.vectors.text_vectors import embed_task_texts, missing_texts

    workspace, inputs = Workspace(corpus.folder), wording_inputs(contender)
    if workspace.load(KIND, corpus.digest, inputs) is not None:
        return
    if not capabilities(contender.model).can_embed:
        raise ModelError(f"{contender.label} was brought in: changed texts can't be embedded with it.")
    changes = changed_texts(corpus)
    texts = changes.all_texts
    left = missing_texts(corpus, contender.model, texts) if limit_usd is not None else []
    if limit_usd is not None and left and (max_usd(left, contender.model) or 0.0) > limit_usd * (1 + 1e-9):
        raise JobError(
            f"{len(left):,} changed texts could cost more than the limit of ${limit_usd:,.2f}; nothing was sent.",
            "Start again with a higher limit.",
        )
    rows = embed_task_texts(corpus, contender, texts, secret=secret, progress=progress)
    moved = measure_moved(space(corpus, contender), changes, rows)
    arrays = {f"{name}.{part}": getattr(each, part) for name, each in moved.items() for part in ("drop", "churn")}
    workspace.save(KIND, corpus.digest, inputs, arrays, {"probes": list(moved), "seed": 0, "texts": len(texts)})


def kept_wording(corpus: CorpusRef, contender: Contender) -> dict[str, Moved]:
    """What was measured, probe by probe. Raises StorageError where nothing is kept."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, wording_inputs(contender))
    if stored is None:
        raise StorageError(f"The robustness of {contender.label} has not been measured.", "Start it on this page.")
    parts = {name: (stored.arrays[f"{name}.drop"], stored.arrays[f"{name}.churn"]) for name in stored.facts["probes"]}
    return {name: Moved(np.asarray(drop), np.asarray(churn)) for name, (drop, churn) in parts.items()}


def wording_inputs(contender: Contender) -> dict[str, object]:
    """What names the result; raise the version when the changes or the measure give other values."""
    changed = {"dimensions": contender.dimensions, "bits": contender.bits}
    return {**graph_inputs(contender), **changed, "what": "wording", "texts": TEXTS, "seed": 0, "quality": 1}
