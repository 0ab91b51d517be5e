"""What the HTTP endpoint serves: the assistant of a corpus, with its log, or an assistant from a file."""

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.ask.assistant import MIN_PRECISION, Faq, FaqReply
from core.ask.faq_columns import faq_columns
from core.ask.faq_files import Settings, load_settings
from core.ask.faq_service import Threshold, ask_assistant, calibrated_query, open_assistant
from core.ask.results import FAQ_ASSISTANT, AssistantQuery
from core.ask.storage import read_faq
from core.corpus.added_columns import current_ref
from core.corpus.lookup import find_corpus, find_model
from core.models.registry import load_embedder
from core.secret import Secret
from core.store import Workspace, user_folder


class Replier(Protocol):
    """Answers requests with JSON-able values; `name` is for messages."""

    @property
    def name(self) -> str: ...
    def reply(self, question: str) -> dict[str, Any]: ...
    def health(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class CorpusReplier:
    """The assistant of a corpus; replies are logged, and entries added on the page are used at once."""

    name: str
    query: AssistantQuery
    threshold: Threshold
    secret: Secret | None = None

    def reply(self, question: str) -> dict[str, Any]:
        query = calibrated_query(self.query)
        logged = ask_assistant(query, self.threshold, question, self.secret, source="http")
        return {"id": logged.id, **reply_values(logged.reply, logged.threshold)}

    def health(self) -> dict[str, Any]:
        return health_values(open_assistant(calibrated_query(self.query), self.threshold, self.secret))


@dataclass(frozen=True)
class FileReplier:
    """An assistant from a file; nothing is logged."""

    name: str
    assistant: Faq

    def reply(self, question: str) -> dict[str, Any]:
        return reply_values(self.assistant.reply(question), self.assistant.threshold)

    def health(self) -> dict[str, Any]:
        return health_values(self.assistant)


def reply_values(reply: FaqReply, threshold: float) -> dict[str, Any]:
    """A reply as JSON."""
    nearest = [
        {"question": near.question, "answer": near.answer, "cosine": round(near.cosine, 4)} for near in reply.nearest
    ]
    figures = {"confidence": reply.confidence, "score": reply.score, "margin": reply.margin, "threshold": threshold}
    return {
        "answer": reply.answer, "refused": reply.refused,
        **{name: _number(value) for name, value in figures.items()}, "nearest": nearest,
    }  # fmt: skip


def health_values(assistant: Faq) -> dict[str, Any]:
    """Figures of an assistant as JSON."""
    intervals = {name: [_number(end) for end in interval] for name, interval in assistant.intervals.items()}
    data = assistant.data
    return {
        "status": "ok", "model": data.model.label, "questions": len(data.questions), "answers": len(data.answers),
        "threshold": _number(assistant.threshold), **intervals, "calibration_questions": data.point.total,
    }  # fmt: skip


def _number(value: float) -> float | None:
    """None for what JSON has no number for."""
    return round(float(value), 4) if np.isfinite(value) else None


def corpus_replier(options: Namespace, secret: Secret | None) -> CorpusReplier:
    """The assistant that the command line names. Raises InputError where there is none, StorageError where it has not
    been calibrated."""
    workspace = Workspace(options.workspace or user_folder())
    info = find_corpus(workspace, options.corpus)
    corpus = current_ref(str(workspace.folder), info.digest)
    settings = load_settings(corpus)
    columns = settings or faq_columns(corpus)
    question, answer = options.question or columns.question, options.answer or columns.answer
    model = find_model(workspace, info, options.model or (settings.model if settings else ""))
    query = AssistantQuery(corpus, model, question, answer)
    FAQ_ASSISTANT.get(calibrated_query(query))
    return CorpusReplier(f"the FAQ of {info.name}", query, _threshold(options, settings), secret)


def file_replier(options: Namespace, secret: Secret | None) -> FileReplier:
    """The assistant of a file. Raises InputError, ModelError where its model can't be loaded."""
    data = read_faq(options.file)
    workspace = options.workspace or user_folder()
    assistant = Faq(data, load_embedder(data.model, api_key=secret, workspace=workspace))
    if options.threshold is not None:
        assistant = assistant.at_threshold(options.threshold)
    elif options.min_precision is not None:
        assistant = assistant.at_precision(options.min_precision)
    return FileReplier(Path(options.file).name, assistant)


def _threshold(options: Namespace, settings: Settings | None) -> Threshold:
    """Of the command line, else as last used on the page."""
    if options.threshold is not None or options.min_precision is not None:
        return Threshold(options.min_precision or MIN_PRECISION, options.threshold)
    return Threshold(settings.min_precision, settings.threshold) if settings else Threshold()
