"""What the Anomalies page is answered: on the planted sample, on planted reviews, and on bad input."""

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
from core.duplicates.leaks_service import leak_file, leaks, likely
from core.duplicates.service import Place, curve, drop_rows, group_file, group_rows, groups
from core.errors import InputError, StorageError
from core.models.registry import load_embedder
from core.outliers.compare import model_consensus, score_agreement
from core.outliers.marks import set_marks
from core.outliers.results import TEXT_DUPLICATES, TextQuery
from core.outliers.row import row_why
from core.outliers.service import OddQuery, odd_file, odd_rows, score_of
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors import embedding
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
    odd = corpus.table["id"].isin([row["id"] for row in truth["off_topic"]])
    return roc_auc_score(odd, score_of(CorpusRef(folder, corpus.digest), models[0], name, 20))


def test_planted_off_topic_rows_are_in_the_top_ranks(sample):
    assert auc(sample, "combined") >= 0.95


def test_the_list_says_rank_score_and_text(sample):
    folder, corpus, models = sample
    found = odd_rows(CorpusRef(folder, corpus.digest), models[0], OddQuery(value=5))
    assert found.table["Rank"].tolist() == [1, 2, 3, 4, 5]
    assert found.table["Percentile"].iloc[0] == 100
    assert (np.diff(found.table["Score"]) <= 0).all()
    row = found.table.index[0]
    assert corpus.texts[row].startswith(found.table["Text"].iloc[0][:50])
    assert found.table["area"].iloc[0] == corpus.table["area"][row]
    assert found.counts.sum() == found.total == len(corpus)
    assert found.threshold == pytest.approx(found.table["Score"].iloc[-1])
    by_score = odd_rows(CorpusRef(folder, corpus.digest), models[0], OddQuery(by="score", value=found.threshold))
    assert by_score.above == 5
    none = odd_rows(CorpusRef(folder, corpus.digest), models[0], OddQuery(by="score", value=99))
    assert none.above == 0
    assert np.isnan(none.threshold)


def test_the_file_holds_every_score_and_the_marks(sample):
    folder, corpus, models = sample
    query = OddQuery(value=3)
    row = int(odd_rows(CorpusRef(folder, corpus.digest), models[0], query).table.index[1])
    set_marks(Workspace(folder), corpus.digest, [row], "keep")
    table = pd.read_csv(BytesIO(odd_file(CorpusRef(folder, corpus.digest), models[0], query)))
    assert table["row"].tolist()[1] == row + 1
    assert table["mark"].fillna("").tolist() == ["", "keep", ""]
    assert sum(name.startswith("percentile: ") for name in table.columns) == 7
    assert set(corpus.table.columns) <= set(table.columns)


def test_why_a_row_is_odd(sample):
    folder, corpus, models = sample
    row = corpus.table.index[corpus.table["id"] == "LL-0613"][0]  # a chess puzzle
    why = row_why(CorpusRef(folder, corpus.digest), models[0], int(row), 20)
    assert why.scores.set_index("Score")["Percentile"]["Combined (default)"] > 95
    assert len(why.near) == 10
    assert (np.diff(why.near["cosine"]) <= 0).all()
    text = corpus.texts[row].lower()
    assert why.own
    assert all(word in text for word in (*why.own, *why.shared))
    assert not any(f" {word} " in f" {text} " for word in why.theirs)
    assert why.labels[0][0] == "area"
    near_areas = corpus.table["area"].iloc[why.near.index].value_counts()
    assert why.labels[0][2:] == (near_areas.index[0], near_areas.iloc[0]) or why.labels[0][3] == near_areas.iloc[0]
    with pytest.raises(InputError):
        row_why(CorpusRef(folder, corpus.digest), models[0], len(corpus), 20)


def test_scores_and_models_are_compared(sample):
    folder, corpus, models = sample
    found = score_agreement(CorpusRef(folder, corpus.digest), models[0], 20, 20)
    assert len(found.names) == 8
    assert found.spearman[1, 2] > 0.95  # mean and k-th distance
    both = model_consensus(CorpusRef(folder, corpus.digest), tuple(models), 20, 98)
    assert both.everywhere + both.alone == len(both.table)
    assert sum(both.by_model) == both.alone
    assert both.table["Models"].is_monotonic_decreasing
    named = both.table[both.table["Models"] == 2]
    assert (named.iloc[:, 2:].to_numpy() >= 98).all()


def test_all_planted_near_duplicates_and_no_others_are_grouped_at_the_usual_threshold(sample):
    folder, corpus, models = sample
    place = Place(CorpusRef(folder, corpus.digest), models[0])
    found = curve(place)
    assert 0.93 <= found.usual <= 0.97
    codes = duplicates.group_codes(place, found.usual)
    made = {frozenset(corpus.table["id"][codes == code]) for code in range(codes.max() + 1)}
    assert made == planted_groups(SAMPLES)
    grouped = groups(place, found.usual)
    at = int(np.flatnonzero(np.isclose(found.thresholds, found.usual))[0])
    assert (found.pairs[at], found.groups[at], found.rows[at]) == (grouped.pairs, grouped.groups, grouped.rows)
    assert grouped.groups == 17
    assert (np.diff(found.rows) <= 0).all()


def test_one_of_each_group_stays(sample):
    folder, corpus, models = sample
    place = Place(CorpusRef(folder, corpus.digest), models[0])
    dropped = drop_rows(place, 0.95, "longest")
    assert len(dropped) == 39 - 17
    table, number = group_rows(place, 0.95, 0, "longest")
    assert number == len(table) == 4
    assert table["Stays"].tolist() == [True, False, False, False]
    assert len(corpus.texts[table.index[0]]) == max(len(corpus.texts[row]) for row in table.index)
    assert table["To it"].iloc[0] == pytest.approx(1, abs=1e-5)
    file = pd.read_csv(BytesIO(group_file(place, 0.95, "longest")))
    assert sorted(file["row"][file["drop"]] - 1) == dropped.tolist()
    with pytest.raises(InputError):
        group_rows(place, 0.95, 99, "first")


def test_leaks_between_values_of_a_column(sample):
    folder, corpus, models = sample
    place = Place(CorpusRef(folder, corpus.digest), models[0], "exact")
    assert groups(place, 1.0).groups == 2
    found, rows = leaks(Place(CorpusRef(folder, corpus.digest), models[0]), 0.85, "rating")
    assert found.groups == len(set(rows["Group"])) > 0
    values = corpus.table["rating"].astype(str)
    assert rows["Value"].tolist() == values[rows.index].tolist()
    assert len(
        pd.read_csv(BytesIO(leak_file(Place(CorpusRef(folder, corpus.digest), models[0]), 0.85, "rating")))
    ) == len(found.rows)
    with pytest.raises(InputError):
        leaks(place, 1.0, "nothing")
    assert likely(CorpusRef(folder, corpus.digest)) is None


def test_the_column_of_train_and_test_is_chosen_at_first(tmp_path):
    table = pd.DataFrame({"text": list("abcd"), "kind": ["x", "y"] * 2, "part": ["train", "Test", "train", "dev"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Parts").corpus
    Workspace(tmp_path).save_corpus(built)
    assert likely(CorpusRef(str(tmp_path), built.digest)) == "part"


def test_wording_is_compared_once_and_kept(sample):
    folder, corpus, models = sample
    place = Place(CorpusRef(folder, corpus.digest), models[0], "words")
    with pytest.raises(StorageError):
        curve(place)
    query = TextQuery(CorpusRef(folder, corpus.digest), "words")
    assert 0 < TEXT_DUPLICATES.expected_seconds(query) < 1
    links = TEXT_DUPLICATES.get_or_compute(query)
    assert TEXT_DUPLICATES.missing(query) == ()
    assert curve(place).groups.max() >= 15
    assert 0.9 < links.chance(0.7) <= 1
    assert links.crowded == 0


def test_leaving_rows_out_makes_a_new_corpus_whose_vectors_are_in_the_cache(sample):
    folder, corpus, models = sample
    made = create_version(CorpusRef(folder, corpus.digest), np.array([0, 5]), "rows marked exclude", "", (models[0],))
    assert made.rows == len(corpus) - 2
    assert made.origin["left_out"][0]["rows"] == 2
    plan, left = embedding.plan_batches(CorpusRef(folder, made.digest), models[0], None)
    assert (plan, left) == ([], 0)
    assert Workspace(folder).info(corpus.digest).rows == len(corpus)


def test_imported_vectors_go_along(tmp_path):
    corpus, model = kept(tmp_path, np.random.default_rng(0).standard_normal((6, 4)))
    made = create_version(CorpusRef(str(tmp_path), corpus.digest), np.array([2]), "one", "Five", (model,))
    rows = Workspace(tmp_path).load_vectors(made.digest, model).rows
    old = Workspace(tmp_path).load_vectors(corpus.digest, model).rows
    np.testing.assert_array_equal(rows, np.delete(old, 2, axis=0))


def kept(folder, rows):
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
    corpus, model = kept(tmp_path, rows)
    where = (CorpusRef(str(tmp_path), corpus.digest), model)
    for name in ("combined", "lof", "apart", "forest"):
        found = odd_rows(*where, OddQuery(name, 50))
        assert found.same or name == "forest"
        assert found.above == min(20, len(rows))
    assert np.isfinite(score_agreement(*where, 20, 20).overlap).all()
    assert len(row_why(*where, 0, 20).near) == min(10, len(rows) - 1)
    place = Place(*where)
    found = curve(place)
    grouped = groups(place, float(found.thresholds[-1]))
    assert grouped.rows == (len(rows) if len(rows) > 2 and np.ptp(rows) == 0 else 0)
    if len(rows) == 120:
        assert grouped.full == 120


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


def test_reviews_of_food_among_bank_questions_are_the_strangest(tmp_path):
    from core.clusters.cluster_set import default_clusters

    bank = [f"{opening} {subject}{end}" for opening, subject, end in product(OPENINGS, SUBJECTS, ENDS)]
    food = [review.format(item) for item, review in product(FOODS, REVIEWS)]
    texts = [*bank, *food]
    table = pd.DataFrame({"text": texts})
    corpus = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Bank").corpus
    model = embed(corpus, load_embedder(DEFAULT, models_folder=tmp_path / "models"), Workspace(tmp_path)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(tmp_path), corpus.digest), model))
    odd = np.arange(len(texts)) >= len(bank)
    assert len(default_clusters(CorpusRef(str(tmp_path), corpus.digest), model).labels) == len(texts)
    assert roc_auc_score(odd, score_of(CorpusRef(str(tmp_path), corpus.digest), model, "combined", 20)) >= 0.99
    # the blindness that the page tells of
    assert roc_auc_score(odd, score_of(CorpusRef(str(tmp_path), corpus.digest), model, "lof", 20)) < 0.7
