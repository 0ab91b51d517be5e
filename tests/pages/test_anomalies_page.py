"""The Anomalies page: outliers and near-duplicates; its empty states."""

import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.corpus.selections import saved_selections
from core.jobs.kinds import run_job
from core.jobs.results import Estimate, result_spec
from core.models.registry import load_embedder
from core.outliers.results import OUTLIER_SCORES, OutlierQuery
from core.outliers.service import outlier_marks, outlier_scores
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery, models_folder
from pages.shared.outliers import list as outliers_list
from tests.pages.conftest import build_shop
from tests.pages.test_embed_page import visible_text

PAGE = "pages/explore/anomalies.py"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Without maps: the page reads vectors and neighbors alone."""
    return build_shop(tmp_path_factory.mktemp("shop"))


def open_page(app, **query):
    for key, value in query.items():
        app.query_params[key] = value
    return app.run().switch_page(PAGE).run()


def table_with(at, column):
    return next(frame.value for frame in at.dataframe if column in frame.value.columns)


def test_without_a_corpus_it_says_what_to_do(app):
    at = open_page(app)
    assert not at.exception
    assert "no data to analyze" in visible_text(at)


def test_a_corpus_without_vectors_says_what_to_do(home, app):
    table = pd.DataFrame({"text": ["one", "two", "three"]})
    Workspace(home).save_corpus(build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Three").corpus)
    at = open_page(app)
    assert not at.exception
    assert "has not been embedded yet" in visible_text(at)


def test_outliers_are_listed_with_what_the_score_means(corpus, app):
    at = open_page(app)
    assert not at.exception, at.exception
    assert not at.error
    text = visible_text(at)
    assert "Higher = more unusual" in text
    assert "Isolated points and small distant clusters" in text
    assert "20 of 60 rows listed" in text
    table = table_with(at, "Percentile")
    assert len(table) == 20
    assert table["Rank"].tolist() == list(range(1, 21))
    assert {"Row", "Score", "Mark", "Text", "subject"} <= set(table.columns)


@pytest.mark.parametrize("title", ["Local outlier factor", "Isolation forest", "Cluster separation"])
def test_every_score_can_be_chosen(corpus, app, title):
    at = open_page(app)
    at.selectbox(key="score").set_value(title).run()
    assert not at.exception, at.exception
    assert not at.error
    assert title in visible_text(at)


def test_rows_are_listed_by_percentile_and_score(corpus, app):
    at = open_page(app)
    at.segmented_control(key="cut").set_value("Percentile").run()
    at.number_input(key="from").set_value(95.0).run()
    assert not at.exception
    table = table_with(at, "Percentile")
    assert 0 < len(table) <= 4
    assert table["Percentile"].min() >= 95
    at.segmented_control(key="cut").set_value("Score").run()
    assert not at.exception
    at.number_input(key="min_score-combined-20").set_value(50.0).run()
    assert "None of the 60 rows reaches this cutoff" in visible_text(at)


def test_k_larger_than_the_graph_is_explained(corpus, app):
    at = open_page(app)
    at.number_input(key="k").set_value(90).run()
    assert not at.exception
    assert "k is limited to 59" in visible_text(at)


def test_choices_come_from_the_link(corpus, app):
    at = open_page(app, part="Near-duplicates", similarity="Exact")
    assert not at.exception, at.exception
    assert at.segmented_control(key="part").value == "Near-duplicates"
    assert "No two texts are exactly the same" in visible_text(at)


def test_marks_are_stored_shown_and_filter_the_list(corpus, app, home):
    info, _ = corpus
    at = open_page(app)
    first = int(table_with(at, "Percentile")["Row"].iloc[0])
    marks = outlier_marks(CorpusRef(str(home), info.digest))
    marks.set([first - 1], "exclude")
    at.run()
    assert table_with(at, "Percentile")["Mark"].iloc[0] == "Exclude"
    at.segmented_control(key="outlier_mark_filter").set_value("Exclude").run()
    assert table_with(at, "Percentile")["Row"].tolist() == [first]
    assert marks.load() == {first - 1: "exclude"}


def test_a_selected_row_is_explained_and_marked(corpus, app, monkeypatch, home):
    info, _ = corpus
    selected = []
    draw = outliers_list.show_outlier_table

    def draw_and_select(table, total):
        draw(table, total)
        selected.append(int(table.index[2]))
        return selected[-1:]

    monkeypatch.setattr(outliers_list, "show_outlier_table", draw_and_select)
    at = open_page(app)
    assert not at.exception, at.exception
    text = visible_text(at)
    assert f"Why row {selected[-1] + 1} is listed" in text
    assert "The nearest row has cosine" in text
    assert "of its 10 nearest rows have" in text
    at.button(key="outlier_mark_keep").click().run()
    assert outlier_marks(CorpusRef(str(home), info.digest)).load() == {selected[0]: "keep"}


def test_listed_rows_are_saved_as_a_selection(corpus, app, home):
    info, _ = corpus
    at = open_page(app)
    at.button(key="outliers_save").click().run()
    assert not at.exception
    saved = saved_selections(Workspace(home), info.digest)
    assert [(selection.name, selection.rows) for selection in saved] == [("Outliers by combined (default)", 20)]
    at.text_input(key="outliers_name").set_value("Others").run()
    at.button(key="outliers_save").click().run()
    assert at.error  # the same rows again


def test_a_cleaned_copy_is_created_and_opened_and_the_corpus_stays(corpus, app, home):
    info, _ = corpus
    outlier_marks(CorpusRef(str(home), info.digest)).set([3, 4], "exclude")
    at = open_page(app)
    at.button(key="outliers_version_yes").click().run()
    assert not at.exception, at.exception
    copy = next(corpus_info for corpus_info in Workspace(home).corpora() if corpus_info.digest != info.digest)
    assert (copy.name, copy.rows) == ("Little shop without 2 rows", 58)
    assert copy.origin["left_out"][0]["source_rows"] == [4, 5]
    assert Workspace(home).info(info.digest).rows == 60
    assert at.selectbox(key="corpus").value == copy.digest


def test_scores_are_compared(corpus, app):
    at = open_page(app)
    at.segmented_control(key="outlier_comparison").set_value("Agreement between scores").run()
    assert not at.exception, at.exception
    assert "Spearman" in visible_text(at)
    at.segmented_control(key="outlier_comparison").set_value("Agreement between models").run()
    assert "embedded with one model" in visible_text(at)
    at.segmented_control(key="outlier_comparison").set_value("What each score detects").run()
    assert "dense among themselves" in str(at.table[0].value["Detects"].tolist())


@pytest.mark.slow
def test_two_models_are_compared(corpus, app, home):
    info, _ = corpus
    whole = Workspace(home).load_corpus(info.digest)
    spec = embed(whole, load_embedder("static", models_folder=models_folder(str(home))), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), info.digest), spec))
    at = open_page(app)
    at.segmented_control(key="outlier_comparison").set_value("Agreement between models").run()
    assert not at.exception, at.exception
    assert "under all 2 models" in visible_text(at)


def test_near_duplicates_follow_the_slider(corpus, app):
    _, spec = corpus
    at = open_page(app, part="Near-duplicates")
    assert not at.exception, at.exception
    slider = at.slider(key=f"threshold-embedding-{spec.key}")
    counts = {}
    for value in (0.9, 1.0):
        slider.set_value(value).run()
        assert not at.exception
        counts[value] = int(at.metric[1].value)
    assert counts[0.9] >= counts[1.0]
    assert "neighbor graph" in visible_text(at)


def test_wording_groups_leaks_and_redundant_rows(corpus, app, home):
    at = open_page(app, part="Near-duplicates", similarity="Wording: characters")
    assert not at.exception, at.exception
    assert not at.error
    # "." and "!" are all that tells the texts of a pair apart
    assert [metric.value for metric in at.metric][:3] == ["30", "60", "30"]
    assert "MinHash" in visible_text(at)
    assert len(table_with(at, "Lowest cosine")) == 30
    assert table_with(at, "Keep")["Keep"].tolist() == [True, False]
    at.selectbox(key="split").set_value("stars").run()
    assert not at.exception, at.exception
    assert "no group has more than one value of stars" in str(at.success[0].value)  # both of a pair have the same
    at.button(key="duplicates_save").click().run()
    info = next(corpus_info for corpus_info in Workspace(home).corpora())
    assert [selection.rows for selection in saved_selections(Workspace(home), info.digest)] == [30]


def test_three_identical_rows(home, app):
    table = pd.DataFrame({"text": ["same text"] * 3})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="Same").corpus
    spec = embed(built, load_embedder("lexical"), Workspace(home)).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(home), built.digest), spec))
    at = open_page(app)
    assert not at.exception, at.exception
    assert "All rows have the same score" in visible_text(at)
    at.segmented_control(key="part").set_value("Near-duplicates").run()
    assert not at.exception, at.exception
    assert [metric.value for metric in at.metric][:3] == ["1", "3", "2"]
    assert "No column has 2 to 50 unique values" in visible_text(at)


def test_many_rows_are_scored_by_a_job_and_stored(corpus, app, home, monkeypatch):
    info, model = corpus
    monkeypatch.setattr(Estimate, "inline", False)
    at = open_page(app)
    assert not at.exception
    assert "have not been computed yet" in visible_text(at)
    assert not any("Percentile" in frame.value.columns for frame in at.dataframe)
    assert any(button.label == "Compute scores" for button in at.button)
    stages = []

    class Context:
        def call(self, stage, function, *arguments, progress=False, unit="", on="job"):
            function(*arguments, progress=lambda done, total: None)
            stages.append(stage)

    outlier_scores.cache_clear()
    query = OutlierQuery(CorpusRef(str(home), info.digest), model)
    assert [step.result.name for step in OUTLIER_SCORES.missing(query)][-1] == "outlier_scores"
    run_job(result_spec(OUTLIER_SCORES, query, "Scores"), None, Context())
    assert stages[-1] == "Scoring the rows"
    at = at.run()
    assert len(table_with(at, "Percentile")) == 20
    computed = outlier_scores(CorpusRef(str(home), info.digest), model, 20)
    outlier_scores.cache_clear()
    for name, score in outlier_scores(CorpusRef(str(home), info.digest), model, 20).items():
        assert (score == computed[name]).all()
