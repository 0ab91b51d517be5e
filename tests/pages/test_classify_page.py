"""The Classify page: training and its evaluation, zero-shot labels, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from core.classify import details, service
from core.classify.predictions import ClassifierSource
from core.classify.results import LEARNING_CURVE, TRAINED, Settings, SplitPlan, TrainingQuery, lexical_contender
from core.classify.saved_columns import save_predictions, save_zero_shot
from core.classify.zero_shot_rows import ZeroShotQuery, parse_labels, zero_shot_result
from core.corpus.added_columns import current_ref
from core.corpus.build import build_corpus
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.errors import InputError
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import Roles, unit_rows
from core.vectors.embedding import embed
from tests.pages.classify_steps import SETTINGS, fine, make, open_page, trained
from tests.pages.conftest import SUBJECTS


def test_without_a_corpus_it_leads_to_the_data_page(home, app):
    at = open_page(app)
    assert "No data yet" in fine(at)
    assert any("Data page" in link.proto.label for link in at.get("page_link"))


def test_without_vectors_or_labels_it_says_what_to_do(home, app):
    table = pd.DataFrame({"text": [f"text number {i}" for i in range(20)]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Twenty").corpus
    Workspace(home).save_corpus(built)
    at = open_page(app)
    assert "has not been embedded yet" in fine(at)
    embed(built, load_embedder("lexical"), Workspace(home))
    at = at.run()
    assert "No label columns" in fine(at)
    assert any("Select columns" in link.proto.label for link in at.get("page_link"))


def test_contenders_are_compared_and_every_detail_is_drawn(home, app):
    make(home)
    at = open_page(app)
    text = fine(at)
    assert "Best: **lexical baseline**" in text
    assert "significantly better" in text
    assert "seed 0" in text
    assert "90 of 90" in text
    assert any("not significantly better than chance" in str(warning.value) for warning in at.warning)
    table = at.dataframe[0].value
    assert table["name"].tolist() == ["lexical baseline", "my *own*", "Most frequent class"]
    assert table["verdict"].tolist() == ["best", "significantly lower", "baseline"]
    assert at.dataframe[1].value["class"].tolist() == sorted(SUBJECTS)
    expected = {
        "Confusion matrix": "Click a number", "Calibration": "overconfident", "ROC and precision-recall": "of the clas",
        "Confident errors": "", "Learning curves": "Fewest labels",
    }  # fmt: skip
    for part, sentence in expected.items():
        at.segmented_control(key="classify_part").set_value(part).run()
        assert sentence in fine(at)


def test_a_cell_of_the_confusion_matrix_lists_and_selects_its_rows(home, app):
    corpus = make(home)
    at = open_page(app)
    at.segmented_control(key="classify_part").set_value("Confusion matrix").run()
    at.selectbox(key="classify_cell").set_value(("lamp", "lamp")).run()
    rows = details.cell_rows(trained(corpus), "lamp", "lamp")
    assert len(rows) == 3
    assert set(at.dataframe[1].value.index) == set(rows)
    at.button(key="classify_cell_select").click().run()
    assert "3 rows selected" in fine(at)
    saved = saved_selections(Workspace(home), corpus.digest)
    assert selection_rows(Workspace(home), corpus.digest, saved[0].key).tolist() == sorted(rows)


def test_numbers_and_several_labels_are_learned_too(home, app):
    make(home)
    at = open_page(app, classify_column="price")
    assert "Lowest error: **lexical baseline**" in fine(at)
    assert "Median" in at.dataframe[0].value["name"].tolist()
    at = at.selectbox(key="classify_column").set_value("tags").run()
    assert "8 labels" in fine(at)
    assert at.dataframe[1].value["class"].isin([*SUBJECTS, "late", "fine"]).all()


def test_labels_that_differ_by_case_are_offered_to_merge(home, app):
    make(home, {"subject": [name if i // 6 % 2 else name.upper() for i, name in enumerate(list(SUBJECTS) * 15)]})
    at = open_page(app)
    assert "Differ only by case or spaces" in fine(at)
    assert "No contender is significantly better than chance" in fine(at)  # the labels do not follow the texts
    assert "(12 classes)" in fine(at)
    at.toggle(key="classify_merged subject").set_value(True).run()
    assert "(6 classes)" in fine(at)


@pytest.mark.parametrize(("columns", "rows", "words"), [({"subject": "same"}, None, "class"), (None, 3, "at least 4")])
def test_labels_that_cannot_be_learned_are_explained(home, app, columns, rows, words):
    make(home, columns, rows)
    at = open_page(app, classify_column="subject")
    assert not at.exception
    assert words in " ".join(str(error.value) for error in at.error)


def test_long_training_is_offered_as_a_job(home, app, monkeypatch):
    make(home)
    monkeypatch.setattr("core.jobs.results.INLINE_SECONDS", -1.0)
    at = open_page(app)
    assert "has not been trained on subject yet" in fine(at)
    assert any(button.label == "Train" for button in at.button)


def test_splits_by_column_and_balance_have_results_of_their_own(home):
    sides = ["train"] * 60 + ["test"] * 30
    corpus = make(home, {"side": sides})
    assert service.split_choices(corpus).column == "side"
    query = trained(corpus, Settings("subject", "classes", "logistic", SplitPlan("column", "side"), balanced=True))
    assert service.report_of(query).rows.min() >= 60
    assert TRAINED.key(query) != TRAINED.key(TrainingQuery(corpus, query.contender, SETTINGS))
    assert TRAINED.query_from_dict(corpus, TRAINED.query_to_dict(query)) == query


def test_a_stored_learning_curve_is_read_back(home):
    query = TrainingQuery(make(home), lexical_contender(), SETTINGS)
    curve = LEARNING_CURVE.get_or_compute(query).curve
    assert np.all(curve.score.low <= curve.score.value + 1e-9)
    assert curve.score.value[-1] > curve.score.value[0]
    assert curve.labels_needed(0.5).value < curve.sizes[-1]


def test_zero_shot_labels_are_counted_and_evaluated(home, app):
    make(home)
    at = open_page(app, "Zero-shot")
    assert "Type at least two labels" in fine(at)
    at.text_area(key="zero_shot_labels").set_value("Lamp: my lamp, this lamp\nTeapot: my teapot, this teapot")
    at.button(key="FormSubmitter:zero_shot_form-Classify").click().run()
    assert "90 rows** by label" in fine(at)
    at.selectbox(key="zero_shot_column").set_value("subject").run()
    assert "60 rows have a label that was not typed" in fine(at)
    at.toggle(key="zero_shot_none").set_value(True).run()
    assert '"none of these" is right for them' in fine(at)
    assert {metric.label for metric in at.metric} == {"Accuracy", "Macro F1", "Kappa"}
    at.button(key="zero_shot_use_best").click().run()
    assert f"{at.number_input(key='zero_shot_threshold').value:.3f}" in at.button(key="zero_shot_use_best").label


@pytest.mark.parametrize("text", ["", "one label", "a\nA: other", ": no name\nb"])
def test_unusable_zero_shot_labels_are_refused(text):
    with pytest.raises(InputError):
        parse_labels(text)


def test_descriptions_are_split_from_labels_at_the_first_colon():
    assert parse_labels(" late : arrives: too late \n\nfine") == (("late", "arrives: too late"), ("fine", "fine"))


def test_examples_of_a_label_are_averaged_as_documents(home):
    corpus = make(home)
    model, examples = lexical_contender().model, ["My lamp, this lamp", "a lamp, a lamp"]
    labels = (("Lamp", " | ".join(examples)), ("Teapot", "my teapot"))
    result = zero_shot_result(ZeroShotQuery(corpus, model, labels, 0.05), None)
    rows = load_embedder("lexical").embed(examples)
    np.testing.assert_allclose(result.prototypes[0], unit_rows(rows.mean(axis=0, keepdims=True))[0], atol=1e-5)


def test_predicted_labels_come_last_and_are_named_as_such(home, app):
    corpus = make(home)
    query = trained(corpus)
    save_predictions(ClassifierSource(corpus, query.contender.model, query), "guess")
    choices = service.label_choices(current_ref(str(home), corpus.digest))
    assert choices[-1].column == "guess"
    at = open_page(app, classify_column="guess")
    fine(at)
    assert any("predictions" in str(warning.value) for warning in at.warning)


def test_zero_shot_labels_are_saved_without_none_of_these(home):
    corpus = make(home)
    model = lexical_contender().model
    query = ZeroShotQuery(corpus, model, (("Lamp", "my lamp"), ("Teapot", "my teapot")), 0.05, 0.3)
    saved = save_zero_shot(query, None, "kind")
    column = load_corpus(current_ref(str(home), corpus.digest)).table["kind"]
    assert saved.filled == column.notna().sum() < 90
    assert set(column.dropna()) <= {"Lamp", "Teapot"}


def test_several_label_columns_are_trained_in_one_run(home, app):
    make(home)
    at = open_page(app, classify_column="subject")
    at.multiselect(key="classify_more").set_value(["tags", "price"]).run()
    fine(at)
    table = at.dataframe[0].value
    assert table["column"].tolist() == ["subject", "tags", "price"]
    assert table["figure"].nunique() == 2
    assert table["lexical baseline"].str.contains(" to ").all()
    at.selectbox(key="classify_shown").set_value("price").run()
    assert "Lowest error" in fine(at)


def test_of_several_columns_one_that_cannot_be_learned_is_named(home, app):
    make(home, {"rare": ["one", "two", "one"] + [None] * 87})
    at = open_page(app, classify_column="subject")
    at.multiselect(key="classify_more").set_value(["rare"]).run()
    fine(at)
    assert any("at least 4" in str(warning.value) for warning in at.warning)
    assert at.dataframe[0].value["column"].tolist() == ["subject"]
