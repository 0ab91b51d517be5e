"""Tools: clusters, outliers and near-duplicates."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from core.clusters.results import CLUSTER_KEYWORDS, CLUSTER_NAMES, CLUSTER_TRUST
from core.clusters.service import CLUSTERS, ClusterParams, ClusterQuery, cluster_detail, cluster_set, default_params
from core.corpus.loaders import load_corpus
from core.duplicates.service import (
    DuplicateGroups,
    DuplicateQuery,
    Similarity,
    duplicate_groups,
    group_codes,
    threshold_curve,
)
from core.errors import InputError
from core.mcp.access import Access, require_quick
from core.mcp.arguments import Columns, CorpusName, Limit, MaxCharacters, ModelName, Offset
from core.mcp.rows import TEXT_LENGTH, Row, page_note, read_rows, rounded
from core.outliers.consensus import DEFAULT_K, Cutoff, percentiles
from core.outliers.results import OUTLIER_SCORES, OutlierQuery
from core.outliers.service import OutlierSettings, outlier_rows, outlier_score
from core.store import CorpusInfo
from core.text import truncate
from core.types import CorpusRef, ModelSpec

MAX_KEYWORDS = 10
MAX_MEMBERS = 20  # row ids of a group of near-duplicates


@dataclass(frozen=True)
class ClusterItem:
    """A cluster. number: from 1, the largest first. purity: share of its rows' neighbors in the cluster, null where it
    has not been measured."""

    number: int
    name: str
    rows: int
    share: float
    keywords: list[str]
    purity: float | None


@dataclass(frozen=True)
class ClusterList:
    """Clusters of a model, the largest first, of `total`. noise: rows in none."""

    clusters: list[ClusterItem]
    total: int
    noise: int
    corpus_rows: int
    model: str
    method: str
    note: str


@dataclass(frozen=True)
class ClusterTexts:
    """One cluster with its texts nearest to its center, and those that distinguish it most from the next cluster."""

    number: int
    name: str
    rows: int
    keywords: list[str]
    representative: list[Row]
    distinctive: list[Row]


@dataclass(frozen=True)
class Outlier:
    """A row with its outlier score. percentile: share of all rows with a lower score, 0 to 100."""

    row: Row
    score: float | None
    percentile: float | None


@dataclass(frozen=True)
class OutlierItems:
    """The most unusual rows, of `corpus_rows`."""

    outliers: list[Outlier]
    corpus_rows: int
    model: str
    note: str


@dataclass(frozen=True)
class DuplicateGroup:
    """Rows that are alike: the first row ids of `rows`. lowest_cosine: between any two of them."""

    rows: int
    row_ids: list[int]
    distinct_texts: int
    lowest_cosine: float | None
    text: str


@dataclass(frozen=True)
class Duplicates:
    """Groups of near-duplicates at a threshold, largest first, of `total`. pairs: of near-duplicates; rows_in_groups:
    rows in any group; redundant: those beyond one per group; copies: rows that repeat an earlier text exactly."""

    groups: list[DuplicateGroup]
    total: int
    pairs: int
    rows_in_groups: int
    redundant: int
    copies: int
    corpus_rows: int
    threshold: float
    note: str


def clusters(
    access: Access, corpus: CorpusName, model: ModelName = "", limit: Limit = 50, offset: Offset = 0
) -> ClusterList:
    """List the clusters of a corpus (Leiden on the neighbor graph, named by keywords) with sizes and keywords.

    Typical texts of one: the tool cluster. Its rows: the tool select.
    """
    info = access.info(corpus)
    query = _cluster_query(access, info, model)
    result, keywords = cluster_set(*_parts(query)), CLUSTER_KEYWORDS.get_or_compute(query)
    sizes, trust = np.bincount(result.labels[result.labels >= 0], minlength=len(keywords)), CLUSTER_TRUST.load(query)
    items = [
        ClusterItem(
            number=label + 1,
            name=result.names[label],
            rows=int(sizes[label]),
            share=round(int(sizes[label]) / info.rows, 4),
            keywords=[term for term, _ in keywords[label][:MAX_KEYWORDS]],
            purity=rounded(trust.purity[label]) if trust else None,
        )
        for label in range(len(keywords))[offset : offset + limit]
    ]
    method = f"{query.params.method}, level {query.params.level} of its hierarchy"
    note = page_note(offset, len(items), len(keywords), "clusters")
    noise = int((result.labels < 0).sum())
    return ClusterList(items, len(keywords), noise, info.rows, query.model.label, method, note)


def cluster(
    access: Access, corpus: CorpusName, number: Annotated[int, Field(ge=1, description="Of the tool clusters.")],
    model: ModelName = "", columns: Columns = None, max_characters: MaxCharacters = TEXT_LENGTH,
) -> ClusterTexts:  # fmt: skip
    """Read the keywords and typical texts of one cluster."""
    info = access.info(corpus)
    query = _cluster_query(access, info, model)
    detail = cluster_detail(*_parts(query), number - 1)
    representative, distinctive = (
        read_rows(load_corpus(query.corpus), table.index.to_numpy(), columns, max_characters)
        for table in (detail.representative, detail.distinctive)
    )
    keywords = [term for term, _ in detail.keywords[:MAX_KEYWORDS]]
    return ClusterTexts(number, detail.name, detail.rows, keywords, representative, distinctive)


def _cluster_query(access: Access, info: CorpusInfo, model: str) -> ClusterQuery:
    """The default clustering. Raises StorageError where it is missing and takes long."""
    corpus, spec = access.ref(info), access.model(info, model)
    query = ClusterQuery(corpus, spec, default_params(corpus, spec))
    require_quick("Clusters", query, CLUSTERS, CLUSTER_NAMES, CLUSTER_KEYWORDS)
    return query


def _parts(query: ClusterQuery) -> tuple[CorpusRef, ModelSpec, ClusterParams]:
    return query.corpus, query.model, query.params


def outliers(
    access: Access, corpus: CorpusName, model: ModelName = "", limit: Limit = 20, columns: Columns = None,
    max_characters: MaxCharacters = TEXT_LENGTH,
) -> OutlierItems:  # fmt: skip
    """List the most unusual rows of a corpus under a model: isolated texts and small groups far from all others."""
    info = access.info(corpus)
    reference, spec = access.ref(info), access.model(info, model)
    require_quick("Anomalies", OutlierQuery(reference, spec), OUTLIER_SCORES)
    score = outlier_score(reference, spec, "combined", DEFAULT_K)
    ids = outlier_rows(reference, spec, OutlierSettings(cutoff=Cutoff("number", float(limit))))
    rows, ranks = read_rows(load_corpus(reference), ids, columns, max_characters), percentiles(score)
    items = [Outlier(row, rounded(score[row.row_id]), rounded(ranks[row.row_id], 1)) for row in rows]
    note = (
        f"The {len(items):,} highest of {info.rows:,} scores (combined rank as isolated point and as part of a distant "
        f"cluster, {DEFAULT_K} neighbors; higher is more unusual). A high rank is not a test: every corpus has one."
    )
    return OutlierItems(items, info.rows, spec.label, note)


def duplicates(
    access: Access, corpus: CorpusName, model: ModelName = "",
    similarity: Annotated[Similarity, Field(description="embedding: cosine; exact: identical texts; characters, words: "
                                            "wording, once it has been compared in the app.")] = "embedding",
    threshold: Annotated[float | None, Field(ge=0.5, le=1, description="Lowest similarity; suggested by the app's rule "
                                             "by default.")] = None,
    limit: Limit = 20, max_characters: MaxCharacters = TEXT_LENGTH,
) -> Duplicates:  # fmt: skip
    """Find groups of near-duplicate or identical texts, with how many rows are redundant."""
    info = access.info(corpus)
    query = DuplicateQuery(access.ref(info), access.model(info, model), similarity)
    curve = threshold_curve(query)
    level = curve.suggested if threshold is None else threshold
    if level < curve.thresholds[0]:
        raise InputError(f"The lowest threshold is {curve.thresholds[0]:g}.", "Raise the threshold.")
    found = duplicate_groups(query, level)
    return Duplicates(
        groups=_groups(found, group_codes(query, level), limit, max_characters),
        total=found.groups,
        pairs=found.pairs,
        rows_in_groups=found.rows,
        redundant=found.rows - found.groups,
        copies=found.copies,
        corpus_rows=info.rows,
        threshold=level,
        note=f"The {min(limit, found.groups):,} largest of {found.groups:,} groups. {_note(found)}".strip(),
    )


def _groups(found: DuplicateGroups, codes: np.ndarray, limit: int, max_characters: int) -> list[DuplicateGroup]:
    items = []
    for number, (rows, distinct, cosine, text) in enumerate(found.table.head(limit).itertuples(index=False)):
        members = np.flatnonzero(codes == number)[:MAX_MEMBERS].tolist()
        items.append(DuplicateGroup(int(rows), members, int(distinct), rounded(cosine), truncate(text, max_characters)))
    return items


def _note(found: DuplicateGroups) -> str:
    if not found.saturated:
        return ""
    return f"{found.saturated:,} rows have near-duplicates among all their stored neighbors, and may have more."
