"""What the scoreboard stores: scores of a contender in a task, why scoring failed, and measured times."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from core.corpus.added_columns import column_inputs
from core.corpus.label_columns import MAX_QUERIES, label_codes
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.errors import InputError, PlanisphereError, RateLimitError
from core.models.costs import load_meter
from core.models.registry import capabilities
from core.results import Result
from core.scoreboard.known_item import score_known_item
from core.scoreboard.labels import score_labels
from core.scoreboard.pairs import score_pairs
from core.scoreboard.probes import MAX_PROBED_LABELS, MAX_PROBED_ROWS
from core.scoreboard.retrieval import score_queries
from core.scoreboard.speed import BUDGET, EmbeddingTimes, SearchTimes, time_embedding, time_search
from core.scoreboard.types import Scores, Task, TaskKind
from core.secret import Secret
from core.store import Workspace, vector_inputs
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender, ContenderQuery, contender_rows
from core.vectors.loaders import ModelQuery, cached_embedder, load_vectors

FAILED = "scores_failed"
SECONDS_PER_CELL, SECONDS_PER_PRODUCT = 2e-8, 4e-11  # to order a similarity, and a dimension of it
SECONDS_PER_WEIGHT = 2.5e-8  # of a row, a dimension and a label, in the probes and k-means together
PAIRS_SECONDS, PROBE_SECONDS = 0.2, 0.6  # of a small corpus
Scorer = Callable[[CorpusRef, Contender, Task, Secret | None, Progress | None], Scores]
SCORERS: dict[TaskKind, Scorer] = {
    "labels": score_labels, "pairs": score_pairs, "queries": score_queries, "known_item": score_known_item,
}  # fmt: skip


@dataclass(frozen=True)
class ScoresQuery:
    """One contender in one task."""

    corpus: CorpusRef
    contender: Contender
    task: Task


@dataclass(frozen=True)
class ScoringFailure:
    """Why a contender could not be scored. can_retry: not where the data is the reason, or where there is no model."""

    message: str
    remedy: str
    can_retry: bool


def score_or_record_failure(query: ScoresQuery, secret: Secret | None = None) -> int:
    """Score for a job of several contenders: a failure is stored, so that the others go on. Returns 1."""
    try:
        SCORES.get_or_compute(query, None, secret)
    except RateLimitError:
        raise  # the job waits
    except PlanisphereError as error:
        can_retry = not isinstance(error, InputError) and capabilities(query.contender.model).can_embed
        failure = asdict(ScoringFailure(error.message, error.remedy, can_retry))
        Workspace(query.corpus.folder).save(FAILED, query.corpus.digest, _failure_inputs(query), {}, failure)
    return 1


def load_failure(query: ScoresQuery) -> ScoringFailure | None:
    """Why the last attempt failed; None where there was none, or the contender has been scored since."""
    stored = Workspace(query.corpus.folder).load(FAILED, query.corpus.digest, _failure_inputs(query))
    return None if stored is None or SCORES.exists(query) else ScoringFailure(**stored.facts)


def expected_seconds(kind: TaskKind, rows: int, dimensions: int, labels: int = 50) -> float:
    """About how long one contender takes on one core, without embedding new texts. rows: with a label, candidates of
    queries, or pairs."""
    if kind == "pairs":
        return PAIRS_SECONDS
    queries, probed = min(rows, MAX_QUERIES), min(rows, MAX_PROBED_ROWS)
    seconds = queries * rows * (SECONDS_PER_CELL + SECONDS_PER_PRODUCT * dimensions)
    if kind == "labels":
        seconds += PROBE_SECONDS + probed * dimensions * min(labels, MAX_PROBED_LABELS) * SECONDS_PER_WEIGHT
    return seconds


def _score(query: ScoresQuery, progress: Progress, secret: Secret | None = None) -> Scores:
    return SCORERS[query.task.kind](query.corpus, query.contender, query.task, secret, progress)


def _score_inputs(query: ScoresQuery) -> dict[str, Any]:
    variant = {"dimensions": query.contender.dimensions, "bits": query.contender.bits}
    columns = column_inputs(query.corpus, *(str(value) for _, value in query.task.params))
    return {**vector_inputs(query.contender.model), **variant, "task": query.task.to_dict(), **columns}


def _failure_inputs(query: ScoresQuery) -> dict[str, Any]:
    return {**_score_inputs(query), FAILED: 2}


def _score_seconds(query: ScoresQuery) -> float:
    rows, dimensions = load_vectors(query.corpus, query.contender.model).rows.shape
    table, column = load_corpus(query.corpus).table, query.task.get("column")
    is_probed = column in table.columns and not query.task.get("relevance")  # not where rows have several labels
    labels = len(label_codes(table[column])[1]) if is_probed else 0
    return expected_seconds(query.task.kind, rows, query.contender.dimensions or dimensions, labels)


def _measure_embedding(query: ModelQuery, progress: Progress, secret: Secret | None = None) -> EmbeddingTimes:
    embedder, others = cached_embedder(query.corpus.folder, query.model, secret), load_meter()
    times = time_embedding(embedder, load_distinct_texts(query.corpus))
    # the work of a server counts as its own, even where it runs on this machine
    share = 0.0 if capabilities(query.model).hosted else others()
    return EmbeddingTimes(times.texts, times.seconds, times.queries, share)


def _measure_search(query: ContenderQuery, progress: Progress) -> SearchTimes:
    rows, others = contender_rows(query.corpus, query.contender), load_meter()
    return SearchTimes(time_search(rows, query.contender), others())


SCORES = Result(
    "scores", 4, ScoresQuery, Scores, inputs=_score_inputs, compute=_score, seconds=_score_seconds,
    stage="Scoring the contenders", needs_secret=True,
    absence="This contender has not been scored in this task yet.", remedy="Score it on the Scoreboard page.",
)  # fmt: skip
EMBEDDING_TIMES = Result(
    "embedding_times", 1, ModelQuery, EmbeddingTimes, compute=_measure_embedding, needs_secret=True,
    inputs=lambda query: {**vector_inputs(query.model), "cpus": os.cpu_count() or 1, "seed": 0},
    seconds=lambda query: 3 * BUDGET, stage="Measuring the speed",
)  # fmt: skip
SEARCH_TIMES = Result(
    "search_times", 1, ContenderQuery, SearchTimes, compute=_measure_search,
    inputs=lambda query: {"contender": query.contender.to_dict(), "cpus": os.cpu_count() or 1, "seed": 0},
    seconds=lambda query: 1.0, stage="Measuring the speed",
)  # fmt: skip
