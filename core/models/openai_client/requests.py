"""Sends requests to a server: retries with a back-off shared by all threads, and stops at the first hard error."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from core.errors import RateLimitError, ServiceError
from core.models.openai_client.connections import MAX_BYTES, check_allowed, limit_request, limited
from core.models.openai_client.errors import EMBEDDING, Wording, error_text, explain, may_retry, retry_after
from core.models.openai_client.models import OPENAI_URL, azure_deployment, checked_key, server_name
from core.models.openai_client.responses import Answer, read_answer
from core.secret import Secret
from core.types import ModelSpec

if TYPE_CHECKING:
    import httpx2
    import openai

MAX_WAIT = 900.0  # seconds; a server that requests a longer wait is given up
BYTES, BYTES_A_TEXT = 1_000_000, 500_000  # of an answer: the longest vectors have 16,384 numbers of some 25 characters
SLOWNESS, MIN_SECONDS = 5.0, 10.0  # a request may take so many times the longest answered one, and so many seconds
FIRST_CONTACT_RETRIES = 1  # for a server that never answered yet: a wrong address should show soon
_patience: ContextVar[float] = ContextVar("patience", default=MAX_WAIT)
_answers = Counter[str]()  # of all servers to this process
Batch = TypeVar("Batch")
Result = TypeVar("Result")


class Stopped(Exception):
    """Not sent, because another request failed for good."""


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """In this block a server that limits requests for longer is not waited for: RateLimitError is raised."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


def current_patience() -> float:
    return _patience.get()


def answered_requests() -> int:
    """Requests that servers have answered to this process."""
    return _answers["all"]


class Gate:
    """Holds every thread back while the server asks for patience."""

    def __init__(self) -> None:
        self._until, self._lock = 0.0, threading.Lock()

    def hold(self, seconds: float) -> None:
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)

    def wait(self, stop: threading.Event) -> None:
        """Return when requests may be sent again; raises Stopped when they should not be any more."""
        if (left := self._until - time.monotonic()) > 0:
            pause(stop, left)
        if stop.is_set():
            raise Stopped


def pause(stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)


class Sender:
    """Posts to one server. Safe to use from several threads: a request that fails in a way that may pass is sent again
    after a wait that all threads share, `max_retries` times at most.

    patience: seconds that a server may ask to wait; a longer wait is raised as RateLimitError.
    """

    def __init__(
        self, spec: ModelSpec, key: str | Secret | None, http_client: Any, timeout: float, max_retries: int
    ) -> None:
        self.spec, self.key = spec, checked_key(key, spec)
        self.http_client, self.timeout, self.max_retries = http_client, timeout, max_retries
        check_allowed(spec.base_url)
        self.server, self.patience = server_name(spec), current_patience()
        self.gate = Gate()
        self.counts, self.lock = Counter[str](), threading.Lock()
        self.longest, self.largest = 0.0, 0  # seconds and characters of the longest and the largest answered request

    def count(self, name: str, number: int = 1) -> None:
        with self.lock:
            self.counts[name] += number
            _answers["all"] += number if name == "answers" else 0

    @property
    def reached(self) -> bool:
        """Whether the server has answered yet."""
        return self.counts["answers"] > 0

    def seconds_for(self, characters: int) -> float:
        """How long a request for vectors may take: as long as the longest answered one suggests, once a request was
        not answered in time and for texts no longer than those answered; else the whole timeout."""
        if not self.counts["unanswered"] or characters > self.largest:
            return self.timeout
        return min(self.timeout, max(MIN_SECONDS, SLOWNESS * self.longest))

    @cached_property
    def client(self) -> openai.OpenAI:
        """The SDK's client; its own retries are off, since ours share one back-off."""
        import httpx2
        import openai

        address, _, query = self.spec.base_url.partition("?")
        return openai.OpenAI(
            api_key=self.key.reveal() or "none",
            base_url=address or OPENAI_URL,
            default_query=dict([query.split("=", 1)]) if query else None,
            max_retries=0,
            timeout=httpx2.Timeout(self.timeout, connect=min(10.0, self.timeout)),
            http_client=limited(self.http_client, self.spec.base_url),
        )

    def embeddings(
        self,
        inputs: list[str],
        dimensions: int | None,
        expected: int | None,
        stop: threading.Event,
        not_retried: Collection[int] = (),
    ) -> Answer:
        """One vector for each input. dimensions: requested of the server; expected: checked in the answer.

        Raises the SDK's APIError when trying again can't help or did not, ServiceError for a useless answer.
        """
        # compatible servers know floats only, or say base64 and send floats (LiteLLM issue 42426)
        body: dict[str, Any] = {"input": inputs, "encoding_format": "float" if self.spec.base_url else "base64"}
        body |= {} if dimensions is None else {"dimensions": dimensions}
        limit = min(MAX_BYTES, BYTES + BYTES_A_TEXT * len(inputs))
        content = self.with_retries(lambda: self._timed("/embeddings", body, limit, inputs), stop, not_retried)
        return read_answer(content, len(inputs), expected, self.server, self.key)

    def with_retries(
        self, send: Callable[[], Result], stop: threading.Event, not_retried: Collection[int] = ()
    ) -> Result:
        """What `send` gives. Raises the SDK's APIError as `embeddings` does, Stopped where `stop` is set.

        not_retried: statuses that are raised at once, 0 for no answer. A wait does not count while other requests are
        answered.
        """
        import openai

        attempt, answers = 0, self.counts["answers"]
        while True:
            self.gate.wait(stop)
            try:
                result = send()
            except openai.APIError as error:
                if self._status(error) in not_retried or (delay := self._delay(error, attempt)) is None:
                    raise
                self.count("retries")
                self.gate.hold(delay)
                attempt = attempt + 1 if answers == self.counts["answers"] else 0
                answers = self.counts["answers"]
            else:
                self.count("answers")
                return result

    def _timed(self, path: str, body: dict[str, Any], max_bytes: int, inputs: Sequence[str]) -> bytes:
        """`post`, given the time that texts of this size take, which is measured."""
        import openai

        characters, started = sum(map(len, inputs)), time.monotonic()
        try:
            content = self.post(path, body, max_bytes, self.seconds_for(characters))
        except openai.APITimeoutError:
            self.count("unanswered")
            raise
        with self.lock:
            self.longest = max(self.longest, time.monotonic() - started)
            self.largest = max(self.largest, characters)
        return content

    def post(self, path: str, body: dict[str, Any], max_bytes: int, seconds: float | None = None) -> bytes:
        """The body of the answer to one request for the model, whose time and size are limited as a whole.

        seconds: None for the timeout. Raises the SDK's APIError; ServiceError for an answer above max_bytes.
        """
        limit_request(seconds or self.timeout, max_bytes)
        return bytes(self._send(path, body).content)

    def open_stream(self, path: str, body: dict[str, Any], max_bytes: int, seconds: float) -> httpx2.Response:
        """The answer to one request as it arrives, to be read in this thread and closed. Raises as `post` does."""
        limit_request(seconds, max_bytes, is_stream=True)
        return self._send(path, body, stream=True)

    def _send(self, path: str, body: dict[str, Any], stream: bool = False) -> httpx2.Response:
        import httpx2
        import openai

        # the SDK adds the organization from the environment, which is nobody else's business
        private: dict[str, Any] = {"OpenAI-Organization": openai.omit, "OpenAI-Project": openai.omit}
        is_azure = bool(azure_deployment(self.spec.base_url))
        azure = {"api-key": self.key.reveal(), "Authorization": openai.omit} if is_azure else {}
        packing = "identity" if stream else "gzip"  # pieces of a packed stream may wait for each other
        headers = {"Accept-Encoding": packing} | (private if self.spec.base_url else {}) | azure
        self.count("requests")
        response: Any = self.client.post(
            path,
            cast_to=httpx2.Response,
            body={"model": self.spec.name, **body},
            options={"follow_redirects": False, "security": {"bearer_auth": not is_azure}, "headers": headers},
            stream=stream,
            stream_cls=openai.Stream[Any] if stream else None,
        )
        return cast("httpx2.Response", response)

    def _limited(self, error: openai.APIStatusError, seconds: float | None) -> RateLimitError:
        explained = self.explain(error)
        return RateLimitError(explained.message, explained.remedy, seconds)

    @staticmethod
    def _status(error: openai.APIError) -> int:
        """The status of an answer, 0 where there was none."""
        return int(getattr(error, "status_code", 0))

    def explain(self, error: openai.APIError, wording: Wording = EMBEDDING) -> ServiceError:
        if not self.counts["stored"]:  # nothing has been paid yet that could be paid again
            wording = replace(wording, saved="Then try again.")
        return explain(error, self.server, self.spec.name, self.key, self.timeout, wording)

    def _delay(self, error: openai.APIError, attempt: int) -> float | None:
        """Seconds to wait before the next attempt; None to give up."""
        import openai

        jittered = min(20.0, 2.0**attempt) * random.uniform(0.5, 1.0)
        if isinstance(error, openai.APIStatusError):
            if not may_retry(error):
                return None
            requested = retry_after(error.response.headers, error_text(error)) or None
            delay, is_limit = requested or jittered, requested is not None or error.status_code == 429
            if is_limit and (attempt >= self.max_retries or delay > self.patience):
                raise self._limited(error, requested) from None
            return delay if attempt < self.max_retries else None
        if attempt >= self.max_retries:
            return None
        if isinstance(error, openai.APIConnectionError) and (self.reached or attempt < FIRST_CONTACT_RETRIES):
            return jittered
        return None


def in_parallel(
    batches: Sequence[Batch], fetch: Callable[[Batch, threading.Event], Result], threads: int
) -> Generator[tuple[Batch, Result], None, None]:
    """(batch, result) as requests finish. After a failure nothing more is sent; those in flight still come."""
    stop = threading.Event()
    failure: BaseException | None = None

    def guarded(batch: Batch) -> Result:
        try:
            return fetch(batch, stop)
        except BaseException:
            stop.set()  # here, since the next batch may start before the failure is seen below
            raise

    left = iter(batches)
    with ThreadPoolExecutor(max(1, threads), thread_name_prefix="embeddings") as pool:
        # the next is sent when one has been taken care of: a kill loses no more than what is under way
        waiting = {pool.submit(guarded, batch): batch for batch in islice(left, threads)}
        try:
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    batch, error = waiting.pop(future), future.exception()
                    if error is None:
                        yield batch, future.result()
                    failure = failure or (None if isinstance(error, Stopped) else error)
                    following = None if stop.is_set() else next(left, None)
                    if following:
                        waiting[pool.submit(guarded, following)] = following
        finally:
            stop.set()
    if failure is not None:
        raise failure
