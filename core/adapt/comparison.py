"""Scores of examples under a map, and the paired difference to the base."""

from dataclasses import dataclass

import numpy as np

from core.adapt.examples import Examples, Ranked, ScoredPairs, blocks
from core.models.linear_maps import Arrays, unit_transform
from core.stats import ranking_metrics as ranked
from core.stats.interval import ALPHA, Interval
from core.stats.rank_correlation import WeightedColumn, weighted_correlations
from core.stats.significance import (
    PairedEvidence,
    compare_correlations,
    compare_means,
    minimum_detectable_differences,
)

DEPTH = 10  # ranks of nDCG
MAX_SCORED = 4_000  # labeled texts that rank each other, or queries; drawn at random from more
MAX_CANDIDATES = 50_000  # that judged queries rank: the relevant ones and others at random


@dataclass(frozen=True)
class Gain:
    """A map against the base on the same examples; higher is better. difference: adapted minus base, paired.
    minimum_detectable: the difference that 80% of such samples would find significant. queries: scored, or pairs.
    method: a sentence."""

    metric: str
    base: Interval[float]
    adapted: Interval[float]
    difference: Interval[float]
    p_value: float
    standard_error: float
    minimum_detectable: float
    queries: int
    method: str

    @property
    def is_significant(self) -> bool:
        """Whether the adapted score is significantly higher, in a two-sided test at 5%."""
        return self.difference.value > 0 and self.p_value < ALPHA

    @property
    def is_worse(self) -> bool:
        """Whether it is significantly lower, in the same test."""
        return self.difference.value < 0 and self.p_value < ALPHA


def sample(examples: Examples, seed: int, limit: int = MAX_SCORED) -> Examples:
    """At most so many of the examples; judged queries rank no more than MAX_CANDIDATES."""
    rng, ids = np.random.default_rng(seed), np.arange(len(examples))
    if len(ids) > limit:
        examples = examples.take(np.sort(rng.choice(ids, limit, replace=False)))
    if isinstance(examples, ScoredPairs) or examples.is_symmetric or len(examples.candidates) <= MAX_CANDIDATES:
        return examples
    return fewer_candidates(examples, MAX_CANDIDATES, rng)


def score(examples: Examples, arrays: Arrays) -> float:
    """Mean MAP@R or nDCG@10 of the queries, or Spearman's correlation of pairs."""
    if isinstance(examples, ScoredPairs):
        target, once = WeightedColumn(examples.scores, "spearman"), np.ones((1, len(examples)))
        cosines = WeightedColumn(pair_cosines(examples, arrays), "spearman")
        return float(weighted_correlations(target, [cosines], once)[0, 0])
    return float(query_scores(examples, arrays).mean())


def query_scores(examples: Ranked, arrays: Arrays) -> np.ndarray:
    """(q,) float64 scores of the eligible queries."""
    eligible = examples.eligible()
    candidates = unit_transform(arrays, examples.candidates)
    parts = []
    for block in blocks(len(eligible), len(candidates)):
        ids = eligible[block]
        cosines = unit_transform(arrays, examples.queries[ids]) @ candidates.T
        relevant = examples.relevant(ids)
        if examples.is_symmetric or examples.own is not None:
            own = examples.own_cells(ids)
            relevant[own], cosines[own] = False, -np.inf
        counts = relevant.sum(axis=1)
        depth = int(min(counts.max() if examples.is_symmetric else DEPTH, cosines.shape[1]))
        relevance = np.take_along_axis(relevant, top_columns(cosines, depth), axis=1)
        is_map = examples.is_symmetric
        parts.append(ranked.map_at_r(relevance, counts) if is_map else ranked.ndcg_at_k(relevance, counts, DEPTH))
    return np.concatenate(parts)


def pair_cosines(examples: ScoredPairs, arrays: Arrays) -> np.ndarray:
    """(p,) cosines under the map."""
    first, second = unit_transform(arrays, examples.first), unit_transform(arrays, examples.second)
    return np.einsum("ij,ij->i", first, second)


def compare(examples: Examples, base: Arrays, adapted: Arrays, seed: int) -> Gain:
    """The paired difference of two maps, base first; units of the resamples are distinct texts, or groups of pairs."""
    if isinstance(examples, ScoredPairs):
        cosines = np.stack([pair_cosines(examples, arrays) for arrays in (adapted, base)])
        evidence = compare_correlations(cosines, examples.scores, examples.groups, "spearman", seed)
    else:
        values = np.stack([query_scores(examples, arrays) for arrays in (adapted, base)])
        unit = "texts" if examples.is_symmetric else "queries"
        evidence = compare_means(values, np.arange(values.shape[1]), unit, seed)
    return _gain(evidence, examples.metric)


def top_columns(cosines: np.ndarray, depth: int) -> np.ndarray:
    """(q, depth) columns of the greatest values of each row, greatest first."""
    negative = -cosines
    if depth * 4 >= cosines.shape[1]:
        return np.argsort(negative, axis=1)[:, :depth]
    columns = np.argpartition(negative, depth, axis=1)[:, :depth]
    order = np.argsort(np.take_along_axis(negative, columns, axis=1), axis=1)
    return np.take_along_axis(columns, order, axis=1)


def _gain(evidence: PairedEvidence, metric: str) -> Gain:
    ends = zip(*(part.tolist() for part in evidence.scores), strict=True)
    adapted, base = (Interval(*score) for score in ends)
    difference = Interval(*(float(part[0]) for part in evidence.differences))
    return Gain(
        metric, base, adapted, difference, float(evidence.p_value[0]), float(evidence.standard_error[0]),
        float(minimum_detectable_differences(evidence)[0]), evidence.observations, evidence.method,
    )  # fmt: skip


def fewer_candidates(examples: Ranked, limit: int, rng: np.random.Generator) -> Ranked:
    """Queries that rank the relevant candidates, and others drawn at random, `limit` in all."""
    relevant = np.unique((examples.query_features @ examples.candidate_features.T).indices)
    others = np.setdiff1d(np.arange(len(examples.candidates)), relevant)
    count = min(max(limit - len(relevant), 0), len(others))
    columns = np.sort(np.concatenate([relevant, rng.choice(others, count, replace=False)]))
    features, own = examples.candidate_features[columns], examples.own
    if own is not None:
        at = np.searchsorted(columns, own).clip(max=len(columns) - 1)
        own = np.where(columns[at] == own, at, -1)
    return Ranked(examples.queries, examples.candidates[columns], examples.query_features, features, False, own)
