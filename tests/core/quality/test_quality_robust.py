"""Noise and changed words: nothing moves where nothing changed, more noise moves more."""

import numpy as np
import pytest

from core.corpus.text_edits import TEXT_EDITS, edit_text
from core.errors import InputError
from core.quality import noise
from core.quality.edit_robustness import Changed, change_texts, measure_moved
from core.quality.noise import SIZES, measure_noise
from tests.core.quality.conftest import space_of

TEXTS = [f"I don't think that order {i} was the right size for my {kind}." for i in range(40) for kind in "abcde"]


def test_more_noise_costs_more(labeled):
    found = measure_noise(labeled[0])
    cosines, churn = ([value.value for value in values] for values in (found.cosine, found.churn))
    assert (np.diff(cosines) < 0).all()
    assert (np.diff(churn) > 0).all()
    for size, cosine in zip(SIZES, cosines, strict=True):
        assert cosine == pytest.approx(1 / np.sqrt(1 + size**2), abs=0.05)
    assert 0 < churn[0] < churn[-1] <= 1
    assert found.texts == 200
    assert all(each.low <= each.value <= each.high for each in found.churn)


def test_of_very_many_texts_some_are_searched(labeled, monkeypatch):
    space, _ = labeled
    assert measure_noise(space).among == 400
    monkeypatch.setattr(noise, "AMONG", 120)
    found = measure_noise(space)
    assert (found.texts, found.among, found.total) == (120, 120, 400)
    alone = space_of(space.take(space.sample(120)))
    assert found.churn[3].value == measure_noise(alone).churn[3].value


def test_a_tightly_packed_space_loses_more_to_the_same_noise(labeled):
    space, _ = labeled
    packed = space_of(np.hstack([space.vectors, np.full((400, 1), 3.0)]))
    for loose, tight in zip(measure_noise(space).churn[1:], measure_noise(packed).churn[1:], strict=True):
        assert tight.value > loose.value


def test_texts_are_changed_by_each_probe_and_the_same_each_time():
    made, again = change_texts(TEXTS, 30), change_texts(TEXTS, 30)
    assert made == again
    assert made.probes == tuple(TEXT_EDITS)
    for probe, places, texts in zip(made.probes, made.places, made.texts, strict=True):
        assert len(places) == len(texts) <= 30
        for place, text in zip(places, texts, strict=True):
            assert text == edit_text(TEXTS[place], probe, 0) != TEXTS[place]
    typos = made.probes.index("typos")
    assert len(made.places[typos]) == 30
    assert made.tried[typos] == 30


def test_texts_a_probe_cannot_change_are_passed_over():
    texts = [f"plain words {'x' * i}" for i in range(1, 60)] + ["the 7 of them"]
    made = change_texts(texts, 30)
    numbers = made.probes.index("numbers")
    assert made.places[numbers] == (59,)
    assert made.tried[numbers] == 60
    with pytest.raises(InputError):
        change_texts(["", "  "], 30)


def test_moved_is_that_of_brute_force(labeled):
    space, _ = labeled
    generator = np.random.default_rng(1)
    places = ((3, 50, 7), (399, 3), ())
    changes = Changed(("typos", "numbers", "case"), places, (("a", "b", "c"), ("d", "e"), ()), (3, 2, 0))
    own = np.array([3, 50, 7, 399, 3])
    moved = space.vectors[own] + 0.15 * generator.normal(size=(5, 16)).astype(np.float32)
    moved[1] = space.vectors[50]  # a change that the model does not see
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    found = measure_moved(space, changes, moved.astype(np.float32))
    assert set(found) == {"typos", "numbers"}
    drop = np.concatenate([found["typos"].drop, found["numbers"].drop])
    churn = np.concatenate([found["typos"].churn, found["numbers"].churn])
    np.testing.assert_allclose(drop, 1 - np.sum(space.vectors[own] * moved, axis=1), atol=1e-5)
    for at, place in enumerate(own):
        lists = [
            np.argsort(-np.delete(space.vectors, place, 0) @ query)[:10] for query in (space.vectors[place], moved[at])
        ]
        assert churn[at] == pytest.approx(1 - len(set(lists[0]) & set(lists[1])) / 10)
    assert drop[1] == pytest.approx(0, abs=1e-6)
    assert churn[1] == 0
    assert churn.max() > 0
