"""Tools: the stored comparison of models, and its verdict. Nothing is scored here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.digest import digest_json
from core.errors import InputError, StorageError
from core.mcp.access import Access
from core.mcp.arguments import CorpusName
from core.mcp.corpora import iso_time
from core.mcp.rows import rounded
from core.report.service import task_description
from core.scoreboard.results import SCORES, ScoresQuery, load_failure
from core.scoreboard.service import Board, ScoreboardQuery, board, costs
from core.scoreboard.types import METRICS, Task, metrics_of
from core.scoreboard.verdict import describe_training, verdict
from core.store import CorpusInfo
from core.types import CorpusRef, ModelSpec
from core.vectors.contact_report import check_contenders
from core.vectors.contenders import Contender

TaskId = Annotated[str, Field(description="Id of a scored task, from `tasks` of compare_models; by default the latest "
                              "with several contenders.")]  # fmt: skip
MetricName = Annotated[str, Field(description="A metric of the task, from `metrics`; its main one by default.")]


@dataclass(frozen=True)
class TaskItem:
    """A task in which contenders have been scored. settings: such as the label column."""

    id: str
    kind: str
    settings: dict[str, str | int | float]
    contenders: list[str]
    scored: str


@dataclass(frozen=True)
class ContenderLine:
    """A contender with its score and 95% interval. groups: contenders that share a letter do not differ significantly.
    is_best: the best, or not significantly different from it. probability_best: share of resamples in which it is."""

    contender: str
    score: float | None
    low: float | None
    high: float | None
    groups: str
    is_best: bool
    probability_best: float | None


@dataclass(frozen=True)
class PairLine:
    """first minus second, with its 95% interval and p values, without and with correction over all pairs (Holm)."""

    first: str
    second: str
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_value_holm: float | None
    is_significant: bool
    minimum_detectable_difference: float | None


@dataclass(frozen=True)
class ModelComparison:
    """The scoreboard of one task and metric. queries: scored ones, of `total`; unit says of what. chance: score of a
    random ranking. warnings: failed checks of models. tasks, metrics: what else can be requested."""

    task: TaskItem
    metric: str
    lines: list[ContenderLine]
    pairs: list[PairLine]
    queries: int
    total: int
    unit: str
    chance: float | None
    method: str
    warnings: list[str]
    metrics: list[str]
    tasks: list[TaskItem]


@dataclass(frozen=True)
class Verdict:
    """A comparison in sentences. task: what was measured, on how many queries. limits: what it can't show."""

    verdict: str
    task: str
    warnings: list[str]
    limits: str


@dataclass(frozen=True)
class StoredTask:
    """A task with the contenders that are scored in it. scored: the latest time, unix seconds."""

    task: Task
    contenders: tuple[Contender, ...]
    scored: float

    @property
    def id(self) -> str:
        return digest_json(self.task.to_dict())[:8]

    def item(self) -> TaskItem:
        labels = [contender.label for contender in self.contenders]
        return TaskItem(self.id, self.task.kind, dict(self.task.params), labels, iso_time(self.scored))


def compare_models(access: Access, corpus: CorpusName, task: TaskId = "", metric: MetricName = "") -> ModelComparison:
    """Compare the embedding models of a corpus: stored scores with intervals, paired tests and warnings.

    Only what has been scored on the Scoreboard page of the app; nothing is computed or sent.
    """
    info = access.info(corpus)
    tasks = stored_tasks(access.ref(info))
    stored, query = _requested(info, access.ref(info), tasks, task, metric)
    result, labels = board(query), {contender.key: contender.label for contender in query.contenders}
    comparison = result.comparison
    return ModelComparison(
        task=stored.item(),
        metric=query.metric,
        lines=[
            ContenderLine(
                labels[line.name], rounded(line.mean), rounded(line.low), rounded(line.high), line.group, line.best,
                rounded(line.share_best),
            )
            for line in comparison.lines
        ],
        pairs=[
            PairLine(
                labels[pair.first], labels[pair.second], rounded(pair.difference), rounded(pair.low),
                rounded(pair.high), rounded(pair.p_value), rounded(pair.p_value_holm), pair.is_significant,
                rounded(pair.minimum_detectable_difference),
            )
            for pair in comparison.pairs
        ],
        queries=comparison.queries,
        total=comparison.total,
        unit=comparison.unit,
        chance=rounded(comparison.chance),
        method=comparison.method,
        warnings=_warnings(query),
        metrics=_metrics(stored.task),
        tasks=[one.item() for one in tasks],
    )  # fmt: skip


def verdict_of_models(access: Access, corpus: CorpusName, task: TaskId = "", metric: MetricName = "") -> Verdict:
    """Say in sentences which models are best on a corpus, by how much, how certain that is and what it costs.

    From stored scores, with the intervals and tests of compare_models.
    """
    info = access.info(corpus)
    reference = access.ref(info)
    stored, query = _requested(info, reference, stored_tasks(reference), task, metric)
    result, known = board(query), costs(reference, query.contenders)
    sentences = verdict(
        result.comparison,
        {contender.key: contender.label for contender in query.contenders},
        {contender.key: cost for contender, cost in zip(query.contenders, known, strict=True)},
        _failed(access, info, reference, stored),
    )
    return Verdict(sentences, task_description(result), _warnings(query), _limits(result))


def stored_tasks(corpus: CorpusRef) -> list[StoredTask]:
    """The tasks with scores of this version, the latest first."""
    scored: dict[Task, dict[Contender, float]] = {}
    for record in SCORES.records(corpus):
        inputs = record["inputs"]
        task = Task.from_dict(inputs["task"])
        contender = Contender(ModelSpec.from_dict(inputs["model"]), inputs["dimensions"], inputs["bits"])
        if SCORES.exists(ScoresQuery(corpus, contender, task)):  # not of an earlier version of an added column
            scored.setdefault(task, {})[contender] = record["made"]
    tasks = [StoredTask(task, tuple(times), max(times.values())) for task, times in scored.items()]
    return sorted(tasks, key=lambda one: -one.scored)


def _requested(
    info: CorpusInfo, corpus: CorpusRef, tasks: Sequence[StoredTask], task: str, metric: str
) -> tuple[StoredTask, ScoreboardQuery]:
    if not tasks:
        message = f'No model has been scored on "{info.name}" yet.'
        raise StorageError(message, "Ask the user to score the models on the Scoreboard page of the app.")
    several = next((one for one in tasks if len(one.contenders) > 1), tasks[0])
    stored = next((one for one in tasks if one.id == task), None) if task else several
    if stored is None:
        raise InputError(f'There is no scored task "{task}".', f"Tasks: {', '.join(one.id for one in tasks)}.")
    metrics = _metrics(stored.task)
    if metric and metric not in metrics:
        raise InputError(f'The task has no metric "{metric}".', f"Metrics: {', '.join(metrics)}.")
    contenders = check_contenders(corpus, stored.contenders).marked(stored.contenders)
    return stored, ScoreboardQuery(corpus, contenders, stored.task, metric or metrics[0])


def _metrics(task: Task) -> list[str]:
    return list(metrics_of(task.kind, several=bool(task.get("relevance"))))


def _warnings(query: ScoreboardQuery) -> list[str]:
    checks = check_contenders(query.corpus, query.contenders).sentences(query.contenders)
    return [*checks, *filter(None, [describe_training(query.contenders)])]


def _failed(access: Access, info: CorpusInfo, corpus: CorpusRef, stored: StoredTask) -> list[str]:
    """Labels of the corpus' models that could not be scored in the task."""
    models = map(Contender, access.workspace.models(info.digest))
    return [model.label for model in models if load_failure(ScoresQuery(corpus, model, stored.task))]


def _limits(result: Board) -> str:
    return (
        f"One task and metric ({METRICS[result.comparison.metric].label}) on these rows: another task may rank the "
        "models differently. Intervals cover the sampling of rows, not mistakes in labels or judgments."
    )
