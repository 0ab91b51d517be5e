"""Questions of the Disagreement page and the Map: how similar contenders are, and how much they disagree on each
row."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal

import numpy as np

from core.clusters.service import CLUSTERS, ClusterQuery, ClusterSet, default_clusters
from core.corpus.loaders import load_corpus
from core.disagreement.cka_rsa import linkage_order
from core.disagreement.overlap import RBO_P, chance_level, depths_of, text_codes
from core.disagreement.results import PAIR_COMPARISON, ComparisonQuery
from core.errors import PlanisphereError
from core.stats.resampling import mean_interval
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.loaders import GRAPH_K

Measure = Literal["overlap", "jaccard", "rbo", "cka", "rsa"]
NEIGHBOR_MEASURES: tuple[Measure, ...] = ("overlap", "jaccard", "rbo")
MAX_INLINE_ROWS = 20_000  # rows that are clustered at once
__all__ = ["ComparisonQuery", "depths", "disagreement", "first_clusters", "is_compared", "pairwise_similarity"]


@dataclass(frozen=True, eq=False)
class PairwiseSimilarity:
    """How similar every two contenders are. values, low, high: (s, s) float64, the diagonal 1, by a measure at depth k;
    low, high: ends of the 95% interval, NaN for too few texts. order: positions by average-linkage clustering. chance:
    what unrelated contenders would reach. rows: of the corpus, texts: distinct ones. left_out: rows all of whose
    neighbors are copies of them. sample: texts (CKA) or pairs of texts (RSA) sampled, 0 where all were used.
    """

    measure: Measure
    k: int
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    order: tuple[int, ...]
    chance: float
    rows: int
    texts: int
    left_out: int
    sample: int


@dataclass(frozen=True, eq=False)
class OverlapByK:
    """values, low, high: (pairs, depths) by a measure of neighbors; chance: (depths,); pairs: positions of
    contenders."""

    depths: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    chance: np.ndarray


def is_compared(query: ComparisonQuery) -> bool:
    """Whether every pair of the contenders has been compared."""
    return all(PAIR_COMPARISON.exists(pair) for pair in query.pairs)


def depths(corpus: CorpusRef) -> tuple[int, ...]:
    """The numbers of neighbors that can be compared."""
    info = Workspace(corpus.folder).info(corpus.digest)
    return depths_of(min(GRAPH_K, max((info.rows if info else 0) - 1, 0)))


def distinct_text_count(corpus: CorpusRef) -> int:
    """How many texts there are, copies counted once."""
    return int(text_codes(corpus).max(initial=-1)) + 1


def pairwise_similarity(query: ComparisonQuery, measure: Measure, k: int) -> PairwiseSimilarity:
    """Raises StorageError where a pair has not been compared."""
    count, codes = len(query.contenders), text_codes(query.corpus)
    values, low, high = np.eye(count), np.full((count, count), np.nan), np.full((count, count), np.nan)
    left_out, sample = 0, 0
    for (i, j), pair in zip(combinations(range(count), 2), query.pairs, strict=True):
        comparison = PAIR_COMPARISON.get(pair)
        if measure in NEIGHBOR_MEASURES:
            overlap = comparison.overlap
            left_out = max(left_out, int((overlap.lengths == 0).sum()))
            interval = [float(end[0]) for end in mean_interval(overlap.values(measure, k)[None], codes)]
        else:
            interval = list(comparison.cka if measure == "cka" else comparison.rsa)
            sample = comparison.cka_texts if measure == "cka" else comparison.rsa_pairs
        for table, value in zip((values, low, high), interval, strict=True):
            table[i, j] = table[j, i] = value
    texts = distinct_text_count(query.corpus)
    chance = chance_level(measure, k, texts) if measure in NEIGHBOR_MEASURES else 0.0
    order = tuple(linkage_order(values))
    return PairwiseSimilarity(measure, k, values, low, high, order, chance, len(codes), texts, left_out, sample)


def overlap_by_k(query: ComparisonQuery, measure: Measure) -> OverlapByK:
    """How the overlap grows with k, pair by pair. Raises StorageError where a pair has not been compared."""
    codes, overlaps = text_codes(query.corpus), [PAIR_COMPARISON.get(pair).overlap for pair in query.pairs]
    ks = overlaps[0].depths
    intervals = [mean_interval(np.stack([overlap.values(measure, k) for k in ks]), codes) for overlap in overlaps]
    values, low, high = (np.stack(column) for column in zip(*intervals, strict=True))
    chance = np.array([chance_level(measure, k, distinct_text_count(query.corpus), RBO_P) for k in ks])
    return OverlapByK(ks, tuple(combinations(range(len(query.contenders)), 2)), values, low, high, chance)


@lru_cache(maxsize=8)
def disagreement(query: ComparisonQuery, k: int) -> np.ndarray:
    """(n,) float64 in [0, 1], higher is more: 1 less the Jaccard overlap of the k nearest texts, the mean over pairs of
    contenders; NaN for rows all of whose neighbors are copies of them."""
    return np.asarray(np.mean([1 - PAIR_COMPARISON.get(pair).overlap.jaccard_at(k) for pair in query.pairs], axis=0))


def first_clusters(query: ComparisonQuery) -> ClusterSet | None:
    """The default clusters under the first contender's model; None where they can't be made, or take too long now."""
    corpus, model = query.corpus, query.contenders[0].model
    try:
        if len(load_corpus(corpus)) > MAX_INLINE_ROWS and not CLUSTERS.exists(ClusterQuery(corpus, model)):
            return None
        return default_clusters(corpus, model)
    except PlanisphereError:
        return None
