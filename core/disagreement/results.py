"""Stored results: comparisons of two contenders, facts of texts, truncated texts, and groups of shifted texts."""

import time
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np

from core.clusters.service import CLUSTERS, ClusterQuery
from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.disagreement.cka_rsa import (
    centered,
    cka,
    hsic,
    linkage_order,
    pair_cosines,
    pairs_without_parts,
    rsa,
    sampled_pairs,
    sampled_rows,
)
from core.disagreement.factors import TextFacts, exceeds_window, text_facts
from core.disagreement.neighbor_shifts import ChanceGroups, NeighborShifts, find_shifted_groups
from core.disagreement.overlap import RBO_P, Overlap, compare_neighbors
from core.errors import InputError, PlanisphereError
from core.results import Result, Step
from core.stats.resampling import jackknife, random_parts
from core.store import Stored, Workspace
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender, contender_neighbors, contender_rows, graph_inputs, graph_step
from core.vectors.loaders import ModelQuery, cached_embedder

MAX_FACT_TEXTS = 20_000  # texts whose facts may explain disagreement
MIN_CKA_TEXTS = 4  # that CKA is defined for, and that must remain for its interval
MIN_CLUSTERED_ROWS = 4
SECONDS_PER_ROW = 6e-5  # to compare two contenders, where none were timed on the corpus
SECONDS_PER_TEXT = 2e-4  # to detect its language, or to count its tokens
SECONDS_PER_NEIGHBOR = 8e-5  # to find groups of shifted texts
REMEDY = "Open the Disagreement page and start the comparison."


@dataclass(frozen=True)
class CorpusQuery:
    """Something about a corpus alone."""

    corpus: CorpusRef


@dataclass(frozen=True)
class PairQuery:
    """Two contenders of one corpus; their order does not matter."""

    corpus: CorpusRef
    first: Contender
    second: Contender


@dataclass(frozen=True)
class ShiftQuery:
    """Changes of the k nearest neighbors from the first contender to the second."""

    corpus: CorpusRef
    first: Contender
    second: Contender
    k: int


@dataclass(frozen=True)
class ComparisonQuery:
    """All pairs of these contenders."""

    corpus: CorpusRef
    contenders: tuple[Contender, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(contender.label for contender in self.contenders)

    @property
    def pairs(self) -> list[PairQuery]:
        """Every two contenders, in their order."""
        return [
            PairQuery(self.corpus, first, second)
            for position, first in enumerate(self.contenders)
            for second in self.contenders[position + 1 :]
        ]


@dataclass(frozen=True, eq=False)
class PairComparison:
    """How similar two contenders are. cka, rsa: (3,) float64, the value and the ends of its 95% interval, NaN where
    they are undefined; over `cka_texts` texts and `rsa_pairs` pairs of texts. seconds: the comparison took."""

    overlap: Overlap
    cka: np.ndarray
    rsa: np.ndarray
    cka_texts: int
    rsa_pairs: int
    seconds: float


@dataclass(frozen=True, eq=False)
class TruncatedTexts:
    """rows: (m,) bool, which texts at `fact_rows` a model truncates, empty where it can't be loaded: then error says
    why."""

    rows: np.ndarray
    error: str = ""


@dataclass(frozen=True)
class ComparedTexts:
    """How many rows and distinct texts were compared; stored once all pairs are."""

    rows: int
    texts: int


@lru_cache(maxsize=2)
def text_codes(corpus: CorpusRef) -> np.ndarray:
    """(n,) int64, read-only: codes of identical texts, in order of appearance."""
    codes = distinct_texts(load_corpus(corpus).texts)[0].astype(np.int64)
    codes.setflags(write=False)
    return codes


@lru_cache(maxsize=2)
def fact_rows(corpus: CorpusRef) -> np.ndarray:
    """Row ids, sorted: the first rows of a seeded sample of at most 20,000 texts."""
    return sampled_rows(text_codes(corpus), MAX_FACT_TEXTS)


@lru_cache(maxsize=10)
def random_pair_cosines(corpus: CorpusRef, contender: Contender) -> np.ndarray:
    """(m,) float32 cosines of a seeded sample of pairs of texts, the same for every contender."""
    return pair_cosines(contender_rows(corpus, contender), *_random_pairs(corpus).T)


@lru_cache(maxsize=2)
def _random_pairs(corpus: CorpusRef) -> np.ndarray:
    """(m, 2) row ids."""
    first_rows = np.unique(text_codes(corpus), return_index=True)[1]
    return np.column_stack(sampled_pairs(np.sort(first_rows)))


def warm_up() -> None:
    """Import what the functions here take (scipy, the model of languages) by running them on next to no data."""
    text_facts(["Which language is this text in?"])
    jackknife(0.0, [0.0, 1.0])
    linkage_order(np.eye(3))


def _compare_pair(query: PairQuery, progress: Progress) -> PairComparison:
    started, texts = time.perf_counter(), text_codes(query.corpus)
    overlap = compare_neighbors(*_neighbor_ids(query), texts, progress=progress)
    cka_interval, cka_texts = _measure_cka(query)
    rsa_interval, rsa_pairs = _measure_rsa(query)
    seconds = round(time.perf_counter() - started, 3)
    return PairComparison(overlap, cka_interval, rsa_interval, cka_texts, rsa_pairs, seconds)


def _measure_cka(query: PairQuery) -> tuple[np.ndarray, int]:
    """CKA with its interval, and over how many texts; NaN for too few."""
    rows = sampled_rows(text_codes(query.corpus))
    if len(rows) < MIN_CKA_TEXTS:
        return np.full(3, np.nan), len(rows)
    contenders = (query.first, query.second)
    features = [centered(contender_rows(query.corpus, contender), rows) for contender in contenders]
    between = hsic(features[0], features[1], _parts(len(rows)))
    return _interval(cka(between, *(_self_hsic(query.corpus, contender) for contender in contenders))), len(rows)


def _measure_rsa(query: PairQuery) -> tuple[np.ndarray, int]:
    """RSA with its interval, and over how many pairs of texts.

    A text's copies are one text, and a pair of texts is left out with either. That counts the chance of the sampled
    pairs twice, once for each of their texts (Efron and Stein, 1981), so the variance by 20 parts of the pairs is
    subtracted.
    """
    cosines = [random_pair_cosines(query.corpus, contender) for contender in (query.first, query.second)]
    values = rsa(cosines[0], cosines[1], _remaining_pairs(query.corpus))
    without_texts, without_pairs = np.split(values[1:], 2)
    return _interval(np.append(values[0], without_texts), without_pairs), len(cosines[0])


@lru_cache(maxsize=20)
def _self_hsic(corpus: CorpusRef, contender: Contender) -> np.ndarray:
    """A contender's HSIC with itself, over the texts that CKA is measured on, and without each part of them."""
    rows = sampled_rows(text_codes(corpus))
    features = centered(contender_rows(corpus, contender), rows)
    return hsic(features, features, _parts(len(rows)))


def _parts(texts: int) -> np.ndarray | None:
    """(texts,) parts to leave out; None for so few that too few would remain."""
    return random_parts(texts) if texts >= 2 * MIN_CKA_TEXTS else None


@lru_cache(maxsize=2)
def _remaining_pairs(corpus: CorpusRef) -> np.ndarray | None:
    codes, pairs = text_codes(corpus), _random_pairs(corpus)
    part = _parts(int(codes.max(initial=-1)) + 1)
    return None if part is None else pairs_without_parts(part[codes[pairs]])


def _interval(values: np.ndarray, twice: np.ndarray | None = None) -> np.ndarray:
    """(3,) the value and its interval, within [-1, 1], by the jackknife of 20 random parts of the texts."""
    interval = jackknife(float(values[0]), values[1:], twice)
    return np.array([interval.value, max(interval.low, -1.0), min(interval.high, 1.0)])


def _pair_inputs(query: PairQuery | ShiftQuery) -> dict[str, object]:
    """The same in either order of the two."""
    first, second = sorted((query.first, query.second), key=lambda contender: contender.key)
    return {"first": graph_inputs(first), "second": graph_inputs(second), "p": RBO_P, "seed": 0}


def _pair_seconds(query: PairQuery) -> float:
    """As other pairs of this corpus took."""
    timed = [record["facts"]["seconds"] for record in PAIR_COMPARISON.records(query.corpus)]
    return float(np.median(timed)) if timed else 0.1 + _row_count(query.corpus) * SECONDS_PER_ROW


def _neighbor_ids(query: PairQuery | ShiftQuery) -> tuple[np.ndarray, np.ndarray]:
    first, second = (contender_neighbors(query.corpus, contender).ids for contender in (query.first, query.second))
    return first, second


def _graph_steps(query: PairQuery | ShiftQuery) -> tuple[Step, ...]:
    return graph_step(query.corpus, query.first), graph_step(query.corpus, query.second)


def _row_count(corpus: CorpusRef) -> int:
    info = Workspace(corpus.folder).info(corpus.digest)
    return info.rows if info else 0


def _fact_seconds(query: CorpusQuery | ModelQuery) -> float:
    return min(_row_count(query.corpus), MAX_FACT_TEXTS) * SECONDS_PER_TEXT


def _fact_texts(corpus: CorpusRef) -> list[str]:
    texts = load_corpus(corpus).texts
    return [texts[row] for row in fact_rows(corpus)]


def _find_truncated(query: ModelQuery, progress: Progress) -> TruncatedTexts:
    """A model that can't be loaded is no error: the other factors explain what they can."""
    try:
        embedder = cached_embedder(query.corpus.folder, query.model, None, 1)
        return TruncatedTexts(exceeds_window(_fact_texts(query.corpus), embedder))
    except PlanisphereError as error:
        return TruncatedTexts(np.zeros(0, bool), error.message)


def _find_shifts(query: ShiftQuery, progress: Progress) -> NeighborShifts:
    return find_shifted_groups(*_neighbor_ids(query), text_codes(query.corpus), query.k, progress)


def _shift_inputs(query: ShiftQuery) -> dict[str, object]:
    return {**_pair_inputs(query), "swapped": query.first.key > query.second.key, "k": query.k}


def _shifts_to_stored(shifts: NeighborShifts) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    arrays = {"rows": shifts.rows, "labels": shifts.labels}
    for name, matrix in (("lost", shifts.lost), ("gained", shifts.gained)):
        arrays |= {f"{name}_indices": matrix.indices, f"{name}_indptr": matrix.indptr}
    # infinity is no JSON; no cosine comes near to either
    chance = asdict(shifts.chance) | {"min_cosine": min(shifts.chance.min_cosine, 2.0)}
    texts = int(shifts.lost.shape[1])
    return arrays, {"changed": shifts.changed, "resolution": shifts.resolution, "chance": chance, "texts": texts}


def _shifts_from_stored(query: ShiftQuery, stored: Stored) -> NeighborShifts:
    from scipy.sparse import csr_matrix

    rows, facts = np.asarray(stored.arrays["rows"]), stored.facts

    def matrix(name: str) -> "csr_matrix":
        indices, indptr = (np.asarray(stored.arrays[f"{name}_{part}"]) for part in ("indices", "indptr"))
        return csr_matrix((np.ones(len(indices), np.float32), indices, indptr), shape=(len(rows), int(facts["texts"])))

    changes = (matrix("lost"), matrix("gained"), int(facts["changed"]), float(facts["resolution"]))
    return NeighborShifts(rows, np.asarray(stored.arrays["labels"]), *changes, ChanceGroups(**facts["chance"]))


def _comparison_steps(query: ComparisonQuery) -> tuple[Step, ...]:
    """Every pair, the default clusters of the first contender's model where rows can be clustered, facts of the texts,
    and which of them each model truncates."""
    clusters = [Step(CLUSTERS, ClusterQuery(query.corpus, query.contenders[0].model))]
    models = dict.fromkeys(contender.model for contender in query.contenders if contender.model.max_tokens)
    return (
        *(Step(PAIR_COMPARISON, pair) for pair in query.pairs),
        *(clusters if _row_count(query.corpus) >= MIN_CLUSTERED_ROWS else []),
        Step(TEXT_FACTS, CorpusQuery(query.corpus)),
        *(Step(TRUNCATED_TEXTS, ModelQuery(query.corpus, model)) for model in models),
    )


def _comparison_seconds(query: ComparisonQuery) -> float:
    if _row_count(query.corpus) < 2:
        raise InputError("This corpus has one row: there are no neighbors to compare.", "Add more rows.")
    return 0.0


def _count_texts(query: ComparisonQuery, progress: Progress) -> ComparedTexts:
    codes = text_codes(query.corpus)
    return ComparedTexts(len(codes), int(codes.max(initial=-1)) + 1)


PAIR_COMPARISON: Result[PairQuery, PairComparison] = Result(
    "pair_comparison",
    1,
    PairQuery,
    PairComparison,
    inputs=_pair_inputs,
    compute=_compare_pair,
    seconds=_pair_seconds,
    requires=_graph_steps,
    stage=lambda query: f"Comparing {query.first.label} and {query.second.label}",
    unit="rows",
    absence="These contenders have not been compared.",
    remedy=REMEDY,
)
TEXT_FACTS: Result[CorpusQuery, TextFacts] = Result(
    "text_facts",
    1,
    CorpusQuery,
    TextFacts,
    inputs=lambda query: {"texts": MAX_FACT_TEXTS, "seed": 0},
    compute=lambda query, progress: text_facts(_fact_texts(query.corpus), progress),
    seconds=_fact_seconds,
    stage="Analyzing texts",
    unit="texts",
    absence="The texts have not been analyzed.",
    remedy=REMEDY,
)
TRUNCATED_TEXTS: Result[ModelQuery, TruncatedTexts] = Result(
    "truncated_texts",
    1,
    ModelQuery,
    TruncatedTexts,
    inputs=lambda query: {"model": query.model, "texts": MAX_FACT_TEXTS, "seed": 0},
    compute=_find_truncated,
    seconds=_fact_seconds,
    stage=lambda query: f"Counting tokens: {query.model.label}",
    absence="Truncated texts have not been counted.",
    remedy=REMEDY,
)
NEIGHBOR_SHIFTS: Result[ShiftQuery, NeighborShifts] = Result(
    "neighbor_shifts",
    1,
    ShiftQuery,
    NeighborShifts,
    inputs=_shift_inputs,
    compute=_find_shifts,
    seconds=lambda query: _row_count(query.corpus) * query.k * SECONDS_PER_NEIGHBOR,
    requires=lambda query: (
        *_graph_steps(query),
        Step(PAIR_COMPARISON, PairQuery(query.corpus, query.first, query.second)),
    ),
    stage="Finding shifted groups",
    unit="texts",
    to_stored=_shifts_to_stored,
    from_stored=_shifts_from_stored,
    absence="Shifted groups have not been computed.",
    remedy="Start them on the Disagreement page.",
)
COMPARISON: Result[ComparisonQuery, ComparedTexts] = Result(
    "comparison",
    1,
    ComparisonQuery,
    ComparedTexts,
    inputs=lambda query: {
        "contenders": [graph_inputs(contender) for contender in query.contenders],
        "parts": [result.version for result in (PAIR_COMPARISON, TEXT_FACTS, TRUNCATED_TEXTS)],
    },
    compute=_count_texts,
    seconds=_comparison_seconds,
    requires=_comparison_steps,
    stage="Counting texts",
    absence="These contenders have not been compared.",
    remedy=REMEDY,
)
