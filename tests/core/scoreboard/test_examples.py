"""Examples of queries that one contender answers right and the other wrong: chosen and ranked as brute force does."""

import numpy as np
import pandas as pd
import pytest

from core.scoreboard.examples import contrasting_queries
from core.scoreboard.per_query import ContenderPair
from core.scoreboard.results import SCORES
from core.scoreboard.service import ScoreboardQuery, load_scores
from core.scoreboard.task_tables import import_tables
from core.scoreboard.types import Task
from core.store import Workspace
from core.types import CorpusRef
from core.vectors.contenders import Contender, contender_rows
from tests.core.scoreboard.small_corpus import STORIES, THINGS, bring, imported, make, texts_of

BOTH = ContenderPair(0, 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Forty texts and two copies of the first; two contenders that know the thing, with noise, and the lexical."""
    texts, things = texts_of() + texts_of()[:1] * 2, [*THINGS] * len(STORIES) + [THINGS[0]] * 2
    folder, digest, lexical = make(tmp_path_factory.mktemp("examples"), texts, thing=things)
    random = np.random.default_rng(0)
    centers = dict(zip(THINGS, random.normal(size=(len(THINGS), 24)), strict=True))
    noisy = []
    for name, amount in (("one", 1.3), ("two", 1.5)):
        noise = dict(zip(texts_of(), amount * random.normal(size=(40, 24)), strict=True))
        rows = np.array([centers[thing] + noise[text] for text, thing in zip(texts, things, strict=True)])
        noisy.append(imported(folder, digest, rows, name))
    return CorpusRef(folder, digest), (*noisy, lexical), texts, np.array(things)


def scored(corpus, contenders, task, metric):
    query = ScoreboardQuery(corpus, tuple(contenders), task, metric)
    for contender in contenders:
        SCORES.get_or_compute(query.scores_query(contender))
    return query


@pytest.mark.parametrize("metric", ["map_at_r", "v_measure"])
def test_labels_are_ranked_as_by_brute_force(shop, metric):
    corpus, (*contenders, _), texts, things = shop
    query = scored(corpus, contenders, Task.of("labels", column="thing"), metric)
    right, ranked = [], []
    for contender in contenders:
        vectors = contender_rows(corpus, contender)
        similar = vectors @ vectors.T
        similar[np.array(texts)[:, None] == np.array(texts)] = -2
        right.append(things[similar.argmax(axis=1)] == things)
        ranked.append(similar)
    examples = contrasting_queries(query, BOTH, 100)
    assert examples.first == (right[0] & ~right[1]).sum() > 0
    assert examples.second == (right[1] & ~right[0]).sum() > 0
    assert examples.total == len(texts)
    for side, shown in enumerate((examples.first_examples, examples.second_examples)):
        rows = [texts.index(example.query) for example in shown]
        assert sorted(rows) == sorted({texts.index(texts[i]) for i in np.flatnonzero(right[side] & ~right[1 - side])})
        for row, example in zip(rows, shown, strict=True):
            target = texts.index(example.relevant)
            assert example.label == things[row] == things[target]
            assert example.ranks[side] == 1 < example.ranks[1 - side]
            for rank, similar in zip(example.ranks, ranked, strict=True):
                ahead = {texts[other] for other in np.flatnonzero(similar[row] > similar[row, target] + 1e-6)}
                assert rank == len(ahead) + 1
            assert texts.index(example.wrong) == ranked[1 - side][row].argmax()
            assert example.wrong_label != example.label


def test_few_examples_have_different_labels(shop):
    corpus, (*contenders, _), *_ = shop
    query = scored(corpus, contenders, Task.of("labels", column="thing"), "map_at_r")
    every, few = (contrasting_queries(query, BOTH, count) for count in (100, 3))
    labels = [example.label for example in few.first_examples]
    assert len(labels) == min(3, len(every.first_examples))
    assert len(set(labels)) == min(3, len({example.label for example in every.first_examples}))
    assert (few.first, few.second) == (every.first, every.second)


def test_queries_are_ranked_among_their_candidates(shop):
    corpus, (*_, lexical), *_ = shop
    contenders = (lexical, Contender(lexical.model, 16))
    task = Task.of("known_item", generator="typos", sample=30, seed=0)
    query = scored(corpus, contenders, task, "recall_at_10")
    first = [load_scores(query, contender).per_query["precision_at_1"] for contender in contenders]
    examples = contrasting_queries(query, BOTH, 50)
    assert examples.first == ((first[0] == 1) & (first[1] == 0)).sum() > 0
    for example in examples.first_examples:
        assert example.ranks[0] == 1 < example.ranks[1] <= 40
        assert example.wrong != example.relevant
        assert example.label == ""


def test_pairs_are_compared_by_their_ranks(shop):
    corpus, (*_, lexical), *_ = shop
    texts = texts_of()
    table = pd.DataFrame({"one": texts[:8], "two": texts[8:16], "score": [4, 1, 3, 0, 2, 5, 6, 7]})
    (stored,) = import_tables(corpus, (bring(corpus.folder, "pairs.csv", table.to_csv(index=False)),), False)
    task = Task.of("pairs", file=stored.key, first="one", second="two", score="score")
    contenders = (lexical, Contender(lexical.model, 4))
    query = scored(corpus, contenders, task, "spearman")
    cosines = [load_scores(query, contender).pairs[:, 0] for contender in contenders]
    ranks = [1 + (values[:, None] < values).sum(axis=1) for values in cosines]
    human = 1 + (table["score"].to_numpy()[:, None] < table["score"].to_numpy()).sum(axis=1)
    nearer = np.abs(ranks[0] - human) < np.abs(ranks[1] - human)
    examples = contrasting_queries(query, BOTH, 50)
    assert examples.first == nearer.sum()
    assert {example.query for example in examples.first_examples} == set(np.array(texts[:8])[nearer])
    for example in (*examples.first_examples, *examples.second_examples):
        row = texts.index(example.query)
        assert (*example.ranks, example.human_rank) == (ranks[0][row], ranks[1][row], human[row])


def test_identical_contenders_have_none(shop):
    corpus, (mine, *_), *_ = shop
    rows = np.array(Workspace(corpus.folder).load_vectors(corpus.digest, mine.model).rows)
    copy = imported(corpus.folder, corpus.digest, rows, "copy")
    query = scored(corpus, (mine, copy), Task.of("labels", column="thing"), "map_at_r")
    examples = contrasting_queries(query, BOTH, 3)
    assert (examples.first, examples.second, examples.first_examples) == (0, 0, ())
