"""A planted change of use is detected, and words that did not change are not."""

import numpy as np
import pytest

from core.errors import InputError
from core.word_vectors.changes import ChangeSettings, measure_changes, ppmi

SETTINGS = ChangeSettings(min_count=8, permutations=39)
TOPICS = ("fruit", "screen", "sport", "garden")
NAMES = ["ab", "ec", "id", "of", "ug", "ash", "ell", "int", "orn", "ump"]


def periods(seed: int, changed: bool = True) -> tuple[list[list[str]], np.ndarray]:
    """600 texts of four topics. "apple" is among fruit before and among screens after; "steady" always in gardens."""
    random = np.random.default_rng(seed)
    tokens, is_after = [], np.arange(600) % 3 == 0
    for after in is_after:
        topic = TOPICS[random.integers(4)]
        text = [f"{topic}{name}" for name in random.choice(NAMES, 6)]
        if topic == ("screen" if after and changed else "fruit") and random.random() < 0.6:
            text.insert(3, "apple")
        if topic == "garden" and random.random() < 0.6:
            text.insert(2, "steady")
        tokens.append(text)
    return tokens, is_after


def test_a_planted_change_is_listed_alone_with_its_evidence():
    seen = []
    changes = measure_changes(*periods(0), SETTINGS, lambda *event: seen.append(event))
    assert [word.word for word in changes.significant] == ["apple"]
    (apple,) = changes.significant
    assert apple.overlap < 0.3 < apple.expected
    assert all(name.startswith("fruit") for name in apple.only_before)
    assert all(name.startswith("screen") for name in apple.only_after)
    tokens, is_after = periods(0)
    assert apple.before == sum(text.count("apple") for text, after in zip(tokens, is_after, strict=True) if not after)
    assert (changes.texts_before, changes.texts_after) == (400, 200)
    steady = next(word for word in changes.words if word.word == "steady")
    assert steady.p > 0.2
    assert seen[-1] == (39, 39)


def test_without_a_change_nothing_is_listed():
    listed = [len(measure_changes(*periods(seed, changed=False), SETTINGS).significant) for seed in range(1, 5)]
    assert sum(map(bool, listed)) <= 1  # 5% of corpora, whichever word


def test_ppmi_equals_its_definition():
    counts = np.array([[4, 0, 1], [1, 2, 0], [0, 0, 0]])
    total, contexts = counts.sum(axis=1), counts.sum(axis=0) ** 0.75
    expected = np.zeros((3, 3))
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = counts[row, column] / total[row]
        expected[row, column] = max(0, np.log(share / (contexts[column] / contexts.sum())))
    expected[:2] /= np.linalg.norm(expected[:2], axis=1, keepdims=True)
    np.testing.assert_allclose(ppmi(counts), expected, atol=1e-6)


def test_too_few_words_are_refused():
    tokens, is_after = periods(0)
    with pytest.raises(InputError, match="in each period"):
        measure_changes(tokens[:9], is_after[:9], SETTINGS)
