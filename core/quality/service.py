"""What the Quality page and the report ask: each diagnostic of one contender, and one contender against another."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.label_columns import column_labels
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.errors import InputError
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.quality.calibration import CosineDistribution, SameLabel, measure_cosines, measure_same_label
from core.quality.dimension_usage import TEXTS, Spectrum, measure_intrinsic, measure_spectrum
from core.quality.distinct_texts import nearest
from core.quality.hub_repair import REPAIRS, Repair, candidates, repair_hubs
from core.quality.length_bias import LengthBias, measure_length_bias
from core.quality.migration import K, ListComparison, ThresholdMapping, compare_lists, map_threshold, overlap_counts
from core.quality.results import EDIT_ROBUSTNESS, EditQuery, edited_texts, embedding_seconds, load_space, text_codes
from core.quality.robustness import EditRobustness, NoiseRobustness, ProbeSummary, measure_noise
from core.quality.similarity import Similarity, measure_similarity
from core.secret import Secret
from core.stats.interval import Interval
from core.types import CorpusRef
from core.vectors.contenders import Contender

SEED = 0
CELL = 300  # characters of a text sent to the page
MAX_HUBS = 20
MAX_EXAMPLES = 30
MIN_OVERLAP = 0.5  # a query has changed results below this share of A's list


@dataclass(frozen=True, eq=False)
class DimensionUsage:
    """Measures of the spectrum; the intrinsic dimension, estimated on `intrinsic_texts` texts."""

    spectrum: Spectrum
    intrinsic: Interval[float]
    intrinsic_texts: int


@dataclass(frozen=True)
class RankingHubness:
    """One ranking: skewness of k-occurrence, Robin Hood index, share of texts in nobody's list (anti-hubs); P@1 by
    label and its gain over the unscaled ranking, None without labels."""

    skewness: float
    robin_hood: float
    anti_hubs: float
    precision: Interval[float] | None
    gain: Interval[float] | None


@dataclass(frozen=True, eq=False)
class Hubness:
    """rankings: by repair. chance: skewness of random lists. hubs: the 20 texts with the highest k-occurrence, with
    theirs under each ranking. labeled_texts: of P@1. candidates: of each text, re-ranked."""

    rankings: dict[Repair, RankingHubness]
    chance: float
    k: int
    candidates: int
    texts: int
    labeled_texts: int
    hubs: pd.DataFrame


@dataclass(frozen=True)
class EditPlan:
    """What measuring one contender's robustness to edits takes. can_embed: whether its model can embed texts. texts: to
    embed, of `total` edited ones; seconds: about, None if unknown; usd: highest cost, None if the price is unknown;
    paid: texts are sent to a paid service."""

    measured: bool
    can_embed: bool
    texts: int
    total: int
    characters: int
    seconds: float | None
    usd: float | None
    paid: bool


@dataclass(frozen=True)
class QueryComparison:
    """One query under A and B. overlap: how many of A's top k are in B's; same_top_hit: whether the first one is the
    same; top_a, top_b: the beginnings of the first texts."""

    query: str
    overlap: int
    k: int
    same_top_hit: bool
    top_a: str
    top_b: str

    @property
    def changed(self) -> bool:
        return self.overlap < MIN_OVERLAP * self.k


def count_distinct_texts(corpus: CorpusRef) -> int:
    """How many texts there are, duplicates counted once."""
    return int(text_codes(corpus).max(initial=-1)) + 1


def check_labels(corpus: CorpusRef, column: str) -> int:
    """How many labels a column has. Raises InputError where they can't be compared."""
    return len(column_labels(corpus, column).names)


@lru_cache(maxsize=4)
def label_codes(corpus: CorpusRef, column: str) -> np.ndarray | None:
    """(m,) int32 labels of the distinct texts (that of a text's first row), -1 without; None for no column.

    Raises InputError where the column can't be used as labels.
    """
    if not column:
        return None
    first = np.unique(text_codes(corpus), return_index=True)[1]
    return column_labels(corpus, column).codes[first]


def similarity(corpus: CorpusRef, contender: Contender, column: str) -> Similarity:
    """Cosines of unrelated, same-label and neighboring texts. column: of the labels, "" for none."""
    return measure_similarity(load_space(corpus, contender), label_codes(corpus, column), SEED)


def dimension_usage(corpus: CorpusRef, contender: Contender) -> DimensionUsage:
    """How many of its dimensions the embedding uses."""
    space = load_space(corpus, contender)
    sample = space.take(space.sample(TEXTS, SEED))
    return DimensionUsage(measure_spectrum(sample, len(space), SEED), *measure_intrinsic(space, seed=SEED))


def hubness(corpus: CorpusRef, contender: Contender, column: str) -> Hubness:
    """Hubness before and after repair."""
    space = load_space(corpus, contender)
    lists = repair_hubs(space, label_codes(corpus, column), SEED)
    rankings = {}
    for repair, ranked in lists.items():
        measures = (ranked.hubs.skewness, ranked.hubs.robin_hood, ranked.hubs.antihub_share)
        rankings[repair] = RankingHubness(*measures, ranked.precision, ranked.gain)
    unscaled = lists["none"]
    top = np.argsort(-unscaled.hubs.counts, kind="stable")[:MAX_HUBS]
    texts = load_corpus(corpus).texts
    table = pd.DataFrame({"text": [texts[row][:CELL] for row in space.first[top]]}, index=space.first[top])
    for repair in REPAIRS:
        table[repair] = lists[repair].hubs.counts[top]
    sizes = (unscaled.hubs.k, candidates(space), len(space), unscaled.labeled_texts)
    return Hubness(rankings, unscaled.hubs.chance, *sizes, table)


def length_bias(corpus: CorpusRef, contender: Contender) -> LengthBias:
    """Correlation of text length with similarity and k-occurrence."""
    lengths = np.fromiter(map(len, load_distinct_texts(corpus)), np.int64)
    return measure_length_bias(load_space(corpus, contender), lengths, SEED)


def noise_robustness(corpus: CorpusRef, contender: Contender) -> NoiseRobustness:
    """Robustness to noise on vectors."""
    return measure_noise(load_space(corpus, contender), SEED)


def plan_edits(corpus: CorpusRef, contender: Contender) -> EditPlan:
    """What measuring robustness to edits takes. Sends nothing; not to be cached, as it changes with the text cache."""
    from core.vectors.text_vectors import missing_texts

    model, texts = contender.model, edited_texts(corpus).all_texts
    measured = EDIT_ROBUSTNESS.exists(EditQuery(corpus, contender))
    if measured or not capabilities(model).can_embed:
        return EditPlan(measured, measured, 0, len(texts), 0, 0.0, 0.0, False)
    missing = missing_texts(corpus, model, texts)
    usd = max_usd(missing, model) if missing else 0.0
    seconds = embedding_seconds(corpus, model, len(missing))
    characters = sum(map(len, missing))
    return EditPlan(False, True, len(missing), len(texts), characters, seconds, usd, capabilities(model).paid)


def edit_robustness(corpus: CorpusRef, contender: Contender) -> EditRobustness:
    """Robustness to edited texts. Raises StorageError where it has not been measured."""
    effects = EDIT_ROBUSTNESS.get(EditQuery(corpus, contender))
    edits, space = edited_texts(corpus), load_space(corpus, contender)
    random = 1 - measure_cosines(space, SEED).cosine(0.5)
    tried = dict(zip(edits.probes, edits.tried, strict=True))
    probes = []
    for name, effect in effects.items():
        drop, churn, mean = effect.estimates(SEED)
        relative = drop.value / random if random > 0 else float("nan")
        probes.append(ProbeSummary(name, drop, relative, churn, mean, len(effect.drop), tried[name]))
    return EditRobustness(tuple(probes), random, len(space), SEED)


def edit_examples(corpus: CorpusRef, contender: Contender, probe: str) -> pd.DataFrame:
    """Texts before and after one kind of edit, the largest drop first; index row ids, at most 30: the largest drops
    and, where there are more, the smallest."""
    effect = EDIT_ROBUSTNESS.get(EditQuery(corpus, contender))[probe]
    edits = edited_texts(corpus)
    at = edits.probes.index(probe)
    order = np.argsort(-np.asarray(effect.drop), kind="stable")
    if len(order) > MAX_EXAMPLES:
        order = np.concatenate([order[: MAX_EXAMPLES // 2], order[-(MAX_EXAMPLES // 2) :]])
    texts, text_ids = load_distinct_texts(corpus), np.array(edits.text_ids[at])[order]
    before, after = [texts[text_id][:CELL] for text_id in text_ids], [edits.texts[at][i][:CELL] for i in order]
    columns = {"text": before, "edited": after, "drop": effect.drop[order], "churn": effect.churn[order]}
    return pd.DataFrame(columns, index=load_space(corpus, contender).first[text_ids])


@lru_cache(maxsize=10)
def cosine_distribution(corpus: CorpusRef, contender: Contender) -> CosineDistribution:
    """The distribution of all pairs' cosines."""
    return measure_cosines(load_space(corpus, contender), SEED)


def same_label(corpus: CorpusRef, contender: Contender, column: str) -> SameLabel:
    """P(same label) by cosine. Raises InputError for a column that can't be used as labels."""
    codes = label_codes(corpus, column)
    if codes is None:
        raise InputError("P(same label) needs a label column.", "Choose one.")
    return measure_same_label(load_space(corpus, contender), codes, SEED)


def list_comparison(corpus: CorpusRef, one: Contender, other: Contender) -> ListComparison:
    """How far the top-10 lists of all texts agree."""
    return compare_lists(load_space(corpus, one), load_space(corpus, other), SEED)


def threshold_mapping(corpus: CorpusRef, one: Contender, other: Contender, cosine: float) -> ThresholdMapping:
    """The threshold under `other` that as many pairs reach as `cosine` under `one`."""
    distributions = (cosine_distribution(corpus, one), cosine_distribution(corpus, other))
    return map_threshold(cosine, load_space(corpus, one), load_space(corpus, other), distributions, SEED)


def compare_sampled_queries(
    corpus: CorpusRef, one: Contender, other: Contender, number: int, seed: int
) -> list[QueryComparison]:
    """A sample of the texts as queries, by their stored neighbors."""
    spaces = [load_space(corpus, contender) for contender in (one, other)]
    sample = spaces[0].sample(number, seed)
    k = min(K, len(spaces[0]) - 1)
    texts = load_distinct_texts(corpus)
    lists = [np.asarray(space.ids[sample, :k]) for space in spaces]
    return _compare_queries([texts[text_id] for text_id in sample], lists[0], lists[1], texts)


def compare_typed_queries(
    corpus: CorpusRef, one: Contender, other: Contender, queries: tuple[str, ...],
    secrets: tuple[Secret | None, Secret | None],
) -> list[QueryComparison]:  # fmt: skip
    """Typed queries under both contenders. Raises ModelError where one of them can't embed texts."""
    from core.vectors.text_vectors import embed_task_texts

    lists = []
    for contender, secret in zip((one, other), secrets, strict=True):
        space = load_space(corpus, contender)
        rows = embed_task_texts(corpus, contender, queries, queries=True, secret=secret)
        lists.append(nearest(space, rows, min(K, len(space)))[0])
    return _compare_queries(list(queries), lists[0], lists[1], load_distinct_texts(corpus))


def _compare_queries(queries: list[str], a: np.ndarray, b: np.ndarray, texts: list[str]) -> list[QueryComparison]:
    comparisons = []
    for query, overlap, ids_a, ids_b in zip(queries, overlap_counts(a, b), a, b, strict=True):
        tops = [texts[ids[0]][:CELL] for ids in (ids_a, ids_b)]
        comparisons.append(QueryComparison(query[:CELL], int(overlap), len(ids_a), bool(ids_a[0] == ids_b[0]), *tops))
    return comparisons
