"""Questions that an FAQ assistant did not answer, grouped by similarity and named, with answers that may fit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.ask.assistant import Faq
from core.ask.evidence import RankedAnswers
from core.ask.faq_entries import normal_question, read_entries
from core.ask.faq_files import FaqColumns
from core.ask.faq_log import LoggedQuestion, read_log
from core.ask.faq_service import Threshold, open_assistant
from core.ask.results import AssistantQuery
from core.clusters.service import cluster_names
from core.corpus.terms import document_terms
from core.secret import Secret

MIN_CLUSTERED = 8  # of fewer questions each is listed by itself
MAX_CLUSTERED = 2_000  # the most recent ones
PAIRS = 2_000  # of known questions with the same answer
PROPOSED = 5  # answers


@dataclass(frozen=True)
class OpenQuestion:
    """A question without a right answer. times: asked; last: unix seconds."""

    text: str
    times: int
    last: float


@dataclass(frozen=True)
class OpenGroup:
    """Similar questions, the most frequent first. answers: known ones that may fit, the likeliest first.
    suggested_times: how often the first of them was chosen as a suggestion."""

    name: str
    questions: tuple[OpenQuestion, ...]
    answers: tuple[str, ...]
    suggested_times: int

    @property
    def times(self) -> int:
        return sum(question.times for question in self.questions)


@dataclass(frozen=True)
class OpenQuestions:
    """groups: the most often asked first. total: different questions; omitted: older ones that are not grouped.
    cosine: mean cosine from which two groups are one, NaN where questions are listed one by one."""

    groups: tuple[OpenGroup, ...]
    total: int
    omitted: int
    cosine: float


def unanswered(query: AssistantQuery, threshold: Threshold, secret: Secret | None = None) -> OpenQuestions:
    """The logged questions that got a wrong answer, or were refused and still would be, without those added or
    dismissed. Raises as `open_assistant`."""
    assistant = open_assistant(query, threshold, secret)
    logged_by_text = _open_questions(query.columns)
    texts = list(logged_by_text)
    if not texts:
        return OpenQuestions((), 0, 0, float("nan"))
    ranked = assistant.rank([logged_by_text[text][-1].reply.question for text in texts])
    accepted = assistant.data.rule.accepts(ranked.scores[:, 0], ranked.margins, assistant.threshold)[0]
    is_open = [
        not accepted[i] or any(one.feedback is False for one in logged_by_text[text]) for i, text in enumerate(texts)
    ]
    rows = np.flatnonzero(is_open)
    recent = rows[np.argsort([-logged_by_text[texts[i]][-1].reply.time for i in rows], kind="stable")][:MAX_CLUSTERED]
    labels, cosine = _labels(assistant, [logged_by_text[texts[i]][-1].reply.question for i in recent])
    groups = [
        _group(assistant, ranked, logged_by_text, texts, recent[labels == label])
        for label in range(labels.max(initial=-1) + 1)
    ]
    named = _named(groups)
    return OpenQuestions(
        tuple(sorted(named, key=lambda group: -group.times)), len(rows), len(rows) - len(recent), cosine
    )


def _open_questions(columns: FaqColumns) -> dict[str, list[LoggedQuestion]]:
    """Open questions of the log, by their text without case and white space, with each time they were asked."""
    handled = read_entries(columns).handled
    logged_by_text: dict[str, list[LoggedQuestion]] = {}
    for question in read_log(columns):
        key = normal_question(question.reply.question)
        if question.is_open and key not in handled:
            logged_by_text.setdefault(key, []).append(question)
    return logged_by_text


def _labels(assistant: Faq, questions: Sequence[str]) -> tuple[np.ndarray, float]:
    """(m,) int64 groups by average linkage, and the cosine at which they end; each its own where there are few."""
    if len(questions) < MIN_CLUSTERED:
        return np.arange(len(questions)), float("nan")
    from sklearn.cluster import AgglomerativeClustering

    cosine = same_answer_cosine(assistant)
    vectors = assistant.embedder.embed_query(questions)
    clustering = AgglomerativeClustering(None, metric="cosine", linkage="average", distance_threshold=1 - cosine)
    return np.asarray(clustering.fit_predict(vectors), np.int64), cosine


def same_answer_cosine(assistant: Faq) -> float:
    """The median cosine of random pairs of known questions with the same answer; where no answer has two, the lowest
    score at which the assistant replies."""
    data, rng = assistant.data, np.random.default_rng(assistant.data.seed)
    order = np.argsort(data.codes, kind="stable")
    sizes = np.bincount(data.codes, minlength=len(data.answers))
    starts = np.cumsum(sizes) - sizes
    several = np.flatnonzero(sizes[data.codes] > 1)
    if not len(several):
        return float(np.clip(data.rule.floor, 0.0, 1.0))
    first = rng.choice(several, PAIRS)
    code = data.codes[first]
    position = np.argsort(order)[first] - starts[code]
    shifted = (position + rng.integers(1, sizes[code])) % sizes[code]
    second = order[starts[code] + shifted]
    return float(np.median(np.einsum("ij,ij->i", data.vectors[first], data.vectors[second])))


def _group(
    assistant: Faq,
    ranked: RankedAnswers,
    logged_by_text: dict[str, list[LoggedQuestion]],
    texts: list[str],
    rows: np.ndarray,
) -> OpenGroup:
    """A group without its name."""
    logged = [logged_by_text[texts[i]] for i in rows]
    questions = [OpenQuestion(same[-1].reply.question, len(same), same[-1].reply.time) for same in logged]
    suggested = Counter(one.suggested_answer for same in logged for one in same if one.suggested_answer)
    near: Counter[str] = Counter()
    for row in rows:
        for index, score in zip(ranked.indices[row], ranked.scores[row], strict=True):
            if index >= 0:
                near[assistant.data.answers[assistant.data.codes[index]]] += float(score)  # type: ignore[assignment]
    answers = tuple(
        dict.fromkeys([*(name for name, _ in suggested.most_common()), *(name for name, _ in near.most_common())])
    )
    ordered = tuple(sorted(questions, key=lambda question: (-question.times, -question.last)))
    return OpenGroup("", ordered, answers[:PROPOSED], suggested[answers[0]] if answers else 0)


def _named(groups: Sequence[OpenGroup]) -> list[OpenGroup]:
    """With names by class-based TF-IDF; a question by itself is its own name."""
    sizes = np.array([len(group.questions) for group in groups], np.int64)
    texts = [question.text for group in groups for question in group.questions]
    labels = np.repeat(np.where(sizes > 1, np.cumsum(sizes > 1) - 1, -1), sizes)
    is_clustered = labels.max(initial=-1) >= 0
    names = iter(cluster_names(labels, *document_terms(texts, min_rows=1), texts) if is_clustered else [])
    return [
        OpenGroup(
            next(names) if size > 1 else group.questions[0].text, group.questions, group.answers, group.suggested_times
        )
        for group, size in zip(groups, sizes, strict=True)
    ]
