"""What the FAQ assistant's page and HTTP endpoint ask: calibrations, replies, and their figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from core.ask.answers import answer as answer_from_documents
from core.ask.assistant import MIN_PRECISION, Faq, FaqData, FaqReply, check_precision
from core.ask.faq_embedder import workspace_embedder
from core.ask.faq_entries import EntryEvent, entries_version, read_entries
from core.ask.faq_log import Source, log_reply
from core.ask.results import (
    FAQ_ASSISTANT,
    FAQ_OUT_OF_SCOPE,
    AssistantQuery,
    ForeignQuery,
    embedding_seconds,
    faq_questions,
    foreign_texts,
    texts_to_embed,
)
from core.ask.storage import faq_bytes
from core.corpus.loaders import load_corpus
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.secret import Secret
from core.stats.interval import Interval
from core.stats.proportions import wilson_share
from core.text import clean_line, truncate
from core.types import CorpusRef
from core.vectors.loaders import load_vectors
from core.vectors.text_vectors import missing_texts

PASSAGES = 3  # of documents, after a refusal
EXAMPLE_LENGTH = 120  # characters of a known question


@dataclass(frozen=True)
class Threshold:
    """value: on the confidence; None for the one with the highest coverage at min_precision."""

    min_precision: float = MIN_PRECISION
    value: float | None = None


@dataclass(frozen=True)
class FaqPlan:
    """What a computation takes. questions: with an answer, of `rows` rows; missing: texts to embed, of so many
    characters. usd: at most, None where unknown. paid: whether they are sent to a paid server."""

    rows: int
    questions: int
    answers: int
    missing: int
    characters: int
    usd: float | None
    seconds: float
    paid: bool


@dataclass(frozen=True, eq=False)
class FaqSummary:
    """An assistant in figures. curve: threshold, coverage, precision, low, high. threshold: infinite where nothing is
    replied. total: calibration questions. calibrated_entries: added ones among the calibrated; added, removed: entries
    since then. options: all answers, the most frequent first. example: a known question."""

    threshold: float
    coverage: Interval[float]
    precision: Interval[float]
    is_assured: bool
    accepted: int
    total: int
    seed: int
    method: str
    curve: pd.DataFrame
    questions: int
    answers: int
    calibrated_entries: int
    added: int
    removed: int
    options: tuple[str, ...]
    example: str


@dataclass(frozen=True)
class Passage:
    """A sentence of a document. numbers: of the passages that hold it."""

    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Documents:
    """What another corpus says after a refusal. sentences: quoted, empty where it does not answer either. rows: of the
    passages, by their number from 1."""

    corpus: str
    sentences: tuple[Passage, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class LoggedReply:
    """A reply with its id in the log, the threshold it was compared with, and documents where they were asked."""

    id: str
    reply: FaqReply
    threshold: float
    documents: Documents | None = None


def plan_assistant(query: AssistantQuery) -> FaqPlan:
    """What a calibration takes. Raises InputError where it is impossible."""
    known, missing = faq_questions(query), texts_to_embed(query)
    size = known.total, len(known.questions), len(set(known.answers))
    return _plan(query, missing, size, FAQ_ASSISTANT.seconds(query))


def plan_foreign(query: ForeignQuery) -> FaqPlan:
    """What scoring the texts of another corpus takes."""
    texts, total = foreign_texts(query)
    missing = missing_texts(query.other, query.model, texts, queries=True)
    return _plan(query, missing, (total, len(texts), 0), embedding_seconds(query.other, query.model, len(missing)))


def _plan(
    query: AssistantQuery | ForeignQuery, missing: list[str], size: tuple[int, int, int], seconds: float
) -> FaqPlan:
    paid = capabilities(query.model).paid
    usd = max_usd(missing, query.model) if missing and paid else 0.0
    return FaqPlan(*size, len(missing), sum(map(len, missing)), usd, seconds, paid)


def calibrated_query(query: AssistantQuery) -> AssistantQuery:
    """The stored calibration with the most recent entries; the query without entries where there is none."""
    base, version = replace(query, entries=0, limit_usd=None), entries_version(query.columns)
    base_inputs = FAQ_ASSISTANT.stored_inputs(base)
    stored = [record["inputs"] for record in FAQ_ASSISTANT.records(query.corpus)]
    versions = [int(inputs["entries"]) for inputs in stored if {**inputs, "entries": 0} == base_inputs]
    usable = [entries for entries in versions if entries <= version]
    return replace(base, entries=max(usable, default=0))


def open_assistant(query: AssistantQuery, threshold: Threshold, secret: Secret | None = None) -> Faq:
    """The assistant of a stored calibration with all entries that are added now. Raises StorageError where it is
    missing, ModelError where entries can't be embedded."""
    check_precision(threshold.min_precision)
    data = _with_current_entries(replace(query, limit_usd=None), entries_version(query.columns), secret)
    assistant = Faq(data, workspace_embedder(query.corpus, query.model, secret))
    if threshold.value is not None:
        return assistant.at_threshold(threshold.value)
    return assistant.at_precision(threshold.min_precision)


@lru_cache(maxsize=4)
def _with_current_entries(query: AssistantQuery, version: int, secret: Secret | None) -> FaqData:
    data, added = FAQ_ASSISTANT.get(query), read_entries(query.columns, version).added
    if not added and not query.entries:
        return data
    embedder = workspace_embedder(query.corpus, query.model, secret)
    return with_entries(data, added, embedder.embed([entry.question for entry in added]))


def with_entries(data: FaqData, added: Sequence[EntryEvent], vectors: np.ndarray) -> FaqData:
    """The assistant with these added entries in place of those it has. vectors: (m, d) unit rows of their questions."""
    from_corpus = np.flatnonzero(np.asarray(data.rows) >= 0)
    answers = [data.answers[data.codes[i]] for i in from_corpus] + [entry.answer for entry in added]
    codes, names = pd.factorize(np.array(answers, object))
    return replace(
        data, rows=np.concatenate([data.rows[from_corpus], np.full(len(added), -1, np.int64)]),
        vectors=np.concatenate([data.vectors[from_corpus], vectors]), codes=codes.astype(np.int64),
        answers=tuple(names),
        questions=(*(data.questions[i] for i in from_corpus), *(entry.question for entry in added)),
    )  # fmt: skip


def summarize(query: AssistantQuery, threshold: Threshold, secret: Secret | None = None) -> FaqSummary:
    """The figures of an assistant. Raises as `open_assistant`."""
    assistant = open_assistant(query, threshold, secret)
    data, now = assistant.data, read_entries(query.columns).added
    calibrated = {(entry.batch, entry.question) for entry in read_entries(query.columns, query.entries).added}
    current = {(entry.batch, entry.question) for entry in now}
    order = np.argsort(-np.bincount(data.codes, minlength=len(data.answers)), kind="stable")
    return FaqSummary(
        assistant.threshold, data.point.coverage, data.point.precision, assistant.is_assured, data.point.accepted,
        data.point.total, data.seed, data.method, assistant.curve, len(data.questions), len(data.answers),
        len(calibrated), len(current - calibrated), len(calibrated - current), tuple(data.answers[i] for i in order),
        truncate(clean_line(data.questions[0]), EXAMPLE_LENGTH),
    )  # fmt: skip


def ask_assistant(
    query: AssistantQuery, threshold: Threshold, question: str, secret: Secret | None = None,
    documents: CorpusRef | None = None, source: Source = "page",
) -> LoggedReply:  # fmt: skip
    """Reply to a question and log it. documents: a corpus embedded with the same model that is quoted after a refusal.
    Raises InputError for an empty question, and as `open_assistant`."""
    assistant = open_assistant(query, threshold, secret)
    reply = assistant.reply(question)
    quoted = _quote(query, documents, question, secret) if documents is not None and reply.refused else None
    has_quotes = quoted is not None and bool(quoted.sentences)
    id_ = log_reply(query.columns, reply, assistant.threshold, query.model.label, source, has_quotes)
    return LoggedReply(id_, reply, assistant.threshold, quoted)


def _quote(query: AssistantQuery, documents: CorpusRef, question: str, secret: Secret | None) -> Documents:
    corpus, vectors = load_corpus(documents), load_vectors(documents, query.model)
    embedder = workspace_embedder(documents, query.model, secret)
    reply = answer_from_documents(question, corpus, vectors, embedder, PASSAGES)
    sentences = (
        () if reply.refused else tuple(Passage(sentence.text, sentence.citations) for sentence in reply.sentences)
    )
    return Documents(corpus.name, sentences, tuple(passage.row for passage in reply.passages))


def foreign_refused(query: ForeignQuery, threshold: Threshold) -> tuple[Interval[float], int, int]:
    """Share of the other corpus' texts that are refused, with Wilson's interval; how many were asked, and distinct
    ones there are. Raises StorageError where they were not scored."""
    scores, assistant = FAQ_OUT_OF_SCOPE.get(query), open_assistant(query.assistant, threshold)
    accepted, _ = assistant.data.rule.accepts(scores.scores, scores.margins, assistant.threshold)
    return wilson_share(int((~accepted).sum()), len(accepted)), len(accepted), scores.total


def assistant_file(query: AssistantQuery, threshold: Threshold, secret: Secret | None = None) -> bytes:
    """The content of a file for `load_faq` and the HTTP endpoint, added entries among it."""
    return faq_bytes(open_assistant(query, threshold, secret).data)
