"""Questions of the Scoreboard: what is scored already, the board itself, and what contenders cost."""

from dataclasses import dataclass
from typing import Any

from core.corpus.label_columns import find_split_column, label_codes
from core.corpus.loaders import load_corpus
from core.errors import PlanisphereError, StorageError
from core.models.registry import capabilities
from core.scoreboard.comparison import Comparison, compare
from core.scoreboard.cost import Cost, cost_of
from core.scoreboard.known_item import read_known_item
from core.scoreboard.pairs import read_pairs
from core.scoreboard.results import expected_seconds, kept_failure, kept_scores
from core.scoreboard.retrieval import Retrieval
from core.scoreboard.retrieval_task import read_queries
from core.scoreboard.speed import kept_speed
from core.scoreboard.types import METRICS, Scores, Task
from core.types import CorpusRef
from core.vectors.contenders import Contender
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import missing_texts

SECONDS_A_TEXT = 0.003  # to embed one, where its model's speed is not measured


@dataclass(frozen=True)
class Asked:
    """What a board is of: everything that names it."""

    corpus: CorpusRef
    contenders: tuple[Contender, ...]
    task: Task
    metric: str


@dataclass(frozen=True)
class Failure:
    """Why the contender at `place` among the chosen has no score. again: whether trying again may help."""

    place: int
    message: str
    remedy: str
    again: bool


@dataclass(frozen=True)
class State:
    """scored, left: places of contenders that are scored, and that are to be scored; failures: the others. seconds:
    what is left takes about so long."""

    scored: tuple[int, ...]
    left: tuple[int, ...]
    failures: tuple[Failure, ...]
    seconds: float


@dataclass(frozen=True)
class Board:
    """comparison: of the contenders. places: of its lines' contenders among the chosen. label: of the metric.
    facts: counts of the task, as told by the first contender's scores."""

    task: Task
    label: str
    comparison: Comparison
    places: tuple[int, ...]
    facts: dict[str, Any]


def state(asked: Asked) -> State:
    """How far the contenders are scored in the task."""
    scored, left, failures, seconds = [], [], [], 0.0
    for place, contender in enumerate(asked.contenders):
        if kept_scores(asked.corpus, contender, asked.task) is not None:
            scored.append(place)
        elif (failed := kept_failure(asked.corpus, contender, asked.task)) is not None:
            failures.append(Failure(place, failed.message, failed.remedy, failed.again))
        else:
            left.append(place)
            seconds += _scoring_seconds(asked, contender) + embedding_seconds(asked, contender)
    return State(tuple(scored), tuple(left), tuple(failures), seconds)


def board(asked: Asked) -> Board:
    """The contenders compared; all are scored. Raises InputError where one lacks the metric."""
    scores = {contender.key: kept(asked, contender) for contender in asked.contenders}
    found = compare(scores, asked.metric)
    places = {contender.key: place for place, contender in enumerate(asked.contenders)}
    facts = next(iter(scores.values())).facts
    return Board(
        asked.task, METRICS[asked.metric].label, found, tuple(places[line.name] for line in found.lines), facts
    )


def kept(asked: Asked, contender: Contender) -> Scores:
    """A contender's scores. Raises StorageError where there are none."""
    found = kept_scores(asked.corpus, contender, asked.task)
    if found is None:
        raise StorageError(f"{contender.label} has not been scored.", "Open the Scoreboard and start it.")
    return found


def costs(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> tuple[Cost, ...]:
    """What is known of each contender's cost, without measuring anything."""
    return tuple(cost_of(corpus, contender) for contender in contenders)


def split_column(corpus: CorpusRef) -> str | None:
    """The column that tells training rows from test rows, None where there is none."""
    return find_split_column(load_corpus(corpus).table)


def embedding_seconds(asked: Asked, contender: Contender) -> float:
    """About how long the task's own texts take that have no vector of this contender yet; 0 where there are none."""
    if asked.task.kind == "labels" or not capabilities(contender.model).can_embed:
        return 0.0
    try:
        texts = _task_texts(asked)
    except PlanisphereError:  # scoring tells why
        return 0.0
    where = (asked.corpus, contender.model)
    new = sum(len(missing_texts(*where, each, as_queries)) for each, as_queries in texts)
    known = kept_speed(asked.corpus, contender).seconds_per_1000
    return new * (SECONDS_A_TEXT if known is None else known / 1000)


def _task_texts(asked: Asked) -> list[tuple[list[str], bool]]:
    """The task's own texts, and whether they are queries."""
    where = (asked.corpus, asked.task)
    if asked.task.kind == "pairs":
        pairs = read_pairs(*where)
        return [([*pairs.first, *pairs.second], False)]
    made = retrieval(*where)
    return [(made.queries, True), (made.candidates or [], False)]


def retrieval(corpus: CorpusRef, task: Task) -> Retrieval:
    """The queries of the tasks "queries" and "known_item". Raises InputError."""
    return (read_queries if task.kind == "queries" else read_known_item)(corpus, task)


def _scoring_seconds(asked: Asked, contender: Contender) -> float:
    rows, width = load_vectors(asked.corpus, contender.model).rows.shape
    table, column = load_corpus(asked.corpus).table, asked.task.get("column")
    labels = len(label_codes(table[column])[1]) if column in table.columns else 0
    return expected_seconds(asked.task.kind, rows, contender.dimensions or width, labels)
