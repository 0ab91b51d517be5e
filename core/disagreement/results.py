"""Stored results: comparisons of two contenders, facts of texts, truncated texts, and groups of shifted texts."""

import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from core.clusters.service import CLUSTERS, ClusterQuery
from core.corpus.loaders import load_corpus
from core.disagreement.cka_rsa import linkage_order, measure_cka, measure_rsa, sampled_rows
from core.disagreement.factors import TextFacts, exceeds_window, text_facts
from core.disagreement.neighbor_shifts import ChanceGroups, NeighborShifts, find_shifted_groups
from core.disagreement.overlap import RBO_P, Overlap, compare_neighbors, text_codes
from core.errors import InputError, PlanisphereError
from core.results import Result, Step
from core.stats.resampling import jackknife
from core.store import Stored, Workspace
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender, contender_neighbors, graph_inputs, graph_step
from core.vectors.loaders import ModelQuery, cached_embedder

MAX_FACT_TEXTS = 20_000  # texts whose facts may explain disagreement
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
        return [PairQuery(self.corpus, first, second) for first, second in combinations(self.contenders, 2)]


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
def fact_rows(corpus: CorpusRef) -> np.ndarray:
    """Row ids, sorted: the first rows of a seeded sample of at most 20,000 texts."""
    return sampled_rows(text_codes(corpus), MAX_FACT_TEXTS)


def warm_up() -> None:
    """Import what the functions here take (scipy, the model of languages) by running them on next to no data."""
    text_facts(["Which language is this text in?"])
    jackknife(0.0, [0.0, 1.0])
    linkage_order(np.eye(3))


def _compare_pair(query: PairQuery, progress: Progress) -> PairComparison:
    started, texts = time.perf_counter(), text_codes(query.corpus)
    overlap = compare_neighbors(*_neighbor_ids(query), texts, progress=progress)
    cka_interval, cka_texts = measure_cka(query.corpus, (query.first, query.second))
    rsa_interval, rsa_pairs = measure_rsa(query.corpus, (query.first, query.second))
    seconds = round(time.perf_counter() - started, 3)
    return PairComparison(overlap, cka_interval, rsa_interval, cka_texts, rsa_pairs, seconds)


def _pair_inputs(query: PairQuery | ShiftQuery) -> dict[str, object]:
    """The same in either order of the two."""
    first, second = map(graph_inputs, sorted((query.first, query.second), key=lambda contender: contender.key))
    return {"first": first, "second": second, "p": RBO_P, "seed": 0}


def _pair_seconds(query: PairQuery) -> float:
    """As other pairs of this corpus took."""
    timed = [record["facts"]["seconds"] for record in PAIR_COMPARISON.records(query.corpus)]
    return float(np.median(timed)) if timed else 0.1 + _row_count(query.corpus) * SECONDS_PER_ROW


def _neighbor_ids(query: PairQuery | ShiftQuery) -> tuple[np.ndarray, np.ndarray]:
    return contender_neighbors(query.corpus, query.first).ids, contender_neighbors(query.corpus, query.second).ids


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


def _require_two_rows(query: ComparisonQuery) -> float:
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
)
NEIGHBOR_SHIFTS: Result[ShiftQuery, NeighborShifts] = Result(
    "neighbor_shifts",
    1,
    ShiftQuery,
    NeighborShifts,
    inputs=lambda query: {**_pair_inputs(query), "swapped": query.first.key > query.second.key, "k": query.k},
    compute=lambda query, progress: find_shifted_groups(
        *_neighbor_ids(query), text_codes(query.corpus), query.k, progress
    ),
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
    seconds=_require_two_rows,
    requires=_comparison_steps,
    stage="Counting texts",
    absence="These contenders have not been compared.",
    remedy=REMEDY,
)
