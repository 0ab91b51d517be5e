"""What the forms of the scoreboard's tasks ask: what is in an upload, what a task is made of, and what it embeds."""

from dataclasses import dataclass

import pandas as pd

from core.corpus.loaders import load_distinct_texts
from core.corpus.service import InvalidInput
from core.corpus.staging import ImportSource, StagedFile, read_staged, staged_bytes
from core.errors import InputError
from core.models.costs import max_usd
from core.models.registry import capabilities
from core.scoreboard.known_item import read_known_item
from core.scoreboard.pairs import read_pairs
from core.scoreboard.qrels import is_qrels, named_qrels, read_qrels
from core.scoreboard.retrieval import Retrieval
from core.scoreboard.retrieval_task import read_queries
from core.scoreboard.task_tables import KIND, TaskTable, find_table, keep_table
from core.scoreboard.types import Task
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.contenders import Contender
from core.vectors.text_vectors import missing_texts

EXAMPLES, CELL = 3, 240  # queries shown, and characters of each
MOST_FILES = 2


@dataclass(frozen=True)
class Outlook:
    """What a task is made of. facts: counts by name, as the scores will have them; examples: (query or first text,
    what it must find or second text, score or "")."""

    facts: dict[str, object]
    examples: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ToEmbed:
    """What a model still has to embed for a task. free: it costs nothing; usd: at most, None where not known."""

    label: str
    texts: int
    free: bool
    usd: float | None


def bring_tables(
    corpus: CorpusRef, files: tuple[StagedFile, ...], judged: bool
) -> tuple[TaskTable, ...] | InvalidInput:
    """Keep uploaded files as tables of tasks: one, or where `judged` also BEIR's two, the queries first.

    A Refusal for files that can't be read, or are too many or of the wrong kinds. Raises StorageError.
    """
    try:
        if judged and len(files) == MOST_FILES:
            return _two(corpus, files)
        if len(files) != 1:
            two = ", or two: queries and judgments. The texts they ask for are brought in on the Data page."
            raise InputError(f"{len(files)} files were given.", "Upload one file" + (two if judged else "."))
        return (_one(corpus, files[0], judged),)
    except InputError as error:
        return InvalidInput(error.message, error.remedy)


def kept_tables(corpus: CorpusRef) -> tuple[TaskTable, ...]:
    """The tables brought in for a corpus' tasks so far, the latest first."""
    records = list(Workspace(corpus.folder).results(KIND, corpus.digest))[::-1]
    found = (find_table(corpus, record["inputs"]["file"], record["inputs"]["qrels"]) for record in records)
    return tuple(table for table in found if table is not None)


def outlook(corpus: CorpusRef, task: Task) -> Outlook | InvalidInput:
    """What a task is made of; a Refusal where it can't be done."""
    try:
        if task.kind == "pairs":
            pairs = read_pairs(corpus, task)
            head = zip(pairs.first, pairs.second, (f"{each:g}" for each in pairs.given), strict=True)
            return Outlook(pairs.facts, tuple(_cut(row) for row, _ in zip(head, range(EXAMPLES), strict=False)))
        made = retrieval(corpus, task)
        facts = made.facts | {"queries": len(made.queries), "candidates": _candidates(corpus, made)}
        return Outlook(facts, tuple(_cut(_example(corpus, made, query)) for query in _first(made)))
    except InputError as error:
        return InvalidInput(error.message, error.remedy)


def to_embed(corpus: CorpusRef, contenders: tuple[Contender, ...], task: Task) -> tuple[ToEmbed, ...]:
    """What each model of the contenders still has to embed, those alone that have to; sends nothing."""
    documents, queries = task_texts(corpus, task)
    found = []
    for spec in dict.fromkeys(contender.model for contender in contenders if capabilities(contender.model).can_embed):
        left = missing_texts(corpus, spec, documents)
        left += missing_texts(corpus, spec, queries, queries=True)
        if left:
            paid = capabilities(spec).paid
            usd = max_usd(left, spec) if paid else 0.0
            found.append(ToEmbed(spec.label, len(left), not paid, usd))
    return tuple(found)


def task_texts(corpus: CorpusRef, task: Task) -> tuple[list[str], list[str]]:
    """The documents and the queries that a task embeds, beside the corpus' own texts. Raises InputError."""
    if task.kind == "labels":
        return [], []
    if task.kind == "pairs":
        pairs = read_pairs(corpus, task)
        return [*pairs.first, *pairs.second], []
    made = retrieval(corpus, task)
    return made.candidates or [], made.queries


def retrieval(corpus: CorpusRef, task: Task) -> Retrieval:
    """The queries and answers of a task that has them. Raises InputError."""
    return (read_queries if task.kind == "queries" else read_known_item)(corpus, task)


def _one(corpus: CorpusRef, file: StagedFile, judged: bool) -> TaskTable:
    if judged and _judgments(corpus.folder, file) is not None:
        raise InputError(
            f'"{file.name}" holds judgments alone.', "Upload the queries with it: queries.jsonl and qrels.tsv together."
        )
    return keep_table(corpus, file.key, file.name, lambda: read_staged(corpus.folder, ImportSource((file,))).table)


def _two(corpus: CorpusRef, files: tuple[StagedFile, ...]) -> tuple[TaskTable, ...]:
    """BEIR's layout: whichever file looks like judgments is them."""
    tables = {file: table for file in files if (table := _judgments(corpus.folder, file)) is not None}
    queries = [file for file in files if file not in tables]
    if len(tables) != 1 or len(queries) != 1:
        raise InputError(
            f"Of the two files, {len(tables)} look like judgments; one must be.",
            "Upload the queries (queries.jsonl, or a table) and the judgments: lines of query id, row id and grade, or "
            "a table with the columns query-id, corpus-id and score.",
        )
    given = next(iter(tables))
    kept = keep_table(corpus, given.key, given.name, lambda: tables[given], qrels=True)
    return _one(corpus, queries[0], True), kept


def _judgments(folder: str, file: StagedFile) -> pd.DataFrame | None:
    """The judgments a file holds, None where it holds something else."""
    data = staged_bytes(folder, file)
    return (
        read_qrels(file.name, data) if is_qrels(data) else named_qrels(read_staged(folder, ImportSource((file,))).table)
    )


def _candidates(corpus: CorpusRef, made: Retrieval) -> int:
    return len(made.candidates if made.candidates is not None else load_distinct_texts(corpus))


def _first(made: Retrieval) -> range:
    return range(min(EXAMPLES, len(made.queries)))


def _example(corpus: CorpusRef, made: Retrieval, query: int) -> tuple[str, str, str]:
    texts = made.candidates if made.candidates is not None else load_distinct_texts(corpus)
    place = int((made.query_of == query).argmax())
    return made.queries[query], texts[made.answer_of[place]], f"{made.grades[place]:g}"


def _cut(row: tuple[str, str, str]) -> tuple[str, str, str]:
    return row[0][:CELL], row[1][:CELL], row[2]
