"""Robustness to edited texts as a stored result, and the space of distinct texts that all diagnostics read."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.texts import distinct_texts
from core.errors import JobError, ModelError
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.quality.distinct_texts import Space, build_space
from core.quality.robustness import TEXTS, EditedTexts, EditEffects, edit_texts, measure_edits
from core.results import Result
from core.secret import Secret
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.contenders import Contender, contender_neighbors, contender_rows, graph_inputs, graph_step
from core.vectors.loaders import load_vectors

MIN_TIMED_TEXTS = 2_000  # of fewer texts, most of the time went into loading the model
DEFAULT_SECONDS = 60.0


@lru_cache(maxsize=4)
def load_space(corpus: CorpusRef, contender: Contender) -> Space:
    """The contender's distinct texts with their neighbors. Raises StorageError where its graph is missing."""
    graph = contender_neighbors(corpus, contender)
    return build_space(contender_rows(corpus, contender), graph.ids, graph.scores, text_codes(corpus))


@lru_cache(maxsize=2)
def text_codes(corpus: CorpusRef) -> np.ndarray:
    """(n,) int64 codes of identical texts, from 0 in order of appearance."""
    return np.asarray(distinct_texts(load_corpus(corpus).texts)[0], np.int64)


@lru_cache(maxsize=2)
def edited_texts(corpus: CorpusRef) -> EditedTexts:
    """Texts of a corpus edited in every way, seed 0."""
    return edit_texts(load_distinct_texts(corpus), TEXTS, 0)


@dataclass(frozen=True)
class EditQuery:
    """One contender's robustness to edits. limit_usd: nothing is sent where it could cost more; None for no limit."""

    corpus: CorpusRef
    contender: Contender
    limit_usd: float | None = None


def embedding_seconds(corpus: CorpusRef, model: ModelSpec, texts: int) -> float | None:
    """About how long embedding so many texts takes, by the corpus' own run; None where that was too short to tell."""
    facts = load_vectors(corpus, model).facts
    timed = facts.get("computed", 0) >= MIN_TIMED_TEXTS
    return texts * facts["seconds"] / facts["computed"] if timed else None


def _inputs(query: EditQuery) -> dict[str, Any]:
    contender = query.contender
    variant = {"dimensions": contender.dimensions, "bits": contender.bits}
    return {**graph_inputs(contender), **variant, "texts": TEXTS, "seed": 0}


def _seconds(query: EditQuery) -> float:
    from core.vectors.text_vectors import missing_texts

    missing = missing_texts(query.corpus, query.contender.model, edited_texts(query.corpus).all_texts)
    seconds = embedding_seconds(query.corpus, query.contender.model, len(missing))
    return DEFAULT_SECONDS if seconds is None else seconds


def _compute(query: EditQuery, progress: Progress, secret: Secret | None = None) -> dict[str, EditEffects]:
    """By kind of edit. progress counts texts embedded. Raises ModelError where the contender can't embed texts,
    ServiceError where a server refuses, JobError where the cost could exceed the limit."""
    from core.vectors.text_vectors import embed_task_texts, missing_texts

    corpus, contender, limit = query.corpus, query.contender, query.limit_usd
    if not capabilities(contender.model).can_embed:
        raise ModelError(f"{contender.label} has imported vectors: edited texts can't be embedded with its model.")
    edits = edited_texts(corpus)
    missing = missing_texts(corpus, contender.model, edits.all_texts) if limit is not None else []
    if limit is not None and missing and (max_usd(missing, contender.model) or 0.0) > limit * (1 + 1e-9):
        raise JobError(
            f"{len(missing):,} edited texts could cost more than the limit of ${limit:,.2f}; nothing was sent.",
            "Start again with a higher limit.",
        )
    rows = embed_task_texts(corpus, contender, edits.all_texts, secret=secret, progress=progress)
    return measure_edits(load_space(corpus, contender), edits, rows)


EDIT_ROBUSTNESS = Result(
    "edit_robustness", 1, EditQuery, dict[str, EditEffects], inputs=_inputs, compute=_compute, seconds=_seconds,
    requires=lambda query: (graph_step(query.corpus, query.contender),), stage="Embedding edited texts", unit="texts",
    needs_secret=True, absence="The robustness of this contender to edits has not been measured yet.",
    remedy="Start it under Robustness on the Quality page.",
)  # fmt: skip
