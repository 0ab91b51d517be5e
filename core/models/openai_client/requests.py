"""Sends requests to a server: retries with a back-off shared by all threads, and stops at the first hard error."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from core.errors import ServiceError
from core.models.openai_client.errors import EMBEDDING, Wording, explain, may_retry, retry_after
from core.models.openai_client.models import OPENAI_URL, checked_key, server_name
from core.models.openai_client.responses import read_answer
from core.secret import Secret
from core.types import ModelSpec

if TYPE_CHECKING:
    import openai

MAX_WAIT = 120.0  # seconds; a server that requests a longer wait is given up
FIRST_CONTACT_RETRIES = 1  # for a server that never answered yet: a wrong address should show soon
Batch = TypeVar("Batch")
Result = TypeVar("Result")


class Stopped(Exception):
    """Not sent, because another request failed for good."""


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
    after a wait that all threads share, `max_retries` times at most."""

    def __init__(
        self, spec: ModelSpec, key: str | Secret | None, http_client: Any, timeout: float, max_retries: int
    ) -> None:
        self.spec, self.key = spec, checked_key(key, spec)
        self.http_client, self.timeout, self.max_retries = http_client, timeout, max_retries
        self.server = server_name(spec)
        self.gate, self.reached = Gate(), False
        self.counts, self.lock = Counter[str](), threading.Lock()

    def count(self, name: str, number: int = 1) -> None:
        with self.lock:
            self.counts[name] += number

    @cached_property
    def client(self) -> openai.OpenAI:
        """The SDK's client; its own retries are off, since ours share one back-off."""
        import httpx2
        import openai

        return openai.OpenAI(
            api_key=self.key.reveal() or "none",
            base_url=self.spec.base_url or OPENAI_URL,
            max_retries=0,
            timeout=httpx2.Timeout(self.timeout, connect=min(10.0, self.timeout)),
            http_client=self.http_client,
        )

    def embeddings(
        self, inputs: list[str], dimensions: int | None, expected: int | None, stop: threading.Event
    ) -> np.ndarray:
        """(len(inputs), d) float32 unit rows. dimensions: requested of the server; expected: checked in the answer.

        Raises the SDK's APIError when trying again can't help or did not, ServiceError for a useless answer.
        """
        # compatible servers know floats only, or say base64 and send floats (LiteLLM issue 42426)
        body: dict[str, Any] = {"input": inputs, "encoding_format": "float" if self.spec.base_url else "base64"}
        body |= {} if dimensions is None else {"dimensions": dimensions}
        response = self.with_retries(lambda: self.post("/embeddings", body), stop)
        return read_answer(response.content, len(inputs), expected, self.server, self.key)

    def with_retries(self, send: Callable[[], Result], stop: threading.Event) -> Result:
        """What `send` gives. Raises the SDK's APIError as `embeddings` does, Stopped where `stop` is set."""
        import openai

        for attempt in range(self.max_retries + 1):
            self.gate.wait(stop)
            try:
                result = send()
            except openai.APIError as error:
                if (delay := self._delay(error, attempt)) is None:
                    raise
                self.count("retries")
                self.gate.hold(delay)
            else:
                self.reached = True
                return result
        raise AssertionError("the last attempt returns or raises")

    def post(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
        """One request for the model; the response as it comes. Raises the SDK's APIError."""
        import httpx2
        import openai

        # the SDK adds the organization from the environment, which is nobody else's business
        private = {"OpenAI-Organization": openai.omit, "OpenAI-Project": openai.omit} if self.spec.base_url else {}
        all_headers: dict[str, Any] = {**private, **(headers or {})}
        self.count("requests")
        return self.client.post(
            path,
            cast_to=httpx2.Response,
            body={"model": self.spec.name, **body},
            options={"follow_redirects": False, "security": {"bearer_auth": True}, "headers": all_headers},
        )

    def explain(self, error: openai.APIError, wording: Wording = EMBEDDING) -> ServiceError:
        if not self.counts["stored"]:  # nothing has been paid yet that could be paid again
            wording = replace(wording, saved="Then try again.")
        return explain(error, self.server, self.spec.name, self.key, self.timeout, wording)

    def _delay(self, error: openai.APIError, attempt: int) -> float | None:
        """Seconds to wait before the next attempt; None to give up."""
        import openai

        if attempt >= self.max_retries:
            return None
        jittered = min(20.0, 2.0**attempt) * random.uniform(0.5, 1.0)
        if isinstance(error, openai.APIStatusError):
            requested = retry_after(error.response.headers)
            patient = requested is None or requested <= MAX_WAIT
            return (jittered if requested is None else requested) if may_retry(error) and patient else None
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
