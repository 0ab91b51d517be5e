"""Questions of which a person knows whether the texts answer them: typed, or from a CSV file."""

import csv
import io

from core.errors import InputError
from core.text import clean_line

MAX_KNOWN = 2_000
MAX_BYTES = 5_000_000  # of a file
MAX_LENGTH = 2_000  # characters of a question
YES, NO = ("1", "true", "yes", "y"), ("0", "false", "no", "n")
REMEDY = 'Use a UTF-8 file with the columns "question" and "answerable", the latter with yes or no.'
KnownQuestions = tuple[tuple[str, bool], ...]


def parse_known(answerable: str, unanswerable: str) -> KnownQuestions:
    """Questions of two texts, one a line; blank lines and repeated questions count once. Raises InputError for too
    many."""
    pairs = [(line, True) for line in answerable.splitlines()]
    return _checked(pairs + [(line, False) for line in unanswerable.splitlines()])


def read_known(data: bytes) -> KnownQuestions:
    """Questions of a CSV file with the columns question and answerable. Raises InputError for another shape."""
    if len(data) > MAX_BYTES:
        raise InputError("The file of known questions is too large.", f"Use at most {MAX_KNOWN:,} questions.")
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError("The file of known questions can't be read.", REMEDY) from error
    known = []
    for line, row in enumerate(rows, 2):
        cells = {str(name).strip().casefold(): str(cell or "").strip() for name, cell in row.items()}
        value = cells.get("answerable", "").casefold()
        if "question" not in cells or value not in (*YES, *NO):
            raise InputError(f"Line {line:,} of the known questions has no question, or neither yes nor no.", REMEDY)
        known.append((cells["question"], value in YES))
    return _checked(known)


def _checked(known: list[tuple[str, bool]]) -> KnownQuestions:
    distinct = dict.fromkeys((clean_line(question)[:MAX_LENGTH], answerable) for question, answerable in known)
    result = tuple((question, answerable) for question, answerable in distinct if question)
    if len(result) > MAX_KNOWN:
        raise InputError(f"There are {len(result):,} known questions.", f"Use at most {MAX_KNOWN:,}.")
    return result
