"""The Classify page: training and its evaluation, zero-shot labels, applying a classifier, and what it refuses."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from core.classify import details, predictions, service
from core.classify.file_predictions import FILE_PREDICTIONS, FileQuery, file_predictions_csv, file_summary, plan_file
from core.classify.predictions import ALL, ClassifierSource
from core.classify.results import LEARNING_CURVE, TRAINED, Settings, SplitPlan, TrainingQuery, lexical_contender
from core.classify.saved_columns import save_predictions, save_zero_shot
from core.classify.zero_shot_rows import ZeroShotQuery, parse_labels, zero_shot_result
from core.corpus.added_columns import added_columns, current_ref
from core.corpus.build import build_corpus
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections, selection_rows
from core.corpus.staging import ImportSource, stage
from core.errors import InputError
from core.models.registry import load_embedder
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors, unit_rows
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from tests.pages.conftest import MOODS, SUBJECTS
from tests.pages.test_embed_page import visible_text

PAGE = "pages/apply/classify.py"
IMPORTED = ModelSpec("imported", "my *own*", dimensions=12)
SETTINGS = Settings("subject", "classes", "logistic")


def open_page(app, view="Train and evaluate", **link):
    for key, value in ({"classify_view": view} | link).items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def fine(at) -> str:
    assert not at.exception, at.exception
    assert not at.error, [error.value for error in at.error]
    return visible_text(at).replace("\\", "")


def make(home, columns=None, rows=None):
    """Ninety short texts with their subject, numbers and tags, embedded with the lexical model and imported vectors."""
    marks = (".", "!", " again")
    texts = [f"My {subject}, this {subject}, {mood}{mark}" for mark in marks for subject in SUBJECTS for mood in MOODS]
    subjects = [subject for _ in marks for subject in SUBJECTS for _ in MOODS]
    table = pd.DataFrame({"text": texts, "subject": subjects})
    table["price"] = [10.0 * SUBJECTS.index(name) + row / 100 for row, name in enumerate(subjects)]
    table["tags"] = [
        f"{name}; {'late' if 'late' in text else 'fine'}" for name, text in zip(subjects, texts, strict=True)
    ]
    table = table.assign(**(columns or {}))[:rows]
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}", ("subject",)), name="A *shop*").corpus
    workspace = Workspace(home)
    info = workspace.save_corpus(built)
    embed(built, load_embedder("lexical"), workspace)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(len(built), 12))
    workspace.save_vectors(Vectors(unit_rows(noise.astype(np.float32)), IMPORTED, info.digest))
    return CorpusRef(str(home), info.digest)


def trained(corpus, settings=SETTINGS, contender=None):
    query = TrainingQuery(corpus, contender or lexical_contender(), settings)
    TRAINED.get_or_compute(query)
    return query


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


def test_a_text_and_rows_are_classified(home, app):
    corpus = make(home, {"subject": [*[s for s in SUBJECTS for _ in range(10)], *[None] * 30]})
    at = open_page(app, "Apply")
    assert "No classifier has been trained" in fine(at)
    trained(corpus)
    at.run()
    assert "**30 rows of 90** predicted" in fine(at)
    at.text_area(key="apply_text").set_value("My lamp, this lamp, broke")
    at.button(key="FormSubmitter:apply_form-Classify").click().run()
    assert "Most likely:" in fine(at)
    assert len(at.dataframe[0].value) == predictions.MAX_NEIGHBORS
    at.selectbox(key="apply_scope").set_value(ALL).run()
    assert "were used for training" in fine(at)


def test_a_saved_classifier_predicts_as_before_and_is_tied_to_its_model(home):
    corpus = make(home)
    query = trained(corpus)
    source = ClassifierSource(corpus, query.contender.model, query)
    file, damaged = (
        stage(corpus.folder, "saved.npz", content) for content in (predictions.classifier_file(source), b"x")
    )
    loaded = ClassifierSource(corpus, query.contender.model, None, file)
    first, second = (predictions.row_predictions(each, ALL) for each in (source, loaded))
    assert first.counts == second.counts
    assert first.table["text"].tolist() == second.table["text"].tolist()
    lines = predictions.row_predictions_file(source, ALL).decode("utf-8-sig").splitlines()
    assert len(lines) == 91
    assert lines[0].startswith("row,predicted,probability,side")
    for other in (
        ClassifierSource(corpus, IMPORTED, None, file),
        ClassifierSource(corpus, IMPORTED, None, damaged),
    ):
        with pytest.raises(InputError):
            predictions.source_classifier(other)


def test_a_row_with_several_labels_counts_in_each(home, app):
    corpus = make(home)
    query = trained(corpus, Settings("tags", "sets", "logistic"))
    result = predictions.row_predictions(ClassifierSource(corpus, query.contender.model, query), ALL)
    assert sum(rows for _, rows in result.counts) > result.rows
    late = predictions.row_predictions(ClassifierSource(corpus, query.contender.model, query), ALL, "late")
    assert late.total == dict(result.counts)["late"]
    assert all("late" in cell.split("; ") for cell in late.table["predicted"])
    at = open_page(app, "Apply")
    assert "counts in each of its labels" in fine(at)


def test_a_saved_file_is_loaded_and_a_damaged_one_refused(home, app):
    corpus = make(home)
    query = trained(corpus)
    content = predictions.classifier_file(ClassifierSource(corpus, query.contender.model, query))
    at = open_page(app, "Apply")
    at.segmented_control(key="apply_origin").set_value("Saved file").run()
    assert "Upload a saved classifier" in fine(at)
    at.file_uploader(key="apply_file").set_value(("subjects.npz", content, "application/octet-stream")).run()
    assert "for 6 classes, trained on" in fine(at)
    assert "**90 rows of 90** predicted" in fine(at)
    at.file_uploader(key="apply_file").set_value(("bad.npz", content[:200], "application/octet-stream")).run()
    assert not at.exception
    assert "damaged" in str(at.error[0].value)


def test_a_variant_is_trained_but_not_offered_to_apply(home):
    corpus = make(home)
    trained(corpus, contender=Contender(lexical_contender().model, 64))
    assert predictions.stored_classifiers(corpus) == ()


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


def test_predictions_are_saved_as_a_column_replaced_and_removed(home, app):
    corpus = make(home, {"subject": [*[s for s in SUBJECTS for _ in range(10)], *[None] * 30]})
    trained(corpus)
    at = open_page(app, "Apply")
    name = at.text_input(key="save_predictions_name subject (predicted)")
    assert name.value == "subject (predicted)"
    at.button(key="FormSubmitter:save_predictions_form-Save as column").click().run()
    fine(at)
    assert "90 rows of 90 with a value" in at.success[0].value
    links = [link.proto for link in at.get("page_link")]
    assert any("color=subject" in link.query_string for link in links)
    column = load_corpus(current_ref(str(home), corpus.digest)).table["subject (predicted)"]
    assert set(column) == set(SUBJECTS)
    at.selectbox(key="apply_save_scope").set_value(predictions.UNLABELED).run()
    at.button(key="FormSubmitter:save_predictions_form-Save as column").click().run()
    assert "30 rows of 90 with a value" in at.success[0].value
    at.button(key="remove_predictions").click().run()
    assert not at.success
    assert added_columns(str(home), corpus.digest) == ()


def test_saved_cells_follow_the_task_and_the_threshold(home):
    corpus = make(home)
    query = trained(corpus, contender=Contender(IMPORTED))
    source = ClassifierSource(corpus, IMPORTED, query)
    probability = predictions.predict_rows(source, ALL)[2]
    threshold = float(np.median(probability))
    saved = save_predictions(source, "sure", ALL, threshold)
    assert saved.filled == (probability >= threshold).sum() < 90
    for settings, dtype in ((Settings("tags", "sets", "logistic"), str), (Settings("price", "number", "ridge"), float)):
        query = trained(corpus, settings)
        save_predictions(ClassifierSource(corpus, query.contender.model, query), settings.column + " 2")
        table = load_corpus(current_ref(str(home), corpus.digest)).table
        assert isinstance(table[settings.column + " 2"].iloc[0], dtype)
    assert label_sets(table["tags 2"]).names
    assert set(label_sets(table["tags 2"]).names) <= {*SUBJECTS, "late", "fine"}
    with pytest.raises(InputError):
        save_predictions(source, "subject")
    with pytest.raises(InputError):
        save_predictions(source, "nothing", ALL, 1.0)


def test_zero_shot_labels_are_saved_without_none_of_these(home):
    corpus = make(home)
    model = lexical_contender().model
    query = ZeroShotQuery(corpus, model, (("Lamp", "my lamp"), ("Teapot", "my teapot")), 0.05, 0.3)
    saved = save_zero_shot(query, None, "kind")
    column = load_corpus(current_ref(str(home), corpus.digest)).table["kind"]
    assert saved.filled == column.notna().sum() < 90
    assert set(column.dropna()) <= {"Lamp", "Teapot"}


def file_query(corpus, table, query, text="{review}"):
    file = stage(corpus.folder, "more.csv", table.to_csv(index=False).encode())
    return FileQuery(corpus, query.contender.model, ImportSource((file,)), text, query.settings)


def test_another_file_is_classified_counted_and_downloaded(home, app):
    corpus = make(home)
    query = trained(corpus)
    texts = ["My lamp, this lamp, broke", "", "a teapot, my teapot", "My lamp, this lamp, broke"]
    table = pd.DataFrame({"review": texts, "predicted": [1, 2, 3, 4]})
    at = open_page(app, "Apply")
    at.file_uploader(key="apply_upload").set_value(("more.csv", table.to_csv(index=False).encode(), "text/csv")).run()
    assert "2 different texts" in fine(at)
    assert "**3 rows of 4** predicted" in fine(at)
    shown = at.dataframe[-1].value
    assert shown["predicted"].tolist() == ["lamp", "teapot", "lamp"]
    assert shown["Row"].tolist() == [1, 3, 4]
    classified = file_query(corpus, table, query)
    assert FILE_PREDICTIONS.get(classified).empty == 1
    lines = pd.read_csv(BytesIO(file_predictions_csv(classified)))
    assert lines.columns.tolist()[1] == "probability"
    assert lines.iloc[:, 0].isna().tolist() == [False, True, False, False]
    assert plan_file(classified).missing == 0


def test_a_file_without_texts_and_sets_of_labels(home):
    corpus = make(home)
    query = trained(corpus, Settings("tags", "sets", "logistic"))
    table = pd.DataFrame({"review": ["My lamp, this lamp, arrived late", "xyz"], "none": ["", ""]})
    classified = file_query(corpus, table, query)
    FILE_PREDICTIONS.get_or_compute(classified)
    summary = file_summary(classified)
    assert summary.predicted == 2
    assert "lamp" in summary.table["predicted"].iloc[0].split("; ")
    assert sum(rows for _, rows in summary.counts) >= 2
    label = summary.counts[0][0]
    assert file_summary(classified, label).total == dict(summary.counts)[label]
    with pytest.raises(InputError):
        plan_file(file_query(corpus, table, query, "{none}"))


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
