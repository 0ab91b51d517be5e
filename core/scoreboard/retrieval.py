"""Queries against candidates, some of them relevant: exact search, metrics of every query, and the task "queries".

The task "queries" has uploaded queries and judgments (qrels) of which rows are relevant, as BEIR (Thakur et al. 2021).
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from core.corpus.judgments import load_judgments
from core.corpus.label_columns import label_strings, parse_numbers
from core.corpus.loaders import load_corpus
from core.corpus.qrels import COLUMNS, FROM_ONE, best_grades, match_rows, row_ids
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.scoreboard.task_tables import column_of, file_names, has_text, open_table, sample_sorted
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.stats import ranking_metrics as ranked
from core.types import Corpus, CorpusRef, Progress
from core.vectors.contenders import Contender, contender_rows
from core.vectors.text_vectors import embed_task_texts

DEPTH = 100  # ranks considered: recall@100 is the deepest metric
TIE_SEED = SEED = 0
MAX_QUERIES = 10_000  # of more, a sample is drawn
_QUERIES, _CANDIDATES = 512, 8_192  # compared at a time: some 70 MB


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Queries and their relevant candidates; the same for every contender.

    candidates: distinct texts, or None for the corpus' own distinct texts in order of appearance, so that copies are
    one answer. Answer p says that candidate answer_of[p] answers query query_of[p] with the grade grades[p] > 0; each
    such pair is unique and every query has one. excluded: (q,) a candidate that a query may not retrieve (itself), or
    -1. units: (q,) codes of queries resampled together.
    """

    queries: list[str]
    candidates: list[str] | None
    query_of: np.ndarray
    answer_of: np.ndarray
    grades: np.ndarray
    excluded: np.ndarray
    units: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RankedCandidates:
    """The nearest candidates of q queries. ids: (q, depth) int32, nearest first, -1 for one that is excluded. cosines:
    (q, depth) float32, -inf where excluded. beyond: (q,) candidates past the end that are tied with the last one."""

    ids: np.ndarray
    cosines: np.ndarray
    beyond: np.ndarray


@dataclass(frozen=True, eq=False)
class JudgedQueries:
    """Queries as uploaded, and judgments on them. query: (p,) positions among the queries. unknown: judgments on
    queries that are not in the file."""

    texts: list[str]
    ids: list[str]
    query: np.ndarray
    row_id: pd.Series
    grade: np.ndarray
    unknown: int = 0


def score_queries(
    corpus: CorpusRef, contender: Contender, task: Task, secret: Secret | None = None, progress: Progress | None = None
) -> Scores:
    """Scores of a contender: nDCG@10 by grade, MRR@10, P@1, recall@1, @10 and @100, one value per query. Every distinct
    text of the corpus is a candidate. Raises InputError for judgments of another corpus, ModelError for contenders that
    can't embed queries."""
    return score_retrieval(corpus, contender, read_queries(corpus, task), secret, progress)


@lru_cache(maxsize=4)
def read_queries(corpus: CorpusRef, task: Task) -> Retrieval:
    """The task's queries and answers.

    params: queries (a stored table's key), text (its column), id (the corpus' column of ids, or a row number), and
    either qrels (a stored table's key) with query_id (a column), or relevant (a column) and perhaps grade (a column).
    Or judgments: the version of those given in the product, see core.corpus.judgments.
    Queries without a relevant row in the corpus are left out; a row with the query's own text is relevant only if it
    is judged to be. Raises InputError.
    """
    loaded, uploaded = load_corpus(corpus), read_judged_queries(corpus, task)
    column = str(task.get("id", FROM_ONE))
    corpus_ids = row_ids(loaded.table, column)
    matched, counts = match_rows(uploaded.query, uploaded.row_id, uploaded.grade, corpus_ids, column)
    groups, texts = distinct_texts(loaded.texts)
    query, answer, grade = best_grades(matched["query"].to_numpy(), groups[matched["row"]], matched["grade"].to_numpy())
    used = sample_sorted(np.unique(query), MAX_QUERIES, SEED)
    is_used = np.isin(query, used)
    query, answer, grade = np.searchsorted(used, query[is_used]).astype(np.int32), answer[is_used], grade[is_used]
    query_texts = [uploaded.texts[number] for number in used]
    self_matches = _self_matches([uploaded.ids[number] for number in used], query_texts, loaded, corpus_ids, groups)
    matching = np.arange(len(used), dtype=np.int64) * len(texts) + self_matches
    is_judged = np.isin(matching, query * np.int64(len(texts)) + answer)
    excluded = np.where(is_judged, -1, self_matches)
    units = distinct_texts(query_texts)[0].astype(np.int32)
    facts = counts | _query_counts(uploaded, matched["query"].nunique())
    facts |= {"own_texts": int((excluded >= 0).sum()), "files": file_names(corpus, task)}
    facts |= {"rows": len(loaded), "seed": SEED}
    return Retrieval(query_texts, None, query, answer, grade, excluded, units, facts)


def read_judged_queries(corpus: CorpusRef, task: Task) -> JudgedQueries:
    """The queries of a task and their judgments, as uploaded or given here. Raises InputError, StorageError."""
    if task.get("judgments"):
        return _judged_here(corpus, str(task.get("judgments")))
    table = open_table(corpus, str(task.get("queries")))
    texts = column_of(table, str(task.get("text")), "the file of queries")
    usable = has_text(texts)
    table, texts = table[usable].reset_index(drop=True), texts[usable].astype("str").reset_index(drop=True)
    if not len(texts):
        raise InputError(f'The column "{task.get("text")}" has no text.', "Select the column with the queries.")
    return _judged_in_qrels(corpus, task, table, texts) if task.get("qrels") else _judged_in_column(task, table, texts)


def score_retrieval(
    corpus: CorpusRef, contender: Contender, task: Retrieval,
    secret: Secret | None = None, progress: Progress | None = None,
) -> Scores:  # fmt: skip
    """The metrics of each query, see `ranked_scores`. Search is exact, over all candidates, by cosine. Raises
    ModelError where the contender can't embed new texts."""
    queries = embed_task_texts(corpus, contender, task.queries, queries=True, secret=secret, progress=progress)
    if task.candidates is None:
        rows, candidates = contender_rows(corpus, contender), first_rows(corpus)
    else:
        rows = embed_task_texts(corpus, contender, task.candidates, secret=secret, progress=progress)
        candidates = np.arange(len(rows))
    nearest, total = nearest_candidates(queries, rows, candidates, task.excluded), len(candidates)
    cosines = np.einsum("ij,ij->i", queries[task.query_of], rows[candidates[task.answer_of]])
    facts = task.facts | {"queries": len(task.queries), "candidates": total}
    return Scores(ranked_scores(nearest, cosines, task, total), task.units, chance=chance(task, total), facts=facts)


def first_rows(corpus: CorpusRef) -> np.ndarray:
    """(m,) the first row of each distinct text of the corpus, in order of appearance."""
    return np.unique(distinct_texts(load_corpus(corpus).texts)[0], return_index=True)[1]


def ranked_scores(
    nearest: RankedCandidates, cosines: np.ndarray, task: Retrieval, candidates: int
) -> dict[str, np.ndarray]:
    """Metric -> (q,) float32 in [0, 1]: nDCG@10 by grade, reciprocal rank within the first ten, P@1, recall; of tied
    candidates, expectations over their order. cosines: (p,) of the task's answers."""
    gains = gains_of(nearest.ids, task, candidates)
    hits, count = gains > 0, np.bincount(task.query_of, minlength=len(task.queries))
    ties = ranked.Ties.of(nearest.cosines, nearest.beyond)
    if ties is not None:
        reached = (cosines >= nearest.cosines[task.query_of, -1] - ranked.TIE) & (nearest.beyond > 0)[task.query_of]
        both = [(gains, task.grades), (hits, np.ones(len(task.grades)))]
        gains, hits = (ties.expected(values, _past_the_end(values, grades * reached, task)) for values, grades in both)
    scores = {
        "ndcg_at_10": ranked.graded_ndcg_at_k(gains, ideal_gains(task, 10), 10),
        "precision_at_1": ranked.precision_at_1(hits),
        "reciprocal_rank": ranked.reciprocal_rank(hits, 10, ties),
        **{f"recall_at_{k}": ranked.recall_at_k(hits, count, k) for k in (1, 10, 100)},
    }
    return {name: values.astype(np.float32) for name, values in scores.items()}


def gains_of(ranked_candidates: np.ndarray, task: Retrieval, candidates: int) -> np.ndarray:
    """(q, depth) float64 the grade of each ranked candidate, 0 where it is not relevant."""
    keys = task.query_of.astype(np.int64) * candidates + task.answer_of
    order = np.argsort(keys)
    query_keys = np.arange(len(ranked_candidates), dtype=np.int64)[:, None] * candidates + ranked_candidates
    at = np.searchsorted(keys[order], query_keys).clip(max=len(keys) - 1)
    same = (keys[order][at] == query_keys) & (ranked_candidates >= 0)
    return np.where(same, task.grades[order][at], 0.0)


def ideal_gains(task: Retrieval, depth: int) -> np.ndarray:
    """(q, depth) float64 the best grades of each query, descending, padded with 0."""
    order = np.lexsort((-task.grades, task.query_of))
    query = task.query_of[order]
    rank = np.arange(len(query)) - np.searchsorted(query, query)
    ideal = np.zeros((len(task.queries), depth))
    near = rank < depth
    ideal[query[near], rank[near]] = task.grades[order][near]
    return ideal


def chance(task: Retrieval, candidates: int) -> dict[str, float]:
    """What a random order of the candidates reaches on average."""
    count = np.bincount(task.query_of, minlength=len(task.queries)).astype(np.float64)
    total = candidates - (task.excluded >= 0)
    gain = np.bincount(task.query_of, task.grades, len(task.queries)) / total
    discounts = 1 / np.log2(np.arange(2, 12))
    discount = discounts[: min(10, candidates)].sum()
    levels = {
        "ndcg_at_10": gain * discount / (ideal_gains(task, 10) @ discounts),
        "precision_at_1": ranked.random_precision(count, total),
        "reciprocal_rank": ranked.random_reciprocal_rank(count, total, 10),
        **{f"recall_at_{k}": ranked.random_recall(total, k) for k in (1, 10, 100)},
    }
    return {name: float(values.mean()) for name, values in levels.items()}


def nearest_candidates(
    queries: np.ndarray, rows: np.ndarray, candidates: np.ndarray, excluded: np.ndarray, depth: int = DEPTH
) -> RankedCandidates:
    """The min(depth, m) nearest candidates of each query. rows[candidates]: (m, d). Exact, by float32 dot product. Ties
    are in random order, the same for every query and contender (TIE_SEED), so that no position in the file is favored.
    """
    depth = min(depth, len(candidates))
    order = np.random.default_rng(TIE_SEED).permutation(len(candidates)).astype(np.int32)
    ids, cosines = np.empty((len(queries), depth), np.int32), np.empty((len(queries), depth), np.float32)
    beyond = np.zeros(len(queries), np.int64)
    for start in range(0, len(queries), _QUERIES):
        part = slice(start, start + _QUERIES)
        near, scores = _nearest(queries[part], rows, candidates, excluded[part], order, depth + 1)
        ids[part], cosines[part] = near[:, :depth], scores[:, :depth]
        if scores.shape[1] > depth:
            beyond[part] = _tied_beyond(queries[part], rows, candidates, excluded[part], scores)
    return RankedCandidates(ids, cosines, beyond)


def _judged_here(corpus: CorpusRef, version: str) -> JudgedQueries:
    grades = load_judgments(corpus, version).grades()
    lines = [(i, row, grade) for i, rows in enumerate(grades.values()) for row, grade in rows.items()]
    query, row, grade = np.array(lines, np.int64).reshape(-1, 3).T
    return JudgedQueries(list(grades), [""] * len(grades), query, pd.Series(row + 1), grade.astype(np.float64))


def _judged_in_qrels(corpus: CorpusRef, task: Task, table: pd.DataFrame, texts: pd.Series) -> JudgedQueries:
    """BEIR: queries with ids, judgments in a file of their own."""
    ids = label_strings(column_of(table, str(task.get("query_id")), "the file of queries"))
    judgments = open_table(corpus, str(task.get("qrels")), True)
    position = pd.Series(np.arange(len(ids)), index=ids)
    position = position[position.index.notna() & ~position.index.duplicated()]
    query = label_strings(judgments[COLUMNS[0]]).map(position)
    in_file = query.notna().to_numpy()
    if not in_file.any():
        examples = f'judgments have ids such as "{judgments[COLUMNS[0]].iloc[0]}", queries such as "{ids.iloc[0]}"'
        remedy = "Select the column with the query IDs, and upload queries and judgments that belong together."
        raise InputError(f"No judgment matches a query of the file: {examples}.", remedy)
    positions, grades = query[in_file].to_numpy(np.int64), judgments[COLUMNS[2]].to_numpy(np.float64)[in_file]
    names, unknown = ids.fillna("").astype("str").tolist(), int((~in_file).sum())
    return JudgedQueries(texts.tolist(), names, positions, judgments[COLUMNS[1]][in_file], grades, unknown)


def _judged_in_column(task: Task, table: pd.DataFrame, texts: pd.Series) -> JudgedQueries:
    """One file: a query and a row's id on each line; a query may have several lines."""
    relevant = column_of(table, str(task.get("relevant")), "the file of queries")
    grades, unique = np.ones(len(table)), list(dict.fromkeys(texts))
    if task.get("grade"):
        cells = parse_numbers(column_of(table, str(task.get("grade")), "the file of queries"))
        if cells.isna().all():
            raise InputError(
                f'The column "{task.get("grade")}" has no numbers.', "Select another column, or no grades."
            )
        grades = cells.fillna(0).to_numpy(np.float64)
    positions = texts.map({text: position for position, text in enumerate(unique)}).to_numpy(np.int64)
    return JudgedQueries(unique, [""] * len(unique), positions, relevant, grades)


def _self_matches(
    ids: list[str], texts: list[str], corpus: Corpus, corpus_ids: pd.Series, groups: np.ndarray
) -> np.ndarray:
    """(q,) the candidate that is the query itself, -1 where none is: it has its text, or its id and its text within."""
    by_text = dict(zip(reversed(corpus.texts), reversed(range(len(corpus))), strict=True))
    by_id = dict(zip(corpus_ids, range(len(corpus)), strict=True))
    matches = np.full(len(texts), -1, np.int64)
    for number, (name, text) in enumerate(zip(ids, texts, strict=True)):
        row = by_text.get(text)
        if row is None and name in by_id and text in corpus.texts[by_id[name]]:
            row = by_id[name]
        if row is not None:
            matches[number] = groups[row]
    return matches


def _query_counts(uploaded: JudgedQueries, usable: int) -> dict[str, int]:
    judged = len(np.unique(uploaded.query[np.asarray(uploaded.grade) > 0]))
    queries = {"queries_judged": judged, "queries_left_out": judged - usable, "queries_usable": usable}
    return {"queries_given": len(uploaded.texts), **queries, "unknown_queries": uploaded.unknown}


def _nearest(
    queries: np.ndarray, rows: np.ndarray, candidates: np.ndarray, excluded: np.ndarray, order: np.ndarray, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    """The best of one block of queries, merged over blocks of candidates by keys that sort as (cosine, order); ids and
    cosines as in RankedCandidates."""
    best = np.empty((len(queries), 0), np.int64)
    for start in range(0, len(candidates), _CANDIDATES):
        part = np.arange(start, min(start + _CANDIDATES, len(candidates)))
        keys = _keys(queries @ rows[candidates[part]].T, order[part])
        here = np.flatnonzero((excluded >= start) & (excluded <= part[-1]))
        keys[here, excluded[here] - start] = np.int64(-(2**63)) + order[excluded[here]]
        best = np.concatenate([best, keys], axis=1)
        if best.shape[1] > depth:
            best = np.partition(best, best.shape[1] - depth, axis=1)[:, -depth:]
    best = np.sort(best, axis=1)[:, ::-1]
    position_of = np.empty(len(order), np.int32)
    position_of[order] = np.arange(len(order), dtype=np.int32)
    nearest, rising = position_of[best & 0xFFFFFFFF], (best >> 32).astype(np.int32)
    cosines = np.where(rising < 0, rising ^ np.int32(0x7FFFFFFF), rising).view(np.float32)
    is_excluded = nearest == excluded[:, None]
    return np.where(is_excluded, -1, nearest), np.where(is_excluded, np.float32(-np.inf), cosines)


def _tied_beyond(
    queries: np.ndarray, rows: np.ndarray, candidates: np.ndarray, excluded: np.ndarray, cosines: np.ndarray
) -> np.ndarray:
    """(q,) candidates past the end of each list that are tied with its last one. cosines: (q, depth + 1) of the list
    and of the next candidate; only where these two are tied all candidates are compared again."""
    depth, beyond = cosines.shape[1] - 1, np.zeros(len(queries), np.int64)
    tied = np.flatnonzero(cosines[:, depth - 1] - cosines[:, depth] <= ranked.TIE)
    lowest = cosines[tied, depth - 1] - ranked.TIE
    for start in range(0, len(candidates) if len(tied) else 0, _CANDIDATES):
        similar = queries[tied] @ rows[candidates[start : start + _CANDIDATES]].T
        beyond[tied] += (similar >= lowest[:, None]).sum(axis=1)
    left_out = np.einsum("ij,ij->i", queries[tied], rows[candidates[excluded[tied]]]) >= lowest
    beyond[tied] -= depth + (left_out & (excluded[tied] >= 0))
    return beyond


def _past_the_end(listed: np.ndarray, reached: np.ndarray, task: Retrieval) -> np.ndarray:
    """(q,) what answers past the end of the list add up to. listed: (q, depth) gains; reached: (p,) those of answers
    that are not below the last one of a list that is tied with others, else 0."""
    total = np.bincount(task.query_of, reached, len(task.queries))
    return np.where(total > 0, np.maximum(total - listed.sum(axis=1), 0), 0)


def _keys(cosines: np.ndarray, order: np.ndarray) -> np.ndarray:
    """int64 that sort as (cosine, order): a float32's bits, turned so that they sort as it does, before the order."""
    bits = np.ascontiguousarray(cosines + np.float32(0), np.float32).view(np.int32)  # -0 becomes 0
    rising = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (rising << 32) | order
