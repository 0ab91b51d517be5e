"""Tools: search by text and by example rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from core.corpus.loaders import load_corpus
from core.mcp.access import Access
from core.mcp.arguments import Columns, CorpusName, Examples, Filters, Limit, MaxCharacters, ModelName
from core.mcp.rows import TEXT_LENGTH, as_filters, check_row_ids, read_rows, rounded
from core.search.service import SearchQuery, SearchResult
from core.search.service import search as search_corpus
from core.store import CorpusInfo
from core.types import ModelSpec
from core.vectors.search import SearchMode

SCORES = {
    "semantic": "score: cosine similarity to the query, -1 to 1; higher is more similar.",
    "keyword": "score: BM25; higher matches better.",
    "regex": "score: number of matches.",
    "hybrid": "score: reciprocal rank fusion of the semantic and the keyword ranking; higher is better.",
}
QueryText = Annotated[str, Field(max_length=4_000, description="What to search for; in the mode regex, a pattern.")]
Mode = Annotated[
    SearchMode,
    Field(description="semantic: by embeddings; keyword: BM25; regex; hybrid: semantic and keyword fused."),
]


@dataclass(frozen=True)
class Hit:
    """A row that was found; text and values are data. percentile: share of random pairs of texts that are less
    similar, 0 to 100. copies: further rows with the same text."""

    row_id: int
    text: str
    is_cut: bool
    values: dict[str, Any]
    score: float | None
    cosine: float | None
    percentile: float | None
    copies: int


@dataclass(frozen=True)
class Hits:
    """Hits, best first. searched: rows that passed the filters, of `total`. matching: rows that match keywords or
    pattern. index_recall: measured recall@10 of the index, 1 for exact search."""

    hits: list[Hit]
    mode: str
    model: str
    searched: int
    total: int
    matching: int | None
    index_recall: float | None
    note: str


def search(
    access: Access, corpus: CorpusName, query: QueryText = "", mode: Mode = "semantic", model: ModelName = "",
    limit: Limit = 10, filters: Filters = None, like: Examples = None, unlike: Examples = None,
    columns: Columns = None, max_characters: MaxCharacters = TEXT_LENGTH,
) -> Hits:  # fmt: skip
    """Search a corpus by meaning, by keywords, by a regular expression, or by meaning and keywords fused.

    like, unlike: rows that hits should be similar to, or differ from, together with the query or instead of it.
    """
    info = access.info(corpus)
    near, far = tuple(like or ()), tuple(unlike or ())
    check_row_ids((*near, *far), info.rows)
    request = SearchQuery(query, mode, near, far, limit, as_filters(access, info, filters))
    spec = None if mode in ("keyword", "regex") else access.model(info, model)
    return _hits(access, info, spec, request, columns, max_characters)


def neighbors(
    access: Access, corpus: CorpusName, row_id: Annotated[int, Field(ge=0, description="The row, from 0.")],
    model: ModelName = "", limit: Limit = 10, filters: Filters = None, columns: Columns = None,
    max_characters: MaxCharacters = TEXT_LENGTH,
) -> Hits:  # fmt: skip
    """Find the rows nearest to one row under a model, without copies of its text."""
    info = access.info(corpus)
    check_row_ids([row_id], info.rows)
    request = SearchQuery("", "semantic", (row_id,), (), limit, as_filters(access, info, filters))
    return _hits(access, info, access.model(info, model), request, columns, max_characters)


def _hits(
    access: Access, info: CorpusInfo, spec: ModelSpec | None, request: SearchQuery, columns: Sequence[str] | None,
    max_characters: int,
) -> Hits:  # fmt: skip
    reference = access.ref(info)
    secret = access.secret(spec) if spec and request.text.strip() else None
    result = search_corpus(reference, spec, request, secret)
    rows = read_rows(load_corpus(reference), result.hits.rows, columns, max_characters)
    figures = zip(*_figures(result), strict=True)
    hits = [
        Hit(row.row_id, row.text, row.is_cut, row.values, *of_row) for row, of_row in zip(rows, figures, strict=True)
    ]
    return Hits(
        hits=hits,
        mode=request.mode,
        model=spec.label if spec else "",
        searched=result.searched,
        total=result.total,
        matching=result.matching,
        index_recall=rounded(result.index.recall) if result.index else None,
        note=_note(result, request),
    )  # fmt: skip


def _figures(result: SearchResult) -> tuple[list[Any], ...]:
    """score, cosine, percentile and copies of each hit."""
    hits = result.hits
    numbers = [[rounded(value) for value in values.tolist()] for values in (hits.scores, hits.cosines)]
    percentiles = [rounded(value, 1) for value in hits.percentiles.tolist()]
    return (*numbers, percentiles, np.asarray(result.copies).tolist())


def _note(result: SearchResult, request: SearchQuery) -> str:
    among = (
        f"{result.matching:,} matching rows" if request.mode in ("keyword", "regex") else f"{result.searched:,} rows"
    )
    count = f"The {len(result.hits):,} best of {among}, each text once."
    return " ".join(filter(None, (count, SCORES[result.hits.mode], result.language_warning)))
