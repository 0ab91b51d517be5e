"""How far reading has come: which file, and which of its pages. Readers report it; whoever reads may listen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ReadingProgress:
    """name: of the file; file: its number among `files`, from 1. done of `total` pages; 0 where it has none, or they
    are not known yet."""

    name: str
    file: int = 1
    files: int = 1
    done: int = 0
    total: int = 0


Listener = Callable[[ReadingProgress], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_current: ContextVar[ReadingProgress | None] = ContextVar("current", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """The listener hears of everything that is read in the block, in this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def begin_file(name: str, number: int, files: int) -> None:
    """Report that a file is read next."""
    _report(ReadingProgress(name, number, files))


def report_pages(done: int, total: int) -> None:
    """Report the pages read of the current file."""
    if current := _current.get():
        _report(replace(current, done=done, total=total))


def _report(progress: ReadingProgress) -> None:
    _current.set(progress)
    if listener := _listener.get():
        listener(progress)
