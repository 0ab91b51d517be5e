"""Contested cases, kept votes, and what they say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.disagreement.triplets import FAR, MARGIN, NEAR, contested, same_wording, shown_first
from core.disagreement.votes import Vote, add_vote, clear_votes, load_votes, outcome, take_back
from core.errors import InputError, StorageError
from core.files import write_json
from core.stats.proportions import wilson
from core.store import Workspace
from core.types import Roles
from tests.core.disagreement.conftest import exact_graph

ONE = Vote("a", "b", 0, 1, 2, "first")


def test_cases_are_contested_by_both_with_a_margin(random_rows):
    graphs = tuple(exact_graph(rows, 60) for rows in random_rows)
    texts = np.arange(300)
    texts[150:200] = texts[100:150]
    texts = pd.factorize(texts)[0]
    spreads = tuple(float((rows[:100] @ rows[100:200].T).std()) for rows in random_rows)
    made = contested(graphs, random_rows, texts, spreads)
    assert len(made) > 100
    assert made.tried == made.texts == 250
    a, b = (rows.astype(np.float64) @ rows.T.astype(np.float64) for rows in random_rows)
    x, y, anchor = made.near_first, made.near_second, made.anchor
    assert (a[anchor, x] - a[anchor, y] >= MARGIN * spreads[0] - 1e-6).all()
    assert (b[anchor, y] - b[anchor, x] >= MARGIN * spreads[1] - 1e-6).all()
    assert (texts[x] != texts[y]).all()
    assert (texts[x] != texts[anchor]).all()
    for i in range(0, len(made), 20):
        own, other = (list(dict.fromkeys(texts[graph[anchor[i]]])) for graph in graphs)
        own, other = ([text for text in each if text != texts[anchor[i]]] for each in (own, other))
        assert texts[x[i]] in own[:NEAR]
        assert texts[x[i]] not in other[:FAR]
        assert texts[y[i]] in other[:NEAR]
        assert texts[y[i]] not in own[:FAR]


def test_the_other_order_of_contenders_asks_the_same(random_rows):
    graphs = tuple(exact_graph(rows, 60) for rows in random_rows)
    made = contested(graphs, random_rows, np.arange(300), (0.1, 0.1))
    turned = contested(graphs[::-1], random_rows[::-1], np.arange(300), (0.1, 0.1))
    assert (made.anchor == turned.anchor).all()
    assert (made.near_first == turned.near_second).all()


def test_a_model_beside_itself_contests_nothing(random_rows):
    graph, rows = exact_graph(random_rows[0], 60), random_rows[0]
    assert not len(contested((graph, graph), (rows, rows), np.arange(300), (0.1, 0.1)))


def test_sides_tell_nothing():
    first = [shown_first(anchor, 3 * anchor + 1, 3 * anchor + 2) for anchor in range(2_000)]
    assert 0.45 < np.mean(first) < 0.55
    assert all(shown_first(a, 5 + a, 9_000) != shown_first(a, 9_000, 5 + a) for a in range(50))


def test_same_wording():
    assert same_wording("How are you?", "how  ARE you")
    assert not same_wording("How are you?", "How were you?")


@pytest.fixture
def workspace(tmp_path):
    raw = RawTable(pd.DataFrame({"text": [f"row {i}" for i in range(9)]}), (), (), None, "")
    made = Workspace(tmp_path)
    return made, made.save_corpus(build_corpus(raw, Roles("{text}"), name="c").corpus).digest


def test_votes_are_kept_and_can_be_taken_back(workspace):
    where = workspace
    add_vote(*where, ONE)
    add_vote(*where, replace(ONE, anchor=4))
    assert [vote.anchor for vote in load_votes(*where)] == [0, 4]
    assert load_votes(*where)[0].made > 0
    turned = Vote("b", "a", 0, 2, 1, "none")
    assert [vote.choice for vote in add_vote(*where, turned)] == ["first", "none"]
    assert [vote.anchor for vote in take_back(*where)] == [4]
    add_vote(*where, replace(ONE, second="c"))
    assert [vote.second for vote in clear_votes(*where, ["a", "b"])] == ["c"]


def test_bad_votes_are_refused_and_broken_files_are_none(workspace):
    space, corpus = workspace
    for wrong in (replace(ONE, anchor=9), replace(ONE, choice="both"), replace(ONE, near_second=1)):
        with pytest.raises(InputError):
            add_vote(space, corpus, wrong)
    with pytest.raises(StorageError):
        add_vote(space, "0" * 16, ONE)
    path = space.result_folder("votes", corpus, {"votes": "blind"}) / "votes.json"
    write_json(path, {"votes": [{"first": "a"}, "x", vars(ONE)]})
    assert load_votes(space, corpus) == [ONE]
    path.write_text("{")
    assert load_votes(space, corpus) == []


def test_two_contenders_have_wilsons_interval():
    votes = (
        [ONE] * 14 + [replace(ONE, choice="second")] * 6 + [replace(ONE, choice="none"), replace(ONE, choice="skip")]
    )
    told = outcome(votes, ["b", "a"])
    assert told.decided == 20
    assert (told.undecided, told.skipped) == (1, 1)
    assert told.share.tolist() == [0.3, 0.7]
    _, low, high = wilson(np.array([14]), np.array([20]))
    assert told.low[1] == low[0]
    assert told.high[1] == high[0]
    assert outcome([ONE], ["a", "c"]).decided == 0
    assert np.isnan(outcome([], ["a", "b"]).share).all()
