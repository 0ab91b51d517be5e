"""Diversity of a corpus and its groups, coresets that represent it, and hubs."""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.clusters.service import default_clusters
from core.corpus.export import rows_csv
from core.corpus.filters import MAX_DISCRETE_NUMBERS, column_kind
from core.corpus.label_columns import INTERNAL_COLUMNS, label_codes
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus, load_text_codes
from core.diversity.measures import (
    MAX_EXACT_ROWS,
    SampledScore,
    coverage,
    coverage_curve,
    facility_location,
    farthest_first,
    mean_pair_distance,
    sampled_vendi,
    vendi_score,
)
from core.errors import InputError
from core.search.service import calibration
from core.types import CorpusRef, ModelSpec
from core.vectors.hubs import find_hubs, occurrence_bins
from core.vectors.loaders import load_neighbors, load_vectors, nearest_texts

SAMPLE_SIZES = (10, 20, 50, 100, 200)  # rows drawn from each group
MAX_GROUPS = 30
DRAWS, SEED = 10, 0
CORPUS_SAMPLE = 1_000  # rows of a sample of the corpus
CELL = 400
CLUSTERS = ""  # in place of a column: the default clusters
MAX_HUBS = 50  # listed

Method = Literal["facility location", "k-center", "random"]
METHODS: tuple[Method, ...] = get_args(Method)
CANDIDATES: dict[Method, int] = {"k-center": 20_000, "facility location": 4_000, "random": 10**9}
"""How many rows a method selects from; facility location holds all their pairs."""
CURVE_ROWS = 20_000  # rows the curve is measured on
CURVE_LENGTH = 200
EVALUATED_ROWS = 100_000  # rows a coreset is evaluated on
MAX_CORESET = 500


@dataclass(frozen=True)
class DiversitySummary:
    """vendi: over samples of up to 1,000 rows. vendi_all: of all rows, None beyond 100,000. max_vendi: the highest it
    could be on a sample. distance: mean cosine distance of all pairs, exact; NaN for one row. identical: all rows."""

    vendi: SampledScore
    vendi_all: float | None
    max_vendi: int
    distance: float
    identical: bool


@dataclass(frozen=True, eq=False)
class GroupScores:
    """table: the most diverse group first; columns group, rows, sample size, Vendi score, standard deviation, mean pair
    distance (over all rows, exact). size: rows drawn from each, `draws` times. too_small: groups with fewer rows;
    beyond_limit: those not among the 30 with most rows. missing: rows in no group. sizes: those that at least two
    groups reach."""

    table: pd.DataFrame
    size: int
    draws: int
    too_small: int
    beyond_limit: int
    missing: int
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class HubSummary:
    """Of the k-occurrences: in how many others' lists of k neighbors a row is. skewness; antihubs: share of rows in no
    list; both with what chance gives. hubs: rows above the threshold. robin_hood: index in [0, 1]. bins, rows: their
    histogram. table: the 50 highest, index row ids: k-occurrence, copies where there are any, relative to mean,
    text. total: distinct texts."""

    k: int
    total: int
    skewness: float
    skewness_chance: float
    antihubs: float
    antihubs_chance: float
    threshold: float
    hubs: int
    robin_hood: float
    bins: tuple[str, ...]
    rows: tuple[int, ...]
    table: pd.DataFrame


@dataclass(frozen=True)
class CoresetQuery:
    """Which rows are selected. k: how many. cosine: from which on a row counts as covered by a selected one."""

    corpus: CorpusRef
    model: ModelSpec
    method: Method
    k: int
    cosine: float


@dataclass(frozen=True)
class CoverageCurves:
    """Coverage of `evaluated` of `total` rows by 1 .. k rows of each method. shares: of rows covered. max_distances:
    cosine distance of the farthest row."""

    shares: dict[Method, list[float]]
    max_distances: dict[Method, list[float]]
    evaluated: int
    total: int


@dataclass(frozen=True, eq=False)
class Coreset:
    """methods: the selected one first; columns method, covered (share), mean cosine, max distance, candidates (rows it
    selected from); of `evaluated` of `total` rows, see Coverage. table: the rows in order of selection, index row ids;
    represents: evaluated rows nearest to it; text."""

    methods: pd.DataFrame
    table: pd.DataFrame
    evaluated: int
    total: int


def diversity_summary(corpus: CorpusRef, model: ModelSpec) -> DiversitySummary:
    """How diverse all rows are."""
    rows = load_vectors(corpus, model).rows
    distance = mean_pair_distance(rows)
    vendi = sampled_vendi(rows, CORPUS_SAMPLE, DRAWS, SEED)
    vendi_all = vendi_score(rows) if len(rows) <= MAX_EXACT_ROWS else None
    return DiversitySummary(vendi, vendi_all, min(vendi.size, rows.shape[1]), distance, not distance > 1e-6)


def group_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns whose values can be compared: labels first, then others with few values that repeat."""
    data = load_corpus(corpus)
    names = [name for name in data.roles.labels if name in data.table.columns]
    for name in data.table.columns:
        excluded = (*names, *INTERNAL_COLUMNS, data.roles.id, data.roles.time)
        if name not in excluded and _has_groups(data.table[name]):
            names.append(str(name))
    return tuple(names)


def group_scores(corpus: CorpusRef, model: ModelSpec, column: str, size: int | None = None) -> GroupScores:
    """The Vendi score of each value of a column (or cluster, for ""), over samples of one size.

    size None: the largest that at least half of the groups reach. Raises InputError for no column, or where fewer than
    two groups have 10 rows.
    """
    members, names, missing = _group_members(corpus, model, column)
    counts = np.array([len(rows) for rows in members], dtype=np.int64)
    largest = [int(group) for group in np.argsort(-counts, kind="stable")[:MAX_GROUPS]]
    reaching = {sample: int((counts[largest] >= sample).sum()) for sample in SAMPLE_SIZES}
    sizes = tuple(sample for sample in SAMPLE_SIZES if reaching[sample] >= 2)
    if not sizes:
        subject = f'The column "{column}" has' if column else "The clustering has"
        message = f"{subject} fewer than two groups of at least {SAMPLE_SIZES[0]} rows."
        raise InputError(message, "Select a column whose values repeat more.")
    if size not in sizes:
        size = max((sample for sample in sizes if reaching[sample] * 2 >= len(largest)), default=sizes[0])
    groups = tuple(group for group in largest if counts[group] >= size)
    measured = _measure_groups(corpus, model, column, len(names), size, groups)
    lines = [
        (names[group], counts[group], size, vendi.mean, vendi.deviation, distance)
        for group, (vendi, distance) in zip(groups, measured, strict=True)
    ]
    columns = ["group", "rows", "sample size", "Vendi score", "standard deviation", "mean pair distance"]
    table = pd.DataFrame(lines, columns=columns)
    return GroupScores(
        table.sort_values("Vendi score", ascending=False, kind="stable", ignore_index=True), size,
        draws=max(vendi.draws for vendi, _ in measured), too_small=len(largest) - len(groups),
        beyond_limit=len(names) - len(largest), missing=missing, sizes=sizes,
    )  # fmt: skip


def hub_summary(corpus: CorpusRef, model: ModelSpec, k: int) -> HubSummary:
    """How unevenly texts are neighbors of others, and which are most often; each distinct text counts once."""
    codes = load_text_codes(corpus, model)
    first, copies = np.unique(codes, return_index=True, return_counts=True)[1:]
    if len(first) == len(codes):
        hubs = find_hubs(load_neighbors(corpus, model).ids, k)
    else:
        hubs = find_hubs(codes[nearest_texts(corpus, model, first, k)[0]], k)
    texts = load_corpus(corpus).texts
    top = np.argsort(-hubs.counts, kind="stable")[:MAX_HUBS]
    table = pd.DataFrame({"k-occurrence": hubs.counts[top]}, index=first[top])
    if copies.max(initial=1) > 1:
        table["copies"] = copies[top] - 1
    table["relative to mean"] = hubs.counts[top] / max(hubs.k, 1)
    table["text"] = [texts[row][:CELL] for row in table.index]
    bins, rows = occurrence_bins(hubs.counts)
    return HubSummary(
        k=hubs.k, total=len(hubs.counts), skewness=hubs.skewness, skewness_chance=hubs.chance,
        antihubs=hubs.antihub_share, antihubs_chance=hubs.antihub_chance, threshold=hubs.threshold,
        hubs=int((hubs.counts > hubs.threshold).sum()), robin_hood=hubs.robin_hood, bins=tuple(bins),
        rows=tuple(rows.tolist()), table=table,
    )  # fmt: skip


def suggest_cosine(corpus: CorpusRef, model: ModelSpec) -> float:
    """A cosine from which on rows count as covered, to two digits, in [0.05, 0.95]: that of the nearest 1% of random
    pairs, or the median over rows of that to their tenth neighbor, where it is lower (small distant clusters)."""
    if len(load_vectors(corpus, model)) < 2:
        return 0.5
    high = float(calibration(corpus, model).quantiles([0.99])[0])
    graph = load_neighbors(corpus, model)
    typical = float(np.median(graph.scores[:, min(10, graph.k) - 1]))
    return float(np.clip(round(min(high, typical), 2), 0.05, 0.95))


def coverage_curves(corpus: CorpusRef, model: ModelSpec, cosine: float) -> CoverageCurves:
    """How coverage grows with the number of rows selected, up to 200, by each method."""
    vectors = load_vectors(corpus, model).rows
    rows = _sample(corpus, model, CURVE_ROWS)[1]
    curves = CoverageCurves({}, {}, len(rows), len(vectors))
    for method in METHODS:
        centers = vectors[_select(corpus, model, method)[:CURVE_LENGTH]]
        shares, distances = coverage_curve(rows, centers, cosine)
        curves.shares[method], curves.max_distances[method] = shares.tolist(), distances.tolist()
    return curves


def coreset(query: CoresetQuery) -> Coreset:
    """The rows selected, and how well they cover the corpus compared with other methods. Raises InputError."""
    if query.method not in METHODS or not 1 <= query.k <= MAX_CORESET:
        raise InputError("These rows can't be selected.", f"Select 1 to {MAX_CORESET} rows by one of the methods.")
    vectors, texts = load_vectors(query.corpus, query.model).rows, load_corpus(query.corpus).texts
    rows = _sample(query.corpus, query.model, EVALUATED_ROWS)[1]
    coverages = {
        method: coverage(rows, vectors[coreset_rows(replace(query, method=method))], query.cosine)
        for method in sorted(METHODS, key=lambda method: method != query.method)
    }
    lines = [
        (method, result.share, result.mean_cosine, result.max_distance, min(CANDIDATES[method], len(vectors)))
        for method, result in coverages.items()
    ]
    methods = pd.DataFrame(lines, columns=["method", "covered", "mean cosine", "max distance", "candidates"])
    selected = coreset_rows(query)
    table = pd.DataFrame({"represents": coverages[query.method].represents}, index=selected)
    table["text"] = [texts[row][:CELL] for row in selected]
    return Coreset(methods, table, len(rows), len(vectors))


def coreset_rows(query: CoresetQuery) -> np.ndarray:
    """(k,) row ids in order of selection; fewer where the corpus has no more different rows."""
    return _select(query.corpus, query.model, query.method)[: query.k]


def coreset_file(query: CoresetQuery) -> bytes:
    """The selected rows in order with full texts and all their columns, as CSV."""
    rows = coreset_rows(query)
    return rows_csv(load_corpus(query.corpus), rows, {"rank": np.arange(1, len(rows) + 1), "row": rows + 1})


@lru_cache(maxsize=16)
def _measure_groups(
    corpus: CorpusRef, model: ModelSpec, column: str, total: int, size: int, groups: tuple[int, ...]
) -> list[tuple[SampledScore, float]]:
    """The Vendi score and mean pair distance of each group; names, which may be edited, are not cached.

    total: groups there are, which tells clusterings of different default resolutions apart in the cache.
    """
    rows, members = load_vectors(corpus, model).rows, _group_members(corpus, model, column)[0]
    vectors = (rows[members[group]] for group in groups)
    return [(sampled_vendi(part, size, DRAWS, SEED), mean_pair_distance(part)) for part in vectors]


def _group_members(corpus: CorpusRef, model: ModelSpec, column: str) -> tuple[list[np.ndarray], list[str], int]:
    """Row ids and name of each group, and the rows in none. A row with several values is in the group of each."""
    if column == CLUSTERS:
        clusters = default_clusters(corpus, model)
        return _groups_of(np.asarray(clusters.labels), list(clusters.names))
    table = load_corpus(corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Select another.")
    if sets := label_sets(table[column]):
        return _by_code(sets.rows, sets.codes, len(sets.names)), list(sets.names), int((sets.sizes() == 0).sum())
    return _groups_of(*label_codes(table[column]))


def _groups_of(codes: np.ndarray, names: list[str]) -> tuple[list[np.ndarray], list[str], int]:
    return _by_code(np.arange(len(codes)), codes, len(names)), names, int((codes < 0).sum())


def _by_code(rows: np.ndarray, codes: np.ndarray, count: int) -> list[np.ndarray]:
    """The rows of each code from 0, ascending. rows, codes: (p,)."""
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(count + 1))
    return [rows[order[start:end]] for start, end in pairwise(ends)]


def _has_groups(column: pd.Series) -> bool:
    if column_kind(column) not in ("text", "number"):
        return False
    if sets := label_sets(column):
        return len(sets.counts) > 1 and int(sets.counts[1]) >= SAMPLE_SIZES[0]
    counts = column.value_counts()
    few = column_kind(column) == "text" or len(counts) <= MAX_DISCRETE_NUMBERS
    return few and len(counts) > 1 and int(counts.iloc[1]) >= SAMPLE_SIZES[0]


@lru_cache(maxsize=6)
def _select(corpus: CorpusRef, model: ModelSpec, method: Method) -> np.ndarray:
    """Row ids of the first 500 selected; the first k of them are the coreset of size k."""
    if method == "random":
        return np.random.default_rng(SEED).permutation(len(load_vectors(corpus, model)))[:MAX_CORESET]
    ids, rows = _sample(corpus, model, CANDIDATES[method])
    if method == "facility location":
        return ids[facility_location(rows, MAX_CORESET)]
    return ids[farthest_first(rows, MAX_CORESET)[0]]


def _sample(corpus: CorpusRef, model: ModelSpec, max_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Row ids, ascending, and vectors of a sample of at most so many rows; of all rows where they are no more."""
    vectors = load_vectors(corpus, model).rows
    if len(vectors) <= max_rows:
        return np.arange(len(vectors)), vectors
    ids = np.sort(np.random.default_rng(SEED).choice(len(vectors), max_rows, replace=False))
    return ids, vectors[ids]
