"""The Prevalence view of Classify, and the same shares in Trends."""

import numpy as np
import pandas as pd
import pytest

from core.classify.corpus_shares import SharesQuery, corrected_shares
from core.classify.predictions import ClassifierSource, classifier_file
from core.classify.results import Settings, SplitPlan
from core.classify.saved_columns import save_predictions
from core.corpus.annotations import Annotation, append
from core.corpus.codebook import Codebook, LabelDefinition, create_column
from core.corpus.filters import Filter
from core.errors import InputError
from core.trends.prevalence import corrected_over_time
from tests.pages.classify_steps import fine, make, open_page, trained
from tests.pages.conftest import SUBJECTS

LABELS = [*[s for s in SUBJECTS for _ in range(10)], *[None] * 30]


def dated(home, **columns):
    return make(
        home,
        {
            "subject": LABELS,
            "day": list(pd.date_range("2026-01-01", periods=90).astype(str)),
            "row": range(90),
            **columns,
        },
    )


def test_shares_are_corrected_in_the_corpus_in_a_filter_and_per_period(home, app):
    corpus = dated(home)
    at = open_page(app, "Prevalence")
    assert "No classifier has been trained" in fine(at)
    query = trained(corpus)
    at.run()
    text = fine(at)
    assert "Audit sample: 12 rows" in text
    assert "90 rows**, 12 audited" in text
    assert any("random sample of the corpus" in info.value for info in at.info)
    table = at.dataframe[0].value
    assert sorted(table["class"]) == sorted(SUBJECTS)
    assert table["naive"].sum() == pytest.approx(1, abs=0.01)
    assert "Prediction-powered" in text
    assert any(chart.proto.id.endswith("prevalence_period_0") for chart in at.get("plotly_chart"))
    at.multiselect(key="filter_columns").set_value(["subject"]).run()
    at.multiselect(key="filter-subject").set_value(["lamp"]).run()
    fine(at)
    assert any("audited" in str(warning.value) for warning in at.warning)
    assert corrected_shares(SharesQuery(ClassifierSource(corpus, query.contender.model, query))).audited == 12


def test_numbers_have_no_shares(home, app):
    corpus = make(home)
    trained(corpus, Settings("price", "number", "ridge"))
    at = open_page(app, "Prevalence")
    assert not at.exception
    assert "predicts numbers" in str(at.error[0].value)


def test_a_split_by_time_is_no_random_audit_sample(home, app):
    corpus = dated(home)
    trained(corpus, Settings("subject", "classes", "logistic", SplitPlan("time", "row", test=0.2)))
    at = open_page(app, "Prevalence")
    fine(at)
    assert any("not a random sample" in str(warning.value) for warning in at.warning)


def test_trends_correct_the_shares_of_a_column_of_predictions(home, app):
    corpus = dated(home)
    app.query_params["t_view"] = "prevalence"
    at = app.run().switch_page("pages/explore/trends.py").run()
    assert "No classifier has been trained" in fine(at)
    trained(corpus, Settings("subject", "classes", "knn"))
    query = trained(corpus)
    source = ClassifierSource(corpus, query.contender.model, query)
    save_predictions(source, "subject (predicted)")
    trained(corpus, Settings("subject", "classes", "svm"))
    at.run().selectbox(key="t_group").set_value("column:subject (predicted)").run()
    assert "Logistic regression" in at.selectbox(key="t_classifier").value
    assert "12 rows" in fine(at)
    found = corrected_over_time(SharesQuery(source), "day", "month", 3)
    assert found.shares.audited.sum() == 12
    assert found.shares.rows.tolist() == [31, 28, 31]
    whole = (found.shares.low <= found.shares.share) & (found.shares.share <= found.shares.high)
    assert (whole | np.isnan(found.shares.share)).all()
    assert len(found.table()) == 9


def test_no_rows_and_unaudited_rows_are_refused(home):
    corpus = dated(home)
    query = trained(corpus)
    source = ClassifierSource(corpus, query.contender.model, query)
    for filters in (
        (Filter("subject", "values", values=("none",)),),
        (Filter("day", "values", values=("2026-01-01",)),),
    ):
        with pytest.raises(InputError):
            corrected_shares(SharesQuery(source, filters))


def test_a_row_with_several_labels_counts_in_each_share(home):
    corpus = make(home)
    query = trained(corpus, Settings("tags", "sets", "logistic"))
    result = corrected_shares(SharesQuery(ClassifierSource(corpus, query.contender.model, query)))
    assert result.share.sum() == pytest.approx(2, abs=0.2)  # of the subjects, and of late and fine
    assert result.share["late"] == pytest.approx(0.2, abs=0.05)
    assert (result.low <= result.high).all()


def test_a_saved_classifier_is_corrected_by_a_labeled_column(home, app):
    corpus = make(home, {"checked": [None if i % 3 else SUBJECTS[i // 5 % 6] for i in range(90)]})
    query = trained(corpus)
    content = classifier_file(ClassifierSource(corpus, query.contender.model, query))
    at = open_page(app, "Prevalence")
    at.segmented_control(key="apply_origin").set_value("Saved file").run()
    at.file_uploader(key="apply_file").set_value(("subjects.npz", content, "application/octet-stream")).run()
    at.selectbox(key="prevalence_audit").set_value("checked").run()
    assert "30 audited" in fine(at)
    assert any("random sample" in str(warning.value) for warning in at.warning)


def test_the_audit_sample_of_a_labeled_column_is_the_test(home, app):
    corpus = make(home)
    subjects = [SUBJECTS[i // 5 % 6] for i in range(90)]
    create_column(corpus, Codebook("by hand", tuple(map(LabelDefinition, SUBJECTS))))
    events = [Annotation(row, subjects[row], "me", audit=row % 7 == 0) for row in range(0, 90)]
    append(corpus, "by hand", events)
    at = open_page(app, classify_column="by hand")
    assert "The audit sample is the test" in fine(at)
    assert "13 test rows" in fine(at)
    at = at.segmented_control(key="classify_view").set_value("Prevalence").run()
    assert "drawn at random from all rows" in fine(at)
    assert "13 audited" in fine(at)
    assert not any("random sample" in str(warning.value) for warning in at.warning)
