"""What pages, jobs and reports read from the scoreboard: state, board, costs, and the preview of a task."""

from dataclasses import dataclass
from typing import Any

from core.corpus.label_columns import find_split_column
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.service import InvalidInput
from core.errors import InputError, PlanisphereError
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.scoreboard.comparison import Comparison, compare
from core.scoreboard.cost import Cost, cost_of, known_speed
from core.scoreboard.known_item import read_known_item
from core.scoreboard.pairs import read_pairs
from core.scoreboard.results import SCORES, ScoresQuery, ScoringFailure, load_failure
from core.scoreboard.retrieval import Retrieval, read_queries
from core.scoreboard.types import METRICS, Scores, Task
from core.types import CorpusRef
from core.vectors.contact_report import identical_contenders
from core.vectors.contenders import Contender
from core.vectors.text_vectors import missing_texts

SECONDS_PER_TEXT = 0.003  # to embed one, where its model's speed is not measured
EXAMPLES, CELL = 3, 240  # queries shown, and characters of each


@dataclass(frozen=True)
class ScoreboardQuery:
    """Contenders compared in one metric of one task."""

    corpus: CorpusRef
    contenders: tuple[Contender, ...]
    task: Task
    metric: str

    def scores_query(self, contender: Contender) -> ScoresQuery:
        return ScoresQuery(self.corpus, contender, self.task)


@dataclass(frozen=True)
class ScoringState:
    """scored, pending: indices of contenders that are scored, and that are to be scored; failures: of the others, by
    index. seconds: about how long the pending ones take."""

    scored: tuple[int, ...]
    pending: tuple[int, ...]
    failures: dict[int, ScoringFailure]
    seconds: float


@dataclass(frozen=True)
class Board:
    """comparison: of the ranked contenders. order: index of each of its lines' contenders in the query. label: of the
    metric. facts: counts of the task, as in the first contender's scores."""

    task: Task
    label: str
    comparison: Comparison
    order: tuple[int, ...]
    facts: dict[str, Any]


@dataclass(frozen=True)
class TaskPreview:
    """What a task consists of. facts: counts by name, as the scores will have them; examples: (query or first text,
    relevant or second text, score or "")."""

    facts: dict[str, object]
    examples: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class TextsToEmbed:
    """What a model still has to embed for a task. free: it costs nothing; usd: at most, None where unknown."""

    label: str
    texts: int
    free: bool
    usd: float | None


def scoring_state(query: ScoreboardQuery) -> ScoringState:
    """How far the contenders are scored in the task."""
    failures: dict[int, ScoringFailure] = {}
    scored, pending, seconds = [], [], 0.0
    for index, contender in enumerate(query.contenders):
        scores_query = query.scores_query(contender)
        if SCORES.exists(scores_query):
            scored.append(index)
        elif failure := load_failure(scores_query):
            failures[index] = failure
        else:
            pending.append(index)
            seconds += SCORES.seconds(scores_query) + embedding_seconds(scores_query)
    return ScoringState(tuple(scored), tuple(pending), failures, seconds)


def board(query: ScoreboardQuery) -> Board:
    """The contenders compared; all are scored. Raises InputError where one lacks the metric.

    Of contenders with identical vectors only the first is ranked: the others are no evidence of their own.
    """
    copies = {index for group in identical_contenders(query.corpus, query.contenders) for index in group[1:]}
    ranked = [contender for index, contender in enumerate(query.contenders) if index not in copies]
    scores = {contender.key: load_scores(query, contender) for contender in ranked}
    comparison = compare(scores, query.metric)
    indices = {contender.key: index for index, contender in enumerate(query.contenders)}
    order = tuple(indices[line.name] for line in comparison.lines)
    return Board(query.task, METRICS[query.metric].label, comparison, order, next(iter(scores.values())).facts)


def load_scores(query: ScoreboardQuery, contender: Contender) -> Scores:
    """A contender's scores. Raises StorageError where there are none."""
    return SCORES.get(query.scores_query(contender))


def costs(corpus: CorpusRef, contenders: tuple[Contender, ...]) -> tuple[Cost, ...]:
    """What is known of each contender's cost, without measuring anything."""
    return tuple(cost_of(corpus, contender) for contender in contenders)


def split_column(corpus: CorpusRef) -> str | None:
    """The column that marks training and test rows, None where there is none."""
    return find_split_column(load_corpus(corpus).table)


def embedding_seconds(query: ScoresQuery) -> float:
    """About how long the task's own texts take that have no vector of this contender yet; 0 where there are none."""
    model = query.contender.model
    if query.task.kind == "labels" or not capabilities(model).can_embed:
        return 0.0
    try:
        documents, queries = task_texts(query.corpus, query.task)
    except PlanisphereError:  # scoring says why
        return 0.0
    missing = missing_texts(query.corpus, model, documents) + missing_texts(query.corpus, model, queries, queries=True)
    per_1000 = known_speed(query.corpus, query.contender).seconds_per_1000
    return len(missing) * (SECONDS_PER_TEXT if per_1000 is None else per_1000 / 1000)


def preview_task(corpus: CorpusRef, task: Task) -> TaskPreview | InvalidInput:
    """What a task consists of; InvalidInput where it can't be done."""
    try:
        if task.kind == "pairs":
            pairs = read_pairs(corpus, task)
            first = zip(pairs.first[:EXAMPLES], pairs.second, pairs.human_scores, strict=False)
            return TaskPreview(pairs.facts, tuple((one[:CELL], two[:CELL], f"{score:g}") for one, two, score in first))
        retrieval = read_retrieval(corpus, task)
    except InputError as error:
        return InvalidInput(error.message, error.remedy)
    candidates = load_distinct_texts(corpus) if retrieval.candidates is None else retrieval.candidates
    facts, examples = retrieval.facts | {"queries": len(retrieval.queries), "candidates": len(candidates)}, []
    for number, text in enumerate(retrieval.queries[:EXAMPLES]):
        answer = int((retrieval.query_of == number).argmax())
        relevant = candidates[retrieval.answer_of[answer]]
        examples.append((text[:CELL], relevant[:CELL], f"{retrieval.grades[answer]:g}"))
    return TaskPreview(facts, tuple(examples))


def texts_to_embed(corpus: CorpusRef, contenders: tuple[Contender, ...], task: Task) -> tuple[TextsToEmbed, ...]:
    """What each model of the contenders still has to embed, only those that have to; sends nothing."""
    documents, queries = task_texts(corpus, task)
    embeddings = []
    for model in dict.fromkeys(contender.model for contender in contenders if capabilities(contender.model).can_embed):
        missing = missing_texts(corpus, model, documents) + missing_texts(corpus, model, queries, queries=True)
        if missing:
            usd = max_usd(missing, model) if (paid := capabilities(model).paid) else 0.0
            embeddings.append(TextsToEmbed(model.label, len(missing), not paid, usd))
    return tuple(embeddings)


def task_texts(corpus: CorpusRef, task: Task) -> tuple[list[str], list[str]]:
    """The documents and the queries that a task embeds, besides the corpus' own texts. Raises InputError."""
    if task.kind == "labels":
        return [], []
    if task.kind == "pairs":
        pairs = read_pairs(corpus, task)
        return [*pairs.first, *pairs.second], []
    retrieval = read_retrieval(corpus, task)
    return retrieval.candidates or [], retrieval.queries


def read_retrieval(corpus: CorpusRef, task: Task) -> Retrieval:
    """The queries of the tasks "queries" and "known_item". Raises InputError."""
    return (read_queries if task.kind == "queries" else read_known_item)(corpus, task)


def generated_queries(corpus: CorpusRef, task: Task) -> tuple[list[str], list[list[int]]]:
    """The queries of a task, and the positions of the distinct texts of the corpus that are relevant to each. Raises
    InputError."""
    retrieval = read_retrieval(corpus, task)
    relevant: list[list[int]] = [[] for _ in retrieval.queries]
    for query, answer in zip(retrieval.query_of.tolist(), retrieval.answer_of.tolist(), strict=True):
        relevant[query].append(answer)
    return retrieval.queries, relevant
