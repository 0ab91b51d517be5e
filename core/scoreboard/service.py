"""Questions of the Scoreboard: what is scored already, the board itself, and what contenders cost."""

from dataclasses import dataclass
from typing import Any

from core.corpus.label_columns import label_codes
from core.corpus.label_rows import find_split
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.service import Refusal
from core.errors import InputError, PlanisphereError, StorageError
from core.models.backends import capabilities
from core.models.spending import most_usd
from core.scoreboard.comparison import Comparison, compare
from core.scoreboard.cost import Cost, cost_of
from core.scoreboard.known_item import read_known_item
from core.scoreboard.pairs import read_pairs
from core.scoreboard.results import expected_seconds, kept_failure, kept_scores
from core.scoreboard.retrieval import Retrieval, read_queries
from core.scoreboard.speed import kept_speed
from core.scoreboard.types import METRICS, Scores, Task
from core.types import CorpusRef
from core.vectors.contenders import Contender
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import missing_texts

SECONDS_A_TEXT = 0.003  # to embed one, where its model's speed is not measured


@dataclass(frozen=True)
class ScoreboardQuery:
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
class ScoringState:
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


def scoring_state(asked: ScoreboardQuery) -> ScoringState:
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
    return ScoringState(tuple(scored), tuple(left), tuple(failures), seconds)


def board(asked: ScoreboardQuery) -> Board:
    """The contenders compared; all are scored. Raises InputError where one lacks the metric."""
    scores = {contender.key: load_scores(asked, contender) for contender in asked.contenders}
    found = compare(scores, asked.metric)
    places = {contender.key: place for place, contender in enumerate(asked.contenders)}
    facts = next(iter(scores.values())).facts
    return Board(
        asked.task, METRICS[asked.metric].label, found, tuple(places[line.name] for line in found.lines), facts
    )


def load_scores(asked: ScoreboardQuery, contender: Contender) -> Scores:
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
    return find_split(load_corpus(corpus).table)


def embedding_seconds(asked: ScoreboardQuery, contender: Contender) -> float:
    """About how long the task's own texts take that have no vector of this contender yet; 0 where there are none."""
    if asked.task.kind == "labels" or not capabilities(contender.model).can_embed:
        return 0.0
    try:
        documents, queries = task_texts(asked.corpus, asked.task)
    except PlanisphereError:  # scoring says why
        return 0.0
    where = (asked.corpus, contender.model)
    new = len(missing_texts(*where, documents)) + len(missing_texts(*where, queries, queries=True))
    known = kept_speed(asked.corpus, contender).seconds_per_1000
    return new * (SECONDS_A_TEXT if known is None else known / 1000)


def _scoring_seconds(asked: ScoreboardQuery, contender: Contender) -> float:
    rows, width = load_vectors(asked.corpus, contender.model).rows.shape
    table, column = load_corpus(asked.corpus).table, asked.task.get("column")
    labels = len(label_codes(table[column])[1]) if column in table.columns else 0
    return expected_seconds(asked.task.kind, rows, contender.dimensions or width, labels)


EXAMPLES, CELL = 3, 240  # queries shown, and characters of each


@dataclass(frozen=True)
class TaskPreview:
    """What a task is made of. facts: counts by name, as the scores will have them; examples: (query or first text,
    what it must find or second text, score or "")."""

    facts: dict[str, object]
    examples: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class TextsToEmbed:
    """What a model still has to embed for a task. free: it costs nothing; usd: at most, None where not known."""

    label: str
    texts: int
    free: bool
    usd: float | None


def preview_task(corpus: CorpusRef, task: Task) -> TaskPreview | Refusal:
    """What a task is made of; a Refusal where it can't be done."""
    try:
        if task.kind == "pairs":
            pairs = read_pairs(corpus, task)
            head = zip(pairs.first, pairs.second, (f"{each:g}" for each in pairs.given), strict=True)
            return TaskPreview(pairs.facts, tuple(_cut(row) for row, _ in zip(head, range(EXAMPLES), strict=False)))
        made = retrieval(corpus, task)
        facts = made.facts | {"queries": len(made.queries), "candidates": _candidates(corpus, made)}
        return TaskPreview(facts, tuple(_cut(_example(corpus, made, query)) for query in _first(made)))
    except InputError as error:
        return Refusal(error.message, error.remedy)


def texts_to_embed(corpus: CorpusRef, contenders: tuple[Contender, ...], task: Task) -> tuple[TextsToEmbed, ...]:
    """What each model of the contenders still has to embed, those alone that have to; sends nothing."""
    documents, queries = task_texts(corpus, task)
    found = []
    for spec in dict.fromkeys(contender.model for contender in contenders if capabilities(contender.model).can_embed):
        left = missing_texts(corpus, spec, documents)
        left += missing_texts(corpus, spec, queries, queries=True)
        if left:
            paid = capabilities(spec).paid
            usd = most_usd(left, spec) if paid else 0.0
            found.append(TextsToEmbed(spec.label, len(left), not paid, usd))
    return tuple(found)


def task_texts(corpus: CorpusRef, task: Task) -> tuple[list[str], list[str]]:
    """The documents and the queries that a task embeds, beside the corpus' own texts. Raises InputError."""
    if task.kind == "labels":
        return [], []
    if task.kind == "pairs":
        pairs = read_pairs(corpus, task)
        return [*pairs.first, *pairs.second], []
    made = retrieval(corpus, task)
    return made.candidates or [], made.queries


def retrieval(corpus: CorpusRef, task: Task) -> Retrieval:
    """The queries and answers of a task that has them. Raises InputError."""
    return (read_queries if task.kind == "queries" else read_known_item)(corpus, task)


def _candidates(corpus: CorpusRef, made: Retrieval) -> int:
    return len(made.candidates if made.candidates is not None else load_distinct_texts(corpus))


def _first(made: Retrieval) -> range:
    return range(min(EXAMPLES, len(made.queries)))


def _example(corpus: CorpusRef, made: Retrieval, query: int) -> tuple[str, str, str]:
    texts = made.candidates if made.candidates is not None else load_distinct_texts(corpus)
    place = int((made.query_of == query).argmax())
    return made.queries[query], texts[made.answer_of[place]], f"{made.grades[place]:g}"


def _cut(row: tuple[str, str, str]) -> tuple[str, str, str]:
    return row[0][:CELL], row[1][:CELL], row[2]
