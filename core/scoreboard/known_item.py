"""The task "known_item": queries made from the corpus itself, each of which must find the text it was made from.

Weaker evidence than judgments by people: it tells whether a text is found again, not whether what is like it is.
Halves follow the inverse cloze task (Lee, Chang and Toutanova 2019).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from core.corpus.distinct import distinct_texts
from core.corpus.keyword import SPACELESS
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.text_edits import PROBES, generator
from core.errors import InputError
from core.scoreboard.llm_queries import written_queries
from core.scoreboard.retrieval import Retrieval, score_retrieval
from core.scoreboard.task_tables import column_of
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender

MIN_WORDS = 8
_WORD = re.compile(rf"[{SPACELESS}]|[^\W{SPACELESS}]+")
_SENTENCE_END = re.compile("[.!?…]+[\"'”’)]*(?=\\s)|[。！？]+[”’」』）]*|\n+")
_GAP = re.compile(rf"\s+|(?<=[{SPACELESS}])(?=[{SPACELESS}])")
_NEAR = (1 / 3, 2 / 3)  # of the text: where a sentence may end to be the cut


def halves(text: str) -> tuple[str, str] | None:
    """The two halves, without the space between them; None for a text of fewer than FEWEST_WORDS words (signs, in
    scripts without spaces), or one with words on one side only."""
    if len(_WORD.findall(text)) < MIN_WORDS:
        return None
    stripped = text.strip()
    sentence_ends = [
        at for match in _SENTENCE_END.finditer(stripped) if _NEAR[0] <= (at := match.end()) / len(stripped) <= _NEAR[1]
    ]
    cuts = sentence_ends or [match.start() for match in _GAP.finditer(stripped) if not _is_mark(stripped, match.end())]
    if not cuts:
        return None
    cut = min(cuts, key=lambda at: abs(at - len(stripped) / 2))
    first, second = stripped[:cut].strip(), stripped[cut:].strip()
    return (first, second) if _WORD.search(first) and _WORD.search(second) else None


def _is_mark(text: str, position: int) -> bool:
    return position < len(text) and unicodedata.category(text[position])[0] == "M"


@dataclass(frozen=True)
class QueryGenerator:
    """How queries are made. own_rows: the candidates are the corpus' rows, so that only queries are embedded."""

    label: str
    help: str
    own_rows: bool


QUERY_GENERATORS: dict[str, QueryGenerator] = {
    "halves": QueryGenerator(
        "First half finds second",
        "Each text is cut in two near its middle, at the end of a sentence if one is near; the first half must find "
        f"the second among other second halves. Texts of fewer than {MIN_WORDS} words are left out.",
        False,
    ),
    "columns": QueryGenerator(
        "One column finds another",
        "A row's text in one column, such as its title, must find the same row's text in another, such as its body.",
        False,
    ),
    "typos": QueryGenerator(
        "With typos", "A text with mistyped letters (one in 25, at least one) must find its own row.", True
    ),
    "reworded": QueryGenerator(
        "Reworded by rules",
        "A text in lower case, without stop words, with common English words replaced and the words in another order, "
        "must find its own row. No model writes anything.",
        True,
    ),
    "written": QueryGenerator(
        "Queries by a language model",
        "A language model writes what a person might type to find a text; the query must find that text's row. This "
        "favors embeddings that share the language model's vocabulary.",
        True,
    ),
}


def reworded(text: str, random: np.random.Generator) -> str | None:
    """The text in other words by rules, in lower case, without stop words, in another order; None where only the case
    would differ."""
    changed = text.lower()
    for kind in ("paraphrase", "stop_words", "word_order"):
        changed = PROBES[kind].change(changed, random) or changed
    changed = changed.lower()
    return changed if changed != text.lower() else None


SAMPLE, CANDIDATES = 500, 2_000  # unless the task says otherwise
MIN_QUERIES = 2  # queries


QuerySources = Iterator[tuple[str, int]]  # a query and the place of what it was made from


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
    generator_name = str(task.get("way"))
    if generator_name not in QUERY_GENERATORS:
        raise InputError(
            f"There is no way {generator_name[:40]!r} of making queries.", f"Known: {', '.join(QUERY_GENERATORS)}."
        )
    if generator_name == "columns":
        return _column_queries(corpus, task)
    texts = load_distinct_texts(corpus)
    if generator_name == "halves":
        return _half_queries(texts, task)
    sources = (
        _llm_queries(corpus, task) if generator_name == "written" else _edited_queries(texts, generator_name, task)
    )
    return _retrieval(sources, None, _facts(task, texts=len(texts)))


def sampling_order(count: int, task: Task) -> np.ndarray:
    """All places in the seeded order in which they are tried; a longer sample begins with the shorter one."""
    return np.random.default_rng(int(task.get("seed", 0))).permutation(count)


def _edited_queries(texts: list[str], generator_name: str, task: Task) -> QuerySources:
    change: Callable[[str, np.random.Generator], str | None] = (
        PROBES["typos"].change if generator_name == "typos" else reworded
    )
    for row in sampling_order(len(texts), task):
        query = change(texts[row], generator(texts[row], generator_name, int(task.get("seed", 0))))
        if query is not None:
            yield query, int(row)


def _llm_queries(corpus: CorpusRef, task: Task) -> QuerySources:
    yield from ((query, row) for row, query in written_queries(corpus, task).items())


def _half_queries(texts: list[str], task: Task) -> Retrieval:
    cut = ((row, halves(texts[row])) for row in sampling_order(len(texts), task))
    return _sampled_pairs(((both[0], both[1]) for _, both in cut if both is not None), task, texts=len(texts))


def _column_queries(corpus: CorpusRef, task: Task) -> Retrieval:
    """Where the answers are the corpus' own texts, all of them are candidates, as their vectors are there."""
    loaded, names = load_corpus(corpus), [str(task.get(name)) for name in ("question", "answer")]
    if names[0] == names[1]:
        raise InputError("The same column is chosen twice.", "Choose one column to ask with and another to find.")
    columns = [column_of(loaded.table, name, "the corpus") for name in names]
    usable = np.flatnonzero(np.logical_and.reduce([_has_text(column) for column in columns]))
    question, answer = (column.astype("str").tolist() for column in columns)
    rows = [
        int(row) for row in usable[sampling_order(len(usable), task)] if question[row].strip() != answer[row].strip()
    ]
    if answer == loaded.texts:
        codes = distinct_texts(loaded.texts)[0]
        facts = _facts(task, texts=len(loaded))
        return _retrieval(((question[row], int(codes[row])) for row in rows), None, facts)
    return _sampled_pairs(((question[row], answer[row]) for row in rows), task, texts=len(loaded))


def _sampled_pairs(pairs: Iterator[tuple[str, str]], task: Task, texts: int) -> Retrieval:
    """The first of these pairs are asked, the others' answers stand beside theirs as candidates."""
    limit = max(int(task.get("candidates", CANDIDATES)), int(task.get("sample", SAMPLE)))
    candidates: dict[str, int] = {}
    sources: list[tuple[str, int]] = []
    for query, answer in pairs:
        sources.append((query, candidates.setdefault(answer, len(candidates))))
        if len(candidates) >= limit:
            break
    return _retrieval(iter(sources), list(candidates), _facts(task, texts=texts, candidates_asked=limit))


def _retrieval(sources: QuerySources, candidates: list[str] | None, facts: dict[str, object]) -> Retrieval:
    """The first `sample` different queries; what else was made from the same words is an answer too."""
    sample = int(str(facts["sample"]))
    answers: dict[str, list[int]] = {}
    for query, row in sources:
        if query in answers or len(answers) < sample:
            answers.setdefault(query, []).append(row)
        elif candidates is None:
            break
    if len(answers) < MIN_QUERIES:
        raise InputError(
            f"Only {len(answers)} of {facts['texts']:,} texts could be made into a query this way.",
            "Choose another way, or bring more and longer texts.",
        )
    pairs = pd.DataFrame(
        [(query, row) for query, rows in enumerate(answers.values()) for row in rows], columns=["query", "answer"]
    ).drop_duplicates()
    query_of, answer_of = (pairs[name].to_numpy(np.int32) for name in ("query", "answer"))
    none = np.full(len(answers), -1, np.int64)
    units = np.arange(len(answers), dtype=np.int32)
    return Retrieval(list(answers), candidates, query_of, answer_of, np.ones(len(pairs)), none, units, facts)


def _has_text(column: pd.Series) -> np.ndarray:
    return (column.notna() & (column.astype("str").str.strip() != "")).to_numpy(bool)


def _facts(task: Task, **more: object) -> dict[str, object]:
    settings = {"way": task.get("way"), "sample": int(task.get("sample", SAMPLE)), "seed": int(task.get("seed", 0))}
    return settings | more
