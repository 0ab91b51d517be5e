"""Examples of queries that one contender answers right and another wrong, with the ranks of the relevant row."""

from dataclasses import dataclass

import numpy as np

from core.corpus.loaders import load_corpus
from core.scoreboard.pairs import read_pairs
from core.scoreboard.per_query import CELL, ContenderPair, candidate_cosines, label_rows, query_gaps, row_cosines
from core.scoreboard.service import ScoreboardQuery, load_scores, read_retrieval
from core.scoreboard.types import Scores
from core.stats.ranking_metrics import TIE

RIGHT = "precision_at_1"  # 1: the nearest row is relevant; 0: it is not; between where rows are tied


@dataclass(frozen=True)
class Example:
    """One query. relevant: the row that the contender which is right ranks first. ranks: of that row under the first
    and the second contender, from 1, among distinct texts. wrong: what the other contender ranks first. label,
    wrong_label: of the query and of that row; "" where the task has no labels.

    Of a sentence pair: query and relevant are its texts, ranks those by cosine, human_rank that by human score, else 0.
    """

    query: str
    relevant: str
    ranks: tuple[int, int]
    wrong: str = ""
    label: str = ""
    wrong_label: str = ""
    human_rank: int = 0


@dataclass(frozen=True)
class ContrastingQueries:
    """first, second: queries that only this contender answers right, of `total`; for pairs: those whose rank it puts
    nearer to the rank by human score. first_examples, second_examples: some of them, the largest differences first."""

    first: int
    second: int
    total: int
    first_examples: tuple[Example, ...]
    second_examples: tuple[Example, ...]


def contrasting_queries(query: ScoreboardQuery, pair: ContenderPair, count: int) -> ContrastingQueries | None:
    """At most `count` examples each way, by the stored scores; None where the task has none per query. Right: the
    nearest row is relevant (P@1 is 1); wrong: it is not (P@1 is 0). Raises InputError or StorageError where the texts
    are not there any more."""
    one, two = (load_scores(query, query.contenders[index]) for index in (pair.first, pair.second))
    sides = _right_and_wrong(one, two)
    if sides is None:
        return None
    first, second = sides
    find = (
        _pair_example if query.task.kind == "pairs" else _label_example if query.task.kind == "labels" else _hit_example
    )
    examples = []
    for is_right, swapped in ((first, False), (second, True)):
        numbers = _select(query, pair, one.units, is_right, count)
        examples.append(tuple(find(query, pair, int(number), swapped) for number in numbers))
    return ContrastingQueries(int(first.sum()), int(second.sum()), len(first), examples[0], examples[1])


def _right_and_wrong(one: Scores, two: Scores) -> tuple[np.ndarray, np.ndarray] | None:
    """(q,) bool: queries that only the first contender answers right, and only the second; None without scores per
    query."""
    if one.pairs is not None and two.pairs is not None:
        near, far = (np.abs(ranks(pairs[:, 0]) - ranks(pairs[:, 1])) for pairs in (one.pairs, two.pairs))
        return near < far, far < near
    if RIGHT not in one.per_query or RIGHT not in two.per_query:
        return None
    right, other = one.per_query[RIGHT], two.per_query[RIGHT]
    return (right == 1) & (other == 0), (other == 1) & (right == 0)


def ranks(values: np.ndarray) -> np.ndarray:
    """(q,) int ranks from 1 for the greatest; equal values share the best rank."""
    return np.searchsorted(np.sort(-values), -values) + 1


def _select(
    query: ScoreboardQuery, pair: ContenderPair, units: np.ndarray, is_right: np.ndarray, count: int
) -> np.ndarray:
    """Query numbers: the largest differences in the metric first, each text once, and each label once if there are
    enough."""
    numbers = np.flatnonzero(is_right)
    if (gaps := query_gaps(query, pair)) is not None:
        numbers = numbers[np.argsort(-np.abs(gaps[numbers]), kind="stable")]
    numbers = numbers[np.sort(np.unique(units[numbers], return_index=True)[1])]
    if query.task.kind == "labels":
        data = label_rows(query)
        firsts = np.unique(data.codes[data.queries[numbers]], return_index=True)[1]
        numbers = np.concatenate([numbers[np.sort(firsts)], np.delete(numbers, firsts)])
    return numbers[:count]


def _label_example(query: ScoreboardQuery, pair: ContenderPair, number: int, swapped: bool) -> Example:
    data, texts = label_rows(query), load_corpus(query.corpus).texts
    row = int(data.queries[number])
    cosines = [row_cosines(query, query.contenders[index], data, row) for index in (pair.first, pair.second)]
    right, wrong = _first_hits(cosines, swapped)
    # a text counts once, however many rows have it
    ahead = [np.unique(data.texts[values > values[right] + TIE]).size for values in cosines]
    return Example(
        texts[data.rows[row]][:CELL], texts[data.rows[right]][:CELL], (ahead[0] + 1, ahead[1] + 1),
        texts[data.rows[wrong]][:CELL], data.names[data.codes[row]], data.names[data.codes[wrong]],
    )  # fmt: skip


def _hit_example(query: ScoreboardQuery, pair: ContenderPair, number: int, swapped: bool) -> Example:
    retrieval, cosines, texts = read_retrieval(query.corpus, query.task), [], list[str]()
    for index in (pair.first, pair.second):
        values, texts = candidate_cosines(query, query.contenders[index], retrieval, number)
        cosines.append(values)
    right, wrong = _first_hits(cosines, swapped)
    ahead = [int((values > values[right] + TIE).sum()) for values in cosines]
    text = retrieval.queries[number][:CELL]
    return Example(text, texts[right][:CELL], (ahead[0] + 1, ahead[1] + 1), texts[wrong][:CELL])


def _first_hits(cosines: list[np.ndarray], swapped: bool) -> tuple[int, int]:
    """What the contender that is right ranks first, and what the other one does. swapped: the second is right."""
    right, wrong = (int(values.argmax()) for values in (cosines[::-1] if swapped else cosines))
    return right, wrong


def _pair_example(query: ScoreboardQuery, pair: ContenderPair, number: int, swapped: bool) -> Example:
    texts, by_cosine, human = read_pairs(query.corpus, query.task), [], 0
    for index in (pair.first, pair.second):
        pairs = load_scores(query, query.contenders[index]).pairs
        by_cosine.append(int(ranks(pairs[:, 0])[number]) if pairs is not None else 0)
        human = int(ranks(pairs[:, 1])[number]) if pairs is not None else 0
    first, second = texts.first[number][:CELL], texts.second[number][:CELL]
    return Example(first, second, (by_cosine[0], by_cosine[1]), human_rank=human)
