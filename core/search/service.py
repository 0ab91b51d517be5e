"""Questions of the Search page: what is near, what matches, and what the numbers mean here."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.export import short_cells
from core.corpus.filters import Filter, FilterOptions, apply_filters, filter_options
from core.corpus.keyword import KeywordHits, mark_matches, query_spans, search_keywords, search_regex
from core.corpus.loaders import load_corpus, load_selection
from core.map.service import Place, layout_stamp, stored_layout
from core.models.registry import capabilities
from core.search.search import (
    Calibration,
    Hits,
    calibrate,
    find_nearest,
    fuse_hits,
    make_hits,
    query_vector,
    similarity_histogram,
)
from core.secret import Secret
from core.types import CorpusRef, IndexFacts, LayoutParams, ModelSpec
from core.vectors.index import similarities
from core.vectors.loaders import load_index, load_vectors
from core.vectors.text_vectors import embedded_query

Mode = Literal["meaning", "words", "pattern", "both"]
POOL = 200  # hits of each kind that fusion looks at
EXCERPT = 320  # characters of a hit's text
Segments = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Query:
    """What is looked for. near, far: row ids, from 0. filters: rows that may be found."""

    text: str = ""
    mode: Mode = "meaning"
    near: tuple[int, ...] = ()
    far: tuple[int, ...] = ()
    k: int = 10
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found, and how far to trust it.

    texts: per hit an excerpt as (segment, is a match) pairs. table: the hits' columns, cells cut at 2,000 characters;
    cut: how many were. counts, edges: histogram of the query's cosines over all rows, None without a query vector.
    embed_ms: what embedding the query took when it was. searched of total: rows the filters let through.
    matching: rows that hold the words or match the pattern, None for a search by meaning. index: what served it.
    """

    hits: Hits
    texts: tuple[Segments, ...]
    table: pd.DataFrame
    cut: int
    counts: np.ndarray | None
    edges: np.ndarray | None
    searched: int
    total: int
    matching: int | None
    index: IndexFacts | None
    calibration: Calibration | None
    embed_ms: float
    search_ms: float


def find(corpus: CorpusRef, spec: ModelSpec | None, query: Query, secret: Secret | None = None) -> Found:
    """Answer a query under one model. Raises InputError where it can't be answered, ModelError, StorageError."""
    whole = load_corpus(corpus)
    members = partial(load_selection, corpus)
    mask = apply_filters(whole.table, query.filters, members) if query.filters else None
    by_vector = spec is not None and query.mode not in ("words", "pattern")
    vector, embed_ms = _vector(corpus, spec, query, secret) if spec and by_vector else (None, 0.0)
    started = time.perf_counter()
    hits, matches = _hits(corpus, spec, query, vector, mask)
    search_ms = (time.perf_counter() - started) * 1000
    table, cut = short_cells(whole.table.iloc[hits.rows])
    cosines = None if vector is None or spec is None else similarities(load_vectors(corpus, spec).rows, vector)
    counts, edges = similarity_histogram(cosines) if cosines is not None else (None, None)
    return Found(
        hits=hits,
        texts=_excerpts(whole.texts, hits.rows, query, matches),
        table=table,
        cut=cut,
        counts=counts,
        edges=edges,
        searched=len(whole) if mask is None else int(mask.sum()),
        total=len(whole),
        matching=matches.total if matches else None,
        index=load_index(corpus, spec).facts if vector is not None and spec else None,
        calibration=calibration(corpus, spec) if vector is not None and spec else None,
        embed_ms=embed_ms,
        search_ms=search_ms,
    )


def _vector(corpus: CorpusRef, spec: ModelSpec, query: Query, secret: Secret | None) -> tuple[np.ndarray, float]:
    """The query's vector, and the milliseconds that embedding its text took when that was done."""
    rows, typed = load_vectors(corpus, spec).rows, query.text.strip()
    if not typed or not capabilities(spec).can_embed:
        return query_vector(rows, query.near, query.far), 0.0
    vector, took = embedded_query(corpus.folder, spec, typed, secret)
    return query_vector(rows, query.near, query.far, vector[None, :]), took


def _hits(
    corpus: CorpusRef, spec: ModelSpec | None, query: Query, vector: np.ndarray | None, mask: np.ndarray | None
) -> tuple[Hits, KeywordHits | None]:
    if vector is None or spec is None:
        matches = _matches(corpus, query, query.k, mask)
        return make_hits(matches.rows, matches.scores, "regex" if query.mode == "pattern" else "keyword"), matches
    index, scale = load_index(corpus, spec), calibration(corpus, spec)
    own = (*query.near, *query.far)
    if query.mode == "meaning" or not query.text.strip():
        return find_nearest(index, vector, query.k, scale, mask, own), None
    near = find_nearest(index, vector, POOL, scale, mask, own)
    matches = _matches(corpus, query, POOL, mask)
    rankings = [near.rows, matches.rows[~np.isin(matches.rows, own)]]
    return fuse_hits(rankings, query.k, load_vectors(corpus, spec).rows, vector, scale), matches


def _matches(corpus: CorpusRef, query: Query, k: int, mask: np.ndarray | None) -> KeywordHits:
    texts = load_corpus(corpus).texts
    search = search_regex if query.mode == "pattern" else search_keywords
    return search(texts, query.text, k, mask)


@lru_cache(maxsize=16)
def calibration(corpus: CorpusRef, spec: ModelSpec) -> Calibration:
    """Cosines of random pairs: what a cosine means under this model on this corpus."""
    return calibrate(load_vectors(corpus, spec).rows)


def _excerpts(
    texts: Sequence[str], rows: np.ndarray, query: Query, matches: KeywordHits | None
) -> tuple[Segments, ...]:
    known = (
        dict(zip(matches.rows.tolist(), matches.spans, strict=True)) if matches and query.mode == "pattern" else None
    )
    # a search by meaning marks telling words only, not "the" and "in"
    marks = query.text if query.mode == "words" else " ".join(word for word in query.text.split() if _telling(word))
    shown = []
    for row in rows.tolist():
        spans = known.get(row, ()) if known is not None else query_spans(texts[row], marks)
        shown.append(mark_matches(texts[row], spans, EXCERPT))
    return tuple(shown)


def _telling(word: str) -> bool:
    return len(word) > 3 or not word.isascii()


def columns(corpus: CorpusRef) -> dict[str, FilterOptions]:
    """For each column the filter that suits it."""
    table = load_corpus(corpus).table
    return {str(name): filter_options(table[name]) for name in table.columns}


@dataclass(frozen=True, eq=False)
class Places:
    """The default map, and where on it the query would lie: (x, y) among its nearest hits, None without any."""

    place: Place
    query: tuple[float, float] | None


def places(corpus: CorpusRef, spec: ModelSpec, hits: Hits) -> Places | None:
    """None where the default map has not been made."""
    from core.search.search import place_query

    place = Place(corpus, spec, LayoutParams())
    made = layout_stamp(place)
    if not made:
        return None
    place = replace(place, made=made)
    query = place_query(np.asarray(stored_layout(place).points), hits)
    return Places(place, None if query is None else (float(query[0]), float(query[1])))
