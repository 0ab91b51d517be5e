"""Answers with citations: the best sentences of the passages, or a chat model's words about them."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

import numpy as np

from core.ask.citations import AnswerSentence, Quotation, check_answer, normalize
from core.ask.prompts import NOT_FOUND, Prompt, Turn, read_rewritten, rewrite_messages, within_budget
from core.ask.refusal import Known, RefusalThreshold, calibrate_refusal
from core.ask.retrieval import Mode, Passage, Retrieval, open_retriever
from core.ask.streaming import ChatFunction, Tick, chat_pieces, no_tick
from core.errors import InputError, ServiceError
from core.models.base import Embedder
from core.models.chat import ChatModel, Messages
from core.secret import Secret
from core.types import Corpus, Vectors

REFUSED = "Not in these texts."
BUDGET = 3_000  # tokens of the passages that are sent
SENTENCES = 3  # quoted without a chat model
RELEVANCE = 0.7  # weight of relevance against novelty when sentences are selected


class AskOptions(TypedDict, total=False):
    """mode: how passages are retrieved. chat: a model on a server, with its key in `secret`, or a function of the
    messages that returns the text or its pieces; without one, sentences are quoted. known: (question, whether the
    corpus answers it) pairs that calibrate refusal. threshold: a cosine or an earlier calibration, instead of a new
    one. history: earlier questions and answers, the oldest first. prompt: what the chat model is sent. budget: tokens
    of the passages that are sent. sentences: quoted at most."""

    mode: Mode
    chat: ChatModel | ChatFunction | None
    secret: Secret | None
    known: Known | None
    threshold: RefusalThreshold | float | None
    history: Sequence[Turn]
    prompt: Prompt
    budget: int
    sentences: int


@dataclass(frozen=True, eq=False)
class Reply:
    """An answer to a question.

    text: the answer with citations such as [1]; it is untrusted, like the texts. rewritten: the question that was
    searched, where a chat model completed it from the history, else "". passages: all that were retrieved. sent: how
    many of them the chat model got; dropped: those beyond the budget. refused: nothing in the corpus answers the
    question, says `refused_by`: the threshold or the model; `nearest` then are the three nearest passages. score: the
    highest cosine of a text to the question; threshold: what it is compared with; calibration: where that comes from,
    None for one that was given. invalid_citations: of passages that do not exist, left out of the text;
    unverified_quotations: not verbatim in the passage cited, and marked. is_stopped: the answer is incomplete.
    """

    question: str
    rewritten: str
    text: str
    sentences: tuple[AnswerSentence, ...]
    passages: tuple[Passage, ...]
    sent: int
    dropped: int
    refused: bool
    refused_by: str
    score: float
    threshold: float
    calibration: RefusalThreshold | None
    invalid_citations: int = 0
    is_stopped: bool = False

    @property
    def nearest(self) -> tuple[Passage, ...]:
        return self.passages[:3]

    @property
    def unverified_quotations(self) -> int:
        return sum(not quotation.is_verbatim for sentence in self.sentences for quotation in sentence.quotations)


class AnswerStream:
    """An answer as it arrives: iterate over its pieces; `reply` is complete afterwards.

    retrieval: the passages, known from the beginning. Iterating raises ServiceError where the server fails; `reply`
    then holds the text so far.
    """

    def __init__(
        self, question: str, retrieval: Retrieval, rewritten: str, threshold: float,
        calibration: RefusalThreshold | None, options: AskOptions,
    ) -> None:  # fmt: skip
        """Raises InputError where not even the first passage fits into the budget."""
        self.retrieval, self._question, self._rewritten, self._options = retrieval, question, rewritten, options
        self._threshold, self._calibration = threshold, calibration
        self._stop, self._text, self._is_complete = threading.Event(), "", False
        self._is_refused = retrieval.nearest < threshold or not retrieval.passages
        has_chat = options.get("chat") is not None and not self._is_refused
        self._sent = within_budget(retrieval.passages, options.get("budget", BUDGET)) if has_chat else ()

    def stop(self) -> None:
        """End the answer at once; from any thread."""
        self._stop.set()

    @property
    def sent(self) -> int:
        """How many passages the chat model is sent."""
        return len(self._sent)

    @property
    def messages(self) -> Messages:
        """What the chat model is sent; empty where nothing is. Raises InputError for a prompt without its fields."""
        if not self._sent:
            return []
        return self._options.get("prompt", Prompt()).messages(self.retrieval.question, self._sent)

    def restore(self, text: str, is_complete: bool) -> None:
        """Continue from an answer that was received earlier, instead of iterating."""
        self._text, self._is_complete = text, is_complete

    def __iter__(self) -> Iterator[str]:
        return self.pieces()

    def pieces(self, tick: Tick = no_tick) -> Iterator[str]:
        """The pieces of the answer. tick: called some times a second meanwhile; what it raises ends the answer."""
        if not self._sent:
            self._is_complete = True
            yield self.reply.text
            return
        chat, secret = self._options.get("chat"), self._options.get("secret")
        for piece in chat_pieces(chat, secret, self.messages, self._stop, tick):
            self._text += piece
            yield piece
            if self._stop.is_set():
                return
        if not self._stop.is_set() and not self._text.strip():
            raise ServiceError("The model's answer is empty.", "Try again, or choose another model.")
        self._is_complete = not self._stop.is_set()

    @property
    def reply(self) -> Reply:
        """The answer so far, with its citations and quotations checked."""
        if self._is_refused:
            return self._reply(REFUSED, (), "threshold")
        if not self._sent:
            sentences = best_sentences(self.retrieval, self._options.get("sentences", SENTENCES), self._threshold)
            return self._reply(" ".join(sentence.marked for sentence in sentences), sentences)
        if NOT_FOUND in self._text[: 2 * len(NOT_FOUND)].upper():
            return self._reply(REFUSED, (), "model")
        checked = check_answer(self._text, self._sent)
        return self._reply(checked.text, checked.sentences, invalid=checked.invalid_citations)

    def _reply(self, text: str, sentences: tuple[AnswerSentence, ...], refused_by: str = "", invalid: int = 0) -> Reply:
        passages, sent = self.retrieval.passages, len(self._sent)
        return Reply(
            self._question, self._rewritten, text, sentences, passages, sent, len(passages) - sent if sent else 0,
            bool(refused_by), refused_by, self.retrieval.nearest, self._threshold, self._calibration, invalid,
            bool(self._sent) and not self._is_complete,
        )  # fmt: skip


def answer(
    question: str, corpus: Corpus, vectors: Vectors, embedder: Embedder, k: int = 5, **options: Unpack[AskOptions]
) -> Reply:
    """Answer a question from the k best passages of a corpus, or refuse. See `AskOptions`.

    The threshold of refusal comes from known questions or from the corpus itself, see `calibrate_refusal`. Raises
    InputError for what can't be answered or calibrated, ServiceError where the server fails.
    """
    answering = stream(question, corpus, vectors, embedder, k, **options)
    for _ in answering:
        pass
    return answering.reply


def stream(
    question: str, corpus: Corpus, vectors: Vectors, embedder: Embedder, k: int = 5, **options: Unpack[AskOptions]
) -> AnswerStream:
    """The same as `answer`, in pieces as they arrive."""
    secret = options.get("secret")
    if secret is not None and not isinstance(secret, Secret):
        raise InputError("The API key is not protected.", "Pass it as core.secret.Secret(key).")
    calibration, threshold = _threshold(corpus, vectors, embedder, options)
    history, chat = options.get("history", ()), options.get("chat")
    rewritten = rewrite(question, history, chat, secret) if history and chat is not None else ""
    retrieval = open_retriever(corpus, vectors, embedder).retrieve(
        rewritten or question, k, options.get("mode", "semantic")
    )
    return AnswerStream(question, retrieval, rewritten, threshold, calibration, options)


def best_sentences(retrieval: Retrieval, count: int, threshold: float) -> tuple[AnswerSentence, ...]:
    """Sentences to quote, by maximal marginal relevance (Carbonell and Goldstein, 1998): relevance is the cosine to the
    question, novelty the distance to sentences already selected. Sentences below the threshold are not quoted, except
    for the best one; those that differ only in case, white space and quotes count once, with all their passages."""
    allowed = retrieval.cosines >= min(threshold, retrieval.cosines.max())
    holders: dict[str, list[int]] = {}
    for index in np.flatnonzero(allowed).tolist():
        holders.setdefault(normalize(retrieval.sentence(index)), []).append(index)
    selected = _select([same[0] for same in holders.values()], retrieval, count)
    return tuple(_quoted(retrieval, holders[normalize(retrieval.sentence(index))]) for index in selected)


def _select(candidates: list[int], retrieval: Retrieval, count: int) -> list[int]:
    selected: list[int] = []
    while candidates and len(selected) < count:
        known = retrieval.vectors[candidates] @ retrieval.vectors[selected].T  # no columns for the first
        scores = RELEVANCE * retrieval.cosines[candidates] - (1 - RELEVANCE) * known.max(axis=1, initial=0)
        selected.append(candidates.pop(int(np.argmax(scores))))
    return selected


def _quoted(retrieval: Retrieval, same: list[int]) -> AnswerSentence:
    """The sentence of these indices in quotes, with the passages that hold it."""
    numbers = sorted({int(retrieval.passage_of[i]) + 1 for i in same})
    text = retrieval.sentence(same[0])
    return AnswerSentence(f"“{text}”", tuple(numbers), (Quotation(text, (0, len(text) + 2), True),))


def _threshold(
    corpus: Corpus, vectors: Vectors, embedder: Embedder, options: AskOptions
) -> tuple[RefusalThreshold | None, float]:
    requested = options.get("threshold")
    if isinstance(requested, int | float):
        return None, float(requested)
    calibration = requested or calibrate_refusal(corpus, vectors, embedder, options.get("known"))
    return calibration, calibration.cutoff


def rewrite(
    question: str, history: Sequence[Turn], chat: ChatModel | ChatFunction, secret: Secret | None = None,
    tick: Tick = no_tick,
) -> str:  # fmt: skip
    """The question, completed from the history by the chat model. tick: as in `AnswerStream.pieces`."""
    pieces = chat_pieces(chat, secret, rewrite_messages(question, history), threading.Event(), tick)
    return read_rewritten("".join(pieces), question)
