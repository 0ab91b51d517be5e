"""Passages for a question: by vectors, BM25 or both fused, and the sentence of each that is nearest to the question."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, get_args

import numpy as np

from core.corpus.keyword import Span, TermIndex, parse_terms, search_keywords
from core.corpus.keyword_index import JoinedIndex, KeywordIndex, load_keyword_index
from core.corpus.postings import build_postings
from core.corpus.sentences import sentence_spans, without_headings
from core.corpus.terms import content_words, text_words
from core.corpus.texts import distinct_texts, first_rows
from core.errors import InputError
from core.models.base import Embedder, Reranker
from core.types import Corpus, CorpusRef, Vectors
from core.vectors.index import exact_search, similarities
from core.vectors.search import (
    FUSION_DEPTH,
    Calibration,
    Hits,
    Searcher,
    calibrate,
    find_nearest,
    fuse_hits,
    make_hits,
)

Mode = Literal["semantic", "keyword", "hybrid"]
MODES: tuple[Mode, ...] = get_args(Mode)
MAX_SENTENCES = 100  # of one passage that are compared with the question
MAX_QUESTION = 2_000  # characters
RERANKED = 50  # candidates whose order a reranker decides


@dataclass(frozen=True)
class Passage:
    """A passage for a question.

    number: its rank, from 1, by which answers cite it. row: of the corpus. score: what the order follows, higher is
    better: cosine, BM25 or fused score, by mode, or the reranker's. cosine: to the question, in [-1, 1]. percentile:
    share of random pairs of texts with a lower cosine, in [0, 100], see `Retriever.percentile_method`. span: (start,
    end) in characters of the sentence with the highest cosine to the question, `span_cosine`; of a keyword search
    without vectors, with the highest share of its content words.
    """

    number: int
    row: int
    text: str
    score: float
    cosine: float
    percentile: float
    span: Span
    span_cosine: float

    @property
    def sentence(self) -> str:
        """The sentence that matches the question best."""
        return self.text[self.span[0] : self.span[1]]


@dataclass(frozen=True, eq=False)
class Retrieval:
    """The passages for a question, and their sentences. nearest: the highest cosine of any searched text to the
    question, NaN without vectors. spans: of all sentences, in order; passage_of: (s,) index of the passage of each;
    vectors: (s, d) float32 unit rows; cosines: (s,) to the question; without vectors the share of its words."""

    question: str
    passages: tuple[Passage, ...]
    nearest: float
    spans: tuple[Span, ...]
    passage_of: np.ndarray
    vectors: np.ndarray
    cosines: np.ndarray

    def sentence(self, index: int) -> str:
        start, end = self.spans[index]
        return self.passages[self.passage_of[index]].text[start:end]


@dataclass(frozen=True)
class ExactSearcher:
    """Exact search of unit rows (n, d)."""

    rows: np.ndarray

    def search(self, queries: np.ndarray, k: int, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        allowed = None if rows is None else np.flatnonzero(rows)
        k = min(k, len(self.rows) if allowed is None else len(allowed))
        if k == 0:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        return exact_search(self.rows, queries, k, allowed)


@dataclass(frozen=True, eq=False)
class Retriever:
    """What answers questions about a corpus. codes: (n,) int of equal texts; first: mask (n,) of the first row of each
    text, None where no text repeats: copies are one passage. background: cosines of random pairs of texts. vectors,
    searcher: None for keyword search alone; the embedder then only compares sentences with each other. stored: the
    corpora of a workspace whose rows these are, one after the other; none of a corpus that is not stored."""

    corpus: Corpus
    vectors: Vectors | None
    embedder: Embedder
    searcher: Searcher | None
    codes: np.ndarray
    first: np.ndarray | None
    background: Calibration
    stored: tuple[CorpusRef, ...] = ()

    @cached_property
    def keyword_index(self) -> TermIndex:
        """Loaded, or built, when keywords are first searched."""
        if not self.stored:
            return KeywordIndex(build_postings(self.corpus.texts))
        indexes = [load_keyword_index(corpus) for corpus in self.stored]
        return indexes[0] if len(indexes) == 1 else JoinedIndex(indexes)

    @property
    def percentile_method(self) -> str:
        pairs = "pairs" if self.background.exhaustive else f"random pairs (seed {self.background.seed})"
        return f"Share of {len(self.background):,} {pairs} of texts with a lower cosine."

    def embed_questions(self, questions: Sequence[str]) -> np.ndarray:
        """(q, d) float32 unit rows."""
        return self.embedder.embed_query([question[:MAX_QUESTION] for question in questions])

    def distinct_rows(self, mask: np.ndarray | None) -> np.ndarray | None:
        """A mask (n,) of the first row of each text among the rows of a mask; None for all rows."""
        if mask is None or self.first is None:
            return self.first if mask is None else mask
        return first_rows(self.codes, np.flatnonzero(mask))

    def hits(
        self, question: str, vector: np.ndarray, k: int, mode: Mode, mask: np.ndarray | None = None
    ) -> Hits:  # fmt: skip
        """The best k rows without copies, see `Passage` for the scores. Fewer where fewer match a keyword search."""
        rows_searched = self.distinct_rows(mask)
        if mode == "semantic":
            return find_nearest(self.require_searcher(), vector, k, self.background, rows_searched)
        rows, scores = self._keyword_rows(question, k if mode == "keyword" else FUSION_DEPTH, rows_searched)
        if mode == "keyword":
            cosines = similarities(self.vectors.rows[rows], vector) if self.vectors else None
            return make_hits(rows, scores, mode, cosines, self.background)
        nearest = find_nearest(self.require_searcher(), vector, FUSION_DEPTH, self.background, rows_searched)
        unit_rows = self.vectors.rows if self.vectors else None
        return fuse_hits([nearest.rows, rows], k, unit_rows, vector, self.background)

    def require_searcher(self) -> Searcher:
        """Raises InputError where there are no vectors to search."""
        if self.searcher is None:
            raise InputError("There are no vectors to search.", "Embed the corpus, or use keyword mode.")
        return self.searcher

    def _keyword_rows(self, question: str, k: int, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        query = keyword_query(question)
        if not query:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        matches = search_keywords(self.corpus.texts, query, k, mask, terms_first=False, index=self.keyword_index)
        return matches.rows, matches.scores

    def retrieve(
        self, question: str, k: int = 5, mode: Mode = "semantic", mask: np.ndarray | None = None,
        reranker: Reranker | None = None,
    ) -> Retrieval:  # fmt: skip
        """The passages for a question. mask: bool (n,), the rows searched. reranker: decides the order of the first
        RERANKED candidates. Raises InputError for an empty question, an unknown mode and k below 1."""
        if not question.strip():
            raise InputError("The question is empty.", "Type a question.")
        if mode not in MODES or k < 1:
            raise InputError(
                f"There are no {k} passages by {mode!r}.", f"Choose k from 1, and one of {', '.join(MODES)}."
            )
        vector = self.embed_questions([question])[0]
        hits = self.hits(question, vector, max(k, RERANKED) if reranker else k, mode, mask)
        if reranker and len(hits):
            hits = self._reranked(question, hits, k, reranker)
        texts = [self.corpus.texts[row] for row in hits.rows]
        spans = [_quotable_spans(text) for text in texts]
        passage_of = np.repeat(np.arange(len(texts)), [len(parts) for parts in spans])
        flat = tuple(span for parts in spans for span in parts)
        vectors = self._sentence_vectors(hits.rows[passage_of], [texts[i] for i in passage_of], flat)
        cosines = vectors @ vector if self.vectors else _term_shares(question, texts, passage_of, flat)
        passages = _passages(hits, texts, flat, passage_of, cosines)
        return Retrieval(question, passages, self._nearest(vector, mask), flat, passage_of, vectors, cosines)

    def _nearest(self, vector: np.ndarray, mask: np.ndarray | None) -> float:
        """The highest cosine of a text to a question, NaN without vectors, -1 without texts."""
        if self.searcher is None:
            return float("nan")
        return float(find_nearest(self.searcher, vector, 1, mask=mask).cosines.max(initial=-1.0))

    def _reranked(self, question: str, hits: Hits, k: int, reranker: Reranker) -> Hits:
        """The k hits that the reranker scores highest; ties stay in the order of the search."""
        scores = np.asarray(reranker.scores(question, [self.corpus.texts[row] for row in hits.rows]), np.float32)
        best = np.argsort(-scores, kind="stable")[:k]
        return make_hits(hits.rows[best], scores[best], hits.mode, hits.cosines[best], self.background)

    def _sentence_vectors(self, rows: np.ndarray, texts: list[str], spans: Sequence[Span]) -> np.ndarray:
        """(s, d) of sentences; one that is its whole text has the row's vector."""
        sentences = [text[start:end] for text, (start, end) in zip(texts, spans, strict=True)]
        if self.vectors is None:
            return self.embedder.embed(sentences)
        vectors = np.array(self.vectors.rows[rows])
        parts = [i for i, (sentence, text) in enumerate(zip(sentences, texts, strict=True)) if sentence != text.strip()]
        if parts:
            vectors[parts] = self.embedder.embed([sentences[i] for i in parts])
        return vectors


def _quotable_spans(text: str) -> tuple[Span, ...]:
    """The sentences that are compared with the question; the whole text where it has none."""
    return without_headings(text, sentence_spans(text))[:MAX_SENTENCES] or ((0, len(text)),)


def _passages(
    hits: Hits, texts: list[str], spans: Sequence[Span], passage_of: np.ndarray, cosines: np.ndarray
) -> tuple[Passage, ...]:
    """With the best of their sentences: spans, passage_of and cosines are those of all sentences."""
    columns = zip(hits.rows, hits.scores, hits.cosines, hits.percentiles, strict=True)
    passages = []
    for i, (row, score, cosine, percentile) in enumerate(columns):
        own = np.flatnonzero(passage_of == i)
        best = int(own[np.argmax(cosines[own])])
        values = float(score), float(cosine), float(percentile)
        passages.append(Passage(i + 1, int(row), texts[i], *values, spans[best], float(cosines[best])))
    return tuple(passages)


def _term_shares(question: str, texts: list[str], passage_of: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    """(s,) float64 in [0, 1]: the share of the question's content words in each sentence."""
    query, shares = keyword_query(question), np.zeros(len(spans))
    if not query or not len(spans):
        return shares
    sentences = [texts[i][start:end] for i, (start, end) in zip(passage_of, spans, strict=True)]
    matches = search_keywords(sentences, query, len(sentences))
    shares[matches.rows] = matches.matched / len(parse_terms(query))
    return shares


def keyword_query(question: str) -> str:
    """The question's content words as a keyword query; all its words where none is about content."""
    return " ".join(content_words(question) or dict.fromkeys(text_words(question.lower())))


@lru_cache(maxsize=4)
def open_retriever(
    corpus: Corpus, vectors: Vectors, embedder: Embedder, searcher: Searcher | None = None,
    stored: tuple[CorpusRef, ...] = (),
) -> Retriever:  # fmt: skip
    """The retriever of a corpus, made once. searcher: an index of the vectors; None searches all rows exactly. stored:
    see `Retriever`. Raises InputError where the three do not belong together."""
    check_model(vectors, embedder)
    if len(corpus) != len(vectors) or not len(corpus):
        message = f"The corpus has {len(corpus):,} texts, but there are {len(vectors):,} vectors."
        raise InputError(message, "Embed this corpus, and pass its vectors.")
    codes, first = _distinct_codes(corpus)
    background = calibrate(vectors.rows if first is None else vectors.rows[np.flatnonzero(first)])
    searcher = searcher or ExactSearcher(vectors.rows)
    return Retriever(corpus, vectors, embedder, searcher, codes, first, background, stored)


def keyword_retriever(corpus: Corpus, embedder: Embedder, stored: tuple[CorpusRef, ...] = ()) -> Retriever:
    """A retriever for keyword mode alone. embedder: compares sentences with each other."""
    codes, first = _distinct_codes(corpus)
    return Retriever(corpus, None, embedder, None, codes, first, Calibration(np.empty(0, np.float32), True, 0), stored)


def _distinct_codes(corpus: Corpus) -> tuple[np.ndarray, np.ndarray | None]:
    """(n,) codes of equal texts, and a mask (n,) of the first row of each; None where no text repeats."""
    codes = distinct_texts(corpus.texts)[0]
    first = first_rows(codes)
    return codes, None if first.all() else first


def check_model(vectors: Vectors, embedder: Embedder) -> None:
    """Raises InputError where the embedder is not the one that computed the vectors."""
    if embedder.spec.key != vectors.model.key:
        message = f"The vectors are of {vectors.model.label}, but the embedder is {embedder.spec.label}."
        raise InputError(message, "Pass the embedder that embedded the corpus.")
