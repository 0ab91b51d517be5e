"""Searches a corpus: by embedding similarity, keywords, a regular expression, or a hybrid of the first two."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.export import short_cells
from core.corpus.filters import Filter, FilterOptions, filter_options
from core.corpus.keyword import (
    KeywordHits,
    included_text,
    mark_matches,
    query_spans,
    search_keywords,
    search_regex,
    texts_with_excluded,
)
from core.corpus.keyword_index import load_keyword_index
from core.corpus.label_columns import INTERNAL_COLUMNS
from core.corpus.language import query_warning
from core.corpus.loaders import load_corpus, load_filter_mask, load_text_codes
from core.corpus.texts import first_rows
from core.map.service import LayoutKey, layout_created, stored_layout
from core.models.registry import capabilities
from core.secret import Secret
from core.types import CorpusRef, IndexFacts, LayoutParams, ModelSpec
from core.vectors.index import similarities
from core.vectors.loaders import load_index, load_vectors
from core.vectors.search import (
    FUSION_DEPTH,
    Calibration,
    Hits,
    SearchMode,
    calibrate,
    estimate_position,
    find_nearest,
    fuse_hits,
    make_hits,
    query_vector,
    similarity_histogram,
)
from core.vectors.text_vectors import embedded_query

HISTOGRAM_ROWS, HISTOGRAM_SEED = 20_000, 0  # of larger corpora the histogram shows a sample
MAX_EXCERPT = 320  # characters of a hit's text
Segments = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class SearchQuery:
    """near, far: ids of example rows, from 0. k: number of hits. filters: which rows are searched."""

    text: str = ""
    mode: SearchMode = "semantic"
    near: tuple[int, ...] = ()
    far: tuple[int, ...] = ()
    k: int = 10
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The hits of a query.

    texts: per hit an excerpt as (segment, is a match) pairs. table: the hits' columns, cells truncated to 2,000
    characters; truncated: number of such cells. counts, edges: histogram of the query's cosines over all rows, or
    HISTOGRAM_ROWS random ones of more; None without a query vector. embed_ms: time to embed the query's text, 0 if
    cached or not needed. searched of total: rows that pass the filters. matching: rows that match keywords or pattern,
    None for a semantic search. index: the index that was searched. copies: (k,) int64 further searched rows with the
    text of the hit, which are no hits themselves. language_warning: a sentence where the model does not read the
    query's language; there are no percentiles then.
    """

    hits: Hits
    texts: tuple[Segments, ...]
    table: pd.DataFrame
    truncated: int
    counts: np.ndarray | None
    edges: np.ndarray | None
    searched: int
    total: int
    matching: int | None
    index: IndexFacts | None
    calibration: Calibration | None
    embed_ms: float
    search_ms: float
    copies: np.ndarray
    language_warning: str


@dataclass(frozen=True, eq=False)
class QueryPosition:
    """The default layout, and the query's estimated (x, y) on it, None without hits."""

    layout_key: LayoutKey
    position: tuple[float, float] | None


def search(corpus: CorpusRef, spec: ModelSpec | None, query: SearchQuery, secret: Secret | None = None) -> SearchResult:
    """Answer a query under one model. Raises InputError where it can't be answered, ModelError, StorageError."""
    loaded = load_corpus(corpus)
    mask = load_filter_mask(corpus, query.filters)
    if query.mode in ("keyword", "regex"):
        spec = None
    excluded = texts_with_excluded(load_keyword_index(corpus), query.text) if query.mode == "hybrid" else None
    vector, embed_ms = _query_vector(corpus, spec, query, secret) if spec else (None, 0.0)
    codes = load_text_codes(corpus, spec)
    distinct, counts_by_text = _first_rows(corpus, spec, query.filters)
    if excluded is not None:
        mask, distinct = _without(excluded, mask), _without(excluded, distinct)
    for row in (*query.near, *query.far):
        if distinct is not None and 0 <= row < len(codes):  # others are refused later
            distinct = _without(codes == codes[row], distinct)
    started = time.perf_counter()
    hits, matches = _hits(corpus, spec, query, vector, distinct)
    warning = _language_warning(spec, query, loaded.texts)
    if warning:
        hits = replace(hits, percentiles=np.full(len(hits), np.nan))
    search_ms = (time.perf_counter() - started) * 1000
    table, truncated = short_cells(loaded.table.iloc[hits.rows])
    cosines = similarities(_histogram_rows(corpus, spec), vector) if spec and vector is not None else None
    counts, edges = similarity_histogram(cosines) if cosines is not None else (None, None)
    return SearchResult(
        hits=hits,
        texts=_excerpts(loaded.texts, hits.rows, query, matches),
        table=table,
        truncated=truncated,
        counts=counts,
        edges=edges,
        searched=len(loaded) if mask is None else int(mask.sum()),
        total=len(loaded),
        matching=int(counts_by_text[codes[matches.matching]].sum()) if matches else None,  # with copies
        index=load_index(corpus, spec).facts if spec else None,
        calibration=calibration(corpus, spec) if spec else None,
        embed_ms=embed_ms,
        search_ms=search_ms,
        copies=counts_by_text[codes[hits.rows]] - 1,
        language_warning=warning,
    )


def _language_warning(spec: ModelSpec | None, query: SearchQuery, texts: Sequence[str]) -> str:
    """A sentence where the query's text, or its example rows, are in a language the model does not read."""
    text = query.text.strip() or " ".join(texts[row] for row in query.near)
    return query_warning(spec, text) if spec else ""


@lru_cache(maxsize=8)
def _first_rows(
    corpus: CorpusRef, spec: ModelSpec | None, filters: tuple[Filter, ...]
) -> tuple[np.ndarray | None, np.ndarray]:
    """A mask (n,) of the first row of each text that passes the filters, the filters' own where no text repeats, None
    for all rows; and the rows (t,) of each text that pass."""
    codes, mask = load_text_codes(corpus, spec), load_filter_mask(corpus, filters)
    rows = np.arange(len(codes)) if mask is None else np.flatnonzero(mask)
    counts = np.bincount(codes[rows], minlength=int(codes.max(initial=-1)) + 1)
    return (mask if counts.max(initial=0) < 2 else first_rows(codes, rows)), counts


def _without(rows: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """The mask less some rows; None has all."""
    return ~rows if mask is None else mask & ~rows


def _query_vector(
    corpus: CorpusRef, spec: ModelSpec, query: SearchQuery, secret: Secret | None
) -> tuple[np.ndarray, float]:
    """The query's vector, and the milliseconds that embedding its text took."""
    rows, text = load_vectors(corpus, spec).rows, query.text.strip()
    text = included_text(text) if query.mode == "hybrid" else text
    if not text or not capabilities(spec).can_embed:
        return query_vector(rows, query.near, query.far), 0.0
    vector, milliseconds = embedded_query(corpus.folder, spec, text, secret)
    return query_vector(rows, query.near, query.far, vector[None, :]), milliseconds


def _hits(
    corpus: CorpusRef, spec: ModelSpec | None, query: SearchQuery, vector: np.ndarray | None, mask: np.ndarray | None
) -> tuple[Hits, KeywordHits | None]:
    if vector is None or spec is None:
        matches = _text_matches(corpus, query, query.k, mask)
        return make_hits(matches.rows, matches.scores, "regex" if query.mode == "regex" else "keyword"), matches
    index, scale = load_index(corpus, spec), calibration(corpus, spec)
    examples = (*query.near, *query.far)
    if query.mode == "semantic" or not query.text.strip():
        return find_nearest(index, vector, query.k, scale, mask, examples), None
    nearest = find_nearest(index, vector, FUSION_DEPTH, scale, mask, examples)
    matches = _text_matches(corpus, query, FUSION_DEPTH, mask)
    rankings = [nearest.rows, matches.rows[~np.isin(matches.rows, examples)]]
    return fuse_hits(rankings, query.k, load_vectors(corpus, spec).rows, vector, scale), matches


def _text_matches(corpus: CorpusRef, query: SearchQuery, k: int, mask: np.ndarray | None) -> KeywordHits:
    texts = load_corpus(corpus).texts
    if query.mode == "regex":
        return search_regex(texts, query.text, k, mask)
    return search_keywords(texts, query.text, k, mask, index=load_keyword_index(corpus))


def _excerpts(
    texts: Sequence[str], rows: np.ndarray, query: SearchQuery, matches: KeywordHits | None
) -> tuple[Segments, ...]:
    if query.mode == "regex" and matches:
        regex_spans = dict(zip(matches.rows.tolist(), matches.spans, strict=True))
        return tuple(mark_matches(texts[row], regex_spans.get(row, ()), MAX_EXCERPT) for row in rows.tolist())
    marked = query.text
    if query.mode != "keyword":  # a semantic search highlights content words only, not "the" and "in"
        marked = " ".join(term for term in included_text(query.text).split() if len(term) > 3 or not term.isascii())
    return tuple(mark_matches(texts[row], query_spans(texts[row], marked), MAX_EXCERPT) for row in rows.tolist())


@lru_cache(maxsize=4)
def _histogram_rows(corpus: CorpusRef, spec: ModelSpec) -> np.ndarray:
    """(m, d) rows whose cosines the histogram shows: all, or a sample held in memory."""
    rows = load_vectors(corpus, spec).rows
    if len(rows) <= HISTOGRAM_ROWS:
        return rows
    drawn = np.random.default_rng(HISTOGRAM_SEED).choice(len(rows), HISTOGRAM_ROWS, replace=False)
    return np.asarray(rows[np.sort(drawn)])


@lru_cache(maxsize=16)
def calibration(corpus: CorpusRef, spec: ModelSpec) -> Calibration:
    """Cosines of random pairs under this model, against which a cosine is judged."""
    return calibrate(load_vectors(corpus, spec).rows)


def filter_columns(corpus: CorpusRef) -> dict[str, FilterOptions]:
    """The suitable filter of each column but those that number rows."""
    table = load_corpus(corpus).table
    return {str(name): filter_options(table[name]) for name in table.columns if name not in INTERNAL_COLUMNS}


def query_position(corpus: CorpusRef, spec: ModelSpec, hits: Hits) -> QueryPosition | None:
    """None where the default layout has not been computed."""
    layout_key = LayoutKey(corpus, spec, LayoutParams())
    created = layout_created(layout_key)
    if not created:
        return None
    position = estimate_position(np.asarray(stored_layout(layout_key).points), hits)
    point = None if position is None else (float(position[0]), float(position[1]))
    return QueryPosition(replace(layout_key, created=created), point)
