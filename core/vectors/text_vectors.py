"""Vectors of texts beside the corpus (queries, pairs, halves), each computed once per model and cached."""

import time
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.texts import distinct_texts
from core.digest import digest_text
from core.errors import ModelError, TextsError
from core.models.base import LOCAL_BATCH, Embedder
from core.models.registry import capabilities
from core.secret import Secret
from core.types import CorpusRef, ModelSpec, Progress
from core.vectors.adapters import adapt_rows
from core.vectors.contact import verify
from core.vectors.contenders import Contender, contender_rows, quantize
from core.vectors.embedding import checked_shape, embed_batch, plan_text_batches
from core.vectors.loaders import cached_embedder, load_vectors, vector_cache


def embed_task_texts(
    corpus: CorpusRef,
    contender: Contender,
    texts: Sequence[str],
    *,
    queries: bool = False,
    secret: Secret | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """(len(texts), d) float32 unit rows of a contender, in input order; queries: with the model's query prompt.

    Documents that are texts of the corpus take its own vectors, others come through the vector cache. A variant's are
    truncated and quantized as its rows are, see `quantize_like_corpus`. Raises ModelError where texts can't be
    embedded: imported vectors, a missing model, a server that refuses.
    """
    codes, unique = distinct_texts(texts)
    spec = contender.model
    rows, missing = _stored_rows(corpus, spec, unique, queries)
    if len(missing):
        _compute(corpus.folder, spec, unique, missing, rows, queries, secret, progress)
    return quantize_like_corpus(rows, corpus, contender)[codes]


def embed_accepted_texts(
    corpus: CorpusRef, spec: ModelSpec, texts: Sequence[str], secret: Secret | None, progress: Progress
) -> tuple[np.ndarray, dict[int, str]]:
    """(m, d) float32 unit rows of texts as documents in input order, zeros where a server refuses the text; and what it
    says of those, by position. Raises as `embed_task_texts` for anything else."""
    codes, unique = distinct_texts(texts)
    rows, missing = _stored_rows(corpus, spec, unique, False)
    refused: dict[int, str] = {}
    if len(missing):
        _compute(corpus.folder, spec, unique, missing, rows, False, secret, progress, refused)
    if refused:  # the others of their batches are cached
        rows, _ = _stored_rows(corpus, spec, unique, False)
    messages = {position: refused[code] for position, code in enumerate(codes.tolist()) if code in refused}
    return rows[codes], messages


def missing_texts(corpus: CorpusRef, spec: ModelSpec, texts: Sequence[str], queries: bool = False) -> list[str]:
    """The distinct texts that would have to be computed. Sends nothing."""
    unique = list(dict.fromkeys(texts))
    corpus_texts = set() if _has_query_vectors(spec, queries) else set(load_distinct_texts(corpus))
    left = [text for text in unique if text not in corpus_texts]
    cached = vector_cache(corpus.folder, spec).contains([_key(spec, text, queries) for text in left], spec.dimensions)
    return [text for text, have in zip(left, cached, strict=True) if not have]


def quantize_like_corpus(rows: np.ndarray, corpus: CorpusRef, contender: Contender) -> np.ndarray:
    """(m, d) float32 unit rows of new texts as a contender's store would give them back.

    Dimensions, float16 and signs depend on a row alone. int8's steps lie between the least and greatest values of the
    corpus' rows, as a store calibrated on its documents has them; what lies outside is clipped to the last step.
    """
    if contender.is_model:
        return rows
    if contender.bits != "int8":
        return quantize(rows, contender.dimensions, contender.bits)
    corpus_rows = contender_rows(corpus, Contender(contender.model))
    low, high = corpus_rows.min(axis=0), corpus_rows.max(axis=0)
    return quantize(np.vstack([rows.clip(low, high), low, high]), contender.dimensions, "int8")[:-2]


def _has_query_vectors(spec: ModelSpec, queries: bool) -> bool:
    """Whether a query's vector may differ from the same text's as a document: by a prompt, or a module of its own."""
    return queries and (spec.query_prompt != spec.document_prompt or capabilities(spec).separate_queries)


def _key(spec: ModelSpec, text: str, queries: bool) -> bytes:
    return digest_text(f"query\x00{text}" if _has_query_vectors(spec, queries) else text)


def _stored_rows(corpus: CorpusRef, spec: ModelSpec, texts: list[str], queries: bool) -> tuple[np.ndarray, np.ndarray]:
    """(m, d) rows, filled where a vector is stored, and the positions missing."""
    corpus_rows = load_vectors(corpus, spec).rows
    dimensions = corpus_rows.shape[1]
    rows, mask = vector_cache(corpus.folder, spec).get([_key(spec, text, queries) for text in texts], dimensions)
    rows[mask] = adapt_rows(corpus.folder, spec, rows[mask])
    if not _has_query_vectors(spec, queries):
        first = _first_rows(corpus, texts)
        from_corpus = np.flatnonzero((first >= 0) & ~mask)
        rows[from_corpus], mask[from_corpus] = corpus_rows[first[from_corpus]], True
    return rows, np.flatnonzero(~mask)


def _first_rows(corpus: CorpusRef, texts: list[str]) -> np.ndarray:
    """(m,) the first row of the corpus with each text, -1 where there is none."""
    first = dict.fromkeys(texts, -1)
    for row, text in enumerate(load_corpus(corpus).texts):
        if first.get(text, 0) == -1:
            first[text] = row
    return np.fromiter(first.values(), np.int64, len(texts))


def _compute(
    folder: str,
    spec: ModelSpec,
    texts: list[str],
    missing: np.ndarray,
    rows: np.ndarray,
    queries: bool,
    secret: Secret | None,
    progress: Progress | None,
    refused: dict[int, str] | None = None,
) -> None:
    """Fill the missing rows and cache each batch, before any adapter, as soon as it is there. refused: takes what a
    server says of texts that it refuses, by position; without it, that is an error."""
    embedder, done = _open_embedder(folder, spec.base, queries, secret), 0
    cache, separate = vector_cache(folder, spec), _has_query_vectors(spec, queries)
    verify(cache, embedder)
    for batch in plan_text_batches(texts, missing, *(LOCAL_BATCH if separate else capabilities(spec).batch)):
        batch_texts = [texts[position] for position in batch]
        if separate:
            base_rows = checked_shape(embedder.embed_query(batch_texts), len(batch_texts), rows.shape[1], spec)
            cache.put([_key(spec, text, queries) for text in batch_texts], base_rows)
            rows[batch] = adapt_rows(folder, spec, base_rows)
        else:
            try:
                base_rows = embed_batch(batch_texts, embedder, cache, rows.shape[1])
                rows[batch] = adapt_rows(folder, spec, base_rows)
            except TextsError as error:
                if refused is None:
                    raise
                refused |= {int(batch[position]): message for position, message in error.messages.items()}
        done += len(batch)
        if progress:
            progress(done, len(missing))


def _open_embedder(folder: str, spec: ModelSpec, queries: bool, secret: Secret | None) -> Embedder:
    if not capabilities(spec).can_embed:
        what = "queries" if queries else "other texts"
        message = f"{spec.label} are imported vectors; their model is not available, so {what} can't be embedded."
        raise ModelError(message, "Evaluate with labels, or embed the corpus with that model on the Embed page.")
    return cached_embedder(folder, spec, secret, 1)


@lru_cache(maxsize=64)
def embedded_query(folder: str, spec: ModelSpec, text: str, secret: Secret | None = None) -> tuple[np.ndarray, float]:
    """(d,) float32 unit vector, read-only, and the milliseconds it took. Raises ModelError; errors are not cached.

    The secret is part of the cache key: a wrong one gives its error instead of another session's vector.
    """
    verify(vector_cache(folder, spec), cached_embedder(folder, spec.base, secret))
    embedder = cached_embedder(folder, spec, secret)
    started = time.perf_counter()
    vector = np.array(embedder.embed_query([text])[0])
    vector.setflags(write=False)
    return vector, (time.perf_counter() - started) * 1000
