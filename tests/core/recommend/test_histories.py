import numpy as np
import pandas as pd
import pytest

from core import recommend
from core.errors import InputError
from core.types import Corpus, Roles


@pytest.fixture
def corpus() -> Corpus:
    table = pd.DataFrame({"sku": ["a", "b", "c", "c"], "readers": ['["Ann", "Bo"]', '["Bo"]', '["Cy"]', None]})
    return Corpus("items", table, ["one", "two", "three", "four"], Roles(text="{sku}", id="sku"), "0" * 16)


EVENTS = pd.DataFrame({
    "who": ["Ann", "Bo", "Ann", "Cy, Jr.", None, "Bo", "Bo"],
    "sku": ["b", "a", " a ", "c", "a", "z", None],
    "when": ["2026-02-01", "2026-01-01", "2026-01-05", "soon", "2026-01-01", "2026-01-02", "2026-01-03"],
    "stars": [5, 2, 4, 3, 5, 1, 1],
})  # fmt: skip


def listed(histories) -> dict[str, list[int]]:
    return {name: histories.rows[histories.events(i)].tolist() for i, name in enumerate(histories.users)}


def test_events_are_joined_by_key_and_ordered_by_time(corpus):
    histories = recommend.read_histories(EVENTS, corpus, user="who", item="sku", time="when", weight="stars")
    assert listed(histories) == {"Ann": [0, 1], "Bo": [0]}
    assert histories.weights.tolist() == [4, 5, 2]
    notes = " ".join(histories.notes)
    assert "does not have: 1, such as z." in notes
    assert "without an item: 1" in notes
    assert "Rows without a user: 1" in notes
    assert "without any usable event: 1" in notes
    assert 'readable time in "when": 1' in notes
    assert 'repeat a value of "sku": 1' in notes


def test_without_times_rows_are_in_order_and_names_are_not_split(corpus):
    histories = recommend.read_histories(EVENTS, corpus, user="who", item="sku")
    assert listed(histories) == {"Ann": [1, 0], "Bo": [0], "Cy, Jr.": [2]}
    assert histories.times is None


def test_low_ratings_are_seen_but_not_liked(corpus):
    histories = recommend.read_histories(EVENTS, corpus, user="who", item="sku", weight="stars", min_weight=4)
    assert histories.is_liked.tolist() == [True, True, False, False]


def test_constant_ratings_and_no_ratings_are_reported(corpus):
    events = EVENTS.assign(stars=[3] * 6 + [0])
    notes = recommend.read_histories(events, corpus, user="who", item="sku", weight="stars").notes
    assert any("are equal" in note for note in notes)
    assert any("without a number above 0" in note for note in notes)


def test_rows_of_the_corpus_name_their_users(corpus):
    histories = recommend.read_histories(corpus.table, corpus, user="readers")
    assert listed(histories) == {"Ann": [0], "Bo": [0, 1], "Cy": [2]}


def test_zoned_times_and_select_keep_their_users(corpus):
    events = EVENTS.assign(when=pd.to_datetime("2026-01-01", utc=True) + pd.to_timedelta(range(7)[::-1], "D"))
    histories = recommend.read_histories(events, corpus, user="who", item="sku", time="when")
    part = histories.select(np.array([True, False, True, True]))
    assert part.users == histories.users
    assert listed(part)["Ann"] == [0]
    assert histories.times is not None
    assert (np.diff(histories.times[histories.events(0)]) > 0).all()


def test_bad_input_is_refused(corpus):
    for arguments, message in (
        ({"user": "nobody", "item": "sku"}, "no column"),
        ({"user": "who", "item": "sku", "key": "missing"}, "no column of item IDs"),
        ({"user": "who", "item": "stars"}, "No event"),
        ({"user": "who"}, "not the corpus' own"),
    ):
        with pytest.raises(InputError, match=message):
            recommend.read_histories(EVENTS, corpus, **arguments)
    for histories in ({}, {"Ann": [0, 9]}, {"Ann": [-1]}):
        with pytest.raises(InputError):
            recommend.as_histories(histories, 4)
