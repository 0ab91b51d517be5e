"""Passages for a question to corpora of the workspace, as the page shows them; runs in a worker."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.ask.loaders import load_retriever
from core.ask.retrieval import Mode, Retrieval, Retriever
from core.corpus.export import short_cells
from core.corpus.filters import Filter, column_kind
from core.corpus.language import query_warning
from core.corpus.loaders import load_corpus, load_filter_mask
from core.corpus.sentences import sentence_spans
from core.models.registry import capabilities
from core.models.reranker import RerankerSpec, open_reranker
from core.secret import Secret
from core.text import clean_line
from core.types import CorpusRef, IndexFacts, ModelSpec
from core.vectors.loaders import load_index

EXAMPLES = 3  # questions of the corpus that are suggested
EXAMPLE_TEXTS = 5_000  # texts they are looked for in
EXAMPLE_LENGTH = (20, 120)  # characters
_QUESTION = re.compile(r"[?？]$")


@dataclass(frozen=True)
class AskQuery:
    """A question and what is searched. corpora: together; the first is the one that filters and selections are of. In
    others those filters apply whose column they have, too, of the same kind. k: number of passages."""

    question: str
    corpora: tuple[CorpusRef, ...]
    mode: Mode = "semantic"
    k: int = 5
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, eq=False)
class AskResult:
    """The passages of a question.

    sources: (index of the corpus, row of that corpus) of each passage. table: the columns of their rows, cells
    truncated, one row a passage. searched of total: rows of the scope. percentile_method, sentence_method: how
    percentiles and the highlighted sentences are computed, "" where there are no percentiles. index: what was searched,
    None where it was not used. unfiltered: (index of a corpus, names of the filters that do not apply to it).
    language_warning: a sentence where the model does not read the question's language.
    milliseconds: of the whole retrieval.
    """

    retrieval: Retrieval
    sources: tuple[tuple[int, int], ...]
    table: pd.DataFrame
    searched: int
    total: int
    percentile_method: str
    sentence_method: str
    index: IndexFacts | None
    unfiltered: tuple[tuple[int, tuple[str, ...]], ...]
    language_warning: str
    milliseconds: float


@dataclass(frozen=True)
class CachedReranker:
    """A reranker that scores the same texts for a question once, since the page asks again whenever it is drawn."""

    spec: RerankerSpec
    secret: Secret | None

    @property
    def label(self) -> str:
        return self.spec.label

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """Raises ModelError, ServiceError; errors are not cached."""
        return _scores(self.spec, self.secret, question, tuple(texts))


@lru_cache(maxsize=64)
def _scores(spec: RerankerSpec, secret: Secret | None, question: str, texts: tuple[str, ...]) -> np.ndarray:
    return open_reranker(spec, secret).scores(question, texts)


def find_passages(
    query: AskQuery, spec: ModelSpec | None, secret: Secret | None = None, reranker: RerankerSpec | None = None,
    reranker_secret: Secret | None = None,
) -> AskResult:  # fmt: skip
    """Raises InputError for what can't be searched, ModelError, ServiceError, StorageError.

    spec: the model that embedded the corpora; None, or one that can't embed questions, for keyword mode alone.
    """
    started = time.perf_counter()
    spec = spec if spec and capabilities(spec).can_embed else None
    retriever = load_retriever(query.corpora, spec, secret)
    mask = _mask(query)
    opened = CachedReranker(reranker, reranker_secret) if reranker else None
    retrieval = retriever.retrieve(query.question, query.k, query.mode, mask, opened)
    sources = _sources(query, retrieval)
    uses_index = spec is not None and len(query.corpora) == 1 and query.mode != "keyword"
    return AskResult(
        retrieval,
        sources,
        _columns(query, sources),
        len(retriever.corpus) if mask is None else int(mask.sum()),
        len(retriever.corpus),
        retriever.percentile_method if spec else "",
        sentence_method(retriever),
        load_index(query.corpora[0], spec).facts if spec and uses_index else None,
        _unfiltered(query),
        query_warning(spec, query.question) if spec else "",
        (time.perf_counter() - started) * 1000,
    )


def sentence_method(retriever: Retriever) -> str:
    """How the sentence that matches best is found."""
    if retriever.vectors is None:
        return "The sentence with the most content words of the question."
    return f"The sentence with the highest cosine to the question by {retriever.embedder.spec.label}."


def _mask(query: AskQuery) -> np.ndarray | None:
    """Bool (n,) over the rows of all corpora: those that pass the filters."""
    if not query.filters:
        return None
    masks = []
    for corpus in query.corpora:
        mask = load_filter_mask(corpus, tuple(_applicable(query, corpus)))
        masks.append(np.ones(len(load_corpus(corpus)), dtype=bool) if mask is None else mask)
    return np.concatenate(masks)


def _applicable(query: AskQuery, corpus: CorpusRef) -> list[Filter]:
    """The filters that are meaningful for a corpus: all for the first, of which they are."""
    if corpus == query.corpora[0]:
        return list(query.filters)
    own, other = load_corpus(query.corpora[0]).table, load_corpus(corpus).table
    named = [one for one in query.filters if one.kind != "rows" and one.column in own and one.column in other]
    return [one for one in named if column_kind(own[one.column]) == column_kind(other[one.column])]


def _unfiltered(query: AskQuery) -> tuple[tuple[int, tuple[str, ...]], ...]:
    left_out = []
    for index, corpus in enumerate(query.corpora):
        applied = _applicable(query, corpus)
        if names := tuple(one.column for one in query.filters if one not in applied):
            left_out.append((index, names))
    return tuple(left_out)


def _sources(query: AskQuery, retrieval: Retrieval) -> tuple[tuple[int, int], ...]:
    starts = np.cumsum([0, *(len(load_corpus(corpus)) for corpus in query.corpora[:-1])])
    rows = np.array([passage.row for passage in retrieval.passages], np.int64)
    parts = np.searchsorted(starts, rows, side="right") - 1
    return tuple(zip(parts.tolist(), (rows - starts[parts]).tolist(), strict=True))


def _columns(query: AskQuery, sources: tuple[tuple[int, int], ...]) -> pd.DataFrame:
    """The columns of the rows, in the order of the passages; those of several corpora side by side."""
    parts = [load_corpus(query.corpora[corpus]).table.iloc[[row]] for corpus, row in sources]
    if not parts:
        return pd.DataFrame()
    return short_cells(pd.concat(parts, ignore_index=True))[0]


@lru_cache(maxsize=16)
def example_questions(corpus: CorpusRef) -> tuple[str, ...]:
    """Up to EXAMPLES different questions that occur in the texts, from different texts; empty where there are none."""
    examples: dict[str, str] = {}
    low, high = EXAMPLE_LENGTH
    for text in load_corpus(corpus).texts[:EXAMPLE_TEXTS]:
        if "?" not in text and "？" not in text:
            continue
        for start, end in sentence_spans(text[: 20 * high]):
            sentence = clean_line(text[start:end])
            if low <= len(sentence) <= high and _QUESTION.search(sentence):
                examples.setdefault(sentence.casefold(), sentence)
                break
        if len(examples) == EXAMPLES:
            break
    return tuple(examples.values())
