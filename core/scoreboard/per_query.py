"""Per query: on which queries one contender does better than another, and what both rank first for one of them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.corpus.label_columns import LabelRows
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.errors import InputError
from core.scoreboard.labels import read_task_rows
from core.scoreboard.pairs import read_pairs
from core.scoreboard.retrieval import Retrieval, first_rows
from core.scoreboard.service import ScoreboardQuery, load_scores, read_retrieval
from core.scoreboard.types import Scores
from core.vectors.contenders import Contender, contender_rows
from core.vectors.text_vectors import embed_task_texts

Better = Literal["both", "first", "second"]
MAX_QUERIES_LISTED = 200
CELL = 300  # characters of a text sent to the page
TOP = 5


@dataclass(frozen=True)
class ContenderPair:
    """first, second: indices of the contenders. better: list queries on which either, or only one of them, is."""

    first: int
    second: int
    better: Better = "both"


@dataclass(frozen=True, eq=False)
class QueryTable:
    """table: the largest differences first, at most 200, indexed by query number. first, second: queries on which that
    contender is better; equal: the others of `total`."""

    table: pd.DataFrame
    first: int
    second: int
    equal: int
    total: int


@dataclass(frozen=True, eq=False)
class TopHits:
    """One query. tables: for both contenders the rows ranked first (relevant, cosine, label, text)."""

    text: str
    label: str
    tables: tuple[pd.DataFrame, pd.DataFrame]


def query_table(query: ScoreboardQuery, pair: ContenderPair) -> QueryTable | None:
    """Queries by how far two contenders' scores differ; None where the metric has no score for each query. Of pairs:
    how near a pair's rank by cosine is to its rank by human score, 1 where they are the same."""
    scores = [load_scores(query, query.contenders[index]) for index in (pair.first, pair.second)]
    one, two = (_query_scores(contender, query.metric) for contender in scores)
    gap = query_gaps(query, pair)
    if one is None or two is None or gap is None:
        return None
    rows = np.flatnonzero({"both": gap != 0, "first": gap > 0, "second": gap < 0}[pair.better])
    rows = rows[np.argsort(-np.abs(gap[rows]), kind="stable")]
    rows = rows[np.sort(np.unique(scores[0].units[rows], return_index=True)[1])][:MAX_QUERIES_LISTED]
    table = _query_texts(query, rows).assign(first=one[rows], second=two[rows], difference=gap[rows])
    first, second = int((gap > 0).sum()), int((gap < 0).sum())
    return QueryTable(table, first, second, len(gap) - first - second, len(gap))


def query_gaps(query: ScoreboardQuery, pair: ContenderPair) -> np.ndarray | None:
    """(q,) the first contender's score of each query minus the second's; None where the metric has none per query."""
    one, two = (
        _query_scores(load_scores(query, query.contenders[index]), query.metric) for index in (pair.first, pair.second)
    )
    # a query that was not scored counts as equal
    return None if one is None or two is None else np.nan_to_num(one - two)


def rank_agreement(pairs: np.ndarray) -> np.ndarray:
    """(q,) in [0, 1]: 1 less the distance of a pair's two ranks, as a share of the greatest possible. pairs: (q, 2)
    cosines and human scores; equal values share their mean rank."""
    ranks = pd.DataFrame(pairs).rank().to_numpy()
    return 1 - np.abs(ranks[:, 0] - ranks[:, 1]) / max(len(ranks) - 1, 1)


def label_rows(query: ScoreboardQuery) -> LabelRows:
    """The rows and queries of the task "labels"."""
    return read_task_rows(query.corpus, query.task)[1]


def top_hits(query: ScoreboardQuery, pair: ContenderPair, number: int) -> TopHits:
    """What both contenders rank first for a query. Raises InputError for a number that does not exist."""
    contenders = [query.contenders[index] for index in (pair.first, pair.second)]
    if query.task.kind == "labels":
        data = label_rows(query)
        _check(number, len(data.queries))
        row = int(data.queries[number])
        text, label = load_corpus(query.corpus).texts[data.rows[row]], data.names[data.codes[row]]
        tables = [_nearest_rows(query, contender, data, row) for contender in contenders]
    else:
        retrieval = read_retrieval(query.corpus, query.task)
        _check(number, len(retrieval.queries))
        text, label = retrieval.queries[number], ""
        tables = [_nearest_candidates(query, contender, retrieval, number) for contender in contenders]
    return TopHits(text[:CELL], label, (tables[0], tables[1]))


def _query_scores(scores: Scores, metric: str) -> np.ndarray | None:
    if scores.pairs is not None:
        return rank_agreement(scores.pairs)
    return np.asarray(scores.per_query[metric], np.float64) if metric in scores.per_query else None


def _query_texts(query: ScoreboardQuery, rows: np.ndarray) -> pd.DataFrame:
    """The queries' texts, with their labels or the first text that is relevant; indexed by query number."""
    if query.task.kind == "labels":
        data, texts = label_rows(query), load_corpus(query.corpus).texts
        at = data.queries[rows]
        labels = [data.names[code] for code in data.codes[at]]
        return pd.DataFrame({"query": [texts[row][:CELL] for row in data.rows[at]], "label": labels}, index=rows)
    if query.task.kind == "pairs":
        pairs = read_pairs(query.corpus, query.task)
        first, second = ([texts[row][:CELL] for row in rows] for texts in (pairs.first, pairs.second))
        return pd.DataFrame({"query": first, "other": second, "score": pairs.human_scores[rows]}, index=rows)
    retrieval = read_retrieval(query.corpus, query.task)
    texts = load_distinct_texts(query.corpus) if retrieval.candidates is None else retrieval.candidates
    answers = dict(zip(retrieval.query_of[::-1].tolist(), retrieval.answer_of[::-1].tolist(), strict=True))
    relevant = [texts[answers[int(row)]][:CELL] for row in rows]
    return pd.DataFrame({"query": [retrieval.queries[row][:CELL] for row in rows], "answer": relevant}, index=rows)


def row_cosines(query: ScoreboardQuery, contender: Contender, data: LabelRows, row: int) -> np.ndarray:
    """(m,) cosines of a labeled row with all of them, -inf for copies of its text. row: a position in `data.rows`."""
    vectors = contender_rows(query.corpus, contender)
    cosines = (vectors @ vectors[data.rows[row]])[data.rows]
    cosines[data.texts == data.texts[row]] = -np.inf
    return np.asarray(cosines)


def candidate_cosines(
    query: ScoreboardQuery, contender: Contender, retrieval: Retrieval, number: int
) -> tuple[np.ndarray, list[str]]:
    """(m,) cosines of a query with the candidates, -inf for one it may not retrieve, and the candidates' texts; all
    of their vectors have been stored since it was scored."""
    vector = embed_task_texts(query.corpus, contender, [retrieval.queries[number]], queries=True)[0]
    if retrieval.candidates is None:
        texts = load_distinct_texts(query.corpus)
        cosines = contender_rows(query.corpus, contender)[first_rows(query.corpus)] @ vector
    else:
        texts = retrieval.candidates
        cosines = embed_task_texts(query.corpus, contender, texts) @ vector
    if retrieval.excluded[number] >= 0:
        cosines[retrieval.excluded[number]] = -np.inf
    return np.asarray(cosines), texts


def _nearest_rows(query: ScoreboardQuery, contender: Contender, data: LabelRows, row: int) -> pd.DataFrame:
    """The labeled rows nearest to one, without copies of its text; each text once."""
    cosines = row_cosines(query, contender, data, row)
    order = np.argsort(-cosines, kind="stable")
    order = order[data.texts[order] != data.texts[row]]
    top = order[np.sort(np.unique(data.texts[order], return_index=True)[1])[:TOP]]
    texts = load_corpus(query.corpus).texts
    hits = _hits(data.is_relevant(row, top), cosines[top], [texts[hit] for hit in data.rows[top]])
    return hits.assign(label=[data.names[code] for code in data.codes[top]])


def _nearest_candidates(
    query: ScoreboardQuery, contender: Contender, retrieval: Retrieval, number: int
) -> pd.DataFrame:
    """The candidates nearest to a query."""
    cosines, texts = candidate_cosines(query, contender, retrieval, number)
    top = np.argsort(-cosines, kind="stable")[:TOP]
    relevant = np.isin(top, retrieval.answer_of[retrieval.query_of == number])
    return _hits(relevant, cosines[top], [texts[hit] for hit in top])


def _hits(relevant: np.ndarray, cosines: np.ndarray, texts: list[str]) -> pd.DataFrame:
    columns = {"relevant": relevant, "cosine": cosines.astype(np.float64), "text": [text[:CELL] for text in texts]}
    return pd.DataFrame(columns)


def _check(number: int, queries: int) -> None:
    if not 0 <= number < queries:
        raise InputError(f"There is no query {number + 1:,}.", "Select another one.")
