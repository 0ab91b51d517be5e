"""Files of an upload that can't be read, while others can: they are listed instead of stopping it."""

import hashlib
from collections.abc import Sequence

from core.corpus.reading.values import RawTable, SkippedFile
from core.errors import InputError

_MAX_NAMED = 5


def skipped_file(name: str, error: InputError, data: bytes = b"") -> SkippedFile:
    """data: the bytes of the file, where it could be unpacked."""
    return SkippedFile(name, error.message, error.remedy, hashlib.sha256(data).hexdigest() if data else "")


def none_readable(skipped: Sequence[SkippedFile]) -> InputError:
    """The error for an upload of which every file was skipped."""
    if len(skipped) == 1:
        return InputError(skipped[0].message, skipped[0].remedy)
    messages = " ".join(file.message for file in skipped[:_MAX_NAMED])
    more = f" And {len(skipped) - _MAX_NAMED:,} more." if len(skipped) > _MAX_NAMED else ""
    remedies = dict.fromkeys(file.remedy for file in skipped[:_MAX_NAMED])
    return InputError(f"None of {len(skipped):,} files can be read. {messages}{more}", " ".join(remedies))


def complete(raw: RawTable) -> RawTable:
    """The table, where all files were read. Raises InputError for the first that was skipped."""
    if raw.skipped:
        raise InputError(raw.skipped[0].message, raw.skipped[0].remedy)
    return raw
