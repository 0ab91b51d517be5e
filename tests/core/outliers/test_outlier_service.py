"""Outliers, near-duplicates and leaks: on the planted sample, on planted reviews, and on bad input."""

import json
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from core.corpus.build import build_corpus, read_corpus
from core.corpus.reading.values import RawTable
from core.duplicates import service as duplicates
from core.duplicates.results import TEXT_DUPLICATES, TextQuery
from core.duplicates.service import (
    DuplicateQuery,
    duplicate_groups,
    group_file,
    group_rows,
    leak_file,
    leaks,
    rows_to_remove,
    threshold_curve,
    train_test_column,
)
from core.errors import InputError, StorageError
from core.models.registry import load_embedder
from core.outliers.consensus import Cutoff
from core.outliers.service import (
    OutlierSettings,
    explain_row,
    model_consensus,
    outlier_file,
    outlier_list,
    outlier_marks,
    outlier_score,
    score_agreement,
)
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors import embedding as tasks
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from core.vectors.versions import create_version

SAMPLES = Path(__file__).parents[3] / "samples"
DEFAULT = "all-MiniLM-L6-v2-float32"  # the default model, computed the same on every processor


def sample_table(folder):
    table = pd.read_csv(folder / "shop_feedback.csv", keep_default_na=False, encoding="utf-8")
    return table[table["text"] != ""].reset_index(drop=True)


def planted_groups(folder):
    truth = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    return {frozenset(group["ids"]) for kind in ("near_duplicates", "exact_duplicates") for group in truth[kind]}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample under the default model and the lexical one: folder, corpus, both models."""
    folder = tmp_path_factory.mktemp("anomalies")
    corpus = read_corpus(SAMPLES / "shop_feedback.csv", text="text", label="area", time="date", id="id")
    models = []
    for spec in (DEFAULT, "lexical"):
        models.append(embed(corpus, load_embedder(spec, models_folder=folder / "models"), Workspace(folder)).model)
        NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(folder), corpus.digest), models[-1]))
    return str(folder), corpus, models


def auc(sample, name):
    folder, corpus, models = sample
    truth = json.loads((SAMPLES / "planted.json").read_text(encoding="utf-8"))
    off_topic = corpus.table["id"].isin([row["id"] for row in truth["off_topic"]])
    return roc_auc_score(off_topic, outlier_score(CorpusRef(folder, corpus.digest), models[0], name, 20))


@pytest.mark.slow
def test_planted_off_topic_rows_are_in_the_top_ranks(sample):
    assert auc(sample, "combined") >= 0.95


def test_the_list_has_rank_score_and_text(sample):
    folder, corpus, models = sample
    result = outlier_list(CorpusRef(folder, corpus.digest), models[0], OutlierSettings(cutoff=Cutoff(value=5)))
    assert result.table["Rank"].tolist() == [1, 2, 3, 4, 5]
    assert result.table["Percentile"].iloc[0] == 100
    assert (np.diff(result.table["Score"]) <= 0).all()
    row = result.table.index[0]
    assert corpus.texts[row].startswith(result.table["Text"].iloc[0][:50])
    assert result.table["area"].iloc[0] == corpus.table["area"][row]
    assert result.counts.sum() == result.total == len(corpus)
    assert result.threshold == pytest.approx(result.table["Score"].iloc[-1])
    by_score = outlier_list(
        CorpusRef(folder, corpus.digest), models[0], OutlierSettings(cutoff=Cutoff("score", result.threshold))
    )
    assert by_score.above == 5
    none = outlier_list(CorpusRef(folder, corpus.digest), models[0], OutlierSettings(cutoff=Cutoff("score", 99)))
    assert none.above == 0
    assert np.isnan(none.threshold)


def test_the_file_holds_every_score_and_the_marks(sample):
    folder, corpus, models = sample
    query = OutlierSettings(cutoff=Cutoff(value=3))
    row = int(outlier_list(CorpusRef(folder, corpus.digest), models[0], query).table.index[1])
    outlier_marks(CorpusRef(folder, corpus.digest)).set([row], "keep")
    table = pd.read_csv(BytesIO(outlier_file(CorpusRef(folder, corpus.digest), models[0], query)))
    assert table["row"].tolist()[1] == row + 1
    assert table["mark"].fillna("").tolist() == ["", "keep", ""]
    assert sum(name.startswith("percentile: ") for name in table.columns) == 7
    assert set(corpus.table.columns) <= set(table.columns)


def test_why_a_row_is_an_outlier(sample):
    folder, corpus, models = sample
    row = corpus.table.index[corpus.table["id"] == "LL-0613"][0]  # a chess puzzle
    explanation = explain_row(CorpusRef(folder, corpus.digest), models[0], int(row), 20)
    assert explanation.scores.set_index("Score")["Percentile"]["Combined (default)"] > 95
    assert len(explanation.neighbors) == 10
    assert (np.diff(explanation.neighbors["cosine"]) <= 0).all()
    text = corpus.texts[row].lower()
    assert explanation.unique_terms
    assert all(term in text for term in (*explanation.unique_terms, *explanation.shared_terms))
    assert not any(f" {term} " in f" {text} " for term in explanation.missing_terms)
    assert explanation.labels[0][0] == "area"
    near_areas = corpus.table["area"].iloc[explanation.neighbors.index].value_counts()
    assert (
        explanation.labels[0][2:] == (near_areas.index[0], near_areas.iloc[0])
        or explanation.labels[0][3] == near_areas.iloc[0]
    )
    with pytest.raises(InputError):
        explain_row(CorpusRef(folder, corpus.digest), models[0], len(corpus), 20)


def test_scores_and_models_are_compared(sample):
    folder, corpus, models = sample
    result = score_agreement(CorpusRef(folder, corpus.digest), models[0], 20, 20)
    assert len(result.names) == 8
    assert result.spearman[1, 2] > 0.95  # mean and k-th distance
    both = model_consensus(CorpusRef(folder, corpus.digest), tuple(models), 20, 98)
    assert both.under_all + both.under_one == len(both.table)
    assert sum(both.by_model) == both.under_one
    assert both.table["Models"].is_monotonic_decreasing
    named = both.table[both.table["Models"] == 2]
    assert (named.iloc[:, 2:].to_numpy() >= 98).all()


def test_all_planted_near_duplicates_and_no_others_are_grouped_at_the_suggested_threshold(sample):
    folder, corpus, models = sample
    query = DuplicateQuery(CorpusRef(folder, corpus.digest), models[0])
    result = threshold_curve(query)
    assert 0.93 <= result.suggested <= 0.97
    codes = duplicates.group_codes(query, result.suggested)
    duplicate_sets = {frozenset(corpus.table["id"][codes == code]) for code in range(codes.max() + 1)}
    assert duplicate_sets == planted_groups(SAMPLES)
    grouped = duplicate_groups(query, result.suggested)
    at = int(np.flatnonzero(np.isclose(result.thresholds, result.suggested))[0])
    assert (result.pairs[at], result.groups[at], result.rows[at]) == (grouped.pairs, grouped.groups, grouped.rows)
    assert grouped.groups == 17
    assert (np.diff(result.rows) <= 0).all()


def test_one_row_of_each_group_is_kept(sample):
    folder, corpus, models = sample
    query = DuplicateQuery(CorpusRef(folder, corpus.digest), models[0])
    dropped = rows_to_remove(query, 0.95, "longest")
    assert len(dropped) == 39 - 17
    table, number = group_rows(query, 0.95, 0, "longest")
    assert number == len(table) == 4
    assert table["Keep"].tolist() == [True, False, False, False]
    assert len(corpus.texts[table.index[0]]) == max(len(corpus.texts[row]) for row in table.index)
    assert table["Cosine"].iloc[0] == pytest.approx(1, abs=1e-5)
    file = pd.read_csv(BytesIO(group_file(query, 0.95, "longest")))
    assert sorted(file["row"][file["remove"]] - 1) == dropped.tolist()
    with pytest.raises(InputError):
        group_rows(query, 0.95, 99, "first")


def test_leaks_between_values_of_a_column(sample):
    folder, corpus, models = sample
    query = DuplicateQuery(CorpusRef(folder, corpus.digest), models[0], "exact")
    assert duplicate_groups(query, 1.0).groups == 2
    result, rows = leaks(DuplicateQuery(CorpusRef(folder, corpus.digest), models[0]), 0.85, "rating")
    assert result.groups == len(set(rows["Group"])) > 0
    values = corpus.table["rating"].astype(str)
    assert rows["Value"].tolist() == values[rows.index].tolist()
    assert len(
        pd.read_csv(BytesIO(leak_file(DuplicateQuery(CorpusRef(folder, corpus.digest), models[0]), 0.85, "rating")))
    ) == len(result.rows)
    with pytest.raises(InputError):
        leaks(query, 1.0, "nothing")
    assert train_test_column(CorpusRef(folder, corpus.digest)) is None


def test_the_train_test_column_is_the_default(tmp_path):
    table = pd.DataFrame({"text": list("abcd"), "kind": ["x", "y"] * 2, "part": ["train", "Test", "train", "dev"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Parts").corpus
    Workspace(tmp_path).save_corpus(built)
    assert train_test_column(CorpusRef(str(tmp_path), built.digest)) == "part"


def test_wording_is_compared_once_and_stored(sample):
    folder, corpus, models = sample
    query = DuplicateQuery(CorpusRef(folder, corpus.digest), models[0], "words")
    with pytest.raises(StorageError):
        threshold_curve(query)
    text_query = TextQuery(query.corpus, "words")
    assert 0 < TEXT_DUPLICATES.expected_seconds(text_query) < 1
    links = TEXT_DUPLICATES.get_or_compute(text_query)
    assert TEXT_DUPLICATES.missing(text_query) == ()
    assert threshold_curve(query).groups.max() >= 15
    assert 0.9 < links.detection_probability(0.7) <= 1
    assert links.saturated == 0


def test_leaving_rows_out_makes_a_new_corpus_whose_vectors_are_in_the_cache(sample):
    folder, corpus, models = sample
    copy = create_version(CorpusRef(folder, corpus.digest), np.array([0, 5]), "rows marked exclude", "", (models[0],))
    assert copy.rows == len(corpus) - 2
    assert copy.origin["left_out"][0]["rows"] == 2
    plan, left = tasks.plan_batches(CorpusRef(folder, copy.digest), models[0], None)
    assert (plan, left) == ([], 0)
    assert Workspace(folder).info(corpus.digest).rows == len(corpus)


def test_imported_vectors_go_along(tmp_path):
    corpus, model = saved_corpus(tmp_path, np.random.default_rng(0).standard_normal((6, 4)))
    copy = create_version(CorpusRef(str(tmp_path), corpus.digest), np.array([2]), "one", "Five", (model,))
    rows = Workspace(tmp_path).load_vectors(copy.digest, model).rows
    old = Workspace(tmp_path).load_vectors(corpus.digest, model).rows
    np.testing.assert_array_equal(rows, np.delete(old, 2, axis=0))


def saved_corpus(folder, rows):
    """A corpus without columns beside its text, with these vectors and their graph."""
    table = pd.DataFrame({"text": [f"text {i}" for i in range(len(rows))]})
    corpus = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Small").corpus
    workspace, model = Workspace(folder), ModelSpec("imported", "test")
    workspace.save_corpus(corpus)
    workspace.save_vectors(Vectors(unit_rows(np.asarray(rows, np.float32)), model, corpus.digest, {}))
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(folder), corpus.digest), model))
    return corpus, model


@pytest.mark.parametrize("rows", [np.eye(3), np.ones((3, 4)), np.ones((120, 4)), np.ones((1, 4)), np.eye(2)])
def test_few_and_identical_rows(tmp_path, rows):
    corpus, model = saved_corpus(tmp_path, rows)
    where = (CorpusRef(str(tmp_path), corpus.digest), model)
    for name in ("combined", "lof", "separation", "forest"):
        result = outlier_list(*where, OutlierSettings(name, 50))
        assert result.is_constant or name == "forest"
        assert result.above == min(20, len(rows))
    assert np.isfinite(score_agreement(*where, 20, 20).overlap).all()
    assert len(explain_row(*where, 0, 20).neighbors) == min(10, len(rows) - 1)
    query = DuplicateQuery(*where)
    result = threshold_curve(query)
    grouped = duplicate_groups(query, float(result.thresholds[-1]))
    assert grouped.rows == (len(rows) if len(rows) > 2 and np.ptp(rows) == 0 else 0)
    if len(rows) == 120:
        assert grouped.saturated == 120


# 600 questions to a bank, and 50 reviews of food as a dense group among them
OPENINGS = (
    "Why was",
    "How do I cancel",
    "Who can see",
    "When will I get back",
    "I don't recognize",
    "What does it cost to change",
)
SUBJECTS = (
    "my card payment", "a transfer to a friend", "my cash withdrawal", "the exchange rate of a payment abroad",
    "my direct debit", "my top-up by card", "the PIN of my new card", "my pending refund", "the fee on my statement",
    "my identity check",
)  # fmt: skip
ENDS = (
    "?", " yesterday?", " in the app?", " twice?", " without telling me?", " at the weekend?", " while I was abroad?",
    " last month?", " since Friday?", " so suddenly?",
)  # fmt: skip
FOODS = (
    "oatmeal cookies", "green tea", "dark chocolate", "salted crisps", "dog biscuits", "hot sauce", "peanut butter",
    "dried mango", "coffee beans", "gluten-free pasta",
)  # fmt: skip
REVIEWS = (
    "Title: Delicious; Content: These {} taste wonderful and my family eats them every day.",
    "Title: Too sweet; Content: The {} had far too much sugar and a stale flavor.",
    "Title: Great snack; Content: I love the rich flavor of this {} with breakfast.",
    "Title: Not for me; Content: The {} tasted bitter and I threw the bag away.",
    "Title: Fresh; Content: Fresh, crunchy {} at a good price, will order the flavor again.",
)


def test_food_reviews_among_bank_questions_have_the_highest_scores(tmp_path):
    from core.clusters.service import default_clusters

    bank = [f"{opening} {subject}{end}" for opening, subject, end in product(OPENINGS, SUBJECTS, ENDS)]
    food = [review.format(item) for item, review in product(FOODS, REVIEWS)]
    texts = [*bank, *food]
    table = pd.DataFrame({"text": texts})
    corpus = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Bank").corpus
    model = embed(corpus, load_embedder(DEFAULT, models_folder=tmp_path / "models"), Workspace(tmp_path)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(tmp_path), corpus.digest), model))
    off_topic = np.arange(len(texts)) >= len(bank)
    assert len(default_clusters(CorpusRef(str(tmp_path), corpus.digest), model).labels) == len(texts)
    assert (
        roc_auc_score(off_topic, outlier_score(CorpusRef(str(tmp_path), corpus.digest), model, "combined", 20)) >= 0.99
    )
    # what the page says this score misses
    assert roc_auc_score(off_topic, outlier_score(CorpusRef(str(tmp_path), corpus.digest), model, "lof", 20)) < 0.7
