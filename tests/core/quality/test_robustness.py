"""Noise and changed words: nothing moves where nothing changed, more noise moves more."""

import numpy as np
import pytest

from core.corpus.text_edits import TEXT_EDITS, edit_text
from core.errors import InputError
from core.quality import robustness
from core.quality.robustness import SIZES, EditedTexts, edit_texts, measure_edits, measure_noise
from tests.core.quality.conftest import space_of

TEXTS = [f"I don't think that order {i} was the right size for my {kind}." for i in range(40) for kind in "abcde"]


def test_more_noise_costs_more(labeled):
    result = measure_noise(labeled[0])
    cosines, churn = ([value.value for value in values] for values in (result.cosine, result.churn))
    assert (np.diff(cosines) < 0).all()
    assert (np.diff(churn) > 0).all()
    for size, cosine in zip(SIZES, cosines, strict=True):
        assert cosine == pytest.approx(1 / np.sqrt(1 + size**2), abs=0.05)
    assert 0 < churn[0] < churn[-1] <= 1
    assert result.texts == 200
    assert all(item.low <= item.value <= item.high for item in result.churn)


def test_of_very_many_texts_some_are_searched(labeled, monkeypatch):
    space, _ = labeled
    assert measure_noise(space).searched == 400
    monkeypatch.setattr(robustness, "MAX_SEARCHED", 120)
    result = measure_noise(space)
    assert (result.texts, result.searched, result.total) == (120, 120, 400)
    full_search = space_of(space.take(space.sample(120)))
    assert result.churn[3].value == measure_noise(full_search).churn[3].value


def test_a_tightly_packed_space_loses_more_to_the_same_noise(labeled):
    space, _ = labeled
    packed = space_of(np.hstack([space.vectors, np.full((400, 1), 3.0)]))
    for loose, tight in zip(measure_noise(space).churn[1:], measure_noise(packed).churn[1:], strict=True):
        assert tight.value > loose.value


def test_texts_are_changed_by_each_probe_and_the_same_each_time():
    edits, again = edit_texts(TEXTS, 30), edit_texts(TEXTS, 30)
    assert edits == again
    assert edits.probes == tuple(TEXT_EDITS)
    for probe, text_ids, texts in zip(edits.probes, edits.text_ids, edits.texts, strict=True):
        assert len(text_ids) == len(texts) <= 30
        for text_id, text in zip(text_ids, texts, strict=True):
            assert text == edit_text(TEXTS[text_id], probe, 0) != TEXTS[text_id]
    typos = edits.probes.index("typos")
    assert len(edits.text_ids[typos]) == 30
    assert edits.tried[typos] == 30


def test_texts_a_probe_cannot_change_are_passed_over():
    texts = [f"plain words {'x' * i}" for i in range(1, 60)] + ["the 7 of them"]
    edits = edit_texts(texts, 30)
    numbers = edits.probes.index("numbers")
    assert edits.text_ids[numbers] == (59,)
    assert edits.tried[numbers] == 60
    with pytest.raises(InputError):
        edit_texts(["", "  "], 30)


def test_edit_effects_are_that_of_brute_force(labeled):
    space, _ = labeled
    generator = np.random.default_rng(1)
    text_ids = ((3, 50, 7), (399, 3), ())
    changes = EditedTexts(("typos", "numbers", "case"), text_ids, (("a", "b", "c"), ("d", "e"), ()), (3, 2, 0))
    excluded = np.array([3, 50, 7, 399, 3])
    effects = space.vectors[excluded] + 0.15 * generator.normal(size=(5, 16)).astype(np.float32)
    effects[1] = space.vectors[50]  # a change that the model does not see
    effects /= np.linalg.norm(effects, axis=1, keepdims=True)
    result = measure_edits(space, changes, effects.astype(np.float32))
    assert set(result) == {"typos", "numbers"}
    drop = np.concatenate([result["typos"].drop, result["numbers"].drop])
    churn = np.concatenate([result["typos"].churn, result["numbers"].churn])
    np.testing.assert_allclose(drop, 1 - np.sum(space.vectors[excluded] * effects, axis=1), atol=1e-5)
    for at, text_id in enumerate(excluded):
        lists = [
            np.argsort(-np.delete(space.vectors, text_id, 0) @ query)[:10]
            for query in (space.vectors[text_id], effects[at])
        ]
        assert churn[at] == pytest.approx(1 - len(set(lists[0]) & set(lists[1])) / 10)
    assert drop[1] == pytest.approx(0, abs=1e-6)
    assert churn[1] == 0
    assert churn.max() > 0
