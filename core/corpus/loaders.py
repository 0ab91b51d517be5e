"""A corpus, its distinct texts and its selections, cached in the process that loads them."""

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from core.corpus.added_columns import read_added_column
from core.corpus.filters import Filter, apply_filters
from core.corpus.selections import selection_mask
from core.corpus.texts import distinct_texts
from core.store import Workspace
from core.types import Corpus, CorpusRef, ModelSpec


@lru_cache(maxsize=4)
def _load_source(corpus: CorpusRef) -> Corpus:
    return Workspace(corpus.folder).load_corpus(corpus.digest)


@lru_cache(maxsize=8)
def load_corpus(corpus: CorpusRef) -> Corpus:
    """A corpus with its added columns after the source columns. Raises StorageError where one was removed."""
    source = _load_source(corpus.source)
    if not corpus.columns:
        return source
    added = {name: read_added_column(corpus, name, version) for name, version in corpus.columns}
    return replace(source, table=source.table.assign(**added))


def load_distinct_texts(corpus: CorpusRef) -> list[str]:
    """The corpus' distinct texts, in order of appearance."""
    return _distinct_texts(corpus.source)


@lru_cache(maxsize=2)
def _distinct_texts(source: CorpusRef) -> list[str]:
    return distinct_texts(_load_source(source).texts)[1]


def load_text_codes(corpus: CorpusRef, model: ModelSpec | None) -> np.ndarray:
    """(n,) codes, equal for rows with the same text; under imported vectors each row is its own, as equal texts may
    have unequal vectors."""
    return _text_codes(corpus.source, model)


@lru_cache(maxsize=4)
def _text_codes(source: CorpusRef, model: ModelSpec | None) -> np.ndarray:
    texts = _load_source(source).texts
    return np.arange(len(texts)) if model and model.backend == "imported" else distinct_texts(texts)[0]


@lru_cache(maxsize=16)
def load_filter_mask(corpus: CorpusRef, filters: tuple[Filter, ...]) -> np.ndarray | None:
    """Bool (n,), read-only: the rows that pass all filters; None without filters. Raises as `apply_filters` does."""
    if not filters:
        return None
    mask = apply_filters(load_corpus(corpus).table, filters, partial(load_selection, corpus))
    mask.setflags(write=False)
    return mask


@lru_cache(maxsize=32)
def load_selection(corpus: CorpusRef, key: str) -> np.ndarray:
    """Bool (n,), read-only: the rows of a saved selection. Raises StorageError where it doesn't exist. Keys are digests
    of the rows: a deleted selection may still be cached, but never other rows."""
    mask = selection_mask(Workspace(corpus.folder), corpus.digest, key)
    mask.setflags(write=False)
    return mask
