"""What reading one upload may take: the limits that all readers share, adjustable in the settings.

Readers check as early as they can, from declared sizes or while streaming. What no check foresees is stopped by the
memory and the seconds of the process that reads an upload (core.corpus.reader_process).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace

from core.errors import InputError

SETTING = "PLANISPHERE_READ_LIMITS"
_PAIR = re.compile(r"\s*(\w+)\s*=\s*([0-9_]{1,15})\s*")
_MB = 1024**2
# a small file needs little: reading takes some 20 times the bytes of a file, 100 times where it is packed well
_MIN_SECONDS, _SECONDS_PER_MB = 15, 20
_MIN_MEMORY_MB, _MEMORY_PER_MB = 640, 100


@dataclass(frozen=True)
class Budget:
    """Limits of one upload. rows, columns, cells: of its table. mb: of its files, unpacked. cell_mb: of a line of text,
    or a cell. files: in one archive. seconds, memory_mb: of the process that reads it, less for small files."""

    rows: int = 20_000_000
    columns: int = 5_000
    cells: int = 100_000_000
    mb: int = 1_024
    cell_mb: int = 32
    files: int = 5_000
    seconds: int = 300
    memory_mb: int = 8_192

    @property
    def bytes(self) -> int:
        return self.mb * _MB

    def seconds_for(self, size: int) -> float:
        """Seconds that reading `size` bytes of files, still packed, may take."""
        return min(self.seconds, _MIN_SECONDS + _SECONDS_PER_MB * size / _MB)

    def memory_for(self, size: int) -> int:
        """Bytes of memory that reading `size` bytes of files, still packed, may take."""
        return int(min(self.memory_mb, _MIN_MEMORY_MB + _MEMORY_PER_MB * size / _MB) * _MB)


_NAMES = tuple(field.name for field in fields(Budget))
_UNITS = {"mb": "MB when unpacked", "cell_mb": "MB in one line or cell", "memory_mb": "MB of memory"}
_DEFAULT = Budget()
_current: ContextVar[Budget] = ContextVar("budget")


def parse_budget(text: str) -> Budget:
    """The default limits with those of a setting such as "rows=1000000, seconds=60". Raises InputError."""
    budget = Budget()
    for part in filter(str.strip, text.split(",")):
        pair = _PAIR.fullmatch(part)
        if not pair or pair[1] not in _NAMES or not int(pair[2]):
            message = f"{SETTING} has {part.strip()[:40]!r}, which is no limit."
            raise InputError(message, f"Write it as columns=5000, for any of {', '.join(_NAMES)}, and restart.")
        budget = replace(budget, **{pair[1]: int(pair[2])})
    return budget


@contextmanager
def use_budget(budget: Budget) -> Iterator[None]:
    """The limits of everything that is read in the block, in this thread."""
    token = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(token)


def current_budget() -> Budget:
    return _current.get(_DEFAULT)


def over_budget(name: str, limit: str, amount: int) -> InputError:
    """The error for a file that holds more of something than `limit`, a field of Budget, allows."""
    allowed = getattr(current_budget(), limit)
    message = f'"{name}" has {amount:,} {_UNITS.get(limit, limit)}; the limit is {allowed:,}.'
    return InputError(message, f"Upload a part of it, or have the limit raised: {limit} in the setting {SETTING}.")


def check(name: str, **amounts: int) -> None:
    """Raise InputError where an amount, named as a field of Budget, is over its limit."""
    for limit, amount in amounts.items():
        if amount > getattr(current_budget(), limit):
            raise over_budget(name, limit, amount)


def check_table(name: str, rows: int, columns: int) -> None:
    """Raise InputError where a table of this size is over the limits of rows, columns or cells."""
    check(name, rows=rows, columns=columns, cells=rows * columns)


def check_bytes(name: str, size: int) -> None:
    """Raise InputError where files of `size` bytes, unpacked, are over the limit."""
    if size > current_budget().bytes:
        raise over_budget(name, "mb", -(-size // _MB))


def out_of_memory(name: str) -> InputError:
    message = f'"{name}" takes more memory to read than it may; reading was stopped.'
    return InputError(message, f"Upload a part of it, or have the limit raised: memory_mb in the setting {SETTING}.")


def out_of_time(name: str, seconds: float) -> InputError:
    message = f'"{name}" took longer than {seconds:,.0f} seconds to read; reading was stopped.'
    return InputError(message, f"Upload a part of it, or have the limit raised: seconds in the setting {SETTING}.")
