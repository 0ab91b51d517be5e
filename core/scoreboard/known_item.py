"""The task "known_item": queries generated from the corpus itself, each of which must retrieve its source text.

Weaker evidence than human judgments: it tests whether a text is retrieved again, not whether similar ones are.
Halves follow the inverse cloze task (Lee, Chang and Toutanova 2019).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.corpus.keyword import SPACELESS
from core.corpus.loaders import load_corpus, load_distinct_texts
from core.corpus.text_edits import TEXT_EDITS, edit_generator, reworded
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.scoreboard.llm_queries import written_queries
from core.scoreboard.retrieval import Retrieval, score_retrieval
from core.scoreboard.task_tables import column_of, has_text
from core.scoreboard.types import Scores, Task
from core.secret import Secret
from core.types import CorpusRef, Progress
from core.vectors.contenders import Contender

SAMPLE, CANDIDATES = 500, 2_000  # unless the task says otherwise
MIN_QUERIES = 2
MIN_WORDS = 8
_WORD = re.compile(rf"[{SPACELESS}]|[^\W{SPACELESS}]+")
_SENTENCE_END = re.compile("[.!?…]+[\"'”’)]*(?=\\s)|[。！？]+[”’」』）]*|\n+")
_GAP = re.compile(rf"\s+|(?<=[{SPACELESS}])(?=[{SPACELESS}])")
_NEAR = (1 / 3, 2 / 3)  # of the text: where the end of a sentence may be the cut
QuerySources = Iterator[tuple[str, int]]  # a query and the position of its source text


@dataclass(frozen=True)
class QueryGenerator:
    """How queries are generated. searches_corpus: the candidates are the corpus' rows; only queries are embedded."""

    label: str
    help: str
    searches_corpus: bool


QUERY_GENERATORS: dict[str, QueryGenerator] = {
    "halves": QueryGenerator(
        "First half retrieves second half",
        "Each text is cut in two near its middle, at the end of a sentence if one is near; the first half must "
        f"retrieve the second among other second halves. Texts of fewer than {MIN_WORDS} words are left out.", False),
    "columns": QueryGenerator(
        "One column retrieves another", "One column of a row, such as its title, must retrieve another.", False),
    "typos": QueryGenerator("Typos", "A text with mistyped letters (one in 25) must retrieve its own row.", True),
    "reworded": QueryGenerator(
        "Paraphrased by rules",
        "A text without stop words, with common English words replaced and reordered, must retrieve its own row.",
        True),
    "written": QueryGenerator(
        "Queries by a language model",
        "A language model writes what a person might type to find a text; the query must retrieve that row. This "
        "favors embeddings that share the language model's vocabulary.", True),
}  # fmt: skip


def score_known_item(
    corpus: CorpusRef, contender: Contender, task: Task, secret: Secret | None = None, progress: Progress | None = None
) -> Scores:
    """Scores of a contender: nDCG@10, MRR@10, P@1, recall@1, @10 and @100, one value per query. A copy of the target
    text counts as that text. Raises InputError where no queries can be generated, ModelError for contenders that can't
    embed them."""
    return score_retrieval(corpus, contender, read_known_item(corpus, task), secret, progress)


@lru_cache(maxsize=4)
def read_known_item(corpus: CorpusRef, task: Task) -> Retrieval:
    """The task's queries and their relevant texts. params: generator (of QUERY_GENERATORS), sample (queries), seed;
    candidates (at most, where they are not the corpus' rows); question and answer (columns) for "columns"; chat,
    server, written for "written". Raises InputError."""
    name = str(task.get("generator"))
    if name not in QUERY_GENERATORS:
        raise InputError(f"There is no query generator {name[:40]!r}.", f"Available: {', '.join(QUERY_GENERATORS)}.")
    if name == "columns":
        return _column_queries(corpus, task)
    texts = load_distinct_texts(corpus)
    facts = _facts(task, len(texts))
    if name == "halves":
        cuts = (halves(texts[row]) for row in sampling_order(len(texts), task))
        return _sampled_pairs((cut for cut in cuts if cut is not None), task, texts=len(texts))
    if name == "written":
        return _retrieval(((query, row) for row, query in written_queries(corpus, task).items()), None, facts)
    return _retrieval(_edited_queries(texts, name, task), None, facts)


def halves(text: str) -> tuple[str, str] | None:
    """The two halves, without the space between them; None for a text of fewer than MIN_WORDS words (characters, in
    scripts without spaces), or one with words on one side only."""
    if len(_WORD.findall(text)) < MIN_WORDS:
        return None
    stripped = text.strip()
    ends = [match.end() for match in _SENTENCE_END.finditer(stripped)]
    sentence_ends = [at for at in ends if _NEAR[0] <= at / len(stripped) <= _NEAR[1]]
    cuts = sentence_ends or [match.start() for match in _GAP.finditer(stripped) if not _is_mark(stripped, match.end())]
    if not cuts:
        return None
    cut = min(cuts, key=lambda at: abs(at - len(stripped) / 2))
    first, second = stripped[:cut].strip(), stripped[cut:].strip()
    return (first, second) if _WORD.search(first) and _WORD.search(second) else None


def sampling_order(count: int, task: Task) -> np.ndarray:
    """Positions in seeded order; a longer sample begins with the shorter one."""
    return np.random.default_rng(int(task.get("seed", 0))).permutation(count)


def _edited_queries(texts: list[str], name: str, task: Task) -> QuerySources:
    change = TEXT_EDITS["typos"].change if name == "typos" else reworded
    for row in sampling_order(len(texts), task):
        query = change(texts[row], edit_generator(texts[row], name, int(task.get("seed", 0))))
        if query is not None:
            yield query, int(row)


def _column_queries(corpus: CorpusRef, task: Task) -> Retrieval:
    """Where the answers are the corpus' own texts, all of them are candidates, as their vectors are there."""
    loaded, names = load_corpus(corpus), [str(task.get(name)) for name in ("question", "answer")]
    if names[0] == names[1]:
        raise InputError("The same column is selected twice.", "Select one for the query, another for the target.")
    columns = [column_of(loaded.table, name, "the corpus") for name in names]
    usable = np.flatnonzero(np.logical_and.reduce([has_text(column) for column in columns]))
    question, answer = (column.astype("str").tolist() for column in columns)
    sample = usable[sampling_order(len(usable), task)]
    rows = [int(row) for row in sample if question[row].strip() != answer[row].strip()]
    if answer == loaded.texts:
        codes = distinct_texts(loaded.texts)[0]
        return _retrieval(((question[row], int(codes[row])) for row in rows), None, _facts(task, len(loaded)))
    return _sampled_pairs(((question[row], answer[row]) for row in rows), task, texts=len(loaded))


def _sampled_pairs(pairs: Iterator[tuple[str, str]], task: Task, texts: int) -> Retrieval:
    """The first of these pairs become queries; the answers of all are candidates."""
    limit = max(int(task.get("candidates", CANDIDATES)), int(task.get("sample", SAMPLE)))
    candidates: dict[str, int] = {}
    sources: list[tuple[str, int]] = []
    for query, answer in pairs:
        sources.append((query, candidates.setdefault(answer, len(candidates))))
        if len(candidates) >= limit:
            break
    return _retrieval(iter(sources), list(candidates), _facts(task, texts))


def _retrieval(sources: QuerySources, candidates: list[str] | None, facts: dict[str, object]) -> Retrieval:
    """The first `sample` distinct queries; every text that gave the same query is relevant."""
    sample = int(str(facts["sample"]))
    answers: dict[str, list[int]] = {}
    for query, row in sources:
        if query in answers or len(answers) < sample:
            answers.setdefault(query, []).append(row)
        elif candidates is None:
            break
    if len(answers) < MIN_QUERIES:
        remedy = "Select another query generator, or use a corpus of more and longer texts."
        raise InputError(f"Only {len(answers)} of {facts['texts']:,} texts give a query.", remedy)
    pairs = dict.fromkeys((query, row) for query, rows in enumerate(answers.values()) for row in rows)
    query_of, answer_of = np.array(list(pairs), np.int32).T
    none, units = np.full(len(answers), -1, np.int64), np.arange(len(answers), dtype=np.int32)
    return Retrieval(list(answers), candidates, query_of, answer_of, np.ones(len(pairs)), none, units, facts)


def _facts(task: Task, texts: int) -> dict[str, object]:
    sample, seed = int(task.get("sample", SAMPLE)), int(task.get("seed", 0))
    return {"generator": task.get("generator"), "sample": sample, "seed": seed, "texts": texts}


def _is_mark(text: str, position: int) -> bool:
    return position < len(text) and unicodedata.category(text[position])[0] == "M"
