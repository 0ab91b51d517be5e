"""Questions about diversity: how varied the corpus and its groups are, and which rows are hubs."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.clusters.cluster_set import default_clusters
from core.corpus.filters import MAX_DISCRETE_NUMBERS, column_kind
from core.corpus.label_columns import INTERNAL_COLUMNS, label_codes
from core.corpus.loaders import load_corpus
from core.diversity.measures import WHOLE, Sampled, mean_pair_distance, sampled_vendi, vendi_score
from core.errors import InputError
from core.types import CorpusRef, ModelSpec
from core.vectors.hubs import Hubs, find_hubs, occurrence_bins
from core.vectors.loaders import load_neighbors, load_vectors

SIZES = (10, 20, 50, 100, 200)  # rows drawn of each group
MOST_GROUPS = 30
DRAWS, SEED = 10, 0
OVERALL = 1_000  # rows of a sample of the whole corpus
CELL = 400
CLUSTERS = ""  # in place of a column: the default clusters


@dataclass(frozen=True)
class Overall:
    """vendi: over samples of up to 1,000 rows. whole: the Vendi score of all rows, None beyond 100,000. most: the
    highest the score could be on a sample. distance: mean cosine distance of all pairs, exact; NaN for one row.
    same: whether all rows are alike."""

    vendi: Sampled
    whole: float | None
    most: int
    distance: float
    same: bool


@dataclass(frozen=True)
class GroupScore:
    """One value of a column. distance: over all its rows, exact."""

    name: str
    rows: int
    vendi: Sampled
    distance: float


@dataclass(frozen=True)
class GroupScores:
    """scores: the most varied first. size: rows drawn of each. left_out: groups with fewer rows than that; beyond:
    those not among the 30 with most rows. missing: rows in no group. sizes: those that two groups or more reach."""

    scores: tuple[GroupScore, ...]
    size: int
    left_out: int
    beyond: int
    missing: int
    sizes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class HubFigures:
    """hubs: how many rows are above the threshold. bins, rows: how many rows have so many others' lists they are in.
    table: the 50 rows most often a neighbor, index row ids: times, against expected, text."""

    k: int
    total: int
    skewness: float
    chance: float
    never: float
    never_chance: float
    threshold: float
    hubs: int
    unfair: float
    bins: tuple[str, ...]
    rows: tuple[int, ...]
    table: pd.DataFrame


def overall(corpus: CorpusRef, spec: ModelSpec) -> Overall:
    """How varied all rows are."""
    rows = load_vectors(corpus, spec).rows
    distance = mean_pair_distance(rows)
    vendi = sampled_vendi(rows, OVERALL, DRAWS, SEED)
    whole = vendi_score(rows) if len(rows) <= WHOLE else None
    return Overall(vendi, whole, min(vendi.size, rows.shape[1]), distance, not distance > 1e-6)


def group_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """Columns whose values can be compared: labels first, then others with few values that repeat."""
    kept = load_corpus(corpus)
    names = [name for name in kept.roles.labels if name in kept.table.columns]
    for name in kept.table.columns:
        if name not in (*names, *INTERNAL_COLUMNS, kept.roles.id, kept.roles.time) and _groups(kept.table[name]):
            names.append(str(name))
    return tuple(names)


def group_scores(corpus: CorpusRef, spec: ModelSpec, column: str, size: int | None = None) -> GroupScores:
    """The Vendi score of each value of a column (or cluster, for ""), over samples of one size.

    size None: the largest that at least half of the groups shown reach. Raises InputError for no column, or where
    fewer than two groups have 10 rows.
    """
    codes, names = _codes(corpus, spec, column)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    largest = [int(i) for i in np.argsort(-counts, kind="stable")[:MOST_GROUPS]]
    sizes = tuple(size for size in SIZES if int((counts[largest] >= size).sum()) >= 2)
    if not sizes:
        where = f'The column "{column}" has' if column else "The clustering has"
        raise InputError(
            f"{where} fewer than two groups of at least {SIZES[0]} rows.", "Choose a column whose values repeat more."
        )
    half = [each for each in sizes if int((counts[largest] >= each).sum()) * 2 >= len(largest)]
    drawn = size if size in sizes else max(half, default=sizes[0])
    shown = tuple(i for i in largest if counts[i] >= drawn)
    found = _scores(corpus, spec, column, drawn, shown)
    scores = [GroupScore(names[i], int(counts[i]), *each) for i, each in zip(shown, found, strict=True)]
    scores.sort(key=lambda score: -score.vendi.mean)
    left_out = len(largest) - len(scores)
    return GroupScores(tuple(scores), drawn, left_out, len(names) - len(largest), int((codes < 0).sum()), sizes)


def hub_figures(corpus: CorpusRef, spec: ModelSpec, k: int) -> HubFigures:
    """How unevenly rows are neighbors of others, and which are most often."""
    found = _hubs(corpus, spec, k)
    texts = load_corpus(corpus).texts
    top = np.argsort(-found.counts, kind="stable")[:50]
    table = pd.DataFrame({"times": found.counts[top]}, index=top)
    table["against expected"] = found.counts[top] / max(found.k, 1)
    table["text"] = [texts[row][:CELL] for row in top]
    bins, rows = occurrence_bins(found.counts)
    hubs = int((found.counts > found.threshold).sum())
    return HubFigures(
        found.k, len(found.counts), found.skewness, found.chance, found.antihub_share, found.antihub_chance,
        found.threshold, hubs, found.robin_hood, tuple(bins), tuple(int(number) for number in rows), table,
    )  # fmt: skip


@lru_cache(maxsize=2)
def _hubs(corpus: CorpusRef, spec: ModelSpec, k: int) -> Hubs:
    return find_hubs(load_neighbors(corpus, spec).ids, k)


@lru_cache(maxsize=16)
def _scores(
    corpus: CorpusRef, spec: ModelSpec, column: str, size: int, shown: tuple[int, ...]
) -> list[tuple[Sampled, float]]:
    """The Vendi score and mean pair distance of each group; names, which may be edited, are no part of it."""
    rows, codes = load_vectors(corpus, spec).rows, _codes(corpus, spec, column)[0]
    groups = (rows[codes == i] for i in shown)
    return [(sampled_vendi(own, size, DRAWS, SEED), mean_pair_distance(own)) for own in groups]


def _codes(corpus: CorpusRef, spec: ModelSpec, column: str) -> tuple[np.ndarray, list[str]]:
    if column == CLUSTERS:
        found = default_clusters(corpus, spec)
        return np.asarray(found.labels), list(found.names)
    table = load_corpus(corpus).table
    if column not in table.columns:
        raise InputError(f'There is no column "{column}".', "Choose another.")
    return label_codes(table[column])


def _groups(column: pd.Series) -> bool:
    if column_kind(column) not in ("text", "number"):
        return False
    counts = column.value_counts()
    few = column_kind(column) == "text" or len(counts) <= MAX_DISCRETE_NUMBERS
    return few and len(counts) > 1 and int(counts.iloc[1]) >= SIZES[0]
