"""Scoring one contender in one task, as a function for workers; the result is kept in the workspace."""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from core.corpus.label_columns import MAX_QUERIES
from core.errors import InputError, PlanisphereError
from core.models.registry import capabilities
from core.scoreboard.label_splits import MOST_PROBED, MOST_PROBED_LABELS
from core.scoreboard.types import Scores, Task, TaskKind
from core.secret import Secret
from core.store import Workspace, vector_inputs
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender

KIND, FAILED = "scores", "scores_failed"
VERSIONS = {"labels": 2, "pairs": 2, "queries": 1, "known_item": 1}  # raise one when its task's values change
SECONDS_A_CELL, SECONDS_A_PRODUCT = 2e-8, 4e-11  # to order a similarity, and a dimension of it
SECONDS_A_WEIGHT = 2.5e-8  # of a row, a dimension and a label, in the probes and k-means together


@dataclass(frozen=True)
class Failed:
    """Why a contender could not be scored. again: whether trying again may help: not where the data is the reason, or
    where there is no model."""

    message: str
    remedy: str
    again: bool


class Scorer(Protocol):
    def __call__(
        self,
        corpus: CorpusRef,
        contender: Contender,
        task: Task,
        secret: Secret | None = None,
        progress: Progress | None = None,
    ) -> Scores: ...


def score(
    corpus: CorpusRef,
    contender: Contender,
    task: Task,
    secret: Secret | None = None,
    progress: Progress | None = None,
) -> Scores:
    """The kept scores, or new ones, which are then kept. Raises a PlanisphereError where the contender can't do it."""
    kept = kept_scores(corpus, contender, task)
    if kept is not None:
        return kept
    made = _scorer(task)(corpus, contender, task, secret, progress)
    keep_scores(corpus, contender, task, made)
    return made


def try_score(corpus: CorpusRef, contender: Contender, task: Task, secret: Secret | None = None) -> int:
    """The same for a job of several contenders: one that fails has its message kept, and the others go on. Gives 1."""
    try:
        score(corpus, contender, task, secret)
    except PlanisphereError as error:
        again = not isinstance(error, InputError) and capabilities(contender.model).can_embed
        facts = {"message": error.message, "remedy": error.remedy, "again": again}
        Workspace(corpus.folder).save(FAILED, corpus.digest, score_inputs(contender, task), {}, facts)
    return 1


def kept_scores(corpus: CorpusRef, contender: Contender, task: Task) -> Scores | None:
    """What `score` kept; None where it has not been run, or was kept by another version."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, score_inputs(contender, task))
    if stored is None:
        return None
    arrays = {name: dict[str, object]() for name in ("per_query", "runs", "resampled")}
    for name, value in stored.arrays.items():
        group, _, metric = name.partition(".")
        if metric:
            arrays[group][metric] = value
    facts = dict(stored.facts)
    whole, chance = facts.pop("whole"), facts.pop("chance")
    return Scores(
        units=stored.arrays["units"], pairs=stored.arrays.get("pairs"), whole=whole, chance=chance,
        facts=facts["facts"], **cast(dict, arrays),
    )  # fmt: skip


def kept_failure(corpus: CorpusRef, contender: Contender, task: Task) -> Failed | None:
    """Why the last try to score a contender failed; None where it has not failed, or has been scored since."""
    if kept_scores(corpus, contender, task) is not None:
        return None
    stored = Workspace(corpus.folder).load(FAILED, corpus.digest, score_inputs(contender, task))
    return None if stored is None else Failed(**{"again": True, **stored.facts})


def keep_scores(corpus: CorpusRef, contender: Contender, task: Task, scores: Scores) -> None:
    """Keep a contender's scores in a task. Raises StorageError where the corpus is gone."""
    arrays = {"units": scores.units} | ({} if scores.pairs is None else {"pairs": scores.pairs})
    for group in ("per_query", "runs", "resampled"):
        arrays |= {f"{group}.{metric}": values for metric, values in getattr(scores, group).items()}
    facts = {"whole": scores.whole, "chance": scores.chance, "facts": scores.facts}
    Workspace(corpus.folder).save(KIND, corpus.digest, score_inputs(contender, task), arrays, facts)


def score_inputs(contender: Contender, task: Task) -> dict[str, object]:
    """What names the scores of a contender in a task."""
    made = {"dimensions": contender.dimensions, "bits": contender.bits, "task": task.to_dict()}
    return {**vector_inputs(contender.model), **made, "scores": VERSIONS[task.kind]}


def expected_seconds(kind: TaskKind, rows: int, dimensions: int, labels: int = 50) -> float:
    """About how long one contender takes on one core. rows: with a label, queries' candidates or pairs; the time that
    a model takes to embed new texts is not counted."""
    if kind == "pairs":
        return 1.0
    asked, probed = min(rows, MAX_QUERIES), min(rows, MOST_PROBED)
    seconds = asked * rows * (SECONDS_A_CELL + SECONDS_A_PRODUCT * dimensions)
    if kind == "labels":
        seconds += 1 + probed * dimensions * min(labels, MOST_PROBED_LABELS) * SECONDS_A_WEIGHT
    return seconds


def _scorer(task: Task) -> Scorer:
    """core.scoreboard.<kind>.score_<kind>, imported when it is needed."""
    name = task.kind
    return cast(Scorer, getattr(import_module(f"core.scoreboard.{name}"), f"score_{name}"))
