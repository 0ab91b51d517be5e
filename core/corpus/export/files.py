"""Writing a file whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from core.errors import InputError, StorageError


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A binary handle; the file gets its name only once all is written. Raises StorageError, e.g. when full."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as handle:
            yield handle
        os.replace(part, path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(
            f'The file "{path.name}" could not be written: {reason}.',
            "Free some space, or check that the folder may be written to.",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def check_counts(table: pd.DataFrame, texts: list[str] | None, rows: np.ndarray | None) -> None:
    """Raise InputError unless table, texts and vectors have equally many rows."""
    counts = {"table": len(table)}
    counts |= {} if texts is None else {"texts": len(texts)}
    counts |= {} if rows is None else {"vectors": len(rows)}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        raise InputError(f"The rows of an export must agree: {listed}.", "Embed the corpus again.")
