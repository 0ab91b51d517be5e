"""The task "known_item": queries made from the corpus itself, each of which must find the text it was made from.

Weaker evidence than judgments by people: it tells whether a text is found again, not whether what is like it is.
Halves follow the inverse cloze task (Lee, Chang and Toutanova 2019).
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.text_edits import TEXT_EDITS, edit_generator
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.scoreboard.halves import halves
from core.scoreboard.llm_queries import written_queries
from core.scoreboard.query_generators import WAYS, reworded
from core.scoreboard.retrieval import Retrieval, score_retrieval
from core.scoreboard.task_tables import column_of
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender

SAMPLE, CANDIDATES = 500, 2_000  # unless the task says otherwise
FEWEST = 2  # queries


Made = Iterator[tuple[str, int]]  # a query and the place of what it was made from


def score_known_item(
    corpus: CorpusRef,
    contender: Contender,
    task: Task,
    secret: Secret | None = None,
    progress: Progress | None = None,
) -> Scores:
    """What a contender reaches: nDCG@10, MRR@10, P@1, recall@1, @10 and @100, one value a query.

    A copy of the text to be found counts as that text. Raises InputError where no queries can be made, ModelError for
    contenders that can't embed them.
    """
    return score_retrieval(corpus, contender, read_known_item(corpus, task), secret, progress)


@lru_cache(maxsize=4)
def read_known_item(corpus: CorpusRef, task: Task) -> Retrieval:
    """The task's queries and what they must find.

    params: way (of WAYS), sample (queries), seed; candidates (at most, where they are not the corpus' rows); question
    and answer (columns) for "columns"; chat, server, written for "written". Raises InputError.
    """
    way = str(task.get("way"))
    if way not in WAYS:
        raise InputError(f"There is no way {way[:40]!r} of making queries.", f"Known: {', '.join(WAYS)}.")
    if way == "columns":
        return _columns(corpus, task)
    texts = load_distinct_texts(corpus)
    if way == "halves":
        return _halves(texts, task)
    made = _written(corpus, task) if way == "written" else _changed(texts, way, task)
    return _retrieval(made, None, _facts(task, texts=len(texts)))


def order_of(count: int, task: Task) -> np.ndarray:
    """All places in the seeded order in which they are tried; a longer sample begins with the shorter one."""
    return np.random.default_rng(int(task.get("seed", 0))).permutation(count)


def _changed(texts: list[str], way: str, task: Task) -> Made:
    change: Callable[[str, np.random.Generator], str | None] = (
        TEXT_EDITS["typos"].change if way == "typos" else reworded
    )
    for place in order_of(len(texts), task):
        made = change(texts[place], edit_generator(texts[place], way, int(task.get("seed", 0))))
        if made is not None:
            yield made, int(place)


def _written(corpus: CorpusRef, task: Task) -> Made:
    yield from ((query, place) for place, query in written_queries(corpus, task).items())


def _halves(texts: list[str], task: Task) -> Retrieval:
    cut = ((place, halves(texts[place])) for place in order_of(len(texts), task))
    return _drawn_pairs(((both[0], both[1]) for _, both in cut if both is not None), task, texts=len(texts))


def _columns(corpus: CorpusRef, task: Task) -> Retrieval:
    """Where the answers are the corpus' own texts, all of them are candidates, as their vectors are there."""
    kept, names = load_corpus(corpus), [str(task.get(name)) for name in ("question", "answer")]
    if names[0] == names[1]:
        raise InputError("The same column is chosen twice.", "Choose one column to ask with and another to find.")
    columns = [column_of(kept.table, name, "the corpus") for name in names]
    usable = np.flatnonzero(np.logical_and.reduce([_has_text(column) for column in columns]))
    question, answer = (column.astype("str").tolist() for column in columns)
    rows = [int(row) for row in usable[order_of(len(usable), task)] if question[row].strip() != answer[row].strip()]
    if answer == kept.texts:
        codes = distinct_texts(kept.texts)[0]
        facts = _facts(task, texts=len(kept))
        return _retrieval(((question[row], int(codes[row])) for row in rows), None, facts)
    return _drawn_pairs(((question[row], answer[row]) for row in rows), task, texts=len(kept))


def _drawn_pairs(pairs: Iterator[tuple[str, str]], task: Task, texts: int) -> Retrieval:
    """The first of these pairs are asked, the others' answers stand beside theirs as candidates."""
    most = max(int(task.get("candidates", CANDIDATES)), int(task.get("sample", SAMPLE)))
    found: dict[str, int] = {}
    made: list[tuple[str, int]] = []
    for query, answer in pairs:
        made.append((query, found.setdefault(answer, len(found))))
        if len(found) >= most:
            break
    return _retrieval(iter(made), list(found), _facts(task, texts=texts, candidates_asked=most))


def _retrieval(made: Made, candidates: list[str] | None, facts: dict[str, object]) -> Retrieval:
    """The first `sample` different queries; what else was made from the same words is an answer too."""
    most = int(str(facts["sample"]))
    asked: dict[str, list[int]] = {}
    for query, place in made:
        if query in asked or len(asked) < most:
            asked.setdefault(query, []).append(place)
        elif candidates is None:
            break
    if len(asked) < FEWEST:
        raise InputError(
            f"Only {len(asked)} of {facts['texts']:,} texts could be made into a query this way.",
            "Choose another way, or bring more and longer texts.",
        )
    pairs = pd.DataFrame(
        [(query, place) for query, places in enumerate(asked.values()) for place in places], columns=["query", "answer"]
    ).drop_duplicates()
    query_of, answer_of = (pairs[name].to_numpy(np.int32) for name in ("query", "answer"))
    none = np.full(len(asked), -1, np.int64)
    units = np.arange(len(asked), dtype=np.int32)
    return Retrieval(list(asked), candidates, query_of, answer_of, np.ones(len(pairs)), none, units, facts)


def _has_text(column: pd.Series) -> np.ndarray:
    return (column.notna() & (column.astype("str").str.strip() != "")).to_numpy(bool)


def _facts(task: Task, **more: object) -> dict[str, object]:
    asked = {"way": task.get("way"), "sample": int(task.get("sample", SAMPLE)), "seed": int(task.get("seed", 0))}
    return asked | more
