"""One batch of texts to a server: in smaller requests where it is too large, without the texts that the server refuses.

A text may fail a whole request (an answer of HTTP 500 or 400, or none at all, whatever else is in it). Such a request
is bisected, so that only that text stays without a vector. Where the server fails for a harmless text too, the server
is at fault.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ServiceError
from core.models.base import ServerState
from core.models.openai_client.errors import ABOUT_TEXT, is_about_batch, is_too_large, may_be_text, unanswered_text
from core.models.openai_client.packing import BLANK, Piece, weighted_row
from core.models.openai_client.requests import Sender

if TYPE_CHECKING:
    import openai

PROBE_TEXT = "dimension probe"
ORDER_PROBE = "a second, longer text, since some servers answer in the order of length"
SAME = 0.99  # least cosine of the vectors of one text in two requests
MIN_HALF = 64  # characters; a server that refuses less than two of these refuses for another reason
MAX_SUSPECTS = 32  # texts that fail before any was taken; more, and the server is at fault
NO_ANSWER = 0  # in place of a status
SERVER_ERRORS = frozenset({NO_ANSWER, *range(500, 600)})


@dataclass
class Part:
    """What came of some pieces. rows: a (d,) unit vector for each piece. refused: pieces without a vector, and why."""

    pieces: list[Piece] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)
    refused: list[tuple[Piece, ServiceError]] = field(default_factory=list)

    def add(self, other: Part) -> Part:
        self.pieces += other.pieces
        self.rows += other.rows
        self.refused += other.refused
        return self


@dataclass
class Delivery:
    """Sends batches; safe to use from several threads.

    inputs: the most texts of a request, until the server says otherwise. requested, expected: dimensions of a request
    and of its answer. patient: bisect rather than fail at once. server: what was learned. taken: texts with a vector.
    """

    sender: Sender
    inputs: int
    count_tokens: Callable[[Sequence[str]], np.ndarray]
    patient: bool = True
    requested: int | None = None
    expected: int | None = None
    server: ServerState = field(default_factory=ServerState)
    taken: int = 0
    lock: Any = field(default_factory=threading.RLock)

    def send(self, batch: Sequence[Piece], stop: threading.Event) -> Part:
        """The vectors of a batch. Raises the SDK's APIError or a ServiceError where the server is at fault."""
        return _Batch(self, stop).run(list(batch))

    def learn(self, **changes: Any) -> None:
        with self.lock:
            self.server = replace(self.server, **changes)

    def probe(self, stop: threading.Event) -> None:
        """Raises the server's error where it fails for a harmless text, too, after the usual retries."""
        answer = self.sender.embeddings([PROBE_TEXT], self.requested, self.expected, stop)
        for error in answer.invalid.values():
            raise error

    def check_order(self, stop: threading.Event) -> None:
        """Once for a server that states no index: a text has the same vector alone, before and after another one."""
        note = f"{self.sender.server}: answers have no index; that they are in the order sent was checked once."
        with self.lock:
            if note in self.server.notes:
                return
            pair = [PROBE_TEXT, ORDER_PROBE]
            alone, first, second = (
                self.sender.embeddings(texts, self.requested, self.expected, stop).rows
                for texts in (pair[:1], pair, pair[::-1])
            )
            first, second = first @ alone[0], second @ alone[0]  # cosines
            if min(first[0], second[1]) < max(SAME, first[1] + 1e-4, second[0] + 1e-4):
                message = f"{self.sender.server} answered with vectors without an index, and not in the order sent."
                raise ServiceError(message, "Update the server: each vector needs the index of its text.")
            self.learn(notes=(*self.server.notes, note))


class _Batch:
    """One batch on its way. suspects: pieces that a request may have failed of, with its error."""

    def __init__(self, delivery: Delivery, stop: threading.Event) -> None:
        self.delivery, self.sender, self.stop = delivery, delivery.sender, stop
        self.suspects: list[tuple[Piece, openai.APIError]] = []
        self.inputs, self.is_up, self.answers_at_failure = delivery.server.inputs, False, -1

    def run(self, batch: list[Piece]) -> Part:
        part = self.deliver(batch)
        if self.answers_at_failure == self.sender.counts["answers"]:
            self.delivery.probe(self.stop)  # else another request was answered since
        for piece, _ in self.suspects:  # alone, for the server's own words, and since it may have passed
            outcome = self.attempt([piece])
            part.add(outcome if isinstance(outcome, Part) else self.refuse(piece, outcome))
        return part

    def deliver(self, pieces: list[Piece]) -> Part:
        """In requests as large as the server takes."""
        part = Part()
        while pieces:
            size = self.delivery.server.inputs or self.delivery.inputs  # other threads may lower it meanwhile
            part.add(self.request(pieces[:size]))
            pieces = pieces[size:]
        return part

    def request(self, pieces: list[Piece]) -> Part:
        at_once = ABOUT_TEXT | ({NO_ANSWER} if self.sender.reached else set())
        outcome = self.attempt(pieces, at_once if self.delivery.patient else ())
        if is_dropped(outcome):  # perhaps by a restart
            outcome = self.attempt(pieces, at_once)
        return outcome if isinstance(outcome, Part) else self.isolate(pieces, outcome)

    def attempt(
        self, pieces: list[Piece], not_retried: frozenset[int] | tuple[()] = SERVER_ERRORS
    ) -> Part | openai.APIError:
        """The vectors, or an error that may be the fault of one text."""
        import openai

        try:
            return self.post(pieces, not_retried)
        except openai.APIConnectionError as error:
            if not self.delivery.patient or not self.sender.reached:
                raise
            self.answers_at_failure = self.sender.counts["answers"]
            if is_dropped(error):
                self.delivery.probe(self.stop)  # waits for a server that starts again
            return error
        except openai.APIStatusError as error:
            if is_too_large(error):
                return self.halve(pieces, error)
            if not self.delivery.patient or not may_be_text(error):
                raise
            self.answers_at_failure = self.sender.counts["answers"]
            return error

    def post(self, pieces: list[Piece], not_retried: frozenset[int] | tuple[()]) -> Part:
        delivery, contents = self.delivery, [piece.content for piece in pieces]
        answer = self.sender.embeddings(contents, delivery.requested, delivery.expected, self.stop, not_retried)
        if not answer.ordered:
            delivery.check_order(self.stop)
        if len(answer.invalid) == len(pieces):
            delivery.probe(self.stop)
        valid = [i for i in range(len(pieces)) if i not in answer.invalid]
        with delivery.lock:
            delivery.taken += len(valid)
        self.is_up = True
        refused = [(pieces[i], error) for i, error in answer.invalid.items()]
        return Part([pieces[i] for i in valid], [answer.rows[i] for i in valid], refused)

    def isolate(self, pieces: list[Piece], error: openai.APIError) -> Part:
        """The vectors of a request that failed, without those pieces that fail alone."""
        if len(pieces) == 1:
            self.suspects.append((pieces[0], error))
            if len(self.suspects) >= MAX_SUSPECTS and not self.delivery.taken:
                raise error
            return Part()
        left, right = pieces[: len(pieces) // 2], pieces[len(pieces) // 2 :]
        one = self.attempt(left)
        if isinstance(one, Part):
            return one.add(self.isolate(right, error))  # without another request: it is in there
        two = self.attempt(right)
        if isinstance(two, Part):
            return two.add(self.isolate(left, one))
        if not self.is_up or is_unanswered(two):
            self.delivery.probe(self.stop)
            self.is_up = True
        return self.isolate(left, one).add(self.isolate(right, two))

    def halve(self, pieces: list[Piece], error: openai.APIStatusError) -> Part:
        """The vectors of a request that was too large; the size that works is remembered, unless a text is too long."""
        half = (len(pieces) + 1) // 2
        if len(pieces) == 1:
            if error.status_code == 413:
                self.delivery.learn(inputs=self.inputs)
            return self.split(pieces[0], error)
        if error.status_code == 413 or is_about_batch(error):
            self.delivery.learn(inputs=min(self.delivery.server.inputs or half, half))
        return self.deliver(pieces[:half]).add(self.deliver(pieces[half:]))

    def split(self, piece: Piece, error: openai.APIStatusError) -> Part:
        """The mean of both halves of a text that the server finds too long."""
        middle = len(piece.content) // 2
        if middle < MIN_HALF:
            if not self.delivery.taken:
                raise error
            return self.refuse(piece, error)
        at = max(0, piece.content.rfind(" ", middle - middle // 4, middle)) or middle
        halves = [half if half.strip() else BLANK for half in (piece.content[:at], piece.content[at:])]
        parts = Part()
        for half in halves:
            outcome = self.attempt([Piece(piece.text, half, 0)])
            if not isinstance(outcome, Part):
                return self.refuse(piece, outcome)
            parts.add(outcome)
        if parts.refused:
            return Part(refused=[(piece, parts.refused[0][1])])
        self.sender.count("split", 1 if piece.tokens else 0)  # a half has none
        weights = np.maximum(1, self.delivery.count_tokens(halves))
        return Part([piece], [weighted_row(weights @ np.stack(parts.rows))])

    def refuse(self, piece: Piece, error: openai.APIError) -> Part:
        if is_unanswered(error):
            seconds = self.sender.seconds_for(len(piece.content))
            return Part(refused=[(piece, unanswered_text(self.sender.server, seconds, is_dropped(error)))])
        return Part(refused=[(piece, self.sender.explain(error))])


def is_unanswered(outcome: object) -> bool:
    """Whether a request got no answer: within its time, or since the connection was closed."""
    import openai

    return isinstance(outcome, openai.APIConnectionError)


def is_dropped(outcome: object) -> bool:
    """Whether a connection was closed or refused, as by a server that ended."""
    import openai

    return is_unanswered(outcome) and not isinstance(outcome, openai.APITimeoutError)
