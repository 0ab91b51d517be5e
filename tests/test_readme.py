"""The README's notebook examples run as they stand, on a small file of their own."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import core

ROOT = Path(__file__).parents[1]
WORDS = ("salty", "sweet", "bitter", "fresh", "stale", "crunchy")


@pytest.fixture
def ran(tmp_path, monkeypatch) -> dict:
    """The names that the first example leaves behind; under the keys of `later` those of the others, which go on from
    it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = [
        (
            i % 5 + 1,
            f"A {word} snack {i}",
            f"These crisps are far too {word}, bag {i}.",
            "taste" if i % 6 < 3 else "age",
        )
        for i, word in enumerate(WORDS * 4)
    ]
    pd.DataFrame(rows, columns=["Score", "Summary", "Text", "category"]).to_csv("reviews.csv", index=False)
    write_faq(tmp_path / "faq.csv")
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(examples[0], names)
    later = {name: dict(names) for name in ("selection", "classify", "ask", "recommend", "adapt")}
    for example, of_example in zip(examples[1:], later.values(), strict=True):
        exec(example, of_example)
    return names | later


def write_faq(path: Path) -> None:
    """Six questions for each of four answers."""
    ways = ("What about {}?", "I need help with {}.", "Tell me about {}", "{}?", "How does {} work?", "Problem: {}")
    things = ("a card in the machine", "a late parcel", "the exchange rate", "a forgotten password")
    rows = [(way.format(thing), f"See the page on {thing}.") for thing in things for way in ways]
    pd.DataFrame(rows, columns=["question", "answer"]).to_csv(path, index=False)


def test_the_example_gives_what_it_says(ran):
    rows, neighbors = ran["vectors"].rows, ran["neighbors"]
    assert ran["corpus"].texts[0].startswith("Title: A salty snack 0; Content: These crisps")
    assert rows.shape == (24, 384)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -2)
    np.testing.assert_allclose(np.sort(neighbors.scores, axis=1), np.sort(cosines, axis=1)[:, 1:], atol=1e-5)
    assert neighbors.recall == 1.0
    assert ran["ids"].shape == (1, 10)
    assert {ran["corpus"].texts[i].split()[2] for i in ran["ids"][0, :4]} == {"salty"}
    assert ran["layout"].points.shape == (24, 2)
    assert 0 <= ran["layout"].trust.knn_preservation <= 1

    check_selection(ran["selection"])
    check_classification(ran["classify"])
    check_answers(ran["ask"])
    check_recommendations(ran["recommend"])
    check_adapter(ran["adapt"])


def check_selection(ran: dict) -> None:
    assert ran["rows"].tolist() == [row for row in range(24) if row % 5 == 4]
    assert ran["reviews"].texts == ran["corpus"].texts
    np.testing.assert_array_equal(ran["stored"].rows, ran["vectors"].rows)


def check_classification(ran: dict) -> None:
    """Run with the first example, since embedding takes seconds."""
    split, report, zero, shares = ran["split"], ran["report"], ran["zero"], ran["shares"]
    truth = ran["corpus"].table["category"]
    assert sorted([*split.train, *split.validation, *split.test]) == list(range(24))
    assert ran["labels"].tolist() == ran["model"].predict(ran["vectors"].rows[split.test])[0].tolist()
    assert ran["probabilities"].shape == (len(split.test), 2)
    assert ran["probabilities"].dtype == np.float32
    assert report.accuracy == (ran["labels"] == truth[split.test]).mean()
    assert report.confusion.sum() == len(split.test)
    assert report.per_class["support"].sum() == len(split.test)
    assert report.intervals["macro_f1"].low <= report.macro_f1 <= report.intervals["macro_f1"].high
    assert set(zero.labels) <= {"positive", "negative"}
    assert zero.scores.shape == (24, 2)
    assert shares.naive.sum() == pytest.approx(1)
    assert (shares.low <= shares.share).all()
    assert (shares.share <= shares.high).all()
    assert all(callable(getattr(core.classify, name)) for name in core.classify.__all__)


def check_answers(ran: dict) -> None:
    reply, faq, help_me, scores = ran["reply"], ran["faq"], ran["help_me"], ran["scores"]
    assert len(reply.passages) == 5
    assert "salty" in reply.passages[0].sentence
    assert reply.refused == (reply.score < reply.threshold)
    assert reply.refused or f"[{reply.sentences[0].citations[0]}]" in reply.text
    assert 0 < faq.coverage <= 1
    assert faq.precision >= 0.97
    assert not faq.is_assured  # 24 questions are too few
    assert help_me.nearest[0].answer == "See the page on a card in the machine."
    assert help_me.answer in (None, help_me.nearest[0].answer)
    assert len(help_me.nearest) == 3
    assert scores.table.index.tolist() == ["semantic", "keyword", "hybrid"]
    assert all(callable(getattr(core.ask, name)) for name in core.ask.__all__)


def check_adapter(ran: dict) -> None:
    adapter, report, check = ran["adapter"], ran["adapter"].report, ran["check"]
    assert ran["rows"].shape == (24, 384)
    np.testing.assert_allclose(np.linalg.norm(ran["rows"], axis=1), 1, atol=1e-5)
    assert report.seen.queries == 6
    assert report.interval.value == pytest.approx(report.adapted - report.base)
    assert check.headroom == pytest.approx(1 - report.base)
    assert report.unseen is None  # two labels only
    assert report.control.queries == 6
    assert core.adapt.load("adapter.safetensors", ran["vectors"].model).key == adapter.key
    assert all(callable(getattr(core.adapt, name)) for name in core.adapt.__all__)


def test_every_public_name_is_there():
    for name in core.__all__:
        assert callable(getattr(core, name)), name


def check_recommendations(ran: dict) -> None:
    """A reader read two texts of one word and is recommended the last ones of that word."""
    assert len(set(ran["ids"].tolist())) == 10
    assert 17 not in ran["ids"]
    assert all(row % 6 == i for i in range(6) for row in ran["lists"][f"reader {i}"].ids[:1])
    assert list(ran["table"].index) == ["text", "popularity", "random"]
    assert ran["table"].loc["text", "hit_rate"] == 1
