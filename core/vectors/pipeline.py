"""The steps of jobs as functions for workers: named inputs in, results kept in the workspace."""

import time

import numpy as np

from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.texts import distinct_texts
from core.digest import digest_text
from core.errors import ModelError
from core.models.backends import capabilities
from core.models.registry import resolve
from core.models.spending import affordable
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Vectors
from core.vectors.embedding import batches, cached_rows, count_unseen, embed_batch, resolved_dimensions
from core.vectors.loaders import cached_embedder, load_index, vector_cache


def prepare_model(corpus: CorpusRef, spec: ModelSpec, secret: Secret | None) -> ModelSpec:
    """Do what a model needs once, before several workers load it: export, distill, or learn a server's dimensions.

    Gives the spec to use, whose key is then the same in all workers. Raises ModelError.
    """
    declared = capabilities(spec)
    if declared.hosted and spec.dimensions is None:
        stored = Workspace(corpus.folder).load_vectors(corpus.digest, spec) is not None
        return spec if stored else resolve(spec, api_key=secret)
    if declared.prepared_once:
        cached_embedder(corpus.folder, spec, secret, declared.preparation_threads)
    return spec


def plan_batches(corpus: CorpusRef, spec: ModelSpec, limit_usd: float | None) -> tuple[list[np.ndarray], int]:
    """Places among the distinct texts that still need a vector, cut into batches; empty where all is kept.

    With a spending limit, only the batches it pays for; the number is the texts left out.
    """
    if Workspace(corpus.folder).load_vectors(corpus.digest, spec) is not None:
        return [], 0
    texts = load_distinct_texts(corpus)
    known = vector_cache(corpus.folder, spec).known([digest_text(text) for text in texts], spec.dimensions)
    plan = batches(texts, np.flatnonzero(~known), *capabilities(spec).batch)
    paid = plan if limit_usd is None else affordable(texts, plan, spec, limit_usd)
    return paid, sum(len(places) for places in plan[len(paid) :])


def embed_places(corpus: CorpusRef, spec: ModelSpec, secret: Secret | None, places: np.ndarray) -> int:
    """Embed one batch and keep it; a batch that was kept meanwhile is not computed again. Gives the texts done."""
    texts = load_distinct_texts(corpus)
    chosen = [texts[place] for place in places]
    cache = vector_cache(corpus.folder, spec)
    known = cache.known([digest_text(text) for text in chosen], spec.dimensions)
    left = [text for text, have in zip(chosen, known, strict=True) if not have]
    if left:
        embedder = cached_embedder(corpus.folder, spec, secret, 1)
        embed_batch(left, embedder, cache, resolved_dimensions(embedder))
    return len(places)


def collect_vectors(corpus: CorpusRef, spec: ModelSpec, secret: Secret | None, computed: int, started: float) -> None:
    """Put the cached rows together in row order and keep them. Raises ModelError if any is missing."""
    workspace = Workspace(corpus.folder)
    if workspace.load_vectors(corpus.digest, spec) is not None:
        return
    codes, texts = distinct_texts(load_corpus(corpus).texts)
    embedder = cached_embedder(corpus.folder, spec, secret, 1)
    rows, missing = cached_rows(texts, embedder, vector_cache(corpus.folder, spec))
    if len(missing):
        raise ModelError(
            f"{len(missing):,} texts have no vector yet.", "Start the model again: only these are computed."
        )
    facts = {"computed": computed, "seconds": round(time.time() - started, 3)}
    workspace.save_vectors(Vectors(rows[codes], spec, corpus.digest, facts | count_unseen(texts, codes, embedder)))


def open_index(corpus: CorpusRef, spec: ModelSpec) -> None:
    """Build and keep the search index, so that the first search need not."""
    load_index(corpus, spec)
