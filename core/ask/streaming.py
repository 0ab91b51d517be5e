"""The pieces of a chat model's answer, read in a thread of their own, so that a silent server can be left at once."""

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing

from core.errors import ServiceError
from core.models.chat import Chat, ChatModel, InvalidAnswer, Messages, without_thoughts
from core.models.openai_client.requests import Stopped
from core.secret import Secret

MAX_ANSWER = 20_000  # characters of an answer that are read
POLL_SECONDS = 0.1  # between looks at whether to stop
Results = queue.Queue[str | BaseException | None]
ChatFunction = Callable[[Messages], str | Iterable[str]]
Tick = Callable[[], None]


def no_tick() -> None:
    """Does nothing meanwhile."""


def chat_pieces(
    chat: ChatModel | ChatFunction | None, secret: Secret | None, messages: Messages, stop: threading.Event,
    tick: Tick = no_tick,
) -> Iterator[str]:  # fmt: skip
    """The model's words without its thoughts, until they end or `stop` is set. tick: called some times a second while
    the server is waited for; what it raises ends the answer. Raises ServiceError where the server fails, or the answer
    is useless or longer than MAX_ANSWER characters."""
    size = 0
    try:
        for piece in without_thoughts(_in_thread(lambda ended: _raw_pieces(chat, secret, messages, ended), stop, tick)):
            size += len(piece)
            if size > MAX_ANSWER:
                raise InvalidAnswer("an answer that is too long")
            yield piece
        return
    except InvalidAnswer as error:
        message = f"The model's answer could not be used: {error}."
        bare = ServiceError(message, "Try again, or choose another model.")
    except ServiceError as error:
        bare = error
    bare.__cause__ = bare.__context__ = None  # they hold the request, and with it the key
    raise bare.with_traceback(None)


def _raw_pieces(
    chat: ChatModel | ChatFunction | None, secret: Secret | None, messages: Messages, stop: threading.Event
) -> Generator[str, None, None]:
    if isinstance(chat, ChatModel):
        yield from Chat(chat, secret).stream(messages, stop)
    elif chat is not None:
        pieces = chat(messages)
        yield from [pieces] if isinstance(pieces, str) else pieces


def _in_thread(
    produce: Callable[[threading.Event], Generator[str, None, None]], stop: threading.Event, tick: Tick
) -> Iterator[str]:
    """The pieces that `produce` gives in another thread, whose event is set when they are no longer read."""
    results: Results = queue.Queue()
    ended = threading.Event()
    context = contextvars.copy_context()  # how long a rate limit is waited for
    arguments = (_fill, results, produce(ended), ended)
    threading.Thread(target=context.run, args=arguments, name="chat", daemon=True).start()
    try:
        while (item := _next(results, stop, tick)) is not None:
            yield item
    finally:
        ended.set()


def _fill(results: Results, pieces: Generator[str, None, None], ended: threading.Event) -> None:
    try:
        with closing(pieces):
            for piece in pieces:
                results.put(piece)
                if ended.is_set():
                    break
        results.put(None)
    except Stopped:
        results.put(None)
    except BaseException as error:  # raised where the pieces are read
        results.put(error)


def _next(results: Results, stop: threading.Event, tick: Tick) -> str | None:
    """The next piece, None at the end or where `stop` is set."""
    while not stop.is_set():
        tick()
        try:
            item = results.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if isinstance(item, BaseException):
            raise item
        return item
    return None
