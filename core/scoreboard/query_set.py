"""Uploaded queries and judgments on them, before they meet a corpus."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.label_columns import label_strings, parse_numbers
from core.errors import InputError
from core.scoreboard.qrels import COLUMNS
from core.scoreboard.task_tables import column_of, open_table
from core.scoreboard.types import Task
from core.types import CorpusRef


@dataclass(frozen=True, eq=False)
class Asked:
    """Queries as uploaded, and judgments on them. texts, ids: of each query; query: (p,) places among them.

    unknown: judgments on queries that are not in the file.
    """

    texts: list[str]
    ids: list[str]
    query: np.ndarray
    row_id: pd.Series
    grade: np.ndarray
    unknown: int = 0


def read_asked(corpus: CorpusRef, task: Task) -> Asked:
    """The queries of a task and their judgments, as they were uploaded. Raises InputError, StorageError."""
    table = open_table(corpus, str(task.get("queries")))
    texts = column_of(table, str(task.get("text")), "the file of queries")
    usable = texts.notna() & (texts.astype("str").str.strip() != "")
    table, texts = table[usable].reset_index(drop=True), texts[usable].astype("str").reset_index(drop=True)
    if not len(texts):
        raise InputError(f'The column "{task.get("text")}" holds no text.', "Choose the column with the queries.")
    return _judged_apart(corpus, task, table, texts) if task.get("qrels") else _judged_here(task, table, texts)


def _judged_apart(corpus: CorpusRef, task: Task, table: pd.DataFrame, texts: pd.Series) -> Asked:
    """BEIR: queries with ids, judgments in a file of their own."""
    ids = label_strings(column_of(table, str(task.get("query_id")), "the file of queries"))
    judgments = open_table(corpus, str(task.get("qrels")), True)
    place = pd.Series(np.arange(len(ids)), index=ids)
    place = place[place.index.notna() & ~place.index.duplicated()]
    query = label_strings(judgments[COLUMNS[0]]).map(place)
    found = query.notna().to_numpy()
    if not found.any():
        raise InputError(
            f'No judgment is on a query of the file: they are on "{judgments[COLUMNS[0]].iloc[0]}" and the like, the '
            f'queries are called "{ids.iloc[0]}" and the like.',
            "Choose the column with the queries' ids, and bring queries and judgments that belong together.",
        )
    places, grades = query[found].to_numpy(np.int64), judgments[COLUMNS[2]].to_numpy(np.float64)[found]
    names = ids.fillna("").astype("str").tolist()
    return Asked(texts.tolist(), names, places, judgments[COLUMNS[1]][found], grades, int((~found).sum()))


def _judged_here(task: Task, table: pd.DataFrame, texts: pd.Series) -> Asked:
    """One file: a query and a row's id on each line; a query may stand on several."""
    relevant = column_of(table, str(task.get("relevant")), "the file of queries")
    grades, unique = np.ones(len(table)), list(dict.fromkeys(texts))
    if task.get("grade"):
        given = parse_numbers(column_of(table, str(task.get("grade")), "the file of queries"))
        if given.isna().all():
            raise InputError(f'The column "{task.get("grade")}" holds no numbers.', "Choose another, or no grades.")
        grades = given.fillna(0).to_numpy(np.float64)
    places = texts.map({text: place for place, text in enumerate(unique)}).to_numpy(np.int64)
    return Asked(unique, [""] * len(unique), places, relevant, grades)
