"""Query by query: on which queries one contender does better than another."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.label_columns import LabelRows, read_label_rows
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.texts import distinct_texts
from core.scoreboard.labels import SEED
from core.scoreboard.pairs import read_pairs
from core.scoreboard.service import Asked, kept, retrieval
from core.scoreboard.types import Scores

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


def query_table(asked: Asked, look: QueryLook) -> QueryTable | None:
    """Queries by how far two contenders' scores differ; None where the metric has no score for each query.

    Of pairs: how near a pair's rank by cosine is to its rank by given score, 1 where they are the same.
    """
    pair = [kept(asked, asked.contenders[place]) for place in (look.first, look.second)]
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


def _words(asked: Asked, at: np.ndarray) -> pd.DataFrame:
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


def label_rows(asked: Asked) -> LabelRows:
    """The rows and queries of the task "labels"."""
    corpus = load_corpus(asked.corpus)
    return read_label_rows(corpus.table, str(asked.task.get("column")), distinct_texts(corpus.texts)[0], SEED)
