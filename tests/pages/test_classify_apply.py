"""The Apply view of Classify: texts, rows and files are classified, and predictions saved as a column."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from core.classify import predictions
from core.classify.file_predictions import FILE_PREDICTIONS, FileQuery, file_predictions_csv, file_summary, plan_file
from core.classify.predictions import ALL, ClassifierSource
from core.classify.results import Settings, lexical_contender
from core.classify.saved_columns import save_predictions
from core.corpus.added_columns import added_columns, current_ref
from core.corpus.label_sets import label_sets
from core.corpus.loaders import load_corpus
from core.corpus.staging import ImportSource, stage
from core.errors import InputError
from core.vectors.contenders import Contender
from tests.pages.classify_steps import IMPORTED, fine, make, open_page, trained
from tests.pages.conftest import SUBJECTS


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
