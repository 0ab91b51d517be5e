"""Near-duplicates by wording: exact Jaccard similarities, what MinHash finds, and odd texts."""

from itertools import combinations

import numpy as np
import pytest

from core.duplicates.minhash import jaccard, shingles, text_links
from core.duplicates.near_duplicates import groups_at
from tests.test_samples import SAMPLES

SENTENCE = "the parcel came late and the box was open but all of the cups in it were whole"


def edited(number: int) -> list[str]:
    """Texts of 17 words, each with a few words changed."""
    random = np.random.default_rng(0)
    texts = []
    for text in range(number):
        words = SENTENCE.split()
        for place in random.choice(len(words), text % 6, replace=False):
            words[place] = f"w{random.integers(1000)}"
        texts.append(" ".join(words))
    return texts


@pytest.mark.parametrize("unit", ["characters", "words"])
def test_links_are_all_pairs_by_exact_jaccard_but_for_what_chance_misses(unit):
    texts = edited(60)
    sets = [shingles(text, unit) for text in texts]
    expected = {(i, j): jaccard(sets[i], sets[j]) for i, j in combinations(range(60), 2)}
    result = text_links(texts, unit, floor=0.5)
    pairs = dict(
        zip(
            zip(result.links.first.tolist(), result.links.second.tolist(), strict=True),
            result.links.scores.tolist(),
            strict=True,
        )
    )
    for pair, score in pairs.items():
        assert score == pytest.approx(1.0 if texts[pair[0]] == texts[pair[1]] else expected[pair], abs=1e-6)
    sure = {pair for pair, score in expected.items() if score >= 0.75 and texts[pair[0]] != texts[pair[1]]}
    firsts = {text: i for i, text in reversed(list(enumerate(texts)))}
    sure = {pair for pair in sure if firsts[texts[pair[0]]] == pair[0] and firsts[texts[pair[1]]] == pair[1]}
    assert sure
    assert sure <= set(pairs)
    assert result.links.scores.min() >= 0.5


def test_the_chance_to_find_a_pair_rises_with_its_similarity():
    result = text_links(edited(5))
    chances = [result.detection_probability(similarity) for similarity in (0.3, 0.5, 0.7, 1.0)]
    assert chances == sorted(chances)
    assert chances[1] > 0.8
    assert chances[3] == 1


def test_shingles_of_words_and_characters():
    assert shingles("One two  THREE, four!", "words") == {"one two three", "two three four"}
    assert shingles("Tea pot", "characters") == {"tea p", "ea po", "a pot"}
    assert shingles("早上好呀", "words") == {"早 上 好", "上 好 呀"}
    assert shingles("Hi", "words") == {"hi"}
    assert shingles(" !? ", "characters") == frozenset()
    assert jaccard(frozenset("abcd"), frozenset("cdef")) == pytest.approx(1 / 3)
    assert jaccard(frozenset(), frozenset()) == 0


def test_copies_and_empty_texts():
    result = text_links(["", "same text here", "same text here", "!!!", "...", "another one altogether"])
    assert groups_at(result.links, 0.9).tolist() == [-1, 0, 0, -1, -1, -1]
    assert result.links.counts(1.0) == (1, 1, 2)


def test_lone_surrogates_and_long_texts_are_read():
    result = text_links(["a \ud800 b c", "x" * 100_000, "y " * 60_000])
    assert result.links.n == 3


def test_the_sample_holds_what_was_planted():
    from tests.core.outliers.test_outlier_service import planted_groups, sample_table

    table = sample_table(SAMPLES)
    result = text_links(table["text"].tolist())
    codes = groups_at(result.links, 0.7)
    groups = {frozenset(table["id"][codes == code]) for code in range(codes.max() + 1)}
    assert groups == planted_groups(SAMPLES)
