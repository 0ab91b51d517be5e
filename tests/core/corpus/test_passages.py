import pytest

from core.corpus.preprocess import estimate_tokens, split_passages
from core.errors import InputError
from tests.waiting import cpu_limit

PROSE = "The quick brown fox jumps over the lazy dog. It was not amused, and said so!\n\n" * 40
CHINESE = "这个味道很好，我们都喜欢。下次还会再买的！" * 60


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("one two", 2), ("internationalization", 4), ("很好 ok", 3), ("  \n", 0), ("あいう", 3)],
)
def test_estimate(text, tokens):
    assert estimate_tokens(text) == tokens


@pytest.mark.parametrize("text", [PROSE, CHINESE, "x" * 5_000, " \n" * 4_000 + "end", "a\n" * 3_000, "👩‍👩‍👧" * 800])
def test_passages_without_overlap_join_to_the_text(text):
    [passages] = split_passages([text], tokens=40, overlap=0)
    assert "".join(passages) == text
    assert all(estimate_tokens(passage) <= 40 for passage in passages)
    assert all(passage.strip() for passage in passages)


def test_passages_with_overlap_repeat_and_cover():
    text = " ".join(f"word{i}" + "." * (i % 9 == 0) for i in range(1000))
    [passages] = split_passages([text], tokens=40, overlap=0.25)
    assert all(estimate_tokens(passage) <= 40 for passage in passages)
    position, repeated = 0, 0
    for passage in passages:
        at = text.find(passage)
        assert 0 <= at <= position
        repeated += position - at
        position = at + len(passage)
    assert position == len(text)
    assert 0.1 < repeated / len(text) < 0.5


def test_short_texts_stay_whole():
    assert split_passages(["", "  ", "short one"], tokens=20, overlap=0.1) == [[""], ["  "], ["short one"]]


def test_sentences_are_kept_whole():
    [passages] = split_passages(["One two three four five six. " * 10], tokens=12, overlap=0)
    assert all(passage.rstrip().endswith(".") for passage in passages)


def test_a_given_counter_is_used():
    [passages] = split_passages(["a" * 95], tokens=10, overlap=0, count=len)
    assert [len(passage) for passage in passages] == [10] * 9 + [5]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["x" * 10_000_000, "word " * 2_000_000])
def test_ten_million_characters(text):
    with cpu_limit(60):
        [passages] = split_passages([text], tokens=256, overlap=0)
    assert sum(map(len, passages)) == len(text)


@pytest.mark.parametrize(("tokens", "overlap"), [(0, 0.1), (7, 0.1), (100, -0.1), (100, 0.6), (100, float("nan"))])
def test_bad_sizes(tokens, overlap):
    with pytest.raises(InputError):
        split_passages(["x"], tokens, overlap)
