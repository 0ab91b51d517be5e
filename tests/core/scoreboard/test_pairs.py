"""Pairs with scores: correlations against scipy, copies, and what can't be used."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score

from core.errors import InputError, ModelError, StorageError
from core.models.registry import load_embedder
from core.scoreboard.comparison import compare
from core.scoreboard.pairs import average_precisions, read_pairs, score_pairs
from core.scoreboard.task_tables import import_tables
from core.scoreboard.types import Task
from core.types import CorpusRef
from core.vectors.contenders import Contender
from tests.core.scoreboard.small_corpus import bring, imported, make, texts_of

SCORES = [4.5, 0.5, 3.0, 1.5, 5.0, 2.0]


def pairs_table():
    texts = texts_of()
    return pd.DataFrame(
        {
            "sentence1": [texts[0], texts[5], "A blue kettle", texts[7], "Where is it?", texts[9]],
            "sentence2": [texts[10], "Something else", "The kettle is blue", texts[20], "Where is it?", texts[11]],
            "score": SCORES,
        }
    )


def brought(folder, corpus, table, name="pairs.csv"):
    data = table.to_csv(index=False) if name.endswith("csv") else table.to_json(orient="records", lines=True)
    (kept,) = import_tables(CorpusRef(folder, corpus), (bring(folder, name, data),), False)
    return Task.of("pairs", file=kept.key, first="sentence1", second="sentence2", score="score")


def test_cosines_and_scores_give_the_correlations_of_scipy(tmp_path):
    folder, corpus, contender = make(tmp_path)
    table = pairs_table()
    made = score_pairs(CorpusRef(folder, corpus), contender, brought(folder, corpus, table))
    embedder = load_embedder("lexical")
    first, second = (embedder.embed(table[name].tolist()).astype(float) for name in ("sentence1", "sentence2"))
    expected = (first * second).sum(axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    assert made.pairs.dtype == np.float64
    np.testing.assert_allclose(made.pairs[:, 0], expected, atol=1e-12)
    np.testing.assert_array_equal(made.pairs[:, 1], SCORES)
    assert spearmanr(*made.pairs.T)[0] == pytest.approx(spearmanr(expected, SCORES)[0])
    assert pearsonr(*made.pairs.T)[0] == pytest.approx(pearsonr(expected, SCORES)[0])
    assert made.per_query == {}
    assert made.facts["pairs"] == 6


def test_columns_of_the_corpus_are_pairs_too(tmp_path):
    other = texts_of()[::-1]
    folder, corpus, contender = make(tmp_path, other=other, likeness=np.linspace(0, 5, 40) ** 2)
    made = score_pairs(
        CorpusRef(folder, corpus), contender, Task.of("pairs", first="text", second="other", score="likeness")
    )
    rows = load_embedder("lexical").embed(texts_of())
    np.testing.assert_allclose(made.pairs[:, 0], (rows * rows[::-1]).sum(axis=1), atol=1e-6)


def test_jsonl_gives_what_csv_gives(tmp_path):
    folder, corpus, contender = make(tmp_path)
    tasks = [brought(folder, corpus, pairs_table(), name) for name in ("a.csv", "b.jsonl")]
    assert tasks[0] != tasks[1]
    one, other = (score_pairs(CorpusRef(folder, corpus), contender, task).pairs for task in tasks)
    np.testing.assert_array_equal(one, other)


def test_no_text_is_embedded_twice(tmp_path, monkeypatch):
    from core.models.lexical import LexicalEmbedder

    folder, corpus, contender = make(tmp_path)
    asked, honest = [], LexicalEmbedder.encode
    monkeypatch.setattr(LexicalEmbedder, "encode", lambda self, texts: asked.extend(texts) or honest(self, texts))
    task = brought(folder, corpus, pairs_table())
    score_pairs(CorpusRef(folder, corpus), contender, task)
    score_pairs(CorpusRef(folder, corpus), Contender(contender.model, 64), task)
    assert sorted(asked) == sorted(["A blue kettle", "The kettle is blue", "Where is it?", "Something else"])


def test_int8_pairs_are_rounded_as_the_corpus_is(tmp_path):
    folder, corpus, contender = make(tmp_path)
    table = pd.DataFrame({"sentence1": texts_of()[:5], "sentence2": texts_of()[10:15], "score": range(5)})
    small = Contender(contender.model, None, "int8")
    made = score_pairs(CorpusRef(folder, corpus), small, brought(folder, corpus, table))
    from core.vectors.contenders import contender_rows

    rows = contender_rows(CorpusRef(folder, corpus), small)
    np.testing.assert_allclose(made.pairs[:, 0], (rows[:5] * rows[10:15]).sum(axis=1), atol=1e-5)


def test_copies_of_a_pair_share_a_unit_in_either_order(tmp_path):
    folder, corpus, _ = make(tmp_path)
    table = pd.DataFrame(
        {"sentence1": ["a", "b", "a", "c", "a"], "sentence2": ["b", "a", "c", "d", "b"], "score": range(5)}
    )
    units = read_pairs(CorpusRef(folder, corpus), brought(folder, corpus, table)).units
    assert units[0] == units[1] == units[4]
    assert len(set(units.tolist())) == 3


def test_rows_without_a_text_or_a_number_are_left_out_and_counted(tmp_path):
    folder, corpus, _ = make(tmp_path)
    table = pairs_table().astype({"score": object})
    table.loc[0, "sentence2"], table.loc[1, "score"], table.loc[2, "score"] = " ", "n/a", None
    made = read_pairs(CorpusRef(folder, corpus), brought(folder, corpus, table))
    assert (made.facts["rows"], made.facts["no_text"], made.facts["no_number"], made.facts["pairs"]) == (6, 1, 2, 3)
    assert made.human_scores.tolist() == SCORES[3:]


def test_a_decimal_comma_is_understood(tmp_path):
    folder, corpus, _ = make(tmp_path)
    table = pairs_table()
    table["score"] = [str(score).replace(".", ",") for score in SCORES]
    assert read_pairs(CorpusRef(folder, corpus), brought(folder, corpus, table)).human_scores.tolist() == SCORES


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.assign(score=3), "no variance"),
        (lambda table: table.assign(score="high"), "no numbers"),
        (lambda table: table.head(2), "at least 3"),
        (lambda table: table.assign(sentence2=""), "0 of 6 rows"),
    ],
)
def test_pairs_that_cannot_be_used_are_explained(tmp_path, change, words):
    folder, corpus, contender = make(tmp_path)
    with pytest.raises(InputError) as error:
        score_pairs(CorpusRef(folder, corpus), contender, brought(folder, corpus, change(pairs_table())))
    assert words in error.value.message
    assert error.value.remedy


def test_wrong_columns_and_files_that_are_gone_are_explained(tmp_path):
    folder, corpus, contender = make(tmp_path)
    task = brought(folder, corpus, pairs_table())
    for wrong in ({"second": "sentence1"}, {"score": "sentence1"}, {"first": "nothing"}):
        with pytest.raises(InputError):
            score_pairs(CorpusRef(folder, corpus), contender, Task.of("pairs", **(dict(task.params) | wrong)))
    with pytest.raises(StorageError):
        score_pairs(CorpusRef(folder, corpus), contender, Task.of("pairs", **(dict(task.params) | {"file": "0" * 32})))


def test_equal_cosines_are_explained(tmp_path):
    folder, corpus, contender = make(tmp_path)
    table = pd.DataFrame({"sentence1": list("abc"), "sentence2": list("abc"), "score": range(3)})
    with pytest.raises(InputError, match="same cosine"):
        score_pairs(CorpusRef(folder, corpus), contender, brought(folder, corpus, table))


def test_imported_vectors_serve_texts_of_the_corpus_alone(tmp_path):
    folder, corpus, _ = make(tmp_path)
    rows = np.random.default_rng(1).normal(size=(40, 12))
    mine = imported(folder, corpus, rows)
    inside = pd.DataFrame({"sentence1": texts_of()[:4], "sentence2": texts_of()[4:8], "score": [1, 3, 2, 0]})
    made = score_pairs(CorpusRef(folder, corpus), mine, brought(folder, corpus, inside))
    expected = [np.dot(rows[i], rows[i + 4]) / np.linalg.norm(rows[i]) / np.linalg.norm(rows[i + 4]) for i in range(4)]
    np.testing.assert_allclose(made.pairs[:, 0], expected, atol=1e-6)
    with pytest.raises(ModelError, match="imported vectors"):
        score_pairs(CorpusRef(folder, corpus), mine, brought(folder, corpus, pairs_table()))


def test_average_precision_is_scikit_learn_s_and_falls_with_noise():
    rng = np.random.default_rng(0)
    given = rng.integers(0, 2, 300) * 4.0 + 1  # any two values
    found = []
    for noise in (0.2, 1.0, 5.0):
        cosines = (given / 5 + noise * rng.normal(size=300)).round(1)  # with ties
        score, resampled, chance = average_precisions(cosines, given, np.arange(300))
        assert score == pytest.approx(average_precision_score(given == 5, cosines))
        assert chance == pytest.approx((given == 5).mean())
        assert np.quantile(resampled, 0.01) < score < np.quantile(resampled, 0.99)
        found.append(score)
    assert found[0] > found[1] > found[2] > chance - 0.1


@pytest.mark.parametrize("values", [[1, 0, 1, 0, 1, 0], ["true", "False", "TRUE", "false", "True", "false"]])
def test_pairs_that_are_the_same_or_not_have_an_average_precision(tmp_path, values):
    folder, corpus, contender = make(tmp_path)
    made = score_pairs(
        CorpusRef(folder, corpus), contender, brought(folder, corpus, pairs_table().assign(score=values))
    )
    assert made.pairs[:, 1].tolist() == [1, 0, 1, 0, 1, 0]
    expected = average_precision_score(made.pairs[:, 1], made.pairs[:, 0])
    assert made.total["average_precision"] == pytest.approx(expected)
    board = compare({"a": made, "b": made}, "average_precision")
    assert board.chance == 0.5
    assert board.pairs[0].p_value == 1


def test_graded_pairs_have_no_average_precision(tmp_path):
    folder, corpus, contender = make(tmp_path)
    made = score_pairs(CorpusRef(folder, corpus), contender, brought(folder, corpus, pairs_table()))
    assert made.total == {}


def test_pairs_in_lines_of_three_fields_are_no_judgments(tmp_path):
    folder, corpus, _ = make(tmp_path)
    data = "old\tnew\t1.58\ntea\tcoffee\t6.0\nlamp\tlight\t8.5\n"
    (kept,) = import_tables(
        CorpusRef(folder, corpus), (bring(folder, "simlex.tsv", "word1\tword2\tscore\n" + data),), False
    )
    assert kept.columns == ("word1", "word2", "score")
