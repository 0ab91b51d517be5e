"""Many requests to a chat server, several at a time, where single unusable answers are left out."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TypeVar

from core.errors import RateLimitError, ServiceError
from core.models.chat import InvalidAnswer
from core.models.openai_client.errors import CHAT_PROGRESS_SAVED
from core.models.openai_client.requests import in_parallel

IN_FLIGHT, TRIES, MAX_UNUSABLE = 4, 2, 3
SECONDS_PER_REQUEST = 1.5
Item = TypeVar("Item")
Value = TypeVar("Value")
Request = Callable[[Item, threading.Event], Value]


def send_all(items: Sequence[Item], request: Request[Item, Value], saved: str) -> Iterator[tuple[Item, Value | None]]:
    """(item, what `request` gives for it) as answers come, None where the model's answers are unusable.

    The first is requested alone, so that a bad key or address is tried once. request: raises InvalidAnswer for an
    answer to try again. saved: what an error says of the answers so far. Raises ServiceError where the server fails, or
    the answers to MAX_UNUSABLE requests in a row are unusable.
    """
    unusable = 0

    def fetch(item: Item, stop: threading.Event) -> tuple[Value | None, str]:
        return _fetch(item, request, stop)

    for part, threads in ((items[:1], 1), (items[1:], IN_FLIGHT)):
        with closing(in_parallel(part, fetch, threads)) as results:
            try:
                for item, (value, problem) in results:
                    unusable = unusable + 1 if problem else 0
                    if unusable == MAX_UNUSABLE:
                        message = f"The model's answers are unusable: {problem}, {MAX_UNUSABLE} requests in a row."
                        remedy = "Select another model, and check that the address is that of a chat server."
                        raise ServiceError(message, remedy)
                    yield item, value
            except RateLimitError:
                raise  # a job waits, and asks for the rest
            except ServiceError as error:
                raise ServiceError(error.message, error.remedy.replace(CHAT_PROGRESS_SAVED, saved)) from None


def expected_seconds(requests: int) -> float:
    """About how long so many requests take; more than is computed at once, since sending is always a job."""
    return 4 + requests * SECONDS_PER_REQUEST / IN_FLIGHT


def _fetch(item: Item, request: Request[Item, Value], stop: threading.Event) -> tuple[Value | None, str]:
    """What the request gives, or None and the problem with the answer."""
    problem = ""
    for _ in range(TRIES):
        try:
            return request(item, stop), ""
        except InvalidAnswer as error:
            problem = str(error)
    return None, problem
