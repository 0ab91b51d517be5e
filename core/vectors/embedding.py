"""From a corpus to its vectors: each distinct text once, long ones first, every finished batch cached at once.

`embed` does all in one process; `prepare_model`, `plan_batches`, `embed_texts` and `collect_vectors` are the steps of a
job, for several workers.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.texts import distinct_texts
from core.digest import digest_text
from core.errors import ModelError, RateLimitError, TextsError
from core.models.adapted import AdaptedEmbedder
from core.models.base import Embedder, ServerState
from core.models.checks import Probe
from core.models.costs import affordable_batches, tokens_beyond_window
from core.models.registry import capabilities, resolve
from core.secret import Secret
from core.store import Workspace
from core.types import Corpus, CorpusRef, ModelSpec, Progress, Vectors
from core.vectors.adapters import adapt_rows
from core.vectors.cache import VectorCache
from core.vectors.contact import cut_at, first_contact, load_probe, probe_usd, verify
from core.vectors.contact_report import CONTACT, ContactQuery
from core.vectors.failed_rows import record_failed_rows
from core.vectors.loaders import cached_embedder, load_vectors, vector_cache

MAX_LISTED = 20  # rows that a message names


def embed(
    corpus: Corpus, embedder: Embedder, workspace: Workspace | None = None, progress: Progress | None = None
) -> Vectors:
    """Vectors of a corpus, (n, d) float32 unit rows.

    With a workspace the result is stored, finished batches survive a kill, and nothing is computed twice.
    progress is called with (texts done, texts to do). Raises ModelError, also where the embedder returns another
    number or length of vectors than its spec says; TextsError, by row, where a server refuses some texts and the others
    are cached; or StorageError.
    """
    if isinstance(embedder, AdaptedEmbedder):
        return _embed_adapted(corpus, embedder, workspace, progress)
    stored = workspace.load_vectors(corpus.digest, embedder.spec) if workspace else None
    if stored is None and embedder.spec.dimensions is None:
        resolved_dimensions(embedder)
        stored = workspace.load_vectors(corpus.digest, embedder.spec) if workspace else None
    if stored is not None:
        return stored
    started = time.perf_counter()
    codes, texts = distinct_texts(corpus.texts)
    cache = VectorCache.of(workspace.folder, embedder.spec) if workspace else None
    rows, missing = cached_rows(texts, embedder, cache)
    if cache and len(missing):
        _contact(cache, embedder, texts, missing)
    refused = _embed_missing(texts, missing, rows, embedder, cache, progress)
    if cache and len(missing):
        verify(cache, embedder, force=True)
    if refused:
        raise _rows_error(codes, refused)
    facts = {"computed": len(missing), "seconds": round(time.perf_counter() - started, 3)}
    facts |= count_truncated(texts, codes, embedder, load_probe(cache) if cache else None)
    vectors = Vectors(rows[codes], embedder.spec, corpus.digest, facts)
    if workspace:
        workspace.save_corpus(corpus)
        workspace.save_vectors(vectors)
        CONTACT.get_or_compute(ContactQuery(CorpusRef(str(workspace.folder), corpus.digest), embedder.spec))
    return vectors


def _embed_adapted(
    corpus: Corpus, embedder: AdaptedEmbedder, workspace: Workspace | None, progress: Progress | None
) -> Vectors:
    """The vectors of the base model, stored as such, under the map of the adapter."""
    base = embed(corpus, embedder.base, workspace, progress)
    vectors = _adapted(base, embedder.apply(base.rows), embedder.spec)
    if workspace:
        workspace.save_vectors(vectors)
        CONTACT.get_or_compute(ContactQuery(CorpusRef(str(workspace.folder), corpus.digest), embedder.spec))
    return vectors


def _adapted(base: Vectors, rows: np.ndarray, spec: ModelSpec) -> Vectors:
    return Vectors(rows, spec, base.corpus, base.facts | {"computed": 0, "seconds": 0.0})


def store_adapted_vectors(corpus: CorpusRef, spec: ModelSpec) -> None:
    """Store the vectors of an adapted model, from the stored ones of its base. Raises ModelError, StorageError."""
    workspace = Workspace(corpus.folder)
    if workspace.load_vectors(corpus.digest, spec) is None:
        base = load_vectors(corpus, spec.base)
        workspace.save_vectors(_adapted(base, adapt_rows(corpus.folder, spec, base.rows), spec))


def _embed_missing(
    texts: list[str],
    missing: np.ndarray,
    rows: np.ndarray,
    embedder: Embedder,
    cache: VectorCache | None,
    progress: Progress | None,
) -> dict[int, str]:
    """Fill in the missing rows; gives what a server said of those it refused, by position."""
    done, refused = 0, dict[int, str]()
    for batch in plan_text_batches(texts, missing, *capabilities(embedder.spec).batch):
        try:
            rows[batch] = embed_batch([texts[i] for i in batch], embedder, cache, rows.shape[1])
        except TextsError as error:
            refused |= {int(batch[position]): message for position, message in error.messages.items()}
        done += len(batch)
        if progress:
            progress(done, len(missing))
    return refused


def _contact(cache: VectorCache, embedder: Embedder, texts: list[str], missing: np.ndarray) -> None:
    """Check the model at first contact, else that it is still the same. Raises ModelError."""
    known = np.delete(np.arange(len(texts)), missing)
    first_contact(cache, embedder, max(map(len, texts), default=0), [texts[i] for i in known])
    verify(cache, embedder)


def _rows_error(codes: np.ndarray, messages: Mapping[int, str]) -> TextsError:
    """The error for distinct texts that a server refused, by rows of the corpus."""
    rows = np.flatnonzero(np.isin(codes, list(messages)))
    by_row = {int(row): messages[int(codes[row])] for row in rows}
    listed = ", ".join(f"{row + 1:,}" for row in rows[:MAX_LISTED]) + (" …" if len(rows) > MAX_LISTED else "")
    message = f"{len(rows):,} of {len(codes):,} rows could not be embedded (row {listed}). {by_row[int(rows[0])]}"
    return TextsError(message, "Leave these rows out, or use another model.", by_row)


def resolved_dimensions(embedder: Embedder) -> int:
    """The dimensions of an embedder's vectors; a server's embedder may have to send a short text to learn them.

    Raises ModelError where they stay unknown.
    """
    if embedder.spec.dimensions is None:
        embedder.resolve()
    if embedder.spec.dimensions is None:
        message = f"{embedder.spec.label} does not say how many dimensions its vectors have."
        raise ModelError(message, "Give the embedder's spec its dimensions.")
    return embedder.spec.dimensions


def checked_shape(rows: np.ndarray, texts: int, dimensions: int, spec: ModelSpec) -> np.ndarray:
    """The rows, if they are (texts, dimensions). Raises ModelError naming the model and its server."""
    if rows.shape == (texts, dimensions):
        return rows
    server = f" at {spec.base_url}" if spec.base_url else ""
    raise ModelError(
        f"{spec.label}{server} gave an array of shape {rows.shape} where {(texts, dimensions)} was expected.",
        "The model may have changed since it was added: add it again on the Embed page, or load it again.",
    )


def cached_rows(texts: list[str], embedder: Embedder, cache: VectorCache | None) -> tuple[np.ndarray, np.ndarray]:
    """(m, d) rows, filled where the cache has them, and the positions that are missing."""
    dimensions = embedder.spec.dimensions or 0
    if cache is None:
        return np.zeros((len(texts), dimensions), dtype=np.float32), np.arange(len(texts))
    rows, mask = cache.get([digest_text(text) for text in texts], dimensions)
    return rows, np.flatnonzero(~mask)


def plan_text_batches(
    texts: Sequence[str], positions: np.ndarray, max_texts: int, max_characters: int
) -> list[np.ndarray]:
    """The positions in batches of texts of similar length, longest first (padding costs time).

    The last batches are smaller, so that all workers end at about the same time.
    """
    sizes = np.fromiter((len(texts[i]) + 8 for i in positions), dtype=np.int64, count=len(positions))
    order = np.argsort(-sizes, kind="stable")
    ends = np.cumsum(sizes[order])
    cuts, start = [], 0
    while start < len(order):
        done = ends[start - 1] if start else 0
        room = min(max_characters, max((ends[-1] - done) // 6, max_characters // 8))
        end = max(start + 1, min(int(np.searchsorted(ends, done + room, side="right")), start + max_texts))
        cuts.append(positions[order[start:end]])
        start = end
    return cuts


def embed_batch(texts: list[str], embedder: Embedder, cache: VectorCache | None, dimensions: int) -> np.ndarray:
    """(n, dimensions) rows of one batch, cached as soon as they are there (for a service: after each request).

    Raises ModelError, before anything is cached, for rows of another shape.
    """
    spec = embedder.spec
    if cache is None:
        return checked_shape(embedder.embed(texts), len(texts), dimensions, spec)
    digests = [digest_text(text) for text in texts]

    def put(positions: list[int], rows: np.ndarray) -> None:
        cache.put([digests[i] for i in positions], checked_shape(rows, len(positions), dimensions, spec))

    return checked_shape(embedder.embed(texts, put), len(texts), dimensions, spec)


def count_truncated(
    texts: list[str], codes: np.ndarray, embedder: Embedder, findings: Probe | None = None
) -> dict[str, Any]:
    """How much of the corpus lies beyond the model's window, as `Vectors.facts` store it: beyond the measured one where
    the contact check found that the model reads less than it declares."""
    tokens = embedder.count_tokens(texts)[codes]
    if (unknown := embedder.count_unknown(texts)) is not None:
        return unknown_facts(tokens, unknown[codes])
    if findings is not None and findings.chars_read is not None:
        is_cut, share = cut_at(findings.chars_read, [texts[code] for code in codes])
        counts = {"tokens": int(tokens.sum()), "truncated": int(is_cut.sum()), "split": 0}
        return counts | {"unseen_share": share}
    beyond = tokens_beyond_window(tokens, embedder)
    split = capabilities(embedder.spec).splits_long_texts  # and averaged: nothing is lost
    long_texts = int((beyond > 0).sum())
    return {
        "tokens": int(tokens.sum()),
        "truncated": 0 if split else long_texts,
        "split": long_texts if split else 0,
        "unseen_share": 0.0 if split else float(beyond.sum() / max(tokens.sum(), 1)),
    }


def unknown_facts(tokens: np.ndarray, unknown: np.ndarray) -> dict[str, Any]:
    """The same for a model that knows only its vocabulary. tokens, unknown: (n,) of each row, those without a vector.

    without_words: rows without a single known word, which all have the same vector."""
    without = int((unknown == tokens).sum())
    share = float(unknown.sum() / max(tokens.sum(), 1))
    note = f"{without:,} of {len(tokens):,} rows have no word that the model knows; they all have the same vector."
    facts = {"tokens": int(tokens.sum()), "truncated": 0, "split": 0, "unseen_share": share, "without_words": without}
    return facts | ({"notes": [note]} if without else {})


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
    """Batches of positions among the distinct texts that need a vector; empty where all vectors are stored.

    With a spending limit, only the batches it pays for; the number is the texts left out.
    """
    if Workspace(corpus.folder).load_vectors(corpus.digest, spec) is not None:
        return [], 0
    texts = load_distinct_texts(corpus)
    cached = vector_cache(corpus.folder, spec).contains([digest_text(text) for text in texts], spec.dimensions)
    plan = plan_text_batches(texts, np.flatnonzero(~cached), *capabilities(spec).batch)
    reserve = probe_usd(spec, max(map(len, texts), default=0))  # for the contact check
    paid = plan if limit_usd is None else affordable_batches(texts, plan, spec, limit_usd - reserve)
    return paid, sum(len(batch) for batch in plan[len(paid) :])


def check_model(corpus: CorpusRef, spec: ModelSpec, secret: Secret | None) -> None:
    """Before the first batch: the contact check, or that the model is still the same. Raises ModelError."""
    texts, cache = load_distinct_texts(corpus), vector_cache(corpus.folder, spec)
    embedder = cached_embedder(corpus.folder, spec, secret, 1)
    cached = cache.contains([digest_text(text) for text in texts], resolved_dimensions(embedder))
    _contact(cache, embedder, texts, np.flatnonzero(~cached))


def embed_texts(corpus: CorpusRef, spec: ModelSpec, secret: Secret | None, positions: np.ndarray) -> int:
    """Embed one batch into the cache, without texts that are cached by now; gives the size of the batch."""
    texts, cache = load_distinct_texts(corpus), vector_cache(corpus.folder, spec)
    todo = _uncached(texts, positions, cache, spec)
    if len(todo):
        embedder = cached_embedder(corpus.folder, spec, secret, 1)
        dimensions = resolved_dimensions(embedder)
        verify(cache, embedder)
        embed_batch([texts[position] for position in todo], embedder, cache, dimensions)
    return len(positions)


@dataclass(frozen=True)
class ServerBatch:
    """What came of a batch. left: positions that wait, since `limit` was reached; refused: messages by position."""

    left: np.ndarray
    refused: dict[int, str]
    limit: RateLimitError | None
    server: ServerState


def embed_with_server(
    corpus: CorpusRef, spec: ModelSpec, secret: Secret | None, positions: np.ndarray, server: ServerState
) -> ServerBatch:
    """Embed one batch into the cache, as far as the server takes it. server: as the batch before left it.

    Raises ServiceError where the server fails for all texts.
    """
    texts, cache = load_distinct_texts(corpus), vector_cache(corpus.folder, spec)
    embedder = cached_embedder(corpus.folder, spec, secret, 1)
    embedder.server = server
    todo, refused, limit = _uncached(texts, positions, cache, spec), dict[int, str](), None
    try:
        verify(cache, embedder)
        embed_batch([texts[position] for position in todo], embedder, cache, resolved_dimensions(embedder))
    except (TextsError, RateLimitError) as error:
        refused = {int(todo[at]): message for at, message in error.messages.items()}
        limit = error if isinstance(error, RateLimitError) else None
    left = _uncached(texts, positions, cache, spec) if limit else positions[:0]
    return ServerBatch(np.setdiff1d(left, list(refused)), refused, limit, embedder.server)


def _uncached(texts: list[str], positions: np.ndarray, cache: VectorCache, spec: ModelSpec) -> np.ndarray:
    cached = cache.contains([digest_text(texts[position]) for position in positions], spec.dimensions)
    return positions[~cached]


def collect_vectors(
    corpus: CorpusRef,
    spec: ModelSpec,
    secret: Secret | None,
    computed: int,
    started: float,
    refused: Mapping[int, str] | None = None,
    notes: tuple[str, ...] = (),
) -> str:
    """Put the cached rows together in row order and store them. Raises ModelError if any is missing.

    refused: what a server said of distinct texts, by position; where it refused all that are missing, these are stored
    instead, and the answer is how many rows are embedded; else it is "".
    """
    workspace = Workspace(corpus.folder)
    if workspace.load_vectors(corpus.digest, spec) is not None:
        return ""
    codes, texts = distinct_texts(load_corpus(corpus).texts)
    embedder, cache = cached_embedder(corpus.folder, spec, secret, 1), vector_cache(corpus.folder, spec)
    if computed:
        verify(cache, embedder, force=True)
    rows, missing = cached_rows(texts, embedder, cache)
    if len(missing) and refused and set(missing) <= set(refused):
        return record_failed_rows(corpus, spec, codes, {int(code): refused[int(code)] for code in missing})
    if len(missing):
        raise ModelError(f"{len(missing):,} texts have no vector yet.", "Start again: only these are computed.")
    facts: dict[str, Any] = {"computed": computed, "seconds": round(time.time() - started, 3)}
    facts |= {"notes": list(notes)} if notes else {}
    facts |= count_truncated(texts, codes, embedder, load_probe(cache))
    workspace.save_vectors(Vectors(rows[codes], spec, corpus.digest, facts))
    return ""
