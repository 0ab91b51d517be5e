"""The task "queries": uploaded queries, and judgments of which rows answer them. As BEIR (Thakur et al. 2021)."""

from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus
from core.corpus.texts import distinct_texts
from core.scoreboard.qrels import Matched, best_grades, match_rows, row_ids
from core.scoreboard.query_set import Asked, read_asked
from core.scoreboard.retrieval import Retrieval, score_retrieval
from core.scoreboard.task_tables import file_names
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.types import Corpus, CorpusRef, Progress
from core.vectors.contenders import Contender

MOST_QUERIES = 10_000  # of more, so many are drawn
SEED = 0


def score_queries(
    corpus: CorpusRef,
    contender: Contender,
    task: Task,
    secret: Secret | None = None,
    progress: Progress | None = None,
) -> Scores:
    """What a contender reaches: nDCG@10 by grade, MRR@10, P@1, recall@1, @10 and @100, one value a query.

    Every distinct text of the corpus is a candidate. Raises InputError for judgments of another corpus, ModelError for
    contenders that can't embed queries.
    """
    return score_retrieval(corpus, contender, read_queries(corpus, task), secret, progress)


@lru_cache(maxsize=4)
def read_queries(corpus: CorpusRef, task: Task) -> Retrieval:
    """The task's queries and answers.

    params: queries (a kept table's key), text (its column), id (the corpus' column of ids, or a row number), and either
    qrels (a kept table's key) with query_id (a column), or relevant (a column) and perhaps grade (a column).
    Queries without a relevant row in the corpus are left out; a row with the query's own text can't be its answer
    unless it is judged to be. Raises InputError.
    """
    kept, asked = load_corpus(corpus), read_asked(corpus, task)
    column = str(task.get("id"))
    known = row_ids(kept.table, column)
    matched = match_rows(asked.query, asked.row_id, asked.grade, known, column)
    groups, texts = distinct_texts(kept.texts)
    query, answer, grade = best_grades(matched.query, groups[matched.row], matched.grade)
    used = _drawn(np.unique(query))
    chosen = np.isin(query, used)
    query, answer, grade = np.searchsorted(used, query[chosen]).astype(np.int32), answer[chosen], grade[chosen]
    asked_texts = [asked.texts[place] for place in used]
    own = _own_rows([asked.ids[place] for place in used], asked_texts, kept, known, groups)
    judged_so = np.isin(np.arange(len(used), dtype=np.int64) * len(texts) + own, query * np.int64(len(texts)) + answer)
    excluded = np.where(judged_so, -1, own)
    units = distinct_texts(asked_texts)[0].astype(np.int32)
    facts = _facts(asked, matched, kept, column) | {"own_texts": int((excluded >= 0).sum())}
    facts["files"] = file_names(corpus, task)
    return Retrieval(asked_texts, None, query, answer, grade, excluded, units, facts)


def _drawn(places: np.ndarray) -> np.ndarray:
    """All places, or MOST_QUERIES of them, drawn with SEED; sorted."""
    if len(places) <= MOST_QUERIES:
        return places
    return np.sort(np.random.default_rng(SEED).choice(places, MOST_QUERIES, replace=False))


def _own_rows(ids: list[str], texts: list[str], kept: Corpus, known: pd.Series, groups: np.ndarray) -> np.ndarray:
    """(q,) the candidate that is the query itself, -1 where none is: it has its text, or its id and its text within."""
    by_text = dict(zip(reversed(kept.texts), reversed(range(len(kept))), strict=True))
    by_id = dict(zip(known, range(len(kept)), strict=True))
    own = np.full(len(texts), -1, np.int64)
    for place, (name, text) in enumerate(zip(ids, texts, strict=True)):
        row = by_text.get(text)
        if row is None and name in by_id and text in kept.texts[by_id[name]]:
            row = by_id[name]
        if row is not None:
            own[place] = groups[row]
    return own


def _facts(asked: Asked, matched: Matched, kept: Corpus, column: str) -> dict[str, object]:
    judged = len(np.unique(asked.query[np.asarray(asked.grade) > 0]))
    usable = len(np.unique(matched.query))
    return {
        "queries_given": len(asked.texts),
        "queries_judged": judged,
        "queries_left_out": judged - usable,
        "queries_usable": usable,
        "judgments": matched.judged,
        "absent": matched.absent,
        "absent_examples": list(matched.examples),
        "unknown_queries": asked.unknown,
        "id_column": column,
        "rows": len(kept),
        "seed": SEED,
    }
