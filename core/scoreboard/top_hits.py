"""What two contenders rank first for one query."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.corpus.label_columns import LabelRows
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.errors import InputError
from core.scoreboard.per_query import CELL, QueryLook, label_rows
from core.scoreboard.retrieval import Retrieval, first_rows
from core.scoreboard.service import Asked, retrieval
from core.vectors.contenders import Contender, contender_rows
from core.vectors.text_vectors import embed_task_texts

NEAREST = 5


@dataclass(frozen=True, eq=False)
class QueryDetail:
    """One query. nearest: for both contenders a table of the rows ranked first (right, cosine, label, text)."""

    text: str
    label: str
    nearest: tuple[pd.DataFrame, pd.DataFrame]


def query_detail(asked: Asked, look: QueryLook, query: int) -> QueryDetail:
    """What both contenders rank first for a query. Raises InputError for one that does not exist."""
    pair = [asked.contenders[place] for place in (look.first, look.second)]
    if asked.task.kind == "labels":
        data = label_rows(asked)
        _check(query, len(data.queries))
        place = int(data.queries[query])
        text, label = load_corpus(asked.corpus).texts[data.rows[place]], data.names[data.codes[place]]
        tables = [_near_rows(asked, each, data, place) for each in pair]
    else:
        made = retrieval(asked.corpus, asked.task)
        _check(query, len(made.queries))
        text, label = made.queries[query], ""
        tables = [_near_candidates(asked, each, made, query) for each in pair]
    return QueryDetail(text[:CELL], label, (tables[0], tables[1]))


def _near_rows(asked: Asked, contender: Contender, data: LabelRows, place: int) -> pd.DataFrame:
    """The labeled rows nearest to one, copies of its text left out; a text once."""
    rows = contender_rows(asked.corpus, contender)
    similar = (rows @ rows[data.rows[place]])[data.rows]
    order = np.argsort(-similar, kind="stable")
    order = order[data.texts[order] != data.texts[place]]
    at = order[np.sort(np.unique(data.texts[order], return_index=True)[1])[:NEAREST]]
    texts = load_corpus(asked.corpus).texts
    near = _near(data.codes[at] == data.codes[place], similar[at], [texts[row] for row in data.rows[at]])
    return near.assign(label=[data.names[code] for code in data.codes[at]])


def _near_candidates(asked: Asked, contender: Contender, made: Retrieval, query: int) -> pd.DataFrame:
    """The candidates nearest to a query, whose vectors are all kept since it was scored."""
    where = (asked.corpus, contender)
    vector = embed_task_texts(*where, [made.queries[query]], queries=True)[0]
    if made.candidates is None:
        texts = load_distinct_texts(asked.corpus)
        similar = contender_rows(*where)[first_rows(asked.corpus)] @ vector
    else:
        texts, similar = made.candidates, embed_task_texts(*where, made.candidates) @ vector
    if made.excluded[query] >= 0:
        similar[made.excluded[query]] = -np.inf
    at = np.argsort(-similar, kind="stable")[:NEAREST]
    right = np.isin(at, made.answer_of[made.query_of == query])
    return _near(right, similar[at], [texts[place] for place in at])


def _near(right: np.ndarray, cosine: np.ndarray, texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"right": right, "cosine": cosine.astype(np.float64), "text": [text[:CELL] for text in texts]})


def _check(query: int, queries: int) -> None:
    if not 0 <= query < queries:
        raise InputError(f"There is no query {query + 1:,}.", "Choose another.")
