import numpy as np
import pytest

from core import recommend
from core.errors import InputError
from core.recommend.items import copy_codes
from core.recommend.profiles import PROFILES
from core.types import ModelSpec, Vectors, unit_rows


def test_similar_is_brute_force_without_the_given_rows_and_their_copies(vectors):
    rows = np.vstack([vectors.rows, vectors.rows[17]])
    copied = Vectors(rows, vectors.model, vectors.corpus)
    ids, scores = recommend.similar(copied, [17], k=5)
    cosines = vectors.rows @ vectors.rows[17]
    cosines[17] = -2
    assert ids.tolist() == np.argsort(-cosines)[:5].tolist()
    assert np.allclose(scores, cosines[ids], atol=1e-6)


def test_unlike_allowed_and_categories(vectors, topics):
    near, far = 0, 1
    query = vectors.rows[near] - 0.5 * vectors.rows[far]
    ids, _ = recommend.similar(vectors, [near], 4, unlike=[far], allowed=topics != 0)
    expected = np.argsort(-(vectors.rows @ query))
    assert ids.tolist() == [i for i in expected if topics[i] != 0 and i != far][:4]
    ids, scores = recommend.similar(vectors, [near], 6, categories=topics, max_per_category=1)
    assert sorted(topics[ids]) == list(range(6))
    assert (np.diff(scores) <= 0).all()
    ids, _ = recommend.similar(vectors, [near], 6, diversity=0.4, categories=topics, max_per_category=2)
    assert np.bincount(topics[ids]).max() <= 2


def test_diversity_spreads_the_list(vectors):
    def spread(diversity: float) -> float:
        ids, _ = recommend.similar(vectors, [0, 1], 8, diversity)
        assert len(set(ids.tolist())) == 8
        return float((vectors.rows[ids] @ vectors.rows[ids].T).mean())

    assert spread(0.9) < spread(0.0) - 0.1


@pytest.mark.parametrize("profile", PROFILES)
def test_lists_follow_tastes_without_what_was_seen(vectors, topics, histories_by_text, profile):
    lists = recommend.for_users(vectors, histories_by_text, k=5, profile=profile)
    assert list(lists) == list(histories_by_text)
    for user, (ids, scores) in lists.items():
        assert set(topics[ids]) == {topics[histories_by_text[user][0]]}
        assert not set(ids.tolist()) & set(histories_by_text[user])
        assert (np.diff(scores) <= 0).all()


def test_recent_follows_the_last_items_and_mean_the_most(vectors, topics):
    old, new = np.flatnonzero(topics == 0)[:30].tolist(), np.flatnonzero(topics == 1)[:6].tolist()
    for profile, expected in (("recent", 1), ("mean", 0)):
        ids = recommend.for_users(vectors, {"u": old + new}, k=3, profile=profile)["u"].ids
        assert set(topics[ids]) == {expected}


def test_max_and_clusters_serve_both_of_two_tastes(vectors, topics):
    history = [*np.flatnonzero(topics == 0)[:6], *np.flatnonzero(topics == 3)[:6]]
    for profile in ("max", "clusters"):
        ids = recommend.for_users(vectors, {"u": history}, k=20, profile=profile)["u"].ids
        assert set(topics[ids]) == {0, 3}


def test_edge_histories(vectors):
    everything = list(range(len(vectors)))
    lists = recommend.for_users(vectors, {"all": everything, "none": [], "one": [3]}, k=4)
    assert [len(lists[user].ids) for user in ("all", "none", "one")] == [0, 0, 4]
    seen = recommend.for_users(vectors, {"one": [3]}, k=1, exclude_seen=False)["one"]
    assert seen.ids.tolist() == [3]


def test_bad_input_is_refused(vectors):
    for call in (
        lambda: recommend.similar(vectors, []),
        lambda: recommend.similar(vectors, [len(vectors)]),
        lambda: recommend.similar(vectors, [0], 0),
        lambda: recommend.similar(vectors, [0], diversity=2),
        lambda: recommend.similar(vectors, [0], max_per_category=1),
        lambda: recommend.similar(vectors, [0], unlike=[0], allowed=[len(vectors)]),
        lambda: recommend.for_users(vectors, {"u": [0]}, profile="best"),
    ):
        with pytest.raises(InputError):
            call()


def test_copies_have_one_code():
    rows = unit_rows(np.array([[1, 0], [0, 1], [1, 0]], np.float32))
    codes = copy_codes(Vectors(rows, ModelSpec("imported", "x"), "0" * 16).rows)
    assert codes[0] == codes[2] != codes[1]
