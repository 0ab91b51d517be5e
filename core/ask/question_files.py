"""Questions with known passages from an uploaded table: a question and a row's ID, or the text of its evidence."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from core.ask.question_sets import Collected, QuestionSet
from core.corpus.label_columns import label_strings
from core.corpus.loaders import load_corpus
from core.corpus.qrels import EXAMPLES, FROM_ONE, row_ids
from core.corpus.reader_process import read_staged
from core.corpus.reading.skipped import complete
from core.corpus.staging import ImportSource, StagedFile
from core.errors import InputError
from core.types import CorpusRef

PassageKind = Literal["id", "text"]
MAX_ROWS = 50_000
_QUESTION = re.compile(r"quest|query|^q$|^text$|prompt|问题|查询", re.IGNORECASE)
_EVIDENCE = re.compile(r"evid|passage|context|answer|span|quote|证据|段落", re.IGNORECASE)
_ID = re.compile(r"(^|[-_ ])(id|row|doc|document|corpus)s?($|[-_ ])|_id$", re.IGNORECASE)


@dataclass(frozen=True)
class QuestionColumns:
    """Columns of an uploaded table, and those proposed: question, passage and what it holds. ids: of the corpus."""

    columns: tuple[str, ...]
    question: str
    passage: str
    kind: PassageKind
    ids: tuple[str, ...]
    rows: int


def question_columns(corpus: CorpusRef, file: StagedFile) -> QuestionColumns:
    """What an uploaded file offers. Raises InputError where it can't be read, or has fewer than two columns."""
    table = _table(corpus, file)
    names = tuple(map(str, table.columns))
    question = next((name for name in names if _QUESTION.search(name)), names[0])
    others = [name for name in names if name != question]
    if not others:
        raise InputError(f'"{file.name}" has one column.', "It needs a question and the ID or text of a passage.")
    evidence = next((name for name in others if _EVIDENCE.search(name)), "")
    passage = evidence or next((name for name in others if _ID.search(name)), others[0])
    is_text = label_strings(table[passage]).dropna().str.contains(" ").mean() > 0.5
    return QuestionColumns(names, question, passage, "text" if is_text else "id", id_columns(corpus), len(table))


def id_columns(corpus: CorpusRef) -> tuple[str, ...]:
    """What may name the rows of a corpus, its ID column first: columns, and the row number."""
    loaded = load_corpus(corpus)
    role = [loaded.roles.id] if loaded.roles.id else []
    return tuple(dict.fromkeys([*role, FROM_ONE, *map(str, loaded.table.columns)]))


def read_question_file(
    corpus: CorpusRef, file: StagedFile, question: str, passage: str, kind: PassageKind, id_column: str = FROM_ONE
) -> QuestionSet:
    """The questions of a table; a question may have several rows, and one without a passage is unanswerable.

    kind: the passage is a row's ID (id_column: of the corpus), or the text of a passage or of the evidence in it. Rows
    whose passage is not in the corpus are left out and reported. Raises InputError.
    """
    table = _table(corpus, file)
    missing = next((name for name in (question, passage) if name not in table.columns), "")
    if missing:
        raise InputError(f'"{file.name}" has no column "{missing}".', "Select another column.")
    cells = pd.DataFrame({"question": label_strings(table[question]), "passage": label_strings(table[passage])})
    find = _rows_by_id(corpus, id_column) if kind == "id" else _rows_by_text(corpus)
    collected, unanswerable, problems = Collected(), dict[str, None](), list[str]()
    for position, (text, named) in enumerate(cells.itertuples(index=False, name=None), 1):
        line = "" if pd.isna(text) else " ".join(str(text).split())
        if not line:
            continue
        if pd.isna(named) or not str(named).strip():
            unanswerable[line] = None
            continue
        rows = find(str(named))
        if rows:
            collected.add(line, rows, evidence=str(named) if kind == "text" else "")
        else:
            name = " ".join(str(named).split())[:60]
            problems.append(f'"{file.name}", row {position:,}: "{name}" is not in the corpus.')
    return QuestionSet(file.name, "file", collected.questions(), tuple(unanswerable), _notes(problems))


def _table(corpus: CorpusRef, file: StagedFile) -> pd.DataFrame:
    table = complete(read_staged(corpus.folder, ImportSource((file,)))).table
    if not 0 < len(table) <= MAX_ROWS:
        raise InputError(f'"{file.name}" has {len(table):,} rows.', f"Upload 1 to {MAX_ROWS:,}.")
    return table


def _rows_by_id(corpus: CorpusRef, column: str) -> Callable[[str], Sequence[int]]:
    """Gives the rows of an ID; an ID of several rows means all of them."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(row_ids(load_corpus(corpus).table, column)):
        if not pd.isna(name):
            rows.setdefault(str(name), []).append(row)
    return lambda name: rows.get(name.strip(), ())


def _rows_by_text(corpus: CorpusRef) -> Callable[[str], Sequence[int]]:
    """Gives the rows that hold a text, ignoring case and white space."""
    texts = [normalized(text) for text in load_corpus(corpus).texts]

    def find(text: str) -> Sequence[int]:
        part = normalized(text)
        return [row for row, whole in enumerate(texts) if part in whole] if part else ()

    return find


def normalized(text: str) -> str:
    """A text for comparison: lower case, white space collapsed."""
    return " ".join(text.split()).casefold()


def _notes(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - EXAMPLES
    return (*problems[:EXAMPLES], *([f"{more:,} more rows were left out."] if more > 0 else []))
