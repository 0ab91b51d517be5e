"""Query by query: on which queries one contender does better than another."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.distinct import distinct_texts
from core.corpus.label_rows import LabelRows, read_rows
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.errors import InputError
from core.scoreboard.labels import SEED
from core.scoreboard.pairs import read_pairs
from core.scoreboard.retrieval import Retrieval, first_rows
from core.scoreboard.service import ScoreboardQuery, load_scores, retrieval
from core.scoreboard.types import Scores
from core.vectors.contenders import Contender, contender_rows
from core.vectors.text_vectors import embed_task_texts

Which = Literal["both", "first", "second"]
MOST_SHOWN = 200
CELL = 300  # characters of a text sent to the page


@dataclass(frozen=True)
class QueryLook:
    """first, second: places among the contenders. which: queries on which either, or only one of them, is better."""

    first: int
    second: int
    which: Which = "both"


@dataclass(frozen=True, eq=False)
class QueryTable:
    """table: the largest differences first, at most 200, index places among the queries. first, second: queries on
    which that contender is better; equal: the others of `total`."""

    table: pd.DataFrame
    first: int
    second: int
    equal: int
    total: int


def query_table(asked: ScoreboardQuery, look: QueryLook) -> QueryTable | None:
    """Queries by how far two contenders' scores differ; None where the metric has no score for each query.

    Of pairs: how near a pair's rank by cosine is to its rank by given score, 1 where they are the same.
    """
    pair = [load_scores(asked, asked.contenders[place]) for place in (look.first, look.second)]
    one, other = (_values(each, asked.metric) for each in pair)
    if one is None or other is None:
        return None
    gap = np.nan_to_num(one - other)  # a query that was not asked counts as equal
    chosen = {"both": gap != 0, "first": gap > 0, "second": gap < 0}[look.which]
    at = np.flatnonzero(chosen)
    at = at[np.argsort(-np.abs(gap[at]), kind="stable")]
    at = at[np.sort(np.unique(pair[0].units[at], return_index=True)[1])][:MOST_SHOWN]  # copies of a text once
    table = _words(asked, at).assign(first=one[at], second=other[at], difference=gap[at])
    first, second = int((gap > 0).sum()), int((gap < 0).sum())
    return QueryTable(table, first, second, len(gap) - first - second, len(gap))


def _values(scores: Scores, metric: str) -> np.ndarray | None:
    if scores.pairs is not None:
        return rank_agreement(scores.pairs)
    return np.asarray(scores.per_query[metric], np.float64) if metric in scores.per_query else None


def rank_agreement(pairs: np.ndarray) -> np.ndarray:
    """(q,) in [0, 1]: 1 less the distance of a pair's two ranks, as a share of the greatest there can be.

    pairs: (q, 2) cosines and given scores; equal values share their mean rank.
    """
    ranks = pd.DataFrame(pairs).rank().to_numpy()
    return 1 - np.abs(ranks[:, 0] - ranks[:, 1]) / max(len(ranks) - 1, 1)


def _words(asked: ScoreboardQuery, at: np.ndarray) -> pd.DataFrame:
    """The queries' texts, with their labels or the first text that answers them; index their places."""
    if asked.task.kind == "labels":
        data, texts = label_rows(asked), load_corpus(asked.corpus).texts
        places = data.queries[at]
        words = {"query": [texts[row][:CELL] for row in data.rows[places]]}
        return pd.DataFrame(words | {"label": [data.names[code] for code in data.codes[places]]}, index=at)
    if asked.task.kind == "pairs":
        given = read_pairs(asked.corpus, asked.task)
        words = {"query": [given.first[i][:CELL] for i in at], "other": [given.second[i][:CELL] for i in at]}
        return pd.DataFrame(words | {"given": given.given[at]}, index=at)
    made = retrieval(asked.corpus, asked.task)
    texts = load_distinct_texts(asked.corpus) if made.candidates is None else made.candidates
    answer = dict(zip(made.query_of[::-1].tolist(), made.answer_of[::-1].tolist(), strict=True))
    words = {"query": [made.queries[i][:CELL] for i in at], "answer": [texts[answer[int(i)]][:CELL] for i in at]}
    return pd.DataFrame(words, index=at)


def label_rows(asked: ScoreboardQuery) -> LabelRows:
    """The rows and queries of the task "labels"."""
    corpus = load_corpus(asked.corpus)
    return read_rows(corpus.table, str(asked.task.get("column")), distinct_texts(corpus.texts)[0], SEED)


NEAREST = 5


@dataclass(frozen=True, eq=False)
class QueryDetail:
    """One query. nearest: for both contenders a table of the rows ranked first (right, cosine, label, text)."""

    text: str
    label: str
    nearest: tuple[pd.DataFrame, pd.DataFrame]


def query_detail(asked: ScoreboardQuery, look: QueryLook, query: int) -> QueryDetail:
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


def _near_rows(asked: ScoreboardQuery, contender: Contender, data: LabelRows, place: int) -> pd.DataFrame:
    """The labeled rows nearest to one, copies of its text left out; a text once."""
    rows = contender_rows(asked.corpus, contender)
    similar = (rows @ rows[data.rows[place]])[data.rows]
    order = np.argsort(-similar, kind="stable")
    order = order[data.texts[order] != data.texts[place]]
    at = order[np.sort(np.unique(data.texts[order], return_index=True)[1])[:NEAREST]]
    texts = load_corpus(asked.corpus).texts
    near = _near(data.codes[at] == data.codes[place], similar[at], [texts[row] for row in data.rows[at]])
    return near.assign(label=[data.names[code] for code in data.codes[at]])


def _near_candidates(asked: ScoreboardQuery, contender: Contender, made: Retrieval, query: int) -> pd.DataFrame:
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
