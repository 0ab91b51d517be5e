"""Held-out scores of the base, the fine-tuned model and an adapter on the same examples, with paired differences."""

from dataclasses import dataclass

import numpy as np

from core.adapt.service import Examples, ScoredPairs, pair_cosines, query_scores
from core.adapt.service import score as mapped_score
from core.finetune.encoder import Encoder
from core.finetune.examples import Encode, TextExamples, rows_of, with_rows
from core.models.linear_maps import Arrays, identity
from core.stats.interval import ALPHA, Interval
from core.stats.multiple_testing import holm
from core.stats.significance import compare_correlations, compare_means, minimum_detectable_differences, pair_indices


@dataclass(frozen=True)
class Score:
    """A contender on held-out examples, higher is better. difference: minus the base, paired; None for the base itself.
    p_value: of the difference, corrected by Holm over all pairs of contenders."""

    name: str
    score: Interval[float]
    difference: Interval[float] | None
    p_value: float

    @property
    def is_better(self) -> bool:
        return self.difference is not None and self.difference.value > 0 and self.p_value < ALPHA

    @property
    def is_worse(self) -> bool:
        return self.difference is not None and self.difference.value < 0 and self.p_value < ALPHA


@dataclass(frozen=True)
class Scores:
    """scores: the base first. between: fine-tuned minus adapter, None without one. observations: queries or pairs.
    minimum_detectable: difference to the base that 80% of such samples would find significant."""

    metric: str
    scores: tuple[Score, ...]
    between: Score | None
    observations: int
    minimum_detectable: float
    method: str

    def of(self, name: str) -> Score:
        return next(score for score in self.scores if score.name == name)


@dataclass(frozen=True, eq=False)
class View:
    """Examples as one contender sees them: with its vectors, and the map of an adapter, if it has one."""

    name: str
    examples: Examples
    arrays: Arrays


def embedded(texts: TextExamples, examples: Examples, encoder: Encoder) -> Examples:
    """With vectors of the encoder, queries with its prompt for queries."""
    if isinstance(examples, ScoredPairs) or examples.is_symmetric or _has_one_prompt(encoder):
        return texts.embedded(examples, encoder.encode)
    as_queries: Encode = lambda part: encoder.encode(part, as_queries=True)  # noqa: E731
    queries, documents = texts.embedded(examples, as_queries), texts.embedded(examples, encoder.encode)
    return with_rows(examples, rows_of(queries)[0], rows_of(documents)[1])


def score(texts: TextExamples, examples: Examples, encoder: Encoder) -> float:
    """The metric of examples over stand-ins, with the encoder's vectors."""
    rows = embedded(texts, examples, encoder)
    return mapped_score(rows, unchanged(rows))


def unchanged(examples: Examples) -> Arrays:
    """The map that leaves vectors as they are."""
    return identity("low_rank", rows_of(examples)[0].shape[1], 1, np.random.default_rng(0))


def compare(views: list[View], seed: int) -> Scores:
    """views: the base first. Units of the resamples are distinct texts, queries, or groups of pairs."""
    first = views[0].examples
    if isinstance(first, ScoredPairs):
        cosines = np.stack([pair_cosines(view.examples, view.arrays) for view in views])  # type: ignore[arg-type]
        evidence = compare_correlations(cosines, first.scores, first.groups, "spearman", seed)
    else:
        values = np.stack([query_scores(view.examples, view.arrays) for view in views])  # type: ignore[arg-type]
        unit = "texts" if first.is_symmetric else "queries"
        evidence = compare_means(values, np.arange(values.shape[1]), unit, seed)
    p_values, names = holm(evidence.p_value), [view.name for view in views]
    pairs = list(zip(*(part.tolist() for part in pair_indices(len(views))), strict=True))
    ends = list(zip(*(part.tolist() for part in evidence.scores), strict=True))

    def difference(later: int, earlier: int) -> tuple[Interval[float], float]:
        pair = pairs.index((earlier, later))
        value, low, high = (float(part[pair]) for part in evidence.differences)
        return Interval(-value, -high, -low), float(p_values[pair])

    scores = [Score(names[0], Interval(*ends[0]), None, 1.0)]
    scores += [Score(names[i], Interval(*ends[i]), *difference(i, 0)) for i in range(1, len(views))]
    between = None
    if len(views) > 2:
        between = Score(f"{names[1]} - {names[2]}", Interval(*ends[1]), *_negated(*difference(2, 1)))
    method = f"{evidence.method} p-values corrected by Holm's method." if len(views) > 2 else evidence.method
    detectable = float(minimum_detectable_differences(evidence)[0])
    return Scores(first.metric, tuple(scores), between, evidence.observations, detectable, method)


def _negated(interval: Interval[float], p_value: float) -> tuple[Interval[float], float]:
    return Interval(-interval.value, -interval.high, -interval.low), p_value


def _has_one_prompt(encoder: Encoder) -> bool:
    return encoder.spec.query_prompt == encoder.spec.document_prompt
